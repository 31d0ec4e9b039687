//! The plugin: configuration, fields, and a source of audit files.

use std::ffi::CStr;
use std::path::Path;
use std::sync::Arc;

use lanner_intake::{Reason, Rejects};
use lanner_json::{Document, forget_ahead};
use lanner_plugin_api::sdk::{
    ArgSpec, Batch, Error, EventInput, ExtractCx, ExtractRaw, FieldDef, FieldRequest, Init, Json, Log, Metrics, Next,
    OpenParam, Plugin, Progress, Source, SourceInstance, ValueSink,
};
use lanner_plugin_api::{export_plugin, raw};

use crate::extract::{Argument, extract};
use crate::fields::{Arg, FIELDS};
use crate::files::{Line, Lines};
use crate::payload::Payload;

/// Events of one batch; enough to make the crossing cheap, few enough to keep memory flat.
const BATCH: usize = 128;

/// Configuration.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Config {
    /// A PEM file with the certificate and the key of the webhook.
    #[serde(rename = "sslCertificate")]
    pub ssl_certificate: String,
    /// Was a switch of the Go implementation; has no effect.
    #[serde(rename = "useAsync")]
    pub use_async: bool,
    /// The largest event in bytes; a larger one is counted and passed over.
    #[serde(rename = "maxEventSize")]
    pub max_event_size: u64,
    /// The largest body of the webhook in bytes.
    #[serde(rename = "webhookMaxBatchSize")]
    pub webhook_max_batch_size: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ssl_certificate: "/etc/falco/falco.pem".to_owned(),
            use_async: true,
            max_event_size: 256 << 10,
            webhook_max_batch_size: 12 << 20,
        }
    }
}

/// The plugin.
pub struct K8sAudit {
    document: Document,
    config: Config,
    log: Log,
    rejects: Arc<Rejects>,
}

impl Plugin for K8sAudit {
    const NAME: &'static CStr = c"k8saudit";
    const DESCRIPTION: &'static CStr = c"Kubernetes audit events";
    const CONTACT: &'static CStr = c"https://github.com/lanner-security/lanner";
    const VERSION: &'static CStr = c"0.18.0";
    type Config = Json<Config>;

    fn new(init: &mut Init<'_>, Json(config): Self::Config) -> Result<Self, Error> {
        let rejects = Rejects::new(init.log(), None)?;
        Ok(Self { document: Document::default(), config, log: init.log(), rejects })
    }

    fn metrics(&mut self, out: &mut Metrics<'_>) {
        self.rejects.metrics(out);
    }
}

impl ExtractRaw for K8sAudit {
    const EVENT_TYPES: &'static [u16] = &[raw::PLUGINEVENT_E];
    const EVENT_SOURCES: &'static [&'static str] = &["k8s_audit"];

    fn field_defs() -> Vec<FieldDef> {
        let arg = |arg| match arg {
            Arg::None => ArgSpec::NONE,
            Arg::Index => ArgSpec { index: true, ..ArgSpec::NONE },
            Arg::Key => ArgSpec { key: true, required: true, ..ArgSpec::NONE },
        };
        FIELDS
            .iter()
            .map(|f| FieldDef { name: f.name, list: f.list, arg: arg(f.arg), desc: f.desc, ..FieldDef::EMPTY })
            .collect()
    }

    fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let Some(field) = FIELDS.get(req.id as usize) else { return false };
        let Some(event) = self.document.of(&cx.event) else { return false };
        let arg = Argument { key: req.arg.key_str(), index: req.arg.index };
        extract(event, field.rule, arg, &mut |text| out.str(text))
    }
}

/// What `open_params` can be.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("open_params is empty: name an audit file or a folder of audit files")]
    Empty,
    #[error("cannot open '{0}': the scheme is not supported; name an audit file or a folder of audit files")]
    Scheme(String),
}

/// An opened set of audit files.
pub struct AuditFiles {
    lines: Lines,
    payload: Option<Payload>,
}

impl Source for K8sAudit {
    const PLUGIN_ID: u32 = 1;
    const EVENT_SOURCE: &'static CStr = c"k8s_audit";
    type Instance = AuditFiles;

    fn open(&mut self, params: &str) -> Result<AuditFiles, Error> {
        let params = params.trim();
        if params.is_empty() {
            return Err(Error::other(OpenError::Empty));
        }
        if let Some((scheme, _)) = params.split_once("://") {
            return Err(Error::other(OpenError::Scheme(format!("{scheme}://…"))));
        }
        Ok(AuditFiles { lines: Lines::open(Path::new(params)).map_err(Error::other)?, payload: None })
    }

    fn list_open_params(&mut self) -> Result<Vec<OpenParam>, Error> {
        Ok(vec![OpenParam {
            value: "/var/log/kubernetes/audit".to_owned(),
            desc: "an audit file, or a folder of them, read once".to_owned(),
            separator: String::new(),
        }])
    }

    fn event_to_string(&mut self, event: &EventInput<'_>, out: &mut String) -> bool {
        let Some(event) = self.document.of(event) else { return false };
        let text = |path: &[&str]| event.at(path).map(|n| n.text().into_owned()).unwrap_or_default();
        *out = format!(
            "{} {} {}/{}",
            text(&["user", "username"]),
            text(&["verb"]),
            text(&["objectRef", "resource"]),
            text(&["objectRef", "name"])
        );
        true
    }
}

impl SourceInstance for AuditFiles {
    type Plugin = K8sAudit;

    fn next_batch<'i>(&'i mut self, plugin: &mut K8sAudit, batch: &mut Batch<'i>) -> Result<Next, Error> {
        forget_ahead();
        let K8sAudit { config, rejects, log, .. } = plugin;
        while batch.len() < BATCH {
            if let Some(payload) = &mut self.payload {
                if let Some(event) = payload.next(rejects, &"an audit file") {
                    batch.payload_at(event.time, event.payload.as_bytes())?;
                    continue;
                }
                self.payload = None;
            }
            match self.lines.next_line() {
                Ok(Some(Line::TooLong)) => rejects.reject(Reason::TooLong, &"an audit file", b""),
                Ok(Some(Line::Payload(line))) => {
                    let max = usize::try_from(config.max_event_size).unwrap_or(usize::MAX);
                    self.payload = Some(Payload::new(line.to_vec(), max));
                }
                Ok(None) => return Ok(Next::End),
                // One file that cannot be read does not end the others.
                Err(error) => log.error(error.to_string()),
            }
        }
        Ok(Next::More)
    }

    fn progress(&mut self) -> Option<Progress> {
        let (read, total) = self.lines.progress();
        let share = if total == 0 { 1.0 } else { (read as f64 / total as f64).min(1.0) };
        Some(Progress { share, text: format!("{:.1}% ({read} of {total} bytes)", share * 100.0) })
    }
}

export_plugin!(K8sAudit: source, extract_raw);
