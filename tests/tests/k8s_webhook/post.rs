//! What is posted is evaluated.

use lanner_tests::program::{diff, shared};

use crate::{Webhook, list};

#[test]
fn an_answer_means_that_the_alerts_are_out() {
    let webhook = Webhook::plain("''");
    for round in 0..20 {
        let id = format!("id-{round}");
        let answer = webhook.client().post(list(&[&id, "second"])).unwrap();
        assert_eq!((answer.status, answer.http2), (200, false), "{answer:?}");
        // Standard output is a file: what the program has written stands there.
        assert!(webhook.daemon.output().contains(&id), "{}", webhook.daemon.output());
    }
    assert_eq!(webhook.stop().len(), 40);
}

#[test]
fn recorded_events_raise_the_alerts_that_files_of_them_raise() {
    let Some(shared) = shared() else { return };
    let rules = shared.join("falco-rules/k8s_audit_rules.yaml");
    let webhook = Webhook::start(tempfile::tempdir().unwrap(), "http", "''", Some(&rules));
    let mut files: Vec<_> = std::fs::read_dir(shared.join("captures/k8s_audit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    let mut expected = String::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let answer = webhook.client().post(format!("[{}]", lines.join(",\n")).into_bytes()).unwrap();
        let broken = file.file_stem().is_some_and(|name| name == "fal_01_003");
        assert_eq!(answer.status, if broken { 400 } else { 200 }, "{}: {answer:?}", file.display());
        expected += &std::fs::read_to_string(file.with_extension("alerts.jsonl")).unwrap();
    }
    let (code, output) = webhook.daemon.stop();
    assert_eq!(code, Some(0));
    let alerts = output.find("Events detected: ").map_or(&*output, |at| &output[..at]);
    assert!(alerts == expected, "{}", diff(&expected, alerts));
}

#[test]
fn hostile_posts_cost_nobody_else_an_event() {
    let dir = tempfile::tempdir().unwrap();
    let quarantine = dir.path().join("bad");
    let init = format!("{{quarantine: {{dir: {}, maxBytes: 3000000}}}}", quarantine.display());
    let webhook = Webhook::start(dir, "http", &init, None);
    let status = |body: &[u8]| webhook.client().post(body.to_vec()).unwrap().status;
    let bad: [&[u8]; 6] = [
        b"",
        &[b'['; 1 << 20],
        b"\xff\xfe\x00",
        br#"{"kind":"Pod"}"#,
        br#"{"kind":"Event"}"#,
        br#"{"kind":"EventList","items":[{"auditID":"x""#,
    ];
    for (number, body) in bad.iter().enumerate() {
        assert_eq!(status(body), 400, "{number}");
        assert_eq!(status(&list(&[&number.to_string()])), 200);
    }
    // Some good, some bad; and the same key twice, of which the last counts.
    let mixed =
        String::from_utf8(list(&["good"])).unwrap().replace("\"items\":[", "\"items\":[7,{\"stageTimestamp\":0},");
    assert_eq!(status(mixed.as_bytes()), 200);
    let twice =
        String::from_utf8(list(&["first"])).unwrap().replace("\"auditID\"", "\"auditID\":\"zeroth\",\"auditID\"");
    assert_eq!(status(twice.as_bytes()), 200);
    // What is nested deep goes on without that part, patches are lists, and bytes that are no text are replaced.
    let with = |id: &str, member: &str| {
        String::from_utf8(list(&[id, &format!("after-{id}")])).unwrap().replacen(
            "\"kind\":\"Event\",",
            &format!("\"kind\":\"Event\",{member},"),
            1,
        )
    };
    let deep = format!("\"requestObject\":{}{}", "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(status(with("deep", &deep).as_bytes()), 200);
    assert_eq!(
        status(with("patch", "\"requestObject\":[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]").as_bytes()),
        200
    );
    let mut latin = with("latin", "\"userAgent\":\"#\"").into_bytes();
    let at = latin.iter().position(|byte| *byte == b'#').unwrap();
    latin[at] = 0xe9;
    assert_eq!(status(&latin), 200);
    let kept = std::fs::read_dir(&quarantine).unwrap().count();
    assert!(kept >= 6, "{kept}");
    assert_eq!(
        webhook.stop(),
        [
            "0",
            "1",
            "2",
            "3",
            "4",
            "5",
            "good",
            "first",
            "deep",
            "after-deep",
            "patch",
            "after-patch",
            "latin",
            "after-latin"
        ]
    );
}
