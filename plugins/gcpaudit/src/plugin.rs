//! What is Google Cloud's own of a plugin for a cloud, and the plugin without a client for Pub/Sub.

use std::ffi::CStr;

use lanner_intake::cloud::{Cloud, Count, Limits, No, Place};
use lanner_intake::{cloud_plugin, record::Event};
use lanner_json::Value;
use lanner_plugin_api::sdk::{Error, FieldDef, FieldRequest, ValueSink};

use crate::config::Config;
use crate::entry::{self, PAYLOAD};
use crate::extract::text;
use crate::fields::{FIELDS, Field};
use crate::place::{Subscription, named, no_remote};

impl Cloud for Config {
    const NAME: &'static CStr = c"gcpaudit";
    const DESCRIPTION: &'static CStr = c"Events of the audit log of Google Cloud";
    const VERSION: &'static CStr = c"0.8.1";
    const ID: u32 = 12;
    const SOURCE: &'static CStr = c"gcp_auditlog";
    const SOURCES: &'static [&'static str] = &["gcp_auditlog"];
    const COUNTS: &'static [Count] = &[
        Count::Events,
        Count::Repaired,
        Count::Files,
        Count::FilesFailed,
        Count::Messages,
        Count::Acked,
        Count::AcksFailed,
        Count::Returned,
        Count::Poison,
        Count::Redelivered,
        Count::StreamsReopened,
        Count::Unreachable,
    ];
    // As the API answers to a search. Sinks write a line an entry, and `gcloud logging read --format=json` a list.
    const LIST: &'static str = "entries";
    const ENDINGS: &'static [&'static str] = &[".json", ".json.gz", ".jsonl", ".jsonl.gz"];
    const INNER: Option<&'static str> = Some(PAYLOAD);
    const OPEN_PARAMS: &'static [(&'static str, &'static str)] = &[
        ("falco", "a subscription of Pub/Sub that a log sink feeds, in the project project_id"),
        ("projects/my-project/subscriptions/falco", "the same with its project"),
        ("/var/log/gcp", "a file of log entries (json, jsonl, plain or gzip), or a folder of them, read once"),
    ];
    type Remote = Subscription;

    fn limits(&self) -> Limits<'_> {
        Limits {
            max_event: self.max_event_size as usize,
            max_expanded: self.max_expanded_size,
            position: &self.state_file,
            quarantine: self.quarantine.as_ref(),
        }
    }

    fn fields() -> Vec<FieldDef> {
        FIELDS.iter().map(Field::def).collect()
    }

    fn extract(event: Value<'_>, req: &FieldRequest<'_>, out: &mut ValueSink<'_>) {
        if let Some(value) = FIELDS.get(req.id as usize).and_then(|field| text(event, field.rule)) {
            out.str(&value);
        }
    }

    fn line(event: Value<'_>) -> Option<String> {
        Some(event.text().into_owned())
    }

    fn read(record: &[u8], max: usize) -> Result<Event<'_>, No> {
        entry::read(record, max).map_err(No::Rejected)
    }

    fn read_first(text: &str, max: usize, list: Option<&str>) -> Option<(usize, u64)> {
        entry::read_first(text, max, list)
    }

    fn place(&self, params: &str) -> Result<Place<Subscription>, Error> {
        named(params, &self.project_id).map_err(Error::other)
    }
}

cloud_plugin! {
    /// The built-in plugin: all fields, files and folders of log entries.
    GcpAudit, Config, no_remote
}
