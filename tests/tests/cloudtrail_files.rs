//! CloudTrail's log files in, alerts out; with the built-in plugin, which needs no library and no network.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lanner_tests::aws::{ids, record, write_gzip, write_log};
use lanner_tests::cloud::{alerts, configure, numbers};
use lanner_tests::program::{Run, here, lanner, run, shared, within};
use lanner_tests::watch::Watched;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

fn rules() -> String {
    here().join("../rules/aws_cloudtrail/aws_cloudtrail_rules.yaml").display().to_string()
}

fn config(dir: &Path, files: &Path, init: &str) -> String {
    configure(dir, "cloudtrail", Path::new("none/libcloudtrail.so"), init, &files.display().to_string())
}

fn watch(dir: &Path, files: &Path, init: &str) -> Run {
    let config = config(dir, files, init);
    run(&mut lanner(BINARY, &["-c", &config, "-r", &rules(), "--enable-source", "aws_cloudtrail"])).good()
}

#[test]
fn folders_are_read_in_order_record_by_record_with_the_time_of_the_event() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir_all(logs.join("b")).unwrap();
    write_log(&logs.join("c.json.gz"), 1500..1510);
    write_log(&logs.join("a.json.gz"), 0..1500);
    std::fs::write(logs.join("b/lines.json"), {
        (1400..1402).map(|n| format!("{}\n", record("StopLogging", n))).collect::<String>()
    })
    .unwrap();
    std::fs::write(logs.join("b/readme.txt"), record("StopLogging", 9999).to_string()).unwrap();
    let ran = watch(dir.path(), &logs, "''");
    let alerts = alerts(&ran);
    let expected: Vec<String> = [numbers(0..1500), numbers(1400..1402), numbers(1500..1510)].concat();
    assert!(ids(&alerts) == expected, "{} alerts", alerts.len());
    assert_eq!(alerts[61]["time"], "2026-03-01T10:01:01.000000000Z");
    assert_eq!(alerts[0]["rule"], "CloudTrail Logging Disabled");
    assert_eq!(alerts[0]["source"], "aws_cloudtrail");
}

#[test]
fn recorded_files_of_falco_are_read() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules.yaml");
    let text = "- rule: Started\n  desc: d\n  condition: ct.name = StartInstances\n  output: '%ct.user %evt.plugininfo'\n  \
                priority: INFO\n  source: aws_cloudtrail\n";
    std::fs::write(&rules, text).unwrap();
    for file in ["alice_start_instances.json", "alice_start_instances_bigevent.json"] {
        let config = config(dir.path(), &shared.join("captures/cloudtrail").join(file), "''");
        let rules = rules.display().to_string();
        let ran = run(&mut lanner(BINARY, &["-c", &config, "-r", &rules, "--enable-source", "aws_cloudtrail"])).good();
        let alerts = alerts(&ran);
        assert_eq!(alerts.len(), 1, "{file}");
        let output = alerts[0]["output"].as_str().unwrap();
        let info = "Alice us-east-2 Alice ec2 StartInstances Alice via 205.251.233.176 → StartInstances";
        assert!(output.ends_with(info), "{output}");
    }
}

/// One file after the other that is no log, each between two that are.
#[test]
fn hostile_files_lose_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let good = |number: usize| record("StopLogging", number).to_string();
    let with = |number: usize, member: &str| {
        let text = good(number);
        format!("{},{member}}}", text.strip_suffix('}').unwrap())
    };
    // A record that names itself before its 100 MB come.
    let huge = |number: usize| {
        let mut text = with(number, "\"zz\":\"");
        text.truncate(text.len() - 1);
        text.reserve(100 << 20);
        text.extend(std::iter::repeat_n('x', 100 << 20));
        text + "\"}"
    };
    let deep = with(3, &format!("\"zz\":{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    let mut latin = with(4, "\"zz\":\"caf").into_bytes();
    latin.pop();
    latin.extend_from_slice(b"\xe9\"}");
    let file = |name: &str| logs.join(name);
    write_log(&file("00.json.gz"), 0..2);
    write_gzip(&file("01-huge.json.gz"), format!("{{\"Records\":[{},{}]}}", huge(5000), good(2)).as_bytes());
    std::fs::write(file("02-deep.json"), format!("{{\"Records\":[{deep}]}}")).unwrap();
    std::fs::write(file("03-latin.json"), latin).unwrap();
    let twice = with(5, "\"eventName\":\"StopLogging\"").replacen("StopLogging", "StartLogging", 1);
    std::fs::write(file("04-twice.json"), format!("{{\"Records\":[{twice}]}}")).unwrap();
    let mut foreign = String::from("{\"Records\":[17,\"x\",null,{},[],{\"eventTime\":\"soon\",\"eventType\":\"x\"},");
    write!(foreign, "{}]}}", good(6)).unwrap();
    std::fs::write(file("05-foreign.json"), foreign).unwrap();
    std::fs::write(file("06-nothing.json"), "").unwrap();
    std::fs::write(file("07-noise.json"), [0xff; 5000]).unwrap();
    write_log(&file("08-half.json.gz"), 100..2100);
    let half = std::fs::read(file("08-half.json.gz")).unwrap();
    std::fs::write(file("08-half.json.gz"), &half[..half.len() / 2]).unwrap();
    // 60 MB of blanks behind a record, in some tens of kilobytes.
    let mut bomb = format!("{{\"Records\":[{}]}}", good(7)).into_bytes();
    bomb.resize(60 << 20, b' ');
    write_gzip(&file("09-bomb.json.gz"), &bomb);
    write_log(&file("10.json.gz"), 8..10);
    let quarantine = dir.path().join("kept");
    let init = format!("{{maxExpandedSize: 200000000, quarantine: {{dir: '{}'}}}}", quarantine.display());
    let config = config(dir.path(), &logs, &init);
    let program = lanner(BINARY, &["-c", &config, "-r", &rules(), "--enable-source", "aws_cloudtrail"]);
    let ran = run(&mut within(&program, 500_000)).good();
    let all = ids(&alerts(&ran));
    let (of_half, rest): (Vec<&String>, Vec<&String>) =
        all.iter().partition(|id| id["event-".len()..].parse().is_ok_and(|number| (100..2100).contains(&number)));
    assert_eq!(of_half, numbers(100..100 + of_half.len()).iter().collect::<Vec<_>>());
    assert!(of_half.len() > 500, "what came before the damage: {}", of_half.len());
    let expected = [numbers(0..2), numbers(5000..5001), numbers(2..10)].concat();
    assert_eq!(rest, expected.iter().collect::<Vec<_>>(), "{}", ran.stderr);
    for told in ["damaged", "not JSON", "largest parts", "without a valid time"] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
    assert!(std::fs::read_dir(&quarantine).unwrap().count() > 4);
    // With a cap below what comes out of it, the archive is cut off there.
    let ran = watch(dir.path(), &file("09-bomb.json.gz"), "{maxExpandedSize: 1000000}");
    assert_eq!(ids(&alerts(&ran)), numbers(7..8));
    assert!(ran.stderr.contains("when expanded"), "{}", ran.stderr);
}

#[test]
fn a_killed_reader_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    for file in 0..6 {
        write_log(&logs.join(format!("{file}.json.gz")), file * 3000..(file + 1) * 3000);
    }
    let init = format!("{{stateFile: '{}'}}", dir.path().join("state/position").display());
    let config = config(dir.path(), &logs, &init);
    let log = dir.path().join("log");
    let rules = rules();
    let mut seen: Vec<String> = Vec::new();
    let mut kills = 0;
    loop {
        let mut lanner = lanner(BINARY, &["-c", &config, "-r", &rules, "--enable-source", "aws_cloudtrail"]);
        let mut watched = Watched::start(&mut lanner, &log);
        // Killed at a point that no batch and no file knows of.
        let stop = 700 + 1171 * (kills % 3);
        let _ = watched.until(|alerts| alerts.len() >= stop);
        std::thread::sleep(Duration::from_micros(137 * kills as u64 % 3000));
        watched.signal("-KILL");
        let (code, alerts) = watched.finish();
        let (first, count) = (ids(&alerts).into_iter().next(), alerts.len());
        seen.extend(ids(&alerts));
        kills += 1;
        if code == Some(0) || first.is_none() {
            break;
        }
        assert!(kills < 200, "no progress: {count} alerts at the end");
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), 18_000, "lost after {kills} kills: {}", std::fs::read_to_string(&log).unwrap());
    // Each kill repeats what had been handed over but not confirmed: at most what one read brings beyond a batch.
    let repeated = seen.len() - distinct.len();
    assert!(repeated <= kills * 400, "{repeated} repeated in {kills} kills");
    assert!(kills > 5);
}

#[test]
fn what_the_built_in_plugin_cannot_open_names_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    for (params, told) in [
        ("s3://logs/AWSLogs/", "libcloudtrail.so"),
        ("ftp://x", "lookup://"),
        ("", "open_params is empty"),
        ("/nowhere/at/all", "/nowhere/at/all"),
    ] {
        let config = config(dir.path(), &PathBuf::from(params), "''");
        let ran = run(&mut lanner(BINARY, &["-c", &config, "-r", &rules(), "--enable-source", "aws_cloudtrail"]));
        assert_ne!(ran.code, Some(0), "{params}");
        assert!(ran.stderr.contains(told), "{params}: {}", ran.stderr);
    }
}

/// Falco's own rules and ours on the payloads of our cases' shape.
#[test]
fn rules_of_falco_load_and_raise_what_ours_raise() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let theirs = shared.join("falco-rules/aws_cloudtrail_rules.yaml").display().to_string();
    let log = dir.path().join("log.json");
    let one = |source: &str, name: &str, change: &dyn Fn(&mut Value)| {
        let mut record = record(name, 0);
        record["eventSource"] = format!("{source}.amazonaws.com").into();
        change(&mut record);
        record
    };
    let as_is: &dyn Fn(&mut Value) = &|_| {};
    let login = |kind: &'static str| {
        move |record: &mut Value| {
            record["userIdentity"]["type"] = kind.into();
            record["responseElements"] = serde_json::json!({"ConsoleLogin": "Success"});
            record["additionalEventData"] = serde_json::json!({"MFAUsed": "No"});
        }
    };
    let records = [
        one("signin", "ConsoleLogin", &login("AssumedRole")),
        one("signin", "ConsoleLogin", &login("IAMUser")),
        one("iam", "CreateUser", as_is),
        one("iam", "CreateGroup", as_is),
        one("iam", "DeleteGroup", as_is),
        one("iam", "DeactivateMFADevice", &|record| {
            record["userIdentity"]["type"] = "Root".into();
            record["requestParameters"] = serde_json::json!({"userName": "AWS ROOT USER", "serialNumber": "s"});
        }),
        one("ecs", "CreateService", as_is),
        one("ecs", "RunTask", as_is),
        one("lambda", "CreateFunction20150331", as_is),
        one("lambda", "UpdateFunctionCode20150331v2", as_is),
        one("lambda", "UpdateFunctionConfiguration20150331v2", as_is),
        one("ec2", "RunInstances", as_is),
        one("s3", "DeleteBucketEncryption", as_is),
        one("s3", "PutBucketPublicAccessBlock", &|record| {
            record["requestParameters"] = serde_json::json!({
                "publicAccessBlock": "", "bucketName": "b",
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": true
                }
            });
        }),
        one("s3", "PutBucketAcl", as_is),
        one("s3", "PutBucketPolicy", as_is),
        one("cloudtrail", "CreateTrail", as_is),
        one("cloudtrail", "StopLogging", as_is),
        one("cloudtrail", "StopLogging", &|record| record["errorCode"] = "AccessDenied".into()),
        one("ec2", "DescribeInstances", as_is),
    ];
    std::fs::write(&log, serde_json::json!({"Records": records}).to_string()).unwrap();
    let config = config(dir.path(), &log, "''");
    let raised = |rules: &str| -> Vec<String> {
        let args = ["-c", &config, "-r", rules, "--enable-source", "aws_cloudtrail", "-o", "rule_matching=all"];
        let ran = run(&mut lanner(BINARY, &args)).good();
        assert!(!ran.stderr.to_lowercase().contains("error"), "{}", ran.stderr);
        let mut rules: Vec<_> = alerts(&ran).iter().map(|alert| alert["rule"].as_str().unwrap().to_owned()).collect();
        rules.sort();
        rules
    };
    let (theirs, ours) = (raised(&theirs), raised(&rules()));
    assert_eq!(ours, theirs);
    assert_eq!(theirs.len(), 19, "{theirs:?}");
}
