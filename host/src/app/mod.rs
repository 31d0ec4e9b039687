//! The program: start-up as a list of steps, the event loop, and the end.

mod blind;
mod capture;
mod check;
pub mod cli;
mod compiled;
pub mod config_cmd;
mod configure;
mod crew;
mod drops;
mod enforce;
mod error;
mod evaluator;
pub mod explain;
mod fix;
pub mod k8saudit_cmd;
pub mod lists;
mod live;
mod lookout;
mod measure;
mod names;
mod plugins;
mod process;
mod record;
mod reload;
mod replay;
mod rules;
pub mod rules_cmd;
mod signals;
mod sources;
mod stats;
mod support;
mod systemd;
mod test;
mod timeouts;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use cli::{Action, ListFormat, Options, Parsed, ReplayView};
use configure::Configured;
pub use error::AppError;
use lists::versions::Versions;
use names::RuleNames;
use plugins::Library;
use process::{Job, print_stdout};
use rules::Rules;
use sources::Group;

use crate::config::{Engine, builtin_rules, rules_files, schema};
use crate::event::generic;
use crate::event::scheme::SYSCALL;
use crate::log;
use crate::memory::Tally;
use crate::source::Control;

/// The whole program: arguments in, exit code out.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let result = match cli::parse(args) {
        Ok(Parsed::Help(text)) => {
            print_stdout(&text);
            Ok(())
        }
        Ok(Parsed::Run(options)) => run(&options),
        Err(text) => Err(AppError::Usage(text)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, AppError::Differs) {
                eprintln!("Error: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// The steps, in Falco's order: what needs less comes first, so that it also works where more is missing.
fn run(options: &Options) -> Result<(), AppError> {
    if let Some(text) = built_in_list(&options.action) {
        print_stdout(&text);
        return Ok(());
    }
    if options.action == Action::Live {
        let (text, possible) = live::report();
        print_stdout(&text);
        return if possible { Ok(()) } else { Err(AppError::Unwatchable) };
    }
    if let Action::K8sAudit(command) = &options.action {
        return k8saudit_cmd::run(command);
    }
    if let Action::Config(command) = &options.action {
        return config_cmd::run(command, options);
    }
    let configured = configure::load(options).map_err(|error| match options.action {
        // 1 says that a test failed.
        Action::Test(_) => AppError::Cases(error.to_string()),
        _ => error,
    })?;
    if let Some(text) = versions(options, &configured)? {
        print_stdout(&text);
        return Ok(());
    }
    if let Some(text) = plugin_lists(options, &configured)? {
        print_stdout(&text);
        return Ok(());
    }
    if let Action::Rules(command) = &options.action {
        return rules_cmd::run(command, options, configured);
    }
    if let Action::Explain(args) = &options.action {
        return explain::run(args, options, configured);
    }
    if let Action::Replay { files, view } = &options.action {
        return replay_files(options, configured, files, view);
    }
    if let Action::Record(args) = &options.action {
        return record::run(args, options, configured);
    }
    if let Action::Test(test) = &options.action {
        return test::run(options, test, configured);
    }
    let libraries = plugins::load(&configured.settings)?;
    let groups = sources::build(&libraries, &configured.settings)?;
    if let Action::ListFields { source, names_only, format } = &options.action {
        print_stdout(&list_fields(&groups, &libraries, source.as_deref(), *names_only, options.verbose, *format)?);
        return Ok(());
    }
    let names = sources::source_names(&libraries);
    let replay = matches!(configured.settings.engine, Engine::Replay { .. });
    let selected = sources::select(&names, &options.enable_sources, &options.disable_sources, replay)?;
    if let Action::Validate { files } = &options.action {
        return rules::validate(files, options, &configured.settings, &groups, &libraries);
    }
    if let Action::Check(check) = &options.action {
        return check::check(check, options, &configured.settings, &groups, &libraries);
    }
    let files = rule_files(options, &configured, &libraries)?;
    let seen = reload::snapshot(&reload::entries(options, &configured));
    let mut taken = Tally::default();
    let rules = taken.over(|| rules::load(&files, options, &configured.settings, &groups, &libraries))?;
    if let Some(text) = rules::describe(&rules, options, &configured.settings)? {
        print_stdout(&text);
        return Ok(());
    }
    if options.action == Action::Support {
        let report = support::report(&options.cmdline, &configured, &files, &plugin_versions(&libraries));
        print_stdout(&format!("{report}\n"));
        return Ok(());
    }
    let start = Start { groups, selected: &selected, rules, taken, seen };
    process_events(options, &configured, start, &libraries, None)
}

/// Lists that need nothing but the program itself.
fn built_in_list(action: &Action) -> Option<String> {
    match action {
        Action::ConfigSchema => Some(format!("{:#}\n", schema::json_schema())),
        Action::RuleSchema => Some(rules::schema()),
        Action::Test(test) if test.schema => Some(format!("{:#}\n", crate::cases::schema::schema())),
        Action::IgnoredEvents => Some(lists::events::ignored()),
        Action::ListEvents { format } => Some(lists::events::render(*format)),
        _ => None,
    }
}

fn versions(options: &Options, configured: &Configured) -> Result<Option<String>, AppError> {
    match options.action {
        Action::Version if configured.settings.alerts.json => {
            let libraries = plugins::load(&configured.settings)?;
            Ok(Some(format!("{}\n", plugin_versions(&libraries).json())))
        }
        Action::Version => Ok(Some(Versions::default().text())),
        Action::PageSize => {
            // The only way there is without foreign code; every Linux has this file.
            let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
            let size = maps.lines().find_map(|line| line.strip_prefix("KernelPageSize:")).map(str::trim);
            let kilobytes = size.and_then(|text| text.split(' ').next()).and_then(|text| text.parse::<u64>().ok());
            Ok(Some(format!("Your system page size is: {} bytes\n", kilobytes.unwrap_or(4) * 1024)))
        }
        _ => Ok(None),
    }
}

fn plugin_versions(libraries: &[Library]) -> Versions {
    let version = |library: &Library| (library.info().name.clone(), library.info().version.to_string());
    Versions { plugins: libraries.iter().filter(|library| !library.is_own()).map(version).collect() }
}

fn plugin_lists(options: &Options, configured: &Configured) -> Result<Option<String>, AppError> {
    match &options.action {
        Action::PluginInfo { name } => plugins::info(name, &configured.settings).map(Some),
        Action::ListPlugins => {
            let mut libraries = plugins::load(&configured.settings)?;
            libraries.retain(|library| !library.is_own());
            Ok(Some(plugins::list(&libraries)))
        }
        _ => Ok(None),
    }
}

fn list_fields(
    groups: &[Group],
    libraries: &[Library],
    source: Option<&str>,
    names_only: bool,
    verbose: bool,
    format: ListFormat,
) -> Result<String, AppError> {
    let all = || groups.iter().flat_map(|group| &group.sources);
    if source.is_some_and(|wanted| all().all(|known| known.name != wanted)) {
        return Err(AppError::UnknownListSource);
    }
    let wanted = all().filter(|known| source.is_none_or(|wanted| known.name == wanted));
    let describe = |class: &str| {
        if class == generic::CLASS.0 {
            return generic::CLASS.1.to_owned();
        }
        let specs = libraries.iter().flat_map(|library| &library.info().fields);
        specs.filter(|spec| spec.class == class).map(|spec| spec.class_desc.clone()).next().unwrap_or_default()
    };
    let classes = lists::fields::classes(wanted.map(|source| &*source.scheme.scheme), describe);
    Ok(lists::fields::render(&classes, names_only, verbose, format))
}

/// The rule files: those of `-r`, or those configured that exist; where nobody says anything of any, those inside the program
/// for the sources that there are.
fn rule_files(
    options: &Options,
    configured: &Configured,
    libraries: &[Library],
) -> Result<Vec<std::path::PathBuf>, AppError> {
    let tree = &configured.loaded.tree;
    let named = tree.get("rules_files").is_some() || tree.get("rules_file").is_some();
    let entries = match &options.rules {
        rules if !rules.is_empty() => rules.clone(),
        _ if configured.loaded.main.is_empty() && !named && !matches!(options.action, Action::Process { .. }) => {
            vec![builtin_rules::DEFAULT.to_owned()]
        }
        _ if !named => builtin_rules::defaults(&giving(&configured.settings.engine, libraries)),
        _ => rules_files::existing(&configured.settings.rules_files),
    };
    if entries.is_empty() {
        return Err(AppError::NoRules);
    }
    log::debug("Configured rules filenames:");
    entries.iter().for_each(|entry| log::debug(format_args!("   {entry}")));
    Ok(rules_files::expand(&entries)?)
}

/// The sources that give events: system calls last, unless nothing delivers them.
fn giving<'l>(engine: &Engine, libraries: &'l [Library]) -> Vec<&'l str> {
    let mut sources: Vec<&str> = Vec::new();
    for library in libraries.iter().filter(|library| !library.is_own()) {
        sources.extend(library.info().event_source().filter(|source| !sources.contains(source)));
    }
    if *engine != Engine::NoDriver && !sources.contains(&SYSCALL) {
        sources.push(SYSCALL);
    }
    sources
}

/// The name under which this machine's alerts go out.
fn hostname() -> Arc<str> {
    if let Some(name) = std::env::var_os(process::HOSTNAME_VARIABLE) {
        let name = name.to_string_lossy().into_owned();
        log::info(format_args!("Hostname value has been overridden via environment variable to: {name}"));
        return name.into();
    }
    process::this_machine()
}

/// What has been made ready to process events.
struct Start<'s> {
    groups: Vec<Group>,
    selected: &'s [&'s str],
    rules: Rules,
    /// What loading them took.
    taken: Tally,
    /// What was in the files of the configuration.
    seen: reload::Snapshot,
}

fn process_events(
    options: &Options,
    configured: &Configured,
    start: Start<'_>,
    libraries: &[Library],
    view: Option<&ReplayView>,
) -> Result<(), AppError> {
    let Start { groups, selected, rules, mut taken, seen } = start;
    let settings = &configured.settings;
    if !settings.outputs.any() {
        return Err(AppError::NoOutput);
    }
    let hostname = hostname();
    if options.action == (Action::Process { dry_run: true }) {
        log::debug("Skipping event processing in dry-run");
        return Ok(());
    }
    let measure = measure::Measure::new(configured, &rules, &groups, &hostname);
    let names = Arc::new(RuleNames::default());
    let numbers = names.numbers(rules.0.rules());
    let plan = |capture| Arc::new(capture::Plan::new(capture, rules.0.rules(), &numbers));
    let captures = settings.capture.as_ref().map(plan);
    let text = view.and_then(|view| view.filter.as_deref());
    let mut filter = groups.first().map(|group| replay::filter(group, text)).transpose()?.flatten();
    let compiled::Compiled { mut groups, enforced } =
        taken.over(|| compiled::compile(&rules, &groups, settings, selected, &hostname, &names))?;
    groups.iter_mut().for_each(|group| group.filter = filter.take());
    if let (Some(view), [group]) = (view, &mut *groups) {
        for _ in 1..crew::size(view, settings, libraries) {
            let twins = sources::build_silent(libraries, settings)?;
            let filter = twins.first().map(|twin| replay::filter(twin, text)).transpose()?.flatten();
            let twin = compiled::compile(&rules, &twins, settings, selected, &hostname, &names)?.groups.pop();
            group.helpers.extend(twin.map(|twin| compiled::CompiledGroup { filter, ..twin }));
        }
    }
    let quiet = view.is_none_or(|view| view.quiet);
    if !matches!(settings.engine, Engine::Replay { .. }) {
        log::info(format_args!("Enabled event sources: {}", selected.join(", ")));
    }
    let sources = groups.len();
    // Who looks at captures wants one and the same look at all of them.
    let reload = view.is_none().then(|| reload::Base {
        options,
        libraries,
        selected: selected.iter().map(|&name| name.to_owned()).collect(),
        hostname: Arc::clone(&hostname),
        names: Arc::clone(&names),
        first: configured.loaded.tree.clone(),
        settings: settings.clone(),
        watch: settings.watch_config_files,
        enforced,
        entries: reload::entries(options, configured),
        seen,
        rules: reload::Outline::of(rules.0.rules()),
        twins: None,
        registry: measure.as_ref().map(|measure| Arc::clone(&measure.registry)),
    });
    taken.over(|| drop(rules));
    if let Some(measure) = &measure {
        measure.registry.set_rules_bytes(taken.bytes());
    }
    process::run(Job { options, settings, groups, rules: names, captures, quiet, sources, reload, measure })
}

/// `lanner replay`: each file from a clean state.
fn replay_files(
    options: &Options,
    mut configured: Configured,
    files: &[String],
    view: &ReplayView,
) -> Result<(), AppError> {
    let control = Arc::new(Control::default());
    let _signals = options.rules.is_empty().then(|| signals::listen(Arc::clone(&control), None)).transpose()?;
    for file in files {
        configured.settings.engine = Engine::Replay { capture_file: file.clone() };
        let libraries = plugins::load(&configured.settings)?;
        let groups = sources::build(&libraries, &configured.settings)?;
        if !options.rules.is_empty() {
            let names = sources::source_names(&libraries);
            let rule_files = rule_files(options, &configured, &libraries)?;
            let mut rule_options = options.clone();
            rule_options.print = view.print.clone();
            let rules = rules::load(&rule_files, &rule_options, &configured.settings, &groups, &libraries)?;
            let (taken, seen) = (Tally::default(), reload::Snapshot::new());
            let start = Start { groups, selected: &names, rules, taken, seen };
            process_events(&rule_options, &configured, start, &libraries, Some(view))?;
            continue;
        }
        let Some(group) = groups.first() else { return Err(AppError::NoSource) };
        let compiled = replay::View::compile(group, view)?;
        replay::show(compiled, group, file, &configured.settings.alerts, &control, view.quiet)?;
        if control.stopping() {
            break;
        }
    }
    Ok(())
}
