//! Other outputs while alerts flow. An output whose settings change hands its queue, its spool and its counters to its
//! successor; one that is switched off has as long as at the end of the program to take what it has. Nothing is lost in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lane::Lane;
use super::queue::Outputs;
use super::route::GLANCE;
use super::spool::Spool;
use super::{HttpError, Output, SpoolError, enabled};
use crate::alert::Clock;
use crate::config::{AlertForm, NoiseSettings, OutputSettings};
use crate::log;

/// What is to change about outputs. Nothing of it has happened yet.
pub struct Changes {
    /// Those that come, or take the place of those of their name.
    outputs: Vec<Box<dyn Output>>,
    /// Those that go.
    gone: Vec<&'static str>,
    noise: Option<NoiseSettings>,
    timeout: Duration,
}

/// Changes that cannot fail any more.
pub struct Ready {
    heirs: Vec<Box<dyn Output>>,
    new: Vec<(Box<dyn Output>, Option<Spool>)>,
    gone: Vec<&'static str>,
    noise: Option<NoiseSettings>,
    timeout: Duration,
}

impl Changes {
    /// What leads from one configuration to another. Outputs whose settings stay the same are not touched, but for https: its
    /// files may have been renewed.
    ///
    /// # Errors
    /// As [`enabled`].
    pub fn between(old: &OutputSettings, new: &OutputSettings) -> Result<Self, HttpError> {
        let slower = old.timeout_ms != new.timeout_ms;
        let wanted = OutputSettings {
            stdout: new.stdout && (!old.stdout || old.buffered != new.buffered),
            file: new.file.clone().filter(|_| new.file != old.file),
            program: new.program.clone().filter(|_| slower || new.program != old.program),
            syslog: new.syslog.clone().filter(|_| slower || new.syslog != old.syslog),
            http: new.http.clone().filter(|http| slower || http.is_encrypted() || new.http != old.http),
            ..new.clone()
        };
        let had = [
            ("stdout", old.stdout, new.stdout),
            ("file", old.file.is_some(), new.file.is_some()),
            ("program", old.program.is_some(), new.program.is_some()),
            ("syslog", old.syslog.is_some(), new.syslog.is_some()),
            ("http", old.http.is_some(), new.http.is_some()),
        ];
        Ok(Self {
            outputs: enabled(&wanted)?,
            gone: had.iter().filter(|(_, old, new)| *old && !new).map(|(name, ..)| *name).collect(),
            noise: (old.noise != new.noise).then(|| new.noise.clone()),
            timeout: new.timeout(),
        })
    }
}

impl Outputs {
    /// Makes everything ready that can fail.
    ///
    /// # Errors
    /// The spool of an output that comes cannot be used.
    pub fn prepare(&self, changes: Changes) -> Result<Ready, SpoolError> {
        // A spool is free when the output that had it is gone.
        self.reap();
        let Changes { outputs, gone, noise, timeout } = changes;
        let ways = self.entrance.ways();
        let is_here = |name| ways.routes.iter().any(|route| route.lane.name == name);
        let (heirs, new): (Vec<_>, Vec<_>) = outputs.into_iter().partition(|output| is_here(output.name()));
        let with_spool = |output: Box<dyn Output>| self.spool(&*output).map(|spool| (output, spool));
        let new = new.into_iter().map(with_spool).collect::<Result<_, _>>()?;
        Ok(Ready { heirs, new, gone, noise, timeout })
    }

    /// Lets the changes happen. Waits for outputs that go, for the time that outputs have.
    pub fn apply(&self, ready: Ready, form: AlertForm) {
        let Ready { heirs, new, gone, noise, timeout } = ready;
        self.set_timeout(timeout);
        for heir in heirs {
            self.succeed(heir);
        }
        let started: Vec<_> = new.into_iter().map(|(output, spool)| self.route(output, spool)).collect();
        started.iter().for_each(|route| log::info(format_args!("Output '{}' begins", route.lane.name)));
        if let Some(noise) = noise {
            self.hold_back(&noise);
        }
        let mut left = Vec::new();
        self.entrance.redirect(|ways| {
            ways.form = form;
            left = ways.routes.extract_if(.., |route| gone.contains(&route.lane.name)).collect();
            ways.routes.extend(started);
        });
        left.iter().for_each(|route| self.roll.leave(&route.lane));
        let any = !left.is_empty();
        // With them goes the last way into their queues.
        drop(left);
        if any {
            self.dismiss();
        }
    }

    fn succeed(&self, heir: Box<dyn Output>) {
        let ways = self.entrance.ways();
        let Some(route) = ways.routes.iter().find(|route| route.lane.name == heir.name()) else { return };
        log::info(format_args!("Output '{}' follows the configuration", route.lane.name));
        route.lane.name_heir(heir);
        route.wake();
        // It may be waiting to try again what the heir shall have.
        let workers = self.workers();
        let worker = workers.iter().find(|worker| Arc::ptr_eq(&worker.lane, &route.lane));
        worker.iter().for_each(|worker| worker.thread.thread().unpark());
    }

    /// Waits for outputs that nothing new goes to. What they do not take in time goes to their spool, or is counted as lost.
    fn dismiss(&self) {
        let deadline = Instant::now() + self.timeout();
        while self.reap() > 0 && Instant::now() < deadline {
            std::thread::sleep(GLANCE);
        }
        if self.reap() == 0 {
            return;
        }
        let ways = self.entrance.ways();
        for worker in self.workers().iter() {
            if ways.routes.iter().any(|route| Arc::ptr_eq(&route.lane, &worker.lane)) {
                continue;
            }
            let lost = worker.lane.abandon(&mut Clock::default());
            worker.thread.thread().unpark();
            if lost > 0 {
                let name = worker.lane.name;
                log::error(format_args!("output '{name}' was switched off before it took its last {lost} alerts"));
            }
        }
    }

    /// Forgets the outputs that nothing goes to and that have ended; how many of them have not.
    fn reap(&self) -> usize {
        let ways = self.entrance.ways();
        let mut workers = self.workers();
        let leaving = |lane: &Arc<Lane>| !ways.routes.iter().any(|route| Arc::ptr_eq(&route.lane, lane));
        let ended: Vec<_> =
            workers.extract_if(.., |worker| leaving(&worker.lane) && worker.thread.is_finished()).collect();
        let left = workers.iter().filter(|worker| leaving(&worker.lane)).count();
        drop(workers);
        for worker in ended {
            let (lane, (waiting, _)) = (&worker.lane, worker.lane.spool_size());
            if worker.thread.join().is_err() {
                log::error(format_args!("the thread of output '{}' ended by a panic", lane.name));
                lane.abandon(&mut Clock::default());
            }
            let rest = if waiting > 0 { format!(", {waiting} alerts wait in its spool") } else { String::new() };
            log::info(format_args!("Output '{}' has ended{rest}", lane.name));
            self.roll.end(lane);
        }
        left
    }
}

#[cfg(test)]
mod tests;
