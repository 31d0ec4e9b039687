//! One initialised plugin.

use std::sync::Arc;

use lanner_plugin_api::raw::{
    EventInput, FieldExtractInput, InitInput, InitTablesInput, PluginState, Rc, SetConfigInput,
};

use super::call;
use super::capability::Capabilities;
use super::config;
use super::direct;
use super::error::{Function, PluginError};
use super::event_set::{EventTypeSet, SourceSet, compatible};
use super::info::{PluginInfo, SYSCALL};
use super::library::LoadedLibrary;
use super::log::LogSink;
use super::metrics::{self, PluginMetric};
use super::owner::{Owner, get_owner_last_error, log_fn};
use super::tables::dispatch;
use super::tables::registry::{self, Registry};
use super::tables::scope::CallScope;
use super::text;
use super::version::Version;

/// What the host gives to all plugins.
#[derive(Clone)]
pub struct Services {
    /// Takes their log lines.
    pub log: Arc<dyn LogSink>,
}

/// One state of a plugin library, made by its `init`.
pub struct Plugin {
    pub(super) owner: Arc<Owner>,
    pub(super) extract_types: EventTypeSet,
    pub(super) parse_types: EventTypeSet,
    pub(super) extract_on: SourceSet,
    pub(super) parse_on: SourceSet,
    /// What every extraction is given; made once.
    pub(super) extract_input: FieldExtractInput,
    /// Calls of `parse_event` and `extract_fields` that failed; neither is fatal.
    pub(super) parse_failures: u64,
    pub(super) extract_failures: u64,
}

/// Event types that a plugin may list at most; a wild number must not make us read on.
const MAX_EVENT_TYPES: u32 = 4096;

impl Plugin {
    pub(super) fn init(
        library: &Arc<LoadedLibrary>,
        config: &str,
        registry: &Arc<Registry>,
        services: &Services,
    ) -> Result<Self, PluginError> {
        let info = library.info();
        let config = config::prepare(info, config)?;
        let api = library.api();
        let init = api
            .init
            .ok_or_else(|| PluginError::MissingSymbol { plugin: info.name.clone(), symbol: Function("init") })?;
        let owner = Owner::new(Arc::clone(library), Arc::clone(registry), Arc::clone(&services.log));

        let tables = InitTablesInput {
            list_tables: Some(registry::list_tables),
            get_table: Some(registry::get_table),
            add_table: Some(registry::add_table),
            fields: dispatch::FIELDS,
            fields_ext: dispatch::fields_ext(),
            reader_ext: dispatch::reader_ext(),
            writer_ext: dispatch::writer_ext(),
        };
        let uses_tables = info.capabilities.intersects(Capabilities::PARSING.union(Capabilities::EXTRACTION));
        let input = InitInput {
            config: config.as_ptr(),
            owner: owner.as_raw(),
            get_owner_last_error: Some(get_owner_last_error),
            tables: if uses_tables { &raw const tables } else { std::ptr::null() },
            log_fn: Some(log_fn),
        };
        // A plugin that forgets to set the code has failed.
        let mut rc = Rc::FAILURE;
        let state = {
            let _scope = CallScope::enter();
            // SAFETY: the input and what it points to outlive the call; the owner outlives the plugin.
            unsafe { init(&raw const input, &raw mut rc) }
        };
        owner.initialised(state);
        // From here on `plugin`'s drop gives back the state and the tables, whatever else happens.
        let mut plugin = Self {
            extract_input: direct::input(&owner),
            owner,
            extract_types: EventTypeSet::empty(),
            parse_types: EventTypeSet::empty(),
            extract_on: SourceSet::default(),
            parse_on: SourceSet::default(),
            parse_failures: 0,
            extract_failures: 0,
        };
        match rc {
            Rc::SUCCESS if state.is_null() => {
                return Err(PluginError::NullResult { plugin: info.name.clone(), function: Function("init") });
            }
            Rc::SUCCESS => {}
            Rc::FAILURE => return Err(plugin.init_error()),
            code => {
                return Err(PluginError::UnexpectedCode {
                    plugin: info.name.clone(),
                    function: Function("init"),
                    code,
                });
            }
        }
        if info.capabilities.contains(Capabilities::EXTRACTION) {
            plugin.extract_types =
                plugin.event_types(api.get_extract_event_types, "get_extract_event_types", &info.extract_sources)?;
        }
        if info.capabilities.contains(Capabilities::PARSING) {
            plugin.parse_types =
                plugin.event_types(api.get_parse_event_types, "get_parse_event_types", &info.parse_sources)?;
        }
        Ok(plugin)
    }

    fn init_error(&self) -> PluginError {
        let plugin = self.info().name.clone();
        match self.owner.last_error_text() {
            Some(text) => PluginError::Init { plugin, text },
            None => PluginError::FailureWithoutText { plugin, function: Function("init") },
        }
    }

    /// Which events the plugin wants to see: what it lists, or by default all if it has to do with system calls, or
    /// only plugin events.
    fn event_types(
        &self,
        get: Option<lanner_plugin_api::raw::EventTypesFn>,
        function: &'static str,
        sources: &[String],
    ) -> Result<EventTypeSet, PluginError> {
        if let Some(get) = get {
            let mut count = 0;
            let _scope = CallScope::enter();
            // SAFETY: the state is alive; the count outlives the call.
            let types = unsafe { get(&raw mut count, self.state()) };
            if !types.is_null() && count > 0 {
                if count > MAX_EVENT_TYPES {
                    return Err(PluginError::InvalidJson {
                        plugin: self.info().name.clone(),
                        function: Function(function),
                        reason: format!("{count} event types"),
                    });
                }
                // SAFETY: the plugin says that so many types stand there, valid until the next call.
                return Ok(unsafe { std::slice::from_raw_parts(types, count as usize) }.iter().copied().collect());
            }
        }
        Ok(if compatible(sources, SYSCALL) { EventTypeSet::all() } else { EventTypeSet::plugin_event() })
    }

    /// What the plugin says of itself.
    #[must_use]
    pub fn info(&self) -> &PluginInfo {
        self.owner.library().info()
    }

    /// The library that it was made from.
    #[must_use]
    pub fn library(&self) -> &Arc<LoadedLibrary> {
        self.owner.library()
    }

    /// Event types from which it extracts.
    #[must_use]
    pub fn extract_event_types(&self) -> &EventTypeSet {
        &self.extract_types
    }

    /// Event types that it parses.
    #[must_use]
    pub fn parse_event_types(&self) -> &EventTypeSet {
        &self.parse_types
    }

    /// Number of events on which parsing failed, and of extractions that failed.
    #[must_use]
    pub fn failures(&self) -> (u64, u64) {
        (self.parse_failures, self.extract_failures)
    }

    /// Number of routines that the plugin has running.
    #[must_use]
    pub fn routines(&self) -> usize {
        self.owner.routines.count()
    }

    pub(super) fn state(&self) -> *mut PluginState {
        self.owner.state()
    }

    pub(super) fn compatible_with(&mut self, index: u32, source: &str) {
        let info = self.owner.library().info();
        if info.capabilities.contains(Capabilities::EXTRACTION) && compatible(&info.extract_sources, source) {
            self.extract_on.insert(index);
        }
        if info.capabilities.contains(Capabilities::PARSING) && compatible(&info.parse_sources, source) {
            self.parse_on.insert(index);
        }
    }

    /// Gives the plugin a new configuration.
    ///
    /// # Errors
    /// [`PluginError::NotSupported`] if the plugin cannot take one; a configuration that its schema refuses; failure.
    pub fn set_config(&mut self, config: &str) -> Result<(), PluginError> {
        const FUNCTION: Function = Function("set_config");
        let config = config::prepare(self.info(), config)?;
        let api = self.library().api();
        let Some(set_config) = api.set_config else {
            return Err(PluginError::NotSupported { plugin: self.info().name.clone(), function: FUNCTION });
        };
        let input = SetConfigInput { config: config.as_ptr() };
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it; the input outlives the call.
        unsafe {
            let rc = set_config(self.state(), &raw const input);
            call::check(api, self.state(), &self.info().name, FUNCTION, rc)
        }
    }

    /// The plugin's metrics now; none if it has none.
    pub fn metrics(&mut self) -> Vec<PluginMetric> {
        let Some(get) = self.library().api().get_metrics else { return Vec::new() };
        let mut count = 0;
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it; the array is valid until the next call.
        unsafe {
            let metrics = get(self.state(), &raw mut count);
            metrics::copy(&self.info().name, metrics, count)
        }
    }

    /// Checks the plugin against the event schema that the source delivers. Only plugins that see events of the
    /// schema are asked; one that does not say what it needs needs 3.0.0.
    ///
    /// # Errors
    /// [`PluginError::IncompatibleEventSchema`], or an invalid version.
    pub fn check_event_schema(&self, available: Version) -> Result<(), PluginError> {
        let info = self.info();
        let sees =
            |capability, types: &EventTypeSet| info.capabilities.contains(capability) && !types.is_plugin_event_only();
        if !sees(Capabilities::PARSING, &self.parse_types) && !sees(Capabilities::EXTRACTION, &self.extract_types) {
            return Ok(());
        }
        let text = self.library().api().get_required_event_schema_version.and_then(|get| {
            // SAFETY: the state is alive and only this thread calls on it.
            unsafe { text::copy(get(self.state())) }
        });
        let required = match text {
            None => Version::new(3, 0, 0),
            Some(text) => Version::parse(&text).ok_or_else(|| PluginError::InvalidVersion {
                plugin: info.name.clone(),
                function: Function("get_required_event_schema_version"),
                text,
            })?,
        };
        available.satisfies(required).map_err(|reason| PluginError::IncompatibleEventSchema {
            plugin: info.name.clone(),
            required,
            available,
            reason,
        })
    }

    /// The plugin's text for an event of its source; `None` if it has none to give.
    pub(super) fn event_to_string(&mut self, input: &EventInput) -> Option<String> {
        let get = self.library().api().event_to_string?;
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it; the event outlives the call.
        unsafe { text::copy(get(self.state(), std::ptr::from_ref(input))) }
    }

    /// Lanner's JSON about the machine whose events are delivered, if the plugin has it.
    #[must_use]
    pub fn machine_info(&mut self) -> Option<String> {
        let get = self.library().api().lanner_get_machine_info?;
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it.
        unsafe { text::copy(get(self.state())) }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.owner.routines.purge();
        let state = self.state();
        if let (false, Some(destroy)) = (state.is_null(), self.library().api().destroy) {
            let _scope = CallScope::enter();
            // SAFETY: the state came from `init`, and this is the last call on it.
            unsafe { destroy(state) };
        }
        self.owner.end();
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("info", self.info()).finish_non_exhaustive()
    }
}
