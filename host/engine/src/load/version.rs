//! Versions of engine and plugins.

use std::fmt;

/// A version of three numbers; what follows them is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// Versions that differ here do not fit each other.
    pub major: u32,
    /// A higher one can do all that a lower one can.
    pub minor: u32,
    /// Likewise.
    pub patch: u32,
}

impl Version {
    /// A version of these numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Version { major, minor, patch }
    }

    /// Reads `1.2.3`, whatever follows.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let rest = parts.next()?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        Some(Version { major, minor, patch: rest.get(..digits)?.parse().ok()? })
    }

    /// Whether this one serves where `required` is asked for.
    pub fn satisfies(self, required: Version) -> bool {
        self.major == required.major && self >= required
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
