//! Why the program ends with an error.

use lanner_engine::check::CheckError;
use thiserror::Error;

use crate::config::ConfigError;
use crate::event::scheme::FieldError;
use crate::outputs::{HttpError, SpoolError};
use crate::plugin::PluginError;

/// A fatal error. Its text stands after `Error: ` on stderr.
#[derive(Debug, Error)]
pub enum AppError {
    /// The command line.
    #[error("{0}")]
    Usage(String),
    /// A configuration file was named and is not there.
    #[error("Could not find configuration file at {0}")]
    NoSuchConfig(String),
    /// No configuration file at all.
    #[error("You must create a config file at {0} or by passing -c")]
    NoConfig(&'static str),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Where alerts are posted to.
    #[error("{0}")]
    Http(#[from] HttpError),
    /// Where alerts wait on disk.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A configuration that was checked. What is wrong has been printed; this is the sum.
    #[error("{0}")]
    BadConfig(String),
    /// A plugin.
    #[error("{0}")]
    Plugin(#[from] PluginError),
    /// A plugin that has to do with no source.
    #[error("Plugin '{0}' is loaded but unused as not compatible with any known event source")]
    UnusedPlugin(String),
    /// `--plugin-info` names none that is configured.
    #[error("can't find plugin and print its info: {0}")]
    UnknownPlugin(String),
    /// `lanner k8saudit`.
    #[error("{0}")]
    K8sAudit(String),
    /// The fields of a source.
    #[error(transparent)]
    Fields(#[from] FieldError),
    /// `--enable-source` and `--disable-source` together.
    #[error("You can not mix --enable-source and --disable-source")]
    MixedSources,
    /// A source to enable or disable that does not exist.
    #[error("Attempted {verb} an unknown event source: {name}")]
    UnknownSource {
        /// What was attempted.
        verb: &'static str,
        /// The source.
        name: String,
    },
    /// Rules that kill.
    #[error("{0}")]
    Enforcement(String),
    /// Every source is disabled.
    #[error("Must enable at least one event source")]
    NoSource,
    /// `--list` with a source that does not exist.
    #[error("Value for --list must be a valid source type")]
    UnknownListSource,
    /// No rule files.
    #[error("You must specify at least one rules file/directory via -r or a rules_file entry in falco.yaml")]
    NoRules,
    /// A rule file that cannot be read.
    #[error("Could not open file: {path}: {source}")]
    ReadRules {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A rule file that cannot be written.
    #[error("Could not write file: {path}: {source}")]
    WriteRules {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Rules that do not load; the text has every error.
    #[error("{0}")]
    Rules(String),
    /// A condition or format on the command line.
    #[error("{what}: {message}")]
    Expression {
        /// Which option.
        what: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A rule to explain that is not loaded.
    #[error("no rule '{name}' is loaded{meant}")]
    NoSuchRule {
        /// As given.
        name: String,
        /// A guess, or nothing.
        meant: String,
    },
    /// An event to explain that the file does not have.
    #[error("{file} has no event {wanted} that rules see; its last one is {last}. {remedy}")]
    NoSuchEvent {
        /// The file.
        file: String,
        /// The number.
        wanted: u64,
        /// The number of the last event.
        last: u64,
        /// How to find out.
        remedy: String,
    },
    /// A source that nothing delivers.
    #[error("no plugin delivers events of source '{source_name}'; known sources: {known}")]
    ExplainSource {
        /// As given.
        source_name: String,
        /// Those that there are.
        known: String,
    },
    /// What was compared is not the same. The comparison has been printed; there is nothing more to say.
    #[error("")]
    Differs,
    /// What was to be compared cannot be.
    #[error("{0}")]
    Trouble(Box<AppError>),
    /// A condition that does not fit the fields of its source.
    #[error(transparent)]
    Condition(#[from] CheckError),
    /// No output is enabled.
    #[error("No output configured, please make sure at least one output is configured and enabled.")]
    NoOutput,
    /// The web server.
    #[error(transparent)]
    Web(#[from] crate::web::WebError),
    /// Snapshots of metrics.
    #[error(transparent)]
    Metrics(#[from] crate::metrics::KeeperError),
    /// The live source of system calls.
    #[error(
        "cannot watch system calls: {0}\nWithout them: replay a capture (engine.kind=replay with engine.replay.capture_file), \
         use plugin sources only (engine.kind=nodriver), or turn the source off (--disable-source syscall)"
    )]
    NoLiveSource(PluginError),
    /// `lanner live`: what is missing has been printed.
    #[error("this machine cannot be watched from here")]
    Unwatchable,
    /// A source that failed while open.
    #[error("{name}: {error}")]
    Source {
        /// The source, or the capture file.
        name: String,
        /// Why.
        error: PluginError,
    },
    /// `syscall_event_drops.actions` has `exit`, and events were lost.
    #[error("system calls were lost, and syscall_event_drops.actions asks to exit")]
    Lost,
    /// The file for the process id.
    #[error("Could not write pid to pidfile {path}: {source}")]
    PidFile {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something of the system that is needed.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A recording.
    #[error(transparent)]
    Record(#[from] crate::record::RecordError),
    /// A ring that the state of the machine fills.
    #[error(
        "--ring: what is known of this machine's processes takes {head} bytes by itself, which must stand in front of the          events; give the ring at least {} MiB",
        (head * 4).div_ceil(1 << 20)
    )]
    SmallRing {
        /// Bytes of the head.
        head: usize,
    },
    /// Case files that cannot be run.
    #[error("{0}")]
    Cases(String),
    /// Cases that ran and did not give what was expected.
    #[error("{}", case_failures(*failed, *survived))]
    CasesFailed {
        /// Rows that failed.
        failed: usize,
        /// Mutants that survived.
        survived: usize,
    },
    /// A thread died.
    #[error("the thread of source '{0}' ended by a panic")]
    Panicked(String),
}

impl AppError {
    /// The exit code: 255 for the pidfile, as with Falco, 2 for case files that are wrong and where 1 means a difference,
    /// else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::PidFile { .. } => 255,
            Self::Cases(_) | Self::Trouble(_) => 2,
            _ => 1,
        }
    }
}

fn case_failures(failed: usize, survived: usize) -> String {
    let rows = if failed == 1 { "1 row failed".to_owned() } else { format!("{failed} rows failed") };
    let mutants = if survived == 1 { "1 mutant survived".to_owned() } else { format!("{survived} mutants survived") };
    match (failed, survived) {
        (_, 0) => rows,
        (0, _) => mutants,
        _ => format!("{rows}, {mutants}"),
    }
}
