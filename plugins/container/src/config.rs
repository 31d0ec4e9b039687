//! Configuration, in the form that `falco.yaml` gives it.

use schemars::JsonSchema;
use serde::Deserialize;

/// `init_config` of the plugin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Labels longer than this are left out.
    pub label_max_len: i64,
    /// Ask the runtime for the size of containers.
    pub with_size: bool,
    /// Which events of a runtime to listen to.
    pub hooks: Vec<Hook>,
    /// From which severity on the plugin writes to the log.
    pub log_level: LogLevel,
    /// MiB for what is known of all containers; 0: 256.
    pub memory_mb: u32,
    /// Each engine can be switched off, and its sockets named.
    pub engines: Engines,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            label_max_len: 100,
            with_size: false,
            hooks: vec![Hook::Create],
            log_level: LogLevel::Warn,
            memory_mb: 0,
            engines: Engines::default(),
        }
    }
}

/// An event of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Hook {
    /// A container is made; comes before its first process.
    Create,
    /// A container is started; more is known then.
    Start,
}

/// Severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "named as in logs everywhere")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// The engines. If given at all, all but `static` must be named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named after the engines")]
pub struct Engines {
    pub docker: Sockets,
    pub podman: Sockets,
    pub containerd: Sockets,
    pub cri: Sockets,
    pub lxc: Switch,
    pub libvirt_lxc: Switch,
    pub bpm: Switch,
    #[serde(rename = "static", default)]
    pub fixed: Fixed,
}

impl Default for Engines {
    fn default() -> Self {
        let sockets = || Sockets { enabled: true, sockets: Vec::new() };
        let switch = || Switch { enabled: true };
        Self {
            docker: sockets(),
            podman: sockets(),
            containerd: sockets(),
            cri: sockets(),
            lxc: switch(),
            libvirt_lxc: switch(),
            bpm: switch(),
            fixed: Fixed::default(),
        }
    }
}

/// An engine that is asked through sockets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"properties": {"enabled": {"enum": [true]}}, "required": ["enabled", "sockets"]},
    {"properties": {"enabled": {"enum": [false]}}}
]))]
pub struct Sockets {
    /// Whether it is used.
    pub enabled: bool,
    /// Paths, to be named when the engine is on.
    #[serde(default)]
    pub sockets: Vec<String>,
}

/// An engine that has no sockets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether it is used.
    pub enabled: bool,
}

/// One container for all threads, whatever their cgroups say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"properties": {"enabled": {"enum": [true]}},
     "required": ["enabled", "container_id", "container_name", "container_image"]},
    {"properties": {"enabled": {"enum": [false]}}}
]))]
pub struct Fixed {
    /// Whether it is used; then no other engine is.
    pub enabled: bool,
    /// Its id.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub container_id: String,
    /// Its name.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub container_name: String,
    /// Its image.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub container_image: String,
}
