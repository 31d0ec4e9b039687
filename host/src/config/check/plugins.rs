//! The plugins of a configuration: named, there, and configured as they want to be.

use jsonschema::error::ValidationErrorKind;
use lanner_engine::load::similar;
use serde_json::Value;

use super::cross::Cross;
use super::{FindLibrary, Level, Library};
use crate::config::plugins::{PluginConfig, init_config};
use crate::config::trace::{Origin, Trace};
use crate::config::tree::Node;

impl<'c> Cross<'c> {
    /// All items of `plugins`, and what `load_plugins` says of them.
    pub(super) fn plugins(&mut self, find: FindLibrary<'_>) {
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
                init_config: init_config(item),
                open_params: "".into(),
            };
            let wanted = loaded
                .tree
                .get("load_plugins")
                .is_none_or(|list| list.items().iter().filter_map(Node::text).any(|wanted| wanted == name));
            if wanted {
                self.library(&plugin, find(&plugin), place(i, "library_path"), trace.and_then(|trace| trace.item(i)));
            }
        }
        self.wanted(&names);
    }

    /// One plugin that is to be loaded.
    fn library(&mut self, plugin: &PluginConfig, found: Library, at: Option<&Origin>, trace: Option<&Trace>) {
        let name = &plugin.name;
        match found {
            Library::Missing => {
                let tried: Vec<_> = plugin.candidates().iter().map(|path| path.display().to_string()).collect();
                let message = format!("the library of plugin '{name}' is not on this machine");
                let help = Some(format!("looked for: {}", tried.join(", ")));
                self.tell(Level::Warning, "CONFIG_PLUGIN", at, message, help);
            }
            Library::Broken(error) => self.tell(Level::Error, "CONFIG_PLUGIN", at, error + "; nothing starts", None),
            Library::There { schema: None } => {}
            Library::There { schema: Some(schema) } => self.settings(plugin, &schema, trace),
        }
    }

    /// The `init_config` of a plugin, against the schema that the plugin gives.
    fn settings(&mut self, plugin: &PluginConfig, schema: &str, trace: Option<&Trace>) {
        let own = trace.and_then(|trace| trace.get("init_config"));
        let whole = own.or(trace).map(|trace| &trace.origin);
        let lead = format!("`init_config` of plugin '{}'", plugin.name);
        let text = if plugin.init_config.is_empty() { "{}" } else { &plugin.init_config };
        let config: Value = match serde_json::from_str(text) {
            Ok(config) => config,
            Err(error) => {
                let help = Some("write a map, or a text that is JSON".to_owned());
                return self.tell(Level::Error, INIT, whole, format!("{lead} is no JSON: {error}"), help);
            }
        };
        // A schema that is none is the plugin's fault; the start says so.
        let Some(schema) = serde_json::from_str::<Value>(schema).ok() else { return };
        let Ok(validator) = jsonschema::draft7::new(&schema) else { return };
        for fault in validator.iter_errors(&config) {
            let pointer = fault.instance_path().to_string();
            let mut steps: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
            let mut help = None;
            if let ValidationErrorKind::AdditionalProperties { unexpected } = fault.kind()
                && let Some(key) = unexpected.first()
            {
                let beside = fault.schema_path().to_string();
                let beside = beside.strip_suffix("/additionalProperties").unwrap_or_default();
                help = keys_help(&schema, beside, key);
                steps.push(key.clone());
            }
            let at = own.map(|own| &deepest(own, &steps).origin).or(whole);
            let below = if pointer.is_empty() { String::new() } else { format!(", {pointer}") };
            self.tell(Level::Error, INIT, at, format!("{lead}{below}: {fault}; nothing starts"), help);
        }
    }

    /// Names in `load_plugins` that `plugins` does not have.
    fn wanted(&mut self, names: &[&str]) {
        let loaded = self.loaded;
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

const INIT: &str = "CONFIG_INIT_CONFIG";

/// A step of a JSON pointer as the key that it means.
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The place that these steps lead to, as far as anything is there.
fn deepest<'t>(from: &'t Trace, steps: &[String]) -> &'t Trace {
    let mut here = from;
    for step in steps {
        let item = || step.parse().ok().and_then(|index| here.item(index));
        match here.get(step).or_else(item) {
            Some(next) => here = next,
            None => break,
        }
    }
    here
}

/// Which key may be meant, or which there are, where the schema (at `beside`) has a list of them.
fn keys_help(schema: &Value, beside: &str, key: &str) -> Option<String> {
    let level = schema.pointer(beside)?;
    let known: Vec<&str> = level.get("properties")?.as_object()?.keys().map(String::as_str).collect();
    let guess = similar(key, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    guess.or_else(|| (!known.is_empty() && known.len() <= 12).then(|| format!("keys here are {}", known.join(", "))))
}
