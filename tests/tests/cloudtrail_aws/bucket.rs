//! Buckets.

use lanner_tests::cloud::numbers;
use lanner_tests::program::run;
use serde_json::json;

use crate::{Lab, bucket, put};

fn key(account: &str, region: &str, day: &str, minute: &str) -> String {
    let [year, month, date] = [&day[..4], &day[4..6], &day[6..]];
    format!(
        "AWSLogs/{account}/CloudTrail/{region}/{year}/{month}/{date}/{account}_CloudTrail_{region}_{day}T{minute}Z_x.json.gz"
    )
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

/// A trail of an organisation has a folder of its own between `AWSLogs` and the accounts; a prefix of the bucket may stand before.
#[test]
fn trails_of_an_organisation_are_read_account_by_account() {
    let lab = Lab::new();
    let (one, two) = ("111122223333", "444455556666");
    let of = |account: &str, region: &str| {
        key(account, region, "20260301", "1005").replace("AWSLogs/", "audit/AWSLogs/o-a1b2c3d4e5/")
    };
    let _ = lab.moto.calls(&json!([
        bucket("logs"),
        put("logs", &of(one, "eu-west-1"), &lab.log("a", 0..5)),
        put("logs", &of(one, "us-east-1"), &lab.log("b", 5..10)),
        put("logs", &of(two, "eu-west-1"), &lab.log("c", 10..15)),
        // The management account's own trail, beside the organisation's.
        put("logs", &format!("audit/{}", key(one, "eu-west-1", "20260301", "1005")), &lab.log("d", 15..20)),
        put("logs", "audit/AWSLogs/o-a1b2c3d4e5/readme.json", &lab.log("e", 900..901)),
    ]));
    let all = json!({});
    assert_eq!(lab.read("s3://logs/audit/AWSLogs/o-a1b2c3d4e5/", &all), numbers(0..15));
    assert_eq!(lab.read("s3://logs/audit/AWSLogs/o-a1b2c3d4e5", &json!({"s3AccountList": two})), numbers(10..15));
    assert_eq!(lab.read(&format!("s3://logs/audit/AWSLogs/o-a1b2c3d4e5/{one}/"), &all), numbers(0..10));
    assert_eq!(lab.read("s3://logs/audit/AWSLogs/", &all), numbers(15..20), "without the organisation's");
}
