//! What the host knows about the fields and events of one source. A [`Scheme`] is built once, frozen and shared;
//! everything later (checks, compiled sets, formats) refers to it by [`FieldId`].

mod events;
mod fields;
mod hooks;
mod types;

use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

pub use events::{Call, CallSet, Code, EventKind, EventNames, EventSet, NumberSet};
pub use fields::{ArgSpec, FieldFlags, FieldId, FieldInfo, Matching};
pub use hooks::{ArgResolver, EventFacts, HostLookup, NoHooks, OfFailure, ServiceLookup};
pub use types::{FieldType, PrintFormat, ValueClass};

/// Why a scheme could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    /// Two fields of one source have the same name.
    #[error("field '{0}' is defined twice for one source")]
    DuplicateField(Box<str>),
    /// The name is not parts of letters, digits and `_` joined by dots.
    #[error("'{0}' is not a valid field name")]
    InvalidName(Box<str>),
    /// The event code does not fit into an [`EventSet`].
    #[error("event code {0} is above {max}", max = EventSet::MAX_CODE)]
    EventCode(u16),
    /// The number of a call does not fit into a [`CallSet`].
    #[error("call number {0} is above {max}", max = CallSet::MAX_CODE)]
    CallNumber(u16),
}

/// Fields and events of one source, frozen.
pub struct Scheme {
    source: Box<str>,
    fields: Vec<FieldInfo>,
    by_name: HashMap<Box<str>, FieldId, FxBuildHasher>,
    events: EventNames,
    args: Arc<dyn ArgResolver + Send + Sync>,
    hosts: Arc<dyn HostLookup + Send + Sync>,
    services: Arc<dyn ServiceLookup + Send + Sync>,
    facts: Arc<dyn EventFacts + Send + Sync>,
}

impl std::fmt::Debug for Scheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheme").field("source", &self.source).field("fields", &self.fields.len()).finish()
    }
}

impl Scheme {
    /// Begins a scheme for the source of this name (`syscall`, `k8s_audit`, …).
    pub fn builder(source: &str) -> SchemeBuilder {
        SchemeBuilder {
            scheme: Scheme {
                source: source.into(),
                fields: Vec::new(),
                by_name: HashMap::default(),
                events: EventNames::default(),
                args: Arc::new(NoHooks),
                hosts: Arc::new(NoHooks),
                services: Arc::new(NoHooks),
                facts: Arc::new(NoHooks),
            },
        }
    }

    /// The source's name.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// All fields, in the order they were added; the index is the [`FieldId`].
    pub fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }

    /// The field of this id. Ids come from this scheme only.
    pub fn field(&self, id: FieldId) -> &FieldInfo {
        &self.fields[id.index()]
    }

    /// The field of exactly this name.
    pub fn find(&self, name: &str) -> Option<FieldId> {
        self.by_name.get(name).copied()
    }

    /// The field that `text` names, together with an argument written with a dot (`evt.arg.fd`), if that field allows it.
    pub fn find_dotted<'t>(&self, text: &'t str) -> Option<(FieldId, Option<&'t str>)> {
        if let Some(id) = self.find(text) {
            return Some((id, None));
        }
        let mut end = text.len();
        while let Some(dot) = text[..end].rfind('.') {
            if let Some(id) = self.find(&text[..dot])
                && self.field(id).arg.dotted
            {
                return Some((id, Some(&text[dot + 1..])));
            }
            end = dot;
        }
        None
    }

    /// The events of the source.
    pub fn events(&self) -> &EventNames {
        &self.events
    }

    /// The check of field arguments.
    pub fn args(&self) -> &dyn ArgResolver {
        &*self.args
    }

    /// The name resolver for fields that match by host.
    pub fn hosts(&self) -> &dyn HostLookup {
        &*self.hosts
    }

    /// What is certain about the events, for lints.
    pub fn facts(&self) -> &dyn EventFacts {
        &*self.facts
    }

    /// The services database, for port constants given by name.
    pub fn services(&self) -> &dyn ServiceLookup {
        &*self.services
    }
}

/// Builds a [`Scheme`].
pub struct SchemeBuilder {
    scheme: Scheme,
}

impl SchemeBuilder {
    /// Adds a field.
    ///
    /// # Errors
    /// [`SchemeError::DuplicateField`] and [`SchemeError::InvalidName`].
    pub fn field(&mut self, field: FieldInfo) -> Result<FieldId, SchemeError> {
        let id = FieldId::new(self.scheme.fields.len());
        let valid = field.name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if field.name.is_empty() || !valid {
            return Err(SchemeError::InvalidName(field.name));
        }
        if self.scheme.by_name.insert(field.name.clone(), id).is_some() {
            return Err(SchemeError::DuplicateField(field.name));
        }
        self.scheme.fields.push(field);
        Ok(id)
    }

    /// Adds one event code.
    ///
    /// # Errors
    /// [`SchemeError::EventCode`].
    pub fn event(&mut self, kind: EventKind) -> Result<(), SchemeError> {
        self.scheme.events.add(kind)
    }

    /// Adds a name that events of these codes can have beside the names of [`SchemeBuilder::event`]: a system call that
    /// is recorded as a generic event, an asynchronous event of a plugin.
    ///
    /// # Errors
    /// [`SchemeError::EventCode`].
    pub fn event_name(&mut self, name: &str, codes: &[u16]) -> Result<(), SchemeError> {
        self.scheme.events.add_name(name, codes)
    }

    /// Adds the name of a system call and the event codes that it is recorded as: what `syscall.type` knows.
    ///
    /// # Errors
    /// [`SchemeError::EventCode`].
    pub fn syscall(&mut self, name: &str, codes: &[u16]) -> Result<(), SchemeError> {
        self.scheme.events.add_syscall(name, codes)
    }

    /// Adds a system call that has no event code of its own, with the number by which its events are told from those of other
    /// such calls. A call that is not added is taken for any of them.
    ///
    /// # Errors
    /// [`SchemeError::CallNumber`].
    pub fn generic_call(&mut self, name: &str, number: u16) -> Result<(), SchemeError> {
        self.scheme.events.add_call(name, number)
    }

    /// Says that a field with this argument gives, for events of such calls, the name of the call, as `evt.type` does.
    pub fn call_field(&mut self, name: &str, arg: &str) -> &mut Self {
        self.scheme.events.add_call_field(name, arg);
        self
    }

    /// Sets the check of field arguments; without it the argument rules of [`ArgSpec`] are all.
    pub fn args(&mut self, hook: Arc<dyn ArgResolver + Send + Sync>) -> &mut Self {
        self.scheme.args = hook;
        self
    }

    /// Sets the host name resolver; without it no name resolves.
    pub fn hosts(&mut self, hook: Arc<dyn HostLookup + Send + Sync>) -> &mut Self {
        self.scheme.hosts = hook;
        self
    }

    /// Sets the services database; without it a port constant must be digits.
    pub fn services(&mut self, hook: Arc<dyn ServiceLookup + Send + Sync>) -> &mut Self {
        self.scheme.services = hook;
        self
    }

    /// Sets what is certain about the events; without it nothing is.
    pub fn facts(&mut self, hook: Arc<dyn EventFacts + Send + Sync>) -> &mut Self {
        self.scheme.facts = hook;
        self
    }

    /// Freezes the scheme.
    pub fn build(self) -> Arc<Scheme> {
        Arc::new(self.scheme)
    }
}
