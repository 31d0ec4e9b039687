//! Functions of field extraction.

use core::ffi::{CStr, c_char};

use super::{json_list, static_text, text, types};
use crate::export::Exported;
use crate::export::state::state;
use crate::raw::{
    self, EventInput as RawInput, ExtractField, FieldExtractInput, FieldType, FieldValue, PluginApi, PluginState, Rc,
};
use crate::sdk::{
    Error, EventInput, Extract, ExtractCx, ExtractRaw, FieldArgument, FieldBuf, FieldDef, FieldRequest, HostRef,
    PreparedField, TableReader, TypedFields, ValueSink, details_json, fields_json,
};

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
    api.lanner_get_field_key = Some(field_key::<P>);
    api.lanner_get_event_keys = Some(event_keys::<P>);
    api.lanner_get_thread_field = Some(thread_field::<P>);
    api.lanner_get_thread_key = Some(thread_key::<P>);
    api
}

const fn extraction<P: Exported, X: Extraction<P>>(mut api: PluginApi) -> PluginApi {
    api.get_extract_event_types = Some(extract_types::<P, X>);
    api.get_extract_event_sources = Some(extract_sources::<P, X>);
    api.get_fields = Some(fields::<P, X>);
    api.extract_fields = Some(extract_fields::<P, X>);
    api.lanner_prepare_field = Some(prepare_field::<P>);
    api.lanner_extract_prepared = Some(extract_prepared::<P, X>);
    api
}

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
        let field = typed::<P>().0.get(req.id as usize).ok_or_else(|| Error::Host("field id is out of range"))?;
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
        let def = raw_defs::<P>().get(id as usize).ok_or_else(|| Error::Host("field id is out of range"))?;
        // SAFETY: null or a text that is valid for the call.
        let resolved = plugin.resolve(def, id, unsafe { text(arg, "the argument") }?)?;
        // SAFETY: the host passes null or a place for the type.
        if let Some(ty) = unsafe { ty.as_mut() } {
            *ty = resolved;
        }
        Ok(Rc::SUCCESS)
    })
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
        let input = input.ok_or_else(|| Error::Host("input is null"))?;
        let n = input.num_fields as usize;
        if n == 0 {
            return Ok(Rc::SUCCESS);
        }
        if input.fields.is_null() {
            return Err(Error::Host("fields are null"));
        }
        // SAFETY: `fields` has `num_fields` elements, which only this call uses.
        let fields = unsafe { core::slice::from_raw_parts_mut(input.fields, n) };
        // SAFETY: the input is valid for the call.
        let cx = unsafe { context(event, input) };
        if side.fields.len() < n {
            side.fields.resize_with(n, FieldBuf::default);
        }
        for (field, buf) in fields.iter_mut().zip(&mut side.fields) {
            field.res_len = 0;
            // SAFETY: the request is valid for the call.
            let req = unsafe { request(field) };
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

unsafe extern "C" fn prepare_field<P: Exported>(
    s: *mut PluginState,
    field: *const ExtractField,
    handle: *mut u32,
) -> Rc {
    enter!(P, s, "lanner_prepare_field", Rc::FAILURE, |_, side, _| {
        // SAFETY: the host passes a request that is valid for the call, and a place for the handle.
        let (field, handle) = unsafe { (field.as_ref(), handle.as_mut()) };
        let (Some(field), Some(handle)) = (field, handle) else {
            return Err(Error::Host("request or handle is null"));
        };
        // SAFETY: as above.
        let req = unsafe { request(field) };
        if req.list {
            return Ok(Rc::NOT_SUPPORTED);
        }
        let wanted = PreparedField::new(&req);
        // Whoever loads rules again asks for the same once more.
        let at = side.prepared.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            side.prepared.push(wanted);
            side.prepared.len() - 1
        });
        *handle = u32::try_from(at).map_err(|_| Error::Host("too many requests"))?;
        Ok(Rc::SUCCESS)
    })
}

unsafe extern "C" fn extract_prepared<P: Exported, X: Extraction<P>>(
    s: *mut PluginState,
    handle: u32,
    evt: *const RawInput,
    input: *const FieldExtractInput,
) -> FieldValue {
    enter!(P, s, "lanner_extract_prepared", FieldValue::FAILED, |plugin, side, _| {
        // SAFETY: the host passes an event and an input that are valid for the call.
        let (event, input) = unsafe { (EventInput::from_raw(evt)?, input.as_ref()) };
        let input = input.ok_or_else(|| Error::Host("input is null"))?;
        let field = side.prepared.get(handle as usize).ok_or_else(|| Error::Host("no request of this handle"))?;
        // SAFETY: as above.
        let cx = unsafe { context(event, input) };
        side.value.clear();
        if X::extract(plugin, &cx, &field.request(), &mut side.value)? {
            return side.value.single(field.id, field.ty);
        }
        Ok(side.value.absent())
    })
}

unsafe extern "C" fn field_key<P: Exported + ExtractRaw>(s: *mut PluginState, handle: u32) -> u32 {
    enter!(P, s, "lanner_get_field_key", raw::NO_KEY, |plugin, side, _| {
        let field = side.prepared.get(handle as usize).ok_or_else(|| Error::Host("no request of this handle"))?;
        let key = plugin.key_of(&field.request()).filter(|key| (*key as usize) < raw::MAX_KEYS);
        Ok(key.unwrap_or(raw::NO_KEY))
    })
}

unsafe extern "C" fn event_keys<P: Exported + ExtractRaw>(
    s: *mut PluginState,
    evt: *const RawInput,
    wanted: u32,
    keys: *mut u64,
) {
    enter!(P, s, "lanner_get_event_keys", (), |plugin, _, _| {
        // SAFETY: the host passes an event that is valid for the call, and null or places for all keys.
        let (event, keys) = unsafe { (EventInput::from_raw(evt)?, keys.cast::<[u64; raw::MAX_KEYS]>().as_mut()) };
        plugin.keys(&event, wanted, keys.ok_or_else(|| Error::Host("keys are null"))?);
        Ok(())
    });
}

unsafe extern "C" fn thread_field<P: Exported + ExtractRaw>(s: *mut PluginState, handle: u32) -> *const c_char {
    enter!(P, s, "lanner_get_thread_field", core::ptr::null(), |plugin, side, _| {
        let field = side.prepared.get(handle as usize).ok_or_else(|| Error::Host("no request of this handle"))?;
        Ok(plugin.thread_field_of(&field.request()).map_or(core::ptr::null(), CStr::as_ptr))
    })
}

unsafe extern "C" fn thread_key<P: Exported + ExtractRaw>(s: *mut PluginState, field: *const c_char) -> u32 {
    enter!(P, s, "lanner_get_thread_key", raw::NO_KEY, |plugin, _, _| {
        if field.is_null() {
            return Err(Error::Host("the field's name is null"));
        }
        // SAFETY: not null, so a text that is valid for the call.
        let key = plugin.thread_key(unsafe { CStr::from_ptr(field) });
        Ok(key.filter(|key| (*key as usize) < raw::MAX_KEYS).unwrap_or(raw::NO_KEY))
    })
}

/// What extraction may use.
///
/// # Safety
/// The vtable of the input is null or valid for `'a`.
#[inline]
pub(super) unsafe fn context<'a>(event: EventInput<'a>, input: &'a FieldExtractInput) -> ExtractCx<'a> {
    let host = HostRef { owner: input.owner, last_error: input.get_owner_last_error };
    // SAFETY: the caller vouches for it.
    ExtractCx { event, tables: unsafe { TableReader::new(host, input.table_reader_ext) } }
}

/// What the host asks for.
///
/// # Safety
/// The argument's text is null or valid for `'a`.
#[inline]
unsafe fn request<'a>(field: &'a ExtractField) -> FieldRequest<'a> {
    let arg = if field.arg_present.get() || !field.arg_key.is_null() {
        FieldArgument {
            // SAFETY: the caller vouches for it.
            key: (!field.arg_key.is_null()).then(|| unsafe { CStr::from_ptr(field.arg_key) }),
            index: (field.arg_index != raw::NO_INDEX).then_some(field.arg_index),
        }
    } else {
        FieldArgument::default()
    };
    FieldRequest { id: field.field_id, ty: field.ftype, list: field.flist.get(), arg }
}
