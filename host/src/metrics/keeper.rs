//! The thread that asks the sources to publish, watches whether they move, and takes snapshots.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use lanner_engine::load::Priority;

use super::registry::Registry;
use super::snapshot::{self, Before, Fields};
use crate::alert::json::{Object, push_value};
use crate::alert::{Alert, INTERNAL, RuleHead};
use crate::config::MetricsSettings;
use crate::log;
use crate::source::now;

/// How often sources are asked to publish.
const BEAT: Duration = Duration::from_secs(1);
/// The name under which snapshots alert, as Falco's.
const RULE: &str = "Falco internal: metrics snapshot";
const MESSAGE: &str = "Falco metrics snapshot";

/// Snapshots that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The file.
    #[error(
        "metrics.output_file: cannot open {path} to append to it: {source}; create its folder, or name another file"
    )]
    Open {
        /// Its path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Takes snapshots, if any are asked for, and keeps what is published young.
#[derive(Debug)]
pub struct Keeper {
    registry: Arc<Registry>,
    settings: Option<MetricsSettings>,
    file: Option<File>,
    head: Arc<RuleHead>,
    before: HashMap<Box<str>, Before>,
    sample: u64,
    failed: bool,
}

impl Keeper {
    /// Opens the file of snapshots, if one is asked for.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn new(registry: Arc<Registry>, settings: Option<MetricsSettings>) -> Result<Self, KeeperError> {
        let path = settings.as_ref().and_then(|settings| settings.output_file.as_deref());
        let open = |path: &str| {
            let opened = OpenOptions::new().create(true).append(true).open(path);
            opened.map_err(|source| KeeperError::Open { path: path.to_owned(), source })
        };
        let file = path.map(open).transpose()?;
        let head = RuleHead {
            rule: RULE.into(),
            source: INTERNAL.into(),
            priority: Priority::Informational,
            tags: Vec::new(),
        };
        Ok(Self { registry, settings, file, head: Arc::new(head), before: HashMap::new(), sample: 0, failed: false })
    }

    /// Works until the other end of the channel is gone; then the last snapshot is taken, so that what came after the one before it is
    /// told too, and a run that is shorter than the interval leaves more than how it began.
    pub fn run(mut self, stop: &Receiver<()>, raise: &dyn Fn(Alert)) {
        let wanted = |settings: &MetricsSettings| settings.output_rule || settings.output_file.is_some();
        let interval = self.settings.as_ref().filter(|settings| wanted(settings)).map(|settings| settings.interval);
        let beat = interval.map_or(BEAT, |interval| interval.min(BEAT));
        let mut next = interval.map(|_| Instant::now());
        // As with Falco the first snapshot comes at once: when the sources have published a first time.
        self.registry.beat();
        while stop.recv_timeout(beat) == Err(RecvTimeoutError::Timeout) {
            if let (Some(due), Some(interval)) = (next, interval)
                && Instant::now() >= due
            {
                self.take(raise);
                next = Some(Instant::now() + interval);
            }
            self.registry.beat();
        }
        if interval.is_some() {
            self.take(raise);
        }
    }

    /// One snapshot of each source.
    fn take(&mut self, raise: &dyn Fn(Alert)) {
        let Some(settings) = &self.settings else { return };
        let now = now();
        for source in self.registry.sources() {
            let before = self.before.entry(source.name.clone()).or_default();
            let fields = snapshot::fields(&self.registry, &source, settings, now, before);
            if let Some(file) = &mut self.file
                && let Err(error) = file.write_all(line(&fields, self.sample).as_bytes())
                && !std::mem::replace(&mut self.failed, true)
            {
                log::error(format_args!(
                    "metrics.output_file: {error}; this snapshot is lost, and later ones if it goes on"
                ));
            }
            if settings.output_rule {
                raise(Alert {
                    time_ns: now,
                    head: Arc::clone(&self.head),
                    hostname: Arc::clone(&self.registry.hostname),
                    message: MESSAGE.to_owned(),
                    fields: fields.into_iter().map(|(name, value)| (name.into(), value)).collect(),
                });
            }
        }
        self.sample += 1;
    }
}

/// A line of the file.
fn line(fields: &Fields, sample: u64) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    let mut inner = Object::open(object.key("output_fields"));
    fields.iter().for_each(|(name, value)| push_value(value, inner.key(name)));
    inner.close();
    object.key("sample").push_str(&sample.to_string());
    object.close();
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::format::FormatValue;

    #[test]
    fn a_line_is_an_object_with_the_number_of_the_sample() {
        let fields = Fields::from([("b".to_owned(), FormatValue::Double(1.0)), ("a".to_owned(), FormatValue::Uint(2))]);
        assert_eq!(line(&fields, 3), "{\"output_fields\":{\"a\":2,\"b\":1.0},\"sample\":3}\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named_with_the_key() {
        let settings = MetricsSettings { output_file: Some("/absent/metrics.jsonl".into()), ..MetricsSettings::all() };
        let registry = Arc::new(Registry::new("1", "lab".into()));
        let error = Keeper::new(registry, Some(settings)).unwrap_err().to_string();
        assert!(error.starts_with("metrics.output_file: cannot open /absent/metrics.jsonl "), "{error}");
    }
}
