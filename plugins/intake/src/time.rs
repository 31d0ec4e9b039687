//! Times of events.

/// RFC 3339 to nanoseconds since the epoch.
///
/// All clouds write `2026-03-01T10:00:00Z`, with or without a fraction, and a general reader of times takes as long for that as
/// several fields of the event. So this form is read here, and every other one by it.
#[must_use]
pub fn nanoseconds(text: &str) -> Option<i128> {
    match plain(text.as_bytes()) {
        Some(time) => Some(i128::from(time)),
        None => Some(text.parse::<jiff::Timestamp>().ok()?.as_nanosecond()),
    }
}

/// Days of a common year before each month, and the days of each month.
const MONTHS: [(u64, u64); 12] = [
    (0, 31),
    (31, 28),
    (59, 31),
    (90, 30),
    (120, 31),
    (151, 30),
    (181, 31),
    (212, 31),
    (243, 30),
    (273, 31),
    (304, 30),
    (334, 31),
];

/// `YYYY-MM-DDTHH:MM:SSZ` or `YYYY-MM-DDTHH:MM:SS.FZ` with one to nine digits `F`, from 1970 to 2499, but for leap days and leap
/// seconds.
fn plain(text: &[u8]) -> Option<u64> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let &[c0, c1, y0, y1, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1] = head else {
        return None;
    };
    let digit = |byte: u8| Some(u64::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10);
    let two = |tens, ones| Some(10 * digit(tens)? + digit(ones)?);
    let year = 100 * two(c0, c1)? + two(y0, y1)?;
    let month = two(m0, m1)?;
    let (before, days) = *MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    let (day, hour, minute, second) = (two(d0, d1)?, two(h0, h1)?, two(n0, n1)?, two(s0, s1)?);
    let within = (1970..2500).contains(&year) && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !within {
        return None;
    }
    let leaps = |before: u64| before / 4 - before / 100 + before / 400;
    let leap = month > 2 && leaps(year) > leaps(year - 1);
    let days = 365 * (year - 1970) + leaps(year - 1) - leaps(1969) + before + u64::from(leap) + day - 1;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    let fraction = match rest {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => {
            let padded = digits.iter().chain(b"00000000").take(9);
            padded.map(|byte| digit(*byte)).try_fold(0, |all, digit| Some(10 * all + digit?))?
        }
        _ => return None,
    };
    Some(seconds * 1_000_000_000 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Option<i128> {
        text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_nanosecond)
    }

    #[test]
    fn the_usual_form_is_read_here_and_every_other_one_too() {
        for usual in ["1970-01-01T00:00:00Z", "2026-11-21T10:00:00.134567Z", "2499-12-31T23:59:59.999999999Z"] {
            assert_eq!(plain(usual.as_bytes()).map(i128::from), judge(usual), "{usual}");
            assert!(judge(usual).is_some());
        }
        for other in [
            "1960-01-01T00:00:00Z",
            "2024-02-29T00:00:00Z",
            "2026-11-21T10:00:00+01:00",
            "2026-11-21t10:00:00z",
            "2026-11-21 10:00:00Z",
            "2016-12-31T23:59:60Z",
            "2500-01-01T00:00:00Z",
        ] {
            assert_eq!(plain(other.as_bytes()), None, "{other}");
            assert!(nanoseconds(other).is_some() && nanoseconds(other) == judge(other), "{other}");
        }
    }

    /// Every day of five centuries, with times and fractions that change, and each of them with a byte changed.
    #[test]
    fn times_are_those_of_the_general_reader() {
        let mut n = 0_u64;
        for year in 1970..2500 {
            for month in 0..14 {
                for day in 0..33 {
                    n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (hour, minute, second) = ((n >> 40) % 25, (n >> 30) % 61, (n >> 20) % 61);
                    if !(n >> 56).is_multiple_of(16) {
                        continue;
                    }
                    let digits = &format!("{:09}", (n >> 8) % 1_000_000_000)[..(n % 10) as usize];
                    let dot = if digits.is_empty() { "" } else { "." };
                    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{dot}{digits}Z");
                    assert_eq!(nanoseconds(&text), judge(&text), "{text}");
                    let mut bytes = text.into_bytes();
                    let at = (n >> 16) as usize % bytes.len();
                    bytes[at] = b"0129-:.TZ+/; x"[(n >> 36) as usize % 14];
                    let text = String::from_utf8(bytes).unwrap();
                    assert_eq!(nanoseconds(&text), judge(&text), "{text}");
                }
            }
        }
    }
}
