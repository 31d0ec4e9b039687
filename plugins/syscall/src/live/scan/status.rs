//! The two tables of `/proc` about a thread: `stat` and `status`.

/// What `/proc/PID/stat` says after the name, which may hold anything.
pub(super) struct Stat {
    pub(super) state: u8,
    pub(super) pgid: i64,
    pub(super) sid: i64,
    pub(super) tty: u32,
    pub(super) flags: u64,
    pub(super) pfminor: u64,
    pub(super) pfmajor: u64,
    /// Start in clock ticks after boot.
    pub(super) start: u64,
}

impl Stat {
    /// Fields by the numbers of proc(5): the third follows the name.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        let end = file.iter().rposition(|&b| b == b')')?;
        let text = std::str::from_utf8(file.get(end + 2..)?).ok()?;
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let field = |n: usize| fields.get(n - 3).copied();
        let number = |n: usize| field(n)?.parse::<u64>().ok();
        Some(Self {
            state: *field(3)?.as_bytes().first()?,
            pgid: field(5)?.parse().ok()?,
            sid: field(6)?.parse().ok()?,
            tty: field(7)?.parse::<i32>().ok()? as u32,
            flags: number(9)?,
            pfminor: number(10)?,
            pfmajor: number(12)?,
            start: number(22)?,
        })
    }
}

/// `/proc/PID/status`: rows of a name and a value.
pub(super) struct Status<'a>(pub(super) &'a [u8]);

impl<'a> Status<'a> {
    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = name.as_bytes();
        let mut lines = self.0.split(|&b| b == b'\n');
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(b":")).unwrap_or_default();
        std::str::from_utf8(line).unwrap_or_default().split_ascii_whitespace()
    }

    /// The value at place `n` of a row.
    pub(super) fn number(&self, name: &str, n: usize) -> Option<u64> {
        self.values(name).nth(n)?.parse().ok()
    }

    /// The last value of a row: ids in the innermost namespace.
    pub(super) fn last(&self, name: &str) -> Option<i64> {
        self.values(name).last()?.parse().ok()
    }

    /// The value of a row in hexadecimal.
    pub(super) fn hex(&self, name: &str) -> Option<u64> {
        u64::from_str_radix(self.values(name).next()?, 16).ok()
    }

    /// The value of a row as kilobytes.
    pub(super) fn kb(&self, name: &str) -> u32 {
        self.number(name, 0).and_then(|kb| u32::try_from(kb).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let line = b"7 (a) b (c) S 1 70 71 34816 70 4194560 12 0 3 0 0 0 0 0 20 0 1 0 99 0 0 184\n";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.state, stat.pgid, stat.sid, stat.tty), (b'S', 70, 71, 34816));
        assert_eq!((stat.flags, stat.pfminor, stat.pfmajor, stat.start), (4_194_560, 12, 3, 99));
        assert!(Stat::parse(b"7 (short) S").is_none());
        assert!(Stat::parse(b"").is_none());
    }

    #[test]
    fn rows_are_found_by_their_whole_name() {
        let status = Status(
            b"Pid:\t5\nPPid:\t1\nUid:\t0\t1000\t0\t0\nNSpid:\t5\t2\nCapEff:\t000001ffffffffff\nVmRSS:\t  88 kB\n",
        );
        assert_eq!(status.number("Pid", 0), Some(5));
        assert_eq!(status.number("Uid", 1), Some(1000));
        assert_eq!(status.last("NSpid"), Some(2));
        assert_eq!(status.hex("CapEff"), Some(0x1ff_ffff_ffff));
        assert_eq!(status.kb("VmRSS"), 88);
        assert_eq!(status.kb("VmSwap"), 0);
    }
}
