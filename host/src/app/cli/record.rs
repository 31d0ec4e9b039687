//! The options of `lanner record`.

use std::path::PathBuf;

use clap::Args;

use crate::record::{Form, Limits};

pub(super) const LONG_ABOUT: &str = "\
Record what happens into a capture file (.scap), which lanner replay, Falco and sysdig read.

The file begins with what is known of the machine (processes with their environment, control groups and capabilities, open \
files and sockets, users, interfaces, containers), so that a replay raises the alerts that a live run would have raised. \
Watching the kernel needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; recording from a file (-e) needs nothing.

Calls that move data (read, write, send, ...) are left out unless --io is given or the filter names event types; most rules \
do not look at them, and a machine makes more of them than of all others together.

The file has its name once it is complete. Until then .part is behind it; what is left of it after a crash is readable up to \
the cut.";

pub(super) const EXAMPLES: &str = "\
Examples:
  Record this machine for a minute, compressed:
      lanner record -w trace.scap.gz -M 60
  See what the default rules make of it, now or later:
      lanner replay trace.scap.gz -r rules/syscall
  Only what one container does; what its state needs is kept beside it:
      lanner record -w web.scap --filter 'container.name = web'
  A flight recorder: keep the newest 64 MiB in memory, write them on Ctrl-C:
      lanner record -w last.scap.gz --ring 64M
  The newest 30 seconds, written each time that somebody asks for them:
      lanner record -w last.scap --ring 30s & kill -USR1 $!
  A file each hour, the last 24 of them:
      lanner record -w day.scap.gz -G 3600 -W 24
  Cut the events of one process out of a capture:
      lanner record -e incident.scap -w curl.scap --filter 'proc.name = curl'";

/// What to record, and into which files.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct RecordArgs {
    /// File to write; compressed if its name ends in .gz. Replaced if it is there
    #[arg(short = 'w', long, value_name = "FILE")]
    pub write: PathBuf,
    /// Record from this capture instead of from the running kernel
    #[arg(short = 'e', long, value_name = "FILE")]
    pub read: Option<String>,
    /// Only events for which this condition holds. Others that change what is known of processes and files are kept for
    /// that alone: rules do not see them
    #[arg(long, value_name = "CONDITION")]
    pub filter: Option<String>,
    /// With --filter: leave out everything else. Smaller, but fields may lack values in a replay
    #[arg(long, requires = "filter")]
    pub only_matching: bool,
    /// Also record calls that move data, with the first bytes of it (falco_libs.snaplen)
    #[arg(long)]
    pub io: bool,
    /// Stop after this many seconds
    #[arg(short = 'M', long, value_name = "SECONDS")]
    pub stop_after: Option<u64>,
    /// Keep only the newest events, in memory, and write them on Ctrl-C; on SIGUSR1 into a file with the time in its name.
    /// SIZE is bytes (64M), time (30s, 5m) or both (30s,256M); time alone takes at most 256M
    #[arg(long, value_name = "SIZE", value_parser = ring_size, conflicts_with_all = ["file_size", "file_seconds"])]
    pub ring: Option<RingSize>,
    /// Begin a new file when one has this size (100M; a number alone is MiB). Files are numbered, each replays by itself
    #[arg(short = 'C', long, value_name = "SIZE", value_parser = file_size)]
    pub file_size: Option<u64>,
    /// Begin a new file after this many seconds
    #[arg(short = 'G', long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub file_seconds: Option<u64>,
    /// Keep only this many files, the newest
    #[arg(short = 'W', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub file_count: Option<u64>,
    /// Compress, whatever the name ends in
    #[arg(short = 'z', long, conflicts_with = "plain")]
    pub gzip: bool,
    /// Do not compress, whatever the name ends in
    #[arg(long)]
    pub plain: bool,
    /// Say nothing but errors
    #[arg(short = 'q', long)]
    pub quiet: bool,
}

/// The form of the file.
pub type FileForm = Form;
/// How much a ring keeps.
pub type RingSize = Limits;

impl RecordArgs {
    /// Whether to compress.
    pub(crate) fn form(&self) -> Form {
        match (self.gzip, self.plain) {
            (true, _) => Form::Gzip,
            (_, true) => Form::Plain,
            _ => Form::of(&self.write),
        }
    }

    /// Whether there is more than one file.
    pub(crate) fn rotates(&self) -> bool {
        self.file_size.is_some() || self.file_seconds.is_some()
    }
}

/// Memory of a ring that is given as a time.
const RING_BYTES: usize = 256 << 20;

fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "K" | "KB" | "KiB" => 1 << 10,
        "M" | "MB" | "MiB" => 1 << 20,
        "G" | "GB" | "GiB" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|&n| n > 0)
}

fn nanoseconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let factor = match &text[digits.len()..] {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|&n| n > 0)
}

fn ring_size(text: &str) -> Result<Limits, String> {
    let mut limits = Limits { bytes: 0, span_ns: None };
    for part in text.split(',').map(str::trim) {
        match (bytes(part), nanoseconds(part)) {
            (Some(n), _) if limits.bytes == 0 => {
                limits.bytes = usize::try_from(n).map_err(|_| format!("'{part}' does not fit into memory"))?;
            }
            (_, Some(ns)) if limits.span_ns.is_none() => limits.span_ns = Some(ns),
            _ => return Err(format!("'{part}' is neither bytes (64M, 1G) nor a time (30s, 5m)")),
        }
    }
    if limits.bytes == 0 {
        limits.bytes = RING_BYTES;
    }
    Ok(limits)
}

fn file_size(text: &str) -> Result<u64, String> {
    let plain = text.parse::<u64>().ok().and_then(|n| n.checked_mul(1 << 20)).filter(|&n| n > 0);
    plain.or_else(|| bytes(text)).ok_or_else(|| format!("'{text}' is no size: write 100M, or 100 for as many MiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_bytes_or_time_or_both() {
        let limits = |bytes, span_ns| Ok(Limits { bytes, span_ns });
        assert_eq!(ring_size("64M"), limits(64 << 20, None));
        assert_eq!(ring_size("1GiB"), limits(1 << 30, None));
        assert_eq!(ring_size("30s"), limits(RING_BYTES, Some(30_000_000_000)));
        assert_eq!(ring_size("5m, 512K"), limits(512 << 10, Some(300_000_000_000)));
        for wrong in ["", "64", "64X", "0M", "30s,30s", "-1s", "99999999999G", "M"] {
            assert!(ring_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_as_large_as_said() {
        assert_eq!((file_size("100"), file_size("1G")), (Ok(100 << 20), Ok(1 << 30)));
        assert!(file_size("0").is_err() && file_size("10s").is_err());
    }
}
