//! Other ways to what rules are about: older and newer calls, threads, names.

use crate::action::Place::{Container, Host};
use crate::action::{Action, action};

const READ: &str = "Read sensitive file untrusted";
const SHADOW: (&str, &str) = ("fd.name", "/etc/shadow");

pub(crate) fn actions() -> Vec<Action> {
    vec![
        action("openat2", Host, "act open-by openat2 /etc/shadow").raises(READ, &[SHADOW, ("evt.type", "openat2")]),
        action("by-folder", Host, "act open-in /etc shadow").raises(READ, &[SHADOW, ("evt.type", "openat")]),
        action("by-working-folder", Host, "cd /etc && cat shadow")
            .raises(READ, &[SHADOW, ("proc.cmdline", "cat shadow")]),
        action("creat", Host, "act open-by creat $T/uprobe_events")
            .raises("Kernel Tracing Set Up", &[("fd.name", "$T/uprobe_events"), ("evt.type", "creat")]),
        action("second-thread", Host, "act in-thread /etc/shadow")
            .raises(READ, &[SHADOW, ("proc.name", "act"), ("proc.cmdline", "act in-thread /etc/shadow")]),
        action("run-by-second-thread", Host, "act run-by-thread cat /etc/shadow")
            .raises(READ, &[SHADOW, ("proc.name", "cat"), ("proc.exepath", "/usr/bin/cat"), ("proc.pname", "sh")]),
        // What a program calls itself is no disguise.
        action("other-name", Host, "act renamed cron /etc/shadow")
            .raises(READ, &[SHADOW, ("proc.name", "act"), ("proc.exepath", "$T/act")]),
        action("in-background", Host, "(cat /etc/shadow &) | cat > /dev/null")
            .raises(READ, &[SHADOW, ("proc.name", "cat")]),
        action("rights-by-descriptor", Host, "cp /usr/bin/true $T/by-fd && act mode-by-descriptor $T/by-fd")
            .raises("Set Setuid or Setgid bit", &[("evt.arg.mode", "*S_ISUID*"), ("evt.type", "fchmod")]),
        action("stream-by-dup", Container, "act stream-by-dup 127.0.0.1 $PORT").raises(
            "Redirect STDOUT/STDIN to Network Connection in Container",
            &[("fd.name", "*->127.0.0.1:$PORT"), ("evt.type", "dup"), ("evt.rawres", "0")],
        ),
        action("connection-later", Container, "act net 10.9.8.7 -- act tcp-later 10.9.8.7 6443").raises(
            "Contact K8S API Server From Container",
            &[("fd.name", "*->10.9.8.7:6443"), ("evt.type", "connect")],
        ),
        action("datagram", Host, "act net 192.0.2.7 -- act datagram 192.0.2.7 4000")
            .raises("Unexpected UDP Traffic", &[("fd.name", "*192.0.2.7:4000"), ("evt.type", "sendto")]),
    ]
}
