//! What it costs to take the events out of a body: checked, with the notes for the fields made, their times read.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lanner_intake::Rejects;
use lanner_json::forget_ahead;
use lanner_k8saudit::payload::Payload;
use lanner_plugin_api::sdk::Log;

/// An event with a pod of as many containers as make it about so many bytes.
fn event(bytes: usize) -> String {
    let container = r#"{"name":"cart","image":"registry.example.com:5000/shop/cart:1.42.0","ports":[{"containerPort":8080,"protocol":"TCP"}],"env":[{"name":"LOG_LEVEL","value":"info"},{"name":"REGION","value":"eu-central-1"}],"resources":{"limits":{"cpu":"500m","memory":"256Mi"}},"securityContext":{"runAsUser":1000,"allowPrivilegeEscalation":false}}"#;
    let count = (bytes.saturating_sub(700) / container.len()).max(1);
    let containers = vec![container; count].join(",");
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"5a7cf7e2-8c2f-4d1a-9a35-1f0e5d3c2b1a","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods","verb":"create","user":{{"username":"system:serviceaccount:ci:deployer","groups":["system:serviceaccounts","system:authenticated"]}},"sourceIPs":["10.20.4.17"],"userAgent":"kubectl/v1.33.1","objectRef":{{"resource":"pods","namespace":"shop","name":"cart"}},"responseStatus":{{"code":201}},"requestObject":{{"kind":"Pod","spec":{{"containers":[{containers}]}}}},"stageTimestamp":"2026-11-21T10:00:00.134567Z"}}"#
    )
}

fn payload(c: &mut Criterion) {
    let rejects = Rejects::new(Log::silent(), None).expect("no folder");
    let mut group = c.benchmark_group("k8s_payload");
    for kilobytes in [1, 2, 10, 50] {
        let count = 100;
        let body = format!(r#"{{"kind":"EventList","items":[{}]}}"#, vec![event(kilobytes * 1000); count].join(","));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{kilobytes}kB"), |b| {
            b.iter(|| {
                forget_ahead();
                let mut payload = Payload::new(body.clone().into_bytes(), 1 << 20);
                let mut events = 0;
                while let Some(event) = payload.next(&rejects, &"bench") {
                    black_box(&event);
                    events += 1;
                }
                assert_eq!(events, count);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, payload);
criterion_main!(benches);
