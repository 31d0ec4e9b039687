//! Values of a script with their place, so that each mistake is told where it is.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::error::{Place, ScriptError, Segment, did_you_mean};

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    pub(crate) place: Place,
}

/// What an error calls a value that is of another kind than expected.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

impl<'a> Node<'a> {
    pub(crate) fn new(value: &'a Value, place: Place) -> Self {
        Self { value, place }
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> ScriptError {
        ScriptError { place: self.place.clone(), message: message.into() }
    }

    pub(crate) fn expected(&self, what: &str) -> ScriptError {
        self.error(format!("expected {what}, found {}", kind(self.value)))
    }

    /// A text; numbers and booleans count as what they are written like, as YAML reads `name: 1234` as a number.
    pub(crate) fn text(&self) -> Result<String, ScriptError> {
        match self.value {
            Value::String(s) if s.contains('\0') => Err(self.error("a text cannot hold a NUL character")),
            Value::String(s) => Ok(s.clone()),
            Value::Number(n) => Ok(n.to_string()),
            Value::Bool(b) => Ok(b.to_string()),
            _ => Err(self.expected("a text")),
        }
    }

    pub(crate) fn bool(&self) -> Result<bool, ScriptError> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    /// A whole number; a text may be hexadecimal (0x1f) or octal (0o17).
    pub(crate) fn int(&self) -> Result<i128, ScriptError> {
        let of_number = |n: &serde_json::Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
        match self.value {
            Value::Number(n) => of_number(n).ok_or_else(|| self.error(format!("{n} is not a whole number"))),
            Value::String(s) => parse_int(s).ok_or_else(|| self.error(format!("\"{s}\" is not a number"))),
            Value::Bool(b) => Ok(i128::from(*b)),
            _ => Err(self.expected("a number")),
        }
    }

    /// A whole number that fits `T`.
    pub(crate) fn number<T: TryFrom<i128>>(&self) -> Result<T, ScriptError> {
        let n = self.int()?;
        T::try_from(n).map_err(|_| self.error(format!("{n} is out of range for a {}-bit number", 8 * size_of::<T>())))
    }

    pub(crate) fn list(&self) -> Result<Vec<Node<'a>>, ScriptError> {
        let items = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        Ok(items.iter().enumerate().map(|(n, v)| Node::new(v, self.place.with(Segment::Index(n)))).collect())
    }

    /// A list, or one thing that stands for a list of it.
    pub(crate) fn one_or_list(&self) -> Result<Vec<Node<'a>>, ScriptError> {
        if self.value.is_array() { self.list() } else { Ok(vec![self.clone()]) }
    }

    /// The entries of a map. Nothing counts as an empty map: `exit:` alone is `exit: {}`.
    pub(crate) fn fields(&self) -> Result<Fields<'a>, ScriptError> {
        let map = match self.value {
            Value::Object(map) => Some(map),
            Value::Null => None,
            _ => return Err(self.expected("a map")),
        };
        Ok(Fields { map, place: self.place.clone(), asked: RefCell::default() })
    }
}

pub(crate) fn parse_int(s: &str) -> Option<i128> {
    let (negative, digits) = s.strip_prefix('-').map_or((false, s), |rest| (true, rest));
    let n = if let Some(hex) = digits.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if let Some(octal) = digits.strip_prefix("0o") {
        i128::from_str_radix(octal, 8).ok()?
    } else {
        digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?
    };
    Some(if negative { -n } else { n })
}

/// The entries of a map: those that nobody asked for are mistakes.
pub(crate) struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    place: Place,
    asked: RefCell<Vec<String>>,
}

impl<'a> Fields<'a> {
    /// The value of `key` as it stands, `null` included.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'a>> {
        self.asked.borrow_mut().push(key.to_owned());
        let value = self.map?.get(key)?;
        Some(Node::new(value, self.place.with(Segment::Key(key.to_owned()))))
    }

    /// The value of `key`, unless it is left out or `null`.
    pub(crate) fn given(&self, key: &str) -> Option<Node<'a>> {
        self.get(key).filter(|n| !n.value.is_null())
    }

    pub(crate) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Node<'a>) -> Result<T, ScriptError>,
    ) -> Result<Option<T>, ScriptError> {
        self.given(key).map(|node| read(&node)).transpose()
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, ScriptError> {
        self.read(key, Node::text)
    }

    pub(crate) fn bool(&self, key: &str) -> Result<Option<bool>, ScriptError> {
        self.read(key, Node::bool)
    }

    pub(crate) fn number<T: TryFrom<i128>>(&self, key: &str) -> Result<Option<T>, ScriptError> {
        self.read(key, Node::number)
    }

    /// Texts, of a list or a single one.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ScriptError> {
        self.read(key, |node| node.one_or_list()?.iter().map(Node::text).collect())
    }

    /// Entries of a map with any keys.
    pub(crate) fn entries(&self, key: &str) -> Result<Vec<(String, Node<'a>)>, ScriptError> {
        let Some(node) = self.given(key) else { return Ok(Vec::new()) };
        let map = node.value.as_object().ok_or_else(|| node.expected("a map"))?;
        let at = |k: &String| node.place.with(Segment::Key(k.clone()));
        Ok(map.iter().map(|(k, v)| (k.clone(), Node::new(v, at(k)))).collect())
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> ScriptError {
        ScriptError { place: self.place.clone(), message: message.into() }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.map.into_iter().flat_map(|map| map.keys().map(String::as_str))
    }

    /// Refuses keys that nobody asked for.
    pub(crate) fn finish(&self) -> Result<(), ScriptError> {
        let asked = self.asked.borrow();
        let Some(unknown) = self.keys().find(|k| !asked.iter().any(|a| a == k)) else { return Ok(()) };
        let mut known: Vec<&str> = asked.iter().map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let hint = match did_you_mean(unknown, known.iter().copied()) {
            hint if hint.is_empty() && !known.is_empty() => format!("; known here: {}", known.join(", ")),
            hint => hint,
        };
        let place = self.place.with(Segment::Key(unknown.to_owned()));
        Err(ScriptError { place, message: format!("unknown key \"{unknown}\"{hint}") })
    }
}
