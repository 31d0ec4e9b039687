//! Rule files: loaded, checked, described, compiled for each source.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanner_engine::load::{
    self, AppendOutput, Diagnostic, ErrorCode, ItemKind, LoadResult, Loader, PluginInfo, Selector, Severity,
};
use lanner_engine::report::Report;
use serde_json::{Value, json};

use super::cli::Options;
use super::error::AppError;
use super::plugins::Library;
use super::process::print_stdout;
use super::sources::Group;
use crate::config::{Settings, builtin_rules};
use crate::log::{self, Level};

/// Loaded rules.
pub(crate) struct Rules(pub(super) Loader);

/// The text of `--rule-schema`.
pub(crate) fn schema() -> String {
    format!("{:#}\n", load::schema::schema())
}

/// A loader for the sources of these groups. `per_rule`: what has an error is left out, and every error is told.
pub(crate) fn loader(
    options: &Options,
    settings: &Settings,
    groups: &[Group],
    libraries: &[Library],
    per_rule: bool,
) -> Loader {
    let schemes = groups.iter().flat_map(|group| &group.sources).map(|source| Arc::clone(&source.scheme.scheme));
    let plugins = libraries.iter().map(|library| {
        let info = library.info();
        PluginInfo {
            name: info.name.clone(),
            version: info.version.to_string(),
            event_source: info.event_source().map(str::to_owned),
            field_sources: info.extract_sources.clone(),
            fields: info.fields.iter().map(|field| field.name.clone()).collect(),
            async_sources: info.async_sources.clone(),
            async_events: info.async_events.clone(),
        }
    });
    let mut append_output: Vec<AppendOutput> = settings.append_output.iter().map(append_entry).collect();
    // The short words once chose container details; the plugins suggest these themselves now.
    let text = options.print.as_deref().filter(|text| !matches!(*text, "c" | "container" | "k" | "kubernetes"));
    append_output.extend(text.map(|text| AppendOutput { text: Some(text.to_owned()), ..AppendOutput::default() }));
    Loader::new(load::Settings {
        plugins: plugins.filter(|plugin| plugin.name != crate::event::scheme::SYSCALL).collect(),
        threshold: settings.priority,
        append_output,
        per_rule,
        ..load::Settings::new(schemes.collect())
    })
}

fn append_entry(entry: &crate::config::AppendOutput) -> AppendOutput {
    let raw = entry.raw_fields.iter().map(|field| (field.clone(), None));
    let formatted = entry.formatted_fields.iter().map(|(key, format)| (key.clone(), Some(format.clone())));
    AppendOutput {
        source: entry.source.clone(),
        rule: entry.rule.clone(),
        tags: entry.tags.iter().cloned().collect(),
        text: entry.extra_output.clone(),
        fields: formatted.chain(raw).collect(),
        suggested: entry.suggested_output,
    }
}

/// The text of a rule file.
pub(crate) fn read(path: &Path) -> Result<String, AppError> {
    if let Some(text) = builtin_rules::text(path) {
        return Ok(text.to_owned());
    }
    let failed = |source| AppError::ReadRules { path: path.display().to_string(), source };
    let bytes = std::fs::read(path).map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The one of these names that is meant by a misspelt one, if one is near.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    load::similar(name, known.into_iter())
}

/// Checks documents of rule files against their schema. A fault is a word in the log, never an error. The validator is made for
/// the first document that needs one.
#[derive(Default)]
struct SchemaCheck(OnceCell<Option<jsonschema::Validator>>);

impl SchemaCheck {
    fn check(&self, document: &Value) -> Option<Vec<String>> {
        let validator = self.0.get_or_init(|| jsonschema::draft6::new(&load::schema::schema()).ok());
        let faults = validator.as_ref()?.iter_errors(document);
        Some(
            faults
                .map(|fault| format!("failed for <root>{}: {fault}", brackets(fault.instance_path().as_str())))
                .collect(),
        )
    }
}

/// `/0/enabled` as `[0][enabled]`.
fn brackets(pointer: &str) -> String {
    pointer.split('/').skip(1).map(|step| format!("[{step}]")).collect()
}

fn load_file(loader: &mut Loader, schema: &SchemaCheck, path: &Path) -> Result<LoadResult, AppError> {
    let text = read(path)?;
    Ok(loader.load_checked(&path.display().to_string(), &text, |document| schema.check(document)))
}

/// Loads the files one after the other and applies the configuration's `rules`. The first bad file ends it, unless
/// `rules_load: per_rule` asks for what is good.
pub(crate) fn load(
    files: &[PathBuf],
    options: &Options,
    settings: &Settings,
    groups: &[Group],
    libraries: &[Library],
) -> Result<Rules, AppError> {
    let mut loader = loader(options, settings, groups, libraries, settings.per_rule);
    let schema = SchemaCheck::default();
    log::info("Loading rules from:");
    let mut failed = None;
    let mut results = Vec::new();
    for path in files {
        let result = load_file(&mut loader, &schema, path)?;
        let validation = result.schema_validation();
        let level = if validation == "ok" { Level::Info } else { Level::Warning };
        log::write(level, format_args!("   {} | schema validation: {validation}", path.display()));
        let kept = settings.per_rule && !result.errors().any(is_about_the_file);
        if !result.successful() && !kept {
            failed = Some(AppError::Rules(result.text(loader.files())));
            break;
        }
        if result.successful() && result.has_warnings() {
            log::warning(result.text(loader.files()));
        }
        results.push(result);
    }
    // A plugin that is missing is the reason for most errors that go with it, so it is told instead of them.
    match loader.check_plugins() {
        Err(error) if settings.per_rule => log::warning(error),
        checked => checked.map_err(|error| AppError::Rules(error.to_string()))?,
    }
    if let Some(error) = failed {
        return Err(error);
    }
    if settings.per_rule {
        tell_left_out(&loader, &results);
    }
    for selection in &settings.rule_selection {
        let verb = if selection.enable { "Enabling" } else { "Disabling" };
        for (kind, value) in [("name", &selection.rule), ("tag", &selection.tag)] {
            if let Some(value) = value {
                log::info(format_args!("{verb} rules with {kind}: {value}"));
            }
        }
        let (rule, tag) = (selection.rule.clone(), selection.tag.clone());
        loader.select(Selector { enable: selection.enable, rule, tag });
    }
    Ok(Rules(loader))
}

/// Checks rule files as Falco does: `-V`. The verdict goes to stdout, and with an error also to stderr.
pub(crate) fn validate(
    files: &[String],
    options: &Options,
    settings: &Settings,
    groups: &[Group],
    libraries: &[Library],
) -> Result<(), AppError> {
    let mut loader = loader(options, settings, groups, libraries, false);
    let schema = SchemaCheck::default();
    log::info("Validating rules file(s):");
    files.iter().for_each(|file| log::info(format_args!("   {file}")));
    let mut results = Vec::new();
    let mut blocks = Vec::new();
    let mut good = true;
    for file in files {
        let result = load_file(&mut loader, &schema, Path::new(file))?;
        loader.check_plugins().map_err(|error| AppError::Rules(error.to_string()))?;
        good &= result.successful();
        results.push(result.json(loader.files()));
        let text = result.text(loader.files());
        if result.successful() && result.has_warnings() {
            blocks.push(format!("{file}: Ok, with warnings"));
            log::warning(text);
        } else {
            blocks.push(text);
        }
    }
    let rules = Rules(loader);
    let description = if good && options.describe.is_some() { Some(description(&rules, options)?) } else { None };
    let summary = blocks.join("\n");
    if settings.alerts.json {
        let mut object = json!({ "falco_load_results": results });
        if let (Value::Object(map), Some(description)) = (&mut object, description) {
            map.insert("falco_describe_results".into(), description);
        }
        print_stdout(&format!("{object}\n"));
    } else {
        print_stdout(&format!("{summary}\n"));
        if let Some(description) = description {
            print_stdout(&format!("\n{}", load::rules_table(&description)));
        }
    }
    if good { Ok(()) } else { Err(AppError::Rules(summary)) }
}

/// Whether an error leaves nothing of a file to go on with.
fn is_about_the_file(error: &Diagnostic) -> bool {
    error.context.kind() == ItemKind::RulesContent || error.severity == Severity::Error(ErrorCode::YamlParse)
}

/// Says what is wrong with what was left out, and how much that is.
fn tell_left_out(loader: &Loader, results: &[LoadResult]) {
    // Each error once: loading looks at everything anew after each file.
    let mut report = Report::new(loader.files(), results, Vec::new());
    report.errors_only();
    let left_out = loader.left_out();
    if report.findings().is_empty() {
        log::info(format_args!("{} rules are loaded (rules_load: per_rule)", loader.rules().len()));
        return;
    }
    log::warning(report.text(false));
    log::warning(format_args!(
        "{} rules are loaded, {} are left out because of errors (rules_load: per_rule): {}",
        loader.rules().len(),
        left_out.len(),
        left_out.join(", ")
    ));
}

fn description(rules: &Rules, options: &Options) -> Result<Value, AppError> {
    match options.describe.as_ref().and_then(Option::as_deref) {
        Some(name) => {
            rules.0.describe_rule(name).ok_or_else(|| AppError::Rules(format!("Rule \"{name}\" is not loaded")))
        }
        None => Ok(rules.0.describe()),
    }
}

/// The text of `-L` and `-l`, if one of them was given.
pub(crate) fn describe(rules: &Rules, options: &Options, settings: &Settings) -> Result<Option<String>, AppError> {
    if options.describe.is_none() {
        return Ok(None);
    }
    let description = description(rules, options)?;
    Ok(Some(if settings.alerts.json { format!("{description}\n") } else { load::rules_table(&description) }))
}
