//! `falco.yaml` as it is: files, includes and `-o` options become one tree ([`load`]), the tree becomes typed settings
//! ([`Settings`]). The table of all keys is [`keys`].

mod append;
pub(crate) mod builtin_rules;
mod capture;
pub mod check;
mod env;
mod error;
mod http;
pub mod keys;
mod live;
mod load;
pub mod meaning;
mod memory;
mod metrics;
mod noise;
mod output;
mod path;
mod plugins;
pub mod rules_files;
pub mod schema;
pub(crate) mod secret;
mod settings;
pub mod show;
pub mod trace;
mod tree;
mod web;
mod yaml;

pub use capture::CaptureSettings;
pub use error::ConfigError;
pub use http::HttpOutput;
pub use live::{BaseSyscalls, DropAction, DropSettings, LiveSettings};
pub use load::{Loaded, load};
pub use memory::MemorySettings;
pub use metrics::MetricsSettings;
pub use noise::{GroupSettings, NoiseSettings, RateSettings, RuleNames};
pub use output::{AppendOutput, FileOutput, ProgramOutput, RuleSelection, SpoolSettings, SyslogOutput};
pub use plugins::{PLUGIN_DIRS, PluginConfig};
pub use settings::{AlertForm, EnforcementSettings, Engine, LogSettings, OutputSettings, RuleMatching, Settings};
pub use tree::Node;
pub use web::WebSettings;
