//! Points in time as text.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::render::number;

fn padded(out: &mut Vec<u8>, value: u32, width: usize) {
    let start = out.len();
    number::unsigned(out, value.into());
    let missing = width.saturating_sub(out.len() - start);
    out.splice(start..start, std::iter::repeat_n(b'0', missing));
}

/// Writes date and time of a number of nanoseconds since the epoch, `2026-11-21 12:00:00.000000000`.
pub(crate) fn absolute(out: &mut Vec<u8>, ns: u64, zone: &TimeZone) {
    let Some(at) = civil(ns, zone) else { return };
    padded(out, at.year().unsigned_abs().into(), 4);
    for (before, value) in [(b'-', at.month()), (b'-', at.day()), (b' ', at.hour())] {
        out.push(before);
        padded(out, value.unsigned_abs().into(), 2);
    }
    rest(out, at, ns);
}

/// Writes the time of day, `12:00:00.000000000`.
pub(crate) fn of_day(out: &mut Vec<u8>, ns: u64, zone: &TimeZone) {
    let Some(at) = civil(ns, zone) else { return };
    padded(out, at.hour().unsigned_abs().into(), 2);
    rest(out, at, ns);
}

/// 64 bits of nanoseconds end in the year 2554, so there always is a date.
fn civil(ns: u64, zone: &TimeZone) -> Option<DateTime> {
    let time = Timestamp::from_nanosecond(i128::from(ns)).ok()?;
    Some(zone.to_offset(time).to_datetime(time))
}

/// What follows the hour.
fn rest(out: &mut Vec<u8>, at: DateTime, ns: u64) {
    for value in [at.minute(), at.second()] {
        out.push(b':');
        padded(out, value.unsigned_abs().into(), 2);
    }
    out.push(b'.');
    padded(out, (ns % 1_000_000_000) as u32, 9);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ns: u64, zone: &TimeZone) -> String {
        let mut out = Vec::new();
        absolute(&mut out, ns, zone);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_padded_and_local() {
        assert_eq!(text(0, &TimeZone::UTC), "1970-01-01 00:00:00.000000000");
        assert_eq!(text(1_795_257_383_000_000_042, &TimeZone::UTC), "2026-11-21 10:36:23.000000042");
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(text(1_795_257_383_000_000_042, &east), "2026-11-21 12:36:23.000000042");
        assert!(text(u64::MAX, &TimeZone::UTC).starts_with("2554-07-21 "));
        let mut out = Vec::new();
        of_day(&mut out, 1_795_257_383_000_000_042, &east);
        assert_eq!(out, b"12:36:23.000000042");
    }
}
