//! `memory.limit_mb`: one limit for the program, divided among those who keep something.

use lanner_syscall::live::ring_count;

use super::error::ConfigError;
use super::live::LiveSettings;
use super::plugins::PluginConfig;
use super::settings::{Engine, OutputSettings, Reader};
use super::{CaptureSettings, NoiseSettings};

const MIB: u64 = 1 << 20;
/// The program, its rules, and as much again while it starts or reloads.
const PROGRAM_MB: u64 = 80;
/// A plugin with a source of its own that is linked into the program: its queues have keys and limits of their own.
const SOURCE_MB: u64 = 48;
/// Any other plugin, of which nothing is known.
const PLUGIN_MB: u64 = 16;
/// Plugins that keep nothing worth mentioning, or that share in what is divided.
const FREE: [&str; 3] = ["container", "json", "syscall"];
/// Plugins inside the program with sources.
const SOURCES: [&str; 3] = ["k8saudit", "cloudtrail", "gcpaudit"];

/// Who shares in what the program itself leaves: the least that works, and by which weight the rest is divided.
#[derive(Clone, Copy)]
struct Holder {
    least_mb: u64,
    weight: u64,
}

const STATE: Holder = Holder { least_mb: 16, weight: 12 };
const CONTAINERS: Holder = Holder { least_mb: 2, weight: 1 };
/// Each output.
const QUEUE: Holder = Holder { least_mb: 1, weight: 2 };
const GROUPS: Holder = Holder { least_mb: 1, weight: 1 };
/// Each source.
const BEFORE: Holder = Holder { least_mb: 2, weight: 4 };

/// What each of those who keep something may take. `None`: it keeps nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySettings {
    /// `memory.limit_mb`.
    pub limit_mb: u64,
    /// For the kernel's buffers.
    pub buffers_mb: u64,
    /// For threads, descriptors and users of system calls.
    pub state_mb: Option<u64>,
    /// For what is known of containers.
    pub containers_mb: Option<u64>,
    /// For the queue of each output.
    pub queue_mb: Option<u64>,
    /// For alerts that grouping holds back.
    pub groups_mb: Option<u64>,
    /// For what was before captures, of each source.
    pub before_mb: Option<u64>,
}

/// What of the configuration keeps something.
pub(super) struct Keepers<'s> {
    pub(super) engine: &'s Engine,
    pub(super) live: &'s LiveSettings,
    pub(super) outputs: &'s OutputSettings,
    pub(super) capture: Option<&'s CaptureSettings>,
    pub(super) plugins: &'s [PluginConfig],
}

impl Keepers<'_> {
    /// MiB of the kernel's buffers on this machine.
    fn buffers_mb(&self) -> u64 {
        match self.engine.is_live() {
            true => u64::from(ring_count(self.live.cpus_for_each_buffer)) << (self.live.buf_size_preset.max(1) - 1),
            false => 0,
        }
    }

    fn plugins_mb(&self) -> u64 {
        let of = |plugin: &PluginConfig| match plugin.name.as_str() {
            name if FREE.contains(&name) => 0,
            name if SOURCES.contains(&name) => SOURCE_MB,
            _ => PLUGIN_MB,
        };
        self.plugins.iter().map(of).sum()
    }

    /// Sources that may keep what was before a capture.
    fn sources(&self) -> u64 {
        if matches!(self.engine, Engine::Replay { .. }) {
            return 1;
        }
        let plugins = self.plugins.iter().filter(|plugin| !FREE.contains(&plugin.name.as_str())).count() as u64;
        plugins + u64::from(self.engine.is_live())
    }

    /// Who shares, and how many there are of each.
    fn holders(&self) -> [(Holder, u64); 5] {
        let NoiseSettings { groups, .. } = &self.outputs.noise;
        let followed = *self.engine != Engine::NoDriver;
        let containers = followed && self.plugins.iter().any(|plugin| plugin.name == "container");
        [
            (STATE, u64::from(followed)),
            (CONTAINERS, u64::from(containers)),
            (QUEUE, self.outputs.count() as u64),
            (GROUPS, u64::from(!groups.is_empty())),
            (BEFORE, if self.capture.is_some() { self.sources() } else { 0 }),
        ]
    }

    fn divide(&self, limit_mb: u64) -> Result<MemorySettings, String> {
        let (buffers, plugins, holders) = (self.buffers_mb(), self.plugins_mb(), self.holders());
        let least: u64 = holders.iter().map(|(holder, number)| holder.least_mb * number).sum();
        let needed = PROGRAM_MB + buffers + plugins + least;
        let Some(rest) = limit_mb.checked_sub(needed) else {
            let mut parts = vec![format!("{PROGRAM_MB} for the program and its rules")];
            parts.extend((buffers > 0).then(|| format!("{buffers} for the kernel's buffers on this machine")));
            parts.extend((plugins > 0).then(|| format!("{plugins} for plugins")));
            parts.push(format!("{least} for what it keeps"));
            return Err(format!(
                "memory.limit_mb is {limit_mb}; the smallest that works is {needed}: {}",
                parts.join(", ")
            ));
        };
        let weights: u64 = holders.iter().map(|(holder, number)| holder.weight * number).sum::<u64>().max(1);
        let [state_mb, containers_mb, queue_mb, groups_mb, before_mb] =
            holders.map(|(holder, number)| (number > 0).then(|| holder.least_mb + rest * holder.weight / weights));
        let shares =
            MemorySettings { limit_mb, state_mb, containers_mb, queue_mb, groups_mb, before_mb, buffers_mb: buffers };
        Ok(shares)
    }
}

/// Divides the limit, if there is one.
pub(super) fn read(read: Reader<'_>, keepers: &Keepers<'_>) -> Result<Option<MemorySettings>, ConfigError> {
    match read.int("memory.limit_mb", 0_u64) {
        0 => Ok(None),
        limit_mb => keepers.divide(limit_mb).map(Some).map_err(|what| read.wrong(what)),
    }
}

impl MemorySettings {
    /// The shares by name, in bytes: of all outputs together, of each source for what was before its captures.
    pub fn shares(&self, outputs: usize) -> Vec<(&'static str, u64)> {
        let all = [
            ("total", Some(self.limit_mb)),
            ("kernel_buffers", Some(self.buffers_mb)),
            ("state", self.state_mb),
            ("containers", self.containers_mb),
            ("output_queues", self.queue_mb.map(|mb| mb * outputs as u64)),
            ("alert_groups", self.groups_mb),
            ("capture_before", self.before_mb),
        ];
        all.into_iter().filter_map(|(name, mb)| Some((name, mb? * MIB))).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Settings, load};

    fn settings(options: &[&str]) -> Result<Settings, String> {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        Settings::read(&load(None, &[], &options).unwrap()).map_err(|error| error.to_string())
    }

    const BASE: [&str; 2] = ["engine.kind=nodriver", "stdout_output.enabled=true"];

    fn with(more: &[&str]) -> Result<Settings, String> {
        settings(&[&BASE, more].concat())
    }

    #[test]
    fn what_is_too_small_is_refused_with_what_would_do() {
        let error = with(&["memory.limit_mb=10"]).unwrap_err();
        assert!(error.contains("memory.limit_mb is 10; the smallest that works is 81: 80 for the program"), "{error}");
        let memory = with(&["memory.limit_mb=81"]).unwrap().memory.unwrap();
        assert_eq!((memory.state_mb, memory.queue_mb, memory.groups_mb, memory.before_mb), (None, Some(1), None, None));
        assert_eq!(with(&[]).unwrap().memory, None);
    }

    #[test]
    fn the_rest_is_divided_by_weight_and_none_of_it_twice() {
        let more = [
            "engine.kind=replay",
            "engine.replay.capture_file=x",
            "syslog_output.enabled=true",
            "capture.enabled=true",
            "alerts.group[0].window=1m",
            "alerts.group[0].by[]=proc.name",
            "plugins[0].name=k8saudit",
            "plugins[0].library_path=libk8saudit.so",
            "plugins[1].name=container",
            "plugins[1].library_path=libcontainer.so",
            "memory.limit_mb=500",
        ];
        let settings = with(&more).unwrap();
        let memory = settings.memory.unwrap();
        let parts = [
            memory.state_mb,
            memory.containers_mb,
            memory.queue_mb.map(|mb| 2 * mb),
            memory.groups_mb,
            memory.before_mb,
        ];
        let sum = 80 + 48 + parts.into_iter().flatten().sum::<u64>();
        assert!((490..=500).contains(&sum), "{sum} of {memory:?}");
        assert!(memory.state_mb > memory.before_mb && memory.before_mb > memory.queue_mb);
        assert!(memory.queue_mb > memory.groups_mb && memory.containers_mb > memory.groups_mb);
        assert_eq!(settings.outputs.queue_bytes, Some(memory.queue_mb.unwrap() << 20));
        assert_eq!(u64::from(settings.capture.unwrap().before_memory_mb), memory.before_mb.unwrap().min(64));
    }
}
