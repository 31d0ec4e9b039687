//! What ran before the program did is known as well as what was started under its eyes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use lanner_tests::live::{Agent, MARK, can_watch, default_rules};
use lanner_tests::plugins::c_program;

use crate::BINARY;

#[test]
fn descriptors_and_names_from_before_the_start_are_known() {
    if !can_watch() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    // An interpreter by its name: one whose standard input becomes a connection is told of, in containers and outside.
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("node");
    std::fs::copy(c_program("act"), &node).unwrap();
    // Below a shell that goes on too, so that the parent is one of before as well.
    let script = "\"$0\" prepared 127.0.0.1 \"$1\" /etc shadow; exit $?";
    let mark = format!("{}-before", std::process::id());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).arg(&node).arg(&port).env_clear().env(MARK, &mark).current_dir("/usr");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");

    let mut agent = Agent::start(BINARY, &[default_rules()], &["base_syscalls.all=true"]);
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    let alerts = agent.alerts_until_now();
    let own: Vec<_> = alerts.iter().filter(|alert| alert.mark().as_deref() == Some(&mark)).collect();
    let field = |rule: &str, name: &str| {
        let alert = own.iter().find(|alert| alert.rule == rule);
        alert.unwrap_or_else(|| panic!("{rule}: {own:#?}")).field(name)
    };
    let read = "Read sensitive file untrusted";
    assert_eq!(field(read, "fd.name").as_deref(), Some("/etc/shadow"));
    assert_eq!(field(read, "proc.name").as_deref(), Some("node"));
    assert_eq!(field(read, "proc.exepath").as_deref(), node.to_str());
    assert_eq!(field(read, "proc.cmdline"), Some(format!("node prepared 127.0.0.1 {port} /etc shadow")));
    assert_eq!(field(read, "proc.pname").as_deref(), Some("sh"));
    assert_eq!(field(read, "user.name").as_deref(), Some("root"));
    // Which of two rules says so depends on whether the tests run in a container.
    let connection = format!("->127.0.0.1:{port}");
    let connected = own.iter().any(|alert| {
        alert.field("evt.type").as_deref() == Some("dup2")
            && alert.field("fd.name").is_some_and(|name| name.ends_with(&connection))
    });
    assert!(connected, "{own:#?}");
}
