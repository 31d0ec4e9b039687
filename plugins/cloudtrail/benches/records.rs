//! What it costs to take the records out of a log file of 1,000: found, checked, with the notes for the fields made, their
//! times read; and to read fields that rules ask for.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lanner_cloudtrail::extract::texts;
use lanner_cloudtrail::fields::FIELDS;
use lanner_cloudtrail::record::read;
use lanner_intake::cloud::MAX_RECORD;
use lanner_intake::split::{Piece, Splitter};
use lanner_json::{Tape, forget_ahead};

const RECORDS: usize = 1000;

/// A call that starts a machine, as CloudTrail writes it; about 1.7 kB.
fn record(number: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.10","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE:deploy-{number}","arn":"arn:aws:sts::111122223333:assumed-role/deployer/deploy-{number}","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/deployer","accountId":"111122223333","userName":"deployer"}},"attributes":{{"creationDate":"2026-03-01T09:58:11Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-03-01T10:{:02}:{:02}Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.24","userAgent":"aws-cli/2.15.0 Python/3.11.6 Linux/6.1.0 exe/x86_64","requestParameters":{{"instancesSet":{{"items":[{{"imageId":"ami-0abcdef1234567890","minCount":1,"maxCount":1}}]}},"instanceType":"m6i.large","subnetId":"subnet-0123456789abcdef0","monitoring":{{"enabled":false}},"tagSpecificationSet":{{"items":[{{"resourceType":"instance","tags":[{{"key":"Name","value":"shop-{number}"}}]}}]}}}},"responseElements":{{"requestId":"5fd1f1a4-e1c2-4f0f-9d0a-{number:012x}","reservationId":"r-0123456789abcdef0","ownerId":"111122223333","instancesSet":{{"items":[{{"instanceId":"i-0123456789abcdef0","imageId":"ami-0abcdef1234567890","instanceState":{{"code":0,"name":"pending"}},"privateIpAddress":"10.20.4.17","subnetId":"subnet-0123456789abcdef0"}}]}}}},"requestID":"5fd1f1a4-e1c2-4f0f-9d0a-{number:012x}","eventID":"0e8d5bb4-2d6f-4c0e-8a37-{number:012x}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.eu-west-1.amazonaws.com"}}}}"#,
        number / 60 % 60,
        number % 60
    )
}

fn records(c: &mut Criterion) {
    let file = format!(r#"{{"Records":[{}]}}"#, (0..RECORDS).map(record).collect::<Vec<_>>().join(","));
    let mut group = c.benchmark_group("cloudtrail");
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("file_of_1000", |b| {
        b.iter(|| {
            forget_ahead();
            let mut events = 0;
            let mut splitter = Splitter::new("Records", MAX_RECORD);
            let mut take = |piece: Piece<'_>| {
                if let Piece::Item(item) = piece {
                    black_box(&read(item, 1 << 20).expect("it is an event"));
                    events += 1;
                }
            };
            file.as_bytes().chunks(64 << 10).for_each(|chunk| splitter.feed(chunk, &mut take));
            splitter.finish(&mut take);
            assert_eq!(events, RECORDS);
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("all_fields", |b| {
        let (mut tape, record) = (Tape::default(), record(1));
        let event = tape.parse(record.as_bytes()).expect("it is JSON");
        b.iter(|| {
            for field in FIELDS {
                texts(event, field.rule, None, &mut |text| {
                    black_box(text);
                });
            }
        });
    });
    group.finish();
}

criterion_group!(benches, records);
criterion_main!(benches);
