//! From the YAML of one file to definitions, appends and replacements, in the order they are written.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::code::{ErrorCode, WarningCode};
use super::collect::{Collection, Sources};
use super::context::{Context, ItemKind};
use super::decode::{
    Decode, Result, entry, optional, optional_or_empty, required, required_node, scalar, semantic, structure, words,
};
use super::item::{Entry, Exception, Fault, ListItem, MacroItem, Order, RuleItem, RuleUpdate};
use super::priority::Priority;
use super::result::{Diagnostic, Severity, similar};
use super::source::{CondText, Origin};
use super::version::Version;
use crate::yaml::{self, Kind, Node};

const APPEND: &str =
    "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";
const ENABLED: &str = "The standalone 'enabled' key usage is deprecated. The correct approach requires also a \
                       'replace' entry under the 'override' key (i.e. 'enabled: replace').";
const APPEND_AND_OVERRIDE: &str = "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry \
                                   (e.g. 'condition: append') under 'override' instead.";

const RULE_KEYS: &[&str] = &[
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "source",
    "enabled",
    "capture",
    "capture_duration",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "tags",
    "exceptions",
    "override",
    "append",
];
const RULE_APPEND: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const RULE_REPLACE: &[&str] = &[
    "condition",
    "output",
    "desc",
    "priority",
    "capture",
    "capture_duration",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
];

/// Reads one file into a collection.
pub(super) struct Reader<'r> {
    pub(super) file: u32,
    pub(super) collection: &'r mut Collection,
    pub(super) sources: &'r Sources,
    pub(super) engine: Version,
    pub(super) out: &'r mut Vec<Diagnostic>,
    /// Go on with the next item after an error.
    pub(super) all_errors: bool,
}

impl Reader<'_> {
    /// Reads all documents; `false` if there was an error. The documents come back for the schema check.
    pub(super) fn read(&mut self, text: &str) -> (bool, Vec<Node>) {
        let file = Context::file(self.file);
        let documents = match yaml::parse(text) {
            Ok(documents) => documents,
            Err(error) => {
                let context = file.within(ItemKind::ValueFor, "", error.mark());
                let severity = Severity::Error(ErrorCode::YamlParse);
                self.out.push(Diagnostic { severity, message: error.to_string(), context, help: None });
                return (false, Vec::new());
            }
        };
        let mut good = true;
        for document in documents.iter().filter(|d| !d.is_null()) {
            good &= self.document(document, &file);
            if !good && !self.all_errors {
                break;
            }
        }
        (good, documents)
    }

    /// Reads the items of a document; `false` if there was an error.
    fn document(&mut self, document: &Node, file: &Context) -> bool {
        let shape = match &document.kind {
            Kind::Sequence(_) => Ok(()),
            Kind::Mapping(_) => structure("Rules content is not yaml array of objects", file),
            _ => structure("Rules content is not yaml", file),
        };
        if let Err(fault) = shape {
            self.out.push(fault.into());
            return false;
        }
        let mut good = true;
        for item in document.items().iter().filter(|item| !item.is_null()) {
            let Err(fault) = self.item(item, file) else { continue };
            good = false;
            self.out.push(fault.into());
            if !self.all_errors {
                break;
            }
            self.note_broken(item);
        }
        good
    }

    fn warn(&mut self, code: WarningCode, message: impl Into<String>, context: &Context) {
        let severity = Severity::Warning(code);
        self.out.push(Diagnostic { severity, message: message.into(), context: context.clone(), help: None });
    }

    /// Remembers an item that could not be read, for what comes after it.
    fn note_broken(&mut self, item: &Node) {
        let kinds = [("list", ItemKind::List), ("macro", ItemKind::Macro), ("rule", ItemKind::Rule)];
        let named = kinds.into_iter().find_map(|(key, kind)| Some((kind, item.get(key)?.as_str()?.to_owned())));
        self.collection.broken.extend(named);
    }

    fn item(&mut self, item: &Node, file: &Context) -> Result<()> {
        if !item.is_mapping() {
            let context = file.within(ItemKind::RulesContentItem, "", item.mark);
            return structure("Unexpected element type. Each element should be a yaml associative array.", &context);
        }
        if item.get("required_engine_version").is_some() {
            self.engine_version(item, file)
        } else if let Some(plugins) = item.get("required_plugin_versions") {
            self.plugin_versions(item, plugins, file)
        } else if item.get("list").is_some() {
            self.list(item, file)
        } else if item.get("macro").is_some() {
            self.macro_item(item, file)
        } else if item.get("rule").is_some() {
            self.rule(item, file)
        } else {
            let context = file.within(ItemKind::RulesContentItem, "", item.mark);
            self.warn(WarningCode::UnknownItem, "Unknown top level item", &context);
            Ok(())
        }
    }

    fn engine_version(&mut self, item: &Node, file: &Context) -> Result<()> {
        let context = file.within(ItemKind::RequiredEngineVersion, "", item.mark);
        let version = match required::<u32>(item, "required_engine_version", &context) {
            Ok(minor) => Version::new(0, minor, 0),
            Err(_) => {
                let text: String = required(item, "required_engine_version", &context)?;
                match Version::parse(&text) {
                    Some(version) => version,
                    None => {
                        let message = format!(
                            "Unable to parse engine version '{text}' as a semver string. Expected \"x.y.z\" semver format."
                        );
                        return structure(message, &context);
                    }
                }
            }
        };
        self.collection.require_engine(version, self.engine, &context)?;
        self.unknown_keys(item, &["required_engine_version"], &context)
    }

    fn plugin_versions(&mut self, item: &Node, plugins: &Node, file: &Context) -> Result<()> {
        let context = file.within(ItemKind::RequiredPluginVersions, "", plugins.mark);
        let Kind::Sequence(plugins) = &plugins.kind else {
            return structure("Value of required_plugin_versions must be a sequence", &context);
        };
        for plugin in plugins {
            let kind = ItemKind::RequiredPluginVersionsEntry;
            let mut alternatives = Vec::new();
            let requirement = requirement(plugin, kind, "Plugin version must be a mapping", &context)?;
            let plugin_context = context.within(kind, &requirement.0, plugin.mark);
            alternatives.push(requirement);
            if let Some(others) = plugin.get("alternatives") {
                let Kind::Sequence(others) = &others.kind else {
                    return structure("Value of plugin version alternatives must be a sequence", &plugin_context);
                };
                let kind = ItemKind::RequiredPluginVersionsAlternative;
                for other in others {
                    let what = "Plugin version alternative must be a mapping";
                    alternatives.push(self::requirement(other, kind, what, &plugin_context)?);
                }
            }
            self.collection.require_plugin(alternatives, &plugin_context)?;
        }
        let context = file.within(ItemKind::RequiredPluginVersions, "", item.mark);
        self.unknown_keys(item, &["required_plugin_versions"], &context)
    }

    fn list(&mut self, item: &Node, file: &Context) -> Result<()> {
        let name: String = required(item, "list", &file.within(ItemKind::List, "", item.mark))?;
        let context = file.within(ItemKind::List, &name, item.mark);
        if name.contains(|c: char| "()\"'=,".contains(c) || matches!(c, ' ' | '\t'..='\r')) {
            let message = "List has an invalid name. List names should match a regular expression: \
                           ([^()\"'[:space:]=,]+)";
            self.warn(WarningCode::InvalidListName, message, &context);
        }
        let items = words(required_node(item, "items", &context)?, "items", self.file, &context)?;
        let list = ListItem { name, items, context: context.clone(), order: Order::default() };
        if self.appends(item, "items", &context)? {
            self.collection.append_list(list)?;
        } else {
            self.collection.define_list(list);
        }
        self.unknown_keys(item, &["list", "items", "append", "override"], &context)
    }

    fn macro_item(&mut self, item: &Node, file: &Context) -> Result<()> {
        let name: String = required(item, "macro", &file.within(ItemKind::Macro, "", item.mark))?;
        let context = file.within(ItemKind::Macro, &name, item.mark);
        let identifier = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !identifier {
            let message = "Macro has an invalid name. Macro names should match a regular expression: \
                           ([a-zA-Z]+[a-zA-Z0-9_]*)";
            self.warn(WarningCode::InvalidMacroName, message, &context);
        }
        let condition = self.condition(item, &context)?;
        let mark = required_node(item, "condition", &context)?.mark;
        let condition_context = context.within(ItemKind::MacroCondition, "", mark);
        let definition = MacroItem {
            name,
            condition: Arc::new(condition),
            context: context.clone(),
            condition_context,
            order: Order::default(),
        };
        if self.appends(item, "condition", &context)? {
            self.collection.append_macro(definition)?;
        } else {
            self.collection.define_macro(definition);
        }
        self.unknown_keys(item, &["macro", "condition", "append", "override"], &context)
    }

    /// Whether a list or macro says, in the old or the new way, that it adds to an earlier one.
    fn appends(&mut self, item: &Node, key: &'static str, context: &Context) -> Result<bool> {
        let old = self.old_append(item, context)?;
        let overrides = overrides(item, &[key], &[key], context)?;
        if old && !overrides.is_empty() {
            return structure(APPEND_AND_OVERRIDE, context);
        }
        Ok(old || !overrides.append.is_empty())
    }

    fn old_append(&mut self, item: &Node, context: &Context) -> Result<bool> {
        let append = optional(item, "append", context)?.unwrap_or(false);
        if append {
            self.warn(WarningCode::DeprecatedItem, APPEND, context);
        }
        Ok(append)
    }

    fn rule(&mut self, item: &Node, file: &Context) -> Result<()> {
        let name: String = required(item, "rule", &file.within(ItemKind::Rule, "", item.mark))?;
        let context = file.within(ItemKind::Rule, &name, item.mark);
        let source = optional_or_empty(item, "source", &context)?;
        let append = self.old_append(item, &context)?;
        let overrides = overrides(item, RULE_APPEND, RULE_REPLACE, &context)?;
        if append && !overrides.is_empty() {
            return structure(APPEND_AND_OVERRIDE, &context);
        }
        if !overrides.is_empty() {
            self.update(item, name, source, overrides, &context)?;
        } else if append {
            let mut update = RuleUpdate { name, source, ..RuleUpdate::default() };
            if item.get("condition").is_some() {
                update.condition = Some(self.condition(item, &context)?);
            }
            if item.get("exceptions").is_some() {
                update.exceptions = Some(self.exceptions(item, &context, true)?);
            }
            self.collection.append_rule(update, self.sources, &context)?;
        } else if ["condition", "output", "desc", "priority"].iter().all(|key| item.get(key).is_none()) {
            let enabled = required(item, "enabled", &context)?;
            self.warn(WarningCode::DeprecatedItem, ENABLED, &context);
            self.collection.enable_rule(&name, enabled, &context)?;
        } else {
            let rule = self.definition(item, name, &context)?;
            self.collection.define_rule(rule, self.sources, self.out)?;
        }
        self.unknown_keys(item, RULE_KEYS, &context)
    }

    fn definition(&mut self, item: &Node, name: String, context: &Context) -> Result<RuleItem> {
        let place = |key: &str, kind| context.within(kind, "", item.get(key).map_or(item.mark, |node| node.mark));
        let condition = self.condition(item, context)?;
        let output: String = required(item, "output", context)?;
        let desc = required(item, "desc", context)?;
        let priority = priority(item, context)?;
        Ok(RuleItem {
            condition: Arc::new(condition),
            output: output.trim_matches([' ', '\t', '\r', '\n']).to_owned(),
            desc,
            priority,
            source: optional(item, "source", context)?.unwrap_or_else(|| "syscall".to_owned()),
            enabled: optional(item, "enabled", context)?.unwrap_or(true),
            capture: optional(item, "capture", context)?.unwrap_or(false),
            capture_duration: optional(item, "capture_duration", context)?.unwrap_or(0),
            warn_evttypes: optional(item, "warn_evttypes", context)?.unwrap_or(true),
            skip_if_unknown_filter: optional(item, "skip-if-unknown-filter", context)?.unwrap_or(false),
            tags: self.tags(item, context)?,
            exceptions: self.exceptions(item, context, false)?,
            unknown_source: false,
            condition_context: place("condition", ItemKind::RuleCondition),
            output_context: place("output", ItemKind::RuleOutput),
            context: context.clone(),
            order: Order::default(),
            name,
        })
    }

    /// What stands under `override`: the appended keys first, then the replaced ones.
    fn update(
        &mut self,
        item: &Node,
        name: String,
        source: String,
        overrides: Overrides,
        context: &Context,
    ) -> Result<()> {
        let overridable = RULE_APPEND.iter().chain(RULE_REPLACE);
        let mut expected: BTreeSet<&str> = overridable.copied().filter(|key| item.get(key).is_some()).collect();
        for (keys, what) in [(&overrides.append, "append"), (&overrides.replace, "replace")] {
            if keys.is_empty() {
                continue;
            }
            let mut update = RuleUpdate { name: name.clone(), ..RuleUpdate::default() };
            // In this order, whatever the order in the file: it decides which of several errors is told.
            let order =
                ["condition", "exceptions", "output", "desc", "tags", "priority", "capture", "capture_duration"];
            for key in order.iter().chain(&["enabled", "warn_evttypes", "skip-if-unknown-filter"]) {
                if !keys.contains(*key) {
                    continue;
                }
                if !expected.remove(key) {
                    let message = format!("An {what} override for '{key}' was specified but '{key}' is not defined");
                    return structure(message, context);
                }
                self.update_key(item, key, &source, what == "append", &mut update, context)?;
            }
            match what {
                "append" => self.collection.append_rule(update, self.sources, context)?,
                _ => self.collection.replace_rule(update, self.sources, context)?,
            }
        }
        match expected.first() {
            None => Ok(()),
            Some(key) => {
                let mark = item.get(key).map_or(item.mark, |node| node.mark);
                let message = format!("Unexpected key '{key}': no corresponding entry under 'override' is defined.");
                structure(message, &context.within(ItemKind::Overrides, key, mark))
            }
        }
    }

    fn update_key(
        &mut self,
        item: &Node,
        key: &str,
        source: &str,
        append: bool,
        update: &mut RuleUpdate,
        context: &Context,
    ) -> Result<()> {
        fn value<T: Decode>(item: &Node, key: &str, context: &Context) -> Result<Option<T>> {
            required(item, key, context).map(Some)
        }
        match key {
            "condition" => {
                source.clone_into(&mut update.source);
                update.condition = Some(self.condition(item, context)?);
            }
            "exceptions" => update.exceptions = Some(self.exceptions(item, context, append)?),
            "output" => update.output = value(item, key, context)?,
            "desc" => update.desc = value(item, key, context)?,
            "tags" => update.tags = Some(self.tags(item, context)?),
            "priority" => update.priority = Some(priority(item, context)?),
            "capture" => update.capture = value(item, key, context)?,
            "capture_duration" => update.capture_duration = value(item, key, context)?,
            "enabled" => update.enabled = value(item, key, context)?,
            "warn_evttypes" => update.warn_evttypes = value(item, key, context)?,
            _ => update.skip_if_unknown_filter = value(item, key, context)?,
        }
        Ok(())
    }

    fn condition(&self, item: &Node, context: &Context) -> Result<CondText> {
        let node = required_node(item, "condition", context)?;
        let text: String = scalar(node, "condition", context)?;
        let mut condition = CondText::new();
        condition.push(&text, Origin::of(self.file, node));
        Ok(condition)
    }

    fn tags(&self, item: &Node, context: &Context) -> Result<BTreeSet<String>> {
        let Some(node) = item.get("tags") else { return Ok(BTreeSet::new()) };
        Ok(words(node, "tags", self.file, context)?.into_iter().map(|word| word.text).collect())
    }

    fn exceptions(&mut self, item: &Node, rule: &Context, append: bool) -> Result<Vec<Exception>> {
        let Some(node) = item.get("exceptions").filter(|node| !node.is_null()) else { return Ok(Vec::new()) };
        let all = rule.within(ItemKind::Exceptions, "", node.mark);
        let Kind::Sequence(nodes) = &node.kind else { return structure("Rule exceptions must be a sequence", &all) };
        let mut exceptions: Vec<Exception> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let nameless = all.within(ItemKind::Exception, "", node.mark);
            if !node.is_mapping() {
                return structure("Rule exception must be a mapping", &nameless);
            }
            let name: String = required(node, "name", &nameless)?;
            let context = rule.within(ItemKind::Exception, &name, node.mark);
            if exceptions.iter().any(|e| e.name == name) {
                let message = format!("Multiple definitions of exception '{name}' in the same rule");
                self.warn(WarningCode::ExceptionNameNotUnique, message, &context);
            }
            let part = |key: &str| match node.get(key) {
                Some(part) => entry(part, key, self.file, &context),
                None => Ok(Entry::Unset),
            };
            if !append {
                required_node(node, "fields", &context)?;
            }
            let (fields, comps) = (part("fields")?, part("comps")?);
            let mut values = Vec::new();
            if let Some(node) = node.get("values") {
                let context = context.within(ItemKind::ExceptionValues, "", node.mark);
                let Kind::Sequence(nodes) = &node.kind else {
                    return structure("Rule exception values must be a sequence", &context);
                };
                for node in nodes {
                    let context = context.within(ItemKind::ExceptionValue, "", node.mark);
                    values.push(entry(node, "", self.file, &context)?);
                }
            } else if append {
                let message = "Overriding/appending exception with no values";
                self.warn(WarningCode::AppendNoValues, message, &context);
            }
            exceptions.push(Exception { name, fields, comps, values, context });
        }
        Ok(exceptions)
    }

    fn unknown_keys(&mut self, item: &Node, known: &[&str], context: &Context) -> Result<()> {
        for (key, _) in item.entries() {
            let text = match &key.kind {
                Kind::Null => "null",
                Kind::Scalar(scalar) => &scalar.text,
                _ => return semantic("A key of the item is not a scalar", context),
            };
            if !known.contains(&text) {
                let message = format!("Unknown key '{text}'. The key will be ignored.");
                self.warn(WarningCode::UnknownKey, message, context);
                let meant = similar(text, known.iter().copied());
                if let (Some(meant), Some(warning)) = (meant, self.out.last_mut()) {
                    warning.help = Some(format!("did you mean '{meant}'?"));
                }
            }
        }
        Ok(())
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        Diagnostic {
            severity: Severity::Error(fault.code),
            message: fault.message,
            context: fault.context,
            help: fault.help,
        }
    }
}

/// Name and version of a required plugin.
fn requirement(node: &Node, kind: ItemKind, not_a_mapping: &str, parent: &Context) -> Result<(String, String)> {
    let nameless = parent.within(kind, "", node.mark);
    if !node.is_mapping() {
        return structure(not_a_mapping, &nameless);
    }
    let name: String = required(node, "name", &nameless)?;
    let version = required(node, "version", &parent.within(kind, &name, node.mark))?;
    Ok((name, version))
}

fn priority(item: &Node, context: &Context) -> Result<Priority> {
    let text: String = required(item, "priority", context)?;
    match Priority::from_name(&text) {
        Some(priority) => Ok(priority),
        None => {
            let mark = item.get("priority").map_or(item.mark, |node| node.mark);
            structure("Invalid priority", &context.within(ItemKind::RulePriority, "", mark))
        }
    }
}

/// The keys under `override`, by what is to be done.
#[derive(Debug, Default)]
struct Overrides {
    append: BTreeSet<String>,
    replace: BTreeSet<String>,
}

impl Overrides {
    fn is_empty(&self) -> bool {
        self.append.is_empty() && self.replace.is_empty()
    }
}

fn overrides(item: &Node, append: &[&str], replace: &[&str], context: &Context) -> Result<Overrides> {
    let mut out = Overrides::default();
    let Some(node) = item.get("override") else { return Ok(out) };
    let within = context.within(ItemKind::Overrides, "", item.mark);
    if !node.items().is_empty() {
        return semantic("Value of 'override' must be a mapping of keys to 'append' or 'replace'", &within);
    }
    for (key_node, operation_node) in node.entries() {
        let word = |node: &Node| match &node.kind {
            Kind::Null => Ok("null".to_owned()),
            Kind::Scalar(scalar) => Ok(scalar.text.clone()),
            _ => semantic("Keys and operations under 'override' must be scalars", &within),
        };
        let (key, operation) = (word(key_node)?, word(operation_node)?);
        let may = |keys: &[&str]| keys.contains(&key.as_str());
        let key_context = within.within(ItemKind::Overrides, &key, key_node.mark);
        match operation.as_str() {
            "append" if may(append) => {
                out.append.insert(key);
            }
            "append" => {
                return structure(format!("Key '{key}' cannot be appended to, use 'replace' instead"), &key_context);
            }
            "replace" if may(replace) => {
                out.replace.insert(key);
            }
            "replace" => return structure(format!("Key '{key}' cannot be replaced"), &key_context),
            _ => {
                let allowed = [("append ", may(append)), ("replace ", may(replace))];
                let allowed: String = allowed.iter().filter(|(_, may)| *may).map(|(word, _)| *word).collect();
                let message =
                    format!("Invalid override operation for key '{key}': '{operation}'. Allowed values are: {allowed}");
                return structure(message, &within.within(ItemKind::ValueFor, &key, operation_node.mark));
            }
        }
    }
    Ok(out)
}
