//! Where each value of a merged configuration comes from: a tree of the same shape, with an origin in each place. It goes
//! through the same steps as the values: copied with them, appended with them, set by the same paths.

use lanner_engine::yaml::{self, Kind, Mark};

use super::env;

/// What a configuration is made of, in the order in which it is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// What the program assumes where no file says anything: there is none, or the key is absent.
    BuiltIn,
    /// The main file.
    Main(String),
    /// A file that the main file includes, and how it meets what is there.
    Included {
        /// The file.
        path: String,
        /// The word of the strategy.
        strategy: &'static str,
    },
    /// `-o`, and the key as written there.
    Option(String),
    /// The default of a key that nobody set.
    Default,
}

/// Where one value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The layer, by its position.
    pub layer: usize,
    /// Where in its file.
    pub mark: Option<Mark>,
    /// The variables that were put into it.
    pub variables: Vec<String>,
}

/// The origin of a value, and those of what is below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Its own.
    pub origin: Origin,
    /// What is below a map.
    entries: Vec<(String, Trace)>,
    /// What is below a list.
    items: Vec<Trace>,
}

impl Trace {
    /// A value without anything below.
    pub(super) fn leaf(layer: usize) -> Self {
        Self { origin: Origin { layer, ..Origin::default() }, ..Self::default() }
    }

    /// The trace of a document of a layer. `marks`: whether its places mean something to the user.
    pub(super) fn of(node: &yaml::Node, layer: usize, marks: bool) -> Self {
        let of = |node| Self::of(node, layer, marks);
        let mut trace = Self::leaf(layer);
        trace.origin.mark = marks.then_some(node.mark);
        match &node.kind {
            Kind::Scalar(scalar) if marks => trace.origin.variables = names(&scalar.text),
            Kind::Null | Kind::Scalar(_) => {}
            Kind::Sequence(items) => trace.items = items.iter().map(of).collect(),
            Kind::Mapping(entries) => {
                trace.entries = entries.iter().map(|(key, value)| (key_text(key), of(value))).collect();
            }
        }
        trace
    }

    /// Whether nothing is known of it yet.
    pub(super) fn is_new(&self) -> bool {
        *self == Self::default()
    }

    /// What is below a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries.iter().find(|(known, _)| known == key).map(|(_, below)| below)
    }

    /// The item at a position.
    pub fn item(&self, index: usize) -> Option<&Self> {
        self.items.get(index)
    }

    /// The place of a key, made if absent.
    pub(super) fn entry(&mut self, key: &str) -> &mut Self {
        let at = self.entries.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.entries.push((key.to_owned(), Self::default()));
            self.entries.len() - 1
        });
        &mut self.entries[at].1
    }

    /// The place of an item, or a new one behind the last.
    pub(super) fn place(&mut self, index: Option<usize>) -> &mut Self {
        let at = index.unwrap_or(self.items.len()).min(self.items.len());
        if at == self.items.len() {
            self.items.push(Self::default());
        }
        &mut self.items[at]
    }

    /// Puts the items of another list behind those of this one.
    pub(super) fn extend(&mut self, more: Self) {
        self.items.extend(more.items);
    }
}

/// A key of a mapping as text.
pub(super) fn key_text(key: &yaml::Node) -> String {
    key.as_str().map_or_else(|| key.dump(), str::to_owned)
}

/// The variables that a text names.
pub(super) fn names(text: &str) -> Vec<String> {
    let names = std::cell::RefCell::new(Vec::new());
    let lookup = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        None
    };
    // Nothing is put in, so it cannot go on for ever.
    let _ = env::expand(text, lookup);
    names.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_once_per_use_and_escaped_ones_are_not() {
        assert_eq!(names("${A}-${B} $${C} $D"), ["A", "B"]);
        assert_eq!(names("plain"), [""; 0]);
    }
}
