//! Values that come later than their event (Lanner's addition): what they wait for, and how that stands.

use std::ffi::c_char;

use lanner_plugin_api::raw::{FieldValue, Wait, WaitState};

use super::event::EventRef;
use super::prepared::{Absent, Prepared};
use super::set::{PluginIdx, Plugins};
use super::tables::scope::CallScope;
use super::text;
use super::{Value, direct};

/// What values of an event wait for. To be given back with [`Plugins::end_wait`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a wait that is not given back is kept by its plugin"]
pub struct Waiting {
    plugin: PluginIdx,
    wait: Wait,
}

/// How it stands with a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitStanding {
    /// What was asked for is on its way.
    Pending,
    /// It is there.
    Known,
    /// It will not come; why.
    Unknown(String),
}

impl Plugins {
    /// What the values of this event wait for that the plugin said are on their way or unknown; `None` if for nothing.
    pub fn begin_wait(&mut self, plugin: PluginIdx, event: &EventRef<'_>) -> Option<Waiting> {
        let evtsrc = event.source().and_then(|source| self.source_name_ptr(source))?;
        let plugin_ref = self.plugins.get(plugin.0 as usize)?;
        let api = plugin_ref.library().api();
        // The four come together.
        let all = api.lanner_get_wait_state.is_some()
            && api.lanner_extract_awaited.is_some()
            && api.lanner_end_wait.is_some();
        let begin = api.lanner_begin_wait.filter(|_| all)?;
        let input = event.input(evtsrc);
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it; event and input outlive the call.
        let wait = unsafe { begin(plugin_ref.state(), &raw const input, &raw const plugin_ref.extract_input) };
        (wait != Wait::NONE).then_some(Waiting { plugin, wait })
    }

    /// How it stands with it.
    pub fn wait_state(&mut self, waiting: &Waiting) -> WaitStanding {
        let unknown =
            |why: Option<String>| WaitStanding::Unknown(why.unwrap_or_else(|| "the plugin does not say".into()));
        let Some(plugin) = self.plugins.get(waiting.plugin.0 as usize) else { return unknown(None) };
        let Some(get) = plugin.library().api().lanner_get_wait_state else { return unknown(None) };
        let mut reason: *const c_char = std::ptr::null();
        let state = {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it; the place for the text outlives the call.
            unsafe { get(plugin.state(), waiting.wait, &raw mut reason) }
        };
        match state {
            WaitState::PENDING => WaitStanding::Pending,
            WaitState::KNOWN => WaitStanding::Known,
            // SAFETY: null, or a text of the plugin that is valid until the next call.
            _ => unknown(unsafe { text::copy(reason) }),
        }
    }

    /// Gives it back.
    pub fn end_wait(&mut self, waiting: Waiting) {
        let Some(plugin) = self.plugins.get(waiting.plugin.0 as usize) else { return };
        if let Some(end) = plugin.library().api().lanner_end_wait {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it.
            unsafe { end(plugin.state(), waiting.wait) };
        }
    }

    /// The name of the plugin that is waited for.
    pub fn waited_for(&self, waiting: &Waiting) -> &str {
        self.get(waiting.plugin).map_or("", |plugin| plugin.info().name.as_str())
    }
}

impl Prepared {
    /// The value as it is now for what is waited for.
    pub fn later(&self, plugins: &mut Plugins, waiting: &Waiting, put: impl FnOnce(Value<'_>)) -> Result<(), Absent> {
        let direct = self.direct.filter(|_| self.plugin == waiting.plugin).ok_or(Absent::None)?;
        let plugin = plugins.plugin_mut(self.plugin);
        let extract = plugin.library().api().lanner_extract_awaited.ok_or(Absent::None)?;
        let answer: FieldValue = {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it.
            unsafe { extract(plugin.state(), waiting.wait, direct.handle) }
        };
        if answer.data.is_null() {
            plugin.extract_failures += u64::from(answer == FieldValue::FAILED);
            return Err(Absent::of(answer));
        }
        // SAFETY: the plugin has just answered, with a value that stays valid until its next extraction; that needs
        // `plugins`, which is borrowed until `put` is done.
        match unsafe { direct::read(answer, self.ty, self.kind) } {
            Ok(value) => {
                put(value);
                Ok(())
            }
            Err(fault) => {
                self.breach(plugins, fault);
                Err(Absent::None)
            }
        }
    }
}
