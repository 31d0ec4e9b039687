//! Random rule files, changed and loaded again, on streams of random events: what the compiled set reports, with and without
//! answers remembered by key, is what the naive walker says of each rule's condition spelled out.
//!
//! A number of seeds is tried in each run of the tests. `LANNER_DIFFERENTIAL_SECONDS=600` goes on with new ones for that long;
//! `LANNER_DIFFERENTIAL_SEED=N` tries one, as a failure tells.

mod checks;
mod rules;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet, Scratch};
use lanner_engine::load::{Loader, Settings};
use lanner_engine::naive;
use lanner_engine::parse::parse;
use lanner_engine::scheme::Scheme;
use lanner_engine::value::{SlotId, SlotTable};
use rules::Model;
use support::random::Random;
use support::{Event, FromEvent, Known, key_of};

/// What was done.
#[derive(Debug, Default)]
struct Done {
    sets: usize,
    events: usize,
    judged: usize,
    matched: usize,
}

/// One state of the rules: the compiled set with its memory, and the conditions that it should mean.
struct Judge {
    set: RuleSet,
    plain: Scratch,
    remembering: Scratch,
    meanings: Vec<Condition>,
    /// The same as text, and what the loader made of the rule.
    texts: Vec<(String, String)>,
    slots: SlotTable,
}

impl Judge {
    fn new(files: &[String], model: &Model, scheme: &Arc<Scheme>, seed: u64) -> Self {
        let mut loader = Loader::new(Settings::new(vec![Arc::clone(scheme)]));
        for (n, file) in files.iter().enumerate() {
            let result = loader.load(&format!("file {n}"), file);
            assert!(result.successful(), "seed {seed}: {}\n{file}", result.text(loader.files()));
        }
        let compiled = loader.source_rules("syscall").expect("the source of the scheme");
        let loaded: Vec<String> = compiled.rules.iter().map(|rule| rule.expr.to_string()).collect();
        let set = compiled.set;
        let read = |text: &String| {
            let expr = parse(text, 0).unwrap_or_else(|e| panic!("seed {seed}: {text}: {e}"));
            Condition::check(&expr, scheme).unwrap_or_else(|e| panic!("seed {seed}: {text}: {e}"))
        };
        let texts = model.meanings();
        let meanings = texts.iter().map(read).collect();
        let texts = texts.into_iter().zip(loaded).collect();
        let by_key = |slot: SlotId| key_of(&scheme.field(set.slots().get(slot).field).name);
        let (plain, remembering, slots) = (set.scratch(), set.scratch_with_keys(by_key), set.slots().clone());
        Judge { set, plain, remembering, meanings, texts, slots }
    }

    /// Judges an event in every way; the number of rules that match.
    fn judge(&mut self, event: &Event, scheme: &Scheme, known: &mut Known, seed: u64) -> usize {
        let mut extract = FromEvent::new(event, scheme, &self.slots);
        let expected: Vec<u32> = (0..)
            .zip(&self.meanings)
            .filter(|(_, meaning)| naive::evaluate(meaning, scheme, &mut self.slots, &mut extract))
            .map(|(rule, _)| rule)
            .collect();
        let slots = self.set.slots().clone();
        for remembers in [false, true] {
            let mut extract = FromEvent::new(event, scheme, &slots);
            extract.known = remembers.then_some(&mut *known);
            let scratch = if remembers { &mut self.remembering } else { &mut self.plain };
            for matching in [RuleMatching::All, RuleMatching::First] {
                let expected =
                    if matching == RuleMatching::All { &expected[..] } else { expected.get(..1).unwrap_or(&[]) };
                let mut hits = Vec::new();
                self.set.evaluate(scratch, event.code, &mut extract, matching, &mut hits);
                if hits != expected {
                    let differs = |rule: &&u32| hits.contains(rule) != expected.contains(rule);
                    let rule =
                        hits.iter().chain(expected).find(differs).and_then(|rule| self.texts.get(*rule as usize));
                    panic!(
                        "seed {seed}, {matching:?}, by key {remembers}: {rule:#?}\non {} {:?}",
                        event.code, event.values
                    );
                }
            }
        }
        expected.len()
    }
}

/// A stream of events on rules that are loaded anew on the way; the first rules come back with what they remembered.
fn run(seed: u64, done: &mut Done) {
    let (scheme, _) = support::scheme();
    let r = &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (rules, width) = [(3, 4), (12, 8), (60, 20), (250, 120)][r.below(4)];
    let most = 1 + r.below(rules);
    let (mut model, file) = Model::new(r, &scheme, most, width);
    let mut files = vec![file];
    let mut judges = vec![Judge::new(&files, &model, &scheme, seed)];
    let mut known = Known::default();
    let mut pool: Vec<Event> = (0..12).map(|_| checks::event(r, width)).collect();
    for part in 0..4 {
        let at = match part {
            1 | 2 => {
                files.push(model.change(r, &scheme));
                judges.push(Judge::new(&files, &model, &scheme, seed));
                judges.len() - 1
            }
            _ => 0,
        };
        for _ in 0..1 + 3000 / (rules + 20) {
            let place = r.below(pool.len());
            match r.below(10) {
                0 => pool[place] = checks::event(r, width),
                1..=3 => pool[place] = checks::altered(r, &pool[place].clone(), width),
                _ => {}
            }
            done.matched += judges[at].judge(&pool[place], &scheme, &mut known, seed);
            done.judged += judges[at].meanings.len();
            done.events += 1;
        }
    }
    done.sets += judges.len();
}

#[test]
fn the_compiled_set_reports_what_the_naive_walker_says() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let mut done = Done::default();
    if let Some(seed) = number("LANNER_DIFFERENTIAL_SEED") {
        return run(seed, &mut done);
    }
    let began = Instant::now();
    for seed in 0..12 {
        run(seed, &mut done);
    }
    if let Some(seconds) = number("LANNER_DIFFERENTIAL_SECONDS") {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let mut seed = since.as_secs() << 20;
        while began.elapsed() < Duration::from_secs(seconds) {
            run(seed, &mut done);
            seed += 1;
        }
    }
    println!("{done:?} in {:?}", began.elapsed());
    assert!(done.matched * 20 > done.judged, "the rules are about these events: {done:?}");
    assert!(done.matched * 20 < done.judged * 19, "and not about all of them: {done:?}");
}
