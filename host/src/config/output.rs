//! The sections that say where alerts go, and the small types of the rule and output sections.

use super::error::ConfigError;
use super::settings::{OutputSettings, Reader};

/// `file_output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOutput {
    /// Where to append.
    pub filename: String,
    /// Whether the file stays open between alerts.
    pub keep_alive: bool,
}

/// `program_output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOutput {
    /// What the shell runs.
    pub program: String,
    /// Whether it runs once for all alerts.
    pub keep_alive: bool,
}

/// `syslog_output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogOutput {
    /// The socket.
    pub path: String,
}

/// `outputs_spool`: alerts that cannot be delivered now wait on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolSettings {
    /// Where; each output has a folder of its own in it.
    pub folder: String,
    /// What the alerts of one output take there at most, in MiB.
    pub max_size_mb: u64,
}

/// One item of `rules`: a switch over rules by name pattern, by tag, or by both (their union).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSelection {
    /// On or off.
    pub enable: bool,
    /// Name with `*` as wildcard.
    pub rule: Option<String>,
    /// Exact tag.
    pub tag: Option<String>,
}

/// One item of `append_output`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppendOutput {
    /// Only for rules of this source.
    pub source: Option<String>,
    /// Only for the rule of this name.
    pub rule: Option<String>,
    /// Only for rules with all of these tags.
    pub tags: Vec<String>,
    /// Text appended to the output, after a blank.
    pub extra_output: Option<String>,
    /// Fields added to `output_fields` under their own name, sorted.
    pub raw_fields: Vec<String>,
    /// Texts added to `output_fields`: key and format, sorted by key.
    pub formatted_fields: Vec<(String, String)>,
    /// Whether the fields that plugins suggest are appended.
    pub suggested_output: bool,
}

/// Reads the output sections.
pub(super) fn read(read: Reader<'_>) -> Result<OutputSettings, ConfigError> {
    let enabled = |name: &str| read.bool(&format!("{name}.enabled"), false);
    let required = |section: &str, key: &str| match read.text(&format!("{section}_output.{key}"), "") {
        value if value.is_empty() => {
            Err(read.wrong(format!("{section} output enabled but no {key} in configuration block")))
        }
        value => Ok(value),
    };
    let file = if enabled("file_output") {
        Some(FileOutput {
            filename: required("file", "filename")?,
            keep_alive: read.bool("file_output.keep_alive", false),
        })
    } else {
        None
    };
    let program = if enabled("program_output") {
        Some(ProgramOutput {
            program: required("program", "program")?,
            keep_alive: read.bool("program_output.keep_alive", false),
        })
    } else {
        None
    };
    let syslog = enabled("syslog_output")
        .then(|| SyslogOutput { path: read.text("syslog_output.path", "/dev/log") })
        .map(|syslog| match syslog.path.starts_with('/') {
            true => Ok(syslog),
            false => Err(read.wrong(format!("syslog_output.path '{}' is not an absolute path", syslog.path))),
        })
        .transpose()?;
    Ok(OutputSettings {
        stdout: enabled("stdout_output"),
        file,
        program,
        syslog,
        spool: spool(read)?,
        noise: super::noise::noise(read)?,
        http: super::http::http(read)?,
        buffered: read.bool("buffered_outputs", false),
        // Zero is "as many as memory is worth", and so is what is no size at all (a negative number), as in Falco.
        queue_capacity: Some(read.int("outputs_queue.capacity", 0_usize)).filter(|&capacity| capacity != 0),
        queue_bytes: None,
        group_bytes: None,
        timeout_ms: read.int("output_timeout", 2000),
    })
}

fn spool(read: Reader<'_>) -> Result<Option<SpoolSettings>, ConfigError> {
    if !read.bool("outputs_spool.enabled", false) {
        return Ok(None);
    }
    let folder = read.text("outputs_spool.folder", "/var/lib/lanner/spool");
    if !folder.starts_with('/') {
        return Err(read.wrong(format!("outputs_spool.folder '{folder}' is not an absolute path")));
    }
    match read.int("outputs_spool.max_size_mb", 100_u64) {
        max_size_mb @ 1..=1_048_576 => Ok(Some(SpoolSettings { folder, max_size_mb })),
        wrong => Err(read.wrong(format!("outputs_spool.max_size_mb is {wrong}; it must be from 1 to 1048576"))),
    }
}
