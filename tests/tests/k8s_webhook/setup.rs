//! `lanner k8saudit setup`.

use lanner_tests::daemon::free_port;
use lanner_tests::program::{golden, lanner, run};

use crate::{BINARY, Webhook};

fn setup(args: &[&str]) -> lanner_tests::program::Run {
    run(&mut lanner(BINARY, &[&["k8saudit", "setup"], args].concat()))
}

#[test]
fn what_an_api_server_needs_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "se\"cret\n").unwrap();
    let ran = setup(&[
        "--address",
        "https://lanner.example.com:9765/k8s-audit",
        "--ca",
        "/etc/kubernetes/audit/ca.pem",
        "--client-cert",
        "/etc/kubernetes/audit/client.pem",
        "--client-key",
        "/etc/kubernetes/audit/client.key",
        "--token-file",
        &token.display().to_string(),
        "--no-test",
    ]);
    golden("k8saudit_setup.txt", &ran.good().stdout);
}

#[test]
fn the_round_trip_says_whether_an_event_arrives() {
    let webhook = Webhook::plain("''");
    let ran = setup(&["--address", &webhook.address.to_string()]).good();
    assert!(ran.stdout.contains("it arrived and was evaluated"), "{}", ran.stdout);
    let wrong = setup(&["--address", &webhook.address.to_string().replace("k8s-audit", "other")]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("refused") && wrong.stderr.contains("404"), "{}", wrong.stderr);
    let nobody = setup(&["--address", &format!("http://127.0.0.1:{}/", free_port())]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.stderr.contains("did not arrive: cannot connect"), "{}", nobody.stderr);
    assert_eq!(webhook.stop(), Vec::<String>::new());
}
