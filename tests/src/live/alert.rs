//! Alerts as JSON lines.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::Value;

/// An alert as JSON, and when it was read.
#[derive(Clone, Debug)]
pub struct Alert {
    /// When its line had arrived.
    pub at: Instant,
    /// Name of the rule.
    pub rule: String,
    /// The line of text.
    pub output: String,
    fields: HashMap<String, Value>,
}

impl Alert {
    /// Reads a line of the program's standard output; `None` if it is no alert.
    #[must_use]
    pub fn parse(at: Instant, line: &str) -> Option<Self> {
        let mut json: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        let (rule, output) = (text("rule")?, text("output")?);
        let fields = serde_json::from_value(json.get_mut("output_fields")?.take()).ok()?;
        Some(Self { at, rule, output, fields })
    }

    /// A field as text; `None` if the alert does not have it or it has no value.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// What it says, without times and ages, which differ by microseconds between two that watched the same.
    #[must_use]
    pub fn timeless(&self) -> String {
        let text = self.output.split_once(": ").map_or(self.output.as_str(), |(_, text)| text);
        let text = text.split(' ').filter(|word| !word.starts_with("age=")).collect::<Vec<_>>().join(" ");
        unasked(&text)
    }

    /// The action that its process belongs to.
    #[must_use]
    pub fn mark(&self) -> Option<String> {
        self.field("proc.env[LANNER_ACTION]")
    }
}

/// The message of an alert as a replay has it, where no runtime is there to be asked about containers.
#[must_use]
pub fn unasked(message: &str) -> String {
    let known = message.find(" container_unknown=").map_or(message, |at| &message[..at]);
    known.replace("=<unknown>", "=<NA>")
}
