//! What a condition becomes.

/// What a comparison is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The name of the thread.
    Name,
    /// The path of the program's file.
    Program,
    /// The path of the file that was opened.
    File,
    /// The number of the user, four bytes in the machine's order.
    User,
    /// Whether it runs in a container: one byte, 0 or 1.
    Container,
    /// Whether the file was opened for reading: one byte, 0 or 1.
    Reads,
    /// Whether the file was opened for writing.
    Writes,
    /// Whether a folder was asked for.
    Folder,
}

impl Subject {
    /// All of them; the position is the number that the decider knows them by.
    pub const ALL: [Subject; 8] = [
        Subject::Name,
        Subject::Program,
        Subject::File,
        Subject::User,
        Subject::Container,
        Subject::Reads,
        Subject::Writes,
        Subject::Folder,
    ];

    /// The number that the decider knows it by.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// How a value is compared with the texts of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// It is one of them.
    Equal,
    /// It begins with one of them.
    Prefix,
    /// A path: it is one of them, or lies below.
    Below,
    /// A path: what stands before its last slash and that slash itself are one of them.
    In,
}

impl How {
    /// Whether a value satisfies this for a text.
    pub fn holds(self, value: &[u8], text: &[u8]) -> bool {
        match self {
            How::Equal => value == text,
            How::Prefix => value.starts_with(text),
            How::Below => value.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/")),
            How::In => value.iter().rposition(|b| *b == b'/').is_some_and(|at| value.get(..=at) == Some(text)),
        }
    }
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Test {
    /// Of what.
    pub subject: Subject,
    /// How.
    pub how: How,
    /// With what: any of these. Sorted, at least one.
    pub texts: Vec<Box<[u8]>>,
}

/// A comparison that must hold, or must not. Either way its value must be known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Literal {
    /// The comparison.
    pub test: Test,
    /// Whether it must hold.
    pub holds: bool,
}

/// Comparisons that must all come out as they say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alternative {
    /// Sorted.
    pub literals: Vec<Literal>,
}

/// A condition as far as the decider goes: for each event the alternatives of which one must hold. No event is there without.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// Code of the event and its alternatives, by code.
    pub events: Vec<(u16, Vec<Alternative>)>,
}
