//! Everything defined so far, over all files: definitions, redefinitions, appends, replacements.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::code::WarningCode;
use super::context::{Context, ItemKind};
use super::decode::{Result, semantic};
use super::exception;
use super::history::{Touch, TouchAction, defined};
use super::item::{Exception, Fault, ListItem, MacroItem, Order, PluginRequirement, RuleItem, RuleUpdate, Table};
use super::result::{Diagnostic, Severity, similar};
use super::version::Version;
use crate::scheme::Scheme;

/// The sources whose fields and events are known.
pub(super) type Sources = [Arc<Scheme>];

pub(super) fn scheme<'s>(sources: &'s Sources, name: &str) -> Option<&'s Arc<Scheme>> {
    sources.iter().find(|s| s.source() == name)
}

#[derive(Debug, Clone, Default)]
pub(super) struct Collection {
    pub(super) lists: Table<ListItem>,
    pub(super) macros: Table<MacroItem>,
    pub(super) rules: Table<RuleItem>,
    pub(super) engine_version: Version,
    /// Each entry: alternatives, one of which must be there.
    pub(super) plugins: Vec<Vec<PluginRequirement>>,
    /// Where each of them stands.
    pub(super) plugin_contexts: Vec<Context>,
    /// Kinds and names of items that could not be read. What refers to them has no error of its own.
    pub(super) broken: BTreeSet<(ItemKind, String)>,
    touches: u32,
}

impl Collection {
    /// Whether an item could not be read, so that one that needs it is not to be blamed.
    fn is_broken(&self, kind: ItemKind, name: &str) -> bool {
        !self.broken.is_empty() && self.broken.contains(&(kind, name.to_owned()))
    }

    fn touch(&mut self) -> u32 {
        self.touches += 1;
        self.touches - 1
    }

    fn order(&mut self, before: Option<Order>) -> Order {
        let now = self.touch();
        Order { index: before.map_or(now, |o| o.index), visibility: now }
    }

    pub(super) fn require_engine(&mut self, version: Version, engine: Version, context: &Context) -> Result<()> {
        if !engine.satisfies(version) {
            let message = format!("Rules require engine version {version}, but engine version is {engine}");
            return semantic(message, context);
        }
        self.engine_version = self.engine_version.max(version);
        Ok(())
    }

    pub(super) fn require_plugin(&mut self, alternatives: Vec<(String, String)>, context: &Context) -> Result<()> {
        let mut parsed: Vec<PluginRequirement> = Vec::new();
        for (name, version) in alternatives {
            let Some(number) = Version::parse(&version) else {
                return semantic(format!("Invalid required version '{version}' for plugin '{name}'"), context);
            };
            if parsed.iter().any(|p| p.name == name) {
                let message = format!("Defined multiple alternative version requirements for plugin '{name}'");
                return semantic(message, context);
            }
            parsed.push(PluginRequirement { name, version, parsed: number });
        }
        self.plugins.push(parsed);
        self.plugin_contexts.push(context.clone());
        Ok(())
    }

    pub(super) fn define_list(&mut self, mut item: ListItem) {
        item.order = self.order(self.lists.get(&item.name).map(|l| l.order));
        item.history = defined(self.lists.get(&item.name).map(|l| &l.history), &item.context);
        match self.lists.get_mut(&item.name) {
            Some(before) => *before = item,
            None => self.lists.insert(&item.name.clone(), item),
        }
    }

    pub(super) fn append_list(&mut self, item: ListItem) -> Result<()> {
        let broken = self.is_broken(ItemKind::List, &item.name);
        let Some(before) = self.lists.get_mut(&item.name) else {
            if broken {
                return Ok(());
            }
            let message = "List uses 'append' or 'override.items: append' but no list by that name already exists";
            return semantic(message, &item.context);
        };
        before.items.extend(item.items);
        before.history.push(Touch::new(TouchAction::Appended, vec!["items"], &item.context));
        before.order.visibility = self.touches;
        self.touch();
        Ok(())
    }

    pub(super) fn define_macro(&mut self, mut item: MacroItem) {
        item.order = self.order(self.macros.get(&item.name).map(|m| m.order));
        item.history = defined(self.macros.get(&item.name).map(|m| &m.history), &item.context);
        match self.macros.get_mut(&item.name) {
            Some(before) => *before = item,
            None => self.macros.insert(&item.name.clone(), item),
        }
    }

    pub(super) fn append_macro(&mut self, item: MacroItem) -> Result<()> {
        let broken = self.is_broken(ItemKind::Macro, &item.name);
        let Some(before) = self.macros.get_mut(&item.name) else {
            if broken {
                return Ok(());
            }
            let message =
                "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists";
            return semantic(message, &item.context);
        };
        Arc::make_mut(&mut before.condition).append(&item.condition);
        before.history.push(Touch::new(TouchAction::Appended, vec!["condition"], &item.context));
        before.order.visibility = self.touches;
        self.touch();
        Ok(())
    }

    pub(super) fn define_rule(
        &mut self,
        mut item: RuleItem,
        sources: &Sources,
        out: &mut Vec<Diagnostic>,
    ) -> Result<()> {
        self.check_source(&item.name, &item.source, &item.context)?;
        let known = scheme(sources, &item.source);
        if known.is_none() {
            item.unknown_source = true;
            let severity = Severity::Warning(WarningCode::UnknownSource);
            let message = format!("Unknown source {}, skipping", item.source);
            let names = sources.iter().map(|scheme| scheme.source());
            let help = similar(&item.source, names).map(|meant| format!("did you mean '{meant}'?"));
            out.push(Diagnostic { help, ..Diagnostic::new(severity, message, &item.context) });
        }
        for exception in &mut item.exceptions {
            if !exception.fields.is_set() {
                let message = "Rule exception item must have fields property with a list of fields";
                return semantic(message, &exception.context);
            }
            exception::normalise(exception, known)?;
        }
        item.order = self.order(self.rules.get(&item.name).map(|r| r.order));
        item.history = defined(self.rules.get(&item.name).map(|r| &r.history), &item.context);
        match self.rules.get_mut(&item.name) {
            Some(before) => *before = item,
            None => self.rules.insert(&item.name.clone(), item),
        }
        Ok(())
    }

    pub(super) fn append_rule(&mut self, update: RuleUpdate, sources: &Sources, context: &Context) -> Result<()> {
        self.check_source(&update.name, &update.source, context)?;
        let now = self.touches;
        let broken = self.is_broken(ItemKind::Rule, &update.name);
        let Some(rule) = self.rules.get_mut(&update.name) else {
            if broken {
                return Ok(());
            }
            let message = "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists";
            return semantic(message, context);
        };
        if update.is_empty() {
            return semantic("Appended rule must have exceptions or condition property", context);
        }
        rule.history.push(Touch::new(TouchAction::Appended, update.keys(), context));
        let known = scheme(sources, &rule.source).filter(|_| !rule.unknown_source);
        append_exceptions(&mut rule.exceptions, update.exceptions.unwrap_or_default(), known)?;
        if let Some(condition) = update.condition {
            Arc::make_mut(&mut rule.condition).append(&condition);
        }
        if let Some(more) = update.output {
            rule.output.append(&more);
        }
        if let Some(more) = update.desc {
            rule.desc.push(' ');
            rule.desc.push_str(&more);
        }
        rule.tags.extend(update.tags.unwrap_or_default());
        rule.order.visibility = now;
        self.touch();
        Ok(())
    }

    pub(super) fn replace_rule(&mut self, update: RuleUpdate, sources: &Sources, context: &Context) -> Result<()> {
        self.check_source(&update.name, &update.source, context)?;
        let now = self.touches;
        let broken = self.is_broken(ItemKind::Rule, &update.name);
        let Some(rule) = self.rules.get_mut(&update.name) else {
            if broken {
                return Ok(());
            }
            let message =
                "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists";
            return semantic(message, context);
        };
        if update.is_empty() {
            return semantic("The rule must have at least one field that can be replaced", context);
        }
        rule.history.push(Touch::new(TouchAction::Replaced, update.keys(), context));
        if let Some(mut exceptions) = update.exceptions {
            let known = scheme(sources, &rule.source).filter(|_| !rule.unknown_source);
            for exception in &mut exceptions {
                if !exception.fields.is_set() {
                    let message = "Rule exception item must have fields property with a list of fields";
                    return semantic(message, &exception.context);
                }
                exception::normalise(exception, known)?;
            }
            rule.exceptions = exceptions;
        }
        fn put<T>(target: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *target = value;
            }
        }
        put(&mut rule.condition, update.condition.map(Arc::new));
        put(&mut rule.output, update.output);
        put(&mut rule.desc, update.desc);
        put(&mut rule.tags, update.tags);
        put(&mut rule.priority, update.priority);
        put(&mut rule.capture, update.capture);
        put(&mut rule.capture_duration, update.capture_duration);
        put(&mut rule.capture_before, update.capture_before.map(Some));
        put(&mut rule.enforce, update.enforce);
        put(&mut rule.enabled, update.enabled);
        put(&mut rule.warn_evttypes, update.warn_evttypes);
        put(&mut rule.skip_if_unknown_filter, update.skip_if_unknown_filter);
        rule.order.visibility = now;
        self.touch();
        Ok(())
    }

    pub(super) fn enable_rule(&mut self, name: &str, enabled: bool, context: &Context) -> Result<()> {
        let broken = self.is_broken(ItemKind::Rule, name);
        let Some(rule) = self.rules.get_mut(name) else {
            if broken {
                return Ok(());
            }
            return semantic("Rule has 'enabled' key but no rule by that name already exists", context);
        };
        rule.enabled = enabled;
        rule.history.push(Touch::new(TouchAction::Replaced, vec!["enabled"], context));
        Ok(())
    }

    fn check_source(&self, name: &str, source: &str, context: &Context) -> Result<()> {
        match self.rules.get(name) {
            Some(rule) if !source.is_empty() && rule.source != source => {
                semantic("Rule has been re-defined with a different source", context)
            }
            _ => Ok(()),
        }
    }
}

fn append_exceptions(
    exceptions: &mut Vec<Exception>,
    more: Vec<Exception>,
    known: Option<&Arc<Scheme>>,
) -> std::result::Result<(), Fault> {
    for mut new in more {
        match exceptions.iter_mut().find(|e| e.name == new.name) {
            None => {
                if !new.fields.is_set() {
                    return semantic("Rule exception must have fields property with a list of fields", &new.context);
                }
                if new.values.is_empty() {
                    return semantic("Rule exception must have values property with a list of values", &new.context);
                }
                exception::normalise(&mut new, known)?;
                exceptions.push(new);
            }
            Some(before) => {
                if new.fields.is_set() {
                    let message = "Can not append exception fields to existing exception, only values";
                    return semantic(message, &new.context);
                }
                if new.comps.is_set() {
                    let message = "Can not append exception comps to existing exception, only values";
                    return semantic(message, &new.context);
                }
                before.values.append(&mut new.values);
            }
        }
    }
    Ok(())
}
