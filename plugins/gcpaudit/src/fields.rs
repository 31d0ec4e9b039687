//! The 25 fields: one entry a field. Extraction reads the rule; `get_fields` and the documentation read the rest.
//!
//! Names and types are those of Falco's gcpaudit plugin 0.8, so that its rule files work here.

use lanner_plugin_api::raw::FieldType;
use lanner_plugin_api::sdk::{ArgSpec, FieldDef, FieldFlags};

use crate::extract::{Rule, USER};

/// One field; all are texts.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name as rules write it.
    pub name: &'static str,
    /// Where the value comes from.
    pub rule: Rule,
    /// Short name for people.
    pub display: &'static str,
    /// One line for `--list`.
    pub desc: &'static str,
    /// Where the field is suggested or left out.
    pub flags: FieldFlags,
}

impl Field {
    const fn new(name: &'static str, rule: Rule, display: &'static str, desc: &'static str) -> Self {
        Self { name, rule, display, desc, flags: FieldFlags::empty() }
    }

    const fn flagged(self, flags: FieldFlags) -> Self {
        Self { flags, ..self }
    }

    /// The field as the plugin API describes it.
    #[must_use]
    pub fn def(&self) -> FieldDef {
        FieldDef {
            name: self.name,
            display: self.display,
            desc: self.desc,
            flags: self.flags,
            ty: FieldType::STRING,
            list: false,
            arg: ArgSpec::NONE,
            ..FieldDef::EMPTY
        }
    }
}

const CONVERSATION: FieldFlags = FieldFlags::CONVERSATION;

/// All fields; a field's id in the plugin ABI is its place here.
pub const FIELDS: &[Field] = &[
    Field::new("gcp.user", USER, "User", "who made the request: address of the account, else its subject")
        .flagged(CONVERSATION),
    Field::new(
        "gcp.callerIP",
        Rule::Path(&["protoPayload", "requestMetadata", "callerIp"]),
        "Caller IP",
        "address that the request came from",
    )
    .flagged(CONVERSATION),
    Field::new(
        "gcp.userAgent",
        Rule::Path(&["protoPayload", "requestMetadata", "callerSuppliedUserAgent"]),
        "User Agent",
        "program that made the request, as it says itself",
    ),
    Field::new(
        "gcp.authorizationInfo",
        Rule::Path(&["protoPayload", "authorizationInfo"]),
        "Authorization Info",
        "permissions that were checked, on which resource and whether granted, as JSON",
    ),
    Field::new(
        "gcp.serviceName",
        Rule::Path(&["protoPayload", "serviceName"]),
        "Service Name",
        "service that got the request, such as storage.googleapis.com",
    ),
    Field::new(
        "gcp.policyDelta",
        Rule::First(&[
            &["protoPayload", "serviceData", "policyDelta", "bindingDeltas"],
            &["protoPayload", "metadata", "datasetChange", "bindingDeltas"],
        ]),
        "Policy",
        "roles that the request gave to or took from members, as JSON",
    ),
    Field::new("gcp.request", Rule::Path(&["protoPayload", "request"]), "Request", "the request as JSON"),
    Field::new(
        "gcp.methodName",
        Rule::Path(&["protoPayload", "methodName"]),
        "Method",
        "method that was called, such as storage.buckets.delete",
    ),
    Field::new(
        "gcp.cloudfunctions.function",
        Rule::Label("function_name"),
        "Function Name",
        "name of the cloud function",
    ),
    Field::new("gcp.cloudsql.databaseId", Rule::Label("database_id"), "Database ID", "instance of Cloud SQL"),
    Field::new("gcp.compute.instanceId", Rule::Label("instance_id"), "Instance ID", "number of the virtual machine"),
    Field::new("gcp.compute.networkId", Rule::Label("network_id"), "Network ID", "number of the network"),
    Field::new("gcp.compute.subnetwork", Rule::Label("subnetwork_name"), "Subnetwork Name", "name of the subnetwork"),
    Field::new("gcp.compute.subnetworkId", Rule::Label("subnetwork_id"), "Subnetwork ID", "number of the subnetwork"),
    Field::new("gcp.dns.zone", Rule::Label("zone_name"), "DNS Zone", "name of the DNS zone"),
    Field::new("gcp.iam.serviceAccount", Rule::Label("email_id"), "Service Account", "address of the service account"),
    Field::new(
        "gcp.iam.serviceAccountId",
        Rule::Label("unique_id"),
        "Service Account ID",
        "number of the service account",
    ),
    Field::new("gcp.location", Rule::Location, "Location", "location or region of the resource"),
    Field::new("gcp.logging.sink", Rule::Sink, "Sink", "name of the log sink"),
    Field::new("gcp.projectId", Rule::Label("project_id"), "Project ID", "project of the resource"),
    Field::new(
        "gcp.resourceName",
        Rule::Path(&["protoPayload", "resourceName"]),
        "Resource Name",
        "what the request is about, such as projects/_/buckets/b",
    ),
    Field::new(
        "gcp.resourceType",
        Rule::Path(&["resource", "type"]),
        "Resource Type",
        "kind of the resource, such as gcs_bucket",
    ),
    Field::new(
        "gcp.resourceLabels",
        Rule::Path(&["resource", "labels"]),
        "Resource Labels",
        "all labels of the resource as JSON",
    ),
    Field::new("gcp.storage.bucket", Rule::Label("bucket_name"), "Bucket Name", "name of the bucket"),
    Field::new("gcp.time", Rule::Path(&["timestamp"]), "Timestamp of the event", "time of the event as text"),
];
