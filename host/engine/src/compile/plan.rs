//! Which rules an event of a code can reach. Rules that a text field must have certain values for are grouped by those
//! values, so that an event meets only the group of its own value and the rules without group.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::RuleIdx;
use super::dict::Class;
use super::graph::{Gate, NodeId};
use super::machine::ViewId;

/// A rule and the node that stands for it under the plan's event code.
pub(super) type Entry = (RuleIdx, NodeId);

/// How many rules must need certain values of a field before it is asked for them up front. An extraction costs about as
/// much as trying this many rules; measured on published rule files, 4 is slower by 3 %.
const WORTH_GROUPING: usize = 16;
/// How many fields an event's rules are grouped by at most.
pub(super) const MAX_GROUPINGS: usize = 4;
/// A rule that allows more values than this is not grouped: it would stand in every group.
const MAX_VALUES: usize = 64;

/// The rules of one event code.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Rules to try for every event, in load order.
    pub(super) always: Box<[Entry]>,
    pub(super) groupings: Box<[Grouping]>,
}

impl Plan {
    /// Every entry once, in no particular order.
    pub(super) fn entries(&self) -> HashSet<Entry> {
        let grouped = self.groupings.iter().flat_map(|grouping| grouping.groups.values()).flatten();
        self.always.iter().chain(grouped).copied().collect()
    }
}

/// Rules by the class of one view.
#[derive(Debug)]
pub(super) struct Grouping {
    pub(super) view: ViewId,
    groups: hashbrown::HashMap<Class, Box<[Entry]>, FxBuildHasher>,
}

impl Grouping {
    /// The rules that a value of this class can satisfy, in load order.
    #[inline]
    pub(super) fn group(&self, class: Class) -> &[Entry] {
        self.groups.get(&class).map_or(&[], |entries| entries)
    }
}

/// Per view, the only classes under which a node can be true.
type Allowed = Vec<(ViewId, Vec<Class>)>;

/// Computes plans. `atoms` tells for an atom the view and the classes that make it true, where a dictionary answers it.
pub(super) struct Planner<'g> {
    gates: &'g [Gate],
    atoms: &'g [Option<(ViewId, Vec<Class>)>],
    allowed: HashMap<NodeId, Rc<Allowed>>,
}

impl<'g> Planner<'g> {
    pub(super) fn new(gates: &'g [Gate], atoms: &'g [Option<(ViewId, Vec<Class>)>]) -> Self {
        Planner { gates, atoms, allowed: HashMap::new() }
    }

    /// Groups the rules by the fields that divide them best.
    pub(super) fn plan(&mut self, entries: &[Entry]) -> Plan {
        let mut left: Vec<(Entry, Rc<Allowed>)> = entries.iter().map(|entry| (*entry, self.allowed(entry.1))).collect();
        let mut groupings = Vec::new();
        while groupings.len() < MAX_GROUPINGS {
            let Some(view) = best(&left) else { break };
            let mut groups: hashbrown::HashMap<Class, Vec<Entry>, FxBuildHasher> = hashbrown::HashMap::default();
            left.retain(|(entry, allowed)| match classes(allowed, view) {
                Some(classes) => {
                    classes.iter().for_each(|class| groups.entry(*class).or_default().push(*entry));
                    false
                }
                None => true,
            });
            let groups = groups.into_iter().map(|(class, entries)| (class, entries.into())).collect();
            groupings.push(Grouping { view, groups });
        }
        let always = left.into_iter().map(|(entry, _)| entry).collect();
        Plan { always, groupings: groupings.into() }
    }

    /// Tests allow their classes, `and` what all parts allow, `or` what any part allows if all are restricted.
    fn allowed(&mut self, node: NodeId) -> Rc<Allowed> {
        if let Some(known) = self.allowed.get(&node) {
            return Rc::clone(known);
        }
        let gates = self.gates;
        let allowed: Allowed = match &gates[node as usize] {
            Gate::Atom(atom) => self.atoms[*atom as usize].iter().cloned().collect(),
            Gate::And(parts) => {
                let mut sum: Allowed = Vec::new();
                for part in parts.iter() {
                    let more = self.allowed(*part);
                    for (view, classes) in more.iter() {
                        match sum.iter_mut().find(|(s, _)| s == view) {
                            Some((_, known)) => known.retain(|c| classes.contains(c)),
                            None => sum.push((*view, classes.clone())),
                        }
                    }
                }
                sum
            }
            Gate::Or(parts) => {
                let mut sum: Option<Allowed> = None;
                for part in parts.iter() {
                    let more = self.allowed(*part);
                    let Some(known) = &mut sum else {
                        sum = Some(more.to_vec());
                        continue;
                    };
                    known.retain_mut(|(view, classes)| match self::classes(&more, *view) {
                        Some(others) => {
                            classes.extend(others.iter().copied());
                            classes.sort_unstable();
                            classes.dedup();
                            classes.len() <= MAX_VALUES
                        }
                        None => false,
                    });
                }
                sum.unwrap_or_default()
            }
            Gate::False | Gate::True | Gate::Not(_) => Vec::new(),
        };
        let allowed = Rc::new(allowed);
        self.allowed.insert(node, Rc::clone(&allowed));
        allowed
    }
}

fn classes(allowed: &Allowed, view: ViewId) -> Option<&[Class]> {
    let (_, classes) = allowed.iter().find(|(s, _)| *s == view)?;
    (classes.len() <= MAX_VALUES).then_some(classes)
}

/// The view that restricts the most rules, if they are enough; of equals the first.
fn best(left: &[(Entry, Rc<Allowed>)]) -> Option<ViewId> {
    let mut counts: HashMap<ViewId, usize> = HashMap::new();
    for (_, allowed) in left {
        for (view, _) in allowed.iter() {
            if classes(allowed, *view).is_some() {
                *counts.entry(*view).or_default() += 1;
            }
        }
    }
    let best = counts.into_iter().max_by_key(|(view, count)| (*count, std::cmp::Reverse(*view)))?;
    (best.1 >= WORTH_GROUPING).then_some(best.0)
}
