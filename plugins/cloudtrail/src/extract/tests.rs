//! Values of the fields on records of the shape that AWS documents.

use lanner_json::Tape;

use super::{number, texts};
use crate::fields::FIELDS;

fn values(json: &str, name: &str, index: Option<u64>) -> Vec<String> {
    let mut tape = Tape::default();
    let event = tape.parse(json.as_bytes()).unwrap();
    let rule = FIELDS.iter().find(|field| field.name == name).expect(name).rule;
    let mut out = Vec::new();
    if rule.is_number() {
        out.extend(number(event, rule).map(|number| number.to_string()));
    } else {
        texts(event, rule, index, &mut |text| out.push(text.to_owned()));
    }
    out
}

fn value(json: &str, name: &str) -> Option<String> {
    let mut all = values(json, name, None);
    assert!(all.len() < 2, "{all:?}");
    all.pop()
}

const RUN: &str = r#"{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROA1:bob",
    "arn":"arn:aws:sts::111122223333:assumed-role/Admin/bob","accountId":"111122223333",
    "sessionContext":{"sessionIssuer":{"type":"Role","userName":"Admin"}}},
    "eventTime":"2024-05-01T10:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances",
    "awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2","readOnly":false,
    "requestParameters":{"subnetId":"subnet-1","availabilityZone":"eu-west-1a","tagSpecificationSet":{"items":[
      {"resourceType":"volume","tags":[{"key":"Name","value":"disk"}]},
      {"resourceType":"instance","tags":[{"key":"Team","value":"x"},{"key":"Name","value":"web"}]}]}},
    "responseElements":{"reservationId":"r-1","instancesSet":{"items":[{"imageId":"ami-1"},{"imageId":"ami-2"}]}},
    "resources":[{"ARN":"a"}, {"ARN":"b"}],"managementEvent":true,"edgeDeviceDetails":{ "id": 1 },
    "recipientAccountId":"444455556666","errorMessage":null}"#;

#[test]
fn there_are_73_fields_with_distinct_names() {
    let names: std::collections::BTreeSet<_> = FIELDS.iter().map(|field| field.name).collect();
    assert_eq!((names.len(), FIELDS.len()), (73, 73));
    assert!(FIELDS.iter().all(|field| !field.desc.is_empty() && !field.display.is_empty()));
}

#[test]
fn paths_give_strings_and_json() {
    let is = |name, expected: &str| assert_eq!(value(RUN, name).as_deref(), Some(expected), "{name}");
    is("ct.name", "RunInstances");
    is("ct.src", "ec2.amazonaws.com");
    is("ct.shortsrc", "ec2");
    is("ct.request.subnetid", "subnet-1");
    is("ct.response.reservationid", "r-1");
    is("ct.managementevent", "true");
    is("ct.edgedevicedetails", r#"{"id":1}"#);
    is("ct.resources", r#"{"ARN":"a"},{"ARN":"b"}"#);
    assert_eq!(value(RUN, "ct.error"), None);
    assert_eq!(value(RUN, "ct.errormessage"), None, "null is no value");
    assert_eq!(value(r#"{"requestParameters":{"documentName":"d"}}"#, "ct.request.documentname").as_deref(), Some("d"));
}

#[test]
fn users_by_kind_of_identity() {
    let user = |identity: &str| value(&format!(r#"{{"userIdentity":{identity}}}"#), "ct.user");
    assert_eq!(user(r#"{"type":"IAMUser","userName":"alice"}"#).as_deref(), Some("alice"));
    assert_eq!(user(r#"{"type":"Root"}"#), None);
    assert_eq!(user(r#"{"type":"AWSService","invokedBy":"x.amazonaws.com"}"#).as_deref(), Some("x.amazonaws.com"));
    assert_eq!(user(r#"{"type":"AssumedRole"}"#).as_deref(), Some("AssumedRole"));
    assert_eq!(user(r#"{"type":"FederatedUser"}"#).as_deref(), Some("FederatedUser"));
    assert_eq!(user(r#"{"type":"SAMLUser","userName":"s"}"#).as_deref(), Some("s"));
    assert_eq!(user(r#"{"userName":"nobody"}"#), None);
    assert_eq!(value(RUN, "ct.user").as_deref(), Some("Admin"));
    assert_eq!(value(RUN, "ct.originaluser").as_deref(), Some("bob"));
    assert_eq!(value(&RUN.replace("Admin/bob", "bob"), "ct.originaluser").as_deref(), Some("bob"), "by principalId");
    assert_eq!(value(RUN, "ct.user.accountid").as_deref(), Some("111122223333"));
    assert_eq!(value(&RUN.replace("accountId", "x"), "ct.user.accountid").as_deref(), Some("444455556666"));
}

#[test]
fn images_of_instances() {
    assert_eq!(values(RUN, "ec2.imageids", None), ["ami-1", "ami-2"]);
    assert_eq!(values(RUN, "ec2.imageids", Some(1)), ["ami-2"]);
    assert_eq!(values(RUN, "ec2.imageids", Some(2)), [""; 0]);
    assert_eq!(value(RUN, "ec2.imageid").as_deref(), Some("ami-1"));
    assert_eq!(value(RUN, "ec2.name").as_deref(), Some("web"));
    let launch = r#"{"requestParameters":{"launchSpecification":{"imageId":"ami-3"}}}"#;
    assert_eq!(values(launch, "ec2.imageids", None), ["ami-3"]);
    assert_eq!(values(launch, "ec2.imageids", Some(1)), [""; 0]);
}

#[test]
fn reading_is_told_by_the_event_or_by_the_name() {
    let reads = |json| value(json, "ct.readonly");
    assert_eq!(reads(r#"{"eventName":"GetX","readOnly":false}"#).as_deref(), Some("false"));
    assert_eq!(reads(r#"{"eventName":"DescribeInstances"}"#).as_deref(), Some("true"));
    assert_eq!(reads(r#"{"eventName":"StopLogging"}"#).as_deref(), Some("false"));
    assert_eq!(reads("{}"), None);
}

#[test]
fn s3_numbers() {
    let json = r#"{"eventName":"GetObject","additionalEventData":{"bytesTransferredIn":3.0,"bytesTransferredOut":4},
        "requestParameters":{"bucketName":"b","key":"k/l"}}"#;
    let is = |name, expected: &str| assert_eq!(value(json, name).as_deref(), Some(expected), "{name}");
    is("s3.bytes", "7");
    is("s3.bytes.in", "3");
    is("s3.bytes.out", "4");
    is("s3.cnt.get", "1");
    is("s3.cnt.put", "0");
    is("s3.cnt.other", "0");
    is("s3.uri", "s3://b/k/l");
    assert_eq!(value(r#"{"eventName":"GetObject"}"#, "s3.bytes.in"), None);
}

#[test]
fn the_line_says_what_happened() {
    assert_eq!(value(RUN, "ct.info").as_deref(), Some("Admin via 203.0.113.7 → RunInstances"));
    let block = r#"{"userIdentity":{"type":"IAMUser","userName":"a"},"sourceIPAddress":"1.2.3.4",
        "eventName":"PutBucketPublicAccessBlock","errorCode":"AccessDenied","requestParameters":{
        "PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":false}}}"#;
    let line = "a via 1.2.3.4 !→ PutBucketPublicAccessBlock BlockPublicAcls=true BlockPublicPolicy=false \
                IgnorePublicAcls=false RestrictPublicBuckets=false";
    assert_eq!(value(block, "ct.info").as_deref(), Some(line));
    let service = r#"{"userIdentity":{"type":"AWSService","invokedBy":"s"},"sourceIPAddress":"s","eventName":"HeadBucket",
        "requestParameters":{"bucketName":"b"}}"#;
    assert_eq!(value(service, "ct.info").as_deref(), Some("s ← HeadBucket Bucket=b"));
    assert_eq!(value("{}", "ct.info").as_deref(), Some("<invalid cloudtrail event: userIdentity field missing>"));
}
