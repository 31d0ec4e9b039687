//! Event times as texts, in the forms Falco has.
//!
//! Events come in order and thousands share a second, so the calendar is asked once a second and only the fraction is
//! written anew.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// Renders nanoseconds since the epoch. One per thread that renders.
#[derive(Debug)]
pub struct Clock {
    local: Calendar,
    utc: Calendar,
}

/// One second in one time zone: `YYYY-MM-DD HH:MM:SS`.
#[derive(Debug)]
struct Calendar {
    /// That of the machine if none: finding it takes longer than anything else here, and most clocks never show it.
    zone: Option<TimeZone>,
    second: u64,
    text: String,
}

impl Calendar {
    fn new(zone: Option<TimeZone>) -> Self {
        Self { zone, second: u64::MAX, text: String::new() }
    }

    fn at(&mut self, second: u64) -> &str {
        if self.second != second || self.text.is_empty() {
            // A time beyond what the calendar holds can only come from a broken capture; it must not stop the alert.
            let stamp =
                i64::try_from(second).ok().and_then(|s| Timestamp::from_second(s).ok()).unwrap_or(Timestamp::MAX);
            self.second = second;
            let zone = self.zone.get_or_insert_with(TimeZone::system).clone();
            self.text = stamp.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string();
        }
        &self.text
    }
}

/// Where the time of day begins in `YYYY-MM-DD HH:MM:SS`.
const TIME_OF_DAY: usize = 11;

impl Default for Clock {
    fn default() -> Self {
        Self { local: Calendar::new(None), utc: Calendar::new(Some(TimeZone::UTC)) }
    }
}

impl Clock {
    /// A clock whose local forms are in `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self { local: Calendar::new(Some(zone)), utc: Calendar::new(Some(TimeZone::UTC)) }
    }

    /// `HH:MM:SS`, local, with nine digits of fraction if `fraction`.
    pub fn time(&mut self, ns: u64, fraction: bool, out: &mut String) {
        let text = self.local.at(ns / SECOND);
        out.push_str(text.get(TIME_OF_DAY..).unwrap_or(text));
        push_fraction(ns, fraction, out);
    }

    /// `YYYY-MM-DD HH:MM:SS`, local, with nine digits of fraction if `fraction`.
    pub fn date_time(&mut self, ns: u64, fraction: bool, out: &mut String) {
        out.push_str(self.local.at(ns / SECOND));
        push_fraction(ns, fraction, out);
    }

    /// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn` in UTC and then `suffix` (`Z` or `+0000`).
    pub fn iso_8601(&mut self, ns: u64, suffix: &str, out: &mut String) {
        let text = self.utc.at(ns / SECOND);
        match text.split_once(' ') {
            Some((date, time)) => out.extend([date, "T", time]),
            None => out.push_str(text),
        }
        push_fraction(ns, true, out);
        out.push_str(suffix);
    }
}

fn push_fraction(ns: u64, wanted: bool, out: &mut String) {
    if wanted {
        // One digit more in front keeps the zeros behind it.
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(SECOND + ns % SECOND);
        out.push('.');
        out.push_str(digits.get(1..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: u64 = 1_795_257_384_008_075_606;

    fn rendered(zone: &str, f: impl Fn(&mut Clock, &mut String)) -> String {
        let mut out = String::new();
        f(&mut Clock::new(TimeZone::get(zone).unwrap_or(TimeZone::UTC)), &mut out);
        out
    }

    #[test]
    fn forms_are_those_of_falco() {
        assert_eq!(rendered("UTC", |c, o| c.time(NS, true, o)), "10:36:24.008075606");
        assert_eq!(rendered("UTC", |c, o| c.time(NS, false, o)), "10:36:24");
        assert_eq!(rendered("UTC", |c, o| c.date_time(NS, true, o)), "2026-11-21 10:36:24.008075606");
        assert_eq!(rendered("UTC", |c, o| c.iso_8601(NS, "Z", o)), "2026-11-21T10:36:24.008075606Z");
        assert_eq!(rendered("UTC", |c, o| c.iso_8601(NS, "+0000", o)), "2026-11-21T10:36:24.008075606+0000");
    }

    #[test]
    fn local_forms_follow_the_zone_and_iso_does_not() {
        let zone = TimeZone::fixed(jiff::tz::offset(5));
        let mut clock = Clock::new(zone);
        let mut out = String::new();
        clock.time(NS, false, &mut out);
        clock.iso_8601(NS, "Z", &mut out);
        assert_eq!(out, "15:36:242026-11-21T10:36:24.008075606Z");
    }

    #[test]
    fn a_second_is_not_taken_for_another() {
        let mut clock = Clock::new(TimeZone::UTC);
        let mut out = String::new();
        for ns in [0, SECOND - 1, SECOND, 59 * SECOND, u64::MAX] {
            clock.time(ns, true, &mut out);
            out.push(' ');
        }
        assert!(
            out.starts_with("00:00:00.000000000 00:00:00.999999999 00:00:01.000000000 00:00:59.000000000 "),
            "{out}"
        );
    }
}
