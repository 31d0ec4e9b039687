//! How a source's thread gets new rules: orders left for it, taken between two batches of events.
//!
//! All sources change or none does. First each is asked to get ready: it binds the new rules to its own plugins and has its
//! source observe what the old and the new rules can match. Only when all are ready they are told to change, and a source then
//! observes what the new ones can match alone. An event is judged by the rules that are in force when its batch comes, once.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{SendError, Sender};
use lanner_engine::scheme::EventSet;

use crate::app::capture::Plan;
use crate::config::DropSettings;
use crate::event::rules::{How, SourceRules};
use crate::event::scheme::SourceScheme;
use crate::log;
use crate::plugin::{Plugins, Pump, Wish};

/// What a source goes on with.
pub(crate) struct Proposal {
    /// Rules by position of the source among its group's.
    pub(crate) rules: Vec<Option<SourceRules>>,
    /// What the rules were compiled for, by the same position.
    pub(crate) schemes: Vec<Option<SourceScheme>>,
    /// How events are evaluated.
    pub(crate) how: How,
    /// How many numbers of rules there are.
    pub(crate) numbers: usize,
    /// Captures that matches begin.
    pub(crate) plan: Option<Arc<Plan>>,
    /// What happens after losses.
    pub(crate) drops: DropSettings,
    /// The rules of a source that watches the kernel, and the events that each can match.
    pub(crate) asks: Vec<(Box<str>, EventSet)>,
    /// The events that the source is to observe; `None`: it is not asked.
    pub(crate) wanted: Option<Wish>,
    /// A changed configuration of the plugin of system calls.
    pub(crate) config: Option<String>,
}

impl Proposal {
    /// Makes the rules ask the plugins of the source, which then observes `wanted` too.
    pub(crate) fn fit(&mut self, wanted: &Wish, stream: &mut Pump, plugins: &Plugins) -> Result<(), String> {
        for (rules, scheme) in self.rules.iter_mut().zip(&self.schemes) {
            if let (Some(rules), Some(scheme)) = (rules, scheme) {
                rules.rebind(scheme, plugins).map_err(|error| error.to_string())?;
            }
        }
        let Some(new) = &self.wanted else { return Ok(()) };
        stream.want_events_now(wanted.and(new)).map_err(|error| error.to_string())
    }
}

/// What a source's thread is to do.
pub(crate) enum Order {
    /// Get ready to change.
    Prepare(Box<Proposal>, Sender<Answer>),
    /// Change.
    Commit(Sender<Answer>),
    /// Stay as it is.
    Abort,
}

/// What it says to that.
pub(crate) enum Answer {
    /// It is ready, or cannot be.
    Ready(Result<(), String>),
    /// It has changed; here is what it had before.
    Changed(Box<Proposal>),
}

/// The place where orders for one source lie.
pub(crate) struct Exchange {
    /// The source's name.
    pub(crate) name: String,
    calls: AtomicBool,
    /// `None`: the source has ended.
    orders: Mutex<Option<VecDeque<Order>>>,
}

impl Exchange {
    /// For the source of this name.
    pub(crate) fn new(name: &str) -> Arc<Self> {
        let orders = Mutex::new(Some(VecDeque::new()));
        Arc::new(Self { name: name.to_owned(), calls: AtomicBool::new(false), orders })
    }

    /// Leaves an order. One that the source has not even seen is replaced by a newer one.
    pub(crate) fn leave(&self, order: Order) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(orders) = orders.as_mut() else { return };
        if let (Order::Prepare(..), Some(old)) = (&order, orders.iter().position(|o| matches!(o, Order::Prepare(..)))) {
            orders.truncate(old);
        }
        orders.push_back(order);
        self.calls.store(true, Ordering::Release);
    }

    /// Whether there are orders that the source has not seen yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.calls.load(Ordering::Acquire)
    }

    fn take(&self) -> VecDeque<Order> {
        self.calls.store(false, Ordering::Release);
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

/// The source's side of its exchange; with it the source is gone for the other side.
pub(crate) struct Seat {
    exchange: Arc<Exchange>,
    /// What the source is ready to change to.
    ready: Option<Box<Proposal>>,
    /// What it observes, as far as it is asked.
    pub(crate) wanted: Wish,
}

impl Seat {
    /// For a source that observes these events.
    pub(crate) fn new(exchange: Arc<Exchange>, wanted: Option<Wish>) -> Self {
        Self { exchange, ready: None, wanted: wanted.unwrap_or_default() }
    }

    /// Whether there are orders.
    #[inline]
    pub(crate) fn is_called(&self) -> bool {
        self.exchange.calls.load(Ordering::Acquire)
    }

    /// Carries out the orders; `change` exchanges what the source has with what it is given. `source` is the stream with its
    /// plugins, if it is open.
    pub(crate) fn carry_out(
        &mut self,
        mut source: Option<(&mut Pump, &mut Plugins)>,
        mut change: impl FnMut(&mut Proposal, Option<&mut Plugins>),
    ) {
        for order in self.exchange.take() {
            match order {
                Order::Prepare(mut proposal, answer) => {
                    let fits = match &mut source {
                        Some((stream, plugins)) => proposal.fit(&self.wanted, stream, plugins),
                        None => Ok(()),
                    };
                    self.ready = fits.is_ok().then_some(proposal);
                    if let Err(SendError(Answer::Ready(Err(error)))) = answer.send(Answer::Ready(fits)) {
                        // Who asked did not wait any more, and takes it for done.
                        log::error(format_args!("source '{}' keeps its rules: {error}", self.exchange.name));
                    }
                }
                Order::Abort => {
                    if self.ready.take().is_some_and(|proposal| proposal.wanted.is_some())
                        && let Some((stream, _)) = &mut source
                    {
                        stream.want_events(self.wanted.clone());
                    }
                }
                Order::Commit(answer) => {
                    let Some(mut proposal) = self.ready.take() else { continue };
                    change(&mut proposal, source.as_mut().map(|(_, plugins)| &mut **plugins));
                    if let Some(new) = proposal.wanted.take() {
                        self.wanted = new;
                        if let Some((stream, _)) = &mut source {
                            stream.want_events(self.wanted.clone());
                        }
                    }
                    let _ = answer.send(Answer::Changed(proposal));
                }
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Orders that nobody carries out any more go, and with them the hope for an answer.
        *self.exchange.orders.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.exchange.calls.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;
    use lanner_engine::compile::RuleMatching;
    use lanner_engine::format::RenderOptions;

    use super::*;

    fn proposal(numbers: usize) -> Box<Proposal> {
        let render = RenderOptions { base64_buffers: false };
        Box::new(Proposal {
            rules: Vec::new(),
            schemes: Vec::new(),
            how: How {
                matching: RuleMatching::First,
                render,
                fields: false,
                hold: std::time::Duration::ZERO,
                hostname: "lab".into(),
            },
            numbers,
            plan: None,
            drops: DropSettings { threshold: 0.1, actions: Vec::new(), rate: 1.0, max_burst: 1.0, simulate: false },
            asks: Vec::new(),
            wanted: Some(Wish::of_codes([1, 2])),
            config: None,
        })
    }

    fn changes(seat: &mut Seat) -> Vec<usize> {
        let mut seen = Vec::new();
        seat.carry_out(None, |proposal, _| seen.push(proposal.numbers));
        seen
    }

    #[test]
    fn a_source_changes_when_told_to_and_only_then() {
        let exchange = Exchange::new("x");
        let mut seat = Seat::new(Arc::clone(&exchange), Some(Wish::of_codes([7])));
        let (answer, answers) = unbounded();
        exchange.leave(Order::Prepare(proposal(1), answer.clone()));
        assert!(seat.is_called() && changes(&mut seat).is_empty() && !seat.is_called());
        assert!(matches!(answers.try_recv(), Ok(Answer::Ready(Ok(())))));
        exchange.leave(Order::Abort);
        exchange.leave(Order::Commit(answer.clone()));
        assert!(changes(&mut seat).is_empty(), "what was called off does not come back");
        assert_eq!(seat.wanted, Wish::of_codes([7]));
        exchange.leave(Order::Prepare(proposal(2), answer.clone()));
        exchange.leave(Order::Commit(answer.clone()));
        assert_eq!(changes(&mut seat), [2]);
        assert_eq!(seat.wanted, Wish::of_codes([1, 2]));
        drop(answer);
        assert!(answers.iter().any(|answer| matches!(answer, Answer::Changed(old) if old.numbers == 2)));
    }

    #[test]
    fn the_newest_proposal_counts_where_none_was_looked_at() {
        let exchange = Exchange::new("x");
        let mut seat = Seat::new(Arc::clone(&exchange), None);
        let (answer, answers) = unbounded();
        exchange.leave(Order::Prepare(proposal(1), answer.clone()));
        exchange.leave(Order::Commit(answer.clone()));
        exchange.leave(Order::Prepare(proposal(2), answer.clone()));
        exchange.leave(Order::Commit(answer));
        assert_eq!(changes(&mut seat), [2]);
        assert_eq!(answers.iter().count(), 2);
    }

    #[test]
    fn nobody_waits_for_a_source_that_has_ended() {
        let exchange = Exchange::new("x");
        let seat = Seat::new(Arc::clone(&exchange), None);
        let (answer, answers) = unbounded();
        exchange.leave(Order::Prepare(proposal(1), answer.clone()));
        drop(seat);
        exchange.leave(Order::Commit(answer));
        assert!(answers.recv().is_err());
    }
}
