//! What shows only when everything is merged: keys that need one another. Plugins have a stem of their own ([`super::plugins`]).

use std::path::Path as FsPath;

use super::{Checked, FindLibrary, Level};
use crate::config::keys::KEYS;
use crate::config::load::{self, Loaded};
use crate::config::trace::Origin;
use crate::config::tree::Node;
use crate::config::{ConfigError, Settings};

/// A switch, the key that it needs, and what the key is called.
const NEEDS: &[(&str, &str)] = &[
    ("file_output.enabled", "file_output.filename"),
    ("program_output.enabled", "program_output.program"),
    ("http_output.enabled", "http_output.url"),
];

/// Merges everything as a start does and looks at the result.
pub(super) fn check(checked: &mut Checked, main: &FsPath, options: &[String], find: FindLibrary<'_>) {
    let loaded = match load::load(Some(main), &[], options) {
        Ok(loaded) => loaded,
        // What single files and options are guilty of has been told.
        Err(_) if checked.count(Level::Error) > 0 => return,
        Err(error) => return checked.add(Level::Error, "CONFIG_INCLUDE", 0, 0..0, error.to_string(), None),
    };
    let before = checked.count(Level::Error);
    Cross { checked, loaded: &loaded }.check(find);
    if before == 0 && checked.count(Level::Error) == 0 {
        // The last word is that of the program itself: what no check above knows.
        if let Err(error) = Settings::read(&loaded) {
            let text = plain(&error);
            let mut named: Vec<_> = KEYS.iter().filter(|key| text.contains(key.path)).collect();
            named.sort_by_key(|key| std::cmp::Reverse(key.path.len()));
            let origin = named.iter().find_map(|key| origin(&loaded, key.path));
            Cross { checked, loaded: &loaded }.tell(Level::Error, "CONFIG_VALUE", origin, text, None);
        }
    }
}

/// The text of an error without the name of the file, which stands beside it.
fn plain(error: &ConfigError) -> String {
    match error {
        ConfigError::Value { what, .. } => what.clone(),
        other => other.to_string(),
    }
}

fn origin<'l>(loaded: &'l Loaded, path: &str) -> Option<&'l Origin> {
    path.split('.').try_fold(&loaded.trace, |trace, key| trace.get(key)).map(|trace| &trace.origin)
}

pub(super) struct Cross<'c> {
    checked: &'c mut Checked,
    pub(super) loaded: &'c Loaded,
}

impl<'c> Cross<'c> {
    pub(super) fn tell(
        &mut self,
        level: Level,
        code: &'static str,
        at: Option<&Origin>,
        message: String,
        help: Option<String>,
    ) {
        let (source, span) = at.map_or((0, 0..0), |origin| self.checked.place(&self.loaded.layers, origin));
        self.checked.add(level, code, source, span, message, help);
    }

    fn on(&self, path: &str) -> bool {
        self.loaded.tree.at(path).and_then(Node::bool).unwrap_or_default()
    }

    fn check(&mut self, find: FindLibrary<'_>) {
        let loaded = self.loaded;
        let text = |path: &str| loaded.tree.at(path).and_then(Node::text).unwrap_or_default();
        for (switch, key) in NEEDS {
            if self.on(switch) && text(key).is_empty() {
                let message = format!("`{switch}` needs `{key}`, which is empty; nothing starts");
                self.tell(Level::Error, "CONFIG_NEEDS", origin(loaded, switch), message, None);
            }
        }
        if text("engine.kind") == "replay" && text("engine.replay.capture_file").is_empty() {
            let message = "`engine.kind: replay` needs `engine.replay.capture_file`; nothing starts".to_owned();
            self.tell(Level::Error, "CONFIG_NEEDS", origin(loaded, "engine.kind"), message, None);
        }
        if loaded.tree.get("rules_file").is_some() && loaded.tree.get("rules_files").is_some() {
            let message = "`rules_file` and `rules_files` together; nothing starts".to_owned();
            let help = Some("move its files into `rules_files`".to_owned());
            self.tell(Level::Error, "CONFIG_NEEDS", origin(loaded, "rules_file"), message, help);
        }
        let outputs = ["stdout", "file", "syslog", "program", "http"];
        if !outputs.iter().any(|name| self.on(&format!("{name}_output.enabled"))) {
            let message = "no output is enabled; nothing starts".to_owned();
            let help = Some("set `stdout_output: {enabled: true}` or another output".to_owned());
            self.tell(Level::Error, "CONFIG_NEEDS", None, message, help);
        }
        self.plugins(find);
    }
}
