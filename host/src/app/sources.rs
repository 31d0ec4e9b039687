//! Event sources: which plugins serve which one, and what its events can be asked for.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lanner_engine::scheme::{ArgResolver, FieldId, FieldType, HostLookup, ServiceLookup};

use super::error::AppError;
use super::plugins::{Library, services, silent};
use crate::config::{Engine, Settings};
use crate::event::lookup;
use crate::event::scheme::{Builder, Provider, SYSCALL, SourceScheme};
use crate::plugin::{Capabilities, PluginIdx, PluginSet, Services};

/// Initialised plugins that look at the same events, and the sources they serve: a replay has one such group for all
/// sources, live operation one for each.
pub(crate) struct Group {
    /// The plugins; taken out when a source is opened.
    pub plugins: Arc<Mutex<Option<PluginSet>>>,
    /// The sources, by position in the set's own list.
    pub sources: Vec<Source>,
}

/// One source.
pub(crate) struct Source {
    /// Its name.
    pub name: String,
    /// Its position among the sources of its group's plugins.
    pub index: u32,
    /// Its fields and events.
    pub scheme: SourceScheme,
    /// The plugin that gives its events and the parameters to open it with, if there is one.
    pub input: Option<(PluginIdx, String)>,
}

/// Initialises the plugins and builds the schemes.
pub(crate) fn build(libraries: &[Library], settings: &Settings) -> Result<Vec<Group>, AppError> {
    build_with(libraries, settings, &services())
}

/// The same once more, with plugins that see the same events as the first ones and have nothing to add to what those say.
pub(crate) fn build_silent(libraries: &[Library], settings: &Settings) -> Result<Vec<Group>, AppError> {
    build_with(libraries, settings, &silent())
}

fn build_with(libraries: &[Library], settings: &Settings, services: &Services) -> Result<Vec<Group>, AppError> {
    let names = source_names(libraries);
    let hooks = Hooks { hosts: Arc::new(lookup::Hosts::default()), services: Arc::new(lookup::Services::default()) };
    let replay = matches!(settings.engine, Engine::Replay { .. });
    let wanted: Vec<Vec<&str>> =
        if replay { vec![names.clone()] } else { names.iter().map(|name| vec![*name]).collect() };
    let mut used = vec![false; libraries.len()];
    let mut groups = Vec::new();
    for group in wanted {
        groups.push(build_group(&group, replay, libraries, settings, (&hooks, services), &mut used)?);
    }
    match libraries.iter().zip(used).find(|(_, used)| !used) {
        Some((library, _)) => Err(AppError::UnusedPlugin(library.info().name.clone())),
        None => Ok(groups),
    }
}

/// `syscall`, then the plugins' own sources in the order of loading.
pub(crate) fn source_names(libraries: &[Library]) -> Vec<&str> {
    let mut names = vec![SYSCALL];
    for source in libraries.iter().filter_map(|library| library.info().event_source()) {
        if !names.contains(&source) {
            names.push(source);
        }
    }
    names
}

struct Hooks {
    hosts: Arc<dyn HostLookup + Send + Sync>,
    services: Arc<dyn ServiceLookup + Send + Sync>,
}

/// A plugin of a set, and the library that it is of.
pub(crate) type Member<'l> = (PluginIdx, &'l Library);

/// The plugins that serve any of the sources, initialised, in the order of loading: for the same sources always the same.
pub(crate) fn plugins<'l>(
    names: &[&str],
    libraries: &'l [Library],
    services: Services,
) -> Result<(PluginSet, Vec<Member<'l>>), AppError> {
    let mut set = PluginSet::new(services);
    let mut members = Vec::new();
    for library in libraries.iter().filter(|library| names.iter().any(|name| library.info().fits(name))) {
        members.push((set.add(&library.library, &library.config.init_config)?, library));
    }
    Ok((set, members))
}

fn build_group(
    names: &[&str],
    replay: bool,
    libraries: &[Library],
    settings: &Settings,
    (hooks, services): (&Hooks, &Services),
    used: &mut [bool],
) -> Result<Group, AppError> {
    let (set, members) = plugins(names, libraries, services.clone())?;
    for (library, used) in libraries.iter().zip(used) {
        *used |= names.iter().any(|name| library.info().fits(name));
    }
    let async_names: Vec<String> = set.async_event_names().into_iter().map(str::to_owned).collect();
    let plugins = Arc::new(Mutex::new(None));
    let mut sources = Vec::new();
    for name in names {
        let Some(index) = set.source(name) else { continue };
        let mut builder = Builder::new(name, true, &settings.static_fields)?;
        for (plugin, library) in &members {
            if set.extracts_from(*plugin, index) {
                builder.plugin(*plugin, &library.info().name, &library.info().fields)?;
            }
        }
        builder
            .events(&async_names)
            .map_err(|error| crate::event::scheme::FieldError::Invalid { plugin: (*name).to_owned(), error })?;
        let args = Arc::new(PluginArgs { plugins: Arc::clone(&plugins), providers: OnceLock::new() });
        let resolver: Arc<dyn ArgResolver + Send + Sync> = Arc::clone(&args) as _;
        let scheme = builder.build(resolver, Arc::clone(&hooks.hosts), Arc::clone(&hooks.services));
        // Set once, right here.
        let _ = args.providers.set(Arc::clone(&scheme.providers));
        // The built-in source of system calls reads captures or watches the kernel; without either it has nothing to give.
        let input = members.iter().find(|(_, library)| {
            let info = library.info();
            let gives = info.capabilities.contains(Capabilities::SOURCING) && info.event_source() == Some(*name);
            gives && (replay || settings.engine.is_live() || !library.is_own())
        });
        let input = input.map(|(plugin, library)| (*plugin, library.config.open_params.clone()));
        sources.push(Source { name: (*name).to_owned(), index: index.get(), scheme, input });
    }
    *plugins.lock().unwrap_or_else(PoisonError::into_inner) = Some(set);
    Ok(Group { plugins, sources })
}

/// Asks the plugins about arguments, as long as they are not busy with events.
struct PluginArgs {
    plugins: Arc<Mutex<Option<PluginSet>>>,
    providers: OnceLock<Arc<[Provider]>>,
}

impl ArgResolver for PluginArgs {
    fn resolve(&self, field: FieldId, arg: &str) -> Result<Option<FieldType>, String> {
        let provider = self.providers.get().and_then(|providers| providers.get(field.index()));
        let Some(Provider::Plugin(plugin, id)) = provider else { return Ok(None) };
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(plugins) = plugins.as_mut() else { return Ok(None) };
        let ty = plugins.resolve_field(*plugin, *id, arg).map_err(|error| error.to_string())?;
        Ok(ty.and_then(|ty| FieldType::from_number(ty.0)))
    }
}

/// Turns sources on and off as the command line says; a replay has all.
pub(crate) fn select<'s>(
    names: &[&'s str],
    enable: &[String],
    disable: &[String],
    replay: bool,
) -> Result<Vec<&'s str>, AppError> {
    if replay {
        return Ok(names.to_vec());
    }
    if !enable.is_empty() && !disable.is_empty() {
        return Err(AppError::MixedSources);
    }
    for (verb, list) in [("enabling", enable), ("disabling", disable)] {
        if let Some(name) = list.iter().find(|name| !names.contains(&name.as_str())) {
            return Err(AppError::UnknownSource { verb, name: name.clone() });
        }
    }
    let on = |name: &str| {
        let named = |list: &[String]| list.iter().any(|listed| listed == name);
        if enable.is_empty() { !named(disable) } else { named(enable) }
    };
    let selected: Vec<&str> = names.iter().copied().filter(|name| on(name)).collect();
    if selected.is_empty() { Err(AppError::NoSource) } else { Ok(selected) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(enable: &[&str], disable: &[&str]) -> Result<Vec<&'static str>, String> {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        select(&["syscall", "k8s_audit"], &own(enable), &own(disable), false).map_err(|error| error.to_string())
    }

    #[test]
    fn sources_are_switched_by_name() {
        assert_eq!(selected(&[], &[]), Ok(vec!["syscall", "k8s_audit"]));
        assert_eq!(selected(&["k8s_audit"], &[]), Ok(vec!["k8s_audit"]));
        assert_eq!(selected(&[], &["k8s_audit"]), Ok(vec!["syscall"]));
        assert_eq!(selected(&["x"], &[]), Err("Attempted enabling an unknown event source: x".into()));
        assert_eq!(
            selected(&["syscall"], &["k8s_audit"]),
            Err("You can not mix --enable-source and --disable-source".into())
        );
        assert_eq!(selected(&[], &["k8s_audit", "syscall"]), Err("Must enable at least one event source".into()));
    }

    #[test]
    fn a_replay_has_all_sources() {
        assert_eq!(select(&["a", "b"], &["x".into()], &[], true).unwrap(), ["a", "b"]);
    }
}
