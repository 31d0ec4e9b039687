//! Functions of event parsing, async events and capture listening.

use core::ffi::c_char;
use core::marker::PhantomData;
use core::ptr::null_mut;

use super::{json_list, static_text, types};
use crate::export::Exported;
use crate::export::state::state;
use crate::raw::{
    AsyncEventHandlerFn, CaptureListenInput, EventInput as RawInput, EventParseInput, Owner, PluginApi, PluginState, Rc,
};
use crate::sdk::{
    AsyncHandle, AsyncSource, Capture, CaptureListener, Error, EventInput, HostRef, Parse, ParseCx, StateDump,
    TableReader, TableWriter,
};

/// Adds the functions of event parsing.
#[must_use]
pub const fn with_parse<P: Exported + Parse>(mut api: PluginApi) -> PluginApi {
    api.get_parse_event_types = Some(parse_types::<P>);
    api.get_parse_event_sources = Some(parse_sources::<P>);
    api.parse_event = Some(parse_event::<P>);
    api
}

/// Adds the functions of async events.
#[must_use]
pub const fn with_async<P: Exported + AsyncSource>(mut api: PluginApi) -> PluginApi {
    api.get_async_event_sources = Some(async_sources::<P>);
    api.get_async_events = Some(async_events::<P>);
    api.set_async_event_handler = Some(set_async_handler::<P>);
    api.dump_state = Some(dump_state::<P>);
    api
}

/// Adds the functions of capture listening.
#[must_use]
pub const fn with_listen<P: Exported + CaptureListener>(mut api: PluginApi) -> PluginApi {
    api.capture_open = Some(capture_open::<P>);
    api.capture_close = Some(capture_close::<P>);
    api
}

// --- parsing --------------------------------------------------------------------------------------------------------

unsafe extern "C" fn parse_types<P: Exported + Parse>(n: *mut u32, _: *mut PluginState) -> *mut u16 {
    // SAFETY: the host passes null or a place for the number.
    unsafe { types(n, P::EVENT_TYPES) }
}

unsafe extern "C" fn parse_sources<P: Exported + Parse>() -> *const c_char {
    static_text(&P::cell().parse_sources, || json_list(P::EVENT_SOURCES))
}

unsafe extern "C" fn parse_event<P: Exported + Parse>(
    s: *mut PluginState,
    evt: *const RawInput,
    input: *const EventParseInput,
) -> Rc {
    enter!(P, s, "parse_event", Rc::FAILURE, |plugin, _, hub| {
        // SAFETY: inside `enter` nobody else refers to the hub.
        unsafe { &mut *hub.get() }.new_event();
        // SAFETY: the host passes an event and an input that are valid for the call.
        let (event, input) = unsafe { (EventInput::from_raw(evt)?, input.as_ref()) };
        let input = input.ok_or_else(|| Error::Host("input is null"))?;
        let host = HostRef { owner: input.owner, last_error: input.get_owner_last_error };
        // SAFETY: the vtables are null or valid for the call.
        let cx = unsafe {
            ParseCx {
                event,
                tables: TableReader::new(host, input.table_reader_ext),
                writer: TableWriter::new(host, input.table_writer_ext),
            }
        };
        plugin.parse(&cx)?;
        Ok(Rc::SUCCESS)
    })
}

// --- async events ---------------------------------------------------------------------------------------------------

unsafe extern "C" fn async_sources<P: Exported + AsyncSource>() -> *const c_char {
    static_text(&P::cell().async_sources, || json_list(P::ASYNC_EVENT_SOURCES))
}

unsafe extern "C" fn async_events<P: Exported + AsyncSource>() -> *const c_char {
    static_text(&P::cell().async_events, || json_list(P::ASYNC_EVENTS))
}

unsafe extern "C" fn set_async_handler<P: Exported + AsyncSource>(
    s: *mut PluginState,
    owner: *mut Owner,
    handler: Option<AsyncEventHandlerFn>,
) -> Rc {
    // SAFETY: null or what `init` returned; the target is behind a lock of its own.
    let Some(st) = (unsafe { state::<P>(s) }) else { return Rc::FAILURE };
    if handler.is_some() {
        return st.enter("set_async_event_handler", Rc::FAILURE, |plugin, side, _| {
            side.async_target.set(owner, handler);
            let started = plugin.start(AsyncHandle(side.async_target.clone()));
            if started.is_err() {
                side.async_target.set(null_mut(), None);
            }
            started.map(|()| Rc::SUCCESS)
        });
    }
    let stopped = st.enter("set_async_event_handler", Rc::FAILURE, |plugin, _, _| {
        plugin.stop()?;
        Ok(Rc::SUCCESS)
    });
    // Also when stopping failed or panicked: the host's promise ends here. This waits for calls that are running.
    let detached = st.enter("set_async_event_handler", false, |_, side, _| {
        side.async_target.set(null_mut(), None);
        Ok(true)
    });
    if detached { stopped } else { Rc::FAILURE }
}

unsafe extern "C" fn dump_state<P: Exported + AsyncSource>(
    s: *mut PluginState,
    owner: *mut Owner,
    handler: Option<AsyncEventHandlerFn>,
) -> Rc {
    enter!(P, s, "dump_state", Rc::FAILURE, |plugin, _, _| {
        let handler = handler.ok_or_else(|| Error::Host("handler is null"))?;
        plugin.dump_state(&StateDump::new(owner, handler))?;
        Ok(Rc::SUCCESS)
    })
}

// --- capture listening ----------------------------------------------------------------------------------------------

/// Calls `f` with what the host offers at the begin and the end of a capture.
///
/// # Safety
/// As the API says of `capture_open`.
unsafe fn listen<P: Exported + CaptureListener>(
    s: *mut PluginState,
    input: *const CaptureListenInput,
    what: &'static str,
    f: fn(&mut P, &mut Capture<'_>) -> Result<(), Error>,
) -> Rc {
    // SAFETY: null or what `init` returned.
    let Some(st) = (unsafe { state::<P>(s) }) else { return Rc::FAILURE };
    st.enter(what, Rc::FAILURE, |plugin, side, hub| {
        // SAFETY: inside `enter` nobody else refers to the hub.
        unsafe { &mut *hub.get() }.new_event();
        // SAFETY: the host passes null or an input whose parts are valid for the call.
        let mut capture = unsafe {
            let input = input.as_ref().ok_or_else(|| Error::Host("input is null"))?;
            let host = HostRef { owner: input.owner, last_error: input.get_owner_last_error };
            Capture {
                host,
                routine: input.routine.as_ref().copied().unwrap_or_default(),
                reader: TableReader::new(host, input.table_reader_ext),
                writer: TableWriter::new(host, input.table_writer_ext),
                routines: &mut side.routines,
                _call: PhantomData,
            }
        };
        f(plugin, &mut capture)?;
        Ok(Rc::SUCCESS)
    })
}

unsafe extern "C" fn capture_open<P: Exported + CaptureListener>(
    s: *mut PluginState,
    input: *const CaptureListenInput,
) -> Rc {
    // SAFETY: the host keeps to the API.
    unsafe { listen::<P>(s, input, "capture_open", P::capture_open) }
}

unsafe extern "C" fn capture_close<P: Exported + CaptureListener>(
    s: *mut PluginState,
    input: *const CaptureListenInput,
) -> Rc {
    // SAFETY: the host keeps to the API.
    unsafe { listen::<P>(s, input, "capture_close", P::capture_close) }
}
