//! Random conditions on random events: the compiled set and the naive walker must agree on every one.

mod support;

use std::sync::Arc;

use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet};
use lanner_engine::naive;
use lanner_engine::parse::parse;
use lanner_engine::scheme::Scheme;
use lanner_engine::value::SlotTable;
use support::{Datum, Event, FromEvent};

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

const TEXTS: [&str; 10] = ["nginx", "bash", "sshd", "/usr/bin", "/usr/bin/bash", "NGINX", "ng", "x", "aGk", ""];

fn text(r: &mut Random) -> String {
    format!("\"{}\"", r.pick(&TEXTS))
}

fn texts(r: &mut Random) -> String {
    let count = r.below(4);
    let items: Vec<String> = (0..count).map(|_| text(r)).collect();
    format!("({})", items.join(", "))
}

fn numbers(r: &mut Random) -> String {
    let items: Vec<String> = (0..r.below(4)).map(|_| r.below(6).to_string()).collect();
    format!("({})", items.join(", "))
}

fn text_operand(r: &mut Random) -> String {
    let field = r.pick(&["t.name", "t.other", "t.none", "t.spaced", "t.encoded"]);
    match r.below(8) {
        0 => format!("tolower({field})"),
        1 => format!("toupper({field})"),
        2 => format!("basename({field})"),
        3 => format!("b64({field})"),
        4 => format!("concat({field}, \"/\", t.name)"),
        5 => "join(\"/\", l.text)".to_owned(),
        _ => field.to_owned(),
    }
}

fn check(r: &mut Random) -> String {
    let text_op = |r: &mut Random| {
        r.pick(&["=", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob"]).to_owned()
    };
    let number_op = |r: &mut Random| r.pick(&["=", "!=", "<", "<=", ">", ">="]).to_owned();
    let list_op = |r: &mut Random| r.pick(&["in", "intersects"]).to_owned();
    match r.below(16) {
        0..=2 => format!("{} {} {}", text_operand(r), text_op(r), text(r)),
        3 => format!("{} {} {}", text_operand(r), r.pick(&["in", "intersects", "pmatch"]), texts(r)),
        4 => {
            let modifier = r.pick(&["oneof", "anyof", "allof"]);
            format!("{} {} {modifier} {}", text_operand(r), text_op(r), texts(r))
        }
        5 => format!("{} {} val({})", text_operand(r), text_op(r), r.pick(&["t.name", "t.other", "t.none"])),
        6 => format!("{} {} {}", r.pick(&["u.eight", "i.eight", "n.fd", "i.none"]), number_op(r), r.below(6)),
        7 => format!("{} in {}", r.pick(&["u.eight", "n.fd", "len(t.name)", "len(l.text)"]), numbers(r)),
        8 => format!("{} {} {}", r.pick(&["l.text", "toupper(l.text)", "l.none"]), list_op(r), texts(r)),
        9 => format!("l.numbers {} {}", list_op(r), numbers(r)),
        10 => format!("any.name {} {}", text_op(r), text(r)),
        11 => format!("any.name in {}", texts(r)),
        12 => format!("ends.port {} {}", number_op(r), r.below(6)),
        13 => format!("evt.type {} {}", r.pick(&["=", "!="]), r.pick(&["open", "close", "mlock", "getcpu", "execve"])),
        14 => format!("evt.type in ({}, {})", r.pick(&["open", "close"]), r.pick(&["mlock", "switch"])),
        _ => format!("{} exists", r.pick(&["t.name", "t.none", "l.none", "any.name", "ends.port", "evt.type"])),
    }
}

fn condition(r: &mut Random, depth: usize) -> String {
    match r.below(if depth == 0 { 1 } else { 6 }) {
        1 | 2 => format!("({} and {})", condition(r, depth - 1), condition(r, depth - 1)),
        3 => format!("({} or {} or {})", condition(r, depth - 1), condition(r, depth - 1), condition(r, depth - 1)),
        4 => format!("not ({})", condition(r, depth - 1)),
        _ => check(r),
    }
}

fn event(r: &mut Random) -> Event {
    let mut event = Event::default();
    let text = |r: &mut Random| Datum::Bytes(r.pick(&TEXTS).as_bytes().to_vec());
    let (code, name) =
        [(1, "open"), (2, "open"), (4, "close"), (5, "execve"), (6, "mlock"), (6, "getcpu"), (8, "switch")][r.below(7)];
    event.code = code;
    event.values.insert("evt.type".into(), vec![Datum::Bytes(name.into())]);
    for field in ["t.name", "t.other", "t.spaced", "t.encoded"] {
        if r.below(5) > 0 {
            event.values.insert(field.into(), vec![text(r)]);
        }
    }
    for field in ["u.eight", "i.eight", "n.fd"] {
        if r.below(5) > 0 {
            event.values.insert(field.into(), vec![Datum::Number(r.below(6) as u64)]);
        }
    }
    for field in ["l.text", "any.name"] {
        if r.below(5) > 0 {
            let values = (0..r.below(4)).map(|_| text(r)).collect();
            event.values.insert(field.into(), values);
        }
    }
    for field in ["l.numbers", "ends.port"] {
        if r.below(5) > 0 {
            let values = (0..r.below(3)).map(|_| Datum::Number(r.below(6) as u64)).collect();
            event.values.insert(field.into(), values);
        }
    }
    event
}

fn checked(text: &str, scheme: &Scheme) -> Condition {
    let expr = parse(text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
    let print = expr.to_string();
    // An empty constant prints as nothing, one inside a call loses its quotes, and a negated negation is read as none;
    // other prints are the same condition.
    if !print.contains("not not") && !text.contains("\"\"") && !text.contains("\"/\"") {
        assert_eq!(parse(&print, 0).unwrap_or_else(|e| panic!("{print}: {e}")).to_string(), print);
    }
    Condition::check(&expr, scheme).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The number of matches.
fn run(seed: u64, rules: usize, events: usize) -> usize {
    let (scheme, _) = support::scheme();
    let r = &mut Random(seed);
    let texts: Vec<String> = (0..rules).map(|_| condition(r, 4)).collect();
    let conditions: Vec<Condition> = texts.iter().map(|text| checked(text, &scheme)).collect();
    let all: Vec<&Condition> = conditions.iter().collect();
    let set = RuleSet::compile(&all, Arc::clone(&scheme), SlotTable::new());
    let mut scratch = set.scratch();
    let mut matched = 0;
    for _ in 0..events {
        let event = event(r);
        let mut extract = FromEvent::new(&event, &scheme, set.slots());
        let mut hits = Vec::new();
        set.evaluate(&mut scratch, event.code, &mut extract, RuleMatching::All, &mut hits);
        assert!(extract.asked.values().all(|times| *times == 1), "a slot was asked for twice");
        let mut first = Vec::new();
        set.evaluate(&mut scratch, event.code, &mut extract, RuleMatching::First, &mut first);
        assert_eq!(first.as_slice(), hits.get(..1).unwrap_or(&[]), "first match follows the order of the rules");
        let mut again = Vec::new();
        set.evaluate(&mut scratch, event.code, &mut extract, RuleMatching::All, &mut again);
        assert_eq!(again, hits, "a way that was gone before leads to the same rules");
        let mut slots = set.slots().clone();
        for (rule, condition) in conditions.iter().enumerate() {
            let expected = naive::evaluate(condition, &scheme, &mut slots, &mut extract);
            let got = hits.binary_search(&(rule as u32)).is_ok();
            assert_eq!(got, expected, "seed {seed}: {} on {:?}", texts[rule], event.values);
            matched += usize::from(got);
        }
    }
    matched
}

#[test]
fn small_sets() {
    let matched: usize = (1..=200).map(|seed| run(seed * 7919, 5, 20)).sum();
    assert!(matched > 4000, "the conditions are about these events: {matched} of 20,000");
}

/// Few rules and many events: nearly all go a way that another event has gone.
#[test]
fn long_streams() {
    let matched: usize = (1..=20).map(|seed| run(seed * 15_485_863, 3, 1000)).sum();
    assert!(matched > 12_000, "the conditions are about these events: {matched} of 60,000");
}

#[test]
fn large_sets() {
    let matched: usize = (1..=4).map(|seed| run(seed * 104_729, 300, 60)).sum();
    assert!(matched > 14_400, "the conditions are about these events: {matched} of 72,000");
}
