//! Plugin libraries: loaded in the order of the configuration, listed, described.

use std::fmt::Write as _;
use std::sync::Arc;

use super::error::AppError;
use crate::config::{BaseSyscalls, PluginConfig, Settings};
use crate::event::scheme::SYSCALL;
use crate::log::{self, Level};
use crate::plugin::{
    BuiltIn, Capabilities, EventOrigin, LoadedLibrary, LogSink, PluginInfo, PluginSet, Services, Severity,
    load_with_fallback,
};

/// The plugins linked into the program. The first one owns the source of system calls and is always there.
pub(crate) const BUILT_IN: [BuiltIn; 7] = [
    BuiltIn { name: "syscall", api: &lanner_syscall::PLUGIN_API },
    BuiltIn { name: "container", api: &lanner_container::PLUGIN_API },
    BuiltIn { name: "json", api: &lanner_json::PLUGIN_API },
    BuiltIn { name: "k8saudit", api: &lanner_k8saudit::PLUGIN_API },
    BuiltIn { name: "k8smeta", api: &lanner_k8smeta::PLUGIN_API },
    BuiltIn { name: "cloudtrail", api: &lanner_cloudtrail::PLUGIN_API },
    BuiltIn { name: "gcpaudit", api: &lanner_gcpaudit::PLUGIN_API },
];

/// A library and how it was configured.
pub(crate) struct Library {
    /// Its entry in the configuration; the built-in source of system calls has one of its own making.
    pub config: PluginConfig,
    /// The loaded code.
    pub library: Arc<LoadedLibrary>,
}

impl Library {
    /// What the plugin says of itself.
    pub(crate) fn info(&self) -> &PluginInfo {
        self.library.info()
    }

    /// Whether it is the built-in source of system calls, which nobody configured.
    pub(crate) fn is_own(&self) -> bool {
        self.config.library.is_empty() && self.info().event_source() == Some(SYSCALL)
    }

    /// Whether it is the plugin of this name that is linked into the program.
    fn is_builtin(&self, name: &str) -> bool {
        self.library.path().is_none() && self.info().name == name
    }
}

/// Loads the library of one entry: the file, or the built-in of that name if there is no such file.
pub(crate) fn load_one(config: &PluginConfig) -> Result<Library, AppError> {
    let candidates = config.candidates();
    let library = load_with_fallback(&config.name, &candidates, &BUILT_IN)?;
    let version = &library.info().version;
    match (library.path(), candidates.iter().find(|path| path.exists())) {
        (Some(path), _) => {
            log::info(format_args!("Loaded plugin '{}@{version}' from file {}", config.name, path.display()));
        }
        (None, found) => {
            log::info(format_args!("Loaded plugin '{}@{version}' (built in)", config.name));
            if let Some(path) = found {
                log::warning(format_args!(
                    "{} is not loaded: this program is linked statically and uses the plugin '{}' inside it",
                    path.display(),
                    config.name
                ));
            }
        }
    }
    Ok(Library { config: config.clone(), library })
}

/// The source of system calls and the configured plugins, in this order.
pub(crate) fn load(settings: &Settings) -> Result<Vec<Library>, AppError> {
    let [syscall, ..] = BUILT_IN;
    let config = PluginConfig {
        name: syscall.name.to_owned(),
        library: String::new(),
        init_config: syscall_config(settings, false),
        open_params: String::new(),
    };
    let mut libraries = vec![Library { config, library: LoadedLibrary::builtin(syscall.api)? }];
    for config in &settings.plugins {
        let mut library = load_one(config)?;
        if let (true, Some(mb)) = (library.is_builtin(CONTAINER), settings.memory.and_then(|m| m.containers_mb)) {
            library.config.init_config = within(&library.config.init_config, mb);
        }
        libraries.push(library);
    }
    Ok(libraries)
}

/// The plugin that shares in `memory.limit_mb` beside the source of system calls.
const CONTAINER: &str = "container";

/// The configuration of a plugin with `memory_mb` set to its share, unless it asks for less itself. What is no map is left as it
/// is: the plugin says what is wrong with it.
fn within(init_config: &str, mb: u64) -> String {
    let text = if init_config.trim().is_empty() { "{}" } else { init_config };
    let Ok(serde_json::Value::Object(mut keys)) = serde_json::from_str(text) else { return init_config.to_owned() };
    let own = keys.get("memory_mb").and_then(serde_json::Value::as_u64).filter(|own| *own > 0);
    keys.insert("memory_mb".to_owned(), own.map_or(mb, |own| own.min(mb)).min(u64::from(u32::MAX)).into());
    serde_json::Value::Object(keys).to_string()
}

/// The configuration of the plugin of system calls. `base`: with `base_syscalls`, which at the start comes with how the source is
/// opened.
pub(crate) fn syscall_config(settings: &Settings, base: bool) -> String {
    let mut config = serde_json::json!({
        "buffer_format_base64": settings.alerts.base64_buffers,
        "thread_table_size": settings.thread_table_size,
        "memory_mb": settings.memory.and_then(|memory| memory.state_mb).unwrap_or(0).min(u64::from(u32::MAX)),
    });
    if let (true, serde_json::Value::Object(keys)) = (base, &mut config) {
        let BaseSyscalls { custom_set, repair, all } = &settings.live.base;
        let value = serde_json::json!({ "custom_set": custom_set, "repair": repair, "all": all });
        keys.insert("base_syscalls".to_owned(), value);
    }
    config.to_string()
}

/// Adds the built-in plugins that are not configured, for commands that are about rules of any source.
pub(crate) fn add_built_in(settings: &mut Settings) {
    for built_in in BUILT_IN.iter().skip(1) {
        let known = settings.plugins.iter().any(|config| config.name == built_in.name);
        if !known {
            settings.plugins.push(PluginConfig {
                name: built_in.name.to_owned(),
                library: format!("lib{}.so", built_in.name),
                init_config: String::new(),
                open_params: String::new(),
            });
        }
    }
}

/// What plugins get from the host: their log lines come out with ours, above the threshold of `libs_logger`.
pub(crate) fn services() -> Services {
    let sink = |component: &str, message: &str, severity: Severity| {
        let level = match severity {
            Severity::FATAL => Level::Emergency,
            Severity::CRITICAL => Level::Critical,
            Severity::ERROR => Level::Error,
            Severity::WARNING => Level::Warning,
            Severity::NOTICE => Level::Notice,
            Severity::INFO => Level::Info,
            _ => Level::Debug,
        };
        log::of_plugin(level, component, message);
    };
    let log: Arc<dyn LogSink> = Arc::new(sink);
    Services { log }
}

/// The same for plugins that have nothing to say.
pub(crate) fn silent() -> Services {
    Services { log: Arc::new(|_: &str, _: &str, _: Severity| ()) }
}

/// The block of `--list-plugins` for one plugin.
pub(crate) fn describe(info: &PluginInfo) -> String {
    let mut out = format!(
        "Name: {}\nDescription: {}\nContact: {}\nVersion: {}\nCapabilities: \n",
        info.name, info.description, info.contact, info.version
    );
    if let Some(origin) = &info.origin {
        // Writing to a string does not fail.
        let _ = match origin {
            EventOrigin::Syscall => writeln!(out, "  - Event Sourcing (system events)"),
            EventOrigin::Own { id, source } => writeln!(out, "  - Event Sourcing (ID={id}, source='{source}')"),
        };
    }
    for (capability, name) in [
        (Capabilities::EXTRACTION, "Field Extraction"),
        (Capabilities::PARSING, "Event Parsing"),
        (Capabilities::ASYNC, "Async Events"),
    ] {
        if info.capabilities.contains(capability) {
            out.extend(["  - ", name, "\n"]);
        }
    }
    out
}

/// `--list-plugins`.
pub(crate) fn list(libraries: &[Library]) -> String {
    let blocks: Vec<String> = libraries.iter().map(|library| describe(library.info()) + "\n").collect();
    format!("{} Plugins Loaded:\n\n{}\n", libraries.len(), blocks.concat())
}

/// `--plugin-info`.
pub(crate) fn info(name: &str, settings: &Settings) -> Result<String, AppError> {
    let config = settings.plugins.iter().find(|config| config.name == name || config.library == name).cloned();
    let built_in = || {
        let known = BUILT_IN.iter().find(|built_in| built_in.name == name)?;
        let (library, open_params) = (String::new(), String::new());
        Some(PluginConfig { name: known.name.to_owned(), library, init_config: String::new(), open_params })
    };
    let config = config.or_else(built_in).ok_or_else(|| AppError::UnknownPlugin(name.to_owned()))?;
    let library = load_one(&config)?;
    let mut out = describe(library.info()) + "\n";
    match &library.info().config_schema {
        Some(schema) => out.extend(["Init config schema type: JSON\n", schema, "\n\n"]),
        None => out.push_str(
            "Init config schema type: Not available, plugin does not implement the init config schema \
             functionality\n\n\n",
        ),
    }
    let mut set = PluginSet::new(services());
    // Many plugins extend the table of threads and do not start without it.
    let [syscall, ..] = BUILT_IN;
    if config.name != syscall.name {
        set.add(&LoadedLibrary::builtin(syscall.api)?, "")?;
    }
    let index = set.add(&library.library, &config.init_config)?;
    if library.info().capabilities.contains(Capabilities::SOURCING) {
        let params = set.list_open_params(index)?;
        out.push_str(if params.is_empty() {
            "No suggested open params available: plugin has not been configured, or it does not implement the open params \
             suggestion functionality\n"
        } else {
            "Suggested open params:\n"
        });
        for param in params {
            let separator = if param.desc.is_empty() { "" } else { ": " };
            out.extend([param.value.as_str(), separator, &param.desc, "\n"]);
        }
        out.push('\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_memory_is_joined_to_what_the_user_configured() {
        assert_eq!(within("", 7), r#"{"memory_mb":7}"#);
        assert_eq!(within(r#"{"with_size":true}"#, 7), r#"{"memory_mb":7,"with_size":true}"#);
        assert_eq!(within(r#"{"memory_mb":3}"#, 7), r#"{"memory_mb":3}"#);
        assert_eq!(within(r#"{"memory_mb":0}"#, 7), r#"{"memory_mb":7}"#);
        assert_eq!(within(r#"{"memory_mb":9}"#, 7), r#"{"memory_mb":7}"#);
        assert_eq!(within("no map", 7), "no map");
    }
}
