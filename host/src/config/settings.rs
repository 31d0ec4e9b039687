//! The merged tree as typed settings: from here on no key is looked up by name.

use std::path::PathBuf;
use std::time::Duration;

use super::capture::{self, CaptureSettings};
use super::error::ConfigError;
use super::http::HttpOutput;
use super::live::{self, DropSettings, LiveSettings};
use super::load::Loaded;
use super::memory::{self, MemorySettings};
use super::metrics::{self, MetricsSettings};
use super::noise::NoiseSettings;
use super::output::{AppendOutput, FileOutput, ProgramOutput, RuleSelection, SpoolSettings, SyslogOutput};
use super::plugins::{self, PluginConfig};
use super::tree::Node;
use super::web::{self, WebSettings};
use super::{append, output};
use crate::log;

/// Where events of the `syscall` source come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The running kernel, where Falco uses its kernel module; there is none here, the eBPF probes do its work.
    Kmod,
    /// The running kernel, by eBPF.
    ModernEbpf,
    /// A capture file.
    Replay {
        /// Its path.
        capture_file: String,
    },
    /// Nowhere: only plugins give events.
    NoDriver,
}

impl Engine {
    /// Whether it watches the running kernel.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Kmod | Self::ModernEbpf)
    }

    /// The word that names it in `engine.kind`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kmod => "kmod",
            Self::ModernEbpf => "modern_ebpf",
            Self::Replay { .. } => "replay",
            Self::NoDriver => "nodriver",
        }
    }
}

/// How many rules may match one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuleMatching {
    /// The first rule in load order that matches.
    #[default]
    First,
    /// Every rule that matches.
    All,
}

/// How an alert is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertForm {
    /// `json_output`.
    pub json: bool,
    /// `json_include_output_property`.
    pub include_output: bool,
    /// `json_include_message_property`.
    pub include_message: bool,
    /// `json_include_output_fields_property`.
    pub include_output_fields: bool,
    /// `json_include_tags_property`.
    pub include_tags: bool,
    /// `time_format_iso_8601`.
    pub iso_8601: bool,
    /// `buffer_format_base64`.
    pub base64_buffers: bool,
}

/// Where alerts go.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSettings {
    /// `stdout_output.enabled`.
    pub stdout: bool,
    /// `file_output`, if enabled.
    pub file: Option<FileOutput>,
    /// `program_output`, if enabled.
    pub program: Option<ProgramOutput>,
    /// `syslog_output`, if enabled.
    pub syslog: Option<SyslogOutput>,
    /// `outputs_spool`, if enabled.
    pub spool: Option<SpoolSettings>,
    /// `http_output`, if enabled.
    pub http: Option<HttpOutput>,
    /// `alerts`: what is held back.
    pub noise: NoiseSettings,
    /// `buffered_outputs`.
    pub buffered: bool,
    /// `outputs_queue.capacity`, alerts per output; `None`: as many as memory is worth.
    pub queue_capacity: Option<usize>,
    /// What the alerts in the queue of an output take at most, if `memory.limit_mb` says so.
    pub queue_bytes: Option<u64>,
    /// What alerts that grouping holds back take at most, likewise.
    pub group_bytes: Option<u64>,
    /// `output_timeout` in milliseconds.
    pub timeout_ms: u32,
}

impl OutputSettings {
    /// How many outputs are enabled.
    pub fn count(&self) -> usize {
        let others = [self.file.is_some(), self.program.is_some(), self.syslog.is_some(), self.http.is_some()];
        usize::from(self.stdout) + others.into_iter().filter(|enabled| *enabled).count()
    }

    /// `output_timeout`.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.timeout_ms.max(1)))
    }

    /// Whether any output is enabled.
    pub fn any(&self) -> bool {
        self.count() > 0
    }
}

/// What the log shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `log_level`.
    pub level: log::Level,
    /// `log_stderr`.
    pub stderr: bool,
    /// `log_syslog`: the socket of the daemon, the same as for alerts.
    pub syslog: Option<PathBuf>,
    /// `log_format: json`.
    pub json: bool,
    /// The gravest-first threshold for lines of plugins (`libs_logger`); `None` shows none.
    pub plugins: Option<log::Level>,
}

impl LogSettings {
    /// The same for the log itself. `iso_8601`: how its times look.
    pub fn how(&self, iso_8601: bool) -> log::How {
        let Self { level: threshold, stderr, json, plugins, .. } = *self;
        log::How { threshold, stderr, json, iso_8601, syslog: self.syslog.clone(), plugins }
    }
}

/// Rules that kill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnforcementSettings {
    /// `enforcement.enabled`: whether rules with `enforce: kill` may.
    pub enabled: bool,
    /// `enforcement.dry_run`: alerts say what would be killed, and nothing is.
    pub dry_run: bool,
    /// `enforcement.protect`: names of processes and paths of programs that are never killed.
    pub protect: Vec<String>,
}

/// All settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `engine`.
    pub engine: Engine,
    /// The keys below `engine.kmod` or `engine.modern_ebpf`, and what else shapes a live source.
    pub live: LiveSettings,
    /// `syscall_event_drops`.
    pub drops: DropSettings,
    /// `rules_files` (or `rules_file`), as written.
    pub rules_files: Vec<String>,
    /// Whether the deprecated spelling `rules_file` was used.
    pub deprecated_rules_file: bool,
    /// `watch_config_files`: whether changed files are reloaded by themselves.
    pub watch_config_files: bool,
    /// `rules`.
    pub rule_selection: Vec<RuleSelection>,
    /// The plugins to load, in order.
    pub plugins: Vec<PluginConfig>,
    /// `priority`: rules less grave than this are not evaluated.
    pub priority: Priority,
    /// `rule_matching`.
    pub rule_matching: RuleMatching,
    /// `rules_load: per_rule`: what has an error is left out and the rest runs.
    pub per_rule: bool,
    /// `container.hold_ms`: how long an alert waits for values that are on their way; zero: not at all. Falco does not have this
    /// key.
    pub hold: Duration,
    /// `capture`, if enabled.
    pub capture: Option<CaptureSettings>,
    /// `append_output`.
    pub append_output: Vec<AppendOutput>,
    /// `static_fields`: name and value.
    pub static_fields: Vec<(String, String)>,
    /// How alerts look.
    pub alerts: AlertForm,
    /// Where alerts go.
    pub outputs: OutputSettings,
    /// `webserver`, if enabled.
    pub web: Option<WebSettings>,
    /// `metrics`, if enabled.
    pub metrics: Option<MetricsSettings>,
    /// What the log shows.
    pub log: LogSettings,
    /// Rules that kill.
    pub enforcement: EnforcementSettings,
    /// `falco_libs.thread_table_size`: the most threads that are kept.
    pub thread_table_size: u32,
    /// `memory.limit_mb`, divided, if there is a limit.
    pub memory: Option<MemorySettings>,
}

pub(super) use lanner_engine::load::Priority;

/// Reads scalars by dotted path; what is absent or does not convert is the default, as in Falco.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) tree: &'a Node,
    pub(super) file: &'a str,
}

impl Reader<'_> {
    pub(super) fn bool(&self, path: &str, default: bool) -> bool {
        self.tree.at(path).and_then(Node::bool).unwrap_or(default)
    }

    pub(super) fn text(&self, path: &str, default: &str) -> String {
        self.tree.at(path).and_then(Node::text).unwrap_or(default).to_owned()
    }

    pub(super) fn int<T: TryFrom<i128>>(&self, path: &str, default: T) -> T {
        self.tree.at(path).and_then(Node::integer).and_then(|n| T::try_from(n).ok()).unwrap_or(default)
    }

    pub(super) fn number(&self, path: &str, default: f64) -> f64 {
        self.tree.at(path).and_then(Node::number).unwrap_or(default)
    }

    pub(super) fn texts(&self, path: &str) -> Vec<String> {
        let items = self.tree.at(path).map(Node::items).unwrap_or_default();
        items.iter().filter_map(Node::text).map(str::to_owned).collect()
    }

    pub(super) fn wrong(&self, what: impl Into<String>) -> ConfigError {
        ConfigError::Value { file: self.file.to_owned(), what: what.into() }
    }
}

impl Settings {
    /// Gives every key its meaning, or says which value is impossible.
    pub fn read(loaded: &Loaded) -> Result<Self, ConfigError> {
        let read = Reader { tree: &loaded.tree, file: &loaded.main };
        let log = log_settings(read)?;
        let engine = engine(read)?;
        let deprecated_rules_file = loaded.tree.get("rules_file").is_some();
        if deprecated_rules_file && loaded.tree.get("rules_files").is_some() {
            return Err(read.wrong("both 'rules_files' and 'rules_file' keys set"));
        }
        let iso_8601 = read.bool("time_format_iso_8601", false);
        let outputs = output::read(read)?;
        let matching = read.text("rule_matching", "first");
        let rules_load = read.text("rules_load", "strict");
        let priority = read.text("priority", "debug");
        let mut settings = Self {
            live: live::live(read, &engine)?,
            drops: live::drops(read)?,
            engine,
            rules_files: read.texts(if deprecated_rules_file { "rules_file" } else { "rules_files" }),
            deprecated_rules_file,
            watch_config_files: read.bool("watch_config_files", true),
            rule_selection: append::rule_selection(read)?,
            plugins: plugins::read(&loaded.tree, &loaded.main)?,
            per_rule: match rules_load.as_str() {
                "strict" => false,
                "per_rule" => true,
                _ => {
                    let what = format!("rules_load '{rules_load}' is unknown. Valid values are: strict, per_rule");
                    return Err(read.wrong(what));
                }
            },
            rule_matching: match matching.to_ascii_lowercase().as_str() {
                "first" => RuleMatching::First,
                "all" => RuleMatching::All,
                _ => return Err(ConfigError::RuleMatching(matching)),
            },
            priority: Priority::from_name(&priority).ok_or(ConfigError::Priority(priority))?,
            hold: Duration::from_millis(u64::from(read.int("container.hold_ms", 500_u32))),
            capture: capture::read(read)?,
            append_output: append::append_output(read)?,
            static_fields: static_fields(&loaded.tree),
            alerts: AlertForm {
                json: read.bool("json_output", false),
                include_output: read.bool("json_include_output_property", true),
                include_message: read.bool("json_include_message_property", false),
                include_output_fields: read.bool("json_include_output_fields_property", true),
                include_tags: read.bool("json_include_tags_property", true),
                iso_8601,
                base64_buffers: read.bool("buffer_format_base64", false),
            },
            outputs,
            web: web::read(read)?,
            metrics: metrics::read(read)?,
            log,
            enforcement: EnforcementSettings {
                enabled: read.bool("enforcement.enabled", false),
                dry_run: read.bool("enforcement.dry_run", false),
                protect: read.texts("enforcement.protect"),
            },
            thread_table_size: read.int("falco_libs.thread_table_size", 262_144),
            memory: None,
        };
        settings.share_memory(read)?;
        Ok(settings)
    }
}

impl Settings {
    /// Gives everybody a share of the limit, if there is one.
    fn share_memory(&mut self, read: Reader<'_>) -> Result<(), ConfigError> {
        let keepers = memory::Keepers {
            engine: &self.engine,
            live: &self.live,
            outputs: &self.outputs,
            capture: self.capture.as_ref(),
            plugins: &self.plugins,
        };
        self.memory = memory::read(read, &keepers)?;
        let Some(memory) = &self.memory else { return Ok(()) };
        self.outputs.queue_bytes = memory.queue_mb.map(|mb| mb << 20);
        self.outputs.group_bytes = memory.groups_mb.map(|mb| mb << 20);
        if let (Some(capture), Some(mb)) = (&mut self.capture, memory.before_mb) {
            capture.before_memory_mb = capture.before_memory_mb.min(u32::try_from(mb).unwrap_or(u32::MAX));
        }
        Ok(())
    }
}

fn engine(read: Reader<'_>) -> Result<Engine, ConfigError> {
    let kind = read.text("engine.kind", "kmod");
    match kind.as_str() {
        "kmod" => Ok(Engine::Kmod),
        "modern_ebpf" => Ok(Engine::ModernEbpf),
        "nodriver" => Ok(Engine::NoDriver),
        "replay" => match read.text("engine.replay.capture_file", "") {
            path if path.is_empty() => {
                Err(read.wrong("engine.kind is 'replay' but no engine.replay.capture_file specified."))
            }
            capture_file => Ok(Engine::Replay { capture_file }),
        },
        _ => Err(read.wrong(format!("engine.kind '{kind}' is not a valid kind."))),
    }
}

fn log_settings(read: Reader<'_>) -> Result<LogSettings, ConfigError> {
    let level = read.text("log_level", "info");
    let severity = read.text("libs_logger.severity", "info");
    let plugins = match severity.as_str() {
        "fatal" => log::Level::Emergency,
        "trace" => log::Level::Debug,
        "emergency" | "alert" => return Err(ConfigError::LibsSeverity(severity)),
        word => log::Level::from_name(word).ok_or_else(|| ConfigError::LibsSeverity(severity.clone()))?,
    };
    Ok(LogSettings {
        level: log::Level::from_name(&level).ok_or(ConfigError::LogLevel(level))?,
        stderr: read.bool("log_stderr", false),
        syslog: read.bool("log_syslog", true).then(|| read.text("syslog_output.path", "/dev/log").into()),
        json: match read.text("log_format", "text").as_str() {
            "text" => false,
            "json" => true,
            word => return Err(read.wrong(format!("log_format '{word}' is unknown. Valid values are: text, json"))),
        },
        plugins: read.bool("libs_logger.enabled", true).then_some(plugins),
    })
}

fn static_fields(tree: &Node) -> Vec<(String, String)> {
    let Some(Node::Map(entries)) = tree.get("static_fields") else { return Vec::new() };
    let mut fields: Vec<(String, String)> =
        entries.iter().filter_map(|(k, v)| Some((k.clone(), v.text()?.to_owned()))).collect();
    fields.sort();
    fields.dedup_by(|a, b| a.0 == b.0);
    fields
}
