//! Captures that rules begin: `capture`.

use super::error::ConfigError;
use super::settings::Reader;

/// When and where matches are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSettings {
    /// `capture.path_prefix`: what the names of the files begin with.
    pub path_prefix: String,
    /// `capture.mode: all_rules`: every match begins one, not only those of rules with `capture: true`.
    pub all_rules: bool,
    /// `capture.default_duration`, ms.
    pub duration_ms: u32,
    /// `capture.max_file_size_mb`; 0: no limit.
    pub max_file_size_mb: u64,
    /// `capture.before`: how long before the match it begins, ms. Falco does not have this key.
    pub before_ms: u32,
    /// `capture.before_memory_mb`: most memory for what was before, per source. Falco does not have this key.
    pub before_memory_mb: u32,
}

/// The settings, if captures are enabled; a wrong mode is an error even if they are not, as in Falco.
pub(super) fn read(read: Reader<'_>) -> Result<Option<CaptureSettings>, ConfigError> {
    let mode = read.text("capture.mode", "rules");
    if !matches!(mode.as_str(), "rules" | "all_rules") {
        return Err(read.wrong(format!("capture.mode '{mode}' is not a valid mode.")));
    }
    let settings = CaptureSettings {
        path_prefix: read.text("capture.path_prefix", "/tmp/falco"),
        all_rules: mode == "all_rules",
        duration_ms: read.int("capture.default_duration", 5000),
        max_file_size_mb: read.int("capture.max_file_size_mb", 0),
        before_ms: read.int("capture.before", 0),
        before_memory_mb: read.int("capture.before_memory_mb", 64_u32).max(1),
    };
    Ok(read.bool("capture.enabled", false).then_some(settings))
}
