//! Versions of three numbers, as the plugin API and plugins carry them.

use std::fmt;

/// `major.minor.patch`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Version {
    /// Changes when something incompatible happens.
    pub major: u32,
    /// Changes with each addition.
    pub minor: u32,
    /// Changes with each correction.
    pub patch: u32,
}

impl Version {
    /// The version of these three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Reads three decimal numbers with dots between. Whatever follows the third number is ignored, as in the
    /// upstream reader (`scanf`), so `1.2.3-rc1` is 1.2.3.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, rest) = number(text)?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let (patch, _) = number(rest.strip_prefix('.')?)?;
        Some(Self { major, minor, patch })
    }

    /// Whether one who offers `self` satisfies one who requires `required`; else which part disagrees. Same major,
    /// and nothing newer than what is offered.
    pub const fn satisfies(self, required: Self) -> Result<(), &'static str> {
        if self.major != required.major {
            Err("major versions disagree")
        } else if self.minor < required.minor {
            Err("minor version is less than the requested one")
        } else if self.minor == required.minor && self.patch < required.patch {
            Err("patch version is less than the requested one")
        } else {
            Ok(())
        }
    }
}

/// The leading decimal number and the rest.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn three_numbers_are_read() {
        assert_eq!(Version::parse("3.12.0"), Some(Version::new(3, 12, 0)));
        assert_eq!(Version::parse("0.7.1-rc2"), Some(Version::new(0, 7, 1)));
        for bad in ["", "3", "3.1", "3..1", "a.b.c", "-1.0.0", "99999999999.0.0", ".1.2.3"] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn newer_requirements_are_refused() {
        let host = Version::new(3, 12, 1);
        for ok in [(3, 0, 0), (3, 11, 9), (3, 12, 0), (3, 12, 1)] {
            assert_eq!(host.satisfies(Version::new(ok.0, ok.1, ok.2)), Ok(()), "{ok:?}");
        }
        assert_eq!(host.satisfies(Version::new(2, 0, 0)), Err("major versions disagree"));
        assert_eq!(host.satisfies(Version::new(4, 0, 0)), Err("major versions disagree"));
        assert_eq!(host.satisfies(Version::new(3, 13, 0)), Err("minor version is less than the requested one"));
        assert_eq!(host.satisfies(Version::new(3, 12, 2)), Err("patch version is less than the requested one"));
    }
}
