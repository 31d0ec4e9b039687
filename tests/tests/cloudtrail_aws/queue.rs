//! Queues.

use std::collections::BTreeSet;

use lanner_tests::aws::{Moto, ids, record, write_gzip, write_log};
use lanner_tests::cloud::{self, numbers};
use lanner_tests::program::run;
use lanner_tests::watch::Watched;
use serde_json::{Value, json};

use crate::{Lab, bucket, put};

fn distinct(alerts: &[Value]) -> BTreeSet<String> {
    cloud::distinct(ids(alerts))
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
    lab.comes_to(url, "0", "0");
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
    lab.comes_to(url, "0", "1");
    assert!(lab.told().contains("the queue trail has no dead-letter queue"), "{}", lab.told());
    let mut refused = lab.command("sqs://nowhere", &json!({}));
    let refused = run(&mut refused);
    assert!(refused.code != Some(0) && refused.stderr.contains("cannot find the queue nowhere"), "{}", refused.stderr);
}

/// What can never be read goes where the queue sends it, and the rest is evaluated.
#[test]
fn poison_ends_in_the_dead_letter_queue() {
    let lab = Lab::new();
    let policy = json!({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead", "maxReceiveCount": "1"});
    let attributes = json!({"RedrivePolicy": policy.to_string()});
    let made = lab.moto.calls(&json!([
        ["sqs", "create_queue", {"QueueName": "dead"}],
        ["sqs", "create_queue", {"QueueName": "trail", "Attributes": attributes}],
    ]));
    let [dead, url] = [0, 1].map(|at: usize| made[at]["QueueUrl"].as_str().unwrap());
    let call = json!({"detail-type": "AWS API Call via CloudTrail", "detail": record("StopLogging", 1)});
    let _ = lab.moto.calls(&json!([
        ["sqs", "send_message", {"QueueUrl": url, "MessageBody": "poison"}],
        ["sqs", "send_message", {"QueueUrl": url, "MessageBody": call.to_string()}],
    ]));
    let mut watched = lab.start("sqs://trail", &json!({"sqsVisibility": 5}));
    assert!(watched.until(|alerts| alerts.len() == 1), "{}", lab.told());
    lab.comes_to(dead, "1", "0");
    lab.comes_to(url, "0", "0");
    watched.signal("-TERM");
    let (code, alerts) = watched.finish();
    assert_eq!((code, alerts.len()), (Some(0), 1), "{}", lab.told());
    assert!(!lab.told().contains("no dead-letter queue"), "{}", lab.told());
}

/// An object takes longer than its message is hidden: the message is hidden on, so that another reader does not get it too.
#[test]
fn a_message_stays_hidden_while_it_is_worked_on() {
    let lab = Lab::new();
    let slow = Moto::script("slow.py", &[&lab.log("slow.json.gz", 0..200), "8"]);
    let made = lab.moto.calls(&json!([["sqs", "create_queue", {"QueueName": "trail"}]]));
    let url = made[0]["QueueUrl"].as_str().unwrap();
    let body = json!({"s3Bucket": "logs", "s3ObjectKey": ["slow.json.gz"]}).to_string();
    let _ = lab.moto.calls(&json!([["sqs", "send_message", {"QueueUrl": url, "MessageBody": body}]]));
    let start = || {
        let mut lanner = lab.command("sqs://trail", &json!({"sqsVisibility": 5}));
        Watched::start(lanner.env("AWS_ENDPOINT_URL_S3", &slow.endpoint), &lab.path("log"))
    };
    let mut one = start();
    lab.comes_to(url, "0", "1");
    let two = start();
    assert!(one.until(|alerts| alerts.len() == 200), "{}", lab.told());
    lab.comes_to(url, "0", "0");
    for reader in [&one, &two] {
        reader.signal("-TERM");
    }
    let [one, two] = [one, two].map(|reader| reader.finish().1.len());
    assert_eq!((one, two), (200, 0), "{}", lab.told());
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
