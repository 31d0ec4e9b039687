//! The versions that tools ask for (`--version`), under the keys that Falco's tools read.

use serde_json::{Map, Value};

use super::events;

/// Version of the rule engine whose rule files are understood: what `required_engine_version` is compared with.
pub const ENGINE_VERSION: (u32, u32, u32) = (0, 63, 0);
/// Version of the plugin API.
pub const PLUGIN_API_VERSION: &str = "3.12.0";
/// Version of the driver API whose captures and events are understood.
pub const DRIVER_API_VERSION: &str = "10.1.0";

/// The versions of this program, and of the plugins loaded (name and version).
#[derive(Debug, Default)]
pub struct Versions {
    /// Name and version of each plugin.
    pub plugins: Vec<(String, String)>,
}

impl Versions {
    /// This program's own version.
    pub const PROGRAM: &'static str = env!("CARGO_PKG_VERSION");

    fn engine() -> String {
        let (major, minor, patch) = ENGINE_VERSION;
        format!("{major}.{minor}.{patch}")
    }

    /// The lines of `--version`.
    pub fn text(&self) -> String {
        format!(
            "Lanner version: {}\nPlugin API:    {PLUGIN_API_VERSION}\nEngine:        {}\nDriver:\n  API version:    \
             {DRIVER_API_VERSION}\n  Schema version: {}\n",
            Self::PROGRAM,
            Self::engine(),
            events::schema_version(),
        )
    }

    /// The object of `--version` with `json_output`. Tools that manage rule files read `falco_version`,
    /// `engine_version` and `engine_version_semver` to choose what to install.
    pub fn json(&self) -> Value {
        let entries = [
            ("lanner_version", Self::PROGRAM.to_owned()),
            ("falco_version", Self::PROGRAM.to_owned()),
            ("libs_version", Self::PROGRAM.to_owned()),
            ("plugin_api_version", PLUGIN_API_VERSION.to_owned()),
            ("driver_api_version", DRIVER_API_VERSION.to_owned()),
            ("driver_schema_version", events::schema_version()),
            ("default_driver_version", String::new()),
            ("engine_version", ENGINE_VERSION.1.to_string()),
            ("engine_version_semver", Self::engine()),
        ];
        let mut map: Map<String, Value> = entries.into_iter().map(|(k, v)| (k.to_owned(), v.into())).collect();
        if !self.plugins.is_empty() {
            let plugins: Map<String, Value> =
                self.plugins.iter().map(|(name, version)| (name.clone(), version.clone().into())).collect();
            map.insert("plugin_versions".into(), plugins.into());
        }
        Value::Object(map)
    }
}
