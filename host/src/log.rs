//! The program's own messages: one line each on stderr, in Falco's form (`Tue Aug  4 12:00:00 2026: text`), so that
//! what greps Falco's log also greps this one.
//!
//! There is one log per process and it is reached from every thread, so its two settings are atomics rather than
//! values handed through every constructor. Until the configuration is read everything from `info` up goes to stderr.

use std::fmt::Display;
use std::io::Write as _;
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
}

static THRESHOLD: AtomicU8 = AtomicU8::new(Level::Info as u8);
static TO_STDERR: AtomicBool = AtomicBool::new(true);
static ISO_8601: AtomicBool = AtomicBool::new(false);

/// Where lines go and which ones, from `log_level`, `log_stderr` and `time_format_iso_8601`.
pub fn configure(threshold: Level, to_stderr: bool, iso_8601: bool) {
    THRESHOLD.store(threshold as u8, Ordering::Relaxed);
    TO_STDERR.store(to_stderr, Ordering::Relaxed);
    ISO_8601.store(iso_8601, Ordering::Relaxed);
}

/// Whether a line of this level would be written; spares the making of costly lines.
pub fn enabled(level: Level) -> bool {
    TO_STDERR.load(Ordering::Relaxed) && level as u8 <= THRESHOLD.load(Ordering::Relaxed)
}

/// Writes one line; a trailing line feed in the text is not doubled.
pub fn write(level: Level, text: impl Display) {
    if !enabled(level) {
        return;
    }
    let stamp = stamp(Timestamp::now(), ISO_8601.load(Ordering::Relaxed));
    let text = text.to_string();
    // Nothing can be done about a stderr that does not take lines, and nothing may fail because of it.
    let _ = writeln!(std::io::stderr().lock(), "{stamp}: {}", text.strip_suffix('\n').unwrap_or(&text));
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
    fn iso_stamps_are_utc_with_numeric_offset() {
        let then = Timestamp::from_second(1_785_844_800).unwrap();
        assert_eq!(stamp(then, true), "2026-08-04T12:00:00+0000");
    }
}
