//! Reload: new rules, and what of the configuration can change while running, compiled beside those in force and then exchanged
//! in every source between two batches of events. Nothing is stopped and no state is lost; what does not compile is refused.
//!
//! Asked for by SIGHUP, and by changes of the files themselves (`watch_config_files`).

mod changes;
mod exchange;
mod next;
mod watch;

pub(super) use exchange::{Exchange, Proposal, Seat};
pub(super) use next::{Base, entries};
use watch::{Entry, Watcher};
pub(super) use watch::{Snapshot, snapshot};

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use lanner_engine::load::Priority;

use super::evaluator::Desk;
use super::systemd;
use crate::alert::{Alert, INTERNAL, RuleHead};
use crate::log;
use crate::memory;
use crate::source::now;
use exchange::{Answer, Order};
use next::Next;

/// The name under which a refused reload alerts, as Falco's.
const RULE: &str = "Falco internal: hot restart failure";
/// Files that change together are looked at when they have been quiet for so long, or when changes have gone on for
/// [`LONG_ENOUGH`].
const QUIET: Duration = Duration::from_millis(100);
const LONG_ENOUGH: Duration = Duration::from_secs(2);
/// When nothing has been asked for for so long, after the start or a reload, memory that these took is given back.
const SETTLED: Duration = Duration::from_secs(3);
/// How long the others wait for a source that does not come to the end of a batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Somebody asks for it.
    Asked,
    /// Something happened to a file.
    Files,
    /// The program ends.
    Stop,
}

/// Asks for reloads.
#[derive(Clone, Debug)]
pub(crate) struct Trigger(Sender<Cause>);

/// What is asked for.
pub(crate) struct Wishes(Receiver<Cause>);

impl Trigger {
    /// Whoever asks, and who is asked.
    pub(crate) fn new() -> (Self, Wishes) {
        // A second wish beside one that waits says nothing new, so few places are enough; the last is for the end.
        let (trigger, wishes) = bounded(8);
        (Self(trigger), Wishes(wishes))
    }

    /// Asks for a reload, whether files have changed or not.
    pub(crate) fn reload(&self) {
        let _ = self.0.try_send(Cause::Asked);
    }

    /// Something happened to a file.
    fn files(&self) {
        // Those that wait are looked at later than this.
        if self.0.len() < 4 {
            let _ = self.0.try_send(Cause::Files);
        }
    }

    /// Ends the thread that reloads, after what it is at.
    pub(crate) fn stop(&self) {
        let _ = self.0.send(Cause::Stop);
    }
}

impl Wishes {
    /// Waits until something is asked for and what belongs to it is there too; `None`: the end. Whether it was asked for rather
    /// than noticed.
    fn next(&self) -> Option<bool> {
        let first = match self.0.recv_timeout(SETTLED) {
            Err(RecvTimeoutError::Timeout) => {
                memory::give_back();
                self.0.recv().map_err(|_| RecvTimeoutError::Disconnected)
            }
            first => first,
        };
        let mut asked = match first {
            Ok(Cause::Stop) | Err(_) => return None,
            Ok(cause) => cause == Cause::Asked,
        };
        let begin = Instant::now();
        while begin.elapsed() < LONG_ENOUGH {
            // Who asks has finished with the files.
            match self.0.recv_timeout(if asked { Duration::ZERO } else { QUIET }) {
                Ok(Cause::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
                Ok(cause) => asked |= cause == Cause::Asked,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        Some(asked)
    }
}

/// The thread that reloads.
pub(super) struct Reloader<'r> {
    /// What is in force.
    pub(super) base: Base<'r>,
    /// Where alerts go.
    pub(super) desk: &'r Desk,
    /// One for each source.
    pub(super) exchanges: Vec<Arc<Exchange>>,
    /// Asks for reloads when files change.
    pub(super) trigger: Trigger,
}

impl Reloader<'_> {
    /// Works until the end is asked for.
    pub(super) fn run(mut self, wishes: &Wishes) {
        let mut watcher = None;
        self.watch(&mut watcher);
        while let Some(asked) = wishes.next() {
            // Files may have gone and come again with what they had: they are other ones to watch.
            self.watch(&mut watcher);
            let changed = self.base.changed();
            if !asked && changed.is_empty() {
                log::debug("files were touched, nothing in them has changed");
                continue;
            }
            if !asked {
                log::info(format_args!("Files changed ({}), restarting...", changed.join(", ")));
            }
            self.reload();
            self.watch(&mut watcher);
        }
    }

    /// Watches the files that there are now, if the configuration says so.
    fn watch(&self, watcher: &mut Option<Watcher>) {
        if !self.base.watches() {
            *watcher = None;
            return;
        }
        if watcher.is_none() {
            let trigger = self.trigger.clone();
            match Watcher::start(move || trigger.files()) {
                Ok(started) => {
                    // What has changed since it was read, before anybody watched, is found now.
                    self.trigger.files();
                    *watcher = Some(started);
                }
                Err(error) => log::warning(format_args!(
                    "files are not watched ({error}), SIGHUP reloads all the same; watch_config_files: false ends this \
                     warning, fs.inotify.max_user_instances is the usual limit"
                )),
            }
        }
        if let Some(watcher) = watcher {
            watcher.watch(&self.base.entries);
        }
    }

    fn reload(&mut self) {
        let begin = Instant::now();
        systemd::reloading();
        let next = match self.base.compile() {
            Ok(next) => next,
            Err(error) => return self.refuse(&error.to_string()),
        };
        let Next { proposals, base } = next;
        if let Err(error) = self.exchange(proposals) {
            return self.refuse(&error);
        }
        let (before, after) = (self.base.rules, base.rules);
        self.base.follow(base);
        self.desk.outputs.reform(self.base.settings.alerts);
        log::info(format_args!("{after} rules are in force, {before} before ({} ms)", begin.elapsed().as_millis()));
        systemd::ready(&format!("{after} rules are in force"));
    }

    /// Says that everything stays as it is, and why.
    fn refuse(&self, error: &str) {
        log::error(format_args!("Reload refused, the rules and the configuration in force go on: {error}"));
        systemd::ready("the last reload was refused; the rules from before it are in force");
        let head =
            RuleHead { rule: RULE.into(), source: INTERNAL.into(), priority: Priority::Critical, tags: Vec::new() };
        self.desk.outputs.send(Alert {
            time_ns: now(),
            head: Arc::new(head),
            hostname: Arc::clone(&self.base.hostname),
            message: format!("{RULE}: {error}"),
            fields: Vec::new(),
        });
    }

    /// Gives every source what it goes on with: all of them, or none. What they had before goes here, not on their threads.
    fn exchange(&self, proposals: Vec<(String, Box<Proposal>)>) -> Result<(), String> {
        let (answer, answers) = unbounded();
        for (name, proposal) in proposals {
            if let Some(exchange) = self.exchanges.iter().find(|exchange| exchange.name == name) {
                exchange.leave(Order::Prepare(proposal, answer.clone()));
            }
        }
        drop(answer);
        let mut refused = None;
        let deadline = Instant::now() + PATIENCE;
        while let Ok(answer) = answers.recv_deadline(deadline) {
            if let Answer::Ready(Err(error)) = answer {
                refused.get_or_insert(error);
            }
        }
        if let Some(error) = refused {
            self.exchanges.iter().for_each(|exchange| exchange.leave(Order::Abort));
            return Err(error);
        }
        let (answer, answers) = unbounded();
        self.exchanges.iter().for_each(|exchange| exchange.leave(Order::Commit(answer.clone())));
        drop(answer);
        let deadline = Instant::now() + PATIENCE;
        while let Ok(answer) = answers.recv_deadline(deadline) {
            if let Answer::Changed(before) = answer {
                drop(before);
            }
        }
        let slow = self.exchanges.iter().filter(|exchange| exchange.is_waiting()).map(|exchange| &*exchange.name);
        let slow: Vec<&str> = slow.collect();
        if !slow.is_empty() {
            log::warning(format_args!("sources that get the new rules with their next events: {}", slow.join(", ")));
        }
        Ok(())
    }
}
