//! Colours of the text report.

use std::fmt;

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette(pub bool);

/// A text in a colour, or plain.
#[derive(Clone, Copy, Debug)]
pub struct Painted<T> {
    text: T,
    code: &'static str,
}

impl Palette {
    /// Good.
    pub fn good<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, "32")
    }

    /// Bad.
    pub fn bad<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, "31")
    }

    /// Doubtful.
    pub fn doubtful<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, "33")
    }

    /// Of less interest.
    pub fn faint<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, "2")
    }

    /// Of more interest.
    pub fn strong<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, "1")
    }

    fn paint<T>(self, text: T, code: &'static str) -> Painted<T> {
        Painted { text, code: if self.0 { code } else { "" } }
    }
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            "" => self.text.fmt(f),
            code => {
                write!(f, "\u{1b}[{code}m")?;
                self.text.fmt(f)?;
                f.write_str("\u{1b}[0m")
            }
        }
    }
}
