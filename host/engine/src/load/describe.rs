//! Rules, macros and lists described as JSON and as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::Loader;
use super::item::{Entry, Exception, Table, sorted};
use super::lists::List;
use super::macros::Macro;
use super::settings::PluginInfo;
use super::spec::{Enforce, RuleSpec};
use crate::ast::{Check, Expr, ExprKind, Operand, OperandKind, Operator, Right, Test};
use crate::parse::parse;
use crate::scheme::Scheme;

impl Loader {
    /// Everything that is loaded.
    pub fn describe(&self) -> Value {
        let requirement = |name: &str, version: &str| json!({ "name": name, "version": version });
        let plugins: Vec<Value> = self
            .collection
            .plugins
            .iter()
            .filter_map(|alternatives| {
                let (first, others) = alternatives.split_first()?;
                let mut out = requirement(&first.name, &first.version);
                let others: Vec<Value> = others.iter().map(|r| requirement(&r.name, &r.version)).collect();
                out.as_object_mut()?.insert("alternatives".to_owned(), others.into());
                Some(out)
            })
            .collect();
        let known = Known::new(self);
        let rules: Vec<Value> = self.compiled.rules.iter().map(|rule| self.rule_json(rule, &known)).collect();
        let macros: Vec<Value> = self.compiled.macros.all().iter().map(|m| self.macro_json(m, &known)).collect();
        let lists: Vec<Value> = self.compiled.lists.all().iter().map(|l| self.list_json(l)).collect();
        json!({
            "required_engine_version": self.required_engine_version().to_string(),
            "required_plugin_versions": plugins,
            "rules": rules,
            "macros": macros,
            "lists": lists,
        })
    }

    /// The rule of this name; `None` if none is loaded.
    pub fn describe_rule(&self, name: &str) -> Option<Value> {
        let rule = self.compiled.rules.iter().find(|rule| &*rule.name == name)?;
        Some(json!({ "rules": [self.rule_json(rule, &Known::new(self))] }))
    }

    fn rule_json(&self, rule: &RuleSpec, known: &Known<'_>) -> Value {
        let item = self.collection.rules.get(&rule.name);
        let written = item.map_or("", |item| item.condition.text.as_str());
        let names = Names::of_text(written, known);
        let compiled = Names::of(&rule.expr, known);
        let mut output_fields: Vec<String> = rule.output.keys().map(str::to_owned).collect();
        output_fields.extend(rule.extra_fields.iter().map(|f| f.format.text().to_owned()));
        let all_fields: BTreeSet<&str> =
            compiled.fields.iter().map(String::as_str).chain(output_fields.iter().map(String::as_str)).collect();
        let plugins = used_plugins(&self.settings.plugins, &rule.source, &compiled.events, &all_fields);
        let exceptions = item.map_or(&[][..], |item| &item.exceptions);
        let events = match super::collect::scheme(&self.settings.sources, &rule.source) {
            Some(scheme) => event_names(&rule.expr, scheme),
            None => BTreeSet::new(),
        };
        let mut details = json!({
            "macros": names.macros,
            "lists": names.lists,
            "condition_operators": compiled.operators,
            "condition_fields": compiled.fields,
            "output_fields": sorted(output_fields.iter()),
            "exception_fields": rule.exception_fields,
            "exception_names": sorted(exceptions.iter().map(|e| &e.name)),
            "exception_operators": sorted(exceptions.iter().flat_map(operators)),
            "events": events,
            "condition_compiled": rule.expr.to_string(),
            "output_compiled": rule.output.text(),
            "plugins": plugins,
        });
        let formatted = rule.extra_fields.iter().filter(|f| !f.raw);
        let formatted: Map<String, Value> = formatted.map(|f| (f.key.to_string(), f.format.text().into())).collect();
        if let (Some(details), false) = (details.as_object_mut(), formatted.is_empty()) {
            details.insert("extra_output_formatted_fields".to_owned(), formatted.into());
        }
        let tags: Vec<&str> = rule.tags.iter().map(|tag| &**tag).collect();
        let mut info = json!({
            "name": &*rule.name,
            "condition": written,
            "priority": rule.priority.name(),
            "output": item.map_or("", |item| &*item.output.text),
            "description": &*rule.description,
            "enabled": item.is_some_and(|item| item.enabled),
            "source": &*rule.source,
            "capture": rule.capture,
            "capture_duration": rule.capture_duration,
            "tags": tags,
        });
        // A key of ours: whoever does not use it sees what Falco shows.
        if let Some(before) = rule.capture_before {
            info["capture_before"] = before.into();
        }
        if rule.enforce != Enforce::None {
            info["enforce"] = rule.enforce.as_str().into();
        }
        json!({ "info": info, "details": details })
    }

    fn macro_json(&self, item: &Macro, known: &Known<'_>) -> Value {
        let written = self.collection.macros.get(&item.name).map_or("", |m| m.condition.text.as_str());
        let names = Names::of_text(written, known);
        let compiled = item.condition.as_ref().map(|c| Names::of(c, known)).unwrap_or_default();
        // A macro belongs to no source: its events are told as if it were used for system calls, its plugins not at all.
        let syscalls = super::collect::scheme(&self.settings.sources, "syscall");
        let events = match (&item.condition, syscalls) {
            (Some(condition), Some(scheme)) => event_names(condition, scheme),
            _ => BTreeSet::new(),
        };
        json!({
            "info": { "name": item.name, "condition": written },
            "details": {
                "used": item.used,
                "macros": names.macros,
                "lists": names.lists,
                "condition_operators": compiled.operators,
                "condition_fields": compiled.fields,
                "events": events,
                "condition_compiled": item.condition.as_ref().map(Expr::to_string).unwrap_or_default(),
                "plugins": [],
            },
        })
    }

    fn list_json(&self, list: &List) -> Value {
        let written = self.collection.lists.get(&list.name).map_or(&[][..], |l| &l.items);
        let resolved: BTreeSet<&str> = list.items.iter().map(String::as_str).collect();
        let (items, lists): (Vec<&str>, Vec<&str>) =
            written.iter().map(|word| word.text.as_str()).partition(|item| resolved.contains(item));
        json!({
            "info": { "name": list.name, "items": items },
            "details": {
                "used": list.used,
                "lists": sorted(lists),
                "items_compiled": list.items,
                "plugins": [],
            },
        })
    }
}

/// The names that macros and lists have.
struct Known<'k> {
    macros: &'k Table<super::item::MacroItem>,
    lists: &'k Table<super::item::ListItem>,
}

impl<'k> Known<'k> {
    fn new(loader: &'k Loader) -> Self {
        Known { macros: &loader.collection.macros, lists: &loader.collection.lists }
    }
}

/// What a condition names.
#[derive(Debug, Default)]
struct Names {
    macros: BTreeSet<String>,
    lists: BTreeSet<String>,
    fields: BTreeSet<String>,
    operators: BTreeSet<String>,
    /// Constants that `evt.type` and `evt.asynctype` are compared with.
    events: BTreeSet<String>,
}

impl Names {
    fn of_text(text: &str, known: &Known<'_>) -> Self {
        parse(text, 0).map(|expr| Self::of(&expr, known)).unwrap_or_default()
    }

    fn of(expr: &Expr, known: &Known<'_>) -> Self {
        let mut names = Names::default();
        expr.walk(&mut |part| match &part.kind {
            ExprKind::Macro(name) if known.macros.get(name).is_some() => {
                names.macros.insert(name.to_string());
            }
            ExprKind::Check(check) => names.check(check, known),
            _ => {}
        });
        names
    }

    fn check(&mut self, check: &Check, known: &Known<'_>) {
        check.operands(&mut |operand| {
            if let OperandKind::Field { name, arg } = &operand.kind {
                self.fields.insert(field_text(name, arg.as_deref()));
            }
        });
        let (op, modifier, right) = match &check.test {
            Test::Exists => {
                self.operators.insert("exists".to_owned());
                return;
            }
            Test::Compare { op, modifier, right } => (op, modifier, right),
        };
        self.operators.insert(match modifier {
            None => op.to_string(),
            Some(modifier) => format!("{op} {modifier}"),
        });
        let (values, list) = match right {
            Right::Value(value) => (std::slice::from_ref(value), false),
            Right::Name(value) => (std::slice::from_ref(value), true),
            Right::List(values) => (&**values, true),
            Right::Call(_) => return,
        };
        let events = matches!(&check.left, Operand { kind: OperandKind::Field { name, .. }, .. }
            if matches!(&**name, "evt.type" | "evt.asynctype"));
        for value in values {
            let text = value.text();
            if list && known.lists.get(&text).is_some() {
                self.lists.insert(text.into_owned());
            } else if events {
                self.events.insert(text.into_owned());
            }
        }
    }
}

fn field_text(name: &str, arg: Option<&str>) -> String {
    match arg {
        Some(arg) if !arg.is_empty() => format!("{name}[{arg}]"),
        _ => name.to_owned(),
    }
}

fn operators(exception: &Exception) -> Vec<&str> {
    match &exception.comps {
        Entry::Many(comps) => comps.iter().map(Entry::text).collect(),
        comp => vec![comp.text()],
    }
}

/// Plugins that deliver the source, one of the fields or one of the asynchronous events.
fn used_plugins(
    plugins: &[PluginInfo],
    source: &str,
    events: &BTreeSet<String>,
    fields: &BTreeSet<&str>,
) -> BTreeSet<String> {
    let names: BTreeSet<&str> = fields.iter().map(|f| f.split_once('[').map_or(*f, |(name, _)| name)).collect();
    let concerns = |sources: &[String]| sources.is_empty() || sources.iter().any(|s| s == source);
    let used = |plugin: &&PluginInfo| {
        plugin.event_source.as_deref() == Some(source)
            || (concerns(&plugin.field_sources) && plugin.fields.iter().any(|f| names.contains(f.as_str())))
            || (concerns(&plugin.async_sources) && plugin.async_events.iter().any(|e| events.contains(e)))
    };
    plugins.iter().filter(used).map(|plugin| plugin.name.clone()).collect()
}

/// The names that events matching a condition can have.
fn event_names(expr: &Expr, scheme: &Scheme) -> BTreeSet<String> {
    if scheme.source() != "syscall" {
        return ["asyncevent", "pluginevent"].map(str::to_owned).into();
    }
    let universe: Vec<&str> = sorted(scheme.events().names());
    let index: BTreeMap<&str, usize> = universe.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let set = named(expr, false, &index);
    let names = universe.iter().zip(set).filter(|(_, member)| *member).map(|(name, _)| (*name).to_owned());
    names.chain(["asyncevent".to_owned()]).collect()
}

/// Which names a condition leaves possible: only plain checks of `evt.type` and `syscall.type` restrict them.
fn named(expr: &Expr, negated: bool, index: &BTreeMap<&str, usize>) -> Vec<bool> {
    let (parts, all) = match &expr.kind {
        ExprKind::Not(part) => return named(part, !negated, index),
        ExprKind::And(parts) => (parts, !negated),
        ExprKind::Or(parts) => (parts, negated),
        ExprKind::Macro(_) => return vec![true; index.len()],
        ExprKind::Check(check) => return named_by(check, negated, index),
    };
    parts.iter().fold(vec![all; index.len()], |mut set, part| {
        for (member, other) in set.iter_mut().zip(named(part, negated, index)) {
            *member = if all { *member && other } else { *member || other };
        }
        set
    })
}

fn named_by(check: &Check, negated: bool, index: &BTreeMap<&str, usize>) -> Vec<bool> {
    let is = |field: &str| matches!(&check.left.kind, OperandKind::Field { name, arg: None } if &**name == field);
    let everything = || vec![true; index.len()];
    let Test::Compare { op, modifier: None, right } = &check.test else { return everything() };
    let values = match right {
        Right::Value(value) | Right::Name(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::Call(_) => return everything(),
    };
    if is("evt.num") && matches!(op, Operator::Eq | Operator::EqEq) && values.iter().all(|v| &*v.bytes == b"0") {
        return vec![negated; index.len()];
    }
    let equal = match op {
        Operator::Eq | Operator::EqEq | Operator::In => !negated,
        Operator::Ne => negated,
        _ => return everything(),
    };
    if !is("evt.type") && !is("syscall.type") {
        return everything();
    }
    let mut set = vec![!equal; index.len()];
    for value in values {
        if let Some(member) = index.get(&*value.text()).and_then(|at| set.get_mut(*at)) {
            *member = equal;
        }
    }
    set
}

/// The rules of a description as a table: the name, and what the rule is about, wrapped.
pub fn rules_table(description: &Value) -> String {
    let mut out = String::new();
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "{name:<50} {text}");
    };
    row("Rule", "Description");
    row("----", "-----------");
    for rule in description.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let info = |key: &str| rule.pointer(key).and_then(Value::as_str).unwrap_or("");
        row(info("/info/name"), &format!("{}\n", wrap(info("/info/description"))));
    }
    out
}

/// Words in lines of 59 characters, a blank after each, all lines but the first indented below the second column.
fn wrap(text: &str) -> String {
    const INDENT: usize = 51;
    const WIDTH: usize = 110 - INDENT;
    let mut out = String::new();
    let mut len = 0;
    for word in text.split_ascii_whitespace() {
        len += word.len() + 1;
        if len > WIDTH {
            let _ = write!(out, "\n{:INDENT$}", "");
            len = word.len() + 1;
        }
        let _ = write!(out, "{word} ");
    }
    out
}
