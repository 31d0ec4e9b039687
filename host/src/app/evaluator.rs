//! The sink of a source's pump: evaluates events and queues the alerts.

use std::sync::Arc;
use std::time::Duration;

use super::capture::{Plan, Wish};
use super::crew::Crew;
use super::drops::DropWatch;
use super::enforce::Untold;
use super::lookout::Lookout;
use super::reload::{Proposal, Seat};
use super::replay::Progress;
use super::stats::Matches;
use super::systemd::Life;
use super::timeouts::Timeouts;
use crate::alert::{Alert, RuleHead};
use crate::event::extractor::Context;
use crate::event::filter::Filter;
use crate::event::hold::Holder;
use crate::event::rules::{How, Raise, SourceRules};
use crate::event::scheme::SYSCALL;
use crate::log;
use crate::metrics::Pulse;
use crate::outputs::Outputs;
use crate::plugin::{EventRef, Plugins, Pump};
use crate::source::{Control, Counts, Sink};

/// How alerts leave the threads of the sources.
pub(super) struct Desk {
    pub(super) outputs: Outputs,
    pub(super) control: Arc<Control>,
}

/// What is to be done with an event that something other than rules looked at first.
enum Verdict {
    Evaluate,
    PassOver,
    Enough,
}

impl Evaluator<'_> {
    /// Does what a reload asks for. `source`: the stream with its plugins, if it is open.
    #[cold]
    pub(super) fn carry_out(&mut self, source: Option<(&mut Pump, &mut Plugins)>) {
        let Some(mut seat) = self.seat.take() else { return };
        seat.carry_out(source, |proposal, plugins| self.change(proposal, plugins));
        self.seat = Some(seat);
    }

    /// Exchanges rules, and whatever goes with them, for those of a proposal. Alerts that wait are of the old rules and take them
    /// along.
    fn change(&mut self, proposal: &mut Proposal, plugins: Option<&mut Plugins>) {
        std::mem::swap(&mut self.rules, &mut proposal.rules);
        std::mem::swap(&mut self.how, &mut proposal.how);
        self.holder.succeed(&mut proposal.rules, &proposal.how);
        self.matches.grow(proposal.numbers);
        self.reshaped |= self.plan.is_some() != proposal.plan.is_some();
        std::mem::swap(&mut self.plan, &mut proposal.plan);
        if let Some(drops) = &mut self.drops {
            drops.follow(&proposal.drops, std::mem::take(&mut proposal.asks));
        }
        if let Some(untold) = &mut self.untold {
            untold.follow(&self.rules);
        }
        if let (Some(config), Some(plugins)) = (&proposal.config, plugins)
            && let Some(plugin) = plugins.find(SYSCALL).and_then(|index| plugins.get_mut(index))
            && let Err(error) = plugin.set_config(config)
        {
            log::error(format_args!("{error}; base_syscalls and buffer_format_base64 stay as they were"));
        }
    }

    /// Asks the plugins what they count, once for all who look at it: what tells of losses and of kills, and the metrics.
    #[cold]
    fn look(&mut self, plugins: &mut Plugins, now: u64, counts: &Counts, publishes: bool) {
        let asks_all = publishes && self.pulse.as_ref().is_some_and(Pulse::asks_plugins);
        let looks = self.lookout.claim(now, publishes);
        let metrics = match asks_all {
            true => plugins.metrics(),
            false if looks => {
                let source = plugins.find(SYSCALL).and_then(|index| plugins.get_mut(index));
                source.map(|plugin| plugin.metrics()).unwrap_or_default()
            }
            false => Vec::new(),
        };
        if looks {
            let mut raise = |alert: Alert| self.desk.outputs.send(alert);
            if let Some(untold) = &mut self.untold {
                untold.tell(now, &metrics, &mut raise);
            }
            if let Some(drops) = &mut self.drops {
                self.lost = !drops.look(now, &metrics, &mut raise);
            }
        }
        if let (Some(pulse), true) = (&mut self.pulse, publishes) {
            let blind = self.drops.iter().flat_map(|drops| drops.blind());
            pulse.publish(asks_all.then_some(metrics), now, counts, blind);
            pulse.held(self.holder.counts());
        }
    }

    /// Sends alerts that have waited long enough; with `end` all that wait.
    #[cold]
    pub(super) fn release(&mut self, plugins: &mut Plugins, now: u64, end: bool) {
        if self.holder.is_empty() {
            return;
        }
        let mut raiser = Raiser {
            matches: &mut self.matches,
            desk: self.desk,
            raised: &mut self.raised,
            plan: self.plan.as_deref(),
            wish: &mut self.wish,
            gathered: self.acknowledges.then_some(&mut self.gathered),
            pulse: self.pulse.as_mut(),
        };
        self.holder.look(now, end, &mut self.rules, plugins, &self.how, &mut |what| raiser.raise(what));
        self.hand_over();
    }

    /// Sends the alerts that wait for others.
    pub(super) fn hand_over(&mut self) {
        hand_over(&mut self.gathered, self.desk);
    }

    fn raiser(&mut self) -> Raiser<'_, '_> {
        Raiser {
            matches: &mut self.matches,
            desk: self.desk,
            raised: &mut self.raised,
            plan: self.plan.as_deref(),
            wish: &mut self.wish,
            gathered: self.acknowledges.then_some(&mut self.gathered),
            pulse: self.pulse.as_mut(),
        }
    }

    /// Sends what the threads of a replay have found, in the order of its events; with `wait`, all of what was before the event at
    /// hand.
    #[cold]
    fn deliver(&mut self, wait: bool) {
        let Some(mut crew) = self.crew.take() else { return };
        let mut raiser = self.raiser();
        crew.deliver(wait, &mut |rule, alert| raiser.raise(Raise::Match(rule, alert)));
        self.crew = Some(crew);
    }

    /// Sends the last of it. Who stops does not wait for it.
    pub(super) fn disband(&mut self) {
        let Some(mut crew) = self.crew.take() else { return };
        let stopping = self.desk.control.stopping();
        let mut raiser = self.raiser();
        let mut send = |rule, alert| raiser.raise(Raise::Match(rule, alert));
        if stopping {
            crew.deliver(false, &mut send);
        } else {
            crew.finish(&mut send);
        }
    }

    /// The first event, and every event of a run that has a time limit, a filter or a visible progress: a plain run
    /// pays one test of a flag for all of them.
    #[cold]
    fn special_event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> Verdict {
        let ts = event.ts();
        self.context.see(ts);
        self.progress.event();
        self.special = self.limit_ns.is_some() || self.filter.is_some() || self.progress.is_visible();
        if let Some(limit) = self.limit_ns {
            // Injected events may be older than the first one: that is no negative time that wraps around.
            let start = *self.start_ns.get_or_insert(ts);
            if ts.saturating_sub(start) >= limit {
                return Verdict::Enough;
            }
        }
        let accepted = self.filter.as_mut().is_none_or(|filter| filter.accepts(event, plugins, &mut self.context));
        if accepted { Verdict::Evaluate } else { Verdict::PassOver }
    }
}

/// What becomes of matches: counted, and their alerts sent.
struct Raiser<'r, 'd> {
    matches: &'r mut Matches,
    desk: &'d Desk,
    raised: &'r mut bool,
    plan: Option<&'r Plan>,
    wish: &'r mut Wish,
    /// Where alerts wait for others, if they may.
    gathered: Option<&'r mut Vec<Alert>>,
    pulse: Option<&'r mut Pulse>,
}

impl Raiser<'_, '_> {
    fn raise(&mut self, what: Raise<'_>) {
        match what {
            Raise::Match(rule, alert) => {
                self.count(rule, &alert.head);
                self.send(alert);
            }
            Raise::Matched(rule, head) => self.count(rule, head),
            Raise::Late(alert) => self.send(alert),
        }
    }

    fn count(&mut self, rule: usize, head: &RuleHead) {
        self.matches.add(rule);
        if let Some(pulse) = &mut self.pulse {
            pulse.matched(rule, head);
        }
        if let Some(plan) = self.plan {
            plan.join(rule, self.wish);
        }
    }

    fn send(&mut self, alert: Alert) {
        *self.raised = true;
        if self.desk.outputs.closed() {
            self.desk.control.stop();
        }
        match &mut self.gathered {
            Some(gathered) => {
                gathered.push(alert);
                if gathered.len() >= GATHERED {
                    hand_over(gathered, self.desk);
                }
            }
            None => self.desk.outputs.send(alert),
        }
    }
}

/// Hands alerts of a source that acknowledges to the outputs.
fn hand_over(gathered: &mut Vec<Alert>, desk: &Desk) {
    gathered.drain(..).for_each(|alert| desk.outputs.send_patiently(alert, PATIENCE));
}

/// The sink of a source's pump: evaluates and queues.
pub(super) struct Evaluator<'d> {
    /// Whether an event needs more than evaluation; set for the first one.
    pub(super) special: bool,
    /// Rules by position of the source among its group's.
    pub(super) rules: Vec<Option<SourceRules>>,
    /// Shows the service manager that the source comes round.
    pub(super) life: Life,
    /// What events of a replay must satisfy first.
    pub(super) filter: Option<Filter>,
    pub(super) how: How,
    /// Alerts that wait for values.
    pub(super) holder: Holder,
    pub(super) context: Context,
    pub(super) progress: Progress,
    pub(super) matches: Matches,
    pub(super) desk: &'d Desk,
    pub(super) limit_ns: Option<u64>,
    pub(super) start_ns: Option<u64>,
    /// What looks after losses, of a source that watches the kernel.
    pub(super) drops: Option<DropWatch>,
    /// The thread's side of what is measured, if anything is.
    pub(super) pulse: Option<Pulse>,
    /// What looks after silence, of a source that watches the kernel.
    pub(super) timeouts: Option<Timeouts>,
    /// Kills of which no event tells.
    pub(super) untold: Option<Untold>,
    /// When losses and those kills are looked at.
    pub(super) lookout: Lookout,
    /// Whether losses ended the run.
    pub(super) lost: bool,
    /// The source acknowledges what has been evaluated: alerts must be out before it is asked for more.
    pub(super) acknowledges: bool,
    /// An alert was raised since the last batch.
    pub(super) raised: bool,
    /// Alerts of such a source that wait for others.
    pub(super) gathered: Vec<Alert>,
    /// Captures that matches begin, if any are to.
    pub(super) plan: Option<Arc<Plan>>,
    /// What the matches of the event at hand mean for them.
    pub(super) wish: Wish,
    /// Where other rules come from while events flow.
    pub(super) seat: Option<Seat>,
    /// Captures were turned on or off, which takes another pump.
    pub(super) reshaped: bool,
    /// Other threads that evaluate the same replay, if there are any.
    pub(super) crew: Option<Crew>,
}

/// Alerts of a source that acknowledges which are handed over together, at the end of its batch at the latest: who writes them
/// has to be woken, and that takes longer than to evaluate an event.
const GATHERED: usize = 64;

/// How long a source waits for outputs that do not take its alerts, before it goes on with them in the queue.
const PATIENCE: Duration = Duration::from_secs(5);

impl Sink for Evaluator<'_> {
    #[inline]
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        let (own, turned) = self.crew.as_mut().map_or((true, false), Crew::step);
        if turned {
            self.deliver(false);
        }
        if self.special {
            match self.special_event(plugins, event) {
                Verdict::Evaluate => {}
                Verdict::PassOver => return true,
                Verdict::Enough => return false,
            }
        }
        if !own {
            return true;
        }
        let source = event.source().map_or(0, |source| source.get() as usize);
        if let Some(Some(rules)) = self.rules.get_mut(source)
            && rules.wants(event)
        {
            let mut raiser = Raiser {
                matches: &mut self.matches,
                desk: self.desk,
                raised: &mut self.raised,
                plan: self.plan.as_deref(),
                wish: &mut self.wish,
                gathered: self.acknowledges.then_some(&mut self.gathered),
                pulse: self.pulse.as_mut(),
            };
            let crew = &mut self.crew;
            let mut raise = |what: Raise<'_>| match (what, &mut *crew) {
                (Raise::Match(rule, alert), Some(crew)) => {
                    let due = crew.keep(rule, alert);
                    due.into_iter().for_each(|(rule, alert)| raiser.raise(Raise::Match(rule, alert)));
                }
                (what, _) => raiser.raise(what),
            };
            rules.evaluate(event, plugins, &mut self.context, &self.how, &mut self.holder, &mut raise);
        }
        if self.crew.as_ref().is_some_and(Crew::is_crowded) {
            self.deliver(true);
        }
        true
    }

    #[inline]
    fn tick(&mut self, plugins: &mut Plugins, now: u64, counts: &Counts) -> bool {
        self.life.beat();
        if !self.holder.is_empty() {
            self.release(plugins, now, false);
        }
        let publishes = self.pulse.as_mut().is_some_and(Pulse::turn);
        if publishes || self.lookout.is_due(now) {
            self.look(plugins, now, counts, publishes);
        }
        if let Some(alert) = self.timeouts.as_mut().and_then(|timeouts| timeouts.tick(now, counts.events)) {
            self.desk.outputs.send(alert);
        }
        !self.lost
    }

    fn batch_done(&mut self) {
        self.hand_over();
        if std::mem::take(&mut self.raised) && self.acknowledges && !self.desk.outputs.settle(PATIENCE) {
            log::warning("the outputs do not take alerts; events are acknowledged with their alerts in the queue");
        }
    }

    #[inline]
    fn between(&mut self, stream: &mut Pump, plugins: &mut Plugins) -> bool {
        if self.seat.as_ref().is_some_and(Seat::is_called) {
            self.carry_out(Some((stream, plugins)));
        }
        !self.reshaped
    }

    fn attend(&mut self, control: &Control) {
        if control.take_reopen() {
            log::info("SIGUSR1 received, reopening outputs...");
            self.desk.outputs.reopen();
        }
        if self.desk.outputs.closed() {
            control.stop();
        }
    }
}
