//! Files of the system and of its users.

use crate::action::Place::{Host, Stage};
use crate::action::{Action, action};

pub(crate) fn actions() -> Vec<Action> {
    [secrets(), links_and_names(), system(), settings(), home(), logs()].concat()
}

fn secrets() -> Vec<Action> {
    vec![
        action("passwords-read", Host, "cat /etc/shadow").raises(
            "Read sensitive file untrusted",
            &[
                ("fd.name", "/etc/shadow"),
                ("evt.type", "openat"),
                ("proc.name", "cat"),
                ("proc.exepath", "/usr/bin/cat"),
                ("proc.cmdline", "cat /etc/shadow"),
                ("proc.aname[2]", "*"),
                ("user.name", "root"),
                ("user.uid", "0"),
                ("proc.tty", "0"),
            ],
        ),
        action("passwords-refused", Host, "act as 65534 cat /etc/shadow || true"),
        action("passwords-looked-at", Host, "stat /etc/shadow"),
        action("climbing-path", Host, "cat $T/../../etc/passwd").raises(
            "Directory traversal monitored file read",
            &[("fd.name", "/etc/passwd"), ("fd.nameraw", "$T/../../etc/passwd"), ("proc.name", "cat")],
        ),
        action("straight-path", Host, "cat /etc/passwd"),
        action("key-search", Host, "grep -r 'BEGIN RSA PRIVATE KEY' $T/stage || true")
            .raises("Search Private Keys or Passwords", &[("proc.name", "grep"), ("proc.cwd", "$T/")]),
        action("key-found", Host, "find $T/stage -name id_rsa").raises(
            "Search Private Keys or Passwords",
            &[("proc.exepath", "/usr/bin/find"), ("proc.cmdline", "find $T/stage -name id_rsa")],
        ),
        action("aws-keys", Host, "grep aws_secret_access_key /etc/hostname || true")
            .raises("Find AWS Credentials", &[("proc.cmdline", "grep aws_secret_access_key /etc/hostname")]),
        action("environment-read", Host, "cat /proc/$$/environ")
            .raises("Read environment variable from /proc files", &[("fd.name", "/proc/*"), ("proc.name", "cat")]),
        action("machine-memory", Host, "mkdir $T/dev; : > $T/dev/mem; cat $T/dev/mem")
            .raises("Kernel Memory Read", &[("fd.name", "$T/dev/mem"), ("proc.name", "cat")]),
    ]
}

fn links_and_names() -> Vec<Action> {
    vec![
        action("link-to-passwords", Host, "ln -s /etc/shadow $T/harmless").raises(
            "Create Symlink Over Sensitive Files",
            &[("evt.arg.target", "/etc/shadow"), ("evt.arg.linkpath", "$T/harmless"), ("proc.name", "ln")],
        ),
        action("link-to-hosts", Host, "ln -s /etc/hosts $T/hosts"),
        action("second-name", Host, "mkdir $T/etc && : > $T/etc/shadow && ln $T/etc/shadow $T/twice").raises(
            "Create Hardlink Over Sensitive Files",
            &[("evt.arg.oldpath", "$T/etc/shadow"), ("evt.arg.newpath", "$T/twice")],
        ),
        // By names relative to a folder, as an unpacking program gives them.
        action("second-name-relative", Host, "mkdir -p r/etc && : > r/etc/gshadow && cd r && ln etc/gshadow twice")
            .raises(
                "Create Hardlink Over Sensitive Files",
                &[("evt.arg.oldpath", "$T/r/etc/gshadow"), ("evt.arg.newpath", "$T/r/twice")],
            ),
        action("ransom", Host, "echo x > $T/report && mv $T/report $T/report.locked").raises(
            "File Renamed as Ransomware Does",
            &[("evt.arg.oldpath", "$T/report"), ("evt.arg.newpath", "$T/report.locked"), ("proc.name", "mv")],
        ),
        action("backup-name", Host, "echo x > $T/letter && mv $T/letter $T/letter.old"),
        action("wiped", Host, "echo x > $T/doomed && shred -u $T/doomed").raises(
            "Remove Bulk Data from Disk",
            &[("proc.name", "shred"), ("proc.cmdline", "shred -u $T/doomed"), ("proc.cwd", "$T/")],
        ),
        action("owner-rights", Host, "cp /usr/bin/true $T/owned && chmod u+s $T/owned").raises(
            "Set Setuid or Setgid bit",
            &[("fs.path.name", "$T/owned"), ("evt.arg.mode", "*S_ISUID*"), ("proc.name", "chmod")],
        ),
        action("executable", Host, "cp /etc/hostname $T/script && chmod u+x $T/script"),
        action("hidden-folder", Host, "mkdir $T/.cave")
            .raises("Create Hidden Files or Directories", &[("evt.arg.path", "$T/.cave"), ("proc.name", "mkdir")]),
        action("hidden-file", Host, "touch $T/.trace")
            .raises("Create Hidden Files or Directories", &[("fd.name", "$T/.trace"), ("proc.name", "touch")]),
    ]
}

fn system() -> Vec<Action> {
    vec![
        action("program-written", Stage, "cp /usr/bin/true /usr/bin/lannertest")
            .raises("Write below binary dir", &[("fd.name", "/usr/bin/lannertest"), ("proc.name", "cp")]),
        action("program-renamed", Stage, "mv /usr/bin/true /usr/bin/false2").raises(
            "Modify binary dirs",
            &[("evt.arg.oldpath", "/usr/bin/true"), ("evt.arg.newpath", "/usr/bin/false2")],
        ),
        action("program-deleted", Stage, "rm /usr/bin/true")
            .raises("Modify binary dirs", &[("evt.arg.name", "/usr/bin/true"), ("proc.name", "rm")]),
        action("folder-among-programs", Stage, "mkdir /usr/bin/nest")
            .raises("Mkdir binary dirs", &[("evt.arg.path", "/usr/bin/nest")]),
        action("library-written", Stage, "touch /usr/lib/liblannertest.so")
            .raises("Write below monitored dir", &[("fd.name", "/usr/lib/liblannertest.so")]),
        action("package-list", Stage, "touch /var/lib/dpkg/status")
            .raises("Write below rpm database", &[("fd.name", "/var/lib/dpkg/status")]),
        // Nothing but its own folder can be laid over a file system of devices.
        action("file-among-devices", Host, "touch /dev/lannertest$PORT; rm /dev/lannertest$PORT")
            .raises("Create files below dev", &[("fd.name", "/dev/lannertest$PORT"), ("proc.name", "touch")]),
    ]
}

fn settings() -> Vec<Action> {
    const ETC: &str = "Write below etc";
    vec![
        action("setting", Stage, "touch /etc/lannertest.conf").raises(ETC, &[("fd.name", "/etc/lannertest.conf")]),
        action("package-source", Stage, "mkdir -p /etc/apt/sources.list.d; touch /etc/apt/sources.list.d/x.list")
            .raises(ETC, &[])
            .raises("Update Package Repository", &[("fd.name", "/etc/apt/sources.list.d/x.list")]),
        action("timetable", Stage, "mkdir -p /etc/cron.d; touch /etc/cron.d/job")
            .raises(ETC, &[])
            .raises("Schedule Cron Jobs", &[("fd.name", "/etc/cron.d/job"), ("proc.name", "touch")]),
        // Written aside and moved in place: the name that counts is the second one.
        action("timetable-moved", Stage, "mkdir -p /etc/cron.d; touch /etc/job; mv /etc/job /etc/cron.d/job")
            .raises("Schedule Cron Jobs", &[("evt.arg.newpath", "/etc/cron.d/job"), ("proc.name", "mv")])
            .raises(ETC, &[("fd.name", "/etc/job"), ("proc.name", "touch")]),
        action("timetable-program", Host, "crontab $T/job")
            .raises("Schedule Cron Jobs", &[("proc.cmdline", "crontab $T/job"), ("evt.type", "execve")]),
        action("timetable-listed", Host, "crontab -l"),
        action("preload-list", Stage, "touch /etc/ld.so.preload")
            .raises(ETC, &[])
            .raises("Preload List of the Loader Changed", &[("fd.name", "/etc/ld.so.preload")]),
        action("unit", Stage, "mkdir -p /etc/systemd/system; touch /etc/systemd/system/x.service")
            .raises(ETC, &[])
            .raises("Systemd Unit Written", &[("fd.name", "/etc/systemd/system/x.service")]),
        action("sudo-rules", Stage, "mkdir -p /etc/sudoers.d; touch /etc/sudoers.d/x")
            .raises(ETC, &[])
            .raises("Sudo Rules Changed", &[("fd.name", "/etc/sudoers.d/x")]),
        action("login-module", Stage, "mkdir -p /etc/pam.d; touch /etc/pam.d/x")
            .raises(ETC, &[])
            .raises("Login Modules Changed", &[("fd.name", "/etc/pam.d/x")]),
        action("accounts", Stage, "touch /etc/passwd")
            .raises(ETC, &[])
            .raises("Account File Written Directly", &[("fd.name", "/etc/passwd"), ("proc.name", "touch")]),
        action("ssh-server", Stage, "mkdir -p /etc/ssh; touch /etc/ssh/sshd_config")
            .raises(ETC, &[])
            .raises("SSH Server Settings Changed", &[("fd.name", "/etc/ssh/sshd_config")]),
        action("boot-script", Stage, "mkdir -p /etc/init.d; touch /etc/init.d/x")
            .raises(ETC, &[])
            .raises("Boot or Login Script Changed", &[("fd.name", "/etc/init.d/x")]),
        action("agent-settings", Stage, "mkdir -p /etc/falco; touch /etc/falco/falco.yaml")
            .raises(ETC, &[])
            .raises("Agent Files Changed", &[("fd.name", "/etc/falco/falco.yaml")]),
        action("shell-start-read", Host, "cat /etc/profile")
            .raises("Read Shell Configuration File", &[("fd.name", "/etc/profile")]),
    ]
}

fn home() -> Vec<Action> {
    const ROOT: &str = "Write below root";
    vec![
        action("root-home", Stage, "touch /root/x").raises(ROOT, &[("fd.name", "/root/x")]),
        action("shell-start", Stage, "touch /root/.bashrc")
            .raises(ROOT, &[])
            .raises("Modify Shell Configuration File", &[("fd.name", "/root/.bashrc")]),
        action("login-keys", Stage, "mkdir /root/.ssh; touch /root/.ssh/authorized_keys")
            .raises(ROOT, &[])
            .raises("Adding ssh keys to authorized_keys", &[("fd.name", "/root/.ssh/authorized_keys")]),
        action("private-key", Stage, "mkdir /root/.ssh; touch /root/.ssh/id_rsa; cat /root/.ssh/id_rsa")
            .raises(ROOT, &[])
            .raises("Read ssh information", &[("fd.name", "/root/.ssh/id_rsa"), ("proc.name", "cat")]),
        action("cloud-keys", Stage, "mkdir /root/.aws; touch /root/.aws/credentials; cat /root/.aws/credentials")
            .raises(ROOT, &[])
            .raises("Cloud Credential File Read", &[("fd.name", "/root/.aws/credentials"), ("proc.name", "cat")]),
        action("history-deleted", Stage, "touch /root/.bash_history; rm /root/.bash_history")
            .raises("Delete or rename shell history", &[("evt.arg.name", "/root/.bash_history"), ("proc.name", "rm")]),
        action("history-emptied", Stage, "touch /root/.bash_history; : > /root/.bash_history")
            .raises("Delete or rename shell history", &[("fd.name", "/root/.bash_history"), ("proc.name", "sh")]),
    ]
}

fn logs() -> Vec<Action> {
    vec![
        action("log-emptied", Stage, "touch /var/log/syslog; : > /var/log/syslog")
            .raises("Clear Log Activities", &[("fd.name", "/var/log/syslog"), ("proc.name", "sh")]),
        action("log-continued", Stage, "touch /var/log/syslog; echo x >> /var/log/syslog"),
        action("log-deleted", Stage, "touch /var/log/auth.log; rm /var/log/auth.log")
            .raises("Log File Deleted", &[("evt.arg.name", "/var/log/auth.log"), ("proc.name", "rm")]),
        action("old-log-deleted", Stage, "touch /var/log/auth.log.2.gz; rm /var/log/auth.log.2.gz"),
    ]
}
