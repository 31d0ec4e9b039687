//! Which rules an event of a code can reach. Rules that a text field must have certain values for are grouped by those
//! values, so that an event meets only the group of its own value and the rules without group.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::RuleIdx;
use super::dict::Class;
use super::graph::{Gate, NodeId};
use super::machine::ViewId;
use super::sets::Sets;

/// A rule and the node that stands for it under the plan's event code.
pub(super) type Entry = (RuleIdx, NodeId);

/// How many rules must need certain values of a field before it is asked for them up front. An extraction costs about as
/// much as trying this many rules; measured on published rule files, 4 is slower by 3 %.
const WORTH_GROUPING: usize = 16;
/// How many fields an event's rules are grouped by at most.
pub(super) const MAX_GROUPINGS: usize = 16;
/// A rule that allows more values than this is not grouped: it would stand in every group.
const MAX_VALUES: usize = 64;
/// A value that leads to more rules than this tells little. Rules are grouped by it only if they need no value that tells more:
/// a thousand rules about shells differ in something else.
const CROWD: usize = 24;

/// A group of a grouping, or where the classes are numbers of sets the set; 0: none.
pub(super) type GroupId = u32;

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
        let grouped = self.groupings.iter().flat_map(|grouping| &grouping.groups).flatten();
        self.always.iter().chain(grouped).copied().collect()
    }
}

/// Rules by the class of one view.
#[derive(Debug)]
pub(super) struct Grouping {
    pub(super) view: ViewId,
    /// Whether values have any number of classes.
    many: bool,
    /// The group of each class.
    by_class: hashbrown::HashMap<Class, GroupId, FxBuildHasher>,
    /// Group 1 comes first.
    groups: Box<[Box<[Entry]>]>,
}

impl Grouping {
    /// Where a value of this class leads: what can be told apart by it starts apart, and nothing else does.
    #[inline]
    pub(super) fn group(&self, class: Class, sets: &Sets) -> GroupId {
        let known = |class: &Class| self.by_class.get(class).copied();
        match self.many {
            false => known(&class).unwrap_or(0),
            true if sets.get(class).iter().any(|class| known(class).is_some()) => class,
            true => 0,
        }
    }

    /// Appends the rules that a group, or the groups of a set, can satisfy: lists in load order.
    pub(super) fn rules<'p>(&'p self, group: GroupId, sets: &Sets, lists: &mut Vec<&'p [Entry]>) {
        let mut add = |group: GroupId| lists.extend(self.groups.get(group as usize - 1).map(|entries| &**entries));
        match self.many {
            _ if group == 0 => {}
            false => add(group),
            true => sets.get(group).iter().filter_map(|class| self.by_class.get(class)).for_each(|group| add(*group)),
        }
    }
}

/// Per view, the only classes under which a node can be true.
type Allowed = Vec<(ViewId, Vec<Class>)>;

/// How many rules allow each class of a view.
type Crowds = HashMap<(ViewId, Class), usize, FxBuildHasher>;

/// Computes plans. `atoms` tells for an atom the view and the classes that can make it true, where that is known, `many` for a
/// view whether values have any number of classes.
pub(super) struct Planner<'g> {
    gates: &'g [Gate],
    atoms: &'g [Option<(ViewId, Vec<Class>)>],
    many: &'g [bool],
    allowed: HashMap<NodeId, Rc<Allowed>, FxBuildHasher>,
}

impl<'g> Planner<'g> {
    pub(super) fn new(gates: &'g [Gate], atoms: &'g [Option<(ViewId, Vec<Class>)>], many: &'g [bool]) -> Self {
        Planner { gates, atoms, many, allowed: HashMap::default() }
    }

    /// Groups the rules by the fields that divide them best.
    pub(super) fn plan(&mut self, entries: &[Entry]) -> Plan {
        let mut left: Vec<(Entry, Rc<Allowed>)> = entries.iter().map(|entry| (*entry, self.allowed(entry.1))).collect();
        let mut crowds = Crowds::default();
        for (view, classes) in left.iter().flat_map(|(_, allowed)| allowed.iter()) {
            classes.iter().for_each(|class| *crowds.entry((*view, *class)).or_default() += 1);
        }
        let mut groupings = Vec::new();
        for most in [CROWD, usize::MAX] {
            let tells = |view: ViewId, classes: &[Class]| classes.iter().all(|class| crowds[&(view, *class)] <= most);
            while groupings.len() < MAX_GROUPINGS {
                let Some(view) = best(&left, &tells) else { break };
                groupings.push(self.grouping(view, &mut left, &tells));
            }
        }
        let always = left.into_iter().map(|(entry, _)| entry).collect();
        Plan { always, groupings: groupings.into() }
    }

    /// Takes those rules out of `left` that the view tells apart.
    fn grouping(
        &self,
        view: ViewId,
        left: &mut Vec<(Entry, Rc<Allowed>)>,
        tells: &impl Fn(ViewId, &[Class]) -> bool,
    ) -> Grouping {
        let mut by_class = hashbrown::HashMap::<Class, GroupId, FxBuildHasher>::default();
        let mut groups: Vec<Vec<Entry>> = Vec::new();
        left.retain(|(entry, allowed)| match classes(allowed, view).filter(|classes| tells(view, classes)) {
            Some(classes) => {
                for class in classes {
                    let group = *by_class.entry(*class).or_insert_with(|| {
                        groups.push(Vec::new());
                        groups.len() as GroupId
                    });
                    groups[group as usize - 1].push(*entry);
                }
                false
            }
            None => true,
        });
        let groups = groups.into_iter().map(Into::into).collect();
        Grouping { view, many: self.many[view as usize], by_class, groups }
    }

    /// Tests allow their classes, `and` what all parts allow, `or` what any part allows if all are restricted. A value that has
    /// many classes may satisfy both parts of an `and` by different ones: the part that allows fewer is heeded.
    fn allowed(&mut self, node: NodeId) -> Rc<Allowed> {
        if let Some(known) = self.allowed.get(&node) {
            return Rc::clone(known);
        }
        let gates = self.gates;
        let allowed: Allowed = match &gates[node as usize] {
            Gate::Atom(atom) => {
                self.atoms[*atom as usize].iter().filter(|(_, classes)| classes.len() <= MAX_VALUES).cloned().collect()
            }
            Gate::And(parts) => {
                let mut sum: Allowed = Vec::new();
                for part in parts.iter() {
                    let more = self.allowed(*part);
                    for (view, classes) in more.iter() {
                        match sum.iter_mut().find(|(s, _)| s == view) {
                            Some((_, known)) if self.many[*view as usize] => {
                                if classes.len() < known.len() {
                                    known.clone_from(classes);
                                }
                            }
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
    allowed.iter().find(|(s, _)| *s == view).map(|(_, classes)| &**classes)
}

/// The view that tells the most rules apart, if they are enough; of equals the first.
fn best(left: &[(Entry, Rc<Allowed>)], tells: &impl Fn(ViewId, &[Class]) -> bool) -> Option<ViewId> {
    let mut counts: HashMap<ViewId, usize, FxBuildHasher> = HashMap::default();
    for (view, classes) in left.iter().flat_map(|(_, allowed)| allowed.iter()) {
        if tells(*view, classes) {
            *counts.entry(*view).or_default() += 1;
        }
    }
    let best = counts.into_iter().max_by_key(|(view, count)| (*count, std::cmp::Reverse(*view)))?;
    (best.1 >= WORTH_GROUPING).then_some(best.0)
}
