//! `s3://`: the log files of a bucket, listed once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;

use crossbeam_channel::{Sender, bounded};
use jiff::Timestamp;
use lanner_cloudtrail::Shared;
use lanner_cloudtrail::config::Config;
use lanner_cloudtrail::interval::Interval;
use lanner_cloudtrail::message::{Object, is_log};
use lanner_cloudtrail::trail::{self, Level};
use lanner_intake::Store;
use lanner_intake::cloud::{Count, Feed};
use lanner_plugin_api::sdk::Error;

use crate::client::{AwsError, Connection};
use crate::units::{Fetcher, Outcome, Unit, Units, unit};

/// Days before the newest one for which single files are remembered: late files of an older day are not expected, AWS delivers
/// within minutes.
const DAYS: i64 = 2;

/// What has been evaluated of one listing.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Seen {
    /// Files of older days have all been evaluated, but those in `failed`.
    floor: Option<String>,
    /// Files of this day and later that have been evaluated.
    keys: BTreeSet<String>,
    /// Files that could not be read; they are tried again.
    failed: BTreeSet<String>,
}

/// Listings by their prefix.
type Position = BTreeMap<String, Seen>;

impl Seen {
    fn note(&mut self, key: &str, outcome: Outcome) {
        if outcome == Outcome::Unread {
            self.failed.insert(key.to_owned());
            return;
        }
        self.failed.remove(key);
        self.keys.insert(key.to_owned());
        let Some(floor) = trail::day(key).and_then(floor_of) else { return };
        if self.floor.as_ref().is_none_or(|old| *old < floor) {
            self.keys.retain(|key| trail::day(key).is_none_or(|day| day >= floor.as_str()));
            self.floor = Some(floor);
        }
    }

    fn holds(&self, key: &str) -> bool {
        if self.failed.contains(key) {
            return false;
        }
        let older = trail::day(key).zip(self.floor.as_deref()).is_some_and(|(day, floor)| day < floor);
        older || self.keys.contains(key)
    }
}

/// The first day that is remembered file by file when `day` (`20240501`) is the newest.
fn floor_of(day: &str) -> Option<String> {
    let date = jiff::civil::Date::strptime("%Y%m%d", day).ok()?;
    Some(date.checked_sub(jiff::Span::new().days(DAYS)).ok()?.strftime("%Y%m%d").to_string())
}

/// A file of a listing.
struct Token {
    listing: String,
    key: String,
}

struct Lister {
    fetcher: Fetcher,
    bucket: String,
    interval: Interval,
    position: Position,
    queue: Sender<Unit<Token>>,
    workers: Vec<thread::JoinHandle<()>>,
}

/// Opens the source.
pub(crate) fn open(bucket: String, prefix: &str, shared: &Shared) -> Result<Box<dyn Feed<Config>>, Error> {
    let config = &shared.config;
    if config.s3_download_concurrency == 0 {
        return Err(Error::other("s3DownloadConcurrency is 0: at least 1 download is needed"));
    }
    let interval = Interval::parse(&config.s3_interval, Timestamp::now())
        .map_err(|error| Error::other(format!("s3Interval: {error}")))?;
    let accounts = trail::accounts(&config.s3_account_list.text()).map_err(Error::other)?;
    let store: Option<Store<Position>> = match config.state_file.as_str() {
        "" => None,
        file => Some(Store::open(Path::new(file)).map_err(Error::other)?),
    };
    let position = store.as_ref().map_or(Ok(None), Store::load).map_err(Error::other)?.unwrap_or_default();
    let connection = Connection::new(&config.aws, "").map_err(Error::other)?;
    let client = connection.client().clone();
    let s3 = client.s3();
    // What cannot be listed at all is told when the source is opened.
    let probe = s3.list_objects_v2().bucket(&bucket).prefix(prefix).max_keys(1).send();
    client.call(&format!("cannot list s3://{bucket}/{prefix}"), probe).map_err(Error::other)?;
    let (queue, units) = bounded(config.s3_download_concurrency as usize);
    let fetcher = Fetcher { client, s3, shared: shared.clone() };
    let lister = Lister { fetcher, bucket, interval, position: position.clone(), queue, workers: Vec::new() };
    let prefix = prefix.to_owned();
    let thread =
        thread::Builder::new().name("cloudtrail-list".to_owned()).spawn(move || lister.run(&prefix, &accounts))?;
    let mut position = position;
    let settle = move |token: Token, outcome| {
        let Some(store) = &store else { return Ok(()) };
        position.entry(token.listing).or_default().note(&token.key, outcome);
        store.save(&position).map_err(Error::other)
    };
    Ok(Box::new(Units::new(units, Box::new(settle), vec![thread], connection)))
}

impl Lister {
    fn run(mut self, prefix: &str, accounts: &[String]) -> Result<(), AwsError> {
        let outcome = self.list(prefix, accounts);
        for worker in self.workers {
            // A worker that panicked has told so; its unit counts as unread.
            let _ = worker.join();
        }
        match outcome {
            Err(AwsError::Stopped) => Ok(()),
            other => other,
        }
    }

    fn list(&mut self, prefix: &str, accounts: &[String]) -> Result<(), AwsError> {
        let folder = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
        let accounts = match trail::level(prefix) {
            Level::Files => return self.files(prefix.to_owned(), None),
            Level::Regions => vec![folder],
            Level::Accounts if !accounts.is_empty() => accounts.iter().map(|id| format!("{folder}{id}/")).collect(),
            Level::Accounts => {
                let found = self.folders(&folder)?;
                found.into_iter().filter(|found| trail::level(found) == Level::Regions).collect()
            }
        };
        let mut first_error = None;
        for account in accounts {
            let regions = self.folders(&format!("{account}CloudTrail/"));
            let listed = regions.and_then(|regions| {
                regions.into_iter().try_for_each(|region| self.files(region.clone(), Some(region)))
            });
            match listed {
                Err(AwsError::Stopped) => return Err(AwsError::Stopped),
                // The other accounts are read all the same; the source then ends with the error.
                Err(error) => {
                    self.fetcher.shared.counters.add(Count::CallsFailed);
                    self.fetcher.shared.log.error(error.to_string());
                    first_error.get_or_insert(error);
                }
                Ok(()) => {}
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// The folders right below a folder.
    fn folders(&self, folder: &str) -> Result<Vec<String>, AwsError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let page = self.fetcher.s3.list_objects_v2().bucket(&self.bucket).prefix(folder).delimiter("/");
            let page = self.call(folder, page.set_continuation_token(next).send())?;
            let prefixes = page.common_prefixes.unwrap_or_default();
            found.extend(prefixes.into_iter().filter_map(|common| common.prefix));
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    fn call<T: Send + 'static, E: std::error::Error + Send + Sync + 'static>(
        &self,
        prefix: &str,
        call: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, AwsError> {
        self.fetcher.client.call(&format!("cannot list s3://{}/{prefix}", self.bucket), call)
    }

    /// Queues the log files below a prefix. `region`: the prefix of a region, below which the days are folders.
    fn files(&mut self, prefix: String, region: Option<String>) -> Result<(), AwsError> {
        let seen = self.position.remove(&prefix).unwrap_or_default();
        for key in &seen.failed {
            self.queue(&prefix, key.clone())?;
        }
        let floor = seen.floor.as_ref().and_then(|day| {
            let date = jiff::civil::Date::strptime("%Y%m%d", day).ok()?;
            Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
        });
        let day = self.interval.start.max(floor);
        let after = region.as_deref().zip(day).map(|(region, day)| trail::start_after(region, day));
        let mut next = None;
        loop {
            let page = self.fetcher.s3.list_objects_v2().bucket(&self.bucket).prefix(&prefix);
            let page = page.set_start_after(after.clone()).set_continuation_token(next);
            let page = self.call(&prefix, page.send())?;
            for key in page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
                let wanted = trail::minute(&key).is_none_or(|minute| self.interval.holds(minute));
                if wanted && is_log(&key) && !seen.holds(&key) && !seen.failed.contains(&key) {
                    self.queue(&prefix, key)?;
                }
            }
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes a place in the queue, which waits until one is free, and starts the download.
    fn queue(&mut self, listing: &str, key: String) -> Result<(), AwsError> {
        let object = Object { bucket: self.bucket.clone(), key: key.clone() };
        let (unit, parts) = unit(Token { listing: listing.to_owned(), key }, object.to_string());
        self.queue.send(unit).map_err(|_| AwsError::Stopped)?;
        let fetcher = self.fetcher.clone();
        self.workers.retain(|worker| !worker.is_finished());
        let worker = thread::Builder::new().name("cloudtrail-get".to_owned());
        self.workers.push(worker.spawn(move || fetcher.fetch(&object, &parts))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(day: &str, name: &str) -> String {
        format!("AWSLogs/1/CloudTrail/eu-west-1/x/1_CloudTrail_eu-west-1_{day}T1005Z_{name}.json.gz")
    }

    #[test]
    fn two_days_are_remembered_file_by_file() {
        let mut seen = Seen::default();
        seen.note(&key("20240501", "a"), Outcome::Whole);
        seen.note(&key("20240502", "b"), Outcome::Unread);
        seen.note(&key("20240504", "c"), Outcome::Lost);
        assert_eq!(seen.floor.as_deref(), Some("20240502"));
        assert!(seen.holds(&key("20240501", "a")) && seen.holds(&key("20240501", "late")));
        assert!(!seen.holds(&key("20240502", "b")), "it could not be read");
        assert!(!seen.holds(&key("20240503", "late")));
        assert!(seen.holds(&key("20240504", "c")));
        seen.note(&key("20240502", "b"), Outcome::Whole);
        assert!(seen.failed.is_empty() && seen.holds(&key("20240502", "b")));
        assert_eq!(seen.keys.len(), 2);
        seen.note("other/file.json", Outcome::Whole);
        assert!(seen.holds("other/file.json") && !seen.holds("other/more.json"));
    }
}
