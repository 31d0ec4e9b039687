//! Memory that events take. A recording is replayed twice, and counted in the second half.
//!
//! - Reading an event allocates nothing, ever.
//! - Rules that do not match allocate nothing, but that the first one to ask for the command line of a new program has it put
//!   together. Alerts are left out: each is a value of its own.
//! - Following an event allocates where it tells of something new (`TELL`), and once more when what a fork shared is changed first,
//!   or when what ended is cleared away, whichever event comes then.
//!
//! What it covers: the reader of captures, the plugins `syscall` and `container`, the rules in `rules/syscall`, on 35,000 events of
//! 88 kinds.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use super::counting::asked;
use super::recording::{Compiled, alerts, compile, default_rules, twice};
use lanner::event::extractor::Context;
use lanner::event::hold::Holder;
use lanner::event::rules::{How, Raise, SourceRules};
use lanner::plugin::{EventRef, Inspector, Open, Plugins};
use lanner::source::{Control, Counts, Sink, pump};
use lanner_engine::compile::RuleMatching;
use lanner_engine::format::RenderOptions;
use lanner_plugin_api::schema::EventType;
use lanner_syscall::memory::MemoryCapture;
use lanner_tests::program::{here, shared};

/// What the events of one kind took.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    events: u64,
    /// Before they were shown: by the reader.
    read: u64,
    /// By the plugins that follow them.
    state: u64,
    /// By rules that did not match.
    rules: u64,
}

/// Events that tell the state of something new, which has to be kept: processes and their programs, descriptors and their
/// names (the first change of a fork's descriptors makes them its own, closing included), directories, users.
const TELL: [EventType; 27] = [
    EventType::SYSCALL_CLONE_20_X,
    EventType::SYSCALL_CLONE3_X,
    EventType::SYSCALL_FORK_20_X,
    EventType::SYSCALL_VFORK_20_X,
    EventType::SYSCALL_EXECVE_19_X,
    EventType::SYSCALL_EXECVEAT_X,
    EventType::SYSCALL_OPENAT_2_X,
    EventType::SYSCALL_OPENAT2_X,
    EventType::SYSCALL_OPEN_X,
    EventType::SYSCALL_CREAT_X,
    EventType::SYSCALL_MEMFD_CREATE_X,
    EventType::SYSCALL_PIPE2_X,
    EventType::SYSCALL_CLOSE_X,
    EventType::SYSCALL_DUP_1_X,
    EventType::SYSCALL_DUP2_X,
    EventType::SYSCALL_DUP3_X,
    EventType::SYSCALL_FCNTL_X,
    EventType::SOCKET_SOCKET_X,
    EventType::SOCKET_CONNECT_X,
    EventType::SOCKET_ACCEPT4_6_X,
    EventType::SOCKET_BIND_X,
    EventType::SOCKET_SENDMSG_X,
    EventType::SOCKET_RECVMSG_X,
    EventType::SYSCALL_CHDIR_X,
    EventType::SYSCALL_FCHDIR_X,
    EventType::USER_ADDED_E,
    EventType::GROUP_ADDED_E,
];

/// Evaluates events and counts from a time on.
struct Meter {
    rules: SourceRules,
    how: How,
    context: Context,
    holder: Holder,
    from: u64,
    mark: u64,
    by_kind: BTreeMap<u16, Taken>,
    /// Threads that have been seen since: the first event of one that nobody announced makes it known.
    known: HashSet<i64>,
    matches: u64,
}

impl Meter {
    fn taken(&mut self, event: &EventRef<'_>) -> Option<&mut Taken> {
        (event.ts() >= self.from).then(|| self.by_kind.entry(event.ty()).or_default())
    }

    /// Counts what following the event took.
    fn followed(&mut self, event: &EventRef<'_>) {
        let state = self.since();
        let first = event.ts() >= self.from && self.known.insert(event.tid().cast_signed());
        if let Some(taken) = self.taken(event) {
            taken.state += if first { 0 } else { state };
        }
        self.mark = asked();
    }

    /// What was asked for since the last look.
    fn since(&mut self) -> u64 {
        let now = asked();
        now - std::mem::replace(&mut self.mark, now)
    }
}

impl Sink for Meter {
    const RECORDS: bool = true;

    fn before(&mut self, _: &mut Plugins, event: &EventRef<'_>) {
        let read = self.since();
        if let Some(taken) = self.taken(event) {
            (taken.events, taken.read) = (taken.events + 1, taken.read + read);
        }
        self.mark = asked();
    }

    fn unseen(&mut self, _: &mut Plugins, event: &EventRef<'_>) {
        self.followed(event);
    }

    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        self.followed(event);
        let before = self.matches;
        self.context.see(event.ts());
        if self.rules.wants(event) {
            let matches = &mut self.matches;
            let raise = &mut |_: Raise<'_>| *matches += 1;
            self.rules.evaluate(event, plugins, &mut self.context, &self.how, &mut self.holder, raise);
        }
        let rules = self.since();
        let matched = self.matches != before;
        if let Some(taken) = self.taken(event) {
            // An alert is a value of its own, which outlives the event.
            taken.rules += if matched { 0 } else { rules };
        }
        self.mark = asked();
        true
    }

    fn attend(&mut self, _: &Control) {}
}

fn measured(capture: &Path) -> Meter {
    let (bytes, from) = twice(capture);
    let Compiled { set, source, rules, answers } = compile(&default_rules());
    let alerts = alerts(&rules);
    assert!(alerts.len() > 20, "the default rules");
    let rules = SourceRules::new(rules.set, alerts, answers);
    let capture = MemoryCapture::new(bytes);
    let params = capture.open_params();
    let open = Open { source, params: &params, recorded: true, event_schema: None };
    let mut inspector = Inspector::open(set, open).unwrap();
    let how = How {
        matching: RuleMatching::All,
        render: RenderOptions { base64_buffers: false },
        fields: true,
        hold: Duration::ZERO,
        hostname: "lab".into(),
    };
    let context = Context::new("lab".into());
    let (holder, by_kind, known) = (Holder::default(), BTreeMap::new(), HashSet::new());
    let mut meter = Meter { rules, how, context, holder, from, mark: asked(), by_kind, known, matches: 0 };
    pump(&mut inspector, &Control::default(), &mut meter, &mut Counts::default()).unwrap();
    meter
}

/// Kinds of events that start a thread or process.
const START: [EventType; 4] = [
    EventType::SYSCALL_CLONE_20_X,
    EventType::SYSCALL_CLONE3_X,
    EventType::SYSCALL_FORK_20_X,
    EventType::SYSCALL_VFORK_20_X,
];

/// Replays a recording twice and holds the second half against what it may take. Of `news` events at most one may tell the state
/// something that it has to allocate for.
fn judge(capture: &Path, news: u64) -> Meter {
    let meter = measured(capture);
    println!("{} matches\n{:>8} {:>6} {:>6} {:>6}  kind", meter.matches, "events", "read", "state", "rules");
    for (code, Taken { events, read, state, rules }) in &meter.by_kind {
        let symbol = EventType(*code).info().map_or("?", |info| info.symbol);
        println!("{events:>8} {read:>6} {state:>6} {rules:>6}  {symbol}");
    }
    let sum = |of: &dyn Fn(EventType, &Taken) -> u64| -> u64 {
        meter.by_kind.iter().map(|(code, taken)| of(EventType(*code), taken)).sum()
    };
    let of = |kind: EventType| meter.by_kind.get(&kind.0).map_or(0, |taken| taken.events);
    let (events, read, rules) = (sum(&|_, t| t.events), sum(&|_, t| t.read), sum(&|_, t| t.rules));
    let told = sum(&|kind, t| if TELL.contains(&kind) { t.state } else { 0 });
    let late = sum(&|kind, t| if TELL.contains(&kind) { 0 } else { t.state });
    let programs = of(EventType::SYSCALL_EXECVE_19_X) + of(EventType::SYSCALL_EXECVEAT_X);
    let threads: u64 = START.iter().map(|kind| of(*kind)).sum();
    println!(
        "{events} events, {programs} programs, {threads} threads: read {read}, rules {rules}, state {told} and {late} late"
    );
    assert!(events > 30_000 && programs > 50, "{events} events");
    assert_eq!(read, 0, "reading");
    assert!(rules <= 3 * programs, "rules: {rules} allocations at {programs} programs");
    assert!(late <= threads, "late: {late} allocations at {threads} threads");
    assert!(told < events / news, "state: {told} allocations at {events} events");
    meter
}

#[test]
fn an_event_that_tells_nothing_new_allocates_nothing() {
    let meter = judge(&here().join("captures/attack.scap.gz"), 40);
    assert!(meter.by_kind.len() > 80 && meter.matches > 100, "{} {}", meter.by_kind.len(), meter.matches);
}

/// Every other event opens a file, among them more names than are kept, and every sixtieth starts a program.
#[test]
fn opening_the_same_files_again_allocates_little() {
    let Some(shared) = shared() else { return };
    judge(&shared.join("captures/own/mixed.scap.gz"), 8);
}
