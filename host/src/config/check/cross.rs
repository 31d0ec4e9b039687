//! What shows only when everything is merged: keys that need one another, plugins that are named and not there.

use std::path::Path as FsPath;

use lanner_engine::load::similar;

use super::{Checked, Level};
use crate::config::keys::KEYS;
use crate::config::load::{self, Loaded};
use crate::config::plugins::PluginConfig;
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
pub(super) fn check(checked: &mut Checked, main: &FsPath, options: &[String], built_in: &[&str]) {
    let loaded = match load::load(Some(main), &[], options) {
        Ok(loaded) => loaded,
        // What single files and options are guilty of has been told.
        Err(_) if checked.count(Level::Error) > 0 => return,
        Err(error) => return checked.add(Level::Error, "CONFIG_INCLUDE", 0, 0..0, error.to_string(), None),
    };
    let before = checked.count(Level::Error);
    Cross { checked, loaded: &loaded }.check(built_in);
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

struct Cross<'c> {
    checked: &'c mut Checked,
    loaded: &'c Loaded,
}

impl<'c> Cross<'c> {
    fn tell(&mut self, level: Level, code: &'static str, at: Option<&Origin>, message: String, help: Option<String>) {
        let (source, span) = at.map_or((0, 0..0), |origin| self.checked.place(&self.loaded.layers, origin));
        self.checked.add(level, code, source, span, message, help);
    }

    fn on(&self, path: &str) -> bool {
        self.loaded.tree.at(path).and_then(Node::bool).unwrap_or_default()
    }

    fn check(&mut self, built_in: &[&str]) {
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
        self.plugins(built_in);
    }

    fn plugins(&mut self, built_in: &[&str]) {
        let loaded = self.loaded;
        let items = loaded.tree.get("plugins").map(Node::items).unwrap_or_default();
        let trace = loaded.trace.get("plugins");
        let place = |i: usize, key: &str| {
            let item = trace.and_then(|trace| trace.item(i))?;
            Some(&item.get(key).unwrap_or(item).origin)
        };
        let mut names: Vec<&str> = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let text = |key: &str| item.get(key).and_then(Node::text);
            for key in ["name", "library_path"].into_iter().filter(|key| text(key).is_none()) {
                let message = format!("an item of `plugins` has no `{key}`; nothing starts");
                self.tell(Level::Error, "CONFIG_PLUGIN", place(i, key), message, None);
            }
            let (Some(name), Some(library)) = (text("name"), text("library_path")) else { continue };
            if names.contains(&name) {
                let message = format!("plugin '{name}' stands twice in `plugins`");
                self.tell(Level::Warning, "CONFIG_PLUGIN", place(i, "name"), message, None);
            }
            names.push(name);
            let plugin = PluginConfig {
                name: name.into(),
                library: library.into(),
                init_config: "".into(),
                open_params: "".into(),
            };
            let wanted = loaded
                .tree
                .get("load_plugins")
                .is_none_or(|list| list.items().iter().filter_map(Node::text).any(|wanted| wanted == name));
            let found = built_in.contains(&name) || plugin.candidates().iter().any(|path| path.is_file());
            if wanted && !found {
                let tried: Vec<_> = plugin.candidates().iter().map(|path| path.display().to_string()).collect();
                let message = format!("the library of plugin '{name}' is not on this machine");
                let help = Some(format!("looked for: {}", tried.join(", ")));
                self.tell(Level::Warning, "CONFIG_PLUGIN", place(i, "library_path"), message, help);
            }
        }
        let wanted = loaded.tree.get("load_plugins").map(Node::items).unwrap_or_default();
        for (i, name) in wanted.iter().enumerate().filter_map(|(i, item)| Some((i, item.text()?))) {
            if names.contains(&name) {
                continue;
            }
            let list = loaded.trace.get("load_plugins");
            let at = list.map(|list| &list.item(i).unwrap_or(list).origin);
            let guess = similar(name, names.iter().copied()).map(|near| format!("did you mean '{near}'?"));
            let known = format!("`plugins` has {}", if names.is_empty() { "none".into() } else { names.join(", ") });
            let message = format!("`load_plugins` names '{name}', which `plugins` does not have; nothing starts");
            self.tell(Level::Error, "CONFIG_PLUGIN", at, message, Some(guess.unwrap_or(known)));
        }
    }
}
