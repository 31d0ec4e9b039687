//! A replay on several cores. Every thread follows the whole capture with plugins, and so a state, of its own; which of them asks the
//! rules about an event goes by turns, a block of events each. What an event comes to depends on nothing but the state before it,
//! which is the same in all of them, so the alerts are those of one thread, and blocks give them back in its order.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::cli::ReplayView;
use super::compiled::CompiledGroup;
use super::error::AppError;
use super::plugins::Library;
use super::process::machine_name;
use crate::alert::Alert;
use crate::config::{Engine, Settings};
use crate::event::extractor::Context;
use crate::event::filter::Filter;
use crate::event::hold::Holder;
use crate::event::rules::{How, Raise, SourceRules};
use crate::log;
use crate::plugin::{EventRef, Inspector, Open, PluginError, Plugins};
use crate::source::{Control, Counts, Sink, pump};

/// Events that one thread evaluates before it is another's turn: enough that turns cost nothing, few enough that alerts do not wait.
const BLOCK: u32 = 1024;

/// Words of a helper that the first thread has not taken yet, at most: the helper waits then.
const WORDS: usize = 4096;

/// Alerts of the first thread that wait for those before them, at most: it waits for the helpers then.
const PENDING: usize = 4096;

/// How many threads replay a capture.
pub(super) fn size(view: &ReplayView, settings: &Settings, libraries: &[Library]) -> usize {
    let Engine::Replay { capture_file } = &settings.engine else { return 1 };
    let plain = std::fs::metadata(capture_file).ok().filter(std::fs::Metadata::is_file);
    let wanted = view.threads.map_or(1, usize::from);
    let foreign = libraries.iter().find(|library| library.library.path().is_some());
    let why = match (foreign, &settings.capture) {
        _ if wanted == 1 => return 1,
        // Whoever's plugin it is may do more than look at events, and would do it once for each thread.
        (Some(library), _) => format!("the plugin '{}' is not built in", library.info().name),
        (_, Some(_)) => "rules begin captures".to_owned(),
        _ if plain.is_none() => "what is no plain file cannot be read twice".to_owned(),
        (None, None) => {
            log::info(format_args!("{wanted} threads evaluate the events"));
            return wanted;
        }
    };
    log::info(format_args!("one thread evaluates the events: {why}"));
    1
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
struct Turns {
    threads: u64,
    own: u64,
    block: u64,
    left: u32,
    mine: bool,
}

impl Turns {
    fn new(threads: u64, own: u64) -> Self {
        Self { threads, own, block: 0, left: BLOCK, mine: own == 0 }
    }

    /// One more event. Whether a new block began with it, and the one before was this thread's.
    #[inline]
    fn step(&mut self) -> Option<bool> {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return None;
        }
        let before = self.mine;
        self.block += 1;
        self.left = BLOCK - 1;
        self.mine = self.block % self.threads == self.own;
        Some(before)
    }
}

/// What a helper says.
enum Word {
    /// A match of the rule with this number.
    Alert(usize, Alert),
    /// The block whose turn it was is through.
    Through,
}

/// The first thread's side: which events are its own, and the order of all alerts.
pub(super) struct Crew {
    turns: Turns,
    /// The helper with number `n` is the `n - 1`th.
    helpers: Vec<Receiver<Word>>,
    /// The block whose alerts go out next.
    due: u64,
    /// Its own alerts of later blocks.
    pending: VecDeque<(u64, usize, Alert)>,
}

impl Crew {
    /// One more event. Whether it is this thread's, and whether a block ended before it.
    #[inline]
    pub(super) fn step(&mut self) -> (bool, bool) {
        let turned = self.turns.step().is_some();
        (self.turns.mine, turned)
    }

    /// Keeps an alert of the block at hand until those before it are out. Gives it back if they are.
    pub(super) fn keep(&mut self, rule: usize, alert: Alert) -> Option<(usize, Alert)> {
        if self.due == self.turns.block {
            return Some((rule, alert));
        }
        self.pending.push_back((self.turns.block, rule, alert));
        None
    }

    /// Whether so much is kept that the helpers have to be waited for.
    #[inline]
    pub(super) fn is_crowded(&self) -> bool {
        self.pending.len() >= PENDING
    }

    /// Gives the alerts whose turn it is to `send`, up to the block at hand; with `wait`, those of all blocks before it for certain.
    pub(super) fn deliver(&mut self, wait: bool, send: &mut dyn FnMut(usize, Alert)) {
        while self.due <= self.turns.block {
            let owner = self.due % self.turns.threads;
            if owner == 0 {
                while self.pending.front().is_some_and(|(block, ..)| *block == self.due) {
                    self.pending.pop_front().into_iter().for_each(|(_, rule, alert)| send(rule, alert));
                }
                if self.due == self.turns.block {
                    return;
                }
            } else if !self.take(owner, wait, send) {
                return;
            }
            self.due += 1;
        }
    }

    /// Takes what a helper says of the block that is due. Whether it is through with it.
    fn take(&mut self, owner: u64, wait: bool, send: &mut dyn FnMut(usize, Alert)) -> bool {
        // The block at hand is not over, and nobody waits for its end.
        let wait = wait && self.due < self.turns.block;
        let helper = usize::try_from(owner - 1).ok().and_then(|at| self.helpers.get(at));
        let Some(helper) = helper else { return true };
        loop {
            let word =
                if wait { helper.recv().map_err(|RecvError| TryRecvError::Disconnected) } else { helper.try_recv() };
            match word {
                Ok(Word::Alert(rule, alert)) => send(rule, alert),
                Ok(Word::Through) => return true,
                Err(TryRecvError::Empty) => return false,
                // It has ended; why is known when it is joined.
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    /// Gives all that is left to `send`: the events are over.
    pub(super) fn finish(mut self, send: &mut dyn FnMut(usize, Alert)) {
        // The block at hand counts as over, for this thread and the others.
        self.turns.block += 1;
        self.deliver(true, send);
    }
}

/// The helpers' threads.
pub(super) struct Helpers<'scope>(Vec<ScopedJoinHandle<'scope, Result<(), PluginError>>>);

/// Starts a thread for each of the groups, which are twins of the one that the first thread has. `limit_ns`: how much of the capture
/// is looked at.
///
/// # Errors
/// The system has no thread to give.
pub(super) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    groups: Vec<CompiledGroup>,
    limit_ns: Option<u64>,
) -> Result<(Option<Crew>, Helpers<'scope>), AppError> {
    if groups.is_empty() {
        return Ok((None, Helpers(Vec::new())));
    }
    let threads = groups.len() as u64 + 1;
    let (mut receivers, mut handles) = (Vec::new(), Vec::new());
    for (own, group) in (1..).zip(groups) {
        let (words, receiver) = sync_channel(WORDS);
        let turns = Turns::new(threads, own);
        let thread = Builder::new().name(format!("replay-{own}"));
        let handle = thread.spawn_scoped(scope, move || help(group, turns, words, limit_ns));
        handles
            .push(handle.map_err(|source| AppError::System { what: "cannot start a thread of the replay", source })?);
        receivers.push(receiver);
    }
    let crew = Crew { turns: Turns::new(threads, 0), helpers: receivers, due: 0, pending: VecDeque::new() };
    Ok((Some(crew), Helpers(handles)))
}

impl Helpers<'_> {
    /// Waits for their end, which comes by itself once the crew is gone.
    ///
    /// # Errors
    /// What ended one of them early: its alerts are missing.
    pub(super) fn join(self) -> Result<(), AppError> {
        let ends: Vec<_> = self.0.into_iter().map(ScopedJoinHandle::join).collect();
        ends.into_iter().try_for_each(|end| match end {
            Ok(result) => result.map_err(AppError::Plugin),
            Err(_) => Err(AppError::Panicked("a thread of the replay".to_owned())),
        })
    }
}

/// What evaluates the events of every so manyth block, and says what they come to.
struct Helper {
    turns: Turns,
    words: SyncSender<Word>,
    rules: Vec<Option<SourceRules>>,
    filter: Option<Filter>,
    how: How,
    holder: Holder,
    context: Context,
    limit_ns: Option<u64>,
    start_ns: Option<u64>,
}

fn help(group: CompiledGroup, turns: Turns, words: SyncSender<Word>, limit_ns: Option<u64>) -> Result<(), PluginError> {
    let CompiledGroup { input, rules, filter, how, plugins, .. } = group;
    let plugins = plugins.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let (Some(plugins), Some((input, file))) = (plugins, input) else { return Ok(()) };
    let open = Open { source: input, params: &file, recorded: true, event_schema: None };
    let mut inspector = Inspector::open(plugins, open)?;
    let context = Context::new(machine_name(&mut inspector));
    let holder = Holder::default();
    let mut helper = Helper { turns, words, rules, filter, how, holder, context, limit_ns, start_ns: None };
    // Nobody but the first thread hears signals; when it ends, nobody takes this one's words, and that ends it too.
    pump(&mut inspector, &Control::default(), &mut helper, &mut Counts::default())
}

impl Sink for Helper {
    const TELLS: bool = false;

    #[inline]
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        if self.turns.step() == Some(true) && self.words.send(Word::Through).is_err() {
            return false;
        }
        let start = *self.start_ns.get_or_insert_with(|| {
            self.context.see(event.ts());
            event.ts()
        });
        if self.limit_ns.is_some_and(|limit| event.ts().saturating_sub(start) >= limit) {
            return false;
        }
        if !self.turns.mine {
            return true;
        }
        let source = event.source().map_or(0, |source| source.get() as usize);
        let Some(Some(rules)) = self.rules.get_mut(source) else { return true };
        if !rules.wants(event)
            || !self.filter.as_mut().is_none_or(|filter| filter.accepts(event, plugins, &mut self.context))
        {
            return true;
        }
        let mut heard = true;
        let words = &self.words;
        let mut raise = |what: Raise<'_>| match what {
            Raise::Match(rule, alert) => heard &= words.send(Word::Alert(rule, alert)).is_ok(),
            // In a recording nothing is on its way that an alert could wait for.
            Raise::Matched(..) | Raise::Late(_) => {}
        };
        rules.evaluate(event, plugins, &mut self.context, &self.how, &mut self.holder, &mut raise);
        heard
    }

    fn attend(&mut self, _control: &Control) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: u64) -> Alert {
        Alert { time_ns: number, ..Alert::sample() }
    }

    /// A crew whose helpers have said this already, and said no more.
    fn crew(said: Vec<Vec<Word>>) -> Crew {
        let threads = said.len() as u64 + 1;
        let helpers = said.into_iter().map(|words| {
            let (sender, receiver) = sync_channel(WORDS);
            words.into_iter().for_each(|word| assert!(sender.send(word).is_ok()));
            receiver
        });
        Crew { turns: Turns::new(threads, 0), helpers: helpers.collect(), due: 0, pending: VecDeque::new() }
    }

    /// Raises an alert at every event of its own, numbered by event.
    fn run(mut crew: Crew, events: u64) -> Vec<u64> {
        let mut out = Vec::new();
        for event in 0..events {
            let (own, turned) = crew.step();
            let mut send = |_, alert: Alert| out.push(alert.time_ns);
            if turned {
                crew.deliver(false, &mut send);
            }
            if own && let Some((rule, alert)) = crew.keep(0, numbered(event)) {
                send(rule, alert);
            }
            if crew.is_crowded() {
                crew.deliver(true, &mut send);
            }
        }
        crew.finish(&mut |_, alert| out.push(alert.time_ns));
        out
    }

    /// What the helper with this number says of so many events.
    fn said(threads: u64, own: u64, events: u64) -> Vec<Word> {
        let mut turns = Turns::new(threads, own);
        let mut words = Vec::new();
        for event in 0..events {
            if turns.step() == Some(true) {
                words.push(Word::Through);
            }
            if turns.mine && event % 50 == 0 {
                words.push(Word::Alert(0, numbered(event)));
            }
        }
        words
    }

    #[test]
    fn every_event_has_one_owner_and_alerts_come_in_their_order() {
        for (threads, events) in [(2, 10), (2, 1024), (2, 1025), (2, 20_000), (3, 1024 * 7), (5, 4 * 1024 + 1)] {
            let crew = crew((1..threads).map(|own| said(threads, own, events)).collect());
            let out = run(crew, events);
            assert!(out.is_sorted(), "{threads} {events}");
            let block = u64::from(BLOCK);
            let own = (0..events).filter(|event| (event / block) % threads == 0);
            let theirs = (0..events).filter(|event| (event / block) % threads != 0 && event % 50 == 0);
            assert_eq!(out.len(), own.count() + theirs.count(), "{threads} {events}");
        }
    }

    #[test]
    fn a_helper_that_lags_is_waited_for_when_much_is_kept() {
        let (sender, receiver) = sync_channel(WORDS);
        let crew = Crew { turns: Turns::new(2, 0), helpers: vec![receiver], due: 0, pending: VecDeque::new() };
        let events = 30 * u64::from(BLOCK);
        let out = std::thread::scope(|scope| {
            scope.spawn(move || {
                for word in said(2, 1, events) {
                    std::thread::yield_now();
                    assert!(sender.send(word).is_ok());
                }
            });
            run(crew, events)
        });
        assert!(out.is_sorted());
        assert_eq!(
            out.len() as u64,
            15 * 1024 + (0..events).filter(|e| (e / 1024) % 2 == 1 && e % 50 == 0).count() as u64
        );
    }
}
