//! The alerts that a row must raise, as its author describes them.

use lanner_engine::format::FormatValue;
use lanner_engine::load::Priority;
use lanner_engine::yaml::Node;
use regex::Regex;

use super::diagnostic::{Findings, Place, did_you_mean};
use super::keys::Keys;

/// What a row must raise.
#[derive(Clone, Debug)]
pub enum Expect {
    /// Exactly these alerts of the rules under test; none if there are none.
    Exactly(Vec<ExpectedAlert>),
    /// One alert or more of each rule under test.
    Fires,
    /// No alert of the rules under test.
    Silent,
}

/// One expected alert, or several alike.
#[derive(Clone, Debug)]
pub struct ExpectedAlert {
    /// Its rule.
    pub rule: Option<String>,
    /// How grave it must be.
    pub priority: Option<Priority>,
    /// The source it must come from.
    pub source: Option<String>,
    /// How many of them there must be.
    pub count: u64,
    /// Values of fields; any field of the source may be asked for, whether the output has it or not.
    pub fields: Vec<ExpectedField>,
    /// What the output text must hold.
    pub output: Option<Pattern>,
    /// Where it is written.
    pub place: Place,
}

/// The value that a field must have.
#[derive(Clone, Debug)]
pub struct ExpectedField {
    /// The field.
    pub name: String,
    /// Its value.
    pub pattern: Pattern,
    /// Where it is written.
    pub place: Place,
}

/// What a value must be like.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// No value.
    Missing,
    /// This text; a number or boolean is compared as it is printed.
    Text(String),
    /// A list of these texts.
    List(Vec<String>),
    /// Text that this expression finds something in.
    Regex(Regex),
    /// Text that has this in it.
    Contains(String),
    /// Text that has this in it or in which it finds something as an expression: the plain form for outputs.
    Either(String, Option<Regex>),
}

const ALERT_KEYS: [&str; 6] = ["rule", "priority", "source", "count", "fields", "output"];

impl ExpectedAlert {
    /// Reads the value of `alerts`; `none` and an empty list mean that nothing may be raised. `rules` are the rules under
    /// test: the only one is the default for `rule`.
    pub(super) fn read_all(node: &Node, rules: &[&str], found: &mut Findings) -> Vec<Self> {
        if node.as_str() == Some("none") {
            return Vec::new();
        }
        if !node.is_sequence() {
            let help = Some("an empty list, or 'none', says that nothing may be raised".to_owned());
            found.error(node.mark, format!("'alerts' must be a list, not a {}", node.kind_name()), help);
            return Vec::new();
        }
        node.items().iter().filter_map(|item| Self::read(item, rules, found)).collect()
    }

    fn read(node: &Node, rules: &[&str], found: &mut Findings) -> Option<Self> {
        let keys = Keys::read(node, "an alert", &ALERT_KEYS, found)?;
        let mut rule = keys.text("rule", found).map(str::to_owned);
        if let (Some(name), [_, ..]) = (&rule, rules)
            && !rules.contains(&name.as_str())
        {
            let help = did_you_mean(name, rules.iter().copied());
            let help = help.unwrap_or_else(|| format!("the case is about {}", rules.join(", ")));
            let mark = keys.get("rule").map_or(node.mark, |value| value.mark);
            found.error(mark, format!("no alert of rule '{name}' can count here"), Some(help));
        }
        if let (None, [only]) = (&rule, rules) {
            rule = Some((*only).to_owned());
        }
        let priority = keys.text("priority", found).and_then(|name| {
            let priority = Priority::from_name(name);
            if priority.is_none() {
                let names = Priority::ALL.map(Priority::name);
                let help = did_you_mean(name, names).unwrap_or_else(|| names.join(", "));
                let mark = keys.get("priority").map_or(node.mark, |value| value.mark);
                found.error(mark, format!("unknown priority '{name}'"), Some(help));
            }
            priority
        });
        let count = keys.get("count").map_or(Some(1), |value| {
            let count = value.as_u64().filter(|&count| count > 0);
            if count.is_none() {
                let help = Some("no alert at all is expected by 'alerts: []'".to_owned());
                found.error(value.mark, "'count' must be a whole number of 1 or more", help);
            }
            count
        })?;
        let mut fields = Vec::new();
        if let Some(map) = keys.mapping("fields", found) {
            for (key, value) in map.entries() {
                let Some(name) = key.as_str() else { continue };
                if let Some(pattern) = Pattern::read(value, found) {
                    fields.push(ExpectedField { name: name.to_owned(), pattern, place: found.place(key.mark) });
                }
            }
        }
        let output = keys.get("output").and_then(|value| match value.as_str() {
            Some(text) => Some(Pattern::Either(text.to_owned(), Regex::new(text).ok())),
            None => Pattern::read(value, found),
        });
        let source = keys.text("source", found).map(str::to_owned);
        Some(Self { rule, priority, source, count, fields, output, place: found.place(node.mark) })
    }
}

impl Pattern {
    fn read(node: &Node, found: &mut Findings) -> Option<Self> {
        if node.is_null() {
            return Some(Self::Missing);
        }
        if let Some(text) = node.as_str() {
            return Some(Self::Text(text.to_owned()));
        }
        if node.is_sequence() {
            let texts = node.items().iter().map(|item| item.as_str().map(str::to_owned));
            let list = texts.collect::<Option<Vec<_>>>();
            if list.is_none() {
                found.error(node.mark, "a list of values must be a list of texts", None);
            }
            return list.map(Self::List);
        }
        let keys = Keys::read(node, "a value", &["regex", "contains"], found)?;
        if let Some(text) = keys.text("contains", found) {
            return Some(Self::Contains(text.to_owned()));
        }
        let text = keys.text("regex", found)?;
        match Regex::new(text) {
            Ok(regex) => Some(Self::Regex(regex)),
            Err(error) => {
                let mark = keys.get("regex").map_or(node.mark, |value| value.mark);
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                found.error(mark, format!("'{text}' is no regular expression: {reason}"), None);
                None
            }
        }
    }

    /// Whether a value is like this.
    pub fn accepts(&self, value: &FormatValue) -> bool {
        match (self, value) {
            (Self::Missing, value) => *value == FormatValue::Null,
            (_, FormatValue::Null) => false,
            (Self::List(texts), FormatValue::List(values)) => {
                texts.len() == values.len() && texts.iter().zip(values).all(|(text, value)| *text == plain(value))
            }
            (pattern, value) => pattern.accepts_text(&plain(value)),
        }
    }

    /// What is looked for, in quotes.
    pub fn quoted(&self) -> String {
        match self {
            Self::Missing => "nothing".to_owned(),
            Self::List(_) => self.to_string(),
            Self::Text(text) | Self::Contains(text) | Self::Either(text, _) => format!("'{text}'"),
            Self::Regex(regex) => format!("a match of '{regex}'"),
        }
    }

    /// [`Pattern::accepts`] for a text.
    pub fn accepts_text(&self, value: &str) -> bool {
        match self {
            Self::Missing => false,
            Self::Text(text) => text == value,
            Self::List(texts) => matches!(texts.as_slice(), [only] if only == value),
            Self::Regex(regex) => regex.is_match(value),
            Self::Contains(text) => value.contains(text),
            Self::Either(text, regex) => value.contains(text) || regex.as_ref().is_some_and(|r| r.is_match(value)),
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("no value"),
            Self::Text(text) => f.write_str(text),
            Self::List(texts) => write!(f, "({})", texts.join(", ")),
            Self::Regex(regex) => write!(f, "text that matches '{regex}'"),
            Self::Contains(text) | Self::Either(text, None) => write!(f, "text that contains '{text}'"),
            Self::Either(text, Some(_)) => write!(f, "text that contains or matches '{text}'"),
        }
    }
}

/// A value as text: what an output shows for it.
pub fn plain(value: &FormatValue) -> String {
    match value {
        FormatValue::Null => "<NA>".to_owned(),
        FormatValue::Bool(value) => value.to_string(),
        FormatValue::Int(value) => value.to_string(),
        FormatValue::Uint(value) => value.to_string(),
        FormatValue::Double(value) => value.to_string(),
        FormatValue::Text(text) => text.clone(),
        FormatValue::List(values) => format!("({})", values.iter().map(plain).collect::<Vec<_>>().join(", ")),
    }
}
