//! A configuration as a tree of texts: what YAML, included files and `-o` options are merged into before any key gets
//! its meaning. Scalars stay text because Falco decides by the key, not by the look of the value, what a scalar is.

/// One value of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Node {
    /// An empty value, `~` or `null`.
    #[default]
    Null,
    /// A text; quotes are gone.
    Scalar(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map in the order of the file.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of `key` if this is a map that has it. Of two equal keys the first counts, as in Falco.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The place of `key`, made if absent. `None` if this is neither a map nor empty.
    pub fn entry(&mut self, key: &str) -> Option<&mut Node> {
        if *self == Self::Null {
            *self = Self::Map(Vec::new());
        }
        let Self::Map(entries) = self else { return None };
        let at = entries.iter().position(|(k, _)| k == key).unwrap_or_else(|| {
            entries.push((key.to_owned(), Self::Null));
            entries.len() - 1
        });
        entries.get_mut(at).map(|(_, v)| v)
    }

    /// The value at a dotted path of plain map keys.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// A truth value in any of YAML 1.1's words (`true`, `yes`, `on`, `y` and their opposites, in three spellings).
    pub fn bool(&self) -> Option<bool> {
        let text = self.text()?;
        let lower = text.to_ascii_lowercase();
        let mut capital = lower.clone();
        if let Some(first) = capital.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        if text != lower && text != capital && text != lower.to_ascii_uppercase() {
            return None;
        }
        match lower.as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => None,
        }
    }

    /// A whole number: decimal, hexadecimal with `0x` or octal with a leading zero.
    pub fn integer(&self) -> Option<i128> {
        let text = self.text()?;
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if digits.starts_with(['+', '-']) {
            return None;
        }
        let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(hex) => i128::from_str_radix(hex, 16),
            None if digits.len() > 1 && digits.starts_with('0') => i128::from_str_radix(digits, 8),
            None => digits.parse(),
        }
        .ok()?;
        Some(if negative { -value } else { value })
    }

    /// A number with an optional fraction.
    pub fn number(&self) -> Option<f64> {
        let text = self.text()?;
        match text {
            ".inf" | ".Inf" | ".INF" | "+.inf" => Some(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
            _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+')) => text.parse().ok(),
            _ => None,
        }
    }

    /// The items of a list; a single scalar counts as a list of one, nothing else is a list.
    pub fn items(&self) -> &[Node] {
        match self {
            Self::Seq(items) => items,
            Self::Scalar(_) => std::slice::from_ref(self),
            _ => &[],
        }
    }

    /// Calls `f` on the text of every scalar below and including this node.
    pub fn try_for_each_scalar<E>(&mut self, f: &mut impl FnMut(&mut String) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Null => Ok(()),
            Self::Scalar(text) => f(text),
            Self::Seq(items) => items.iter_mut().try_for_each(|item| item.try_for_each_scalar(f)),
            Self::Map(entries) => entries.iter_mut().try_for_each(|(_, value)| value.try_for_each_scalar(f)),
        }
    }

    /// The tree as JSON, each scalar in the type it looks like (whole number, fraction, truth value, text): the form in
    /// which a plugin gets its `init_config`. Quotes do not protect a number, which is how Falco does it too.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Seq(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Self::Map(entries) => {
                let mut object = serde_json::Map::new();
                for (key, value) in entries {
                    object.entry(key.clone()).or_insert_with(|| value.to_json());
                }
                Value::Object(object)
            }
            Self::Scalar(text) => {
                if let Some(number) = self.integer().and_then(|n| i64::try_from(n).ok()) {
                    return number.into();
                }
                if let Some(number) = self.number().and_then(serde_json::Number::from_f64) {
                    return number.into();
                }
                self.bool().map_or_else(|| Value::String(text.clone()), Value::Bool)
            }
        }
    }

    /// The tree with every scalar as a JSON text, as `--support` prints the configuration.
    pub fn to_text_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Scalar(text) => Value::String(text.clone()),
            Self::Seq(items) => Value::Array(items.iter().map(Self::to_text_json).collect()),
            Self::Map(entries) => {
                let mut object = serde_json::Map::new();
                for (key, value) in entries {
                    object.entry(key.clone()).or_insert_with(|| value.to_text_json());
                }
                Value::Object(object)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str) -> Node {
        Node::Scalar(text.to_owned())
    }

    #[test]
    fn truth_values_take_three_spellings() {
        for word in ["true", "True", "TRUE", "yes", "On", "y", "Y"] {
            assert_eq!(scalar(word).bool(), Some(true), "{word}");
        }
        for word in ["false", "No", "OFF", "n"] {
            assert_eq!(scalar(word).bool(), Some(false), "{word}");
        }
        for word in ["tRUE", "1", "0", "", "yep"] {
            assert_eq!(scalar(word).bool(), None, "{word}");
        }
    }

    #[test]
    fn whole_numbers_take_three_bases() {
        assert_eq!(scalar("0x10").integer(), Some(16));
        assert_eq!(scalar("010").integer(), Some(8));
        assert_eq!(scalar("-7").integer(), Some(-7));
        for bad in ["", "--1", "1.5", "1s", "0x"] {
            assert_eq!(scalar(bad).integer(), None, "{bad}");
        }
    }

    #[test]
    fn init_config_is_json_by_the_look_of_its_scalars() {
        let tree = Node::Map(vec![
            ("b".into(), scalar("100")),
            ("a".into(), scalar("no")),
            ("c".into(), Node::Seq(vec![scalar("1.5"), scalar("x"), Node::Null])),
        ]);
        assert_eq!(tree.to_json(), serde_json::json!({"a": false, "b": 100, "c": [1.5, "x", null]}));
    }

    #[test]
    fn the_first_of_two_equal_keys_counts() {
        let tree = Node::Map(vec![("a".into(), scalar("1")), ("a".into(), scalar("2"))]);
        assert_eq!(tree.get("a").and_then(Node::text), Some("1"));
    }
}
