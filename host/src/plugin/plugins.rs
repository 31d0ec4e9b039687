//! What the plugins of a set are asked while events flow: parsing, fields, texts, metrics.

use std::ffi::{CStr, CString, c_char};
use std::fmt::Write as _;
use std::mem::discriminant;

use lanner_plugin_api::raw::{FieldType, MAX_KEYS, PLUGINEVENT_E, Rc};

use super::direct;
use super::error::{EventFault, Function, PluginError};
use super::event::{self, EventRef};
use super::init::Plugin;
use super::log::Severity;
use super::metrics::PluginMetric;
use super::prepared::{FieldRequest, Prepared};
use super::set::{Fault, PluginIdx, PluginSet, Plugins, SourceIdx};
use super::tables::scope::CallScope;

impl Plugins {
    /// All plugins in order of loading.
    pub fn iter(&self) -> impl Iterator<Item = (PluginIdx, &Plugin)> {
        (0..).map(PluginIdx).zip(&self.plugins)
    }

    /// The plugin at that position.
    #[must_use]
    pub fn get(&self, index: PluginIdx) -> Option<&Plugin> {
        self.plugins.get(index.0 as usize)
    }

    /// The plugin at that position, to change its configuration, ask for metrics and the like.
    pub fn get_mut(&mut self, index: PluginIdx) -> Option<&mut Plugin> {
        self.plugins.get_mut(index.0 as usize)
    }

    /// The plugin of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PluginIdx> {
        self.iter().find(|(_, p)| p.info().name == name).map(|(index, _)| index)
    }

    /// A position that this set has given out.
    #[inline]
    pub(super) fn plugin(&self, index: PluginIdx) -> &Plugin {
        &self.plugins[index.0 as usize]
    }

    #[inline]
    pub(super) fn plugin_mut(&mut self, index: PluginIdx) -> &mut Plugin {
        &mut self.plugins[index.0 as usize]
    }

    /// Names of the sources by position.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &str> {
        self.sources.iter().map(|s| s.text.as_str())
    }

    /// The source of that name.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<SourceIdx> {
        (0..).map(SourceIdx).zip(&self.sources).find(|(_, s)| s.text == name).map(|(index, _)| index)
    }

    /// The name of a source.
    #[must_use]
    pub fn source_name(&self, source: SourceIdx) -> Option<&str> {
        self.sources.get(source.0 as usize).map(|s| s.text.as_str())
    }

    #[inline]
    pub(super) fn source_name_ptr(&self, source: SourceIdx) -> Option<*const c_char> {
        self.sources.get(source.0 as usize).map(|s| s.name.as_ptr())
    }

    /// The source to which an event belongs by its bytes: that of the plugin id in plugin events and async events, and
    /// "syscall" for all others and for id 0 in async events.
    pub(super) fn source_of(&self, bytes: &[u8]) -> Option<SourceIdx> {
        match event::plugin_id(bytes) {
            Some(0) if event::ty(bytes) == PLUGINEVENT_E => None,
            Some(0) => Some(SourceIdx::SYSCALL),
            Some(id) => (0..).map(SourceIdx).zip(&self.sources).find(|(_, s)| s.id == id).map(|(index, _)| index),
            None => Some(SourceIdx::SYSCALL),
        }
    }

    /// Whether fields of the plugin can have values on events of the source.
    #[must_use]
    pub fn extracts_from(&self, plugin: PluginIdx, source: SourceIdx) -> bool {
        self.get(plugin).is_some_and(|p| p.extract_on.contains(source.0))
    }

    /// Names of the async events of all plugins, in order, without repetition.
    #[must_use]
    pub fn async_event_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.plugins.iter().flat_map(|p| &p.info().async_events) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Names and key types of the state tables.
    #[must_use]
    pub fn tables(&self) -> Vec<(String, lanner_plugin_api::raw::StateType)> {
        let list = self.registry.list();
        list.into_iter().map(|(name, ty)| (CStr::to_string_lossy(&name).into_owned(), ty)).collect()
    }

    /// Makes an event of bytes that do not come from the open source: a test's, or one held back.
    ///
    /// # Errors
    /// Bytes that are no event.
    pub fn event<'a>(&self, bytes: &'a [u8], num: u64) -> Result<EventRef<'a>, EventFault> {
        let stated = bytes.get(16..20).and_then(|b| b.try_into().ok()).map(u32::from_ne_bytes);
        match stated {
            Some(len) if len as usize == bytes.len() && bytes.len() >= lanner_plugin_api::raw::EVENT_HEADER_LEN => {
                Ok(EventRef::new(bytes, num, 0, 0, self.source_of(bytes)))
            }
            _ => Err(EventFault::Length { len: stated.unwrap_or(0) }),
        }
    }

    /// Shows an event to all plugins that parse its type and source, in order of loading. Failures are counted.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "called in one place, where the event is in registers")]
    pub fn parse(&mut self, event: &EventRef<'_>) {
        let Some(source) = event.source() else { return };
        let Some(evtsrc) = self.source_name_ptr(source) else { return };
        let ty = event.ty();
        let input = event.input(evtsrc);
        let mut next = 0;
        while let Some(parser) = self.parsers.get(next) {
            next += 1;
            if parser.types.contains(ty) && self.plugins[parser.index].parse_on.contains(source.0) {
                let rc = {
                    let _scope = CallScope::enter();
                    // SAFETY: the plugin stands before us, so its state is alive, and only this thread calls on it;
                    // event and input outlive the call.
                    unsafe { (parser.function)(parser.state, &raw const input, &raw const parser.input) }
                };
                if rc != Rc::SUCCESS {
                    let index = parser.index;
                    self.parse_failed(index, rc);
                }
            }
        }
    }

    #[cold]
    fn parse_failed(&mut self, index: usize, rc: Rc) {
        const FUNCTION: Function = Function("parse_event");
        let plugin = &mut self.plugins[index];
        plugin.parse_failures += 1;
        let text = (rc == Rc::FAILURE).then(|| plugin.owner.last_error_text()).flatten();
        self.fault(PluginIdx(u32::try_from(index).unwrap_or(u32::MAX)), |plugin| match (rc, text) {
            (Rc::FAILURE, text) => super::call::failure(&plugin, FUNCTION, text),
            (code, _) => PluginError::UnexpectedCode { plugin, function: FUNCTION, code },
        });
    }

    /// Prepares a request for a field.
    ///
    /// # Errors
    /// An unknown field, an argument that it does not take, a type whose values cannot be read.
    pub fn prepare(&self, request: FieldRequest<'_>) -> Result<Prepared, PluginError> {
        match self.get(request.plugin) {
            Some(_) => Prepared::new(self, request),
            None => Err(PluginError::NoSuchPlugin { index: request.plugin.0 }),
        }
    }

    /// Asks the plugin for those keys of an event whose bits are set in `wanted`; what it does not know stays 0. Two events
    /// of one type with the same key other than 0 have the same value, or none, for each request that it decides.
    pub fn event_keys(&mut self, plugin: PluginIdx, event: &EventRef<'_>, wanted: u32, keys: &mut [u64; MAX_KEYS]) {
        let evtsrc = event.source().and_then(|source| self.source_name_ptr(source));
        let (Some(plugin), Some(evtsrc)) = (self.plugins.get(plugin.0 as usize), evtsrc) else { return };
        if let Some(get) = plugin.library().api().lanner_get_event_keys {
            let event = event.input(evtsrc);
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it; event and keys outlive the call.
            unsafe { get(plugin.state(), &raw const event, wanted, keys.as_mut_ptr()) };
        }
    }

    /// The key of an event, among those of this plugin, that stands for a field of the event's thread.
    #[must_use]
    pub fn thread_key(&self, plugin: PluginIdx, field: &CStr) -> Option<u8> {
        direct::thread_key(self.get(plugin)?, field)
    }

    /// Asks the plugin whether a field takes this argument, and which type that gives. `None`: the plugin does not
    /// check arguments, or the type is the field's own.
    ///
    /// # Errors
    /// [`PluginError::InvalidArgument`] with what the plugin says.
    pub fn resolve_field(
        &mut self,
        plugin: PluginIdx,
        field: u32,
        arg: &str,
    ) -> Result<Option<FieldType>, PluginError> {
        let Some(plugin) = self.get_mut(plugin) else { return Ok(None) };
        let Some(resolve) = plugin.library().api().lanner_resolve_field else { return Ok(None) };
        let name = plugin.info().name.clone();
        let arg_text = CString::new(arg)
            .map_err(|_| PluginError::NulInText { plugin: name.clone(), what: "a field's argument" })?;
        let own = plugin.info().fields.get(field as usize).map(|f| f.ty);
        let mut ty = own.unwrap_or(FieldType::NONE);
        let rc = {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it; text and type outlive the call.
            unsafe { resolve(plugin.state(), field, arg_text.as_ptr(), &raw mut ty) }
        };
        if rc == Rc::SUCCESS {
            return Ok((Some(ty) != own).then_some(ty));
        }
        let mut field_text = plugin.info().fields.get(field as usize).map_or_else(String::new, |f| f.name.clone());
        // Writing to a string cannot fail.
        let _ = write!(field_text, "[{arg}]");
        let text = plugin.owner.last_error_text().unwrap_or_else(|| "invalid argument".to_owned());
        Err(PluginError::InvalidArgument { plugin: name, field: field_text, text })
    }

    /// The plugin's text for one of its events, or the first bytes of its data, as upstream shows `evt.plugininfo`.
    pub fn event_to_string(&mut self, event: &EventRef<'_>) -> Option<String> {
        let source = event.source()?;
        let data = event.plugin_data()?;
        let id = event::plugin_id(event.bytes())?;
        let evtsrc = self.source_name_ptr(source)?;
        let plugin = self.plugins.iter_mut().find(|p| p.info().id() == id)?;
        plugin.event_to_string(&event.input(evtsrc)).or_else(|| Some(data_text(data)))
    }

    /// Metrics of all plugins.
    pub fn metrics(&mut self) -> Vec<PluginMetric> {
        self.plugins.iter_mut().flat_map(Plugin::metrics).collect()
    }

    /// Breaches of the contract seen while events flowed: one for each kind and plugin.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Notes a breach; the first of its kind is also logged.
    #[cold]
    pub(super) fn fault(&mut self, index: PluginIdx, error: impl FnOnce(String) -> PluginError) {
        let name = self.plugin(index).info().name.clone();
        let error = error(name);
        match self.fault_index.get(&(index, discriminant(&error))) {
            Some(at) => self.faults[*at].count += 1,
            None => {
                self.services.log.log(&self.plugin(index).info().name, &error.to_string(), Severity::WARNING);
                self.fault_index.insert((index, discriminant(&error)), self.faults.len());
                self.faults.push(Fault { error, count: 1 });
            }
        }
    }

    pub(super) fn log_error(&self, error: &PluginError) {
        self.services.log.log("plugins", &error.to_string(), Severity::ERROR);
    }

    /// No plugin, with the same services.
    pub(super) fn emptied(&self) -> Self {
        PluginSet::new(self.services.clone()).0
    }

    pub(super) fn all(&self) -> &[Plugin] {
        &self.plugins
    }
}

impl Drop for Plugins {
    fn drop(&mut self) {
        // Last in, first out: who uses a table ends before who owns it.
        while let Some(plugin) = self.plugins.pop() {
            drop(plugin);
        }
    }
}

/// What upstream shows of an event whose plugin has no text for it.
fn data_text(data: &[u8]) -> String {
    let shown = data.get(..50).unwrap_or(data);
    let mut text = format!("datalen={} data=", data.len());
    if shown.iter().all(|b| (0x20..0x7f).contains(b)) {
        text.push_str(&String::from_utf8_lossy(shown));
        if data.len() > 50 {
            text.push_str("...");
        }
    } else {
        // The printable bytes before the first other one are not shown either.
        text.push_str("<binary>");
    }
    text
}
