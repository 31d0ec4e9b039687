//! Alerts that wait for values which a plugin says are on their way, and what becomes of them.

#![allow(
    unexpected_cfgs,
    unreachable_pub,
    reason = "the plugin below is linked in: this crate has no feature `cdylib`"
)]

use std::sync::Arc;
use std::time::Duration;

use lanner::alert::{Alert, RuleHead};
use lanner::event::extractor::{Answers, Context};
use lanner::event::hold::{HoldCounts, Holder};
use lanner::event::lookup;
use lanner::event::rules::{How, Raise, RuleAlert, SourceRules};
use lanner::event::scheme::Builder;
use lanner::plugin::{LoadedLibrary, PluginSet};
use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet};
use lanner_engine::format::{FormatValue, OutputFormat, RenderOptions};
use lanner_engine::load::Priority;
use lanner_engine::parse::parse;
use lanner_engine::scheme::{ArgResolver, FieldId, FieldType};
use lanner_engine::value::SlotTable;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_tests::plugins::empty_set;

/// Has one value at once and two that come later.
mod late {
    use std::cell::{Cell, RefCell};
    use std::ffi::{CStr, CString};
    use std::num::NonZeroU64;

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::raw::FieldType;
    use lanner_plugin_api::sdk::*;

    thread_local! {
        /// What stands behind `late.image` and `late.number`.
        pub static STATE: RefCell<State> = const { RefCell::new(State::Pending) };
        /// Waits that were not given back.
        pub static OPEN: Cell<u64> = const { Cell::new(0) };
        /// Extractions of what was there at once.
        pub static ASKED: Cell<u64> = const { Cell::new(0) };
    }

    pub enum State {
        Pending,
        Known(CString),
        Unknown(CString),
    }

    pub struct Late {
        text: CString,
    }

    impl Plugin for Late {
        const NAME: &'static CStr = c"late";
        const DESCRIPTION: &'static CStr = c"values that come later";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"1.0.0";
        type Config = ();
        fn new(_: &mut Init<'_>, (): ()) -> Result<Self, Error> {
            Ok(Self { text: CString::default() })
        }
    }

    impl Late {
        fn answer<'v>(&'v mut self, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
            STATE.with_borrow(|state| match state {
                State::Pending => {
                    out.awaited();
                    false
                }
                State::Unknown(_) => {
                    out.unknown();
                    false
                }
                State::Known(text) => {
                    self.text.clone_from(text);
                    true
                }
            }) && {
                if req.id == 1 {
                    out.u64(self.text.as_bytes().len() as u64)
                } else {
                    out.cstr(&self.text)
                }
                true
            }
        }
    }

    impl ExtractRaw for Late {
        const EVENT_SOURCES: &'static [&'static str] = &["syscall"];

        fn field_defs() -> Vec<FieldDef> {
            let def = |name, ty| FieldDef { name, ty, ..FieldDef::EMPTY };
            vec![
                def("late.image", FieldType::STRING),
                def("late.number", FieldType::UINT64),
                def("late.now", FieldType::STRING),
            ]
        }

        fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
            if req.id == 2 {
                ASKED.set(ASKED.get() + 1);
                out.display(format_args!("t{}", cx.event.tid()));
                return true;
            }
            self.answer(req, out)
        }
    }

    impl Awaits for Late {
        fn begin_wait(&mut self, _: &ExtractCx<'_>) -> Option<NonZeroU64> {
            OPEN.set(OPEN.get() + 1);
            NonZeroU64::new(9)
        }

        fn wait_state(&mut self, wait: u64) -> Standing<'_> {
            assert_eq!(wait, 9);
            STATE.with_borrow(|state| match state {
                State::Pending => Standing::Pending,
                State::Known(_) => Standing::Known,
                State::Unknown(why) => {
                    self.text.clone_from(why);
                    Standing::Unknown(&self.text)
                }
            })
        }

        fn extract_awaited<'v>(&'v mut self, wait: u64, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
            assert_eq!(wait, 9);
            assert_ne!(req.id, 2, "what was there is not asked for again");
            self.answer(req, out)
        }

        fn end_wait(&mut self, wait: u64) {
            assert_eq!(wait, 9);
            OPEN.set(OPEN.get() - 1);
        }
    }

    export_plugin!(Late: extract_raw, awaits);
}

use late::State;

struct NoArguments;

impl ArgResolver for NoArguments {
    fn resolve(&self, _: FieldId, _: &str) -> Result<Option<FieldType>, String> {
        Ok(None)
    }
}

/// Rules named 0, 1, … that show what they are about.
struct Lab {
    plugins: PluginSet,
    rules: Vec<Option<SourceRules>>,
    how: How,
    holder: Holder,
    context: Context,
    raised: Vec<String>,
    counted: Vec<usize>,
}

const MS: u64 = 1_000_000;
const OUTPUT: &str = "now=%late.now image=%late.image n=%late.number";

/// The plugins with the one above, and the rules compiled for them.
fn compiled(plugins: &mut PluginSet, rules: &[(&str, &str)]) -> SourceRules {
    let library = LoadedLibrary::builtin(&late::PLUGIN_API).unwrap();
    let plugin = plugins.find("late").unwrap_or_else(|| plugins.add(&library, "").unwrap());
    let mut builder = Builder::new("syscall", true, &[]).unwrap();
    builder.plugin(plugin, "late", &library.info().fields).unwrap();
    builder.events(&[]).unwrap();
    let hosts = Arc::new(lookup::Hosts::default());
    let scheme = builder.build(Arc::new(NoArguments), hosts, Arc::new(lookup::Services::default()));
    let mut slots = SlotTable::new();
    let alert = |(id, (_, output)): (usize, &(&str, &str)), slots: &mut SlotTable| RuleAlert {
        id,
        head: Arc::new(RuleHead {
            rule: id.to_string().into(),
            source: "syscall".into(),
            priority: Priority::Notice,
            tags: Vec::new(),
        }),
        output: OutputFormat::compile(output, &scheme.scheme, slots).unwrap(),
        extra: Vec::new(),
        enforced: None,
    };
    let alerts = rules.iter().enumerate().map(|rule| alert(rule, &mut slots)).collect();
    let checked = |text: &str| Condition::check(&parse(text, 0).unwrap(), &scheme.scheme).unwrap();
    let conditions: Vec<Condition> = rules.iter().map(|(text, _)| checked(text)).collect();
    let set_of_rules = RuleSet::compile(&conditions.iter().collect::<Vec<_>>(), Arc::clone(&scheme.scheme), slots);
    let answers = Answers::prepare(set_of_rules.slots(), &scheme, plugins).unwrap();
    SourceRules::new(set_of_rules, alerts, answers)
}

impl Lab {
    fn new(matching: RuleMatching, rules: &[(&str, &str)]) -> Self {
        late::STATE.set(State::Pending);
        late::OPEN.set(0);
        let (mut plugins, _) = empty_set();
        let how = How {
            matching,
            render: RenderOptions { base64_buffers: false },
            fields: true,
            hold: Duration::from_millis(500),
            hostname: "lab".into(),
        };
        Self {
            rules: vec![Some(compiled(&mut plugins, rules))],
            plugins,
            how,
            holder: Holder::default(),
            context: Context::new("lab".into()),
            raised: Vec::new(),
            counted: Vec::new(),
        }
    }

    /// Other rules come into force; whether those before are still needed.
    fn reload(&mut self, rules: &[(&str, &str)]) -> bool {
        let mut before = std::mem::replace(&mut self.rules, vec![Some(compiled(&mut self.plugins, rules))]);
        self.holder.succeed(&mut before, &self.how);
        before.is_empty()
    }

    fn note(raised: &mut Vec<String>, counted: &mut Vec<usize>, what: Raise<'_>) {
        let mut show = |alert: &Alert| raised.push(format!("{}: {}", alert.head.rule, alert.message));
        match what {
            Raise::Match(rule, alert) => {
                counted.push(rule);
                show(&alert);
                assert!(alert.fields.is_sorted_by(|a, b| a.0 < b.0), "{:?}", alert.fields);
                let why = alert.fields.iter().find(|(key, _)| &**key == "late.unknown");
                assert_eq!(why.is_some(), alert.message.contains("late_unknown="), "{alert:?}");
            }
            Raise::Matched(rule, _) => counted.push(rule),
            Raise::Late(alert) => show(&alert),
        }
    }

    /// An event at that millisecond; what it raises at once.
    fn event(&mut self, ms: u64, tid: i64) -> Vec<String> {
        let mut builder = EventBuilder::new();
        builder.begin(ms * MS, tid, EventType::SYSCALL_CLOSE_X, 0);
        let bytes = builder.finish().unwrap().bytes().to_vec();
        let event = self.plugins.event(&bytes, 1).unwrap();
        let Self { plugins, rules, how, holder, context, raised, counted } = self;
        let rules = rules[0].as_mut().unwrap();
        rules.evaluate(&event, plugins, context, how, holder, &mut |what| Self::note(raised, counted, what));
        std::mem::take(raised)
    }

    /// What goes at that millisecond.
    fn look(&mut self, ms: u64, end: bool) -> Vec<String> {
        let Self { plugins, rules, how, holder, raised, counted, .. } = self;
        holder.look(ms * MS, end, rules, plugins, how, &mut |what| Self::note(raised, counted, what));
        std::mem::take(raised)
    }

    fn counts(&self) -> HoldCounts {
        self.holder.counts()
    }
}

fn known(text: &str) {
    late::STATE.set(State::Known(std::ffi::CString::new(text).unwrap()));
}

fn unknown(why: &str) {
    late::STATE.set(State::Unknown(std::ffi::CString::new(why).unwrap()));
}

const NOTHING: [&str; 0] = [];

#[test]
fn an_alert_waits_for_what_it_shows_and_no_other_waits_for_it() {
    let mut lab =
        Lab::new(RuleMatching::All, &[("evt.source=syscall", OUTPUT), ("evt.source=syscall", "now=%late.now")]);
    assert_eq!(lab.event(1000, 5), ["1: now=t5"], "the other goes at once");
    assert_eq!(lab.event(1001, 6), ["1: now=t6"]);
    assert_eq!(lab.counted, [0, 1, 0, 1], "matches count when they are seen");
    assert_eq!(lab.look(1100, false), NOTHING);
    assert_eq!((lab.counts().waiting, late::OPEN.get()), (2, 2));
    known("nginx");
    let asked = late::ASKED.get();
    assert_eq!(lab.look(1200, false), ["0: now=t5 image=nginx n=5", "0: now=t6 image=nginx n=5"]);
    assert_eq!(late::ASKED.get(), asked, "what was there was taken down");
    assert_eq!(lab.counts(), HoldCounts { enriched: 2, ..HoldCounts::default() });
    assert_eq!(lab.counted, [0, 1, 0, 1]);
    assert_eq!(late::OPEN.get(), 0, "every wait is given back");
    assert_eq!(lab.event(1300, 7), ["0: now=t7 image=nginx n=5", "1: now=t7"], "nothing to wait for");
}

#[test]
fn conditions_are_judged_when_their_values_are_there() {
    let rules = [
        ("evt.source=syscall and late.image in (nginx, redis)", "a"),
        ("evt.source=syscall and not late.image in (nginx, redis)", "b"),
        ("evt.source=syscall and late.image != nginx and late.now=t5", "c"),
        ("evt.source=syscall and (late.number > 3 or late.now=t5)", "d"),
        ("evt.source=syscall and late.image=nginx and late.now=t6", "e"),
        ("evt.source=syscall and toupper(late.image)=NGINX and late.image startswith val(late.image)", "f"),
    ];
    let mut lab = Lab::new(RuleMatching::All, &rules);
    assert_eq!(lab.event(1000, 5), ["3: d"], "true, whatever comes");
    assert_eq!(lab.look(1010, false), NOTHING);
    known("nginx");
    assert_eq!(lab.look(1020, false), ["0: a", "5: f"]);
    assert_eq!(lab.counted, [3, 0, 5]);

    late::STATE.set(State::Pending);
    assert_eq!(lab.event(2000, 5), ["3: d"]);
    known("bad");
    assert_eq!(lab.look(2020, false), ["1: b", "2: c"], "and not what the other image would have raised");

    let mut first = Lab::new(RuleMatching::First, &rules);
    assert_eq!(first.event(1000, 5), NOTHING, "rules before the one that is sure are open");
    known("nginx");
    assert_eq!(first.look(1020, false), ["0: a"], "the first of them");
    late::STATE.set(State::Pending);
    assert_eq!(first.event(2000, 5), NOTHING);
    known("bad");
    assert_eq!(first.look(2020, false), ["1: b"]);
    assert_eq!(late::OPEN.get(), 0);
}

#[test]
fn what_nobody_knows_is_said_with_its_reason() {
    let rules = [
        ("evt.source=syscall", OUTPUT),
        ("evt.source=syscall and late.image=nginx", "a"),
        ("not late.image=nginx", "b"),
    ];
    let mut lab = Lab::new(RuleMatching::All, &rules);
    assert_eq!(lab.event(1000, 5), NOTHING);
    unknown("nobody has it");
    let why = " late_unknown=nobody has it";
    let shown = format!("0: now=t5 image=<unknown> n=<NA>{why}");
    assert_eq!(lab.look(1020, false), [format!("2: b{why}"), shown.clone()], "an absent value equals nothing");
    assert_eq!(lab.counts(), HoldCounts { unknown: 2, ..HoldCounts::default() });
    // Known to be unknown before the event: nothing waits.
    assert_eq!(lab.event(1100, 5), [shown, "2: b".to_owned()]);

    late::STATE.set(State::Pending);
    assert_eq!(lab.event(2000, 5), NOTHING);
    assert_eq!(lab.look(2499, false), NOTHING);
    let expired = lab.look(2501, false);
    assert_eq!(expired[1], "0: now=t5 image=<unknown> n=<NA> late_unknown=not known after 500 ms");
    assert_eq!(lab.counts().expired, 2);
    assert_eq!(lab.event(3000, 5), NOTHING);
    let flushed = lab.look(3001, true);
    assert_eq!(flushed[1], "0: now=t5 image=<unknown> n=<NA> late_unknown=not known when the alert had to go");
    assert_eq!(late::OPEN.get(), 0);
}

#[test]
fn nothing_waits_where_it_may_not() {
    let mut lab = Lab::new(
        RuleMatching::All,
        &[("evt.source=syscall", OUTPUT), ("late.image=nginx", "a"), ("not late.image=nginx", "b")],
    );
    lab.how.hold = Duration::ZERO;
    let at_once = "0: now=t5 image=<unknown> n=<NA> late_unknown=not known when the alert had to go";
    assert_eq!(lab.event(1000, 5), [at_once, "2: b"]);
    assert_eq!(lab.counts(), HoldCounts::default());

    lab.how.hold = Duration::from_millis(500);
    for n in 0..512 {
        assert_eq!(lab.event(1000 + n, 5), NOTHING, "{n}: two events of it wait");
    }
    assert_eq!(lab.event(2000, 5), [at_once, "2: b"], "no more than that wait");
    assert_eq!(lab.counts(), HoldCounts { waiting: 1024, overflowed: 2, ..HoldCounts::default() });
    known("nginx");
    let all = lab.look(2000, true);
    assert_eq!(all.len(), 1024);
    assert_eq!(all.iter().filter(|alert| alert.as_str() == "1: a").count(), 512);
    assert_eq!(late::OPEN.get(), 0);
}

#[test]
fn a_reload_leaves_what_waits_to_the_rules_of_its_event() {
    let mut lab = Lab::new(RuleMatching::All, &[("late.image=nginx", "old %late.now"), ("evt.source=syscall", OUTPUT)]);
    assert_eq!(lab.event(1000, 5), NOTHING);
    assert!(lab.reload(&[("late.image=redis", "new %late.now")]));
    lab.how.hold = Duration::from_millis(100);
    assert_eq!(lab.event(1001, 6), NOTHING);
    assert!(lab.reload(&[("late.image startswith ng", "newest %late.now")]));
    assert_eq!(lab.event(1002, 7), NOTHING);
    assert_eq!(lab.counts().waiting, 4);
    assert_eq!(lab.look(1050, false), NOTHING, "no reload makes anything go");
    assert_eq!(lab.look(1120, false), NOTHING, "what was 100 ms late is true of none");
    assert_eq!(lab.counts(), HoldCounts { waiting: 2, expired: 2, ..HoldCounts::default() });
    known("nginx");
    assert_eq!(lab.look(1130, false), ["0: old t5", "1: now=t5 image=nginx n=5"]);
    assert_eq!((lab.counts().waiting, late::OPEN.get()), (0, 0));
    assert!(!lab.reload(&[("late.image=nginx", "last")]), "nothing waits of these");
    assert_eq!(lab.event(2000, 5), ["0: last"]);
}

#[test]
fn json_has_the_values_with_their_types() {
    let mut lab = Lab::new(RuleMatching::All, &[("evt.source=syscall", OUTPUT)]);
    lab.event(1000, 5);
    known("nginx");
    let mut fields = Vec::new();
    let Lab { plugins, rules, how, holder, .. } = &mut lab;
    holder.look(1100 * MS, false, rules, plugins, how, &mut |what| match what {
        Raise::Late(alert) => fields = alert.fields,
        other => panic!("{other:?}"),
    });
    let text = |text: &str| FormatValue::Text(text.into());
    assert_eq!(
        fields,
        [
            ("late.image".into(), text("nginx")),
            ("late.now".into(), text("t5")),
            ("late.number".into(), FormatValue::Uint(5)),
        ]
    );
}
