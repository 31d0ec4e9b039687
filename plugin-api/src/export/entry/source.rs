//! Functions of an event source.

use core::ffi::{c_char, c_void};
use core::marker::PhantomData;
use core::ptr::{null, null_mut};
use std::ffi::CString;

use super::text;
use crate::export::Exported;
use crate::export::state::{c_text, state};
use crate::raw::{
    BytesFn, Event, EventInput as RawInput, EventMeta, HEAD_KEEPS_CLOSING, Instance, PluginApi, PluginState, Rc,
};
use crate::sdk::{Batch, BatchBuf, Error, EventInput, Next, Source, SourceInstance, Wanted};

/// Adds the functions of an event source.
#[must_use]
pub const fn with_source<P: Exported + Source>(mut api: PluginApi) -> PluginApi {
    const {
        assert!(
            (P::PLUGIN_ID != 0) != P::EVENT_SOURCE.is_empty(),
            "a source has both an id and a name, or neither (then it produces system call events)"
        );
    }
    api.get_id = Some(id::<P>);
    api.get_event_source = Some(event_source::<P>);
    api.open = Some(open::<P>);
    api.close = Some(close::<P>);
    api.list_open_params = Some(list_open_params::<P>);
    api.get_progress = Some(progress::<P>);
    api.event_to_string = Some(event_to_string::<P>);
    api.next_batch = Some(next_batch::<P>);
    api.lanner_get_batch_meta = Some(batch_meta::<P>);
    api.lanner_get_machine_info = Some(machine_info::<P>);
    api.lanner_want_events = Some(want_events::<P>);
    api.lanner_want_calls = Some(want_calls::<P>);
    api.lanner_want_failures = Some(want_failures::<P>);
    api.lanner_write_capture_head = Some(write_capture_head::<P>);
    api.lanner_get_state_epoch = Some(state_epoch::<P>);
    api
}

/// What `Instance` points at. Its parts are reached separately: events lie in the stream while the batch is asked for
/// their meta.
struct Stream<I> {
    instance: I,
    batch: BatchBuf,
    progress: CString,
}

unsafe extern "C" fn id<P: Exported + Source>() -> u32 {
    P::PLUGIN_ID
}

unsafe extern "C" fn event_source<P: Exported + Source>() -> *const c_char {
    P::EVENT_SOURCE.as_ptr()
}

unsafe extern "C" fn open<P: Exported + Source>(
    s: *mut PluginState,
    params: *const c_char,
    rc: *mut Rc,
) -> *mut Instance {
    let h = enter!(P, s, "open", null_mut(), |plugin, _, _| {
        // SAFETY: null or a text that is valid for the call.
        let instance = plugin.open(unsafe { text(params, "the parameters of open") }?)?;
        let stream = Stream { instance, batch: BatchBuf::default(), progress: CString::default() };
        Ok(Box::into_raw(Box::new(stream)).cast::<Instance>())
    });
    // SAFETY: the host passes null or a place for the code.
    if let Some(rc) = unsafe { rc.as_mut() } {
        *rc = if h.is_null() { Rc::FAILURE } else { Rc::SUCCESS };
    }
    h
}

unsafe extern "C" fn close<P: Exported + Source>(s: *mut PluginState, h: *mut Instance) {
    if h.is_null() {
        return;
    }
    enter!(P, s, "close", (), |plugin, _, _| {
        // SAFETY: the host gives back what `open` returned and does not use it again.
        let stream = unsafe { Box::from_raw(h.cast::<Stream<P::Instance>>()) };
        plugin.close(stream.instance);
        Ok(())
    });
}

unsafe extern "C" fn list_open_params<P: Exported + Source>(s: *mut PluginState, rc: *mut Rc) -> *const c_char {
    let list = enter!(P, s, "list_open_params", null(), |plugin, side, _| {
        side.open_params = c_text(&serde_json::to_string(&plugin.list_open_params()?)?);
        Ok(side.open_params.as_ptr())
    });
    // SAFETY: the host passes null or a place for the code.
    if let Some(rc) = unsafe { rc.as_mut() } {
        *rc = if list.is_null() { Rc::FAILURE } else { Rc::SUCCESS };
    }
    list
}

unsafe extern "C" fn progress<P: Exported + Source>(
    s: *mut PluginState,
    h: *mut Instance,
    pct: *mut u32,
) -> *const c_char {
    let mut share = 0;
    let text = enter!(P, s, "get_progress", null(), |_, _, _| {
        // SAFETY: null or what `open` returned; the batch is not touched.
        let stream =
            unsafe { h.cast::<Stream<P::Instance>>().as_mut() }.ok_or_else(|| Error::Host("instance is null"))?;
        let Some(progress) = stream.instance.progress() else { return Ok(null()) };
        // In hundredths of a percent. The cast saturates, and the value is within range anyway.
        share = (progress.share.clamp(0.0, 1.0) * 10_000.0).round() as u32;
        stream.progress = c_text(&progress.text);
        Ok(stream.progress.as_ptr())
    });
    // SAFETY: the host passes null or a place for the share.
    if let Some(pct) = unsafe { pct.as_mut() } {
        *pct = share;
    }
    text
}

unsafe extern "C" fn event_to_string<P: Exported + Source>(s: *mut PluginState, evt: *const RawInput) -> *const c_char {
    enter!(P, s, "event_to_string", null(), |plugin, side, _| {
        // SAFETY: the host passes an event that is valid for the call.
        let event = unsafe { EventInput::from_raw(evt) }?;
        let mut out = String::new();
        if !plugin.event_to_string(&event, &mut out) {
            return Ok(null());
        }
        side.event_text = c_text(&out);
        Ok(side.event_text.as_ptr())
    })
}

unsafe extern "C" fn next_batch<P: Exported + Source>(
    s: *mut PluginState,
    h: *mut Instance,
    n: *mut u32,
    evts: *mut *mut *mut Event,
) -> Rc {
    let h = h.cast::<Stream<P::Instance>>();
    // SAFETY: the host passes null or places for number and array.
    let (Some(n), Some(evts)) = (unsafe { (n.as_mut(), evts.as_mut()) }) else { return Rc::FAILURE };
    (*n, *evts) = (0, null_mut());
    if h.is_null() {
        return Rc::FAILURE;
    }
    let rc = enter!(P, s, "next_batch", Rc::FAILURE, |plugin, _, hub| {
        // SAFETY: inside `enter` nobody else refers to the hub.
        unsafe { &mut *hub.get() }.new_event();
        // SAFETY: what `open` returned; inside `enter` nobody else refers to the stream.
        let stream = unsafe { &mut *h };
        stream.batch.clear();
        let mut batch = Batch { buf: &mut stream.batch, plugin_id: P::PLUGIN_ID, _events: PhantomData };
        let next = stream.instance.next_batch(plugin, &mut batch)?;
        Ok(match next {
            Next::More if batch.is_empty() => Rc::TIMEOUT,
            Next::More => Rc::SUCCESS,
            Next::Wait => Rc::TIMEOUT,
            Next::End => Rc::EOF,
        })
    });
    // Delivered in any case: events that came before a failure are events.
    // SAFETY: as above; only the batch is referred to, the stream's own events stay untouched.
    let pointers = unsafe { &mut (*h).batch }.finish();
    *n = u32::try_from(pointers.len()).unwrap_or(u32::MAX);
    *evts = pointers.as_mut_ptr();
    rc
}

unsafe extern "C" fn batch_meta<P: Exported + Source>(
    _: *mut PluginState,
    h: *mut Instance,
    n: *mut u32,
) -> *const EventMeta {
    let h = h.cast::<Stream<P::Instance>>();
    // SAFETY: the host passes null or a place for the number.
    let Some(n) = (unsafe { n.as_mut() }) else { return null() };
    *n = 0;
    if h.is_null() {
        return null();
    }
    // SAFETY: what `open` returned; only the batch is referred to.
    let metas = unsafe { &(*h).batch }.metas();
    if metas.is_empty() {
        return null();
    }
    *n = u32::try_from(metas.len()).unwrap_or(u32::MAX);
    metas.as_ptr()
}

/// What a host names at `at`.
///
/// # Safety
/// So many numbers stand at `at`, unless it is null, for as long as `'a`.
unsafe fn numbers<'a>(at: *const u16, n: u32, null: &'static str) -> Result<&'a [u16], Error> {
    match n {
        0 => Ok(&[]),
        _ if at.is_null() => Err(Error::Host(null)),
        // SAFETY: the caller's promise.
        n => Ok(unsafe { core::slice::from_raw_parts(at, n as usize) }),
    }
}

/// # Safety
/// The state and, unless it is null, the instance are alive, and the host is between two batches; what `wanted` gives stays
/// until the end of the call.
unsafe fn tell_wanted<'a, P: Exported + Source>(
    s: *mut PluginState,
    h: *mut Instance,
    wanted: impl FnOnce() -> Result<Wanted<'a>, Error>,
) -> Rc {
    enter!(P, s, "want_events", Rc::FAILURE, |plugin, _, _| {
        // SAFETY: null or what `open` returned; the host is between two batches, so no event of the stream is in use.
        let stream =
            unsafe { h.cast::<Stream<P::Instance>>().as_mut() }.ok_or_else(|| Error::Host("instance is null"))?;
        Ok(if stream.instance.want_events(plugin, wanted()?)? { Rc::SUCCESS } else { Rc::NOT_SUPPORTED })
    })
}

unsafe extern "C" fn want_events<P: Exported + Source>(
    s: *mut PluginState,
    h: *mut Instance,
    codes: *const u16,
    n: u32,
) -> Rc {
    // SAFETY: the host keeps to the contract of the function, and says that so many codes stand there.
    unsafe { tell_wanted::<P>(s, h, || Ok(Wanted::of_codes(numbers(codes, n, "the codes are null")?))) }
}

unsafe extern "C" fn want_calls<P: Exported + Source>(
    s: *mut PluginState,
    h: *mut Instance,
    codes: *const u16,
    n: u32,
    calls: *const u16,
    m: u32,
) -> Rc {
    // SAFETY: as above, also of the calls.
    unsafe {
        tell_wanted::<P>(s, h, || {
            let codes = numbers(codes, n, "the codes are null")?;
            Ok(Wanted { codes, calls: Some(numbers(calls, m, "the calls are null")?), failures: None })
        })
    }
}

unsafe extern "C" fn want_failures<P: Exported + Source>(
    s: *mut PluginState,
    h: *mut Instance,
    codes: *const u16,
    n: u32,
    calls: *const u16,
    m: u32,
    failures: *const u16,
    k: u32,
) -> Rc {
    // SAFETY: as above, also of the codes of failures.
    unsafe {
        tell_wanted::<P>(s, h, || {
            let codes = numbers(codes, n, "the codes are null")?;
            let calls = if calls.is_null() { None } else { Some(numbers(calls, m, "the calls are null")?) };
            Ok(Wanted { codes, calls, failures: Some(numbers(failures, k, "the codes of failures are null")?) })
        })
    }
}

unsafe extern "C" fn machine_info<P: Exported + Source>(s: *mut PluginState) -> *const c_char {
    enter!(P, s, "machine_info", null(), |plugin, side, _| {
        let Some(info) = plugin.machine_info() else { return Ok(null()) };
        side.machine_info = c_text(&info);
        Ok(side.machine_info.as_ptr())
    })
}

unsafe extern "C" fn write_capture_head<P: Exported + Source>(
    s: *mut PluginState,
    flags: u32,
    sink: Option<BytesFn>,
    ctx: *mut c_void,
) -> Rc {
    enter!(P, s, "write_capture_head", Rc::FAILURE, |plugin, _, _| {
        let sink = sink.ok_or_else(|| Error::Host("the sink is null"))?;
        // SAFETY: the host's function, with what the host passed for it; the bytes are borrowed for the call.
        let mut write = |bytes: &[u8]| unsafe { sink(ctx, bytes.as_ptr(), bytes.len() as u64) };
        let written = plugin.write_capture_head(flags & HEAD_KEEPS_CLOSING != 0, &mut write)?;
        Ok(if written { Rc::SUCCESS } else { Rc::NOT_SUPPORTED })
    })
}

unsafe extern "C" fn state_epoch<P: Exported + Source>(s: *mut PluginState) -> u64 {
    enter!(P, s, "get_state_epoch", 0, |plugin, _, _| Ok(plugin.state_epoch()))
}
