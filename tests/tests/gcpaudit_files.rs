//! Files of log entries of Google Cloud in, alerts out; with the built-in plugin, which needs no library and no network.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lanner_tests::aws::write_gzip;
use lanner_tests::cloud::{alerts, configure, numbers};
use lanner_tests::gcp::{RULES, entry, ids};
use lanner_tests::program::{Run, lanner, run, shared};
use lanner_tests::watch::Watched;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// Arguments of a run over `files` with the rules of `rules`.
fn args(dir: &Path, files: &Path, init: &str, rules: &str) -> Vec<String> {
    let own = dir.join("rules.yaml");
    std::fs::write(&own, rules).unwrap();
    let config = configure(dir, "gcpaudit", Path::new("none/libgcpaudit.so"), init, &files.display().to_string());
    ["-c", &config, "-r", &own.display().to_string(), "--enable-source", "gcp_auditlog"].map(str::to_owned).to_vec()
}

fn attempt(dir: &Path, files: &Path, init: &str, rules: &str) -> Run {
    let args = args(dir, files, init, rules);
    run(&mut lanner(BINARY, &args.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|number| format!("{}\n", entry("storage.buckets.delete", number))).collect()
}

#[test]
fn folders_are_read_in_order_in_every_form_that_google_writes() {
    let dir = tempfile::tempdir().unwrap();
    // As a sink lays them out in a bucket.
    let logs = dir.path().join("logs/cloudaudit.googleapis.com/activity/2026/03/01");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join("10:00:00_10:59:59_S0.json"), lines(0..1000)).unwrap();
    write_gzip(&logs.join("11:00:00_11:59:59_S0.json.gz"), lines(1000..1010).as_bytes());
    let list: Vec<Value> = (1010..1020).map(|number| entry("storage.buckets.delete", number)).collect();
    // As `gcloud logging read --format=json` prints them, and as the API answers.
    std::fs::write(logs.join("12.json"), serde_json::to_string_pretty(&list).unwrap()).unwrap();
    let answer = json!({"entries": [entry("storage.buckets.delete", 1020)], "nextPageToken": "x"});
    std::fs::write(logs.join("13.jsonl"), answer.to_string()).unwrap();
    std::fs::write(logs.join("readme.txt"), lines(9999..10_000)).unwrap();
    let ran = attempt(dir.path(), &dir.path().join("logs"), "''", RULES).good();
    let alerts = alerts(&ran);
    assert!(ids(&alerts) == numbers(0..1021), "{} alerts", alerts.len());
    assert_eq!(alerts[61]["time"], "2026-03-01T10:01:01.250000000Z", "the time of the event");
    assert_eq!(
        (alerts[0]["rule"].as_str(), alerts[0]["source"].as_str()),
        (Some("Bucket deleted"), Some("gcp_auditlog"))
    );
    assert!(alerts[0]["output"].as_str().unwrap().ends_with("carol@example.com deleted ledger (id=event-0)"));
}

/// One file after the other that is no log, each between two that are.
#[test]
fn hostile_files_lose_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let good = |number: usize| entry("storage.buckets.delete", number).to_string();
    // What is hostile stands in the payload, behind what says who did what.
    let with = |number: usize, value: &str| {
        good(number).replacen("\"requestMetadata\":", &format!("\"request\":{value},\"requestMetadata\":"), 1)
    };
    let write = |name: &str, bytes: &[u8]| std::fs::write(logs.join(name), bytes).unwrap();
    write("00.json", lines(0..1).as_bytes());
    let huge = format!("\"{}\"", "x".repeat(100 << 20));
    write_gzip(&logs.join("01-huge.json.gz"), format!("{}\n{}", with(1, &huge), good(2)).as_bytes());
    write("02-large.json", with(3, &format!("\"{}\"", "x".repeat(2 << 20))).as_bytes());
    write("03-deep.json", with(4, &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).as_bytes());
    let latin = with(5, "\"caf?\"").bytes().map(|byte| if byte == b'?' { 0xe9 } else { byte }).collect::<Vec<u8>>();
    write("04-latin.json", &latin);
    let twice = good(6).replacen("\"methodName\"", "\"methodName\":\"storage.buckets.list\",\"methodName\"", 1);
    write("05-twice.json", twice.as_bytes());
    let foreign = format!("[17,\"x\",null,{{}},[],{{\"logName\":\"l\",\"timestamp\":\"soon\"}},{}]", good(7));
    write("06-foreign.json", foreign.as_bytes());
    write("07-nothing.json", b"");
    write("08-noise.json", &[0xff; 5000]);
    write_gzip(&logs.join("09-half.json.gz"), lines(100..2100).as_bytes());
    let half = std::fs::read(logs.join("09-half.json.gz")).unwrap();
    write("09-half.json.gz", &half[..half.len() / 2]);
    let mut bomb = good(8).into_bytes();
    bomb.resize(60 << 20, b' ');
    write_gzip(&logs.join("10-bomb.json.gz"), &bomb);
    write("11.json", lines(9..10).as_bytes());
    let quarantine = dir.path().join("kept");
    let init = format!("{{max_expanded_size: 200000000, quarantine: {{dir: '{}'}}}}", quarantine.display());
    let ran = attempt(dir.path(), &logs, &init, RULES).good();
    let all = ids(&alerts(&ran));
    let (of_half, rest): (Vec<&String>, Vec<&String>) =
        all.iter().partition(|id| id["event-".len()..].parse().is_ok_and(|number| (100..2100).contains(&number)));
    assert_eq!(of_half, numbers(100..100 + of_half.len()).iter().collect::<Vec<_>>());
    assert!(of_half.len() > 300, "what came before the damage: {}", of_half.len());
    assert_eq!(rest, numbers(0..10).iter().collect::<Vec<_>>(), "{}", ran.stderr);
    for told in ["damaged", "not JSON", "largest parts", "without a valid time"] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
    assert!(std::fs::read_dir(&quarantine).unwrap().count() > 4);
    // With a cap below what comes out of it, the archive is cut off there.
    let ran = attempt(dir.path(), &logs.join("10-bomb.json.gz"), "{max_expanded_size: 1000000}", RULES).good();
    assert_eq!(ids(&alerts(&ran)), numbers(8..9));
    assert!(ran.stderr.contains("when expanded"), "{}", ran.stderr);
}

#[test]
fn a_killed_reader_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    for file in 0..4 {
        std::fs::write(logs.join(format!("{file}.json")), lines(file * 1500..(file + 1) * 1500)).unwrap();
    }
    let init = format!("{{state_file: '{}'}}", dir.path().join("state/position").display());
    let args = args(dir.path(), &logs, &init, RULES);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let log = dir.path().join("log");
    let mut seen: Vec<String> = Vec::new();
    let mut kills = 0;
    loop {
        let mut watched = Watched::start(&mut lanner(BINARY, &args), &log);
        // Killed at a point that no batch and no file knows of.
        let stop = 500 + 771 * (kills % 3);
        let _ = watched.until(|alerts| alerts.len() >= stop);
        watched.signal("-KILL");
        let (code, alerts) = watched.finish();
        seen.extend(ids(&alerts));
        kills += 1;
        if code == Some(0) || alerts.is_empty() {
            break;
        }
        assert!(kills < 100, "no progress: {} alerts at the end", alerts.len());
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), 6000, "lost after {kills} kills: {}", std::fs::read_to_string(&log).unwrap());
    // Each kill repeats what had been handed over but not confirmed: at most what one read brings beyond a batch.
    let repeated = seen.len() - distinct.len();
    assert!(repeated <= kills * 400, "{repeated} repeated in {kills} kills");
    assert!(kills > 2);
}

#[test]
fn what_the_built_in_plugin_cannot_open_names_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    for (params, init, told) in [
        ("audit", "{project_id: my-project}", "libgcpaudit.so"),
        ("projects/my-project/subscriptions/audit", "''", "libgcpaudit.so"),
        ("audit", "''", "project_id"),
        ("a", "''", "neither the id of a subscription"),
        ("", "''", "open_params is empty"),
        ("/nowhere/at/all", "''", "/nowhere/at/all"),
    ] {
        let ran = attempt(dir.path(), &PathBuf::from(params), init, RULES);
        assert_ne!(ran.code, Some(0), "{params}");
        assert!(ran.stderr.contains(told), "{params}: {}", ran.stderr);
    }
}

/// With policyDelta at work Falco's own rules about what is made public fire.
#[test]
fn rules_of_falco_load_and_their_critical_ones_fire() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let theirs = std::fs::read_to_string(shared.join("falco-rules/gcp_auditlog_rules.yaml")).unwrap();
    let to_public = json!([{"action": "ADD", "member": "allUsers", "role": "roles/storage.objectViewer"}]);
    let bucket = |method: &str| {
        let mut entry = entry(method, 0);
        entry["protoPayload"]["serviceData"] = json!({"policyDelta": {"bindingDeltas": to_public}});
        entry
    };
    let mut dataset = entry("google.iam.v1.IAMPolicy.SetIamPolicy", 0);
    dataset["protoPayload"]["serviceName"] = "bigquery.googleapis.com".into();
    dataset["protoPayload"]["metadata"] = json!({"datasetChange": {"bindingDeltas": to_public}});
    dataset["resource"] =
        json!({"type": "bigquery_dataset", "labels": {"dataset_id": "d", "project_id": "my-project"}});
    let mut private = bucket("storage.setIamPermissions");
    private["protoPayload"]["serviceData"]["policyDelta"]["bindingDeltas"][0]["member"] = "user:bob@example.com".into();
    let log = dir.path().join("log.json");
    let entries = [bucket("storage.setIamPermissions"), bucket("storage.objects.update"), dataset, private];
    std::fs::write(&log, json!(entries).to_string()).unwrap();
    let ran = attempt(dir.path(), &log, "''", &theirs).good();
    assert!(!ran.stderr.to_lowercase().contains("error"), "{}", ran.stderr);
    let raised: Vec<_> = alerts(&ran).iter().map(|alert| alert["rule"].as_str().unwrap().to_owned()).collect();
    let expected = [
        "GCP Bucket configured to be public",
        "GCP Bucket objects configured to be public",
        "GCP BigQuery Dataset access configured to be public",
        "GCP Bucket permissions modified",
    ];
    assert_eq!(raised, expected);
}
