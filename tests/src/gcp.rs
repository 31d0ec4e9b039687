//! Log entries of Google Cloud for tests.

use serde_json::{Value, json};

use crate::cloud;

/// An entry as the audit log writes it: the `number`-th event of a project, a method of Cloud Storage.
#[must_use]
pub fn entry(method: &str, number: usize) -> Value {
    json!({
        "insertId": format!("event-{number}"),
        "logName": "projects/my-project/logs/cloudaudit.googleapis.com%2Factivity",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "authenticationInfo": {"principalEmail": "carol@example.com"},
            "authorizationInfo": [{
                "granted": true, "permission": "storage.buckets.delete", "resource": "projects/_/buckets/ledger",
                "resourceAttributes": {}
            }],
            "methodName": method,
            "requestMetadata": {
                "callerIp": "203.0.113.24", "callerSuppliedUserAgent": "google-cloud-sdk gcloud/470.0.0",
                "destinationAttributes": {}, "requestAttributes": {"auth": {}, "time": "2026-03-01T10:00:00Z"}
            },
            "resourceLocation": {"currentLocations": ["europe-west1"]},
            "resourceName": "projects/_/buckets/ledger",
            "serviceName": "storage.googleapis.com",
            "status": {}
        },
        "receiveTimestamp": "2026-03-01T12:00:00.5Z",
        "resource": {
            "labels": {"bucket_name": "ledger", "location": "europe-west1", "project_id": "my-project"},
            "type": "gcs_bucket"
        },
        "severity": "NOTICE",
        "timestamp": format!("2026-03-01T10:{:02}:{:02}.25Z", number / 60 % 60, number % 60)
    })
}

/// The ids of the entries that raised these alerts.
#[must_use]
pub fn ids(alerts: &[Value]) -> Vec<String> {
    cloud::ids(alerts, "json.value[/insertId]")
}

/// One rule, whose alerts [`ids`] reads.
pub const RULES: &str = "
- rule: Bucket deleted
  desc: A bucket is gone.
  condition: gcp.methodName = storage.buckets.delete
  output: '%gcp.user deleted %gcp.storage.bucket (id=%json.value[/insertId])'
  priority: NOTICE
  source: gcp_auditlog
";
