//! From the YAML of one file to definitions, appends and replacements, in the order they are written.

mod exceptions;
mod keys;
mod overrides;
mod rule;

use std::sync::Arc;

use super::code::{ErrorCode, WarningCode};
use super::collect::{Collection, Sources};
use super::context::{Context, FileRange, ItemKind};
use super::decode::{Result, optional, required, required_node, scalar, structure, words};
use super::item::{Fault, ListItem, MacroItem, Order};
use super::result::{Diagnostic, Severity, similar};
use super::source::{CondText, Origin};
use super::version::Version;
use crate::yaml::{self, Kind, Node};

use self::overrides::overrides;

const APPEND: &str =
    "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";
const APPEND_AND_OVERRIDE: &str = "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry \
                                   (e.g. 'condition: append') under 'override' instead.";

/// Reads one file into a collection.
pub(super) struct Reader<'r> {
    pub(super) file: u32,
    pub(super) collection: &'r mut Collection,
    pub(super) sources: &'r Sources,
    pub(super) engine: Version,
    pub(super) out: &'r mut Vec<Diagnostic>,
    /// Go on with the next item after an error.
    pub(super) all_errors: bool,
    /// The last rule had errors that were told and passed over.
    pub(super) recovered: bool,
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
                self.out.push(Diagnostic::new(severity, error.to_string(), &context));
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
            let result = self.item(item, file);
            good &= !std::mem::take(&mut self.recovered);
            let Err(fault) = result else { continue };
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
        self.out.push(Diagnostic::new(severity, message, context));
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
            let kinds = ["rule", "macro", "list", "required_engine_version", "required_plugin_versions"];
            let meant =
                item.entries().iter().find_map(|(key, _)| Some((key, similar(key.as_str()?, kinds.into_iter())?)));
            if let (Some((key, meant)), Some(warning)) = (meant, self.out.last_mut()) {
                warning.help = Some(format!("did you mean '{meant}'?"));
                warning.at = Some(FileRange::of(self.file, key));
            }
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
        let list = ListItem { name, items, context: context.clone(), order: Order::default(), history: Vec::new() };
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
            history: Vec::new(),
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
            self.warn_key(WarningCode::DeprecatedItem, APPEND, item, "append", context);
        }
        Ok(append)
    }

    fn condition(&self, item: &Node, context: &Context) -> Result<CondText> {
        self.text(item, "condition", context)
    }

    /// The text of a key that must be there, with its place.
    fn text(&self, item: &Node, key: &str, context: &Context) -> Result<CondText> {
        let node = required_node(item, key, context)?;
        let text: String = scalar(node, key, context)?;
        let mut out = CondText::new();
        out.push(&text, Origin::of(self.file, node));
        Ok(out)
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        Diagnostic {
            help: fault.help,
            at: fault.at,
            ..Diagnostic::new(Severity::Error(fault.code), fault.message, &fault.context)
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
