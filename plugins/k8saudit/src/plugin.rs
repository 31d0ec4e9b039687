//! The plugin: fields, and the source of audit events.

use std::ffi::CStr;
use std::sync::Arc;

use lanner_intake::Rejects;
use lanner_json::Document;
use lanner_plugin_api::sdk::{
    ArgSpec, AsyncHandle, AsyncSource, Error, EventInput, ExtractCx, ExtractRaw, FieldDef, FieldRequest, Init, Json,
    Log, Metrics, OpenParam, Plugin, Source, ValueSink,
};
use lanner_plugin_api::{export_plugin, raw};

use crate::config::Config;
use crate::exec::{self, Listener};
use crate::extract::{Argument, extract, is_audit};
use crate::fields::{Arg, field, fields};
use crate::source::AuditStream;
use crate::webhook::Counters;

/// The plugin.
pub struct K8sAudit {
    document: Document,
    pub(crate) config: Config,
    pub(crate) log: Log,
    pub(crate) rejects: Arc<Rejects>,
    pub(crate) counters: Arc<Counters>,
    /// Whether this is the plugin whose source is open, and not the one beside the system calls.
    source: bool,
    /// Sends sessions in pods into the stream of system calls.
    listener: Option<Listener>,
}

impl Plugin for K8sAudit {
    const NAME: &'static CStr = c"k8saudit";
    const DESCRIPTION: &'static CStr = c"Kubernetes audit events";
    const CONTACT: &'static CStr = c"https://github.com/lanner-security/lanner";
    const VERSION: &'static CStr = c"0.18.0";
    type Config = Json<Config>;

    fn new(init: &mut Init<'_>, Json(config): Self::Config) -> Result<Self, Error> {
        let rejects = Rejects::new(init.log(), config.quarantine.as_ref())?;
        Ok(Self {
            document: Document::default(),
            config,
            log: init.log(),
            rejects,
            counters: Arc::default(),
            source: false,
            listener: None,
        })
    }

    fn metrics(&mut self, out: &mut Metrics<'_>) {
        if self.listener.is_some() {
            // Beside the system calls; the other one tells of the rest.
            let (told, unsent) = exec::counts();
            out.counter("exec_sessions_told", told);
            out.counter("exec_sessions_unsent", unsent);
            return;
        }
        self.rejects.metrics(out);
        for (name, count) in self.counters.all() {
            out.counter(name, count);
        }
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
        fields()
            .map(|(f, _)| FieldDef { name: f.name, list: f.list, arg: arg(f.arg), desc: f.desc, ..FieldDef::EMPTY })
            .collect()
    }

    fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let Some((field, pod)) = field(req.id) else { return false };
        let Some(event) = self.document.of_kind(&cx.event, is_audit) else { return false };
        let arg = Argument { key: req.arg.key_str(), index: req.arg.index };
        extract(event, field.rule, pod, arg, &mut |text| out.str(text))
    }
}

impl Source for K8sAudit {
    const PLUGIN_ID: u32 = 1;
    const EVENT_SOURCE: &'static CStr = c"k8s_audit";
    type Instance = AuditStream;

    fn open(&mut self, params: &str) -> Result<AuditStream, Error> {
        self.source = true;
        AuditStream::open(self, params)
    }

    fn list_open_params(&mut self) -> Result<Vec<OpenParam>, Error> {
        let param = |value: &str, desc: &str| OpenParam {
            value: value.to_owned(),
            desc: desc.to_owned(),
            separator: String::new(),
        };
        Ok(vec![
            param(
                "http://:9765/k8s-audit",
                "a webhook; https:// with sslCertificate, webhookClientCA, webhookTokenFile",
            ),
            param(
                "file:///var/log/kubernetes/audit/audit.log",
                "a file that grows and is rotated; positionFile remembers how far",
            ),
            param("/var/log/kubernetes/audit", "an audit file, or a folder of them, plain or gzip, read once"),
        ])
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

impl AsyncSource for K8sAudit {
    const ASYNC_EVENTS: &'static [&'static str] = &[lanner_k8s::EXEC_EVENT];
    const ASYNC_EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn start(&mut self, handle: AsyncHandle) -> Result<(), Error> {
        // Handlers are set for every source; only into the stream of system calls may sessions go.
        self.listener = (!self.source).then(|| Listener::new(handle));
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.listener = None;
        Ok(())
    }
}

export_plugin!(K8sAudit: source, extract_raw, async_events);
