//! The program's own messages: one line each on stderr, in Falco's form (`Tue Aug  4 12:00:00 2026: text`), so that
//! what greps Falco's log also greps this one, or as JSON; and to syslog.
//!
//! There is one log per process and it is reached from every thread, so its settings are atomics rather than
//! values handed through every constructor. Until the configuration is read everything from `info` up goes to stderr.

mod syslog;

use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How grave a line is; the numbers are syslog's, smaller is graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// The system is unusable.
    Emergency = 0,
    /// Action must be taken at once.
    Alert = 1,
    /// Critical conditions.
    Critical = 2,
    /// Errors.
    Error = 3,
    /// Warnings.
    Warning = 4,
    /// Normal, but worth attention.
    Notice = 5,
    /// What the program does, step by step.
    Info = 6,
    /// What helps to find a fault.
    Debug = 7,
}

impl Level {
    /// The level that a word of `log_level` names; Falco takes lower case only.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "emergency" => Self::Emergency,
            "alert" => Self::Alert,
            "critical" => Self::Critical,
            "error" => Self::Error,
            "warning" => Self::Warning,
            "notice" => Self::Notice,
            "info" => Self::Info,
            "debug" => Self::Debug,
            _ => return None,
        })
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Alert => "alert",
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// Where lines go, which ones, and how they look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct How {
    /// `log_level`: the least grave lines that are written.
    pub threshold: Level,
    /// `log_stderr`.
    pub stderr: bool,
    /// `log_format: json`: a JSON object in each line on stderr.
    pub json: bool,
    /// `time_format_iso_8601`, for lines that are no JSON.
    pub iso_8601: bool,
    /// `log_syslog`: the socket of the daemon.
    pub syslog: Option<PathBuf>,
    /// `libs_logger`: the least grave lines of plugins that are among them; none: no line is.
    pub plugins: Option<Level>,
}

static THRESHOLD: AtomicU8 = AtomicU8::new(Level::Info as u8);
static TO_STDERR: AtomicBool = AtomicBool::new(true);
static TO_SYSLOG: AtomicBool = AtomicBool::new(false);
static JSON: AtomicBool = AtomicBool::new(false);
static ISO_8601: AtomicBool = AtomicBool::new(false);
/// One above the number of the level; 0: none.
static OF_PLUGINS: AtomicU8 = AtomicU8::new(Level::Info as u8 + 1);

/// Lets the log follow the configuration; may be called again.
pub fn configure(how: &How) {
    THRESHOLD.store(how.threshold as u8, Ordering::Relaxed);
    TO_STDERR.store(how.stderr, Ordering::Relaxed);
    JSON.store(how.json, Ordering::Relaxed);
    ISO_8601.store(how.iso_8601, Ordering::Relaxed);
    OF_PLUGINS.store(how.plugins.map_or(0, |level| level as u8 + 1), Ordering::Relaxed);
    TO_SYSLOG.store(how.syslog.is_some(), Ordering::Relaxed);
    syslog::configure(how.syslog.as_deref());
}

/// Whether a line of this level would be written; spares the making of costly lines.
pub fn enabled(level: Level) -> bool {
    let anywhere = TO_STDERR.load(Ordering::Relaxed) || TO_SYSLOG.load(Ordering::Relaxed);
    anywhere && level as u8 <= THRESHOLD.load(Ordering::Relaxed)
}

/// Writes one line of a plugin, if such lines are wanted.
pub fn of_plugin(level: Level, component: &str, message: &str) {
    if (level as u8) < OF_PLUGINS.load(Ordering::Relaxed) {
        write(level, format_args!("[{component}]: {message}"));
    }
}

/// Writes one line; a trailing line feed in the text is not doubled.
pub fn write(level: Level, text: impl Display) {
    if !enabled(level) {
        return;
    }
    let text = text.to_string();
    let text = text.strip_suffix('\n').unwrap_or(&text);
    if TO_STDERR.load(Ordering::Relaxed) {
        let line = if JSON.load(Ordering::Relaxed) {
            object(Timestamp::now(), level, text)
        } else {
            format!("{}: {text}", stamp(Timestamp::now(), ISO_8601.load(Ordering::Relaxed)))
        };
        // Nothing can be done about a stderr that does not take lines, and nothing may fail because of it.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
    if TO_SYSLOG.load(Ordering::Relaxed) {
        syslog::write(level, text);
    }
}

/// A line of the JSON form: `time` in UTC, `level`, `message`.
fn object(now: Timestamp, level: Level, text: &str) -> String {
    let time = now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    serde_json::json!({"time": time, "level": level.as_str(), "message": text}).to_string()
}

/// The program cannot go on.
pub fn critical(text: impl Display) {
    write(Level::Critical, text);
}

/// Something failed.
pub fn error(text: impl Display) {
    write(Level::Error, text);
}

/// Something is probably not as the user wants it.
pub fn warning(text: impl Display) {
    write(Level::Warning, text);
}

/// A step of the program's work.
pub fn info(text: impl Display) {
    write(Level::Info, text);
}

/// A detail for finding faults.
pub fn debug(text: impl Display) {
    write(Level::Debug, text);
}

fn stamp(now: Timestamp, iso_8601: bool) -> String {
    if iso_8601 {
        now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%z").to_string()
    } else {
        now.to_zoned(TimeZone::system()).strftime("%a %b %d %H:%M:%S %Y").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_take_lower_case_words_only() {
        assert_eq!(Level::from_name("debug"), Some(Level::Debug));
        assert_eq!(Level::from_name("DEBUG"), None);
        assert_eq!(Level::from_name("warn"), None);
    }

    #[test]
    fn words_lead_back_to_their_levels() {
        for word in ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"] {
            assert_eq!(Level::from_name(word).map(Level::as_str), Some(word));
        }
    }

    #[test]
    fn a_json_line_stays_one_line() {
        let then = Timestamp::from_millisecond(1_785_844_800_250).unwrap();
        assert_eq!(
            object(then, Level::Warning, "two\nlines \"quoted\""),
            r#"{"level":"warning","message":"two\nlines \"quoted\"","time":"2026-08-04T12:00:00.250000Z"}"#
        );
    }

    #[test]
    fn iso_stamps_are_utc_with_numeric_offset() {
        let then = Timestamp::from_second(1_785_844_800).unwrap();
        assert_eq!(stamp(then, true), "2026-08-04T12:00:00+0000");
    }
}
