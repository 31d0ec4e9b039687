//! What rules cost, by how many there are: the comparisons that events are asked, a number that is the same on every machine.

use std::process::Command;

use lanner::event::extractor::{Answers, Context, Extractor};
use lanner::plugin::{EventRef, Inspector, Open, Plugins};
use lanner::source::{Control, Counts, Sink, pump};
use lanner_engine::compile::{RuleMatching, RuleSet, Scratch};
use lanner_syscall::memory::MemoryCapture;
use lanner_tests::program::here;

use super::recording::{Compiled, compile, twice};

/// Evaluates events and nothing else.
struct Judge {
    set: RuleSet,
    scratch: Scratch,
    answers: Answers,
    context: Context,
    hits: Vec<u32>,
    events: u64,
}

impl Sink for Judge {
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context: &mut self.context };
        self.set.evaluate(&mut self.scratch, event.ty(), &mut extractor, RuleMatching::All, &mut self.hits);
        self.events += 1;
        true
    }

    fn attend(&mut self, _: &Control) {}
}

/// What a recorded attack is asked by so many rules, each with a comparison of its own.
fn asked(rules: usize) -> u64 {
    let made = Command::new(here().join("synthetic-rules")).arg(rules.to_string()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let compiled = compile(&[("synthetic".to_owned(), String::from_utf8(made.stdout).unwrap())]);
    let capture = MemoryCapture::new(twice(&here().join("captures/attack.scap.gz")).0);
    let Judged { asked, events, .. } = judge(compiled, &capture.open_params(), true);
    assert!(events > 60_000, "{events} events");
    asked
}

/// What became of events.
pub(super) struct Judged {
    /// What they were asked.
    pub(super) asked: u64,
    pub(super) events: u64,
    pub(super) matches: usize,
}

/// Judges all events that the source gives with these parameters. Each rule has a comparison of its own.
pub(super) fn judge(compiled: Compiled, params: &str, recorded: bool) -> Judged {
    let Compiled { set, source, rules, answers } = compiled;
    let scratch = rules.set.scratch_with_keys(|slot| answers.key_of(slot));
    let context = Context::new("lab".into());
    let mut judge = Judge { set: rules.set, scratch, answers, context, hits: Vec::new(), events: 0 };
    let mut inspector = Inspector::open(set, Open { source, params, recorded, event_schema: None }).unwrap();
    pump(&mut inspector, &Control::default(), &mut judge, &mut Counts::default()).unwrap();
    assert!(judge.set.stats().atoms > rules.rules.len());
    let judged = Judged { asked: judge.scratch.asked(), events: judge.events, matches: judge.hits.len() };
    println!("{} rules: {} questions to {} events", rules.rules.len(), judged.asked, judged.events);
    judged
}

#[test]
fn ten_thousand_rules_cost_at_most_three_times_what_a_hundred_cost() {
    let (few, many) = (asked(100), asked(10_000));
    assert!(few > 60_000, "the rules are about these events: {few}");
    assert!(many <= 3 * few, "{few} questions by 100 rules, {many} by 10,000");
}
