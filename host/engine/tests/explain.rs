//! Explanations: they agree with the compiled set on every condition case and on combinations of them, and they say where
//! parts came from. With `LANNER_BLESS` set in the environment the golden files are written anew.

mod load_support;
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_engine::ast::Expr;
use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet};
use lanner_engine::explain::{Coverage, Depth, Explainer, NodeKind, OriginKind, Part, Style, Truth};
use lanner_engine::load::{Loader, Settings};
use lanner_engine::parse::parse;
use lanner_engine::scheme::Scheme;
use lanner_engine::value::{Extract, SlotId, SlotTable, Values};
use serde::Deserialize;
use support::FromEvent;

#[derive(Deserialize)]
struct Group {
    #[serde(default, rename = "true")]
    holds: Vec<String>,
    #[serde(default, rename = "false")]
    fails: Vec<String>,
}

/// Every condition case with what it comes to, and then each two neighbours in three combinations.
fn cases() -> Vec<(String, bool)> {
    let dir = support::cases_dir().join("conditions");
    let mut names: Vec<_> =
        std::fs::read_dir(dir).expect("the cases").map(|e| e.expect("an entry").file_name()).collect();
    names.sort();
    let groups = names.iter().flat_map(|n| support::read::<Vec<Group>>(&format!("conditions/{}", n.to_string_lossy())));
    let single: Vec<(String, bool)> = groups
        .flat_map(|group| {
            let Group { holds, fails } = group;
            holds.into_iter().map(|c| (c, true)).chain(fails.into_iter().map(|c| (c, false)))
        })
        .collect();
    assert!(single.len() >= 600, "{} cases", single.len());
    // One of the other end too, so that true ones meet false ones.
    let far = single.iter().zip(single.iter().skip(single.len() / 2));
    let pairs = single.iter().zip(single.iter().skip(1)).chain(far).flat_map(|((a, x), (b, y))| {
        [
            (format!("({a}) and ({b})"), *x && *y),
            (format!("({a}) or not ({b})"), *x || !*y),
            (format!("not (({b}) and not ({a}))"), *x || !*y),
        ]
    });
    pairs.chain(single.iter().cloned()).collect()
}

fn agrees(part: &Part, truth: bool) -> bool {
    part.truth.holds() == truth
}

/// What each part of a tree must be, given its parts.
fn consistent(part: &Part) {
    let truths: Vec<bool> = part.parts.iter().map(|p| p.truth.holds()).collect();
    match part.info.kind {
        NodeKind::And => assert_eq!(part.truth.holds(), truths.iter().all(|t| *t), "{part:?}"),
        NodeKind::Or => assert_eq!(part.truth.holds(), truths.iter().any(|t| *t), "{part:?}"),
        NodeKind::Not => assert_eq!(part.truth.holds(), !truths[0], "{part:?}"),
        NodeKind::Check | NodeKind::Entry => assert!(part.truth != Truth::Missing || !part.truth.holds()),
    }
    part.parts.iter().for_each(consistent);
}

#[test]
fn every_case_is_explained_as_it_is_evaluated() {
    let (scheme, event) = support::scheme();
    let cases = cases();
    let exprs: Vec<Expr> = cases.iter().map(|(text, _)| parse(text, 0).expect("a condition")).collect();
    let refs: Vec<&Expr> = exprs.iter().collect();
    let conditions: Vec<Condition> = exprs.iter().map(|e| Condition::check(e, &scheme).expect("fits")).collect();
    let conditions: Vec<&Condition> = conditions.iter().collect();
    let set = RuleSet::compile(&conditions, Arc::clone(&scheme), SlotTable::new());
    let mut extract = FromEvent::new(&event, &scheme, set.slots());
    let mut hits = Vec::new();
    set.evaluate(&mut set.scratch(), event.code, &mut extract, RuleMatching::All, &mut hits);

    let mut explainer = Explainer::compile(&refs, Arc::clone(&scheme), &()).expect("the same conditions");
    let slots = explainer.slots().clone();
    explainer.look(event.code, &mut FromEvent::new(&event, &scheme, &slots));
    let mut missing = 0;
    for (at, (text, expected)) in cases.iter().enumerate() {
        assert_eq!(hits.binary_search(&(at as u32)).is_ok(), *expected, "compiled: {text}");
        assert_eq!(explainer.holds(at), *expected, "{text}");
        let mut extract = FromEvent::new(&event, &scheme, &slots);
        let whole = explainer.tree(at, Depth::Everything, &mut extract).expect("a tree");
        assert!(agrees(&whole, *expected), "{text}\n{}", whole.to_text(Style::default()));
        consistent(&whole);
        assert!(!whole.deciding().is_empty(), "{text}");
        let reached = explainer.tree(at, Depth::Reached, &mut extract).expect("a tree");
        assert!(agrees(&reached, *expected), "{text}");
        reached.walk(&mut |part| {
            assert_eq!(part.reached, part.truth != Truth::Skipped, "{text}");
            assert!(part.reached || part.values.is_none() && !part.decides, "{text}");
        });
        whole.walk(&mut |part| missing += usize::from(part.truth == Truth::Missing));
    }
    assert!(missing > 50, "{missing} comparisons without value");
}

/// Answers from texts by the name of the field.
struct Texts<'t> {
    scheme: &'t Scheme,
    slots: SlotTable,
    values: BTreeMap<&'t str, Vec<&'t str>>,
}

impl Extract for Texts<'_> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        let name = &*self.scheme.field(self.slots.get(slot).field).name;
        let Some(values) = self.values.get(name) else { return false };
        values.iter().for_each(|value| out.push_str(value));
        true
    }
}

fn rules() -> Loader {
    let mut loader = Loader::new(Settings::new(load_support::sources()));
    let text = std::fs::read_to_string(format!("{}/tests/explain_golden/rules.yaml", env!("CARGO_MANIFEST_DIR")));
    let result = loader.load("rules.yaml", &text.expect("the rules"));
    assert!(result.successful(), "{}", result.text(loader.files()));
    loader
}

fn explainer(loader: &Loader) -> Explainer {
    let exprs: Vec<&Expr> = loader.rules().iter().map(|rule| &rule.expr).collect();
    Explainer::compile(&exprs, load_support::syscall(), loader).expect("checked")
}

fn golden(name: &str, found: &str) {
    let path = format!("{}/tests/explain_golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(&path, found).expect("writable");
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(want == found, "{name} differs; want\n{want}\nfound\n{found}");
}

const FIRES: &[(&str, &[&str])] = &[
    ("evt.type", &["openat"]),
    ("fd.name", &["/etc/shadow"]),
    ("proc.name", &["zsh"]),
    ("proc.aname", &["bash", "systemd"]),
    ("proc.exepath", &["/usr/bin/zsh"]),
    ("user.name", &["al ice"]),
];

#[test]
fn trees_of_a_rule() {
    let loader = rules();
    let scheme = load_support::syscall();
    let mut explainer = explainer(&loader);
    let slots = explainer.slots().clone();
    let mut coverage = Coverage::new(&explainer);
    let mut outcomes = Vec::new();
    type Values = [(&'static str, &'static [&'static str])];
    let changes: [(&str, &Values); 5] = [
        ("fires", &[]),
        ("excepted_user", &[("user.name", &["zsh"])]),
        ("excepted_file", &[("fd.name", &["/etc/x.conf"]), ("proc.pname", &["init"])]),
        ("other_program", &[("proc.name", &["vi"]), ("fd.name", &["/etc/alternatives/vi"])]),
        ("long_ago", &[("proc.name", &["vi"]), ("proc.aname", &["su", "sshd"]), ("proc.exepath", &[])]),
    ];
    for (name, changed) in changes {
        let mut values: BTreeMap<&str, Vec<&str>> = FIRES.iter().map(|(k, v)| (*k, v.to_vec())).collect();
        values.extend(changed.iter().map(|(k, v)| (*k, v.to_vec())));
        values.retain(|_, v| !v.is_empty());
        let mut extract = Texts { scheme: &scheme, slots: slots.clone(), values };
        explainer.look(2, &mut extract);
        coverage.record(&explainer, 2);
        let tree = explainer.tree(0, Depth::Everything, &mut extract).expect("one rule");
        outcomes.push((name, tree.truth.holds()));
        golden(&format!("{name}.txt"), &tree.to_text(Style::default()));
        if name == "excepted_user" {
            golden("excepted_user.json", &(serde_json::to_string_pretty(&tree).expect("serialisable") + "\n"));
            let short = explainer.tree(0, Depth::Reached, &mut extract).expect("one rule");
            golden("excepted_user.reached.txt", &short.to_text(Style { colour: true, indent: 2, whole: true }));
        }
    }
    let expected = [
        ("fires", true),
        ("excepted_user", false),
        ("excepted_file", false),
        ("other_program", false),
        ("long_ago", false),
    ];
    assert_eq!(outcomes, expected);

    // Another event type: the rule is not evaluated, so nothing is counted.
    explainer.look(3, &mut Texts { scheme: &scheme, slots, values: BTreeMap::from([("evt.type", vec!["execve"])]) });
    assert!(!explainer.events(0).contains(3) && explainer.events(0).contains(2));
    coverage.record(&explainer, 3);
    assert_eq!((coverage.whole(0).times_true, coverage.whole(0).times_false), (1, 4));

    let mut doubled = coverage.clone();
    doubled.add(&coverage);
    let mut text = String::new();
    for (info, seen) in doubled.parts(&explainer, 0) {
        let what = info.comparison.as_ref().map_or(format!("{:?}", info.kind), |c| c.to_text(false));
        let place = info.location.as_ref().map(ToString::to_string).unwrap_or_default();
        let from: Vec<String> = info.from.iter().map(|o| format!("{} {}", o.kind, o.name)).collect();
        text += &format!("{}+ {}- {place} {what} {}\n", seen.times_true, seen.times_false, from.join(" < "));
    }
    golden("coverage.txt", &text);
}

#[test]
fn parts_know_where_they_came_from() {
    let loader = rules();
    let explainer = explainer(&loader);
    let nodes: Vec<_> = explainer.nodes(0).collect();
    let opens = nodes.iter().find(|n| n.from.iter().any(|o| &*o.name == "opens")).expect("a macro within a macro");
    let chain: Vec<(OriginKind, &str, u32)> =
        opens.from.iter().map(|o| (o.kind, &*o.name, o.at.as_ref().expect("in the file").line)).collect();
    assert_eq!(chain, [(OriginKind::Macro, "opens_file", 14), (OriginKind::Macro, "opens", 8)]);
    assert_eq!(opens.location.as_ref().map(|l| l.line), Some(6));
    let entries = nodes.iter().filter(|n| n.from.iter().any(|o| o.entry.is_some())).count();
    let values = nodes.iter().filter(|n| n.kind == NodeKind::Entry).count();
    assert_eq!((entries, values), (2, 5), "two rows, and root, three shells and the admin");
    // Printing does not look at any of it.
    assert!(loader.rules()[0].expr.to_string().starts_with("((evt.type in (open, openat) and "));
}
