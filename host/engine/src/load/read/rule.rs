//! Rules: definitions, appends, overrides, exceptions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::code::WarningCode;
use super::super::context::{Context, ItemKind};
use super::super::decode::{
    Decode, Result, guessing, optional, optional_or_empty, required, required_node, scalar, structure, words,
};
use super::super::item::{Order, RuleItem, RuleUpdate};
use super::super::priority::Priority;
use super::super::result::similar;
use super::super::source::{CondText, Origin};
use super::super::spec::Enforce;
use super::overrides::{Overrides, overrides};
use super::{APPEND_AND_OVERRIDE, Reader};
use crate::yaml::Node;

const ENABLED: &str = "The standalone 'enabled' key usage is deprecated. The correct approach requires also a \
                       'replace' entry under the 'override' key (i.e. 'enabled: replace').";
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
    "capture_before",
    "enforce",
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
    "capture_before",
    "enforce",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
];

impl Reader<'_> {
    pub(super) fn rule(&mut self, item: &Node, file: &Context) -> Result<()> {
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
            self.warn_key(WarningCode::DeprecatedItem, ENABLED, item, "enabled", &context);
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
        // Each of these is looked at whatever is wrong with the others, if all errors are asked for.
        self.recovered = false;
        let output = self.output(item, context);
        let output = self.recover(output, || CondText::glue("-"))?;
        let desc = self.recover(required(item, "desc", context), String::new)?;
        let priority = self.recover(priority(item, context), || Priority::Debug)?;
        let source = self.recover(optional(item, "source", context), || None)?;
        let enabled = self.recover(optional(item, "enabled", context), || None)?;
        let capture = self.recover(optional(item, "capture", context), || None)?;
        let capture_duration = self.recover(optional(item, "capture_duration", context), || None)?;
        let capture_before = self.recover(optional(item, "capture_before", context), || None)?;
        let enforce = self.recover(enforce(item, context), || None)?;
        let warn_evttypes = self.recover(optional(item, "warn_evttypes", context), || None)?;
        let skip = self.recover(optional(item, "skip-if-unknown-filter", context), || None)?;
        let tags = self.recover(self.tags(item, context), BTreeSet::new)?;
        let exceptions = self.exceptions(item, context, false);
        let exceptions = self.recover(exceptions, Vec::new)?;
        Ok(RuleItem {
            condition: Arc::new(condition),
            output,
            desc,
            priority,
            source: source.unwrap_or_else(|| "syscall".to_owned()),
            enabled: enabled.unwrap_or(true),
            capture: capture.unwrap_or(false),
            capture_duration: capture_duration.unwrap_or(0),
            capture_before,
            enforce: enforce.unwrap_or_default(),
            warn_evttypes: warn_evttypes.unwrap_or(true),
            skip_if_unknown_filter: skip.unwrap_or(false),
            tags,
            exceptions,
            unknown_source: false,
            broken: self.recovered,
            condition_context: place("condition", ItemKind::RuleCondition),
            output_context: place("output", ItemKind::RuleOutput),
            context: context.clone(),
            order: Order::default(),
            history: Vec::new(),
            name,
        })
    }

    /// A value, or if all errors are asked for its error told and something in its place.
    fn recover<T>(&mut self, value: Result<T>, instead: impl FnOnce() -> T) -> Result<T> {
        match value {
            Err(fault) if self.all_errors => {
                self.out.push(fault.into());
                self.recovered = true;
                Ok(instead())
            }
            value => value,
        }
    }

    /// The output without blanks around it.
    fn output(&self, item: &Node, context: &Context) -> Result<CondText> {
        let node = required_node(item, "output", context)?;
        let text: String = scalar(node, "output", context)?;
        let mut output = CondText::new();
        output.push(text.trim_matches([' ', '\t', '\r', '\n']), Origin::of(self.file, node));
        Ok(output)
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
            for key in
                order.iter().chain(&["capture_before", "enforce", "enabled", "warn_evttypes", "skip-if-unknown-filter"])
            {
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
            "output" => update.output = Some(self.text(item, key, context)?),
            "desc" => update.desc = value(item, key, context)?,
            "tags" => update.tags = Some(self.tags(item, context)?),
            "priority" => update.priority = Some(priority(item, context)?),
            "capture" => update.capture = value(item, key, context)?,
            "capture_duration" => update.capture_duration = value(item, key, context)?,
            "capture_before" => update.capture_before = value(item, key, context)?,
            "enforce" => update.enforce = enforce(item, context)?,
            "enabled" => update.enabled = value(item, key, context)?,
            "warn_evttypes" => update.warn_evttypes = value(item, key, context)?,
            _ => update.skip_if_unknown_filter = value(item, key, context)?,
        }
        Ok(())
    }

    fn tags(&self, item: &Node, context: &Context) -> Result<BTreeSet<String>> {
        let Some(node) = item.get("tags") else { return Ok(BTreeSet::new()) };
        Ok(words(node, "tags", self.file, context)?.into_iter().map(|word| word.text).collect())
    }
}

/// What is to be enforced, if the item says.
fn enforce(item: &Node, context: &Context) -> Result<Option<Enforce>> {
    let Some(text) = optional::<String>(item, "enforce", context)? else { return Ok(None) };
    match Enforce::from_word(&text) {
        Some(enforce) => Ok(Some(enforce)),
        None => {
            let mark = item.get("enforce").map_or(item.mark, |node| node.mark);
            let words = Enforce::ALL.map(Enforce::as_str);
            let message = format!("'{text}' is nothing that can be enforced; known: {}", words.join(", "));
            let wrong = structure(message, &context.within(ItemKind::ValueFor, "enforce", mark));
            guessing(wrong, similar(&text, words.into_iter()))
        }
    }
}

fn priority(item: &Node, context: &Context) -> Result<Priority> {
    let text: String = required(item, "priority", context)?;
    match Priority::from_name(&text) {
        Some(priority) => Ok(priority),
        None => {
            let mark = item.get("priority").map_or(item.mark, |node| node.mark);
            let lower = text.to_ascii_lowercase();
            let names = Priority::ALL.iter().map(|priority| priority.name().to_ascii_lowercase()).collect::<Vec<_>>();
            let meant = similar(&lower, names.iter().map(String::as_str)).map(str::to_ascii_uppercase);
            let wrong = structure("Invalid priority", &context.within(ItemKind::RulePriority, "", mark));
            guessing(wrong, meant.as_deref())
        }
    }
}
