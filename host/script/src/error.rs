//! What can be wrong with a script, and where.

use std::fmt;

/// One step of the way from the top of a script to one of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Key of a map.
    Key(String),
    /// Place in a list, from 0.
    Index(usize),
}

/// Which of the values that were handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The world.
    Given,
    /// The list of steps; the first segment of the path is the step's index.
    Events,
}

/// Where in a script something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The world or the steps.
    pub part: Part,
    /// The way down from there.
    pub path: Vec<Segment>,
}

impl Place {
    pub(crate) fn new(part: Part) -> Self {
        Self { part, path: Vec::new() }
    }

    pub(crate) fn with(&self, segment: Segment) -> Self {
        let mut path = self.path.clone();
        path.push(segment);
        Self { part: self.part, path }
    }
}

/// `given.processes[1].exe`, `events[2].openat.flags`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.part {
            Part::Given => "given",
            Part::Events => "events",
        })?;
        self.path.iter().try_for_each(|segment| match segment {
            Segment::Key(key) => write!(f, ".{key}"),
            Segment::Index(index) => write!(f, "[{index}]"),
        })
    }
}

/// A script that makes no capture: where it is wrong, why, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ScriptError {
    /// The value that is wrong.
    pub place: Place,
    /// Why, and the remedy.
    pub message: String,
}

/// ` (did you mean X?)` for the nearest of `known`, nothing if none is near.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let distance = |k: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &k.to_lowercase());
    let nearest = known.into_iter().map(|k| (distance(k), k)).min();
    match nearest {
        Some((n, k)) if n <= 1 + word.len() / 4 => format!(" (did you mean {k}?)"),
        _ => String::new(),
    }
}
