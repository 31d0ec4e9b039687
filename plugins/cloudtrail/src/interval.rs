//! `s3Interval`: of which time log files are read.

use jiff::{SignedDuration, Timestamp};

/// A time window; `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// The first moment.
    pub start: Option<Timestamp>,
    /// The last moment.
    pub end: Option<Timestamp>,
}

/// Why a text is no interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// One of its ends is no time.
    #[error("'{0}' is neither a duration like 5d (w, d, h, m, s) nor a time like 2024-05-01T00:00:00Z")]
    Time(String),
    /// It ends before it starts.
    #[error("the start {start} is not before the end {end}")]
    Backwards {
        /// First moment.
        start: Timestamp,
        /// Last moment.
        end: Timestamp,
    },
}

impl Interval {
    /// Reads `5d` (since five days ago), `5d-2d`, a time, or two times with a hyphen between. An empty text is all time.
    ///
    /// # Errors
    /// The text has another form, or the end lies before the start.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, IntervalError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        // Times have hyphens too: the one that separates has a valid end behind it.
        let split = text.rmatch_indices('-').find_map(|(at, _)| {
            let (start, end) = (text[..at].trim(), text[at + 1..].trim());
            let (start, end) = (moment(start, now)?, moment(end, now)?);
            Some((start, end))
        });
        let Some((start, end)) = split else {
            let start = moment(text, now).ok_or_else(|| IntervalError::Time(text.to_owned()))?;
            return Ok(Self { start: Some(start), end: None });
        };
        if end < start {
            return Err(IntervalError::Backwards { start, end });
        }
        Ok(Self { start: Some(start), end: Some(end) })
    }

    /// Whether a log file of the minute `stamp` (`20240501T1005`) belongs to it.
    #[must_use]
    pub fn holds(&self, stamp: &str) -> bool {
        self.start.is_none_or(|start| stamp >= minute(start).as_str())
            && self.end.is_none_or(|end| stamp <= minute(end).as_str())
    }
}

fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let number = text.get(..text.len().checked_sub(1)?)?;
    if let Ok(count) = number.parse::<u32>() {
        let unit: i64 = match text.as_bytes().last()? {
            b'w' => 7 * 86_400,
            b'd' => 86_400,
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        return now.checked_sub(SignedDuration::from_secs(i64::from(count) * unit)).ok();
    }
    // Only the plain form in UTC: `2024-05-01T00:00:00Z`.
    (text.len() == 20 && text.ends_with('Z')).then(|| text.parse().ok()).flatten()
}

/// A moment as names of log files have it.
fn minute(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2024-05-10T12:00:00Z";

    fn parse(text: &str) -> Result<(Option<String>, Option<String>), String> {
        let interval = Interval::parse(text, NOW.parse().unwrap()).map_err(|error| error.to_string())?;
        Ok((interval.start.map(|t| t.to_string()), interval.end.map(|t| t.to_string())))
    }

    fn some(start: &str, end: Option<&str>) -> Result<(Option<String>, Option<String>), String> {
        Ok((Some(start.to_owned()), end.map(str::to_owned)))
    }

    #[test]
    fn durations_and_times() {
        assert_eq!(parse(""), Ok((None, None)));
        assert_eq!(parse("1w"), some("2024-05-03T12:00:00Z", None));
        assert_eq!(parse("5d-2d"), some("2024-05-05T12:00:00Z", Some("2024-05-08T12:00:00Z")));
        assert_eq!(parse("90m - 30s"), some("2024-05-10T10:30:00Z", Some("2024-05-10T11:59:30Z")));
        assert_eq!(parse("2024-05-01T00:00:00Z"), some("2024-05-01T00:00:00Z", None));
        let two = "2024-05-01T00:00:00Z-2024-05-02T01:00:00Z";
        assert_eq!(parse(two), some("2024-05-01T00:00:00Z", Some("2024-05-02T01:00:00Z")));
        assert_eq!(parse("2024-05-01T00:00:00Z-1d"), some("2024-05-01T00:00:00Z", Some("2024-05-09T12:00:00Z")));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["5", "d", "5y", "yesterday", "2024-05-01", "5d-", "-5d", "é"] {
            assert!(parse(text).unwrap_err().contains("neither"), "{text}");
        }
        assert!(parse("2d-5d").unwrap_err().contains("not before"));
    }

    #[test]
    fn files_are_chosen_by_the_minute_in_their_name() {
        let day = Interval::parse("2024-05-01T00:00:00Z-2024-05-02T00:00:00Z", NOW.parse().unwrap()).unwrap();
        assert!(day.holds("20240501T0000") && day.holds("20240502T0000"));
        assert!(!day.holds("20240430T2355") && !day.holds("20240502T0005"));
        assert!(Interval::default().holds("x"));
    }
}
