//! Values of the fields on entries of the shape that Google documents.

use lanner_json::Tape;

use super::text;
use crate::fields::FIELDS;

fn value(json: &str, name: &str) -> Option<String> {
    let mut tape = Tape::default();
    let entry = tape.parse(json.as_bytes()).unwrap();
    let rule = FIELDS.iter().find(|field| field.name == name).expect(name).rule;
    text(entry, rule).map(std::borrow::Cow::into_owned)
}

const PUBLIC: &str = r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","status":{},
    "authenticationInfo":{"principalEmail":"alice@example.com"},
    "requestMetadata":{"callerIp":"203.0.113.7","callerSuppliedUserAgent":"gcloud/470"},
    "serviceName":"storage.googleapis.com","methodName":"storage.setIamPermissions",
    "authorizationInfo":[{"resource":"projects/_/buckets/b","permission":"storage.buckets.setIamPolicy","granted":true}],
    "resourceName":"projects/_/buckets/b","request":{ "a": 1 },
    "serviceData":{"@type":"type.googleapis.com/google.iam.v1.logging.AuditData","policyDelta":{"bindingDeltas":[
      {"action": "ADD", "role": "roles/storage.objectViewer", "member": "allUsers"}]}}},
    "insertId":"x","resource":{"type":"gcs_bucket","labels":{"bucket_name":"b","project_id":"p", "location":"eu"}},
    "timestamp":"2026-03-01T10:00:00.123456789Z","severity":"NOTICE",
    "logName":"projects/p/logs/cloudaudit.googleapis.com%2Factivity"}"#;

#[test]
fn there_are_25_fields_with_distinct_names() {
    let names: std::collections::BTreeSet<_> = FIELDS.iter().map(|field| field.name).collect();
    assert_eq!((names.len(), FIELDS.len()), (25, 25));
    assert!(FIELDS.iter().all(|field| !field.desc.is_empty() && !field.display.is_empty()));
}

#[test]
fn paths_give_strings_and_json() {
    let is = |name, expected: &str| assert_eq!(value(PUBLIC, name).as_deref(), Some(expected), "{name}");
    is("gcp.user", "alice@example.com");
    is("gcp.callerIP", "203.0.113.7");
    is("gcp.userAgent", "gcloud/470");
    is("gcp.serviceName", "storage.googleapis.com");
    is("gcp.methodName", "storage.setIamPermissions");
    is("gcp.resourceName", "projects/_/buckets/b");
    is("gcp.resourceType", "gcs_bucket");
    is("gcp.resourceLabels", r#"{"bucket_name":"b","project_id":"p","location":"eu"}"#);
    is("gcp.projectId", "p");
    is("gcp.storage.bucket", "b");
    is("gcp.time", "2026-03-01T10:00:00.123456789Z");
    is("gcp.request", r#"{"a":1}"#);
    let checked = r#"[{"resource":"projects/_/buckets/b","permission":"storage.buckets.setIamPolicy","granted":true}]"#;
    is("gcp.authorizationInfo", checked);
    assert_eq!(value(PUBLIC, "gcp.compute.instanceId"), None);
    assert_eq!(value(r#"{"protoPayload":{"request":null}}"#, "gcp.request"), None, "null is no value");
}

#[test]
fn changes_of_policies_wherever_they_stand() {
    let delta = r#"[{"action":"ADD","role":"roles/storage.objectViewer","member":"allUsers"}]"#;
    assert_eq!(value(PUBLIC, "gcp.policyDelta").as_deref(), Some(delta));
    // Not of buckets alone.
    assert_eq!(value(&PUBLIC.replace("gcs_bucket", "project"), "gcp.policyDelta").as_deref(), Some(delta));
    let dataset = format!(r#"{{"protoPayload":{{"metadata":{{"datasetChange":{{"bindingDeltas":{delta}}}}}}}}}"#);
    assert_eq!(value(&dataset, "gcp.policyDelta").as_deref(), Some(delta));
    assert_eq!(value(r#"{"protoPayload":{"serviceData":{}}}"#, "gcp.policyDelta"), None);
}

#[test]
fn users_without_an_address_have_a_subject() {
    let pool = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s";
    let json = format!(r#"{{"protoPayload":{{"authenticationInfo":{{"principalSubject":"{pool}"}}}}}}"#);
    assert_eq!(value(&json, "gcp.user").as_deref(), Some(pool));
}

#[test]
fn labels_of_resources() {
    let labels = r#"{"resource":{"type":"x","labels":{"function_name":"f","database_id":"d","instance_id":"i","network_id":"n",
        "subnetwork_name":"s","subnetwork_id":"t","zone_name":"z","email_id":"e","unique_id":"u"}}}"#;
    for (name, expected) in [
        ("gcp.cloudfunctions.function", "f"),
        ("gcp.cloudsql.databaseId", "d"),
        ("gcp.compute.instanceId", "i"),
        ("gcp.compute.networkId", "n"),
        ("gcp.compute.subnetwork", "s"),
        ("gcp.compute.subnetworkId", "t"),
        ("gcp.dns.zone", "z"),
        ("gcp.iam.serviceAccount", "e"),
        ("gcp.iam.serviceAccountId", "u"),
    ] {
        assert_eq!(value(labels, name).as_deref(), Some(expected), "{name}");
    }
    let sink = |kind: &str| format!(r#"{{"resource":{{"type":"{kind}","labels":{{"name":"audit"}}}}}}"#);
    assert_eq!(value(&sink("logging_sink"), "gcp.logging.sink").as_deref(), Some("audit"));
    assert_eq!(value(&sink("topic"), "gcp.logging.sink"), None);
}

#[test]
fn locations_by_what_the_labels_say() {
    let location = |labels: &str| value(&format!(r#"{{"resource":{{"labels":{{{labels}}}}}}}"#), "gcp.location");
    assert_eq!(location(r#""location":"eu","region":"r""#).as_deref(), Some("eu"));
    assert_eq!(location(r#""location":"","region":"us-east1","zone":"us-east1-b""#).as_deref(), Some("us-east1"));
    assert_eq!(location(r#""zone":"us-central1-a""#).as_deref(), Some("us-central1"));
    assert_eq!(location(r#""zone":"global""#).as_deref(), Some("global"));
    assert_eq!(location(r#""zone":"""#), None);
}
