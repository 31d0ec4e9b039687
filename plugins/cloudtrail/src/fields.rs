//! The 73 fields: one entry a field. Extraction reads the rule; `get_fields` and the documentation read the rest.
//!
//! Names, types and arguments are those of Falco's cloudtrail plugin 0.17, so that its rule files work here.

use lanner_plugin_api::raw::FieldType;
use lanner_plugin_api::sdk::{ArgSpec, FieldDef, FieldFlags};

use crate::extract::{Rule, S3Op};

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name as rules write it.
    pub name: &'static str,
    /// Where the value comes from; it decides type, list-ness and argument too.
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
        let list = matches!(self.rule, Rule::Images);
        FieldDef {
            name: self.name,
            display: self.display,
            desc: self.desc,
            flags: self.flags,
            ty: if self.rule.is_number() { FieldType::UINT64 } else { FieldType::STRING },
            list,
            arg: ArgSpec { index: list, ..ArgSpec::NONE },
            ..FieldDef::EMPTY
        }
    }
}

const CONVERSATION: FieldFlags = FieldFlags::CONVERSATION;
const HIDDEN: FieldFlags = FieldFlags::TABLE_ONLY;

/// All fields; a field's id in the plugin ABI is its place here.
pub const FIELDS: &[Field] = &[
    Field::new("ct.id", Rule::Path(&["eventID"]), "Event ID", "unique id of the event"),
    Field::new("ct.error", Rule::Path(&["errorCode"]), "Error Code", "error code; no value if the call succeeded"),
    Field::new("ct.errormessage", Rule::Path(&["errorMessage"]), "Error Message", "what the error is"),
    Field::new("ct.time", Rule::Path(&["eventTime"]), "Timestamp", "time of the event as text").flagged(HIDDEN),
    Field::new(
        "ct.src",
        Rule::Path(&["eventSource"]),
        "AWS Service",
        "service that got the request, such as ec2.amazonaws.com",
    ),
    Field::new("ct.shortsrc", Rule::ShortSource, "AWS Service", "service that got the request, without .amazonaws.com"),
    Field::new("ct.name", Rule::Path(&["eventName"]), "Event Name", "name of the call, such as RunInstances"),
    Field::new(
        "ct.user",
        Rule::User,
        "User Name",
        "who made the request: a user's name, of an assumed role the role's name, of a service its address",
    )
    .flagged(CONVERSATION),
    Field::new(
        "ct.originaluser",
        Rule::OriginalUser,
        "Original User Name",
        "of an assumed role the name of the session, else the user's name",
    ),
    Field::new(
        "ct.user.accountid",
        Rule::AccountId,
        "User Account ID",
        "account of who made the request, else the account that got the event",
    ),
    Field::new(
        "ct.user.identitytype",
        Rule::Path(&["userIdentity", "type"]),
        "User Identity Type",
        "kind of identity, such as Root, IAMUser, AssumedRole",
    ),
    Field::new(
        "ct.user.principalid",
        Rule::Path(&["userIdentity", "principalId"]),
        "User Principal Id",
        "unique id of who made the request",
    ),
    Field::new(
        "ct.user.arn",
        Rule::Path(&["userIdentity", "arn"]),
        "User ARN",
        "resource name of who made the request",
    ),
    Field::new("ct.region", Rule::Path(&["awsRegion"]), "Region", "region that got the request"),
    Field::new(
        "ct.response.subnetid",
        Rule::Path(&["responseElements", "subnetId"]),
        "Response Subnet ID",
        "subnet in the response",
    ),
    Field::new(
        "ct.response.reservationid",
        Rule::Path(&["responseElements", "reservationId"]),
        "Response Reservation ID",
        "reservation in the response",
    ),
    Field::new("ct.response", Rule::Path(&["responseElements"]), "Response Elements", "the whole response as JSON"),
    Field::new(
        "ct.request.availabilityzone",
        Rule::Path(&["requestParameters", "availabilityZone"]),
        "Request Availability Zone",
        "availability zone in the request",
    ),
    Field::new(
        "ct.request.cluster",
        Rule::Path(&["requestParameters", "cluster"]),
        "Request Cluster",
        "cluster in the request",
    ),
    Field::new(
        "ct.request.functionname",
        Rule::Path(&["requestParameters", "functionName"]),
        "Request Function Name",
        "function in the request",
    ),
    Field::new(
        "ct.request.groupname",
        Rule::Path(&["requestParameters", "groupName"]),
        "Request Group Name",
        "group in the request",
    ),
    Field::new(
        "ct.request.host",
        Rule::Path(&["requestParameters", "Host"]),
        "Request Host Name",
        "host of the request",
    ),
    Field::new(
        "ct.request.name",
        Rule::Path(&["requestParameters", "name"]),
        "Request Name",
        "name of what the request is about",
    ),
    Field::new(
        "ct.request.policy",
        Rule::Path(&["requestParameters", "policy"]),
        "Request Policy",
        "policy in the request",
    ),
    Field::new(
        "ct.request.reason",
        Rule::Path(&["requestParameters", "reason"]),
        "Request Reason",
        "reason in the request",
    ),
    Field::new(
        "ct.request.target",
        Rule::Path(&["requestParameters", "target"]),
        "Request Target",
        "target of the request",
    ),
    Field::new(
        "ct.request.documentname",
        Rule::Path(&["requestParameters", "documentName"]),
        "Request Document Name",
        "document in the request",
    ),
    Field::new(
        "ct.request.serialnumber",
        Rule::Path(&["requestParameters", "serialNumber"]),
        "Request Serial Number",
        "serial number in the request",
    ),
    Field::new(
        "ct.request.servicename",
        Rule::Path(&["requestParameters", "serviceName"]),
        "Request Service",
        "service in the request",
    ),
    Field::new(
        "ct.request.subnetid",
        Rule::Path(&["requestParameters", "subnetId"]),
        "Request Subnet ID",
        "subnet in the request",
    ),
    Field::new(
        "ct.request.taskdefinition",
        Rule::Path(&["requestParameters", "taskDefinition"]),
        "Request Task Definition",
        "task definition in the request",
    ),
    Field::new(
        "ct.request.username",
        Rule::Path(&["requestParameters", "userName"]),
        "Request User Name",
        "user in the request",
    ),
    Field::new(
        "ct.request",
        Rule::Path(&["requestParameters"]),
        "Request Parameters",
        "all parameters of the request as JSON",
    ),
    Field::new(
        "ct.srcip",
        Rule::Path(&["sourceIPAddress"]),
        "Source IP",
        "address that the request came from, or the name of an AWS service",
    )
    .flagged(CONVERSATION),
    Field::new("ct.useragent", Rule::Path(&["userAgent"]), "User Agent", "program that made the request"),
    Field::new("ct.info", Rule::Info, "Info", "the event in one line: who, from where, the call, what it is about")
        .flagged(FieldFlags::INFO),
    Field::new(
        "ct.managementevent",
        Rule::Path(&["managementEvent"]),
        "Management Event",
        "true for a management event, false for a data event",
    ),
    Field::new(
        "ct.readonly",
        Rule::ReadOnly,
        "Read Only",
        "true if the call only reads; by its name if the event does not say",
    ),
    Field::new("ct.requestid", Rule::Path(&["requestID"]), "Request ID", "id of the request"),
    Field::new(
        "ct.eventtype",
        Rule::Path(&["eventType"]),
        "Event Type",
        "kind of event, such as AwsApiCall or AwsConsoleSignIn",
    ),
    Field::new("ct.apiversion", Rule::Path(&["apiVersion"]), "API Version", "version of the service's API"),
    Field::new("ct.resources", Rule::Resources, "Resources", "resources of the event, each as JSON, joined by commas"),
    Field::new(
        "ct.recipientaccountid",
        Rule::Path(&["recipientAccountId"]),
        "Recipient Account Id",
        "account that got the event",
    ),
    Field::new(
        "ct.serviceeventdetails",
        Rule::Path(&["serviceEventDetails"]),
        "Service Event Details",
        "what triggered an event of a service, and what came of it, as JSON",
    ),
    Field::new(
        "ct.sharedeventid",
        Rule::Path(&["sharedEventID"]),
        "Shared Event ID",
        "id that the same event has in other accounts",
    ),
    Field::new(
        "ct.vpcendpointid",
        Rule::Path(&["vpcEndpointId"]),
        "VPC Endpoint ID",
        "VPC endpoint that the request went through",
    ),
    Field::new(
        "ct.eventcategory",
        Rule::Path(&["eventCategory"]),
        "Event Category",
        "category: Management, Data, NetworkActivity or Insight",
    ),
    Field::new(
        "ct.addendum.reason",
        Rule::Path(&["addendum", "reason"]),
        "Reason",
        "why the event or a part of it comes late or was missing",
    ),
    Field::new(
        "ct.addendum.updatedfields",
        Rule::Path(&["addendum", "updatedFields"]),
        "Updated Fields",
        "fields that the addendum updates",
    ),
    Field::new(
        "ct.addendum.originalrequestid",
        Rule::Path(&["addendum", "originalRequestID"]),
        "Original Request ID",
        "request id of the event that is updated",
    ),
    Field::new(
        "ct.addendum.originaleventid",
        Rule::Path(&["addendum", "originalEventID"]),
        "Original Event ID",
        "id of the event that is updated",
    ),
    Field::new(
        "ct.sessioncredentialfromconsole",
        Rule::Path(&["sessionCredentialFromConsole"]),
        "Session Credential From Console",
        "true if the request came out of a session of the console",
    ),
    Field::new(
        "ct.edgedevicedetails",
        Rule::Path(&["edgeDeviceDetails"]),
        "Edge Device Details",
        "edge devices that the request is for, as JSON",
    ),
    Field::new(
        "ct.tlsdetails.tlsversion",
        Rule::Path(&["tlsDetails", "tlsVersion"]),
        "TLS Version",
        "TLS version of the request",
    ),
    Field::new(
        "ct.tlsdetails.ciphersuite",
        Rule::Path(&["tlsDetails", "cipherSuite"]),
        "TLS Cipher Suite",
        "cipher suite of the request",
    ),
    Field::new(
        "ct.tlsdetails.clientprovidedhostheader",
        Rule::Path(&["tlsDetails", "clientProvidedHostHeader"]),
        "Client Provided Host Header",
        "host that the client asked for",
    ),
    Field::new(
        "ct.additionaleventdata",
        Rule::Path(&["additionalEventData"]),
        "Additional Event Data",
        "what does not belong to request or response, as JSON",
    ),
    Field::new("s3.uri", Rule::S3Uri, "Key URI", "bucket and key of an S3 event as s3://bucket/key")
        .flagged(CONVERSATION),
    Field::new("s3.bucket", Rule::Path(&["requestParameters", "bucketName"]), "Bucket Name", "bucket of an S3 event")
        .flagged(CONVERSATION),
    Field::new("s3.key", Rule::Path(&["requestParameters", "key"]), "Key Name", "key of an S3 event"),
    Field::new(
        "s3.bytes",
        Rule::S3Bytes { uploaded: true, downloaded: true },
        "Total Bytes",
        "bytes that an S3 upload or download moved",
    ),
    Field::new("s3.bytes.in", Rule::S3Bytes { uploaded: true, downloaded: false }, "Bytes In", "bytes of an S3 upload")
        .flagged(HIDDEN),
    Field::new(
        "s3.bytes.out",
        Rule::S3Bytes { uploaded: false, downloaded: true },
        "Bytes Out",
        "bytes of an S3 download",
    )
    .flagged(HIDDEN),
    Field::new("s3.cnt.get", Rule::S3Count(S3Op::Get), "N Get Ops", "1 for GetObject, else 0").flagged(HIDDEN),
    Field::new("s3.cnt.put", Rule::S3Count(S3Op::Put), "N Put Ops", "1 for PutObject, else 0").flagged(HIDDEN),
    Field::new("s3.cnt.other", Rule::S3Count(S3Op::Other), "N Other Ops", "0 for GetObject and PutObject, else 1")
        .flagged(HIDDEN),
    Field::new("ec2.name", Rule::InstanceName, "Instance Name", "tag Name of the instances that are started"),
    Field::new(
        "ec2.imageid",
        Rule::FirstImage,
        "Image Id",
        "image of the first instance; older form of ec2.imageids[0]",
    ),
    Field::new("ec2.imageids", Rule::Images, "Image Ids", "images of all instances, or of the one with this index"),
    Field::new(
        "ecr.repository",
        Rule::Path(&["requestParameters", "repositoryName"]),
        "ECR Repository name",
        "repository of images in the request",
    ),
    Field::new(
        "ecr.imagetag",
        Rule::Path(&["requestParameters", "imageTag"]),
        "Image Tag",
        "tag of the image in the request",
    ),
    Field::new("iam.role", Rule::Path(&["requestParameters", "roleName"]), "IAM Role", "role in the request"),
    Field::new("iam.policy", Rule::Path(&["requestParameters", "policyName"]), "IAM Policy", "policy in the request"),
];
