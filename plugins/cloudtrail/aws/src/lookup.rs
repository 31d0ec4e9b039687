//! `lookup://`: the event history of a region over LookupEvents: no bucket, no queue, management events only, up to 15 minutes
//! late, 90 days back, two calls of at most 50 events a second.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_cloudtrail::primitives::DateTime;
use crossbeam_channel::{Sender, bounded};
use jiff::{SignedDuration, Timestamp};
use lanner_cloudtrail::Shared;
use lanner_cloudtrail::config::Config;
use lanner_cloudtrail::interval::Interval;
use lanner_intake::Store;
use lanner_intake::cloud::{Count, Feed};
use lanner_intake::split::Piece;
use lanner_plugin_api::sdk::Error;

use crate::client::{AwsError, Client, Connection};
use crate::units::{Block, Outcome, Part, Unit, Units, unit};

/// Between two calls, below the two a second that AWS allows an account in a region.
const PACE: Duration = Duration::from_millis(550);
/// How late events appear; so far back every look goes again.
const LATE: SignedDuration = SignedDuration::from_mins(15);
/// The longest stretch of time that is looked at in one go.
const STRETCH: SignedDuration = SignedDuration::from_hours(6);
/// Events of one go; a stretch that holds more is halved, for AWS lists the newest first and we go forward.
const MANY: usize = 10_000;
/// Events of a block.
const BLOCK: usize = 100;

/// How far the history has been evaluated.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Position {
    /// Seconds since the epoch; all that was there before has been looked at.
    until: i64,
    /// Ids of events in the time that is looked at again, with their times.
    seen: BTreeMap<String, i64>,
}

/// One event of the history.
struct Found {
    time: i64,
    id: String,
    record: String,
}

struct Looking {
    client: Client,
    cloudtrail: aws_sdk_cloudtrail::Client,
    shared: Shared,
    name: String,
    position: Position,
    /// Nothing older is looked at.
    begin: i64,
    stretch: SignedDuration,
    last_call: Option<Instant>,
    queue: Sender<Unit<Position>>,
}

/// Opens the source.
pub(crate) fn open(region: &str, shared: &Shared) -> Result<Box<dyn Feed<Config>>, Error> {
    let config = &shared.config;
    let now = Timestamp::now();
    let start = Interval::parse(&config.lookup_start, now)
        .map_err(|error| Error::other(format!("lookupStart: {error}")))?
        .start
        .unwrap_or(now);
    let store: Option<Store<Position>> = match config.state_file.as_str() {
        "" => None,
        file => Some(Store::open(Path::new(file)).map_err(Error::other)?),
    };
    let stored = store.as_ref().map_or(Ok(None), Store::load).map_err(Error::other)?;
    let begin = if stored.is_some() { 0 } else { start.as_second() };
    let position = stored.unwrap_or_else(|| Position { until: start.as_second(), seen: BTreeMap::new() });
    let connection = Connection::new(&config.aws, region).map_err(Error::other)?;
    let client = connection.client().clone();
    let cloudtrail = client.cloudtrail();
    let name = format!("lookup://{}", client.region());
    let probe = cloudtrail.lookup_events().max_results(1).send();
    client.call(&format!("cannot look up events of {}", client.region()), probe).map_err(Error::other)?;
    let (queue, units) = bounded(1);
    let looking = Looking {
        client,
        cloudtrail,
        shared: shared.clone(),
        name,
        position,
        begin,
        stretch: STRETCH,
        last_call: Some(Instant::now()),
        queue,
    };
    let thread = thread::Builder::new().name("cloudtrail-look".to_owned()).spawn(move || match looking.run() {
        Err(AwsError::Stopped) => Ok(()),
        other => other,
    })?;
    let settle = move |position: Position, outcome| match &store {
        Some(store) if outcome == Outcome::Whole => store.save(&position).map_err(Error::other),
        _ => Ok(()),
    };
    Ok(Box::new(Units::new(units, Box::new(settle), vec![thread], connection)))
}

impl Looking {
    /// Ends only when the source is closed: whatever AWS answers, it is asked again.
    fn run(mut self) -> Result<(), AwsError> {
        let mut pause = Duration::from_secs(1);
        let mut told = String::new();
        let interval = Duration::from_secs(self.shared.config.lookup_interval.max(1).into());
        loop {
            let (from, to, caught_up) = stretch(self.position.until, Timestamp::now().as_second(), self.stretch);
            match self.look(from.max(self.begin), to) {
                Ok(Some(found)) => {
                    pause = Duration::from_secs(1);
                    self.stretch = (self.stretch * 2).min(STRETCH);
                    self.hand_over(found, to)?;
                    if caught_up {
                        self.client.sleep(interval)?;
                    }
                }
                Ok(None) => self.stretch /= 2,
                Err(AwsError::Stopped) => return Err(AwsError::Stopped),
                Err(error) => {
                    self.shared.counters.add(Count::CallsFailed);
                    let text = error.to_string();
                    if text != told {
                        self.shared.log.error(format!("{text}; it is tried again"));
                        told = text;
                    }
                    self.client.sleep(pause)?;
                    pause = (pause * 2).min(Duration::from_secs(60));
                }
            }
        }
    }

    /// The events of a stretch of time; `None`: there are too many for one go.
    fn look(&mut self, from: i64, to: i64) -> Result<Option<Vec<Found>>, AwsError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            if let Some(wait) = self.last_call.and_then(|last| PACE.checked_sub(last.elapsed())) {
                self.client.sleep(wait)?;
            }
            let call = self.cloudtrail.lookup_events().max_results(50).set_next_token(next);
            let call = call.start_time(DateTime::from_secs(from)).end_time(DateTime::from_secs(to)).send();
            let answer = self.client.call(&format!("cannot look up events of {}", self.name), call);
            self.last_call = Some(Instant::now());
            let answer = answer?;
            for event in answer.events.unwrap_or_default() {
                let (Some(id), Some(record)) = (event.event_id, event.cloud_trail_event) else { continue };
                let time = event.event_time.map_or(to, |time| time.secs());
                if self.position.seen.contains_key(&id) {
                    self.shared.counters.add(Count::Repeated);
                } else {
                    found.push(Found { time, id, record });
                }
            }
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(Some(found));
            }
            if found.len() > MANY && to - from > 2 * LATE.as_secs() {
                return Ok(None);
            }
        }
    }

    /// Hands the events over, the oldest first, and moves on.
    fn hand_over(&mut self, mut found: Vec<Found>, to: i64) -> Result<(), AwsError> {
        // The newest stands first; events of one second keep their order.
        found.reverse();
        found.sort_by_key(|event| event.time);
        let mut once = BTreeSet::new();
        found.retain(|event| once.insert(event.id.clone()));
        self.position.until = to;
        let floor = to - LATE.as_secs();
        self.position.seen.retain(|_, time| *time >= floor);
        let recent = found.iter().filter(|event| event.time >= floor);
        self.position.seen.extend(recent.map(|event| (event.id.clone(), event.time)));
        let (unit, parts) = unit(self.position.clone(), self.name.clone());
        self.queue.send(unit).map_err(|_| AwsError::Stopped)?;
        for events in found.chunks(BLOCK) {
            let mut block = Block::default();
            events.iter().for_each(|event| block.push(Piece::Item(event.record.as_bytes())));
            parts.send(Part::Records(block)).map_err(|_| AwsError::Stopped)?;
        }
        parts.send(Part::End(Outcome::Whole)).map_err(|_| AwsError::Stopped)
    }
}

/// The next stretch of time to look at, in seconds, and whether it goes up to now. It goes back over the time in which events may
/// have come late.
fn stretch(until: i64, now: i64, longest: SignedDuration) -> (i64, i64, bool) {
    let to = now.min(until.saturating_add(longest.as_secs().max(1)));
    (until - LATE.as_secs(), to.max(until), to >= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_go_forward_to_now_and_back_over_late_events() {
        let hour = SignedDuration::from_hours(1);
        assert_eq!(stretch(10_000, 20_000, hour), (9_100, 13_600, false));
        assert_eq!(stretch(10_000, 10_060, hour), (9_100, 10_060, true));
        assert_eq!(stretch(10_000, 9_000, hour), (9_100, 10_000, true), "the clock was set back");
    }
}
