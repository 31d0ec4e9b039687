//! A host in miniature: just enough to call a plugin as the ABI says.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the test plays the host and calls the ABI: every block does as the header says"
)]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod tables;

use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use lanner_plugin_api::raw::{self, PluginApi, Rc};

/// What the plugin said and sent.
#[derive(Default)]
pub struct Owner {
    pub log: Mutex<Vec<String>>,
    pub async_events: Mutex<Vec<Vec<u8>>>,
    pub error: Mutex<CString>,
    /// Addresses of the `TableInput`s that plugins offered.
    pub tables: Mutex<Vec<usize>>,
    /// Refuse async events with this text.
    pub refuse: Mutex<Option<String>>,
}

pub unsafe extern "C" fn owner_error(o: *mut raw::Owner) -> *const c_char {
    unsafe { o.cast::<Owner>().as_ref() }.map_or(null(), |o| o.error.lock().unwrap().as_ptr())
}

unsafe extern "C" fn log(o: *mut raw::Owner, _: *const c_char, msg: *const c_char, sev: raw::LogSeverity) {
    let text = unsafe { CStr::from_ptr(msg) }.to_string_lossy();
    let owner = unsafe { o.cast::<Owner>().as_ref() }.unwrap();
    owner.log.lock().unwrap().push(format!("{sev}: {text}"));
}

pub unsafe extern "C" fn take_async(o: *mut raw::Owner, evt: *const raw::Event, err: *mut c_char) -> Rc {
    let owner = unsafe { o.cast::<Owner>().as_ref() }.unwrap();
    if let Some(why) = &*owner.refuse.lock().unwrap() {
        let why = CString::new(why.as_str()).unwrap();
        unsafe { core::ptr::copy_nonoverlapping(why.as_ptr(), err, why.as_bytes_with_nul().len()) };
        return Rc::FAILURE;
    }
    let len = unsafe { (&raw const (*evt).len).read_unaligned() } as usize;
    owner.async_events.lock().unwrap().push(unsafe { core::slice::from_raw_parts(evt.cast::<u8>(), len) }.to_vec());
    Rc::SUCCESS
}

/// An initialised plugin.
pub struct Host {
    pub api: PluginApi,
    pub owner: Box<Owner>,
    pub state: *mut raw::PluginState,
}

/// What came out of `init`.
pub struct Failed {
    pub rc: Rc,
    pub error: String,
}

pub fn text(p: *const c_char) -> String {
    assert!(!p.is_null(), "a text was promised");
    unsafe { CStr::from_ptr(p) }.to_str().unwrap().to_owned()
}

impl Host {
    pub fn new(api: PluginApi, config: &str) -> Result<Self, Failed> {
        Self::beside(api, config, &[])
    }

    /// With the tables of other plugins.
    pub fn beside(api: PluginApi, config: &str, others: &[&Host]) -> Result<Self, Failed> {
        let owner = Box::new(Owner::default());
        for other in others {
            owner.tables.lock().unwrap().extend_from_slice(&other.owner.tables.lock().unwrap());
        }
        let tables = tables::init_tables();
        let config = CString::new(config).unwrap();
        let input = raw::InitInput {
            config: config.as_ptr(),
            owner: (&raw const *owner).cast_mut().cast(),
            get_owner_last_error: Some(owner_error),
            tables: &tables,
            log_fn: Some(log),
        };
        let mut rc = Rc(77);
        let state = unsafe { api.init.unwrap()(&input, &mut rc) };
        let host = Self { api, owner, state };
        if rc == Rc::SUCCESS {
            assert!(!state.is_null());
            return Ok(host);
        }
        Err(Failed { rc, error: host.error() })
    }

    pub fn owner_ptr(&self) -> *mut raw::Owner {
        (&raw const *self.owner).cast_mut().cast()
    }

    pub fn error(&self) -> String {
        text(unsafe { self.api.get_last_error.unwrap()(self.state) })
    }

    pub fn open(&self, params: &str) -> Result<*mut raw::Instance, String> {
        let params = CString::new(params).unwrap();
        let mut rc = Rc(77);
        let h = unsafe { self.api.open.unwrap()(self.state, params.as_ptr(), &mut rc) };
        if rc == Rc::SUCCESS && !h.is_null() { Ok(h) } else { Err(self.error()) }
    }

    pub fn close(&self, h: *mut raw::Instance) {
        unsafe { self.api.close.unwrap()(self.state, h) };
    }

    /// Copies of the next events.
    pub fn next(&self, h: *mut raw::Instance) -> (Rc, Vec<Vec<u8>>) {
        let (mut n, mut evts) = (99, null_mut());
        let rc = unsafe { self.api.next_batch.unwrap()(self.state, h, &mut n, &mut evts) };
        let events = (0..n as usize)
            .map(|i| unsafe {
                let event = *evts.add(i);
                let len = (&raw const (*event).len).read_unaligned() as usize;
                core::slice::from_raw_parts(event.cast::<u8>(), len).to_vec()
            })
            .collect();
        (rc, events)
    }

    /// Extracts one field through `extract_fields`; `arg` is what stands in brackets.
    pub fn extract(&self, event: &[u8], id: u32, ty: raw::FieldType, list: bool, arg: Option<&str>) -> Extracted {
        self.ask(event, id, ty, list, arg, false)
    }

    /// Extracts one field in both ways, which must give the same. Not for plugins that count how often they are asked.
    pub fn extract_twice(&self, event: &[u8], id: u32, ty: raw::FieldType, list: bool, arg: Option<&str>) -> Extracted {
        self.ask(event, id, ty, list, arg, true)
    }

    fn ask(&self, event: &[u8], id: u32, ty: raw::FieldType, list: bool, arg: Option<&str>, twice: bool) -> Extracted {
        let key = arg.map(|a| CString::new(a).unwrap());
        let mut field = raw::ExtractField {
            res: raw::ExtractResult { u64: null() },
            res_len: 12345, // hosts do not clear it
            field_id: id,
            field: c"".as_ptr(),
            arg_key: key.as_ref().map_or(null(), |k| k.as_ptr()),
            arg_index: arg.and_then(|a| a.parse().ok()).unwrap_or(raw::NO_INDEX),
            arg_present: arg.is_some().into(),
            ftype: ty,
            flist: raw::Bool(if list { 64 } else { 0 }),
        };
        let input = raw::FieldExtractInput {
            owner: self.owner_ptr(),
            get_owner_last_error: Some(owner_error),
            num_fields: 1,
            fields: &mut field,
            table_reader: Default::default(),
            table_reader_ext: (&raw const tables::READER).cast_mut(),
            value_offsets: null_mut(),
        };
        let evt = raw::EventInput { evt: event.as_ptr().cast(), evtnum: 1, evtsrc: c"test".as_ptr() };
        let prepared = if twice { self.extract_prepared(&evt, &field) } else { None };
        let rc = unsafe { self.api.extract_fields.unwrap()(self.state, &evt, &input) };
        let answer = self.answer(rc, &field);
        if let Some(prepared) = prepared {
            assert_eq!(prepared, answer, "both ways give the same");
        }
        answer
    }

    /// Asks by a prepared request, as the host does wherever the plugin takes it.
    fn extract_prepared(&self, evt: &raw::EventInput, field: &raw::ExtractField) -> Option<Extracted> {
        let (prepare, extract) = (self.api.lanner_prepare_field?, self.api.lanner_extract_prepared?);
        let (mut handle, mut again) = (u32::MAX, u32::MAX);
        let rc = unsafe { prepare(self.state, field, &mut handle) };
        if field.flist.get() {
            assert_eq!(rc, Rc::NOT_SUPPORTED, "several values do not fit");
            return None;
        }
        assert_eq!((rc, unsafe { prepare(self.state, field, &mut again) }), (Rc::SUCCESS, Rc::SUCCESS));
        assert_eq!(handle, again, "equal requests share a handle");
        let input = raw::FieldExtractInput {
            owner: self.owner_ptr(),
            get_owner_last_error: Some(owner_error),
            num_fields: 0,
            fields: null_mut(),
            table_reader: Default::default(),
            table_reader_ext: (&raw const tables::READER).cast_mut(),
            value_offsets: null_mut(),
        };
        let value = unsafe { extract(self.state, handle, evt, &input) };
        let bytes = || unsafe { core::slice::from_raw_parts(value.data, value.n as usize) }.to_vec();
        Some(match field.ftype {
            _ if value == raw::FieldValue::NONE => Extracted::None,
            // What failed is named after the function that was called.
            _ if value == raw::FieldValue::FAILED => {
                Extracted::Failed(self.error().replace("lanner_extract_prepared", "extract_fields"))
            }
            raw::FieldType::STRING => Extracted::Text(vec![String::from_utf8(bytes()).unwrap()]),
            raw::FieldType::BOOL => Extracted::Bool(value.n != 0),
            raw::FieldType::IPADDR | raw::FieldType::BYTEBUF => Extracted::Bytes(bytes()),
            _ => Extracted::Numbers(vec![value.n]),
        })
    }

    fn answer(&self, rc: Rc, field: &raw::ExtractField) -> Extracted {
        if rc != Rc::SUCCESS {
            return Extracted::Failed(self.error());
        }
        let ty = field.ftype;
        let n = field.res_len as usize;
        match ty {
            _ if n == 0 => Extracted::None,
            raw::FieldType::STRING => Extracted::Text((0..n).map(|i| text(unsafe { *field.res.str.add(i) })).collect()),
            raw::FieldType::BOOL => Extracted::Bool(unsafe { *field.res.boolean }.get()),
            raw::FieldType::IPADDR | raw::FieldType::BYTEBUF => Extracted::Bytes(unsafe {
                let buf = *field.res.buf;
                core::slice::from_raw_parts(buf.ptr.cast(), buf.len as usize).to_vec()
            }),
            _ => Extracted::Numbers(unsafe { core::slice::from_raw_parts(field.res.u64, n) }.to_vec()),
        }
    }

    pub fn parse(&self, event: &[u8]) -> Rc {
        let input = raw::EventParseInput {
            owner: self.owner_ptr(),
            get_owner_last_error: Some(owner_error),
            table_reader: Default::default(),
            table_writer: Default::default(),
            table_reader_ext: (&raw const tables::READER).cast_mut(),
            table_writer_ext: (&raw const tables::WRITER).cast_mut(),
        };
        let evt = raw::EventInput { evt: event.as_ptr().cast(), evtnum: 1, evtsrc: c"test".as_ptr() };
        unsafe { self.api.parse_event.unwrap()(self.state, &evt, &input) }
    }

    pub fn metrics(&self) -> Vec<(String, u64)> {
        let mut n = 0;
        let metrics = unsafe { self.api.get_metrics.unwrap()(self.state, &mut n) };
        (0..n as usize)
            .map(|i| unsafe { ((*metrics.add(i)).name, (*metrics.add(i)).value.u64) })
            .map(|(name, value)| (text(name), value))
            .collect()
    }

    pub fn set_handler(&self, on: bool) -> Rc {
        let handler = on.then_some(take_async as raw::AsyncEventHandlerFn);
        unsafe { self.api.set_async_event_handler.unwrap()(self.state, self.owner_ptr(), handler) }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        unsafe { self.api.destroy.unwrap()(self.state) };
    }
}

/// The answer to a request.
#[derive(Debug, PartialEq)]
pub enum Extracted {
    None,
    Failed(String),
    Numbers(Vec<u64>),
    Text(Vec<String>),
    Bool(bool),
    Bytes(Vec<u8>),
}

pub fn one(s: &str) -> Extracted {
    Extracted::Text(vec![s.to_owned()])
}
