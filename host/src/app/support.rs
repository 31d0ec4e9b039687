//! `--support`: what a maintainer needs to know, as one JSON object.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::configure::{self, Configured};
use super::lists::versions::Versions;

/// The object.
pub(crate) fn report(cmdline: &str, configured: &Configured, rules_files: &[PathBuf], versions: &Versions) -> Value {
    let files: Vec<Value> = rules_files
        .iter()
        .map(|path| {
            let content = super::rules::read(path).unwrap_or_default();
            json!({"name": path.display().to_string(), "variants": [{"content": content}]})
        })
        .collect();
    json!({
        "version": Versions::PROGRAM,
        "engine_info": versions.json(),
        "cmdline": cmdline,
        "config": configure::dump(&configured.loaded),
        "rules_files": files,
        "system_info": system_info(),
    })
}

/// What `uname` says, read from `/proc` to stay clear of foreign functions.
fn system_info() -> Value {
    let read = |name: &str| {
        std::fs::read_to_string(format!("/proc/sys/kernel/{name}"))
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    };
    json!({
        "sysname": read("ostype"),
        "nodename": read("hostname"),
        "release": read("osrelease"),
        "version": read("version"),
        "machine": std::env::consts::ARCH,
    })
}
