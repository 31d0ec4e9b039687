//! From conditions to a compiled set.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::dict::{Class, ClassSet, Dictionary};
use super::graph::{FALSE, Folded, Graph, NodeId};
use super::index::{Index, Look, Token};
use super::layout::layout;
use super::machine::{AtomStep, Lens, Program, View, ViewId};
use super::need::needs;
use super::plan::{Entry, Plan, Planner};
use super::test::{Lookup, Test, lookup};
use super::told;
use super::{RuleIdx, RuleSet, RuleSetStats};
use crate::check::Condition;
use crate::check::typed::{Atom, AtomTest, Constant};
use crate::scheme::{CallSet, EventKind, EventSet, Scheme};
use crate::source::{SourceId, Sources};
use crate::value::SlotTable;

/// How many tests of one kind a source must have before a dictionary answers them; fewer are compared directly.
const WORTH_A_DICTIONARY: usize = 3;
/// How many tests of a source must look for tokens of one kind before an index finds them: a plan groups no fewer rules.
const WORTH_AN_INDEX: usize = 16;

pub(super) fn build(conditions: &[&Condition], scheme: Arc<Scheme>, mut slots: SlotTable) -> RuleSet {
    let (mut graph, roots) = Graph::of(conditions);
    let (lists, by_code, calls) = rules_by_code(conditions, &roots, &scheme, &mut graph);
    let failures = failures(conditions, &lists, &by_code, &scheme);
    let mut sources = Sources::default();
    let compiled = compile_atoms(&graph.atoms, &mut sources, &mut slots);
    let mut planner = Planner::new(&graph.gates, &compiled.classes, &compiled.many);
    let plans: Vec<Plan> = lists.iter().map(|list| planner.plan(list)).collect();
    let stats = RuleSetStats {
        rules: conditions.len(),
        atoms: graph.atoms.len(),
        nodes: graph.gates.len(),
        plans: plans.len() - 1,
    };
    let (steps, parts, memos) = layout(&graph.gates, &compiled.atoms, &plans);
    let (atoms, views) = (compiled.atoms.into(), compiled.views.into());
    let of_slots = told::sources_of(&slots, &sources);
    let program = Program { steps, parts, atoms, sources, views, memos };
    RuleSet { scheme, slots, program, of_slots, plans: plans.into(), by_code: by_code.into(), calls, failures, stats }
}

/// The distinct lists of rules that codes can reach, with the nodes that stand for them there, and which list each code
/// has; list 0 is empty. Codes of which the conditions cannot tell one from another are folded together. Last, the calls that
/// rules can match among those without a code of their own.
fn rules_by_code(
    conditions: &[&Condition],
    roots: &[NodeId],
    scheme: &Scheme,
    graph: &mut Graph,
) -> (Vec<Rc<[Entry]>>, Vec<u32>, CallSet) {
    let (reaches, reach_of) = reaches(conditions);
    let folds: Vec<_> = graph.atoms.iter().filter_map(|atom| atom.fold).collect();
    let mut memos: HashMap<Vec<u8>, Folded, FxBuildHasher> = HashMap::default();
    let mut lists: Vec<Rc<[Entry]>> = vec![Rc::default()];
    let mut known: HashMap<Rc<[Entry]>, u32, FxBuildHasher> = HashMap::default();
    known.insert(Rc::default(), 0);
    // By what tells codes apart: to which rules they can be of interest at all, and what folding says.
    let mut alike: HashMap<(Vec<bool>, Vec<u8>), u32, FxBuildHasher> = HashMap::default();
    let mut by_code = vec![0; usize::from(EventSet::MAX_CODE) + 1];
    let (generic, mut calls) = (scheme.events().generic(), CallSet::EMPTY);
    for kind in scheme.events().kinds() {
        let code = kind.code;
        let view = folds.iter().map(|f| u8::from(f.always.contains(code)) << 1 | u8::from(f.never.contains(code)));
        let view: Vec<u8> = view.collect();
        let reached: Vec<bool> = reaches.iter().map(|codes| kind.every_rule || codes.contains(code)).collect();
        let signs = (reached, view);
        let is_generic = generic.contains(code);
        if let Some(list) = alike.get(&signs).filter(|_| !is_generic) {
            by_code[usize::from(code)] = *list;
            continue;
        }
        let (reached, view) = &signs;
        let memo = memos.entry_ref(view.as_slice()).or_default();
        let mut list: Vec<Entry> = Vec::new();
        for (rule, (root, reach)) in roots.iter().zip(&reach_of).enumerate() {
            if reached[*reach] {
                let node = graph.fold(*root, code, memo);
                if node != FALSE {
                    list.push((rule as RuleIdx, node));
                    if is_generic {
                        calls = calls | conditions[rule].calls();
                    }
                }
            }
        }
        let list = match known.get(list.as_slice()) {
            Some(known) => *known,
            None => {
                let list: Rc<[Entry]> = list.into();
                lists.push(Rc::clone(&list));
                known.insert(list, lists.len() as u32 - 1);
                lists.len() as u32 - 1
            }
        };
        by_code[usize::from(code)] = list;
        alike.insert(signs, list);
    }
    (lists, by_code, calls)
}

/// The codes at which any rule can match a call that failed.
fn failures(conditions: &[&Condition], lists: &[Rc<[Entry]>], by_code: &[u32], scheme: &Scheme) -> EventSet {
    let matches = |kind: &&EventKind| {
        let list = &lists[by_code[usize::from(kind.code)] as usize];
        list.iter().any(|(rule, _)| kind.every_rule || conditions[*rule as usize].failures().contains(kind.code))
    };
    scheme.events().kinds().iter().filter(matches).map(|kind| kind.code).collect()
}

/// The distinct sets of codes that conditions can be true for, and which of them each condition has.
fn reaches(conditions: &[&Condition]) -> (Vec<EventSet>, Vec<usize>) {
    let mut sets = Vec::new();
    let mut known: HashMap<EventSet, usize, FxBuildHasher> = HashMap::default();
    let of = conditions.iter().map(|condition| {
        *known.entry(condition.events()).or_insert_with_key(|codes| {
            sets.push(*codes);
            sets.len() - 1
        })
    });
    let of = of.collect();
    (sets, of)
}

struct Compiled {
    atoms: Vec<AtomStep>,
    views: Vec<View>,
    /// Per view, whether values have any number of classes.
    many: Vec<bool>,
    /// Per atom, the view and the classes of which a value must have one for it to hold, if that can be said.
    classes: Vec<Option<(ViewId, Vec<Class>)>>,
}

fn compile_atoms(atoms: &[Arc<Atom>], sources: &mut Sources, slots: &mut SlotTable) -> Compiled {
    let lefts: Vec<SourceId> = atoms.iter().map(|atom| sources.intern(&atom.left, slots)).collect();
    let mut tests: BTreeMap<(SourceId, Lookup), Vec<&[Constant]>> = BTreeMap::new();
    for (atom, left) in atoms.iter().zip(&lefts) {
        if let Some((kind, constants, _)) = lookup(atom) {
            tests.entry((*left, kind)).or_default().push(constants);
        }
    }
    tests.retain(|_, constants| constants.len() >= WORTH_A_DICTIONARY);
    let mut dictionaries: Vec<(SourceId, Dictionary)> = Vec::with_capacity(tests.len());
    let mut ids: HashMap<(SourceId, Lookup), usize, FxBuildHasher> = HashMap::default();
    for (key, constants) in tests {
        let constants = constants.into_iter().flatten();
        ids.insert(key, dictionaries.len());
        let dictionary = match key.1 {
            Lookup::Equal => Dictionary::equal(constants),
            Lookup::Prefix => Dictionary::prefix(constants),
        };
        dictionaries.push((key.0, dictionary));
    }
    let mut compiled = Compiled { atoms: Vec::new(), views: Vec::new(), many: Vec::new(), classes: Vec::new() };
    for (atom, left) in atoms.iter().zip(&lefts) {
        let right = match &atom.test {
            AtomTest::Field { right, .. } => Some(sources.intern(right, slots)),
            _ => None,
        };
        let found = lookup(atom).and_then(|(kind, constants, negated)| {
            let view = *ids.get(&(*left, kind))?;
            Some((view as ViewId, dictionaries[view].1.classes(constants), negated))
        });
        let set = found.as_ref().map(|(view, classes, _)| (*view, ClassSet::new(classes)));
        compiled.atoms.push(AtomStep { source: *left, test: Test::compile(atom, right, set) });
        compiled.classes.push(found.filter(|found| !found.2).map(|(view, classes, _)| (view, classes)));
    }
    let views = dictionaries.into_iter().map(|(source, dictionary)| View { source, lens: Lens::One(dictionary) });
    compiled.views.extend(views);
    compiled.many.resize(compiled.views.len(), false);
    index_atoms(atoms, &lefts, &mut compiled);
    compiled
}

/// Atoms by their positions, with the tokens that each needs.
type Needs = Vec<(usize, Vec<Token>)>;

/// Adds views for tests that no dictionary answers.
fn index_atoms(atoms: &[Arc<Atom>], lefts: &[SourceId], compiled: &mut Compiled) {
    let mut wanted: BTreeMap<(SourceId, Look), Needs> = BTreeMap::new();
    for (at, (atom, left)) in atoms.iter().zip(lefts).enumerate() {
        if compiled.classes[at].is_none()
            && let Some((look, tokens)) = needs(atom)
        {
            wanted.entry((*left, look)).or_default().push((at, tokens));
        }
    }
    for ((source, look), tests) in wanted {
        if tests.len() < WORTH_AN_INDEX {
            continue;
        }
        let Some(index) = Index::new(look, tests.iter().flat_map(|(_, tokens)| tokens)) else { continue };
        let view = compiled.views.len() as ViewId;
        for (at, tokens) in &tests {
            compiled.classes[*at] = Some((view, index.classes(tokens)));
        }
        compiled.views.push(View { source, lens: Lens::Many(index) });
        compiled.many.push(true);
    }
}
