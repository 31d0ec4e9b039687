//! What a live source does between batches so that the state stays true: processes looked at again after events were lost,
//! dead threads forgotten, users and groups read anew when their files change. All of it in small pieces: events wait
//! meanwhile.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use lanner_plugin_api::schema::EventFlags;
use lanner_plugin_api::sdk::Metrics;

use crate::live::{CounterReader, Live, Looker, Settings, UserFiles, is_alive, process_ids};
use crate::state::{Refreshed, State};

const SECOND: u64 = 1_000_000_000;
/// Longest time that one piece of work takes; a single process may exceed it.
const PIECE: Duration = Duration::from_millis(2);
/// Pause between pieces: a tenth of the time goes into the work at most.
const PAUSE: Duration = Duration::from_millis(20);
/// Age below which a thread that `/proc` does not have may have events on their way.
const SETTLED: u64 = 2 * SECOND;

/// Counters of the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Done {
    refreshes: u64,
    processes: u64,
    found: u64,
    changed: u64,
    descriptors: u64,
    retired: u64,
    purged: u64,
    users_read: u64,
}

/// The work of one open source.
pub(super) struct Upkeep {
    counters: CounterReader,
    looker: Looker,
    users: UserFiles,
    purge_interval: u64,
    purge_timeout: u64,
    next_second: u64,
    next_purge: u64,
    /// When the next piece may begin.
    rest_until: Option<Instant>,
    /// Losses of events that change the state, as far as they have been acted upon.
    lost: u64,
    all_lost: u64,
    /// Processes to look at, and whether more was lost since they were listed.
    queue: VecDeque<u32>,
    again: bool,
    /// Since when what is known may be wrong, ns since the epoch; 0: it is not.
    doubtful_since: u64,
    /// Events that tell of users and groups, for the next batch: recordings have them as well.
    told: Vec<Box<[u8]>>,
    done: Done,
}

impl Upkeep {
    pub(super) fn new(live: &Live, settings: &Settings) -> Self {
        let now = live.now();
        let seconds = |s: u32| u64::from(s) * SECOND;
        Self {
            counters: live.counters().clone(),
            looker: live.looker().clone(),
            users: UserFiles::as_of_now(),
            purge_interval: seconds(settings.purge_interval_s),
            purge_timeout: seconds(settings.purge_timeout_s),
            next_second: now + SECOND,
            next_purge: now + seconds(settings.purge_interval_s),
            rest_until: None,
            lost: 0,
            all_lost: 0,
            queue: VecDeque::new(),
            again: false,
            doubtful_since: 0,
            told: Vec::new(),
            done: Done::default(),
        }
    }

    /// Takes the events that it has to tell, without a time.
    #[inline]
    pub(super) fn take_told(&mut self) -> Vec<Box<[u8]>> {
        std::mem::take(&mut self.told)
    }

    /// Does what is due, a little at a time. Whether the state is now another one than what the events before made it.
    #[inline]
    pub(super) fn work(&mut self, state: &mut State, now: u64) -> bool {
        if now >= self.next_second {
            self.each_second(state, now);
        }
        !self.queue.is_empty() && self.piece(state, now)
    }

    #[cold]
    fn each_second(&mut self, state: &mut State, now: u64) {
        let last = self.next_second - SECOND;
        self.next_second = now + SECOND;
        self.see_losses(state, last);
        while self.queue.len() < 1024
            && let Some(pid) = self.looker.take_later()
        {
            self.queue.push_back(pid);
        }
        if let Some((users, groups)) = self.users.changed() {
            self.told.extend(state.census(&users, &groups));
            self.done.users_read += 1;
        }
        if self.purge_interval > 0 && now >= self.next_purge {
            self.next_purge = now + self.purge_interval;
            self.done.purged += state.purge(now, self.purge_timeout, is_alive) as u64;
        }
    }

    /// Counters that cannot be read say nothing; they are looked at again in a second.
    fn see_losses(&mut self, state: &State, last: u64) {
        let Ok(counted) = self.counters.read() else { return };
        if counted.lost() == self.all_lost {
            if std::mem::take(&mut self.again) && self.queue.is_empty() {
                self.begin(state);
            }
            return;
        }
        let Ok(losses) = self.counters.losses() else { return };
        self.all_lost = counted.lost();
        let flags = EventFlags::MODIFIES_STATE | EventFlags::CREATES_FD | EventFlags::DESTROYS_FD;
        let changing = losses.iter().filter(|l| l.event.info().is_some_and(|info| info.flags.intersects(flags)));
        let lost: u64 = changing.map(|lost| lost.all()).sum();
        if lost == self.lost {
            return;
        }
        self.lost = lost;
        if self.doubtful_since == 0 {
            self.doubtful_since = last;
        }
        // What is lost while processes are looked at may be about one that has been looked at already.
        if self.queue.is_empty() { self.begin(state) } else { self.again = true }
    }

    /// Lists every process that there is or is believed to be.
    fn begin(&mut self, state: &State) {
        self.done.refreshes += 1;
        let known = state.processes().filter_map(|pid| u32::try_from(pid).ok());
        let mut all: Vec<u32> = process_ids().into_iter().chain(known).collect();
        all.sort_unstable();
        all.dedup();
        self.queue = all.into();
    }

    #[cold]
    fn piece(&mut self, state: &mut State, now: u64) -> bool {
        let begin = Instant::now();
        if self.rest_until.is_some_and(|until| begin < until) {
            return false;
        }
        while let Some(pid) = self.queue.pop_front() {
            let process = self.looker.process(pid);
            self.done.processes += 1;
            if process.is_empty() {
                self.done.retired += u64::from(state.retire(i64::from(pid), now.saturating_sub(SETTLED)));
            } else {
                let Refreshed { found, changed, descriptors } = state.refresh(&process);
                self.done.found += found as u64;
                self.done.changed += changed as u64;
                self.done.descriptors += descriptors as u64;
            }
            if begin.elapsed() >= PIECE {
                break;
            }
        }
        self.rest_until = Some(Instant::now() + PAUSE);
        if self.queue.is_empty() && !self.again {
            self.doubtful_since = 0;
        }
        self.queue.is_empty()
    }

    pub(super) fn tell(&self, out: &mut Metrics<'_>) {
        let looks = self.looker.looks();
        let done = &self.done;
        out.counter("n_thread_lookups", looks.asked);
        out.counter("n_thread_lookups_gone", looks.gone);
        out.counter("n_thread_lookups_put_off", looks.put_off);
        out.counter("n_state_refreshes", done.refreshes);
        out.counter("n_refreshed_processes", done.processes);
        out.counter("n_refreshed_threads_found", done.found);
        out.counter("n_refreshed_threads_changed", done.changed);
        out.counter("n_refreshed_threads_gone", done.retired);
        out.counter("n_refreshed_fds", done.descriptors);
        out.counter("n_purged_threads", done.purged);
        out.counter("n_user_files_read", done.users_read);
        out.gauge("state_doubtful_since_ts", self.doubtful_since);
        out.gauge("n_processes_to_refresh", self.queue.len() as u64);
    }
}
