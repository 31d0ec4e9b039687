//! What the decider knows: the events that it sees and the fields whose values it has.

use super::program::Subject;

/// An event at which the decider can act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KillEvent {
    /// Its `evt.type`.
    pub name: &'static str,
    /// Its codes; none for a name under which only failures are reported, so that there is never anything to do.
    pub codes: &'static [u16],
    /// Whether a file is opened.
    pub opens: bool,
    /// Whether the event tells what the file was opened for.
    pub flags: bool,
}

/// At which events a field has the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At all of them.
    Always,
    /// Where a file is opened.
    Opening,
}

/// What a field is to the decider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A text that it compares. `path`: one that begins with a slash, so that it can be compared by components.
    Text {
        /// Which.
        subject: Subject,
        /// Whether it is a path.
        path: bool,
    },
    /// The folder of a path.
    Folder(Subject),
    /// A number of 32 bits.
    Number(Subject),
    /// A truth value. At events that do not tell what a file was opened for it is false.
    Flag(Subject),
    /// A text that says one of two things, by a truth value.
    Either {
        /// The truth value.
        subject: Subject,
        /// What the text is if it is true.
        yes: &'static str,
        /// And if not.
        no: &'static str,
    },
    /// A text of which it only knows whether it is this one.
    Whether {
        /// Whether it is another one.
        other: Subject,
        /// The text.
        text: &'static str,
    },
    /// Always this text.
    Fixed(&'static str),
    /// Always false.
    False,
    /// Some number that is not negative: it acts on success only.
    NotNegative,
}

/// Everything that it knows.
#[derive(Debug, Clone, Copy)]
pub struct Ability {
    /// The source whose events it sees.
    pub source: &'static str,
    /// The events.
    pub events: &'static [KillEvent],
    /// The fields, by name.
    pub fields: &'static [(&'static str, When, Meaning)],
}

impl Ability {
    pub(super) fn event(&self, name: &str) -> Option<&'static KillEvent> {
        self.events.iter().find(|event| event.name == name)
    }

    pub(super) fn field(&self, name: &str) -> Option<(When, Meaning)> {
        self.fields.iter().find(|(field, ..)| *field == name).map(|(_, when, meaning)| (*when, *meaning))
    }
}
