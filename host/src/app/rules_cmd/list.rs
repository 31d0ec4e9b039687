//! `lanner rules list`.

use std::fmt::Write as _;

use lanner_engine::explain::Location;
use lanner_engine::load::{Loader, RuleSpec};
use serde::Serialize;

use super::args::{ListArgs, RulesForm};

/// What the list says of a rule.
#[derive(Serialize)]
struct Row<'r> {
    name: &'r str,
    priority: &'static str,
    source: &'r str,
    enabled: bool,
    /// From the tag `maturity_…`.
    maturity: Option<&'r str>,
    tags: Vec<&'r str>,
    description: String,
    location: Location,
}

const MATURITY: &str = "maturity_";

pub(super) fn list(args: &ListArgs, loader: &Loader) -> String {
    let wanted = |rule: &&RuleSpec| {
        args.tag.iter().all(|tag| rule.tags.iter().any(|own| **own == **tag))
            && args.source.as_deref().is_none_or(|source| *rule.source == *source)
            && args.priority.is_none_or(|priority| rule.priority <= priority)
            && !(args.disabled && rule.enabled)
    };
    let rows: Vec<Row<'_>> = loader.rules().iter().filter(wanted).map(|rule| row(rule, loader)).collect();
    match args.format {
        RulesForm::Json => super::json(&rows),
        RulesForm::Text => text(&rows),
    }
}

fn row<'r>(rule: &'r RuleSpec, loader: &Loader) -> Row<'r> {
    let tags: Vec<&str> = rule.tags.iter().map(|tag| &**tag).collect();
    Row {
        name: &rule.name,
        priority: rule.priority.name(),
        source: &rule.source,
        enabled: rule.enabled,
        maturity: tags.iter().find_map(|tag| tag.strip_prefix(MATURITY)),
        tags,
        description: rule.description.split_whitespace().collect::<Vec<_>>().join(" "),
        location: rule.context.place().location(loader.files()),
    }
}

/// Columns as wide as what stands in them; the tags, which may be many, come last.
fn text(rows: &[Row<'_>]) -> String {
    const HEAD: [&str; 7] = ["NAME", "PRIORITY", "SOURCE", "STATE", "MATURITY", "PLACE", "TAGS"];
    let mut cells: Vec<[String; 7]> = vec![HEAD.map(str::to_owned)];
    for row in rows {
        let tags: Vec<&str> = row.tags.iter().copied().filter(|tag| !tag.starts_with(MATURITY)).collect();
        cells.push([
            row.name.to_owned(),
            row.priority.to_owned(),
            row.source.to_owned(),
            if row.enabled { "on" } else { "off" }.to_owned(),
            row.maturity.unwrap_or("-").to_owned(),
            row.location.to_string(),
            tags.join(","),
        ]);
    }
    let widths: [usize; 7] = std::array::from_fn(|column| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    });
    let mut out = String::new();
    for row in &cells {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a string does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let off = rows.iter().filter(|row| !row.enabled).count();
    let _ = writeln!(out, "{} rules, {off} of them off", rows.len());
    out
}
