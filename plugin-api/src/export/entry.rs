//! The plugin API's functions, generic over the plugin.
//!
//! Each is called by a host that keeps to the API: pointers are null or valid, `s` is what `init` of the same plugin
//! returned, texts are NUL-terminated. What can be noticed of a breach (null pointers, lengths) gives an error.

use core::ffi::{CStr, c_char};
use core::marker::PhantomData;
use core::ptr::{null, null_mut};
use std::ffi::CString;

use super::Exported;
use super::state::{State, c_text, guarded, panic_text, state};
use crate::raw::{
    self, CaptureListenInput, Event, EventInput as RawInput, EventMeta, EventParseInput, FieldExtractInput, FieldType,
    InitInput, Instance, Metric, Owner, PluginApi, PluginState, Rc, SchemaType, SetConfigInput,
};
use crate::sdk::{
    AsyncHandle, AsyncSource, Batch, BatchBuf, Capture, CaptureListener, Error, EventInput, Extract, ExtractCx,
    ExtractRaw, FieldArgument, FieldBuf, FieldDef, FieldRequest, HostRef, Init, InitTables, Log, Metrics, Next, Parse,
    ParseCx, PluginConfig, ProvideTables, Source, SourceInstance, StateDump, TableReader, TableWriter, TypedFields,
    ValueSink, details_json, fields_json,
};

/// What every plugin exports.
#[must_use]
pub const fn base<P: Exported>() -> PluginApi {
    let mut api = PluginApi::EMPTY;
    api.get_required_api_version = Some(required_api_version);
    api.get_init_schema = Some(init_schema::<P>);
    api.init = Some(init::<P, NoTables>);
    api.destroy = Some(destroy::<P>);
    api.get_last_error = Some(last_error::<P>);
    api.get_name = Some(name::<P>);
    api.get_description = Some(description::<P>);
    api.get_contact = Some(contact::<P>);
    api.get_version = Some(version::<P>);
    api.set_config = Some(set_config::<P>);
    api.get_metrics = Some(metrics::<P>);
    api.get_required_event_schema_version = Some(event_schema_version::<P>);
    #[cfg(feature = "abi-stable")]
    {
        api.lanner_abi_layout = Some(super::layout::exported);
    }
    api
}

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
    api
}

/// Adds the functions of extraction by typed functions.
#[must_use]
pub const fn with_extract<P: Exported + Extract>(api: PluginApi) -> PluginApi {
    extraction::<P, Typed>(api)
}

/// Adds the functions of extraction by one function, and Lanner's details of the fields.
#[must_use]
pub const fn with_extract_raw<P: Exported + ExtractRaw>(api: PluginApi) -> PluginApi {
    let mut api = extraction::<P, Raw>(api);
    api.lanner_get_field_details = Some(field_details::<P>);
    api.lanner_resolve_field = Some(resolve_field::<P>);
    api
}

const fn extraction<P: Exported, X: Extraction<P>>(mut api: PluginApi) -> PluginApi {
    api.get_extract_event_types = Some(extract_types::<P, X>);
    api.get_extract_event_sources = Some(extract_sources::<P, X>);
    api.get_fields = Some(fields::<P, X>);
    api.extract_fields = Some(extract_fields::<P, X>);
    api
}

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

/// Has `init` register the plugin's tables.
#[must_use]
pub const fn with_tables<P: Exported + ProvideTables>(mut api: PluginApi) -> PluginApi {
    api.init = Some(init::<P, WithTables>);
    api
}

/// The function of a capability that was just filled in.
#[doc(hidden)]
#[must_use]
pub const fn required<F: Copy>(f: Option<F>) -> F {
    match f {
        Some(f) => f,
        None => panic!("the capability has this function"),
    }
}

unsafe extern "C" fn required_api_version() -> *const c_char {
    raw::API_VERSION.as_ptr()
}

unsafe extern "C" fn name<P: Exported>() -> *const c_char {
    P::NAME.as_ptr()
}

unsafe extern "C" fn description<P: Exported>() -> *const c_char {
    P::DESCRIPTION.as_ptr()
}

unsafe extern "C" fn contact<P: Exported>() -> *const c_char {
    P::CONTACT.as_ptr()
}

unsafe extern "C" fn version<P: Exported>() -> *const c_char {
    P::VERSION.as_ptr()
}

unsafe extern "C" fn event_schema_version<P: Exported>(_: *mut PluginState) -> *const c_char {
    P::EVENT_SCHEMA_VERSION.as_ptr()
}

unsafe extern "C" fn init_schema<P: Exported>(ty: *mut SchemaType) -> *const c_char {
    let schema = guarded(&None, || P::cell().schema.get_or_init(|| P::Config::schema().map(|s| c_text(&s))));
    let (kind, text) = schema.as_ref().map_or((SchemaType::NONE, null()), |s| (SchemaType::JSON, s.as_ptr()));
    // SAFETY: the host passes null or a place for the type.
    if let Some(ty) = unsafe { ty.as_mut() } {
        *ty = kind;
    }
    text
}

/// A text of the host.
///
/// # Safety
/// Null (taken as empty) or NUL-terminated and valid for `'a`.
unsafe fn text<'a>(p: *const c_char, what: &'static str) -> Result<&'a str, Error> {
    if p.is_null() {
        return Ok("");
    }
    // SAFETY: the caller vouches for it.
    unsafe { CStr::from_ptr(p) }.to_str().map_err(|_| Error::NotUtf8 { what })
}

/// Whether the plugin offers tables.
trait Tables<P> {
    fn register(state: &State<P>, s: *mut PluginState, init: &Init<'_>) -> Result<(), Error>;
}

struct NoTables;
struct WithTables;

impl<P> Tables<P> for NoTables {
    fn register(_: &State<P>, _: *mut PluginState, _: &Init<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl<P: ProvideTables> Tables<P> for WithTables {
    fn register(state: &State<P>, s: *mut PluginState, init: &Init<'_>) -> Result<(), Error> {
        let tables = init.tables()?;
        // SAFETY: during `init` nobody else refers to the hub; its addresses are used only after this statement.
        let inputs = unsafe { &mut *state.hub.get() }.register(s);
        for input in inputs {
            // SAFETY: the hub keeps its named tables as long as the plugin lives.
            tables.add(unsafe { &*input })?;
        }
        Ok(())
    }
}

unsafe extern "C" fn init<P: Exported, T: Tables<P>>(input: *const InitInput, rc: *mut Rc) -> *mut PluginState {
    let mut unused = Rc::FAILURE;
    // SAFETY: the host passes null or a place for the code.
    let rc = unsafe { rc.as_mut() }.unwrap_or(&mut unused);
    *rc = Rc::FAILURE;
    // SAFETY: the host passes null or an input that is valid for the call.
    let Some(input) = (unsafe { input.as_ref() }) else { return null_mut() };
    let host = HostRef { owner: input.owner, last_error: input.get_owner_last_error };
    let log = Log::new(input.owner, input.log_fn);
    let s = Box::into_raw(Box::new(State::<P>::new(log.clone()))).cast::<PluginState>();
    // SAFETY: made in the line above.
    let Some(state) = (unsafe { state::<P>(s) }) else { return null_mut() };
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| -> Result<(), Error> {
        // SAFETY: the host's tables are null or valid for the call.
        let tables = unsafe { input.tables.as_ref().map(|t| InitTables::new(host, t)) };
        let mut init = Init { log, tables };
        // SAFETY: null or a text that is valid for the call.
        let config = P::Config::parse(unsafe { text(input.config, "the configuration") }?)?;
        let plugin = P::new(&mut init, config)?;
        // SAFETY: nobody has the state's address yet, so this is the only reference to the plugin.
        unsafe { *state.plugin.get() = Some(plugin) };
        T::register(state, s, &init)
    }));
    match made {
        Ok(Ok(())) => *rc = Rc::SUCCESS,
        Ok(Err(error)) => state.set_error(&error.to_string()),
        Err(payload) => state.set_error(&panic_text("init", payload)),
    }
    // With FAILURE too: only so can the host ask for the reason.
    s
}

unsafe extern "C" fn destroy<P: Exported>(s: *mut PluginState) {
    if s.is_null() {
        return;
    }
    // SAFETY: the host gives back what `init` returned and does not use it again.
    let state = unsafe { Box::from_raw(s.cast::<State<P>>()) };
    guarded((), || {
        let State { plugin, side, .. } = *state;
        let side = side.into_inner();
        // First the plugin: stopping its threads is its business, and they may still log until then.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(plugin.into_inner())));
        side.async_target.set(null_mut(), None);
        side.log.detach();
        side.routines.iter().for_each(|r| r.end());
    });
}

unsafe extern "C" fn last_error<P: Exported>(s: *mut PluginState) -> *const c_char {
    // SAFETY: null or what `init` returned.
    unsafe { state::<P>(s) }.map_or(c"the plugin was not initialised".as_ptr(), State::error_ptr)
}

/// Finds the state and enters it.
macro_rules! enter {
    ($plugin:ty, $s:expr, $what:literal, $fail:expr, $f:expr) => {{
        // SAFETY: null or what `init` returned.
        match unsafe { state::<$plugin>($s) } {
            Some(state) => state.enter($what, $fail, $f),
            None => $fail,
        }
    }};
}

unsafe extern "C" fn set_config<P: Exported>(s: *mut PluginState, input: *const SetConfigInput) -> Rc {
    enter!(P, s, "set_config", Rc::FAILURE, |plugin, _, _| {
        // SAFETY: the host passes null or an input that is valid for the call.
        let input = unsafe { input.as_ref() }.ok_or(Error::Host("input is null"))?;
        // SAFETY: null or a text that is valid for the call.
        plugin.set_config(P::Config::parse(unsafe { text(input.config, "the configuration") }?)?)?;
        Ok(Rc::SUCCESS)
    })
}

unsafe extern "C" fn metrics<P: Exported>(s: *mut PluginState, n: *mut u32) -> *mut Metric {
    // SAFETY: the host passes null or a place for the number.
    let Some(n) = (unsafe { n.as_mut() }) else { return null_mut() };
    *n = 0;
    enter!(P, s, "get_metrics", null_mut(), |plugin, side, _| {
        side.metrics.clear();
        plugin.metrics(&mut Metrics(&mut side.metrics));
        let array = side.metrics.array();
        *n = u32::try_from(array.len()).unwrap_or(u32::MAX);
        Ok(if array.is_empty() { null_mut() } else { array.as_mut_ptr() })
    })
}

// --- event source ---------------------------------------------------------------------------------------------------

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
        let stream = unsafe { h.cast::<Stream<P::Instance>>().as_mut() }.ok_or(Error::Host("instance is null"))?;
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

unsafe extern "C" fn machine_info<P: Exported + Source>(s: *mut PluginState) -> *const c_char {
    enter!(P, s, "machine_info", null(), |plugin, side, _| {
        let Some(info) = plugin.machine_info() else { return Ok(null()) };
        side.machine_info = c_text(&info);
        Ok(side.machine_info.as_ptr())
    })
}

// --- extraction -----------------------------------------------------------------------------------------------------

/// How a plugin extracts.
trait Extraction<P: Exported>: 'static {
    const TYPES: &'static [u16];
    const SOURCES: &'static [&'static str];

    fn json() -> serde_json::Result<String>;
    fn extract(plugin: &mut P, cx: &ExtractCx<'_>, req: &FieldRequest<'_>, out: &mut FieldBuf) -> Result<bool, Error>;
}

struct Typed;
struct Raw;

fn typed<P: Exported + Extract>() -> &'static TypedFields<P> {
    P::cell().typed.get_or_init(TypedFields::collect)
}

fn raw_defs<P: Exported + ExtractRaw>() -> &'static [FieldDef] {
    P::cell().defs.get_or_init(P::field_defs)
}

impl<P: Exported + Extract> Extraction<P> for Typed {
    const TYPES: &'static [u16] = P::EVENT_TYPES;
    const SOURCES: &'static [&'static str] = P::EVENT_SOURCES;

    fn json() -> serde_json::Result<String> {
        fields_json(typed::<P>().0.iter().map(|f| &f.def))
    }

    fn extract(plugin: &mut P, cx: &ExtractCx<'_>, req: &FieldRequest<'_>, out: &mut FieldBuf) -> Result<bool, Error> {
        let field = typed::<P>().0.get(req.id as usize).ok_or(Error::Host("field id is out of range"))?;
        (field.call)(plugin, cx, req, &mut ValueSink { buf: out })
    }
}

impl<P: Exported + ExtractRaw> Extraction<P> for Raw {
    const TYPES: &'static [u16] = P::EVENT_TYPES;
    const SOURCES: &'static [&'static str] = P::EVENT_SOURCES;

    fn json() -> serde_json::Result<String> {
        fields_json(raw_defs::<P>().iter())
    }

    #[inline]
    fn extract(plugin: &mut P, cx: &ExtractCx<'_>, req: &FieldRequest<'_>, out: &mut FieldBuf) -> Result<bool, Error> {
        Ok(plugin.extract(cx, req, &mut ValueSink { buf: out }))
    }
}

/// A static text of the plugin; null if making it panics or fails.
fn static_text(cell: &'static std::sync::OnceLock<CString>, make: impl FnOnce() -> String) -> *const c_char {
    guarded(null(), || cell.get_or_init(|| c_text(&make())).as_ptr())
}

fn json_list(names: &[&str]) -> String {
    serde_json::to_string(names).unwrap_or_default()
}

unsafe extern "C" fn fields<P: Exported, X: Extraction<P>>() -> *const c_char {
    static_text(&P::cell().fields_json, || X::json().unwrap_or_default())
}

unsafe extern "C" fn field_details<P: Exported + ExtractRaw>() -> *const c_char {
    static_text(&P::cell().details_json, || details_json(raw_defs::<P>().iter()).unwrap_or_default())
}

unsafe extern "C" fn resolve_field<P: Exported + ExtractRaw>(
    s: *mut PluginState,
    id: u32,
    arg: *const c_char,
    ty: *mut FieldType,
) -> Rc {
    enter!(P, s, "resolve_field", Rc::FAILURE, |plugin, _, _| {
        let def = raw_defs::<P>().get(id as usize).ok_or(Error::Host("field id is out of range"))?;
        // SAFETY: null or a text that is valid for the call.
        let resolved = plugin.resolve(def, id, unsafe { text(arg, "the argument") }?)?;
        // SAFETY: the host passes null or a place for the type.
        if let Some(ty) = unsafe { ty.as_mut() } {
            *ty = resolved;
        }
        Ok(Rc::SUCCESS)
    })
}

/// The event types of a capability.
///
/// # Safety
/// `n` is null or a place for the number.
unsafe fn types(n: *mut u32, types: &'static [u16]) -> *mut u16 {
    // SAFETY: the caller vouches for it.
    if let Some(n) = unsafe { n.as_mut() } {
        *n = u32::try_from(types.len()).unwrap_or(u32::MAX);
    }
    if types.is_empty() { null_mut() } else { types.as_ptr().cast_mut() }
}

unsafe extern "C" fn extract_types<P: Exported, X: Extraction<P>>(n: *mut u32, _: *mut PluginState) -> *mut u16 {
    // SAFETY: the host passes null or a place for the number.
    unsafe { types(n, X::TYPES) }
}

unsafe extern "C" fn extract_sources<P: Exported, X: Extraction<P>>() -> *const c_char {
    static_text(&P::cell().extract_sources, || json_list(X::SOURCES))
}

unsafe extern "C" fn extract_fields<P: Exported, X: Extraction<P>>(
    s: *mut PluginState,
    evt: *const RawInput,
    input: *const FieldExtractInput,
) -> Rc {
    enter!(P, s, "extract_fields", Rc::FAILURE, |plugin, side, _| {
        // SAFETY: the host passes an event and an input that are valid for the call.
        let (event, input) = unsafe { (EventInput::from_raw(evt)?, input.as_ref()) };
        let input = input.ok_or(Error::Host("input is null"))?;
        let n = input.num_fields as usize;
        if n == 0 {
            return Ok(Rc::SUCCESS);
        }
        if input.fields.is_null() {
            return Err(Error::Host("fields are null"));
        }
        // SAFETY: `fields` has `num_fields` elements, which only this call uses.
        let fields = unsafe { core::slice::from_raw_parts_mut(input.fields, n) };
        let host = HostRef { owner: input.owner, last_error: input.get_owner_last_error };
        // SAFETY: the vtable is null or valid for the call.
        let cx = ExtractCx { event, tables: unsafe { TableReader::new(host, input.table_reader_ext) } };
        if side.fields.len() < n {
            side.fields.resize_with(n, FieldBuf::default);
        }
        for (field, buf) in fields.iter_mut().zip(&mut side.fields) {
            field.res_len = 0;
            let arg = if field.arg_present.get() || !field.arg_key.is_null() {
                FieldArgument {
                    // SAFETY: null or a text that is valid for the call.
                    key: (!field.arg_key.is_null()).then(|| unsafe { CStr::from_ptr(field.arg_key) }),
                    index: (field.arg_index != raw::NO_INDEX).then_some(field.arg_index),
                }
            } else {
                FieldArgument::default()
            };
            let req = FieldRequest { id: field.field_id, ty: field.ftype, list: field.flist.get(), arg };
            buf.clear();
            if X::extract(plugin, &cx, &req, buf)? {
                buf.finish(field)?;
            }
        }
        // SAFETY: null or valid for the call.
        if let Some(offsets) = unsafe { input.value_offsets.as_mut() } {
            let (start, length) = &mut side.offsets;
            start.clear();
            length.clear();
            start.extend(side.fields[..n].iter().map(|b| b.location.0));
            length.extend(side.fields[..n].iter().map(|b| b.location.1));
            (offsets.start, offsets.length) = (start.as_mut_ptr(), length.as_mut_ptr());
        }
        Ok(Rc::SUCCESS)
    })
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
        let input = input.ok_or(Error::Host("input is null"))?;
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
    handler: Option<raw::AsyncEventHandlerFn>,
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
    handler: Option<raw::AsyncEventHandlerFn>,
) -> Rc {
    enter!(P, s, "dump_state", Rc::FAILURE, |plugin, _, _| {
        let handler = handler.ok_or(Error::Host("handler is null"))?;
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
            let input = input.as_ref().ok_or(Error::Host("input is null"))?;
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
