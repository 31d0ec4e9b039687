//! How the running kernel is watched, and what happens when it is not seen in full.

use super::error::ConfigError;
use super::settings::{Engine, Reader};

/// How the running kernel is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSettings {
    /// `engine.modern_ebpf.cpus_for_each_buffer`: processors that share a buffer; 0: all of them.
    pub cpus_for_each_buffer: u16,
    /// `engine.*.buf_size_preset`: 1 (1 MiB) to 10 (512 MiB).
    pub buf_size_preset: u8,
    /// `engine.*.drop_failed_exit`.
    pub drop_failed_exit: bool,
    /// `syscall_event_timeouts.max_consecutives`: turns without an event that are too many.
    pub max_timeouts: u32,
    /// `falco_libs.snaplen`; 0: the usual length.
    pub snaplen: u32,
    /// `base_syscalls`.
    pub base: BaseSyscalls,
    /// `falco_libs.thread_table_auto_purging_interval_s`.
    pub purge_interval_s: u32,
    /// `falco_libs.thread_table_auto_purging_thread_timeout_s`.
    pub purge_timeout_s: u32,
}

/// `base_syscalls`: what is observed beside what rules ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseSyscalls {
    /// Names of events instead of those that the state needs; with `!` in front: never.
    pub custom_set: Vec<String>,
    /// Add what the state cannot do without, given what is observed.
    pub repair: bool,
    /// Leave in what comes by the million.
    pub all: bool,
}

/// What happens when events are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropAction {
    /// A line of the log.
    Log,
    /// An alert.
    Alert,
    /// The end of the program.
    Exit,
}

/// `syscall_event_drops`.
#[derive(Clone, Debug, PartialEq)]
pub struct DropSettings {
    /// The share of events lost within a second above which anything is done.
    pub threshold: f64,
    /// What, in order; nothing for `ignore`.
    pub actions: Vec<DropAction>,
    /// How often a second it may be done in the long run.
    pub rate: f64,
    /// How often at once.
    pub max_burst: f64,
    /// Act as if an event were lost every second.
    pub simulate: bool,
}

/// Smallest and largest `buf_size_preset`.
const PRESETS: std::ops::RangeInclusive<i128> = 1..=10;

/// Reads what is about the live source.
pub(super) fn live(read: Reader<'_>, engine: &Engine) -> Result<LiveSettings, ConfigError> {
    let section = if *engine == Engine::Kmod { "engine.kmod" } else { "engine.modern_ebpf" };
    let preset_key = format!("{section}.buf_size_preset");
    let preset: i128 = read.int(&preset_key, 4);
    let in_range = |key: &str, value: i128, most: i128| {
        let error = || read.wrong(format!("{key} is {value}, it must be between 0 and {most}"));
        if (0..=most).contains(&value) { Ok(value) } else { Err(error()) }
    };
    if !PRESETS.contains(&preset) {
        return Err(
            read.wrong(format!("{preset_key} is {preset}, it must be between 1 (buffers of 1 MiB) and 10 (512 MiB)"))
        );
    }
    let share_key = "engine.modern_ebpf.cpus_for_each_buffer";
    let share = in_range(share_key, read.int(share_key, 2), i128::from(u16::MAX))?;
    let snaplen_key = "falco_libs.snaplen";
    let snaplen = in_range(snaplen_key, read.int(snaplen_key, 0), 65_535)?;
    let custom_set = read.texts("base_syscalls.custom_set");
    let max_timeouts = read.int("syscall_event_timeouts.max_consecutives", 1000_u32);
    if max_timeouts == 0 {
        return Err(read.wrong("the maximum consecutive timeouts without an event must be an unsigned integer > 0"));
    }
    Ok(LiveSettings {
        max_timeouts,
        cpus_for_each_buffer: u16::try_from(share).unwrap_or(u16::MAX),
        buf_size_preset: u8::try_from(preset).unwrap_or(u8::MAX),
        drop_failed_exit: read.bool(&format!("{section}.drop_failed_exit"), false),
        snaplen: u32::try_from(snaplen).unwrap_or(u32::MAX),
        base: BaseSyscalls {
            custom_set: custom_set.into_iter().filter(|name| !name.is_empty()).collect(),
            repair: read.bool("base_syscalls.repair", false),
            all: read.bool("base_syscalls.all", false),
        },
        purge_interval_s: read.int("falco_libs.thread_table_auto_purging_interval_s", 300),
        purge_timeout_s: read.int("falco_libs.thread_table_auto_purging_thread_timeout_s", 300),
    })
}

/// Reads `syscall_event_drops`.
pub(super) fn drops(read: Reader<'_>) -> Result<DropSettings, ConfigError> {
    let threshold = read.number("syscall_event_drops.threshold", 0.1);
    if !(0.0..=1.0).contains(&threshold) {
        return Err(read.wrong("syscall event drops threshold must be a double in the range [0, 1]"));
    }
    let mut ignored = false;
    let mut actions = Vec::new();
    for word in read.texts("syscall_event_drops.actions") {
        let action = match word.as_str() {
            "ignore" => {
                ignored = true;
                continue;
            }
            "log" | "alert" if ignored => {
                return Err(read.wrong(format!(
                    "syscall event drop action \"{word}\" does not make sense with the \"ignore\" action"
                )));
            }
            "log" => DropAction::Log,
            "alert" => DropAction::Alert,
            "exit" => DropAction::Exit,
            _ => {
                return Err(read.wrong(
                    "available actions for syscall event drops are \"ignore\", \"log\", \"alert\", and \"exit\"",
                ));
            }
        };
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    let number = |key: &str, default: f64| {
        let value = read.number(key, default);
        let wrong = || read.wrong(format!("{key} is {value}, it must be a number of at least 0"));
        if value.is_finite() && value >= 0.0 { Ok(value) } else { Err(wrong()) }
    };
    Ok(DropSettings {
        threshold,
        actions,
        rate: number("syscall_event_drops.rate", 0.03333)?,
        max_burst: number("syscall_event_drops.max_burst", 1.0)?,
        simulate: read.bool("syscall_event_drops.simulate_drops", false),
    })
}
