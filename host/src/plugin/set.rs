//! The plugins of one source, with the tables that they share.

use std::collections::HashMap;
use std::ffi::CString;
use std::mem::Discriminant;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use lanner_plugin_api::raw::{EventParseInput, ParseEventFn, PluginState};

use super::error::PluginError;
use super::event_set::EventTypeSet;
use super::info::{EventOrigin, SYSCALL};
use super::init::{Plugin, Services};
use super::library::LoadedLibrary;
use super::owner::get_owner_last_error;
use super::tables::dispatch;
use super::tables::registry::Registry;

/// Position of a plugin in its set, in order of loading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct PluginIdx(pub(super) u32);

impl PluginIdx {
    /// The position as a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The position of that number. A number that no plugin has makes [`Plugins::get`] return `None`.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }
}

/// Position of an event source: 0 is "syscall", then the plugins' own sources in order of loading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SourceIdx(pub(super) u32);

impl SourceIdx {
    /// The source "syscall".
    pub const SYSCALL: Self = Self(0);

    /// The position as a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

pub(super) struct Source {
    pub(super) name: CString,
    /// The same, which is UTF-8 since it came as such.
    pub(super) text: String,
    /// Id of the plugin events that belong to it; 0 for syscall.
    pub(super) id: u32,
}

/// A breach of the contract that has been seen while events flow, and how often.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its first occurrence.
    pub error: PluginError,
    /// How often this kind was seen with this plugin.
    pub count: u64,
}

/// How to call a parsing plugin, made once: filling in the input anew would cost more than the call.
pub(super) struct Parser {
    /// Position of the plugin.
    pub(super) index: usize,
    /// Its event types, close at hand.
    pub(super) types: EventTypeSet,
    pub(super) function: ParseEventFn,
    pub(super) state: *mut PluginState,
    pub(super) input: EventParseInput,
}

/// Plugins that are initialised and share their tables. Belongs to one thread at a time.
pub struct Plugins {
    pub(super) plugins: Vec<Plugin>,
    /// Those that parse, in order: the hot loop does not look at the others.
    pub(super) parsers: Vec<Parser>,
    pub(super) sources: Vec<Source>,
    pub(super) registry: Arc<Registry>,
    pub(super) services: Services,
    pub(super) faults: Vec<Fault>,
    pub(super) fault_index: HashMap<(PluginIdx, Discriminant<PluginError>), usize>,
    /// `Plugins` may not be sent by itself: its holder may have lent out a part.
    _one_thread: std::marker::PhantomData<*const ()>,
}

/// [`Plugins`] that no source is reading into yet. May be moved to another thread as a whole.
pub struct PluginSet(pub(super) Plugins);

// SAFETY: whoever has the set has all parts of it: plugin states, tables and handles are reached only through it. The
// plugin API allows calls on one state from different threads as long as they do not overlap, which moving ensures.
unsafe impl Send for PluginSet {}

impl Deref for PluginSet {
    type Target = Plugins;

    fn deref(&self) -> &Plugins {
        &self.0
    }
}

impl DerefMut for PluginSet {
    fn deref_mut(&mut self) -> &mut Plugins {
        &mut self.0
    }
}

impl PluginSet {
    /// No plugin yet.
    #[must_use]
    pub fn new(services: Services) -> Self {
        Self(Plugins {
            plugins: Vec::new(),
            parsers: Vec::new(),
            sources: vec![Source { name: c"syscall".to_owned(), text: SYSCALL.to_owned(), id: 0 }],
            registry: Arc::default(),
            services,
            faults: Vec::new(),
            fault_index: HashMap::new(),
            _one_thread: std::marker::PhantomData,
        })
    }

    /// Initialises a plugin. The order of calls is the order of parsing, and decides which tables `init` finds.
    ///
    /// # Errors
    /// A name or id that is taken, a field that another plugin defines for a common source, a configuration that the
    /// plugin's schema refuses, or whatever `init` fails with.
    pub fn add(&mut self, library: &Arc<LoadedLibrary>, config: &str) -> Result<PluginIdx, PluginError> {
        let this = &mut self.0;
        let info = library.info();
        for other in &this.plugins {
            if other.info().name == info.name {
                return Err(PluginError::DuplicateName { plugin: info.name.clone() });
            }
            if info.id() != 0 && other.info().id() == info.id() {
                return Err(PluginError::DuplicateId {
                    plugin: info.name.clone(),
                    other: other.info().name.clone(),
                    id: info.id(),
                });
            }
        }
        let new_source = match &info.origin {
            Some(EventOrigin::Own { id, source }) if !this.sources.iter().any(|s| s.text == *source) => {
                let name = CString::new(source.as_str())
                    .map_err(|_| PluginError::NulInText { plugin: info.name.clone(), what: "event source" })?;
                Some(Source { name, text: source.clone(), id: *id })
            }
            _ => None,
        };
        let mut plugin = Plugin::init(library, config, &this.registry, &this.services)?;
        for (index, source) in this.sources.iter().chain(&new_source).enumerate() {
            plugin.compatible_with(u32::try_from(index).unwrap_or(u32::MAX), &source.text);
        }
        if let Some(source) = new_source {
            let index = u32::try_from(this.sources.len()).unwrap_or(u32::MAX);
            for other in &mut this.plugins {
                other.compatible_with(index, &source.text);
            }
            this.sources.push(source);
        }
        let index = this.plugins.len();
        if let Some(parse) = library.api().parse_event {
            let input = EventParseInput {
                owner: plugin.owner.as_raw(),
                get_owner_last_error: Some(get_owner_last_error),
                table_reader: dispatch::READER,
                table_writer: dispatch::WRITER,
                table_reader_ext: dispatch::reader_ext(),
                table_writer_ext: dispatch::writer_ext(),
            };
            this.parsers.push(Parser {
                index,
                types: plugin.parse_types.clone(),
                function: parse,
                state: plugin.state(),
                input,
            });
        }
        this.plugins.push(plugin);
        Ok(PluginIdx(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Checks that no two plugins define a field of the same name for the same source.
    ///
    /// # Errors
    /// [`PluginError::DuplicateField`].
    pub fn check_fields(&self) -> Result<(), PluginError> {
        for (index, source) in (0..).zip(&self.sources) {
            let mut seen: HashMap<&str, &str> = HashMap::new();
            for plugin in self.plugins.iter().filter(|p| p.extract_on.contains(index)) {
                for field in &plugin.info().fields {
                    if let Some(other) = seen.insert(&field.name, &plugin.info().name) {
                        return Err(PluginError::DuplicateField {
                            plugin: plugin.info().name.clone(),
                            other: other.to_owned(),
                            field: field.name.clone(),
                            event_source: source.text.clone(),
                        });
                    }
                }
            }
        }
        Ok(())
    }
}
