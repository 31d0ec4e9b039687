//! A plugin's configuration, validated against the schema that the plugin gives.

use std::ffi::CString;

use serde_json::Value;

use super::error::PluginError;
use super::info::PluginInfo;

/// Checks `config` and turns it into what the plugin gets. Without schema it passes as it is; with one, an empty
/// configuration means `{}`.
pub(super) fn prepare(info: &PluginInfo, config: &str) -> Result<CString, PluginError> {
    let plugin = || info.name.clone();
    let config = match &info.config_schema {
        None => config,
        Some(schema) => {
            let config = if config.is_empty() { "{}" } else { config };
            validate(&info.name, schema, config)?;
            config
        }
    };
    CString::new(config).map_err(|_| PluginError::NulInText { plugin: plugin(), what: "init config" })
}

fn validate(plugin: &str, schema: &str, config: &str) -> Result<(), PluginError> {
    let schema_error = |reason: String| PluginError::InvalidSchema { plugin: plugin.to_owned(), reason };
    let schema: Value = serde_json::from_str(schema).map_err(|e| schema_error(e.to_string()))?;
    if !schema.is_object() {
        return Err(schema_error("not a JSON object".to_owned()));
    }
    let config: Value = serde_json::from_str(config)
        .map_err(|e| PluginError::ConfigNotJson { plugin: plugin.to_owned(), reason: e.to_string() })?;
    // Schemas carry whatever "$schema" their generator writes; upstream reads all of them as draft 7.
    let validator = jsonschema::draft7::new(&schema).map_err(|e| schema_error(e.to_string()))?;
    validator.validate(&config).map_err(|e| PluginError::ConfigRejected {
        plugin: plugin.to_owned(),
        at: e.instance_path().to_string(),
        reason: e.to_string(),
    })
}
