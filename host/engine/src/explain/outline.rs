//! A condition as a tree before any event: what it says, and where each part came from.

use std::fmt::Write as _;

use serde::Serialize;

use super::info::{NodeInfo, NodeKind};
use super::node::Node;
use super::print::{MAX_COLUMN, origins, words};

/// A part of a condition with its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outline {
    /// What is known of it.
    #[serde(flatten)]
    pub info: NodeInfo,
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Outline>,
}

pub(super) fn build(nodes: &[Node], at: u32) -> Option<Outline> {
    let node = nodes.get(at as usize)?;
    // An exception's entries are in its comparison already.
    let parts = node.parts.iter().filter_map(|part| build(nodes, *part));
    let parts = parts.filter(|part| part.info.kind != NodeKind::Entry).collect();
    Some(Outline { info: node.info.clone(), parts })
}

impl Outline {
    /// A line for each part, indented by two blanks for each level and by `indent` in all, with the place it came from.
    /// `whole`: named lists as their values.
    pub fn to_text(&self, indent: usize, whole: bool) -> String {
        let mut lines = Vec::new();
        self.lines(0, whole, &mut lines);
        let width = |(text, _): &(String, String)| text.chars().count();
        let column = lines.iter().map(width).filter(|width| *width <= MAX_COLUMN).max().unwrap_or(0);
        let mut out = String::new();
        for (text, note) in &lines {
            let pad = column.saturating_sub(text.chars().count());
            let line = format!("{:indent$}{text}{:pad$}  {note}", "", "");
            // Writing to a string does not fail.
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    fn lines(&self, depth: usize, whole: bool, lines: &mut Vec<(String, String)>) {
        let place = self.info.location.as_ref().filter(|_| self.parts.is_empty());
        let note = origins(&self.info).or_else(|| place.map(|location| format!("[{location}]")));
        let text = format!("{:indent$}{}", "", words(&self.info, whole), indent = depth * 2);
        lines.push((text, note.unwrap_or_default()));
        self.parts.iter().for_each(|part| part.lines(depth + 1, whole, lines));
    }
}
