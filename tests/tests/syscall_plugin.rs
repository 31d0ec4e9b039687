//! The plugin `syscall` as the host runs it: built in, through its vtable, on every recorded capture.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use lanner::event::extractor::Context;
use lanner::event::filter::Filter;
use lanner::event::lookup;
use lanner::event::scheme::Builder;
use lanner::plugin::{
    FieldRequest, Inspector, LoadedLibrary, Open, PluginError, PluginIdx, PluginSet, Prepared, Pull, Value, Wish,
};
use lanner_engine::scheme::{ArgResolver, FieldId, FieldType};
use lanner_plugin_api::raw::PluginApi;
use lanner_plugin_api::schema::{EventType, SYSCALLS, SyscallKind};
use lanner_plugin_api::sdk::Wanted;
use lanner_plugin_api::wire::Event;
use lanner_syscall::PLUGIN_API;
use lanner_tests::plugins::empty_set;
use serde_json::json;

const SYSCALL: PluginIdx = PluginIdx::new(0);

fn captures(folders: &[&str]) -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [
        std::env::var_os("LANNER_SHARED").map(PathBuf::from),
        Some(here.join("../../shared")),
        Some(here.join("../../../shared")),
    ];
    let Some(shared) = places.into_iter().flatten().find(|p| p.join("captures").is_dir()) else {
        println!("skipped: ../shared is absent");
        return Vec::new();
    };
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(shared.join("captures").join(folder)).expect("readable"))
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.to_string_lossy().ends_with(".scap.gz"))
        .collect();
    files.sort();
    files
}

fn beside(capture: &Path, ending: &str) -> PathBuf {
    PathBuf::from(capture.to_string_lossy().replace(".scap.gz", ending))
}

fn set_with(plugins: &[&'static PluginApi]) -> PluginSet {
    let (mut set, _) = empty_set();
    for api in plugins {
        let library = LoadedLibrary::builtin(api).expect("a good plugin");
        set.add(&library, "").unwrap_or_else(|e| panic!("{e}"));
    }
    set
}

fn open(set: PluginSet, params: &str) -> Result<Inspector, PluginError> {
    Inspector::open(set, Open { source: SYSCALL, params, recorded: true, event_schema: None })
}

fn inspect(set: PluginSet, capture: &Path) -> Inspector {
    open(set, &capture.to_string_lossy()).unwrap_or_else(|e| panic!("{e}"))
}

fn request(inspector: &Inspector, name: &str) -> Prepared {
    let (name, arg) = match name.split_once('[') {
        Some((name, arg)) => (name, arg.strip_suffix(']')),
        None => (name, None),
    };
    let plugin = inspector.plugins().get(SYSCALL).expect("there");
    let field = plugin.info().fields.iter().position(|f| f.name == name).unwrap_or_else(|| panic!("no field {name}"));
    let request = FieldRequest { plugin: SYSCALL, field: field as u32, arg, ty: None, list: false };
    inspector.plugins().prepare(request).unwrap_or_else(|e| panic!("{e}"))
}

/// Fields of every kind of value; what they are worth on each event is compared with what Falco printed.
const FIELDS: [&str; 12] = [
    "proc.name",
    "proc.pid",
    "proc.cmdline",
    "proc.aname[2]",
    "proc.is_exe_writable",
    "user.name",
    "user.loginuid",
    "fd.num",
    "fd.name",
    "evt.args",
    "evt.arg[0]",
    "thread.vtid",
];

fn json(value: Option<Value<'_>>) -> serde_json::Value {
    match value {
        None => serde_json::Value::Null,
        Some(Value::U64(n)) => n.cast_signed().into(),
        Some(Value::Bool(b)) => b.into(),
        Some(Value::Str(text) | Value::Bytes(text)) => String::from_utf8_lossy(text).into_owned().into(),
    }
}

/// Runs a capture to its end. Fields in `without` need a plugin that is not loaded here.
fn replay(capture: &Path, without: &[&str]) {
    let mut inspector = inspect(set_with(&[&PLUGIN_API]), capture);
    let requests: Vec<_> = FIELDS.iter().map(|f| request(&inspector, f)).collect();
    let lines = File::open(beside(capture, ".fields.jsonl.gz")).expect("there");
    let mut lines = BufReader::new(MultiGzDecoder::new(BufReader::new(lines))).lines();
    let (mut visible, mut differing) = (0u64, BTreeMap::<&str, (u64, String)>::new());
    let (pump, plugins) = inspector.parts();
    loop {
        match pump.next().unwrap_or_else(|e| panic!("{}: {e}", capture.display())) {
            Pull::Idle { .. } => {}
            Pull::End => break,
            Pull::Event(event) => {
                plugins.parse(&event);
                if event.is_hidden() {
                    continue;
                }
                visible += 1;
                // A thousand lines of each capture: every field on every event is compared closer to its extraction.
                if visible > 1000 {
                    continue;
                }
                let Some(line) = lines.next() else { continue };
                let want: BTreeMap<String, serde_json::Value> =
                    serde_json::from_str(&line.expect("text")).expect("JSON");
                assert_eq!(want.get("evt.num").and_then(serde_json::Value::as_u64), Some(event.num()));
                for (name, prepared) in FIELDS.iter().zip(&requests).filter(|(name, _)| !without.contains(name)) {
                    let got = json(prepared.extract(plugins, &event).map(|v| v.first()));
                    let want = want.get(*name).unwrap_or(&serde_json::Value::Null);
                    if got != *want {
                        let said = || format!("event {}: {got} instead of {want}", event.num());
                        differing.entry(name).or_insert_with(|| (0, said())).0 += 1;
                    }
                }
            }
        }
    }
    let count: u64 = fs::read_to_string(beside(capture, ".count")).expect("there").trim().parse().expect("a number");
    assert_eq!(visible, count, "{}", capture.display());
    assert!(differing.is_empty(), "{}: {differing:#?}", capture.display());
    assert!(plugins.faults().is_empty(), "{:?}", plugins.faults().len());
}

#[test]
fn recorded_captures_run_through_the_vtable() {
    captures(&["own"]).iter().for_each(|c| replay(c, &[]));
}

#[test]
fn older_captures_run_through_the_vtable() {
    // Users inside containers have names of their own, and which thread is in one is the container plugin's to say.
    captures(&["legacy"]).iter().for_each(|c| replay(c, &["user.name"]));
}

#[test]
fn what_cannot_be_opened_is_named() {
    let refused = |params: &str| match open(set_with(&[&PLUGIN_API]), params) {
        Ok(_) => panic!("{params} was opened"),
        Err(e) => e.to_string(),
    };
    assert!(refused("").contains("no capture file given"));
    assert!(refused("/nonexistent/x.scap").contains("/nonexistent/x.scap"));
    let text = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(text.path(), "hello, this is text").expect("written");
    let said = refused(&format!("file://{}", text.path().display()));
    assert!(said.contains("at byte 0") && said.contains("not a capture"), "{said}");
}

#[test]
fn a_damaged_capture_delivers_what_is_whole_and_tells_where_it_is_not() {
    let Some(capture) = captures(&["own"]).into_iter().find(|c| c.ends_with("container-info.scap.gz")) else { return };
    let mut bytes = Vec::new();
    let file = BufReader::new(File::open(capture).expect("there"));
    std::io::Read::read_to_end(&mut MultiGzDecoder::new(file), &mut bytes).expect("gzip");
    bytes.truncate(bytes.len() - 5);
    let cut = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(cut.path(), &bytes).expect("written");
    let mut inspector = inspect(set_with(&[&PLUGIN_API]), cut.path());
    let (pump, plugins) = inspector.parts();
    let mut events = 0;
    let error = loop {
        match pump.next() {
            Ok(Pull::Event(event)) => {
                plugins.parse(&event);
                events += 1;
            }
            Ok(Pull::Idle { .. }) => {}
            Ok(Pull::End) => panic!("a cut file is an error"),
            Err(e) => break e.to_string(),
        }
    };
    assert_eq!(events, 5122, "one event less than the file had");
    assert!(error.contains("truncated") && error.contains("at byte"), "{error}");
    assert!(matches!(pump.next(), Ok(Pull::End)));
}

#[allow(unexpected_cfgs, unreachable_pub, reason = "made by the export macro: this plugin is only ever built in")]
mod watcher {
    //! A plugin that looks at the table of threads as other plugins do.

    use std::ffi::CStr;
    use std::sync::Mutex;

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::sdk::{Error, Field, Init, Parse, ParseCx, Plugin, Sub, Table};

    /// What the plugin below saw.
    pub(super) static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    pub struct Watcher {
        threads: Table<i64>,
        comm: Field<CStr>,
        cwd: Field<CStr>,
        args: Field<Sub<u64>>,
        arg: Field<CStr>,
        fds: Field<Sub<i64>>,
        fd_name: Field<CStr>,
        count: Field<u64>,
        label: Field<CStr>,
        done: bool,
    }

    impl Plugin for Watcher {
        const NAME: &'static CStr = c"watcher";
        const DESCRIPTION: &'static CStr = c"looks at threads";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"0.1.0";
        type Config = ();

        fn new(init: &mut Init<'_>, (): ()) -> Result<Self, Error> {
            let tables = init.tables()?;
            let threads = tables.get::<i64>(c"threads")?;
            let args = threads.field(tables, c"args")?;
            let fds = threads.field(tables, c"file_descriptors")?;
            Ok(Self {
                comm: threads.field(tables, c"comm")?,
                cwd: threads.field(tables, c"cwd")?,
                arg: threads.sub_field(tables, &args, c"value")?,
                fd_name: threads.sub_field(tables, &fds, c"name")?,
                count: threads.add_field(tables, c"watched")?,
                label: threads.add_field(tables, c"label")?,
                args,
                fds,
                threads,
                done: false,
            })
        }
    }

    impl Parse for Watcher {
        fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
            let (reader, writer) = (&cx.tables, &cx.writer);
            let tid = cx.event.tid().cast_signed();
            let Some(thread) = self.threads.entry(reader, tid) else { return Ok(()) };
            let count = thread.read(&self.count)?;
            thread.write(writer, &self.count, count + 1)?;
            if count == 0 {
                thread.write(writer, &self.label, c"new")?;
            }
            if self.done || count < 20 {
                return Ok(());
            }
            self.done = true;
            let mut seen = SEEN.lock().expect("not poisoned");
            let args = thread.table(&self.args)?;
            let first = args.entry(reader, 0).map(|a| a.read(&self.arg).map(|t| t.to_string_lossy().into_owned()));
            seen.push(format!("first argument of {:?}: {:?}", thread.read(&self.comm)?, first.transpose()?));
            seen.push(format!("label {:?}, count {}", thread.read(&self.label)?, thread.read(&self.count)?));
            seen.push(format!("cwd written: {}", thread.write(writer, &self.cwd, c"/x").is_ok()));
            let fds = thread.table(&self.fds)?;
            let mut names = 0;
            fds.for_each(reader, |fd| {
                names += u32::from(fd.read(&self.fd_name).is_ok());
                true
            })?;
            seen.push(format!("all descriptors read: {}", u64::from(names) == fds.size(reader)?));
            drop(thread);
            let before = self.threads.size(reader)?;
            let made = self.threads.create(reader, writer)?;
            made.set(&self.comm, c"made")?;
            drop(made.insert(4_000_000)?);
            let made = self.threads.entry(reader, 4_000_000).map(|t| t.read(&self.comm).map(CStr::to_owned));
            seen.push(format!("made {:?}, {} more", made.transpose()?, self.threads.size(reader)? - before));
            self.threads.erase(writer, 4_000_000)?;
            seen.push(format!(
                "{} more, again erased: {}",
                self.threads.size(reader)? - before,
                self.threads.erase(writer, 4_000_000).is_ok()
            ));
            Ok(())
        }
    }

    export_plugin!(Watcher: parse);
}

#[test]
fn other_plugins_read_and_extend_the_threads() {
    let Some(capture) = captures(&["own"]).into_iter().find(|c| c.ends_with("container-info.scap.gz")) else { return };
    let set = set_with(&[&PLUGIN_API, &watcher::PLUGIN_API]);
    assert!(set.tables().iter().any(|(name, _)| name == "threads"));
    let mut inspector = inspect(set, &capture);
    let (pump, plugins) = inspector.parts();
    loop {
        match pump.next().unwrap_or_else(|e| panic!("{e}")) {
            Pull::Event(event) => plugins.parse(&event),
            Pull::Idle { .. } => {}
            Pull::End => break,
        }
    }
    assert!(plugins.faults().is_empty());
    let seen = watcher::SEEN.lock().expect("not poisoned").join("\n");
    println!("{seen}");
    assert!(seen.contains("label \"new\", count 21"), "{seen}");
    assert!(seen.contains("cwd written: false"), "{seen}");
    assert!(seen.contains("all descriptors read: true"), "{seen}");
    assert!(seen.contains("made Some(\"made\"), 1 more"), "{seen}");
    assert!(seen.contains("0 more, again erased: false"), "{seen}");
}

struct NoArguments;

impl ArgResolver for NoArguments {
    fn resolve(&self, _: FieldId, _: &str) -> Result<Option<FieldType>, String> {
        Ok(None)
    }
}

/// xorshift64*: the same conditions on every machine.
struct Random(u64);

impl Random {
    fn pick<'a>(&mut self, of: &'a [String]) -> &'a str {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        &of[(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % of.len()]
    }

    fn condition(&mut self, names: &[String], depth: u32) -> String {
        let forms = [
            "evt.type = A",
            "evt.type != A",
            "evt.type in (A, B, mkdir)",
            "not evt.type in (A, B)",
            "syscall.type = A",
            "syscall.type != A",
            "syscall.type in (A, B)",
            "evt.arg.ID = A",
            "evt.arg[ID] in (A, B)",
            "evt.arg.ID != A",
            "evt.type startswith A",
            "evt.type exists",
            "proc.name = main",
            "(C and C)",
            "(C or C)",
            "(C or C)",
            "(C and not C)",
            "not (C and C)",
            "not (C or C)",
        ];
        let simple = forms.iter().take_while(|form| !form.contains("C ")).count();
        let forms: Vec<String> =
            forms[..if depth == 0 { simple } else { forms.len() }].iter().map(|f| (*f).to_owned()).collect();
        let form = self.pick(&forms).to_owned();
        let mut text = String::new();
        for letter in form.chars() {
            match letter {
                'A' | 'B' => text.push_str(self.pick(names)),
                'C' => text.push_str(&self.condition(names, depth - 1)),
                other => text.push(other),
            }
        }
        text
    }
}

/// What the kernel is asked for is decided by conditions alone: nothing that one holds for may be missing there.
#[test]
fn what_a_condition_asks_for_has_every_event_that_it_holds_for() {
    let generic = || SYSCALLS.iter().filter(|call| call.kind == SyscallKind::Generic);
    let made = generic().map(|call| json!({"generic": {"syscall": call.name}}));
    let others = ["mkdir", "kill", "openat", "close", "read", "setuid", "dup2"].map(|name| json!({ name: {} }));
    let steps: Vec<serde_json::Value> = made.chain(others).collect();
    let world = json!({"processes": [{"as": "main", "exe": "/usr/bin/main"}]});
    let recording = lanner_script::record(&world, &steps).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &recording.bytes).unwrap();

    let set = set_with(&[&PLUGIN_API]);
    let fields = set.get(SYSCALL).unwrap().info().fields.clone();
    let mut builder = Builder::new("syscall", true, &[]).unwrap();
    builder.plugin(SYSCALL, "syscall", &fields).unwrap();
    builder.events(&[]).unwrap();
    let hosts = Arc::new(lookup::Hosts::default());
    let scheme = builder.build(Arc::new(NoArguments), hosts, Arc::new(lookup::Services::default()));
    let mut names: Vec<String> = generic().step_by(9).map(|call| call.name.to_owned()).collect();
    names.extend(["openat", "kill", "close"].map(str::to_owned));
    let mut random = Random(4_242);
    let mut filters = Vec::new();
    for _ in 0..400 {
        let text = random.condition(&names, 3);
        let condition = Filter::check(&text, &scheme.scheme).unwrap_or_else(|error| panic!("{text}: {error}"));
        filters.push((text, Filter::new(&condition, &scheme, &set).unwrap()));
    }
    let wishes: Vec<Wish> = filters.iter().map(|(_, filter)| filter.wish()).collect();
    let few =
        wishes.iter().filter(|wish| wish.wanted().calls.is_some_and(|calls| (1..20).contains(&calls.len()))).count();
    assert!(few > 60, "{few} conditions of 400 name their calls");

    let mut inspector = inspect(set, file.path());
    let mut context = Context::new("lab".into());
    let (mut events, mut held) = (0, 0);
    let (pump, plugins) = inspector.parts();
    loop {
        let event = match pump.next().unwrap() {
            Pull::Event(event) => event,
            Pull::Idle { .. } => continue,
            Pull::End => break,
        };
        plugins.parse(&event);
        if event.is_hidden() {
            continue;
        }
        context.see(event.ts());
        events += 1;
        let call = (event.ty() == EventType::GENERIC_X.0)
            .then(|| u16::from_le_bytes(Event::parse(event.bytes()).unwrap().param(0).unwrap().try_into().unwrap()));
        for ((text, filter), wish) in filters.iter_mut().zip(&wishes) {
            if filter.accepts(&event, plugins, &mut context) {
                let Wanted { codes, calls, .. } = wish.wanted();
                let of_call = call.is_none_or(|call| calls.is_none_or(|calls| calls.contains(&call)));
                assert!(codes.contains(&event.ty()) && of_call, "{text} holds for {} {call:?}", event.ty());
                held += 1;
            }
        }
    }
    assert!(events > 260 && held > 20_000, "{held} times on {events} events");
}
