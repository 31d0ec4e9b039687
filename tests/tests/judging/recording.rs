//! What is measured: a recording twice, the plugins that follow it and the rules that judge it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanner::event::extractor::Answers;
use lanner::event::lookup::{Hosts, Services};
use lanner::event::rules::RuleAlert;
use lanner::event::scheme::Builder;
use lanner::plugin::{LoadedLibrary, PluginIdx, PluginSet};
use lanner_engine::load::{Loader, Settings, SourceRules as Rules};
use lanner_engine::scheme::{ArgResolver, FieldId, FieldType};
use lanner_plugin_api::raw::PluginApi;
use lanner_plugin_api::wire::Event;
use lanner_syscall::capture::{CaptureReader, Head, Keep, Step};
use lanner_tests::plugins::empty_set;
use lanner_tests::program::{here, shared};

/// Every argument is fine.
struct Any;

impl ArgResolver for Any {
    fn resolve(&self, _: FieldId, _: &str) -> Result<Option<FieldType>, String> {
        Ok(None)
    }
}

/// All recordings of system calls.
pub(super) fn captures() -> Vec<PathBuf> {
    let folders = shared().map(|shared| ["own", "legacy"].map(|folder| shared.join("captures").join(folder)));
    let folders = folders.into_iter().flatten().chain([here().join("captures")]);
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.to_string_lossy().ends_with(".scap.gz")).collect();
    files.sort();
    files
}

/// The events of a recording twice, behind its state; and the time at which the second half begins.
pub(super) fn twice(capture: &Path) -> (Vec<u8>, u64) {
    let mut reader = CaptureReader::open(capture).unwrap();
    let Step::Section(state) = reader.step().unwrap() else { panic!("a state first") };
    let mut head = Head::plain(Vec::new()).unwrap();
    head.state(&state).unwrap();
    let mut events: Vec<(Vec<u8>, u16, bool)> = Vec::new();
    while let Step::Events(batch) = reader.step().unwrap() {
        let hidden = |flags: u32| flags & lanner_plugin_api::raw::EventMeta::HIDDEN != 0;
        events.extend(batch.bytes().zip(batch.meta()).map(|(b, m)| (b.to_vec(), m.cpu as u16, hidden(m.flags))));
    }
    let time = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let (first, last) = (time(&events[0].0), time(&events[events.len() - 1].0));
    let later = last - first + 1_000_000;
    let mut out = head.events();
    for shift in [0, later] {
        for (bytes, cpu, hidden) in &mut events {
            let shifted = (time(bytes) + shift).to_le_bytes();
            bytes[..8].copy_from_slice(&shifted);
            let event = Event::parse(bytes).unwrap();
            let keep = if *hidden && !event.event_type().is_hidden() { Keep::StateOnly } else { Keep::Whole };
            out.write(&event, *cpu, keep).unwrap();
        }
    }
    (out.finish().unwrap(), first + later)
}

/// The plugins, the source among them, and rules compiled for them.
pub(super) struct Compiled {
    pub(super) set: PluginSet,
    pub(super) source: PluginIdx,
    pub(super) rules: Rules,
    pub(super) answers: Answers,
}

/// Compiles rule files about system calls: name and text.
pub(super) fn compile(files: &[(String, String)]) -> Compiled {
    compile_for("syscall", &[&lanner_syscall::PLUGIN_API, &lanner_container::PLUGIN_API], &["container"], files)
}

/// Compiles rule files for a source: of these plugins, which have these asynchronous events, the first gives it.
pub(super) fn compile_for(
    source: &str,
    plugins: &[&'static PluginApi],
    async_events: &[&str],
    files: &[(String, String)],
) -> Compiled {
    let (mut set, _) = empty_set();
    let libraries: Vec<_> = plugins.iter().map(|api| LoadedLibrary::builtin(api).unwrap()).collect();
    let members: Vec<_> = libraries.iter().map(|library| (set.add(library, "").unwrap(), library)).collect();
    let mut builder = Builder::new(source, true, &[]).unwrap();
    for (plugin, library) in &members {
        builder.plugin(*plugin, &library.info().name, &library.info().fields).unwrap();
    }
    builder.events(&async_events.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    let scheme = builder.build(Arc::new(Any), Arc::new(Hosts::default()), Arc::new(Services::default()));
    let mut loader = Loader::new(Settings::new(vec![Arc::clone(&scheme.scheme)]));
    for (name, text) in files {
        let result = loader.load(name, text);
        assert!(result.successful(), "{}", result.text(loader.files()));
    }
    let rules = loader.source_rules(source).unwrap();
    let answers = Answers::prepare(rules.set.slots(), &scheme, &set).unwrap();
    Compiled { set, source: members[0].0, rules, answers }
}

/// The texts of the default rules.
pub(super) fn default_rules() -> Vec<(String, String)> {
    let read = |file: &str| std::fs::read_to_string(here().join(format!("../rules/syscall/{file}.yaml"))).unwrap();
    ["lanner_rules", "lanner_rules_incubating", "lanner_rules_recent", "lanner_rules_sandbox"]
        .map(|file| (file.to_owned(), read(file)))
        .into()
}

/// What the rules' alerts look like.
pub(super) fn alerts(rules: &Rules) -> Vec<RuleAlert> {
    let alert = |(id, rule): (usize, &Arc<lanner_engine::load::RuleSpec>)| RuleAlert {
        id,
        head: Arc::new(lanner::alert::RuleHead {
            rule: (&*rule.name).into(),
            source: (&*rule.source).into(),
            priority: rule.priority,
            tags: Vec::new(),
        }),
        output: rule.output.clone(),
        extra: Vec::new(),
        enforced: None,
    };
    rules.rules.iter().enumerate().map(alert).collect()
}
