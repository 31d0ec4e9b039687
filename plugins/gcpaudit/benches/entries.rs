//! What it costs to take log entries out of a file of lines, or out of messages one by one.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lanner_gcpaudit::entry::read;
use lanner_gcpaudit::extract::text;
use lanner_gcpaudit::fields::FIELDS;
use lanner_intake::cloud::MAX_RECORD;
use lanner_intake::split::{Piece, Splitter};
use lanner_json::{Tape, forget_ahead};

const ENTRIES: usize = 1000;

/// A change of a bucket's rights, as the audit log has it; about 1.6 kB.
fn entry(number: usize) -> String {
    format!(
        r#"{{"protoPayload":{{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","status":{{}},"authenticationInfo":{{"principalEmail":"deployer@my-project.iam.gserviceaccount.com","serviceAccountKeyName":"//iam.googleapis.com/projects/my-project/serviceAccounts/deployer@my-project.iam.gserviceaccount.com/keys/0123456789abcdef"}},"requestMetadata":{{"callerIp":"203.0.113.24","callerSuppliedUserAgent":"google-cloud-sdk gcloud/470.0.0 command/gcloud.storage.buckets.add-iam-policy-binding","requestAttributes":{{"time":"2026-03-01T10:00:00.123456789Z","auth":{{}}}},"destinationAttributes":{{}}}},"serviceName":"storage.googleapis.com","methodName":"storage.setIamPermissions","authorizationInfo":[{{"resource":"projects/_/buckets/ledger-{number}","permission":"storage.buckets.setIamPolicy","granted":true,"resourceAttributes":{{}}}}],"resourceName":"projects/_/buckets/ledger-{number}","serviceData":{{"@type":"type.googleapis.com/google.iam.v1.logging.AuditData","policyDelta":{{"bindingDeltas":[{{"action":"ADD","role":"roles/storage.objectViewer","member":"group:readers@example.com"}}]}}}},"resourceLocation":{{"currentLocations":["europe-west1"]}}}},"insertId":"event-{number}","resource":{{"type":"gcs_bucket","labels":{{"location":"europe-west1","bucket_name":"ledger-{number}","project_id":"my-project"}}}},"timestamp":"2026-03-01T10:{:02}:{:02}.250Z","severity":"NOTICE","logName":"projects/my-project/logs/cloudaudit.googleapis.com%2Factivity","receiveTimestamp":"2026-03-01T10:00:01.118Z"}}"#,
        number / 60 % 60,
        number % 60
    )
}

fn entries(c: &mut Criterion) {
    let all: Vec<String> = (0..ENTRIES).map(entry).collect();
    let file = all.join("\n");
    let mut group = c.benchmark_group("gcpaudit");
    group.throughput(Throughput::Elements(ENTRIES as u64));
    group.bench_function("file_of_1000", |b| {
        b.iter(|| {
            forget_ahead();
            let mut events = 0;
            let mut splitter = Splitter::new("entries", MAX_RECORD);
            let mut take = |piece: Piece<'_>| {
                if let Piece::Item(item) = piece {
                    black_box(&read(item, 1 << 20).expect("it is an event"));
                    events += 1;
                }
            };
            file.as_bytes().chunks(64 << 10).for_each(|chunk| splitter.feed(chunk, &mut take));
            splitter.finish(&mut take);
            assert_eq!(events, ENTRIES);
        });
    });
    group.bench_function("messages", |b| {
        b.iter(|| {
            forget_ahead();
            for entry in &all {
                black_box(&read(entry.as_bytes(), 1 << 20).expect("it is an event"));
            }
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("all_fields", |b| {
        let (mut tape, entry) = (Tape::default(), entry(1));
        let event = tape.parse(entry.as_bytes()).expect("it is JSON");
        b.iter(|| FIELDS.iter().for_each(|field| drop(black_box(text(event, field.rule)))));
    });
    group.finish();
}

criterion_group!(benches, entries);
criterion_main!(benches);
