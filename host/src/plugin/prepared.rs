//! Requests for fields, prepared once and used for every event.

use std::ffi::{CStr, CString};
use std::ptr;

use lanner_plugin_api::raw::{
    Bool, EventInput, ExtractField, ExtractFieldsFn, ExtractResult, FieldExtractInput, FieldType, FieldValue, NO_INDEX,
    Rc,
};

use super::argument::argument;
use super::capability::Capabilities;
use super::direct::{self, Direct};
use super::error::{FieldFault, Function, PluginError};
use super::event::EventRef;
use super::extract::{Kind, Value, Values};
use super::set::{PluginIdx, Plugins};
use super::tables::scope::CallScope;

/// Which field is wanted, and how.
#[derive(Clone, Copy, Debug)]
pub struct FieldRequest<'a> {
    /// Whose field.
    pub plugin: PluginIdx,
    /// Which: [`FieldSpec::id`](super::FieldSpec::id).
    pub field: u32,
    /// The argument's text, without brackets.
    pub arg: Option<&'a str>,
    /// The type wanted, if not the field's own: what [`Plugins::resolve_field`] told, or the address of a host field.
    pub ty: Option<FieldType>,
    /// All values rather than the scalar.
    pub list: bool,
}

/// The value of the flag by which upstream asks for a list. Any but zero means yes; this one is what plugins have seen.
const LIST: Bool = Bool(64);

/// Why there is no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absent {
    /// The event has none.
    None,
    /// It is on its way.
    Awaited,
    /// There may be one, and nobody who was asked knows it.
    Unknown,
}

impl Absent {
    /// What an answer without value says.
    pub(super) fn of(answer: FieldValue) -> Self {
        match answer {
            FieldValue::AWAITED => Self::Awaited,
            FieldValue::UNKNOWN => Self::Unknown,
            _ => Self::None,
        }
    }
}

/// A request ready to be asked for any number of events, by whichever thread has the plugins.
#[derive(Debug)]
pub struct Prepared {
    pub(super) plugin: PluginIdx,
    function: ExtractFieldsFn,
    field: u32,
    name: CString,
    arg_present: bool,
    key: Option<CString>,
    index: u64,
    pub(super) ty: FieldType,
    pub(super) kind: Kind,
    list: bool,
    pub(super) direct: Option<Direct>,
    thread_field: Option<CString>,
}

impl Prepared {
    pub(super) fn new(plugins: &Plugins, request: FieldRequest<'_>) -> Result<Self, PluginError> {
        let plugin = plugins.plugin(request.plugin);
        let info = plugin.info();
        let absent =
            || PluginError::CapabilityAbsent { plugin: info.name.clone(), capability: Capabilities::EXTRACTION };
        if !info.capabilities.contains(Capabilities::EXTRACTION) {
            return Err(absent());
        }
        let function = plugin.library().api().extract_fields.ok_or_else(absent)?;
        let fail = |field: &str, fault| PluginError::InvalidField {
            plugin: info.name.clone(),
            field: field.to_owned(),
            fault,
        };
        let spec = info
            .fields
            .get(request.field as usize)
            .ok_or_else(|| fail(&request.field.to_string(), FieldFault::NoSuchField))?;
        let ty = request.ty.unwrap_or(spec.ty);
        let kind = Kind::of(ty).map_err(|fault| fail(&spec.name, fault))?;
        // A plugin that checks arguments itself gets whatever text there is.
        let resolves = plugin.library().api().lanner_resolve_field.is_some();
        let (key, index) = argument(spec, request.arg, resolves).map_err(|text| PluginError::InvalidArgument {
            plugin: info.name.clone(),
            field: spec.name.clone(),
            text,
        })?;
        let c_string = |text: &str, what| {
            CString::new(text).map_err(|_| PluginError::NulInText { plugin: info.name.clone(), what })
        };
        let mut prepared = Self {
            plugin: request.plugin,
            function,
            field: request.field,
            name: c_string(&spec.name, "a field's name")?,
            arg_present: request.arg.is_some(),
            key: key.map(|key| c_string(key, "a field's argument")).transpose()?,
            index: index.unwrap_or(NO_INDEX),
            ty,
            kind,
            list: request.list,
            direct: None,
            thread_field: None,
        };
        prepared.direct = Direct::offer(plugin, &prepared.request())?;
        prepared.thread_field = prepared.direct.and_then(|direct| direct::thread_field(plugin, direct.handle));
        Ok(prepared)
    }

    /// The type of the values.
    #[must_use]
    pub fn ty(&self) -> FieldType {
        self.ty
    }

    /// Whose key of an event decides the value, if one does: see [`Plugins::event_keys`].
    #[must_use]
    pub fn key(&self) -> Option<(PluginIdx, u8)> {
        Some((self.plugin, self.direct?.key?))
    }

    /// The field of the event's thread that decides the value on events of system calls, if one does: see
    /// [`Plugins::thread_key`].
    #[must_use]
    pub fn thread_field(&self) -> Option<&CStr> {
        self.thread_field.as_deref()
    }

    /// Asks the plugin for the field of this event. `None` if the event has no such value, if it is none of the
    /// plugin's, or if the plugin fails, which is counted; a breach of the contract is noted in
    /// [`Plugins::faults`].
    pub fn extract<'p>(&self, plugins: &'p mut Plugins, event: &EventRef<'_>) -> Option<Values<'p>> {
        let event = self.input(plugins, event)?;
        match self.direct {
            Some(direct) => self.ask_directly(direct, plugins, &event).map(Values::one).ok(),
            None => self.ask_for_fields(plugins, &event),
        }
    }

    /// As [`Prepared::extract`], but hands each value to `put`, which costs less where there is one.
    ///
    /// # Errors
    /// Why there is none.
    #[inline]
    pub fn each(
        &self,
        plugins: &mut Plugins,
        event: &EventRef<'_>,
        mut put: impl FnMut(Value<'_>),
    ) -> Result<(), Absent> {
        let Some(event) = self.input(plugins, event) else { return Err(Absent::None) };
        if let Some(direct) = self.direct {
            return self.ask_directly(direct, plugins, &event).map(put);
        }
        self.ask_for_fields(plugins, &event).map(|values| values.iter().for_each(&mut put)).ok_or(Absent::None)
    }

    /// Whose field it is.
    #[must_use]
    pub fn plugin(&self) -> PluginIdx {
        self.plugin
    }

    /// Whether the values are texts.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.kind == Kind::Str
    }

    /// The event as the plugin gets it, if it has to do with it.
    #[inline]
    fn input(&self, plugins: &Plugins, event: &EventRef<'_>) -> Option<EventInput> {
        let source = event.source()?;
        let plugin = plugins.plugin(self.plugin);
        let concerned = plugin.extract_types.contains(event.ty()) && plugin.extract_on.contains(source.0);
        Some(event.input(plugins.source_name_ptr(source).filter(|_| concerned)?))
    }

    #[inline]
    fn ask_directly<'p>(
        &self,
        direct: Direct,
        plugins: &'p mut Plugins,
        event: &EventInput,
    ) -> Result<Value<'p>, Absent> {
        let plugin = plugins.plugin_mut(self.plugin);
        let answer = {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it; event and input outlive the call.
            unsafe { (direct.function)(plugin.state(), direct.handle, event, &raw const plugin.extract_input) }
        };
        if answer.data.is_null() {
            plugin.extract_failures += u64::from(answer == FieldValue::FAILED);
            return Err(Absent::of(answer));
        }
        // SAFETY: the plugin has just answered, with a value that stays valid until its next extraction; that needs
        // `plugins`, which the result borrows.
        match unsafe { direct::read(answer, self.ty, self.kind) } {
            Ok(value) => Ok(value),
            Err(fault) => {
                self.breach(plugins, fault);
                Err(Absent::None)
            }
        }
    }

    #[inline(never)]
    fn ask_for_fields<'p>(&self, plugins: &'p mut Plugins, event: &EventInput) -> Option<Values<'p>> {
        let plugin = plugins.plugin_mut(self.plugin);
        let mut field = self.request();
        let input = FieldExtractInput { num_fields: 1, fields: &raw mut field, ..plugin.extract_input };
        let rc = {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it; event and input outlive the call.
            unsafe { (self.function)(plugin.state(), event, &raw const input) }
        };
        if rc != Rc::SUCCESS {
            plugin.extract_failures += 1;
            if rc != Rc::FAILURE && rc != Rc::NOT_SUPPORTED {
                plugins.fault(self.plugin, |plugin| PluginError::UnexpectedCode {
                    plugin,
                    function: Function("extract_fields"),
                    code: rc,
                });
            }
            return None;
        }
        // What the plugin must not touch is ours again; the type decides how the answer is read.
        field.ftype = self.ty;
        // SAFETY: the plugin has just filled the answer, which stays valid until its next extraction; that needs
        // `plugins`, which the result borrows.
        match unsafe { Values::new(field, self.kind) } {
            Ok(values) => values,
            Err(fault) => {
                self.breach(plugins, fault);
                None
            }
        }
    }

    /// The request as `extract_fields` takes it.
    fn request(&self) -> ExtractField {
        ExtractField {
            res: ExtractResult { u64: ptr::null() },
            // Upstream leaves garbage here; a plugin that forgets to set it shall have no value.
            res_len: 0,
            field_id: self.field,
            field: self.name.as_ptr(),
            arg_key: self.key.as_ref().map_or(ptr::null(), |key| key.as_ptr()),
            arg_index: self.index,
            arg_present: Bool::from(self.arg_present),
            ftype: self.ty,
            flist: if self.list { LIST } else { Bool::FALSE },
        }
    }

    #[cold]
    pub(super) fn breach(&self, plugins: &mut Plugins, fault: FieldFault) {
        let field = self.name.to_string_lossy();
        plugins.fault(self.plugin, |plugin| PluginError::MalformedValue { plugin, field: field.into_owned(), fault });
    }
}
