//! What a plugin says of itself before it is initialised.

use lanner_plugin_api::raw::{PluginApi, SchemaType};

use super::capability::Capabilities;
use super::error::{Function, PluginError};
use super::event_set::compatible;
use super::fields::{self, FieldSpec};
use super::text;
use super::version::Version;

/// The name of the source of system calls, which is the host's.
pub(super) const SYSCALL: &str = "syscall";

/// What kind of events a source plugin produces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventOrigin {
    /// Events of the schema, into the source "syscall".
    Syscall,
    /// Plugin events with this id, into this source.
    Own {
        /// Registered id, not 0.
        id: u32,
        /// Name of the source.
        source: String,
    },
}

/// Static information about a plugin.
#[derive(Clone, PartialEq, Debug)]
pub struct PluginInfo {
    /// Name, unique among the loaded plugins.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whom to ask.
    pub contact: String,
    /// Its version.
    pub version: Version,
    /// The plugin API that it was built for.
    pub required_api: Version,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it produces; `None` without the sourcing capability.
    pub origin: Option<EventOrigin>,
    /// Its fields; empty without the extraction capability.
    pub fields: Vec<FieldSpec>,
    /// Sources from whose events it extracts; empty means all.
    pub extract_sources: Vec<String>,
    /// Sources whose events it parses; empty means all.
    pub parse_sources: Vec<String>,
    /// Sources into which its async events go; empty means all.
    pub async_sources: Vec<String>,
    /// Names of its async events.
    pub async_events: Vec<String>,
    /// JSON schema of its configuration, if it has one.
    pub config_schema: Option<String>,
}

impl PluginInfo {
    /// The plugin's id: 0 unless it produces events of its own source.
    #[must_use]
    pub fn id(&self) -> u32 {
        match &self.origin {
            Some(EventOrigin::Own { id, .. }) => *id,
            _ => 0,
        }
    }

    /// The source that the plugin feeds, "syscall" included.
    #[must_use]
    pub fn event_source(&self) -> Option<&str> {
        match self.origin.as_ref()? {
            EventOrigin::Syscall => Some(SYSCALL),
            EventOrigin::Own { source, .. } => Some(source),
        }
    }

    /// Whether the plugin has to do with the events of `source`: it produces, extracts from, parses or adds to them.
    #[must_use]
    pub fn fits(&self, source: &str) -> bool {
        let has = |c| self.capabilities.contains(c);
        self.event_source() == Some(source)
            || has(Capabilities::EXTRACTION) && compatible(&self.extract_sources, source)
            || has(Capabilities::PARSING) && compatible(&self.parse_sources, source)
            || has(Capabilities::ASYNC) && compatible(&self.async_sources, source)
    }

    /// Reads everything. The version and the required symbols have been checked; `file` names the plugin in errors
    /// until its own name is known.
    pub(super) fn read(api: &PluginApi, required_api: Version, file: &str) -> Result<Self, PluginError> {
        let name = required_text(api.get_name, "get_name", file)?;
        let description = optional_text(api.get_description).unwrap_or_default();
        let contact = optional_text(api.get_contact).unwrap_or_default();
        let version = optional_text(api.get_version).unwrap_or_default();
        let version = Version::parse(&version).ok_or_else(|| PluginError::InvalidVersion {
            plugin: name.clone(),
            function: Function("get_version"),
            text: version,
        })?;
        let capabilities = Capabilities::resolve(api, &name)?;
        let origin = capabilities.contains(Capabilities::SOURCING).then(|| origin(api, &name)).transpose()?;

        let own = match &origin {
            Some(EventOrigin::Own { source, .. }) => Some(source.as_str()),
            _ => None,
        };
        let sources = |capability, function, name_of| -> Result<Vec<String>, PluginError> {
            if !capabilities.contains(capability) {
                return Ok(Vec::new());
            }
            let json = optional_text(function);
            let mut list = json.map_or(Ok(Vec::new()), |j| fields::names(&name, Function(name_of), &j))?;
            // A plugin with a source of its own always has to do with that source, and by default only with it.
            if let Some(own) = own.filter(|own| !list.iter().any(|s| s == own)) {
                list.push(own.to_owned());
            }
            Ok(list)
        };
        let extract_sources =
            sources(Capabilities::EXTRACTION, api.get_extract_event_sources, "get_extract_event_sources")?;
        let parse_sources = sources(Capabilities::PARSING, api.get_parse_event_sources, "get_parse_event_sources")?;
        let async_sources = sources(Capabilities::ASYNC, api.get_async_event_sources, "get_async_event_sources")?;

        let fields = if capabilities.contains(Capabilities::EXTRACTION) {
            let json = required_text(api.get_fields, "get_fields", &name)?;
            let details = optional_text(api.lanner_get_field_details);
            fields::parse(&name, &json, details.as_deref())?
        } else {
            Vec::new()
        };
        let async_events = if capabilities.contains(Capabilities::ASYNC) {
            let json = required_text(api.get_async_events, "get_async_events", &name)?;
            fields::names(&name, Function("get_async_events"), &json)?
        } else {
            Vec::new()
        };
        let config_schema = config_schema(api, &name)?;
        Ok(Self {
            name,
            description,
            contact,
            version,
            required_api,
            capabilities,
            origin,
            fields,
            extract_sources,
            parse_sources,
            async_sources,
            async_events,
            config_schema,
        })
    }
}

fn origin(api: &PluginApi, name: &str) -> Result<EventOrigin, PluginError> {
    // SAFETY: a function without arguments that the API allows at any time.
    let id = api.get_id.map_or(0, |f| unsafe { f() });
    let source = optional_text(api.get_event_source).unwrap_or_default();
    match (id, source.as_str()) {
        (0, "") => Ok(EventOrigin::Syscall),
        (0, _) | (_, "") => Err(PluginError::InconsistentSource { plugin: name.to_owned(), id, event_source: source }),
        (_, SYSCALL) => Err(PluginError::ReservedSource { plugin: name.to_owned() }),
        _ => Ok(EventOrigin::Own { id, source }),
    }
}

fn config_schema(api: &PluginApi, name: &str) -> Result<Option<String>, PluginError> {
    let Some(get) = api.get_init_schema else { return Ok(None) };
    let mut ty = SchemaType::NONE;
    // SAFETY: `ty` outlives the call.
    let schema = unsafe { get(&raw mut ty) };
    // SAFETY: a static text of the plugin.
    match (unsafe { text::copy(schema) }, ty) {
        (None, _) | (_, SchemaType::NONE) => Ok(None),
        (Some(schema), SchemaType::JSON) => Ok(Some(schema)),
        (Some(_), other) => {
            Err(PluginError::InvalidSchema { plugin: name.to_owned(), reason: format!("unknown schema type {other}") })
        }
    }
}

type StaticText = Option<lanner_plugin_api::raw::StaticTextFn>;

/// What a function without arguments says; `None` if it is missing or says nothing.
pub(super) fn optional_text(function: StaticText) -> Option<String> {
    // SAFETY: a function without arguments that the API allows at any time, and that returns a static text or null.
    function.and_then(|f| unsafe { text::copy(f()) })
}

pub(super) fn required_text(function: StaticText, name: &'static str, plugin: &str) -> Result<String, PluginError> {
    optional_text(function)
        .ok_or_else(|| PluginError::MissingText { plugin: plugin.to_owned(), function: Function(name) })
}
