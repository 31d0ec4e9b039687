//! `lanner config show`: the configuration that holds, with the origin of each value.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::keys::{KEYS, Kind};
use super::load::Loaded;
use super::path::Path;
use super::secret::masked;
use super::trace::{Layer, Origin, Trace};
use super::tree::Node;

/// Keys whose absence says something that no value could, so that no default is shown for them.
const WITHOUT_DEFAULT: [&str; 2] = ["rules_file", "load_plugins"];

/// Adds the default of every key that nobody set.
pub fn add_defaults(loaded: &mut Loaded) {
    let layer = loaded.layers.len();
    loaded.layers.push(Layer::Default);
    for key in KEYS.iter().filter(|key| !key.path.contains('[') && !WITHOUT_DEFAULT.contains(&key.path)) {
        if loaded.tree.at(key.path).is_some() {
            continue;
        }
        let value = match key.kind {
            Kind::Texts | Kind::Maps | Kind::Any => Node::Seq(Vec::new()),
            Kind::FreeMap => Node::Map(Vec::new()),
            _ => Node::Scalar(key.default.to_owned()),
        };
        // A section that is no map takes no keys, and nothing that it could hold is in force.
        if let Ok(path) = Path::parse(key.path)
            && path.set(&mut loaded.tree, value).is_ok()
        {
            path.trace(&mut loaded.trace, Trace::leaf(layer));
        }
    }
}

/// A line, the bytes before its comment counted as characters, and the comment.
struct Line {
    text: String,
    origin: Option<String>,
}

/// YAML that means the same configuration, the origin of each value behind it as a comment.
pub fn yaml(loaded: &Loaded, secrets: bool) -> String {
    let mut lines = Vec::new();
    let writer = Writer { loaded, secrets };
    writer.below(&mut lines, &loaded.tree, Some(&loaded.trace), "", 0);
    let width = lines.iter().filter(|line| line.origin.is_some()).map(|line| line.text.chars().count()).max();
    let width = width.unwrap_or_default().min(72);
    let mut out = String::new();
    for line in lines {
        // Writing to a string does not fail.
        let _ = match line.origin {
            Some(origin) => writeln!(out, "{:width$}  # {origin}", line.text),
            None => writeln!(out, "{}", line.text),
        };
    }
    out
}

/// One object: `config` with the values, `origins` by path, `files` in the order they were merged.
pub fn json(loaded: &Loaded, secrets: bool) -> Value {
    let writer = Writer { loaded, secrets };
    let mut origins = Map::new();
    writer.origins(&mut origins, &loaded.tree, Some(&loaded.trace), "");
    let files = loaded.layers.iter().filter_map(|layer| match layer {
        Layer::Main(path) => Some(json!({"path": path})),
        Layer::Included { path, strategy } => Some(json!({"path": path, "strategy": strategy})),
        _ => None,
    });
    json!({"files": files.collect::<Vec<_>>(), "config": writer.values(&loaded.tree, Some(&loaded.trace), "").to_json(), "origins": origins})
}

impl Loaded {
    /// Where a value comes from, in words: `falco.yaml:12`, `-o priority`.
    pub(crate) fn place(&self, origin: &Origin) -> String {
        let line = origin.mark.map(|mark| format!(":{}", mark.line + 1)).unwrap_or_default();
        match self.layers.get(origin.layer) {
            Some(Layer::Main(path)) => format!("{path}{line}"),
            Some(Layer::Included { path, strategy }) => format!("{path}{line} ({strategy})"),
            Some(Layer::Option(key)) => format!("-o {key}"),
            Some(Layer::BuiltIn) => "built in, as there is no file".into(),
            Some(Layer::Default) | None => "default".into(),
        }
    }
}

/// The values without their secrets.
pub fn without_secrets(loaded: &Loaded) -> Node {
    Writer { loaded, secrets: false }.values(&loaded.tree, Some(&loaded.trace), "")
}

struct Writer<'l> {
    loaded: &'l Loaded,
    secrets: bool,
}

impl Writer<'_> {
    fn scalar(&self, key: &str, text: &str, trace: Option<&Trace>) -> String {
        let variables = trace.map(|trace| trace.origin.variables.as_slice()).unwrap_or_default();
        if self.secrets { text.to_owned() } else { masked(key, text, variables) }
    }

    /// The tree with its secrets masked.
    fn values(&self, node: &Node, trace: Option<&Trace>, key: &str) -> Node {
        match node {
            Node::Null => Node::Null,
            Node::Scalar(text) => Node::Scalar(self.scalar(key, text, trace)),
            Node::Seq(items) => {
                let item = |(i, item)| self.values(item, trace.and_then(|trace| trace.item(i)), key);
                Node::Seq(items.iter().enumerate().map(item).collect())
            }
            Node::Map(entries) => {
                let entry = |(name, value): &(String, Node)| {
                    (name.clone(), self.values(value, trace.and_then(|trace| trace.get(name)), name))
                };
                Node::Map(entries.iter().map(entry).collect())
            }
        }
    }

    /// A value that stands in one line, if it does.
    fn flat(&self, node: &Node, trace: Option<&Trace>, key: &str) -> Option<String> {
        Some(match node {
            Node::Null => "null".into(),
            Node::Scalar(text) => quoted(&self.scalar(key, text, trace)),
            Node::Seq(items) if items.is_empty() => "[]".into(),
            Node::Map(entries) if entries.is_empty() => "{}".into(),
            _ => return None,
        })
    }

    /// The lines of what is below a list or a map.
    fn below(&self, lines: &mut Vec<Line>, node: &Node, trace: Option<&Trace>, key: &str, indent: usize) {
        let pad = " ".repeat(indent);
        match node {
            Node::Map(entries) => {
                for (i, (name, value)) in entries.iter().enumerate() {
                    // Of two equal keys the first counts.
                    if entries.iter().take(i).any(|(earlier, _)| earlier == name) {
                        continue;
                    }
                    let trace = trace.and_then(|trace| trace.get(name));
                    let name_text = quoted(name);
                    match self.flat(value, trace, name) {
                        Some(text) => lines.push(self.line(format!("{pad}{name_text}: {text}"), trace)),
                        None => {
                            lines.push(Line { text: format!("{pad}{name_text}:"), origin: None });
                            self.below(lines, value, trace, name, indent + 2);
                        }
                    }
                }
            }
            Node::Seq(items) => {
                for (i, item) in items.iter().enumerate() {
                    let trace = trace.and_then(|trace| trace.item(i));
                    match self.flat(item, trace, key) {
                        Some(text) => lines.push(self.line(format!("{pad}- {text}"), trace)),
                        None => {
                            let first = lines.len();
                            self.below(lines, item, trace, key, indent + 2);
                            if let Some(line) = lines.get_mut(first) {
                                line.text.replace_range(indent..indent + 2, "- ");
                            }
                        }
                    }
                }
            }
            Node::Null | Node::Scalar(_) => {}
        }
    }

    fn line(&self, text: String, trace: Option<&Trace>) -> Line {
        Line { text, origin: trace.map(|trace| self.origin(&trace.origin)) }
    }

    fn origin(&self, origin: &Origin) -> String {
        let mut text = self.loaded.place(origin);
        for name in &origin.variables {
            let _ = write!(text, ", ${{{name}}}{}", if std::env::var_os(name).is_none() { " (not set)" } else { "" });
        }
        text
    }

    fn origins(&self, out: &mut Map<String, Value>, node: &Node, trace: Option<&Trace>, path: &str) {
        match node {
            Node::Map(entries) if !entries.is_empty() => {
                for (name, value) in entries {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    if !out.contains_key(&below) {
                        self.origins(out, value, trace.and_then(|trace| trace.get(name)), &below);
                    }
                }
            }
            Node::Seq(items) if !items.is_empty() => {
                for (i, item) in items.iter().enumerate() {
                    self.origins(out, item, trace.and_then(|trace| trace.item(i)), &format!("{path}[{i}]"));
                }
            }
            _ => {
                let Some(Trace { origin, .. }) = trace else { return };
                let mut entry = match self.loaded.layers.get(origin.layer) {
                    Some(Layer::Main(path)) => json!({"from": "file", "file": path}),
                    Some(Layer::Included { path, strategy }) => {
                        json!({"from": "included", "file": path, "strategy": strategy})
                    }
                    Some(Layer::Option(key)) => json!({"from": "option", "option": key}),
                    Some(Layer::BuiltIn) => json!({"from": "built-in"}),
                    Some(Layer::Default) | None => json!({"from": "default"}),
                };
                if let (Some(mark), Some(entry)) = (origin.mark, entry.as_object_mut()) {
                    entry.insert("line".into(), (mark.line + 1).into());
                    entry.insert("column".into(), (mark.column + 1).into());
                }
                if let (false, Some(entry)) = (origin.variables.is_empty(), entry.as_object_mut()) {
                    entry.insert("variables".into(), origin.variables.clone().into());
                }
                out.insert(path.to_owned(), entry);
            }
        }
    }
}

/// A scalar as YAML: as it stands where that means the same text, else in double quotes.
fn quoted(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '+' | '-' | '=' | ' ' | ':' | '%' | '@');
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.'));
    let safe = starts && text.chars().all(plain) && !text.contains(": ") && !text.ends_with([':', ' ']);
    if safe && !matches!(text.to_ascii_lowercase().as_str(), "null") {
        text.to_owned()
    } else {
        Value::String(text.to_owned()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml as reading;

    fn loaded(text: &str) -> (tempfile::TempDir, Loaded) {
        let dir = tempfile::tempdir().unwrap();
        let main = dir.path().join("main.yaml");
        std::fs::write(&main, text).unwrap();
        let loaded = super::super::load::load(Some(&main), &[], &["json_output=true".into()]).unwrap();
        (dir, loaded)
    }

    const TEXT: &str = "a: 'x: y'\nlist: [1, {b: c, d: [e, [f]]}, '- g', '']\nempty: []\nno: {}\nnil:\n'odd key': \"two\\nlines\"\n\
                        word: 'null'\nhash: '#x'\nstars: '*'\n";

    #[test]
    fn what_is_shown_reads_as_the_same_configuration() {
        let (_dir, mut loaded) = loaded(TEXT);
        assert_eq!(reading::parse(&yaml(&loaded, true)).unwrap(), loaded.tree);
        add_defaults(&mut loaded);
        assert_eq!(reading::parse(&yaml(&loaded, true)).unwrap(), loaded.tree);
        assert_eq!(loaded.tree.at("engine.modern_ebpf.cpus_for_each_buffer").and_then(Node::text), Some("2"));
    }

    #[test]
    fn every_value_has_its_origin_beside_it() {
        let (dir, mut loaded) =
            loaded("stdout_output:\n  enabled: true\nplugins:\n- name: a\n  init_config: {token: t}\n");
        add_defaults(&mut loaded);
        let text = yaml(&loaded, false);
        let line = |start: &str| {
            text.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_else(|| panic!("{text}"))
        };
        let main = dir.path().join("main.yaml").display().to_string();
        assert!(line("enabled: true").ends_with(&format!("  # {main}:2")), "{text}");
        assert!(line("json_output: true").ends_with("  # -o json_output"), "{text}");
        assert!(line("rule_matching: first").ends_with("  # default"), "{text}");
        assert!(line("token: \"***\"").ends_with(&format!("  # {main}:5")), "{text}");
        let json = json(&loaded, false);
        assert_eq!(json["config"]["plugins"][0]["init_config"]["token"], "***");
        assert_eq!(json["origins"]["plugins[0].init_config.token"]["line"], 5);
        assert_eq!(json["origins"]["json_output"], serde_json::json!({"from": "option", "option": "json_output"}));
        assert_eq!(json["origins"]["rule_matching"]["from"], "default");
        assert_eq!(json["files"][0]["path"], main);
    }
}
