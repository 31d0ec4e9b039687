//! What is CloudTrail's own of a plugin for a cloud, and the plugin without a client for AWS.

use std::ffi::CStr;

use lanner_intake::cloud::{Cloud, Count, Limits, No, Place};
use lanner_intake::{cloud_plugin, record::Event};
use lanner_json::Value;
use lanner_plugin_api::sdk::{Error, FieldDef, FieldRequest, ValueSink};

use crate::config::Config;
use crate::extract::{number, texts};
use crate::fields::{FIELDS, Field};
use crate::place::{Remote, no_remote, remote};
use crate::{info, record};

impl Cloud for Config {
    const NAME: &'static CStr = c"cloudtrail";
    const DESCRIPTION: &'static CStr = c"AWS CloudTrail events";
    const VERSION: &'static CStr = c"0.17.1";
    const ID: u32 = 2;
    const SOURCE: &'static CStr = c"aws_cloudtrail";
    const SOURCES: &'static [&'static str] = &["aws_cloudtrail"];
    const COUNTS: &'static [Count] = &[
        Count::Events,
        Count::Insights,
        Count::Repaired,
        Count::Files,
        Count::FilesFailed,
        Count::Messages,
        Count::Deleted,
        Count::Poison,
        Count::Returned,
        Count::Redelivered,
        Count::CallsFailed,
        Count::Repeated,
    ];
    const LIST: &'static str = "Records";
    const ENDINGS: &'static [&'static str] = &[".json", ".json.gz"];
    const INNER: Option<&'static str> = None;
    const OPEN_PARAMS: &'static [(&'static str, &'static str)] = &[
        ("/var/log/cloudtrail", "a log file (json, json.gz), or a folder of them, read once"),
        ("s3://bucket/AWSLogs/111122223333/", "the log files of a bucket, read once"),
        ("sqs://queue", "the log files that a queue announces, and events that EventBridge puts into it"),
        ("lookup://", "the event history of a region, over LookupEvents"),
    ];
    type Remote = Remote;

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
        let Some(field) = FIELDS.get(req.id as usize) else { return };
        if !field.rule.is_number() {
            texts(event, field.rule, req.arg.index, &mut |text| out.str(text));
        } else if let Some(number) = number(event, field.rule) {
            out.u64(number);
        }
    }

    fn line(event: Value<'_>) -> Option<String> {
        info::plugin_info(event)
    }

    fn read(record: &[u8], max: usize) -> Result<Event<'_>, No> {
        record::read(record, max)
    }

    fn read_first(text: &str, max: usize, list: Option<&str>) -> Option<(usize, u64)> {
        record::read_first(text, max, list)
    }

    fn place(&self, params: &str) -> Result<Place<Remote>, Error> {
        let remote = remote(params).map_err(Error::other)?;
        Ok(remote.map_or_else(|| Place::Files(params.into()), Place::Remote))
    }
}

cloud_plugin! {
    /// The built-in plugin: all fields, log files and folders of them.
    CloudTrail, Config, no_remote
}
