//! The rows of a case: its parameters filled into its world, its events and what they must raise.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanner_engine::yaml::{Kind, Node};
use lanner_script::Recording;

use super::diagnostic::{Findings, Place, did_you_mean};
use super::expect::{Expect, ExpectedAlert};
use super::keys::Keys;
use super::params::Params;
use super::payload::{self, Payload};
use super::{script, world};

/// One row: events to run and what they must raise.
#[derive(Debug)]
pub struct Row {
    /// The table that it stands in.
    pub table: Table,
    /// Its position in the table, from 1.
    pub number: usize,
    /// Its own name.
    pub name: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// What it sets of its own: parameter and value, as in the file.
    pub params: Vec<(String, String)>,
    /// The events.
    pub input: Input,
    /// What they must raise.
    pub expect: Expect,
}

/// The table of a case that a row stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The case's own parameters, with what `alerts` says.
    Base,
    /// `fires`.
    Fires,
    /// `silent`.
    Silent,
}

impl Table {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "alerts",
            Self::Fires => "fires",
            Self::Silent => "silent",
        }
    }
}

/// Where the events of a row come from.
#[derive(Debug)]
pub enum Input {
    /// A recording.
    Capture(PathBuf),
    /// A script that has become a recording.
    Recording {
        /// The recording.
        capture: Arc<[u8]>,
        /// The numbers of the events that each step became.
        steps: Vec<Range<u64>>,
    },
    /// Payloads of a plugin's source.
    Payloads(Vec<Payload>),
}

/// What a whole file gives its rows.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'f> {
    /// The file.
    pub path: &'f Path,
    /// The source of its events.
    pub source: &'f str,
    /// The world of all its cases.
    pub given: Option<&'f Node>,
}

/// Rows of one case at most; each is kept with its recording until it has run.
const MAX_ROWS: usize = 10_000;

/// Reads the rows of a case.
pub(super) fn read_all(
    case: &Node,
    keys: &Keys<'_>,
    rules: &[(String, Place)],
    frame: &Frame<'_>,
    found: &mut Findings,
) -> Vec<Row> {
    let params = keys.mapping("params", found).map(Node::entries).unwrap_or_default();
    let params: Vec<(&str, &Node)> = params.iter().filter_map(|(key, value)| Some((key.as_str()?, value))).collect();
    let mut specs: Vec<(Table, usize, &Node)> = Vec::new();
    if keys.get("alerts").is_some() {
        specs.push((Table::Base, 1, case));
    }
    for (table, key) in [(Table::Fires, "fires"), (Table::Silent, "silent")] {
        let rows = keys.list(key, found).unwrap_or_default();
        specs.extend(rows.iter().zip(1..).map(|(row, number)| (table, number, row)));
    }
    if specs.is_empty() {
        let help = "give it 'alerts', or rows in 'fires' or 'silent'";
        found.error(case.mark, "the case expects nothing, so it cannot fail", Some(help.into()));
    }
    if specs.len() > MAX_ROWS {
        found.error(case.mark, format!("the case has more than {MAX_ROWS} rows"), None);
        return Vec::new();
    }
    let mut used = BTreeSet::new();
    let reader = Reader { keys, params: &params, rules, frame };
    let rows = specs.into_iter().filter_map(|spec| reader.row(spec, &mut used, found)).collect();
    if !found.failed() {
        for (key, _) in keys.get("params").map(Node::entries).unwrap_or_default() {
            if key.as_str().is_some_and(|name| !used.contains(name)) {
                let name = key.as_str().unwrap_or_default();
                let help = format!("write ${{{name}}} where its value belongs, or drop it");
                found.warning(key.mark, format!("parameter '{name}' is never used"), Some(help));
            }
        }
    }
    rows
}

struct Reader<'r> {
    keys: &'r Keys<'r>,
    params: &'r [(&'r str, &'r Node)],
    rules: &'r [(String, Place)],
    frame: &'r Frame<'r>,
}

impl Reader<'_> {
    fn row(
        &self,
        (table, number, node): (Table, usize, &Node),
        used: &mut BTreeSet<String>,
        found: &mut Findings,
    ) -> Option<Row> {
        let own = if table == Table::Base { Vec::new() } else { self.own(node, found)? };
        let name = own.iter().find(|(key, _)| *key == "name" && !self.declares("name"));
        let name = name.and_then(|(_, value)| value.as_str()).map(str::to_owned);
        let own: Vec<_> = own.into_iter().filter(|(key, _)| self.declares(key)).collect();
        let all = self.params.iter().chain(&own).map(|(key, value)| ((*key).to_owned(), (*value).clone()));
        let params = Params::new(all);
        let mut fill = |node: &Node, found: &mut Findings| match params.fill(node) {
            Ok(node) => Some(node),
            Err(error) => {
                found.error(error.mark, error.message, error.help);
                None
            }
        };
        let rules: Vec<&str> = self.rules.iter().map(|(name, _)| name.as_str()).collect();
        let alerts = self.keys.get("alerts").and_then(|alerts| fill(alerts, found));
        let alerts = alerts.map(|alerts| ExpectedAlert::read_all(&alerts, &rules, found));
        let expect = match (table, alerts) {
            (Table::Base, alerts) => Expect::Exactly(alerts.unwrap_or_default()),
            (Table::Fires, Some(alerts)) if !alerts.is_empty() => Expect::Exactly(alerts),
            (Table::Fires, _) => Expect::Fires,
            (Table::Silent, _) => Expect::Silent,
        };
        let input = self.input(node, &mut fill, found);
        used.extend(params.used());
        let shown = own.iter().map(|(key, value)| ((*key).to_owned(), shown(value))).collect();
        Some(Row { table, number, name, place: found.place(node.mark), params: shown, input: input?, expect })
    }

    fn declares(&self, name: &str) -> bool {
        self.params.iter().any(|(declared, _)| *declared == name)
    }

    /// What a row of a table sets, every key of it declared.
    fn own<'n>(&self, row: &'n Node, found: &mut Findings) -> Option<Vec<(&'n str, &'n Node)>> {
        let known: Vec<&str> = self.params.iter().map(|(name, _)| *name).chain(["name"]).collect();
        if row.is_null() {
            return Some(Vec::new());
        }
        if !row.is_mapping() {
            let help = Some("a row says which parameters differ, as in '- {path: /etc/gshadow}'".to_owned());
            found.error(row.mark, format!("a row must be a mapping, not a {}", row.kind_name()), help);
            return None;
        }
        let mut own = Vec::new();
        for (key, value) in row.entries() {
            let name = key.as_str().unwrap_or_default();
            if !known.contains(&name) {
                let help = did_you_mean(name, known.iter().copied());
                let help = help.unwrap_or_else(|| format!("give '{name}' a default in the case's 'params'"));
                found.error(key.mark, format!("the case has no parameter '{name}'"), Some(help));
            }
            own.push((name, value));
        }
        Some(own)
    }

    fn input(
        &self,
        row: &Node,
        fill: &mut dyn FnMut(&Node, &mut Findings) -> Option<Node>,
        found: &mut Findings,
    ) -> Option<Input> {
        let (capture, events) = (self.keys.get("capture"), self.keys.get("events"));
        match (capture, events) {
            (Some(both), Some(_)) => {
                found.error(both.mark, "a case has 'capture' or 'events', not both", None);
                None
            }
            (None, None) => {
                let help = Some("list them in 'events', or name a recording in 'capture'".to_owned());
                found.error(row.mark, "the case has no events", help);
                None
            }
            (Some(capture), None) => {
                let node = fill(capture, found)?;
                let Some(name) = node.as_str() else {
                    found.error(capture.mark, "'capture' must be the path of a file", None);
                    return None;
                };
                let path = self.frame.path.parent().unwrap_or(Path::new("")).join(name);
                if !path.exists() {
                    let help = Some("its path is relative to the case file".to_owned());
                    found.error(node.mark, format!("there is no capture {}", path.display()), help);
                    return None;
                }
                Some(Input::Capture(path))
            }
            (None, Some(events)) => {
                let events = fill(events, found)?;
                if !events.is_sequence() {
                    found.error(events.mark, format!("'events' must be a list, not a {}", events.kind_name()), None);
                    return None;
                }
                if self.frame.source == crate::event::scheme::SYSCALL {
                    let given = self.given(fill, found)?;
                    return self.script(&given, events.items(), found);
                }
                if let Some(given) = self.keys.get("given").or(self.frame.given) {
                    let message =
                        format!("source '{}' has no processes: 'given' means nothing here", self.frame.source);
                    found.error(given.mark, message, None);
                }
                let folder = self.frame.path.parent().unwrap_or(Path::new(""));
                payload::read_all(events.items(), folder, found).map(Input::Payloads)
            }
        }
    }

    /// The world of the file and of the case in one: what the case says is added.
    fn given(&self, fill: &mut dyn FnMut(&Node, &mut Findings) -> Option<Node>, found: &mut Findings) -> Option<Node> {
        let mut world = Node::new(Kind::Mapping(Vec::new()));
        for given in [self.frame.given, self.keys.mapping("given", found)].into_iter().flatten() {
            world::add(&mut world, &fill(given, found)?);
        }
        Some(world)
    }

    fn script(&self, given: &Node, events: &[Node], found: &mut Findings) -> Option<Input> {
        let Recording { bytes, steps } = script::recorded(given, events, found)?;
        Some(Input::Recording { capture: bytes.into(), steps })
    }
}

/// A value as a row of a report shows it.
fn shown(value: &Node) -> String {
    let text = value.as_str().map_or_else(|| value.dump(), str::to_owned);
    if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text }
}
