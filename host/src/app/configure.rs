//! The first step: configuration read, log set up, what is doubtful named.

use std::path::{Path, PathBuf};

use super::cli::{Action, Options};
use super::error::AppError;
use super::lists::versions::Versions;
use crate::config::check::retired;
use crate::config::{self, Loaded, Settings, schema, show};
use crate::log::{self, Level};

/// Where a configuration is looked for when none is named; the second is Falco's, so that its users need not move it.
pub(crate) const DEFAULT_FILES: [&str; 2] = ["/etc/lanner/lanner.yaml", "/etc/falco/falco.yaml"];

/// The configuration of one run.
pub(crate) struct Configured {
    /// The tree and its files.
    pub loaded: Loaded,
    /// What it means.
    pub settings: Settings,
}

/// Reads the configuration and lets the log follow it.
pub(crate) fn load(options: &Options) -> Result<Configured, AppError> {
    let configured = read(options)?;
    let Configured { loaded, settings } = &configured;
    log::configure(&settings.log.how(settings.alerts.iso_8601));
    announce(options);
    remark(loaded, settings);
    if let Ok(version) = std::fs::read_to_string("/proc/version") {
        log::info(format_args!("System info: {}", version.trim()));
    }
    // The defaults are enough to watch the machine; who asks for something else has a configuration in mind.
    let enough = matches!(options.action, Action::Replay { .. } | Action::Process { .. }) || options.config_optional;
    if loaded.main.is_empty() && !enough && options.rules.is_empty() {
        return Err(AppError::NoConfig(DEFAULT_FILES[1]));
    }
    Ok(configured)
}

/// Reads the configuration. Without a file the defaults hold, if what is asked for can do without one.
pub(crate) fn read(options: &Options) -> Result<Configured, AppError> {
    let file = find(options)?;
    let mut settings_over = options.settings.clone();
    let built_in = if file.is_none() { built_in_defaults(options) } else { Vec::new() };
    if let Action::Replay { files, .. } = &options.action {
        settings_over.push("engine.kind=replay".into());
        settings_over.push(format!("engine.replay.capture_file={}", files.first().map_or("", String::as_str)));
        settings_over.push("stdout_output.enabled=true".into());
    }
    let loaded = config::load(file.as_deref(), &built_in, &settings_over)?;
    let mut settings = Settings::read(&loaded)?;
    if options.unbuffered {
        settings.outputs.buffered = false;
    }
    Ok(Configured { loaded, settings })
}

/// What holds when there is no file: warnings on stderr, alerts on stdout, the container plugin, its fields in outputs.
pub(crate) fn built_in_defaults(options: &Options) -> Vec<String> {
    // What is doubtful about rules is the business of `lanner check`, not of those who look at them.
    let level = match options.action {
        _ if options.verbose => "info",
        Action::Explain(_) | Action::Rules(_) => "error",
        _ => "warning",
    };
    let mut defaults = vec![
        "log_stderr=true".to_owned(),
        format!("log_level={level}"),
        "log_syslog=false".to_owned(),
        "stdout_output.enabled=true".to_owned(),
        "engine.kind=modern_ebpf".to_owned(),
        "plugins[0].name=container".to_owned(),
        "plugins[0].library_path=libcontainer.so".to_owned(),
        "append_output[0].suggested_output=true".to_owned(),
    ];
    if matches!(options.action, Action::Check(_) | Action::ListFields { source: Some(_), .. }) {
        // Rules are checked, and fields listed, for every source there is; nothing is opened.
        for (i, name) in ["k8saudit", "cloudtrail", "gcpaudit", "json", "k8smeta"].into_iter().enumerate() {
            defaults.push(format!("plugins[{}].name={name}", i + 1));
            defaults.push(format!("plugins[{}].library_path=lib{name}.so", i + 1));
        }
    }
    defaults
}

pub(crate) fn find(options: &Options) -> Result<Option<PathBuf>, AppError> {
    match &options.config {
        Some(path) if Path::new(path).is_file() => Ok(Some(path.into())),
        Some(path) => Err(AppError::NoSuchConfig(path.clone())),
        // The subcommands mean the same on every machine: they take a configuration only when told so.
        None if options.config_optional && !matches!(options.action, Action::Version | Action::Config(_)) => Ok(None),
        None => Ok(DEFAULT_FILES.iter().map(PathBuf::from).find(|path| path.is_file())),
    }
}

fn announce(options: &Options) {
    for text in &options.deprecations {
        log::warning(text);
    }
    log::info(format_args!("Lanner version: {} ({})", Versions::PROGRAM, std::env::consts::ARCH));
    log::debug(format_args!("CLI args: {}", options.cmdline));
}

/// Names the files and says what of them is doubtful.
pub(crate) fn remark(loaded: &Loaded, settings: &Settings) {
    if !loaded.files.is_empty() {
        log::info("Lanner initialized with configuration files:");
    }
    for (file, validation) in &loaded.files {
        let level = if *validation == schema::Validation::Ok { Level::Info } else { Level::Warning };
        log::write(level, format_args!("   {file} | schema validation: {validation}"));
    }
    if settings.deprecated_rules_file {
        log::warning(
            "Using deprecated config key 'rules_file' (singular form). Please use new 'rules_files' config key (plural \
             form).",
        );
    }
    for text in retired::told(loaded) {
        log::warning(text);
    }
    for entry in &settings.append_output {
        if let (Some(rule), false) = (&entry.rule, entry.tags.is_empty()) {
            let tags = entry.tags.join(", ");
            log::warning(format_args!(
                "An append_output entry names both a rule ({rule}) and tags ({tags}): it applies only to that rule, and \
                 only if the rule has all of the tags"
            ));
        }
    }
}

/// The merged configuration as one line of JSON, for `--support`, which is sent to others: without secrets.
pub(crate) fn dump(loaded: &Loaded) -> String {
    show::without_secrets(loaded).to_text_json().to_string()
}
