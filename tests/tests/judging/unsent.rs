//! What the kernel keeps to itself ([`lanner_syscall::live::Sieve`] is the table that it is given) makes no alert: recordings raise the
//! same ones when those events are left out, whatever the rules are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lanner::event::extractor::Context;
use lanner::event::hold::Holder;
use lanner::event::rules::{How, Raise, SourceRules};
use lanner::plugin::{EventRef, Inspector, Open, PluginSet, Plugins, Wish};
use lanner::source::{Control, Counts, Sink, pump};
use lanner_engine::compile::RuleMatching;
use lanner_engine::format::RenderOptions;
use lanner_engine::load::RuleSpec;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::sdk::Wanted;
use lanner_plugin_api::wire::{Event, EventBuilder};
use lanner_syscall::capture::{CaptureReader, Head, Keep, Step};
use lanner_syscall::live::{Base, Selection, Sieve};
use lanner_syscall::memory::MemoryCapture;
use lanner_tests::program::{here, shared};

use super::recording::{Compiled, alerts, captures, compile, default_rules};

/// A capture without the events that a sieve does not keep, and how many these are.
fn sifted(capture: &Path, sieve: &Sieve) -> (Vec<u8>, usize) {
    let mut reader = CaptureReader::open(capture).unwrap();
    let (mut out, mut events) = (Vec::new(), None::<lanner_syscall::capture::Events<Vec<u8>>>);
    let mut left_out = 0;
    loop {
        match reader.step().unwrap() {
            Step::End => break,
            Step::Section(state) => {
                if let Some(events) = events.take() {
                    out.extend(events.finish().unwrap());
                }
                let mut head = Head::plain(Vec::new()).unwrap();
                head.state(&state).unwrap();
                events = Some(head.events());
            }
            Step::Events(batch) => {
                let events = events.as_mut().expect("a state first");
                for ((event, meta), kept) in batch.iter().zip(sieve.sift(batch.bytes())) {
                    left_out += usize::from(!kept);
                    let hidden = meta.flags & lanner_plugin_api::raw::EventMeta::HIDDEN != 0;
                    let keep = if hidden && !event.event_type().is_hidden() { Keep::StateOnly } else { Keep::Whole };
                    if kept {
                        events.write(&event, meta.cpu as u16, keep).unwrap();
                    }
                }
            }
        }
    }
    if let Some(events) = events {
        out.extend(events.finish().unwrap());
    }
    (out, left_out)
}

/// What is sent for a wish: everything that it can be about is observed.
fn sieve(wish: &Wish) -> Sieve {
    Selection::new(Some(wish.wanted()), &Base { all: true, ..Base::default() }).sieve()
}

/// What is sent for one rule alone.
fn sieve_of(rule: &RuleSpec) -> Sieve {
    let list = |codes: lanner_engine::scheme::EventSet| codes.iter().collect::<Vec<_>>();
    let (codes, failures) = (list(rule.condition.events()), list(rule.condition.failures()));
    let wanted = Wanted { codes: &codes, calls: None, failures: Some(&failures) };
    Selection::new(Some(wanted), &Base { all: true, ..Base::default() }).sieve()
}

/// The events that plugins parse, beside those of the source itself.
fn parsed(set: &PluginSet) -> Wish {
    let others = set.iter().filter(|(_, plugin)| plugin.info().name != "syscall");
    let types = others.map(|(_, plugin)| plugin.parse_event_types().clone());
    Wish::of_codes(types.flat_map(|types| (0..512).filter(move |code| types.contains(*code))))
}

/// Evaluates events and keeps the alerts.
struct Judge {
    rules: SourceRules,
    how: How,
    context: Context,
    holder: Holder,
    /// Time, thread and number of the rule of each match, and what the alert says.
    raised: Vec<(u64, u64, usize, String)>,
    /// For each rule, what is sent for it alone.
    sieves: Vec<Sieve>,
    events: usize,
}

impl Sink for Judge {
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        self.events += 1;
        self.context.see(event.ts());
        let (raised, sieves) = (&mut self.raised, &self.sieves);
        let raise = &mut |raise: Raise<'_>| {
            let Raise::Match(rule, alert) = raise else { panic!("nothing is held: {raise:?}") };
            let parsed = Event::parse(event.bytes()).unwrap();
            let kept = sieves.get(rule).is_none_or(|sieve| sieve.keeps(&parsed));
            assert!(kept, "{} matches what is not sent for it: {}", alert.head.rule, alert.message);
            raised.push((event.ts(), event.tid(), rule, alert.message));
        };
        self.rules.evaluate(event, plugins, &mut self.context, &self.how, &mut self.holder, raise);
        true
    }

    fn attend(&mut self, _: &Control) {}
}

/// Rules, ready for one run.
struct Ready {
    set: PluginSet,
    source: lanner::plugin::PluginIdx,
    wish: Wish,
    judge: Judge,
}

fn ready(files: &[(String, String)], matching: RuleMatching) -> Ready {
    let Compiled { set, source, rules, answers } = compile(files);
    let sieves = rules.rules.iter().map(|rule: &Arc<RuleSpec>| sieve_of(rule)).collect();
    let alerts = alerts(&rules);
    let rules = SourceRules::new(rules.set, alerts, answers);
    let wish = rules.wish().and(&parsed(&set));
    let how = How {
        matching,
        render: RenderOptions { base64_buffers: false },
        fields: false,
        hold: Duration::ZERO,
        hostname: "lab".into(),
    };
    let (context, holder) = (Context::new("lab".into()), Holder::default());
    Ready { set, source, wish, judge: Judge { rules, how, context, holder, raised: Vec::new(), sieves, events: 0 } }
}

fn replay(ready: Ready, params: &str) -> Judge {
    let Ready { set, source, mut judge, .. } = ready;
    let mut inspector = Inspector::open(set, Open { source, params, recorded: true, event_schema: None }).unwrap();
    pump(&mut inspector, &Control::default(), &mut judge, &mut Counts::default()).unwrap();
    judge
}

/// How much a comparison was about.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    events: usize,
    left_out: usize,
    alerts: usize,
}

/// Replays a capture with all its events, then without those that the kernel would keep to itself with these rules.
fn same_alerts(capture: &Path, files: &[(String, String)], matching: RuleMatching) -> Seen {
    let first = ready(files, matching);
    let (bytes, left_out) = sifted(capture, &sieve(&first.wish));
    let whole = replay(first, &capture.to_string_lossy());
    let part = MemoryCapture::new(bytes);
    let less = replay(ready(files, matching), &part.open_params());
    let differing = whole.raised.iter().zip(&less.raised).find(|(a, b)| a != b);
    assert!(
        whole.raised.len() == less.raised.len() && differing.is_none(),
        "{}: {} alerts, {} without {left_out} events; {differing:?}",
        capture.display(),
        whole.raised.len(),
        less.raised.len()
    );
    Seen { events: whole.events, left_out, alerts: whole.raised.len() }
}

fn on_all(rules: &[(String, String)]) -> Seen {
    let mut sum = Seen::default();
    for capture in captures() {
        let seen = same_alerts(&capture, rules, RuleMatching::All);
        println!("{}: {seen:?}", capture.display());
        sum.events += seen.events;
        sum.left_out += seen.left_out;
        sum.alerts += seen.alerts;
    }
    sum
}

#[test]
fn lanners_rules_raise_the_same_alerts_without_what_is_not_sent_for_them() {
    let stable = &default_rules()[..1];
    let sum = on_all(stable);
    assert!(sum.left_out > 1000 && sum.alerts > 20, "{sum:?}");
    let sum = on_all(&default_rules());
    assert!(sum.left_out > 100 && sum.alerts > 100, "{sum:?}");
}

#[test]
fn falcos_rules_raise_the_same_alerts_without_what_is_not_sent_for_them() {
    let Some(shared) = shared() else { return };
    let read = |file: &&str| {
        let text = std::fs::read_to_string(shared.join("falco-rules").join(file)).unwrap();
        ((*file).to_owned(), text)
    };
    let files: Vec<_> =
        ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"].iter().map(read).collect();
    for files in [&files[..1], &files] {
        let sum = on_all(files);
        assert!(sum.left_out > 100 && sum.alerts > 20, "{sum:?}");
    }
}

/// Numbers that look random and are the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// A comparison, mostly of what a call came to.
    fn comparison(&mut self) -> String {
        const TYPES: [&str; 8] = [
            "open, openat, openat2, creat",
            "openat",
            "connect, accept4",
            "close, dup, dup3, fcntl",
            "execve, clone, clone3",
            "mkdir, mkdirat, unlink, unlinkat, rename, access",
            "socket, bind, pipe2, eventfd2",
            "read, write, openat, ioctl",
        ];
        const NUMBERS: [&str; 6] = ["-1", "0", "1", "-2", "3", "-115"];
        const ERRORS: [&str; 5] = ["SUCCESS", "ENOENT", "EAGAIN", "EINPROGRESS", "EACCES"];
        const SIGNS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
        match self.below(14) {
            0 | 1 => format!("evt.type in ({})", self.pick(&TYPES)),
            2 => format!("evt.failed = {}", self.pick(&["true", "false"])),
            3 => format!("evt.failed != {}", self.pick(&["true", "false"])),
            4 | 5 => format!("evt.rawres {} {}", self.pick(&SIGNS), self.pick(&NUMBERS)),
            6 | 7 => format!("fd.num {} {}", self.pick(&SIGNS), self.pick(&NUMBERS)),
            8 => format!("evt.rawres in ({}, {})", self.pick(&NUMBERS), self.pick(&NUMBERS)),
            9 => format!("evt.res {} {}", self.pick(&["=", "!=", "startswith"]), self.pick(&ERRORS)),
            10 => format!("evt.res in ({}, {})", self.pick(&ERRORS), self.pick(&ERRORS)),
            11 => format!(
                "{} exists",
                self.pick(&["evt.res", "evt.rawres", "evt.failed", "fd.num", "fd.name", "proc.name"])
            ),
            12 => format!("fd.name startswith {}", self.pick(&["/etc", "/usr", "/proc", "/"])),
            _ => self
                .pick(&["evt.is_open_read = true", "evt.is_open_write = true", "proc.name = bash", "fd.typechar = f"])
                .to_owned(),
        }
    }

    /// A condition of comparisons, of the macro and of each other.
    fn condition(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.below(8) == 0 { "done".to_owned() } else { self.comparison() };
        }
        let part = |random: &mut Self| format!("({})", random.condition(depth - 1));
        match self.below(7) {
            0 | 1 => format!("{} and {}", part(self), part(self)),
            2 => format!("{} and {} and {}", part(self), self.comparison(), part(self)),
            3 => format!("{} or {}", part(self), part(self)),
            4 => format!("not {}", part(self)),
            5 => format!("{} and not {}", self.comparison(), part(self)),
            _ => self.condition(0),
        }
    }

    /// A file of rules, some with an exception.
    fn rules(&mut self, rules: usize) -> Vec<(String, String)> {
        let mut text = format!("- macro: done\n  condition: {} or {}\n", self.comparison(), self.comparison());
        for n in 0..rules {
            text += &format!(
                "- rule: r{n}\n  desc: d\n  condition: {}\n  output: name=%fd.name num=%fd.num file=%evt.args proc=%proc.cmdline\n  \
                 priority: INFO\n  warn_evttypes: false\n",
                self.condition(3)
            );
            if self.below(4) == 0 {
                let values = self.pick(&["[[false]]", "[[true]]"]);
                text += &format!("  exceptions: [{{name: e, fields: [evt.failed], comps: ['='], values: {values}}}]\n");
            }
        }
        vec![("random.yaml".to_owned(), text)]
    }
}

/// Whether a condition asks for opens that failed.
fn asks(condition: &str) -> bool {
    let rule = format!(
        "- macro: success\n  condition: evt.rawres >= 0\n- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  \
         priority: INFO\n  warn_evttypes: false\n"
    );
    let Compiled { rules, .. } = compile(&[("asks.yaml".to_owned(), rule)]);
    let (opens, of_set) = (EventType::SYSCALL_OPENAT_2_X.0, rules.set.failures());
    let asks = rules.rules[0].condition.failures().contains(opens);
    assert_eq!(asks, of_set.contains(opens));
    asks
}

#[test]
fn conditions_tell_whether_they_ask_for_calls_that_failed() {
    for condition in [
        "evt.type = openat",
        "evt.type = openat and evt.failed = true",
        "evt.type = openat and not evt.failed = false",
        "evt.type = openat and evt.rawres < 0",
        "evt.type = openat and not evt.rawres >= 0",
        "evt.type = openat and (evt.rawres >= 0 or evt.res = ENOENT)",
        "evt.type = openat and fd.num = -1",
        "evt.type = openat and not fd.num >= 0",
        "evt.type = openat and evt.res != SUCCESS",
        "evt.type = openat and evt.res startswith S",
        "evt.type in (openat, connect) and (fd.num > 3 or evt.type = openat)",
        "evt.type = openat and fd.name startswith /etc",
        "proc.name = x",
    ] {
        assert!(asks(condition), "{condition}");
    }
    for condition in [
        "evt.type = openat and evt.failed = false",
        "evt.type = openat and evt.failed != true",
        "evt.type = openat and not evt.failed = true",
        "evt.type = openat and evt.rawres >= 0",
        "evt.type = openat and evt.rawres > -1",
        "evt.type = openat and not evt.rawres < 0",
        "evt.type = openat and evt.rawres in (0, 3)",
        "evt.type = openat and success",
        "evt.type = openat and fd.num >= 0 and fd.name startswith /etc",
        "evt.type = openat and evt.res = SUCCESS",
        "(evt.type = openat and fd.num >= 0) or (evt.type = connect and evt.failed = true)",
        "evt.type in (openat, connect) and (fd.num > 3 or evt.type = connect)",
        "not (evt.failed = true or evt.type = close)",
        "evt.type = close and evt.failed = true",
    ] {
        assert!(!asks(condition), "{condition}");
    }
}

/// Each of many random rules is held against what would be sent for it alone, on every event of a recording.
#[test]
fn no_random_rule_matches_what_is_not_sent_for_it() {
    let mut random = Random(8);
    let capture = here().join("captures/attack.scap.gz");
    let (mut matches, mut deaf) = (BTreeMap::<usize, usize>::new(), 0);
    let mut rules = 0;
    for _ in 0..6 {
        let ready = ready(&random.rules(60), RuleMatching::All);
        let failed_open = EventType::SYSCALL_OPENAT_2_X;
        let mut event = EventBuilder::new();
        let event = event.begin(0, 1, failed_open, 7).push(&(-2_i64).to_le_bytes());
        let event = (1..7).fold(event, |event, _| event.push(&[])).finish().unwrap();
        deaf += ready.judge.sieves.iter().filter(|sieve| !sieve.keeps(&event)).count();
        rules += ready.judge.sieves.len();
        let judge = replay(ready, &capture.to_string_lossy());
        for (_, _, rule, _) in judge.raised {
            *matches.entry(rule).or_default() += 1;
        }
    }
    println!("{rules} rules, {deaf} of them without failed opens");
    assert!(deaf > rules / 5 && deaf < rules * 4 / 5, "{deaf} of {rules} rules can do without failed opens");
    assert!(matches.len() > 30 && matches.values().sum::<usize>() > 10_000, "{matches:?}");
}

/// Random rules raise the same alerts without what is not sent for them.
#[test]
fn random_rules_raise_the_same_alerts_without_what_is_not_sent_for_them() {
    let mut random = Random(20);
    let capture = here().join("captures/attack.scap.gz");
    let (mut sum, mut less) = (Seen::default(), 0);
    for n in 0..16 {
        let seen = same_alerts(&capture, &random.rules(1 + n % 2), RuleMatching::First);
        less += usize::from(seen.left_out > 1000);
        sum.alerts += seen.alerts;
        sum.left_out += seen.left_out;
    }
    println!("{less} sets left something out: {sum:?}");
    assert!(less >= 4 && sum.alerts > 1000, "{less} sets left something out; {sum:?}");
}
