//! `lanner rules show`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use lanner_engine::explain::{Comparison, Constant, Explainer, Location, Outline, RightSide};
use lanner_engine::load::{Enforce, ItemKind, Loader, RuleSpec, Touch, TouchAction};
use serde::Serialize;

use super::args::{RulesForm, ShowArgs};
use crate::app::error::AppError;
use crate::app::rules::nearest;
use crate::app::sources::Group;

/// Everything about one rule.
#[derive(Serialize)]
struct Shown<'r> {
    name: &'r str,
    description: String,
    priority: &'static str,
    source: &'r str,
    enabled: bool,
    /// What is done to the process beside the alert, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce: Option<&'static str>,
    tags: Vec<&'r str>,
    location: Location,
    /// The items that made the rule what it is, in order.
    history: Vec<Step<'r>>,
    written_condition: &'r str,
    output: &'r str,
    /// The condition with everything in place.
    condition: Outline,
    /// What it names, each with where it is made.
    macros: Vec<Named>,
    lists: Vec<Named>,
    fields: BTreeSet<String>,
    /// Empty: events of every type.
    event_types: Vec<String>,
}

/// One thing that a file did.
#[derive(Serialize)]
struct Step<'r> {
    action: TouchAction,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    keys: &'r [&'static str],
    location: Location,
    /// The item as it stands in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'r str>,
}

/// A macro or a list.
#[derive(Serialize)]
struct Named {
    name: String,
    /// How it was made, and with which file and line.
    history: Vec<(TouchAction, Location)>,
    /// Of a list, how many items it has as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
}

pub(super) fn show(args: &ShowArgs, loader: &Loader, groups: &[Group]) -> Result<String, AppError> {
    let Some(rule) = loader.rules().iter().find(|rule| *rule.name == *args.name) else {
        let meant = nearest(&args.name, loader.rules().iter().map(|rule| &*rule.name));
        let meant = meant.map(|meant| format!("; did you mean '{meant}'?")).unwrap_or_default();
        return Err(AppError::NoSuchRule { name: args.name.clone(), meant });
    };
    let shown = shown(rule, loader, groups)?;
    Ok(match args.format {
        RulesForm::Json => super::json(&shown),
        RulesForm::Text => text(&shown, args.whole),
    })
}

fn shown<'r>(rule: &'r RuleSpec, loader: &'r Loader, groups: &[Group]) -> Result<Shown<'r>, AppError> {
    let source = groups.iter().flat_map(|group| &group.sources).find(|source| *source.name == *rule.source);
    let scheme = &source.ok_or(AppError::NoSource)?.scheme.scheme;
    let explainer = Explainer::compile(&[&rule.expr], Arc::clone(scheme), loader)?;
    let condition = explainer.outline(0).ok_or(AppError::NoSource)?;
    let (mut macros, mut lists) = (BTreeSet::new(), BTreeSet::new());
    let mut fields = BTreeSet::new();
    names(&condition, &mut macros, &mut lists);
    rule.expr.checks().into_iter().for_each(|check| {
        check.operands(&mut |operand| {
            if matches!(operand.kind, lanner_engine::ast::OperandKind::Field { .. }) {
                fields.insert(operand.to_string());
            }
        });
    });
    let codes = explainer.events(0);
    let every = scheme.events().kinds().iter().all(|kind| codes.contains(kind.code));
    Ok(Shown {
        name: &rule.name,
        description: rule.description.split_whitespace().collect::<Vec<_>>().join(" "),
        priority: rule.priority.name(),
        source: &rule.source,
        enabled: rule.enabled,
        enforce: (rule.enforce != Enforce::None).then(|| rule.enforce.as_str()),
        tags: rule.tags.iter().map(|tag| &**tag).collect(),
        location: rule.context.place().location(loader.files()),
        history: steps(loader.history(ItemKind::Rule, &rule.name), loader),
        written_condition: loader.written_condition(&rule.name).unwrap_or_default().trim(),
        output: loader.written_output(&rule.name).unwrap_or_default().trim(),
        condition,
        macros: macros.into_iter().map(|name| named(ItemKind::Macro, name, loader)).collect(),
        lists: lists.into_iter().map(|name| named(ItemKind::List, name, loader)).collect(),
        fields,
        event_types: if every { Vec::new() } else { crate::app::explain::type_names(scheme, codes) },
    })
}

fn steps<'r>(history: &'r [Touch], loader: &'r Loader) -> Vec<Step<'r>> {
    // What a later definition threw away says nothing about the rule any more.
    let last = history.iter().rposition(|touch| touch.action == TouchAction::Redefined).unwrap_or(0);
    let step = |(at, touch): (usize, &'r Touch)| Step {
        action: touch.action,
        keys: &touch.keys,
        location: touch.context.place().location(loader.files()),
        text: (at >= last).then(|| loader.item_text(&touch.context)),
    };
    history.iter().enumerate().map(step).collect()
}

fn named(kind: ItemKind, name: String, loader: &Loader) -> Named {
    let history = loader.history(kind, &name);
    let history = history.iter().map(|touch| (touch.action, touch.context.place().location(loader.files())));
    let items = (kind == ItemKind::List).then(|| loader.list_items(&name).map_or(0, |items| items.len()));
    Named { history: history.collect(), name, items }
}

/// The macros and lists that parts came from.
fn names(part: &Outline, macros: &mut BTreeSet<String>, lists: &mut BTreeSet<String>) {
    use lanner_engine::explain::OriginKind;
    for origin in &part.info.from {
        match origin.kind {
            OriginKind::Macro => macros.insert(origin.name.to_string()),
            OriginKind::List => lists.insert(origin.name.to_string()),
            OriginKind::Exception => false,
        };
    }
    if let Some(Comparison { right, .. }) = &part.info.comparison {
        let constants: &[Constant] = match right {
            RightSide::List(values) => values,
            RightSide::Constant(value) => std::slice::from_ref(value),
            RightSide::Nothing | RightSide::Field(_) => &[],
        };
        lists.extend(constants.iter().filter_map(|constant| constant.list.as_deref()).map(str::to_owned));
    }
    part.parts.iter().for_each(|part| names(part, macros, lists));
}

fn text(shown: &Shown<'_>, whole: bool) -> String {
    let mut out = String::new();
    let state = if shown.enabled { "on" } else { "off" };
    // Writing to a string does not fail.
    let _ = writeln!(out, "{} ({})", shown.name, shown.location);
    let enforce = shown.enforce.map(|what| format!(", enforce {what}")).unwrap_or_default();
    let _ = writeln!(out, "{}, source {}, {state}{enforce}", shown.priority, shown.source);
    let _ = writeln!(out, "Tags: {}", shown.tags.join(", "));
    let _ = writeln!(out, "\n{}", shown.description);
    for step in &shown.history {
        let keys = if step.keys.is_empty() { String::new() } else { format!(": {}", step.keys.join(", ")) };
        let _ = writeln!(out, "\n{} {}{keys}", step.location, step.action.as_str());
        step.text.iter().flat_map(|text| text.lines()).for_each(|line| {
            let _ = writeln!(out, "{}", format!("  | {line}").trim_end());
        });
    }
    let _ = writeln!(out, "\nCondition with macros, lists and exceptions in place:");
    out.push_str(&shown.condition.to_text(2, whole));
    let _ = writeln!(out, "\nOutput: {}", shown.output);
    let types = if shown.event_types.is_empty() { "all".to_owned() } else { shown.event_types.join(", ") };
    let _ = writeln!(out, "Event types: {types}");
    let fields: Vec<&str> = shown.fields.iter().map(String::as_str).collect();
    let _ = writeln!(out, "Fields: {}", fields.join(", "));
    for (what, all) in [("Macros", &shown.macros), ("Lists", &shown.lists)] {
        if all.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{what}:");
        for Named { name, history, items } in all {
            let places: Vec<String> =
                history.iter().map(|(action, location)| format!("{} {location}", action.as_str())).collect();
            let count = items.map(|items| format!(", {items} items")).unwrap_or_default();
            let _ = writeln!(out, "  {name}{count}: {}", places.join(", "));
        }
    }
    out
}
