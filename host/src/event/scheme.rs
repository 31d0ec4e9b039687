//! The scheme of one source: generic fields, fields of the configuration, fields of plugins, and the source's events.

use std::sync::Arc;

use lanner_engine::scheme::{
    ArgResolver, ArgSpec, EventKind, FieldFlags, FieldId, FieldInfo, FieldType, HostLookup, Matching, PrintFormat,
    Scheme, SchemeBuilder, SchemeError, ServiceLookup,
};
use lanner_plugin_api::schema::{EVENTS, EventStatus, EventType, SYSCALLS, SyscallKind};
use thiserror::Error;

use super::facts::{Depends, Facts, Outcome};
use super::generic::Generic;
use crate::plugin::{FieldMatch, FieldSpec, PluginIdx};

/// The source of system calls.
pub const SYSCALL: &str = "syscall";

/// Who answers for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The host, for events of any source.
    Generic(Generic),
    /// The configuration: always this text.
    Static(Box<str>),
    /// A plugin, by the number of the field in its list.
    Plugin(PluginIdx, u32),
}

/// A frozen scheme and who answers for each of its fields.
#[derive(Clone, Debug)]
pub struct SourceScheme {
    /// What the engine knows.
    pub scheme: Arc<Scheme>,
    /// Who answers, by position of the field.
    pub providers: Arc<[Provider]>,
}

/// A field list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FieldError {
    /// A plugin has a field that the source has already.
    #[error("Plugin '{plugin}' supports extraction of field '{field}' that is overlapping for source '{source_name}'")]
    Overlap {
        /// The plugin.
        plugin: String,
        /// The field.
        field: String,
        /// The source.
        source_name: String,
    },
    /// A field that the engine does not take.
    #[error("field of plugin '{plugin}': {error}")]
    Invalid {
        /// The plugin.
        plugin: String,
        /// Why.
        error: SchemeError,
    },
}

/// Collects what the events of one source can be asked for.
pub struct Builder {
    source: String,
    builder: SchemeBuilder,
    providers: Vec<Provider>,
    names: std::collections::HashSet<Box<str>>,
    depends: Vec<Option<Depends>>,
    outcomes: Vec<Option<Outcome>>,
}

impl Builder {
    /// A scheme that begins with the generic fields (if the source has events of its own) and the static ones.
    pub fn new(source: &str, generic: bool, static_fields: &[(String, String)]) -> Result<Self, FieldError> {
        let mut new = Self {
            source: source.to_owned(),
            builder: Scheme::builder(source),
            providers: Vec::new(),
            names: std::collections::HashSet::new(),
            depends: Vec::new(),
            outcomes: Vec::new(),
        };
        if generic {
            for (field, info) in Generic::table() {
                new.add("evt", info, Provider::Generic(field))?;
            }
        }
        for (name, value) in static_fields {
            let mut info = FieldInfo::new(&format!("static.{name}"), FieldType::Charbuf);
            info.class = "static".into();
            info.desc = "a constant from static_fields in the configuration".into();
            new.add("static_fields", info, Provider::Static(value.as_str().into()))?;
        }
        Ok(new)
    }

    fn add(&mut self, plugin: &str, info: FieldInfo, provider: Provider) -> Result<(), FieldError> {
        let name = info.name.clone();
        if !self.names.insert(name.clone()) {
            return Err(FieldError::Overlap {
                plugin: plugin.to_owned(),
                field: name.into(),
                source_name: self.source.clone(),
            });
        }
        let depends = Depends::of(&info.name).filter(|_| self.source == SYSCALL);
        let outcome = Outcome::of(&info.name).filter(|_| self.source == SYSCALL);
        self.builder.field(info).map_err(|error| FieldError::Invalid { plugin: plugin.to_owned(), error })?;
        self.providers.push(provider);
        self.depends.push(depends);
        self.outcomes.push(outcome);
        Ok(())
    }

    /// Adds the fields of a plugin.
    pub fn plugin(&mut self, plugin: PluginIdx, name: &str, fields: &[FieldSpec]) -> Result<(), FieldError> {
        fields.iter().try_for_each(|spec| self.add(name, field_info(spec), Provider::Plugin(plugin, spec.id)))
    }

    /// Adds the events: the whole table for system calls, else plugin events; `async_names` are the names of
    /// asynchronous events of the source's plugins.
    pub fn events(&mut self, async_names: &[String]) -> Result<(), SchemeError> {
        for event in EVENTS.iter().filter(|event| event.status != EventStatus::Unused) {
            let is_async = event.code == EventType::ASYNCEVENT_E;
            let generic = matches!(event.code, EventType::GENERIC_E | EventType::GENERIC_X);
            if self.source == SYSCALL || event.code.is_plugin_or_async() {
                self.builder.event(EventKind {
                    code: event.code.0,
                    name: event.name.into(),
                    dynamic: generic || is_async,
                    every_rule: is_async,
                })?;
            }
        }
        for name in async_names {
            self.builder.event_name(name, &[EventType::ASYNCEVENT_E.0])?;
        }
        if self.source == SYSCALL {
            for call in SYSCALLS.iter().filter(|call| call.kind != SyscallKind::None) {
                let codes: Vec<u16> = match call.kind {
                    SyscallKind::Generic => vec![EventType::GENERIC_E.0, EventType::GENERIC_X.0],
                    _ => call.enter.iter().chain(&call.exit).map(|code| code.0).collect(),
                };
                self.builder.syscall(call.name, &codes)?;
                if call.kind == SyscallKind::Generic {
                    self.builder.generic_call(call.name, call.code.0)?;
                }
            }
            // The only parameter by which generic events differ, as text.
            self.builder.call_field("evt.arg", "ID");
        }
        Ok(())
    }

    /// Freezes the scheme.
    pub fn build(
        mut self,
        args: Arc<dyn ArgResolver + Send + Sync>,
        hosts: Arc<dyn HostLookup + Send + Sync>,
        services: Arc<dyn ServiceLookup + Send + Sync>,
    ) -> SourceScheme {
        self.builder.args(args).hosts(hosts).services(services);
        if self.source == SYSCALL {
            self.builder.facts(Arc::new(Facts { fields: self.depends, outcomes: self.outcomes }));
        }
        SourceScheme { scheme: self.builder.build(), providers: self.providers.into() }
    }
}

impl SourceScheme {
    /// Who answers for a field.
    pub fn provider(&self, field: FieldId) -> Option<&Provider> {
        self.providers.get(field.index())
    }

    /// The text that suggested fields add to every output: ` foo_bar=%foo.bar …` without the leading blank.
    pub fn suggested(&self) -> Vec<String> {
        let fields = self.scheme.fields().iter().filter(|field| field.flags.contains(FieldFlags::FORMAT_SUGGESTED));
        fields.map(|field| format!("{}=%{}", field.name.replace('.', "_"), field.name)).collect()
    }
}

fn field_info(spec: &FieldSpec) -> FieldInfo {
    FieldInfo {
        name: spec.name.as_str().into(),
        class: spec.class.as_str().into(),
        desc: spec.desc.as_str().into(),
        display: spec.display.as_str().into(),
        ty: FieldType::from_number(spec.ty.0).unwrap_or(FieldType::None),
        list: spec.list,
        arg: ArgSpec { required: spec.arg.required, index: spec.arg.index, key: spec.arg.key, dotted: spec.arg.dotted },
        flags: FieldFlags::from_bits_truncate(spec.flags.bits()),
        format: match spec.format {
            crate::plugin::PrintFormat::Na => PrintFormat::Na,
            crate::plugin::PrintFormat::Dec => PrintFormat::Dec,
            crate::plugin::PrintFormat::Hex => PrintFormat::Hex,
            crate::plugin::PrintFormat::Oct => PrintFormat::Oct,
            crate::plugin::PrintFormat::Id => PrintFormat::Id,
            crate::plugin::PrintFormat::Dir => PrintFormat::Dir,
            crate::plugin::PrintFormat::Padded10 => PrintFormat::Padded10,
        },
        matching: match spec.matching {
            FieldMatch::One => Matching::One,
            FieldMatch::Any => Matching::Any,
            FieldMatch::Either => Matching::Either,
            FieldMatch::Host => Matching::Host,
        },
        provider: 0,
    }
}
