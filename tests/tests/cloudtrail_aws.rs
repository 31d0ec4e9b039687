//! CloudTrail out of buckets, queues and the event history: `libcloudtrail.so` against a stand-in for AWS.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lanner_tests::aws::{Moto, record, write_gzip, write_log};
use lanner_tests::plugins::workspace_plugin;
use lanner_tests::program::{here, lanner, run};
use lanner_tests::watch::Watched;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

const CONFIG: &str = r#"
rules_files: []
load_plugins: [cloudtrail, json]
plugins:
  - {name: cloudtrail, library_path: "LIBRARY", init_config: INIT, open_params: "PARAMS"}
  - {name: json, library_path: libjson.so, init_config: ""}
engine: {kind: nodriver}
json_output: true
stdout_output: {enabled: true}
log_stderr: true
log_level: info
log_syslog: false
"#;

/// A folder, a server, and what a run needs.
struct Lab {
    dir: tempfile::TempDir,
    moto: Moto,
    library: PathBuf,
}

impl Lab {
    fn new() -> Self {
        Self::with(Moto::start())
    }

    fn with(moto: Moto) -> Self {
        let library = workspace_plugin("lanner-cloudtrail-aws", "cloudtrail");
        Self { dir: tempfile::tempdir().unwrap(), moto, library }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, params: &str, init: &Value) -> Command {
        let config = self.path("falco.yaml");
        let library = self.library.display().to_string();
        let text = CONFIG.replace("LIBRARY", &library).replace("INIT", &init.to_string()).replace("PARAMS", params);
        std::fs::write(&config, text).unwrap();
        let rules = here().join("../rules/aws_cloudtrail/aws_cloudtrail_rules.yaml").display().to_string();
        let args = ["-c", &config.display().to_string(), "-r", &rules, "--enable-source", "aws_cloudtrail"];
        let mut lanner = lanner(BINARY, &args);
        lanner.envs(self.moto.variables());
        lanner
    }

    fn start(&self, params: &str, init: &Value) -> Watched {
        Watched::start(&mut self.command(params, init), &self.path("log"))
    }

    /// Runs a finite source to its end; the ids of its alerts.
    fn read(&self, params: &str, init: &Value) -> Vec<String> {
        let ran = run(&mut self.command(params, init)).good();
        let alerts: Vec<Value> = ran.alerts().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        ids(&alerts)
    }

    /// A log file with these records as an argument of `put_object`.
    fn log(&self, name: &str, numbers: std::ops::Range<usize>) -> String {
        let path = self.path(name);
        write_log(&path, numbers);
        path.display().to_string()
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Messages in the queue: visible, hidden.
    fn messages(&self, url: &str) -> (String, String) {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let call = json!([["sqs", "get_queue_attributes", {"QueueUrl": url, "AttributeNames": names}]]);
        let answer = &self.moto.calls(&call)[0]["Attributes"];
        let [visible, hidden] = names.map(|name| answer[name].as_str().unwrap().to_owned());
        (visible, hidden)
    }
}

fn ids(alerts: &[Value]) -> Vec<String> {
    let id = |alert: &Value| alert["output_fields"]["ct.id"].as_str().unwrap_or_default().to_owned();
    alerts.iter().map(id).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("event-{number}")).collect()
}

fn distinct(alerts: &[Value]) -> BTreeSet<String> {
    ids(alerts).into_iter().collect()
}

fn key(account: &str, region: &str, day: &str, minute: &str) -> String {
    let [year, month, date] = [&day[..4], &day[4..6], &day[6..]];
    format!(
        "AWSLogs/{account}/CloudTrail/{region}/{year}/{month}/{date}/{account}_CloudTrail_{region}_{day}T{minute}Z_x.json.gz"
    )
}

fn put(bucket: &str, key: &str, body: &str) -> Value {
    json!(["s3", "put_object", {"Bucket": bucket, "Key": key, "Body": body}])
}

fn bucket(name: &str) -> Value {
    json!(["s3", "create_bucket", {"Bucket": name, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}])
}

#[test]
fn a_bucket_is_read_account_by_account_and_goes_on_where_it_was() {
    let lab = Lab::new();
    let (one, two) = ("111122223333", "444455556666");
    let digest = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/01/d.json.gz";
    let _ = lab.moto.calls(&json!([
        bucket("logs"),
        put("logs", &key(one, "eu-west-1", "20260301", "1005"), &lab.log("a", 0..1200)),
        put("logs", &key(one, "eu-west-1", "20260302", "0000"), &lab.log("b", 1200..1210)),
        put("logs", &key(one, "us-east-1", "20260301", "1000"), &lab.log("c", 1210..1220)),
        put("logs", &key(two, "eu-west-1", "20260301", "1000"), &lab.log("d", 1220..1230)),
        put("logs", digest, &lab.log("e", 5000..5001)),
        put("logs", "AWSLogs/111122223333/CloudTrail/eu-west-1/readme.txt", &lab.log("f", 5001..5002)),
    ]));
    let plain = json!({"aws": {"endpoint": lab.moto.endpoint}});
    assert!(lab.read("s3://logs/AWSLogs/", &plain) == numbers(0..1230));
    assert_eq!(lab.read("s3://logs/AWSLogs/444455556666", &plain), numbers(1220..1230));
    let region = "s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/";
    assert_eq!(lab.read(region, &plain), numbers(1210..1220));
    let some = json!({"s3AccountList": two, "s3DownloadConcurrency": 1});
    assert_eq!(lab.read("s3://logs/AWSLogs", &some), numbers(1220..1230));
    let late = json!({"s3Interval": "2026-03-01T10:01:00Z-2026-03-01T23:00:00Z"});
    assert!(lab.read("s3://logs/AWSLogs/", &late) == numbers(0..1200));

    let state = json!({"stateFile": lab.path("state")});
    assert_eq!(lab.read("s3://logs/AWSLogs/", &state).len(), 1230);
    assert_eq!(lab.read("s3://logs/AWSLogs/", &state), [""; 0]);
    let later = key(one, "eu-west-1", "20260301", "1010");
    let _ = lab.moto.calls(&json!([put("logs", &later, &lab.log("g", 7..9))]));
    assert_eq!(lab.read("s3://logs/AWSLogs/", &state), numbers(7..9), "a file that came late");

    let refused = run(&mut lab.command("s3://nowhere/AWSLogs/", &plain));
    assert!(refused.code != Some(0) && refused.stderr.contains("NoSuchBucket"), "{}", refused.stderr);
    let refused = run(&mut lab.command("s3://logs/", &json!({"s3Interval": "soon"})));
    assert!(refused.code != Some(0) && refused.stderr.contains("s3Interval: 'soon'"), "{}", refused.stderr);
}

#[test]
fn a_queue_brings_files_and_events_by_every_way_that_aws_has() {
    let lab = Lab::new();
    let made = lab.moto.calls(&json!([
        bucket("logs"),
        ["sqs", "create_queue", {"QueueName": "trail"}],
        ["sns", "create_topic", {"Name": "trail"}],
    ]));
    let (url, topic) = (made[1]["QueueUrl"].as_str().unwrap(), made[2]["TopicArn"].as_str().unwrap());
    let queue = "arn:aws:sqs:eu-west-1:123456789012:trail";
    let half = lab.path("half");
    write_log(&half, 900..1000);
    let whole = std::fs::read(&half).unwrap();
    std::fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    write_gzip(&lab.path("blank"), b"{\"Records\":[]}");
    let s3_event = |key: &str| {
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "logs"}, "object": {"key": key}}}]})
        .to_string()
    };
    let send = |body: String| json!(["sqs", "send_message", {"QueueUrl": url, "MessageBody": body}]);
    let publish = |text: String| json!(["sns", "publish", {"TopicArn": topic, "Message": text}]);
    let created = json!({"detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": "logs"}, "object": {"key": "bridge 1.json.gz"}}});
    let call = json!({"detail-type": "AWS API Call via CloudTrail", "detail": record("StopLogging", 50)});
    let to_queue = json!({"QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]});
    let _ = lab.moto.calls(&json!([
        put("logs", "topic.json.gz", &lab.log("a", 0..10)),
        put("logs", "own.json.gz", &lab.log("b", 10..20)),
        put("logs", "raw +1.json.gz", &lab.log("c", 20..30)),
        put("logs", "bridge 1.json.gz", &lab.log("d", 30..40)),
        put("logs", "half.json.gz", &half.display().to_string()),
        ["sns", "subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue}],
        publish(s3_event("topic.json.gz")),
        publish(json!({"s3Bucket": "logs", "s3ObjectKey": ["own.json.gz"]}).to_string()),
        publish("CloudTrail validation message.".to_owned()),
        send("poison".to_owned()),
        send(json!({"not": "ours"}).to_string()),
        send(s3_event("gone.json.gz")),
        send(s3_event("half.json.gz")),
        send(s3_event("raw+%2B1.json.gz")),
        send(created.to_string()),
        send(call.to_string()),
        // S3 sends a test, and then tells of the file.
        ["s3", "put_bucket_notification_configuration", {"Bucket": "logs", "NotificationConfiguration": to_queue}],
        put("logs", "told.json.gz", &lab.log("e", 40..50)),
    ]));
    let kept = lab.path("kept");
    let init = json!({"sqsPoison": "delete", "quarantine": {"dir": kept}});
    let mut watched = lab.start("sqs://trail", &init);
    let expected: BTreeSet<String> = numbers(0..51).into_iter().collect();
    let came = |alerts: &[Value]| expected.is_subset(&distinct(alerts));
    assert!(watched.until(came), "{:?}\n{}", ids(&watched.alerts), lab.told());
    // What has been evaluated is deleted, and so is what can never be read.
    let mut left = lab.messages(url);
    for _ in 0..50 {
        if left == ("0".to_owned(), "0".to_owned()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
        left = lab.messages(url);
    }
    assert_eq!(left, ("0".to_owned(), "0".to_owned()), "{}", lab.told());
    watched.signal("-TERM");
    let (code, alerts) = watched.finish();
    assert_eq!(code, Some(0), "{}", lab.told());
    // Of half an archive what is there is evaluated.
    let mut all = ids(&alerts);
    all.retain(|id| id["event-".len()..].parse::<usize>().unwrap() < 900);
    all.sort();
    let mut once = numbers(0..51);
    once.sort();
    assert_eq!(all, once, "each event once");
    let kept: Vec<String> =
        std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for reason in ["not_json", "foreign", "unreadable", "broken_archive"] {
        assert!(kept.iter().any(|name| name.ends_with(reason)), "{reason}: {kept:?}");
    }
}

#[test]
fn poison_is_left_to_the_queue_unless_it_is_to_be_deleted() {
    let lab = Lab::new();
    let made = lab.moto.calls(&json!([["sqs", "create_queue", {"QueueName": "trail"}]]));
    let url = made[0]["QueueUrl"].as_str().unwrap();
    let call = json!({"detail-type": "AWS API Call via CloudTrail", "detail": record("StopLogging", 1)});
    let _ = lab.moto.calls(&json!([
        ["sqs", "send_message", {"QueueUrl": url, "MessageBody": "poison"}],
        ["sqs", "send_message", {"QueueUrl": url, "MessageBody": call.to_string()}],
    ]));
    let mut watched = lab.start("sqs://trail", &json!({"sqsVisibility": 600}));
    assert!(watched.until(|alerts| alerts.len() == 1), "{}", lab.told());
    let mut left = lab.messages(url);
    for _ in 0..50 {
        if left == ("0".to_owned(), "1".to_owned()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
        left = lab.messages(url);
    }
    assert_eq!(left, ("0".to_owned(), "1".to_owned()), "{}", lab.told());
    let mut refused = lab.command("sqs://nowhere", &json!({}));
    let refused = run(&mut refused);
    assert!(refused.code != Some(0) && refused.stderr.contains("cannot find the queue nowhere"), "{}", refused.stderr);
}

/// Two readers share a queue, and one after the other is killed; what they had in hand comes again.
#[test]
fn killed_readers_of_one_queue_lose_nothing() {
    let lab = Lab::new();
    let made = lab.moto.calls(&json!([bucket("logs"), ["sqs", "create_queue", {"QueueName": "trail"}]]));
    let url = made[1]["QueueUrl"].as_str().unwrap();
    const FILES: usize = 60;
    let mut calls = Vec::new();
    for file in 0..FILES {
        let name = format!("{file}.json.gz");
        calls.push(put("logs", &name, &lab.log(&name, file * 50..(file + 1) * 50)));
        let body = json!({"s3Bucket": "logs", "s3ObjectKey": [name]}).to_string();
        calls.push(json!(["sqs", "send_message", {"QueueUrl": url, "MessageBody": body}]));
    }
    let init = json!({"sqsVisibility": 5, "s3DownloadConcurrency": 2});
    let _ = lab.moto.calls(&json!(calls[..2 * FILES / 2]));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut count = 0;
    let (mut one, mut two) = (lab.start("sqs://trail", &init), lab.start("sqs://trail", &init));
    let _ = one.until(|alerts| alerts.len() > 130);
    one.signal("-KILL");
    let _ = lab.moto.calls(&json!(calls[2 * FILES / 2..]));
    let mut three = lab.start("sqs://trail", &init);
    let _ = two.until(|alerts| alerts.len() > 777);
    two.signal("-KILL");
    for killed in [one, two] {
        let (_, alerts) = killed.finish();
        assert!(!alerts.is_empty(), "a reader had no share: {}", lab.told());
        count += alerts.len();
        seen.extend(ids(&alerts));
    }
    let all = FILES * 50;
    assert!(three.until(|alerts| seen.union(&distinct(alerts)).count() == all), "lost: {}", lab.told());
    three.signal("-TERM");
    let (code, alerts) = three.finish();
    assert_eq!(code, Some(0));
    count += alerts.len();
    println!("{all} events, {} repeated", count - all);
}

/// The history lists the newest first; alerts come in the order of time, each once, at no more than two calls a second.
#[test]
fn the_event_history_is_read_forward_and_each_event_once() {
    let lab = Lab::with(Moto::history());
    let init = json!({"lookupStart": "1h", "lookupInterval": 1, "stateFile": lab.path("state")});
    let mut watched = lab.start("lookup://", &init);
    assert!(watched.until(|alerts| alerts.len() >= 120), "{}", lab.told());
    // Two more looks go over the same time.
    std::thread::sleep(Duration::from_secs(4));
    watched.signal("-TERM");
    let (code, alerts) = watched.finish();
    assert_eq!(code, Some(0), "{}", lab.told());
    assert_eq!(ids(&alerts), numbers(0..120));
    let again = lab.start("lookup://eu-west-1", &init);
    std::thread::sleep(Duration::from_secs(4));
    again.signal("-TERM");
    let (_, alerts) = again.finish();
    assert_eq!(ids(&alerts), [""; 0], "what the stored position has seen");
    assert!(!lab.told().contains("Rate exceeded"), "{}", lab.told());
}
