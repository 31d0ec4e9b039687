//! Reload: new rules, and what of the configuration can change while running, compiled beside those in force and then exchanged
//! in every source between two batches of events. Nothing is stopped and no state is lost; what does not compile is refused.
//!
//! Asked for by SIGHUP, by `POST /reload`, and by changes of the files themselves (`watch_config_files`).

mod changes;
mod exchange;
mod next;
mod outline;
mod watch;

pub(super) use exchange::{Exchange, Proposal, Seat};
pub(super) use next::{Base, entries};
pub(super) use outline::Outline;
use watch::{Entry, Watcher};
pub(super) use watch::{Snapshot, snapshot};

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use lanner_engine::load::Priority;
use serde_json::json;
use tokio::sync::oneshot;

use super::error::AppError;
use super::evaluator::Desk;
use super::systemd;
use crate::alert::{Alert, INTERNAL, RuleHead};
use crate::log;
use crate::memory;
use crate::source::now;
use crate::web::{AskReload, Reloaded};
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
#[derive(Debug)]
enum Cause {
    /// Somebody asks for it, and may want to know what becomes of it.
    Asked(Option<oneshot::Sender<Reloaded>>),
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
        let _ = self.0.try_send(Cause::Asked(None));
    }

    /// The way for the web server to ask, and to be told what became of it.
    pub(crate) fn for_web(&self) -> AskReload {
        let causes = self.0.clone();
        Box::new(move |peer| {
            // Places are left to the signal and to the end.
            if causes.len() >= 4 {
                return None;
            }
            log::info(format_args!("Reload asked for by {peer}, restarting..."));
            let (tell, told) = oneshot::channel();
            causes.try_send(Cause::Asked(Some(tell))).ok().map(|()| told)
        })
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

/// A look that is to be taken.
#[derive(Debug, Default)]
struct Wish {
    /// Whether it was asked for rather than noticed that there is a reason.
    asked: bool,
    /// Who wants to know what becomes of it.
    curious: Vec<oneshot::Sender<Reloaded>>,
}

impl Wish {
    /// Takes a cause to the others; `false`: it is the end.
    fn take(&mut self, cause: Cause) -> bool {
        match cause {
            Cause::Stop => return false,
            Cause::Files => {}
            Cause::Asked(curious) => {
                self.asked = true;
                self.curious.extend(curious);
            }
        }
        true
    }
}

impl Wishes {
    /// Waits until something is asked for and what belongs to it is there too; `None`: the end.
    fn next(&self) -> Option<Wish> {
        let first = match self.0.recv_timeout(SETTLED) {
            Err(RecvTimeoutError::Timeout) => {
                memory::give_back();
                self.0.recv().ok()
            }
            first => first.ok(),
        };
        let mut wish = Wish::default();
        if !wish.take(first?) {
            return None;
        }
        let begin = Instant::now();
        while begin.elapsed() < LONG_ENOUGH {
            // Who asks has finished with the files.
            match self.0.recv_timeout(if wish.asked { Duration::ZERO } else { QUIET }) {
                Ok(cause) => {
                    if !wish.take(cause) {
                        return None;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        Some(wish)
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
        while let Some(Wish { asked, curious }) = wishes.next() {
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
            let outcome = self.reload(&changed);
            for who in curious {
                // Who does not wait any more needs no answer.
                let _ = who.send(match &outcome {
                    Ok(told) => Reloaded::Done(told.clone()),
                    Err(error) => Reloaded::Refused(error.clone()),
                });
            }
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

    /// What has changed, or why nothing has.
    fn reload(&mut self, files: &[String]) -> Result<serde_json::Value, String> {
        let begin = Instant::now();
        systemd::reloading();
        let ready = self.base.compile().and_then(|Next { proposals, outputs, base }| {
            let outputs = self.desk.outputs.prepare(outputs)?;
            Ok((proposals, outputs, base))
        });
        let exchanged = ready.map_err(|error: AppError| error.to_string()).and_then(|(proposals, outputs, base)| {
            self.exchange(proposals)?;
            Ok((outputs, base))
        });
        let (outputs, followed) = exchanged.inspect_err(|error| self.refuse(error))?;
        let (before, after) = (self.base.rules.len(), followed.rules.len());
        let rules = self.base.rules.until(&followed.rules);
        let restart = self.base.follow(followed);
        let milliseconds = begin.elapsed().as_millis();
        self.desk.outputs.apply(outputs, self.base.settings.alerts);
        log::info(format_args!("{after} rules are in force, {before} before ({milliseconds} ms)"));
        systemd::ready(&format!("{after} rules are in force"));
        Ok(json!({
            "status": "reloaded",
            "milliseconds": u64::try_from(milliseconds).unwrap_or(u64::MAX),
            "files_changed": files,
            "rules": {
                "before": before, "now": after,
                "added": names(&rules.added), "removed": names(&rules.removed), "changed": names(&rules.changed),
            },
            "needs_restart": restart,
        }))
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

fn names(names: &[Arc<str>]) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}
