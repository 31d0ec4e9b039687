//! All conditions of one source as one graph, and its evaluation.

mod build;
mod dict;
mod graph;
mod guide;
mod index;
mod layout;
mod machine;
mod memory;
mod need;
mod plan;
mod prim;
mod recall;
mod sets;
mod shortcut;
mod test;
mod told;
mod trail;
mod weigh;

use std::sync::Arc;

use crate::check::Condition;
use crate::scheme::{CallSet, EventSet, Scheme};
use crate::source::SourceId;
use crate::value::{Extract, SlotId, SlotTable};

use guide::Guide;
use machine::{Machine, Program};
use memory::Memory;
use plan::{Entry, MAX_GROUPINGS, Plan};
use shortcut::{Shortcuts, Walk};
use trail::{Start, Trails};
pub use weigh::{Candidate, Rest};

/// A rule of a [`RuleSet`]: the position of its condition.
pub type RuleIdx = u32;

/// Which of the rules that match an event are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RuleMatching {
    /// The first in load order.
    #[default]
    First,
    /// All, in load order.
    All,
}

/// Figures of a compiled set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleSetStats {
    /// Rules given.
    pub rules: usize,
    /// Distinct comparisons over all rules.
    pub atoms: usize,
    /// Nodes of the graph, the forms for single event codes included.
    pub nodes: usize,
    /// Distinct lists of rules over all event codes.
    pub plans: usize,
}

/// The compiled conditions of one source. Frozen; shared by all threads that evaluate that source.
#[derive(Debug)]
pub struct RuleSet {
    scheme: Arc<Scheme>,
    slots: SlotTable,
    program: Program,
    /// See [`RuleSet::told`].
    of_slots: Box<[SourceId]>,
    plans: Box<[Plan]>,
    /// The plan of each event code; plan 0 is empty.
    by_code: Box<[u32]>,
    /// The calls that any rule can match, of those without a code of their own.
    calls: CallSet,
    /// The codes at which any rule can match a call that failed.
    failures: EventSet,
    stats: RuleSetStats,
}

/// The memory that evaluation needs, one per thread and rule set.
#[derive(Debug)]
pub struct Scratch {
    memory: Memory,
    trails: Trails,
    shortcuts: Shortcuts,
    /// Comparisons made, and values looked at to find the rules to try, but for those that the trails count.
    asked: u64,
}

impl Scratch {
    /// How much was asked of events so far: comparisons, and values looked at to find the rules that an event can reach. The cost
    /// of evaluation as a number that is the same on every machine.
    pub fn asked(&self) -> u64 {
        self.asked + self.trails.passed()
    }
}

impl RuleSet {
    /// Compiles conditions in load order; the position is the [`RuleIdx`]. `slots` may hold the slots of formats already.
    pub fn compile(conditions: &[&Condition], scheme: Arc<Scheme>, slots: SlotTable) -> RuleSet {
        build::build(conditions, scheme, slots)
    }

    /// The scheme that the set was compiled for.
    pub fn scheme(&self) -> &Arc<Scheme> {
        &self.scheme
    }

    /// Everything that can be asked of [`Extract`].
    pub fn slots(&self) -> &SlotTable {
        &self.slots
    }

    /// Figures of the set.
    pub fn stats(&self) -> RuleSetStats {
        self.stats
    }

    /// Whether any rule can match an event of this code; if not, evaluating it does nothing.
    pub fn wants(&self, event_code: u16) -> bool {
        self.by_code.get(usize::from(event_code)).is_some_and(|plan| *plan != 0)
    }

    /// The event codes that any rule can match.
    pub fn events(&self) -> EventSet {
        (0..=EventSet::MAX_CODE).filter(|code| self.wants(*code)).collect()
    }

    /// Of events that stand for calls without a code of their own: the calls that any rule can match.
    pub fn calls(&self) -> CallSet {
        self.calls
    }

    /// Of [`RuleSet::events`], those at which any rule can match although the call failed.
    pub fn failures(&self) -> EventSet {
        self.failures
    }

    /// Memory for evaluation.
    pub fn scratch(&self) -> Scratch {
        self.scratch_with_keys(|_| None)
    }

    /// Memory for evaluation that remembers answers from event to event. `key_of` tells which of the event's keys, as
    /// [`Extract::keys`] gives them, decides the values of a slot; `None`: none does.
    pub fn scratch_with_keys(&self, key_of: impl Fn(SlotId) -> Option<u8>) -> Scratch {
        let memory = Memory::new(&self.program, key_of);
        let shortcuts = Shortcuts::new(memory.recall.wanted());
        Scratch { memory, trails: Trails::new(), shortcuts, asked: 0 }
    }

    /// Appends the rules that match the event to `hits`. `scratch` must come from this set.
    pub fn evaluate(
        &self,
        scratch: &mut Scratch,
        event_code: u16,
        extract: &mut dyn Extract,
        matching: RuleMatching,
        hits: &mut Vec<RuleIdx>,
    ) {
        let (id, plan) = match self.by_code.get(usize::from(event_code)) {
            // Nothing is known of it, nor is it still of the one before.
            None | Some(0) => return scratch.memory.next_event(event_code),
            Some(id) => (*id, &self.plans[*id as usize]),
        };
        let Scratch { memory, trails, shortcuts, asked } = scratch;
        if memory.sets.are_many() {
            memory.forget_sets();
            trails.forget();
            shortcuts.forget();
        }
        memory.next_event(event_code);
        let mut machine = Machine { program: &self.program, scheme: &self.scheme, memory, extract };
        let from = shortcuts.of_code(event_code, matching);
        let mut guide = Guide { trails, shortcuts, asked };
        if let Some(at) = guide.find(from, &mut machine)
            && let Some(rules) = guide.lead(at, &mut machine)
        {
            hits.extend_from_slice(rules);
            return;
        }
        let mut start = Start { plan: id, matching, groups: [0; MAX_GROUPINGS] };
        let mut walk = Walk::default();
        let mut by_keys = true;
        *guide.asked += plan.groupings.len() as u64;
        for (group, grouping) in start.groups.iter_mut().zip(&plan.groupings) {
            let class = machine.class_of(grouping.view).unwrap_or(0);
            if class != 0 {
                *group = grouping.group(class, &machine.memory.sets);
            }
            match machine.memory.recall.key_of_view(grouping.view) {
                Some(key) => walk.step(key),
                None => by_keys = false,
            }
        }
        if let Some(at) = guide.trails.begin(&start) {
            let at = guide.trails.walk(at, &mut machine, &mut walk);
            if by_keys && at != Trails::UNKNOWN {
                let kept = guide.shortcuts.keep(from, machine.memory.recall.known_keys(), walk, at);
                if kept != from {
                    guide.shortcuts.begin_code(event_code, matching, kept);
                }
            }
            if let Some(rules) = guide.lead(at, &mut machine) {
                hits.extend_from_slice(rules);
                return;
            }
        }
        let before = hits.len();
        Self::try_rules(plan, &start, &mut machine, hits);
        *asked += machine.memory.asked.len() as u64;
        if trails.remember(start, &machine.memory.asked, &hits[before..]) {
            shortcuts.forget();
        }
    }

    /// Goes through the rules without group and the groups of the event's own values together, in load order.
    fn try_rules(plan: &Plan, start: &Start, machine: &mut Machine<'_, '_>, hits: &mut Vec<RuleIdx>) {
        let mut lists: Vec<&[Entry]> = vec![&plan.always];
        for (grouping, group) in plan.groupings.iter().zip(start.groups) {
            grouping.rules(group, &machine.memory.sets, &mut lists);
        }
        loop {
            lists.retain(|list| !list.is_empty());
            let Some(&(rule, node)) = lists.iter().filter_map(|list| list.first()).min_by_key(|entry| entry.0) else {
                return;
            };
            // A value may lead to one rule in several ways.
            for list in &mut lists {
                if let Some((_, rest)) = list.split_first().filter(|(first, _)| first.0 == rule) {
                    *list = rest;
                }
            }
            if machine.node(node) {
                hits.push(rule);
                if start.matching == RuleMatching::First {
                    return;
                }
            }
        }
    }
}
