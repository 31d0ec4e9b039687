//! Which rules serve which tactic and technique.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::table::{Tactic, tactic, tactics, technique};

/// A rule as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct RuleTags<'r> {
    /// Its name.
    pub name: &'r str,
    /// Its tags.
    pub tags: &'r [std::sync::Arc<str>],
}

/// All tactics with what serves them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// How many rules there are.
    pub rules: usize,
    /// Every tactic, in the order of an attack, those without rules included.
    pub tactics: Vec<TacticCoverage>,
    /// Tags that look like ids of techniques or tactics, or like names of tactics, and are unknown, each with its rules.
    pub unknown: BTreeMap<String, Vec<String>>,
    /// Rules without any tag of ATT&CK.
    pub untagged: Vec<String>,
}

/// One tactic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TacticCoverage {
    /// `TA0002`.
    pub id: &'static str,
    /// `Execution`.
    pub name: &'static str,
    #[serde(skip)]
    pub(super) short: &'static str,
    /// The rules that serve it, in load order.
    pub rules: Vec<String>,
    /// The techniques by which they do, by id.
    pub techniques: Vec<TechniqueCoverage>,
}

/// One technique under one tactic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TechniqueCoverage {
    /// `T1059.004`.
    pub id: String,
    /// Its name; a part has that of the whole before it.
    pub name: String,
    /// The rules that detect it, in load order.
    pub rules: Vec<String>,
}

/// `T1234` or `T1234.001`.
fn looks_like_technique(tag: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = tag.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        None => digits(rest, 4),
        Some((whole, part)) => digits(whole, 4) && digits(part, 3),
    }
}

fn looks_like_tactic(tag: &str) -> bool {
    let number = tag.strip_prefix("TA").is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()));
    number || tag.starts_with("mitre_")
}

/// The name for people: `Process Injection: Proc Memory`.
fn full_name(id: &str) -> Option<String> {
    let own = technique(id)?.name;
    Some(match id.split_once('.').and_then(|(whole, _)| technique(whole)) {
        Some(whole) => format!("{}: {own}", whole.name),
        None => own.to_owned(),
    })
}

impl Coverage {
    /// Looks at the tags of rules. A technique counts under the tactics that the rule itself names, as far as they are the
    /// technique's own; if none is, under all that the technique has.
    pub fn of<'r>(rules: impl IntoIterator<Item = RuleTags<'r>>) -> Self {
        let empty = |tactic: &Tactic| TacticCoverage {
            id: tactic.id,
            name: tactic.name,
            short: tactic.short,
            rules: Vec::new(),
            techniques: Vec::new(),
        };
        let mut coverage = Coverage {
            rules: 0,
            tactics: tactics().iter().map(empty).collect(),
            unknown: BTreeMap::new(),
            untagged: Vec::new(),
        };
        rules.into_iter().for_each(|rule| coverage.add(rule));
        coverage.tactics.iter_mut().for_each(|tactic| tactic.techniques.sort_by(|a, b| a.id.cmp(&b.id)));
        coverage
    }

    fn add(&mut self, rule: RuleTags<'_>) {
        self.rules += 1;
        let mut seen = false;
        let named: BTreeSet<&str> = rule.tags.iter().filter_map(|tag| tactic(tag)).map(|tactic| tactic.id).collect();
        let mut served: BTreeSet<&str> = named.clone();
        for tag in rule.tags.iter().map(|tag| &**tag) {
            if tactic(tag).is_some() {
                seen = true;
                continue;
            }
            let known = looks_like_technique(tag).then(|| technique(tag)).flatten();
            let Some(known) = known else {
                if looks_like_technique(tag) || looks_like_tactic(tag) {
                    seen = true;
                    self.unknown.entry(tag.to_owned()).or_default().push(rule.name.to_owned());
                }
                continue;
            };
            seen = true;
            let own: Vec<&Tactic> = tactics().iter().filter(|tactic| known.serves(tactic)).collect();
            let both: Vec<&Tactic> = own.iter().copied().filter(|tactic| named.contains(tactic.id)).collect();
            for tactic in if both.is_empty() { own } else { both } {
                served.insert(tactic.id);
                self.technique(tactic, tag, rule.name);
            }
        }
        for tactic in self.tactics.iter_mut().filter(|tactic| served.contains(tactic.id)) {
            tactic.rules.push(rule.name.to_owned());
        }
        if !seen {
            self.untagged.push(rule.name.to_owned());
        }
    }

    fn technique(&mut self, tactic: &Tactic, id: &str, rule: &str) {
        let Some(entry) = self.tactics.iter_mut().find(|entry| entry.id == tactic.id) else { return };
        match entry.techniques.iter_mut().find(|technique| technique.id == id) {
            Some(technique) => technique.rules.push(rule.to_owned()),
            None => entry.techniques.push(TechniqueCoverage {
                id: id.to_owned(),
                name: full_name(id).unwrap_or_default(),
                rules: vec![rule.to_owned()],
            }),
        }
    }

    /// As a table: a block for each tactic, a line for each technique with its rules. Tactics without rules have a line.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let techniques: BTreeSet<&str> =
            self.tactics.iter().flat_map(|t| &t.techniques).map(|technique| technique.id.as_str()).collect();
        let covered = self.tactics.iter().filter(|tactic| !tactic.rules.is_empty()).count();
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "{} rules, {covered} of {} tactics, {} techniques",
            self.rules,
            self.tactics.len(),
            techniques.len()
        );
        for tactic in &self.tactics {
            let _ = writeln!(out, "\n{} {}: {}", tactic.id, tactic.name, count(tactic.rules.len()));
            for technique in &tactic.techniques {
                let _ = writeln!(out, "  {:<10} {}", technique.id, technique.name);
                technique.rules.iter().for_each(|rule| {
                    let _ = writeln!(out, "             - {rule}");
                });
            }
            let by_technique = |rule: &&String| tactic.techniques.iter().any(|t| t.rules.contains(*rule));
            let bare: Vec<&String> = tactic.rules.iter().filter(|rule| !by_technique(rule)).collect();
            if !bare.is_empty() {
                out.push_str("  no technique of this tactic named\n");
                bare.iter().for_each(|rule| {
                    let _ = writeln!(out, "             - {rule}");
                });
            }
        }
        if !self.unknown.is_empty() {
            out.push_str("\nUnknown ids:\n");
            for (tag, rules) in &self.unknown {
                let _ = writeln!(out, "  {tag}: {}", rules.join(", "));
            }
        }
        if !self.untagged.is_empty() {
            let _ = writeln!(out, "\nWithout a tag of ATT&CK: {}", self.untagged.join(", "));
        }
        out
    }
}

fn count(rules: usize) -> String {
    match rules {
        0 => "no rule".to_owned(),
        1 => "1 rule".to_owned(),
        many => format!("{many} rules"),
    }
}
