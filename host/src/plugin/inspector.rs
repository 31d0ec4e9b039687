//! An open source with the plugins that look at its events.

use std::cell::Cell;
use std::ffi::c_char;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use lanner_plugin_api::raw::{self, AsyncEventHandlerFn, Event, Rc};

use super::async_queue::{self, AsyncQueue, AsyncTarget};
use super::call;
use super::capability::Capabilities;
use super::error::{EventFault, Function, PluginError};
use super::event::EventRef;
use super::event_set::compatible;
use super::info::SYSCALL;
use super::listen::{self, Moment};
use super::owner::Owner;
use super::set::{PluginIdx, PluginSet, Plugins, SourceIdx};
use super::source::{self, OpenParam, Pump, Routing};
use super::tables::scope::CallScope;
use super::version::Version;

/// How a source is to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// Which plugin's.
    pub source: PluginIdx,
    /// Its parameters.
    pub params: &'a str,
    /// A recorded stream: its async events are in it already, so plugins do not inject any.
    pub recorded: bool,
    /// Version of the event schema, from sources that have one (live system calls); plugins are checked against it.
    pub event_schema: Option<Version>,
}

/// What a source yields.
#[derive(Clone, Copy, Debug)]
pub enum Pull<'a> {
    /// An event.
    Event(EventRef<'a>),
    /// Nothing now.
    Idle {
        /// For how long there has been nothing.
        since: Duration,
    },
    /// The stream has ended.
    End,
}

/// An open source. Closing undoes the opening in reverse: the stream, the async handlers, the listeners, the routines.
pub struct Inspector {
    pump: Pump,
    plugins: Plugins,
    /// Plugins that have the async handler.
    handlers: Vec<usize>,
    /// Plugins that were told of the capture's beginning.
    listeners: Vec<usize>,
    /// Whether the events are those of the running kernel.
    kernel: bool,
    closed: bool,
}

// SAFETY: whoever has the inspector has the stream, its batch and all plugins: no part can be lent to another thread,
// since `Pump` and `Plugins` are not `Send`. The plugin API allows calls on one state from different threads as long as
// they do not overlap, which moving ensures.
unsafe impl Send for Inspector {}

impl Inspector {
    /// Opens the source: first the stream, then the async handlers, then the listeners are told.
    ///
    /// # Errors
    /// A plugin that cannot read the event schema, or whatever the plugins fail with. What had been done is undone.
    pub fn open(set: PluginSet, open: Open<'_>) -> Result<Self, PluginError> {
        let plugins = set.0;
        if let Some(version) = open.event_schema {
            plugins.all().iter().try_for_each(|p| p.check_event_schema(version))?;
        }
        let Some(source) = plugins.get(open.source) else {
            return Err(PluginError::NoSuchPlugin { index: open.source.get() });
        };
        let id = source.info().id();
        let name = source.info().event_source().unwrap_or(SYSCALL).to_owned();
        let queue = (!open.recorded).then(Arc::<AsyncQueue>::default);
        let routing = Routing { id, ids: plugins.source_ids() };
        let pump = Pump::open(&source.owner, open.params, routing, queue.clone())?;
        // From here on, dropping `inspector` undoes what has been done.
        let kernel = id == 0 && !open.recorded;
        let mut inspector = Self { pump, plugins, handlers: Vec::new(), listeners: Vec::new(), kernel, closed: false };
        if let Some(queue) = queue {
            inspector.set_handlers(&queue, id, &name)?;
        }
        for (index, plugin) in inspector.plugins.all().iter().enumerate() {
            listen::tell(&plugin.owner, Moment::Open)?;
            inspector.listeners.push(index);
        }
        Ok(inspector)
    }

    fn set_handlers(&mut self, queue: &Arc<AsyncQueue>, id: u32, source: &str) -> Result<(), PluginError> {
        for (index, plugin) in self.plugins.all().iter().enumerate() {
            let info = plugin.info();
            if !info.capabilities.contains(Capabilities::ASYNC) {
                continue;
            }
            // The target stands before the plugin knows of the handler, and goes after it has forgotten it.
            set_target(
                &plugin.owner,
                Some(AsyncTarget {
                    queue: Arc::clone(queue),
                    plugin_id: id,
                    compatible: compatible(&info.async_sources, source),
                }),
            );
            if let Err(e) = set_handler(&plugin.owner, Some(async_queue::handler)) {
                set_target(&plugin.owner, None);
                return Err(e);
            }
            self.handlers.push(index);
        }
        Ok(())
    }

    /// The stream and the plugins, each to be used while the other is: an event is borrowed from the one and shown to
    /// the other.
    pub fn parts(&mut self) -> (&mut Pump, &mut Plugins) {
        (&mut self.pump, &mut self.plugins)
    }

    /// Whether the events are those of the running kernel: what is not read from it before the end is gone.
    #[must_use]
    pub fn is_kernel(&self) -> bool {
        self.kernel
    }

    /// The plugins.
    #[must_use]
    pub fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// Closes the source and gives back the plugins, with what went wrong on the way.
    #[must_use]
    pub fn close(mut self) -> (PluginSet, Vec<PluginError>) {
        let errors = self.shut();
        let empty = self.plugins.emptied();
        (PluginSet(std::mem::replace(&mut self.plugins, empty)), errors)
    }

    fn shut(&mut self) -> Vec<PluginError> {
        let mut errors = Vec::new();
        if std::mem::replace(&mut self.closed, true) {
            return errors;
        }
        self.pump.close();
        for plugin in self.handlers.drain(..).filter_map(|i| self.plugins.all().get(i)) {
            errors.extend(set_handler(&plugin.owner, None).err());
            set_target(&plugin.owner, None);
        }
        for plugin in self.listeners.drain(..).filter_map(|i| self.plugins.all().get(i)) {
            errors.extend(listen::tell(&plugin.owner, Moment::Close).err());
        }
        for plugin in self.plugins.all() {
            plugin.owner.routines.purge();
        }
        errors
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        for error in self.shut() {
            self.plugins.log_error(&error);
        }
    }
}

impl Plugins {
    /// What a source plugin suggests as parameters.
    ///
    /// # Errors
    /// What the plugin fails with, or its answer is not what it must be.
    pub fn list_open_params(&mut self, plugin: PluginIdx) -> Result<Vec<OpenParam>, PluginError> {
        match self.get(plugin) {
            Some(plugin) => source::list_open_params(&plugin.owner),
            None => Err(PluginError::NoSuchPlugin { index: plugin.get() }),
        }
    }

    /// Lets a plugin write its state as async events, as is done at the beginning of a capture file. False if it has
    /// none to write.
    ///
    /// # Errors
    /// What the plugin fails with.
    pub fn dump_state(&mut self, plugin: PluginIdx, sink: &mut dyn FnMut(&[u8])) -> Result<bool, PluginError> {
        let Some(plugin) = self.get(plugin) else {
            return Err(PluginError::NoSuchPlugin { index: plugin.get() });
        };
        let owner = &*plugin.owner;
        let Some(dump) = owner.library().api().dump_state else { return Ok(false) };
        // SAFETY: only the lifetime is erased; the place is emptied before this function returns, however it does.
        let sink: Sink = unsafe { std::mem::transmute(sink) };
        let _place = DumpPlace::fill(sink);
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it; the handler is called during the call only.
        unsafe {
            let rc = dump(owner.state(), owner.as_raw(), Some(dump_handler));
            call::check(owner.library().api(), owner.state(), owner.name(), Function("dump_state"), rc)?;
        }
        Ok(true)
    }

    fn source_ids(&self) -> Vec<(u32, SourceIdx)> {
        self.iter().filter_map(|(_, p)| Some((p.info().id(), self.source(p.info().event_source()?)?))).collect()
    }
}

fn set_target(owner: &Owner, target: Option<AsyncTarget>) {
    *owner.async_target.write().unwrap_or_else(PoisonError::into_inner) = target;
}

fn set_handler(owner: &Owner, handler: Option<AsyncEventHandlerFn>) -> Result<(), PluginError> {
    const FUNCTION: Function = Function("set_async_event_handler");
    let api = owner.library().api();
    let Some(set) = api.set_async_event_handler else { return Ok(()) };
    let _scope = CallScope::enter();
    // SAFETY: the state is alive and only this thread calls on it; the owner outlives the plugin.
    unsafe {
        let rc = set(owner.state(), owner.as_raw(), handler);
        call::check(api, owner.state(), owner.name(), FUNCTION, rc)
    }
}

/// Takes the events of a state dump.
type Sink = *mut dyn FnMut(&[u8]);

thread_local! {
    /// Where the state goes that is being dumped on this thread.
    static DUMP: Cell<Option<Sink>> = const { Cell::new(None) };
}

/// Empties the place when dropped.
struct DumpPlace;

impl DumpPlace {
    fn fill(sink: Sink) -> Self {
        DUMP.set(Some(sink));
        Self
    }
}

impl Drop for DumpPlace {
    fn drop(&mut self) {
        DUMP.set(None);
    }
}

/// Takes the events of `dump_state`. They go straight to the sink, on the thread that asked.
unsafe extern "C" fn dump_handler(o: *mut raw::Owner, evt: *const Event, err: *mut c_char) -> Rc {
    // SAFETY: the plugin passes the owner that it was given.
    let Some(owner) = (unsafe { o.cast::<Owner>().as_ref() }) else { return Rc::FAILURE };
    let sink = DUMP.get();
    // SAFETY: the plugin passes null or an event as long as its header says.
    let event = unsafe { async_queue::copy(owner, evt) };
    let fault = match (sink, event) {
        (Some(sink), Ok(event)) => {
            // Taken out meanwhile, so that it is not entered twice.
            DUMP.set(None);
            // SAFETY: the place is filled only while `dump_state` runs on this thread, whose sink it is.
            unsafe { (*sink)(&event) };
            DUMP.set(Some(sink));
            return Rc::SUCCESS;
        }
        (None, _) => EventFault::NoHandler,
        (_, Err(fault)) => fault,
    };
    // SAFETY: the contract: null or a buffer of MAX_ERRLEN bytes.
    unsafe { async_queue::write_error(err, &format!("state dumped by plugin {}: {fault}", owner.name())) };
    Rc::FAILURE
}
