//! Whatever goes wrong inside a plugin becomes a return code and a text; nothing crosses the boundary.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the test plays the host; this crate itself has no feature `cdylib`"
)]

mod common;

use std::ptr::{null, null_mut};

use common::{Extracted, Host};
use lanner_plugin_api::raw::{self, FieldType as F, Rc};

/// A plugin that does what its configuration and its payloads say.
mod moody {
    use std::ffi::CStr;

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::raw::{EventMeta, FieldType};
    use lanner_plugin_api::sdk::*;

    pub struct Moody {
        pub handle: Option<AsyncHandle>,
    }

    impl Plugin for Moody {
        const NAME: &'static CStr = c"moody";
        const DESCRIPTION: &'static CStr = c"fails on demand";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"1.2.3";
        type Config = String;

        fn new(_: &mut Init<'_>, config: String) -> Result<Self, Error> {
            match config.as_str() {
                "panic" => panic!("no {}", "way"),
                "panic with a number" => std::panic::panic_any(5),
                "fail" => Err(Error::other("not today\0hidden")),
                _ => Ok(Self { handle: None }),
            }
        }

        fn set_config(&mut self, config: String) -> Result<(), Error> {
            assert!(config != "panic", "bad configuration");
            Ok(())
        }

        fn metrics(&mut self, out: &mut Metrics<'_>) {
            out.counter("a\0b", 1u64);
            panic!("no metrics");
        }
    }

    /// Hands out batches by script: one word per call.
    pub struct Script {
        words: Vec<String>,
        event: Vec<u8>,
    }

    impl Source for Moody {
        const PLUGIN_ID: u32 = 0;
        const EVENT_SOURCE: &'static CStr = c"";
        type Instance = Script;

        fn open(&mut self, params: &str) -> Result<Script, Error> {
            assert!(params != "panic", "cannot open");
            if params.is_empty() {
                return Err(Error::other("no script"));
            }
            let words = params.split(' ').rev().map(str::to_owned).collect();
            let mut event = vec![0u8; 30];
            event[16] = 30;
            Ok(Script { words, event })
        }

        fn close(&mut self, instance: Script) {
            assert!(instance.words.is_empty(), "closed too early");
        }
    }

    impl SourceInstance for Script {
        type Plugin = Moody;

        fn next_batch<'i>(&'i mut self, _: &mut Moody, batch: &mut Batch<'i>) -> Result<Next, Error> {
            let word = self.words.pop().unwrap_or_default();
            let event = &self.event;
            let meta = EventMeta { num: 7, cpu: 3, flags: EventMeta::HIDDEN };
            match word.as_str() {
                "more" => batch.payload(b"x").map(|()| Next::More)?,
                "nothing" => Next::More,
                "wait" => Next::Wait,
                "end" => batch.payload(b"last").map(|()| Next::End)?,
                "fail" => {
                    batch.payload(b"before")?;
                    return Err(Error::other("torn"));
                }
                "panic" => {
                    batch.payload(b"before")?;
                    panic!("torn apart");
                }
                "shared" => batch.push_shared_with(event, meta).map(|()| Next::More)?,
                "many" => {
                    batch.extend_shared_with([(&event[..], meta), (event, meta)].into_iter())?;
                    Next::More
                }
                "late" => {
                    batch.push_shared(event)?;
                    batch.extend_shared_with([(&event[..], meta)].into_iter())?;
                    Next::More
                }
                "cut" => {
                    batch.extend_shared_with([(&event[..], meta), (&event[..20], meta)].into_iter())?;
                    Next::More
                }
                "mixed" => {
                    batch.push_shared_with(event, meta)?;
                    batch.push_shared(event)?;
                    Next::More
                }
                "short" => batch.push_shared(&event[..20]).map(|()| Next::More)?,
                "long" => batch.push_shared(&event[..29]).map(|()| Next::More)?,
                other => return Err(Error::other(other.to_owned())),
            };
            Ok(match word.as_str() {
                "end" => Next::End,
                "wait" => Next::Wait,
                _ => Next::More,
            })
        }
    }

    impl ExtractRaw for Moody {
        fn field_defs() -> Vec<FieldDef> {
            let field = |name, ty| FieldDef { name, ty, desc: "d", ..FieldDef::EMPTY };
            vec![
                field("m.panic", FieldType::UINT64),
                field("m.wrong", FieldType::STRING),
                field("m.many", FieldType::INT64),
                field("m.all", FieldType::STRING),
                field("m.terminated", FieldType::STRING),
                field("m.cut", FieldType::STRING),
            ]
        }

        fn extract<'v>(&'v mut self, _: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
            match req.id {
                0 => panic!("cannot extract"),
                1 => out.u64(1),
                2 => {
                    out.i64(-1);
                    out.i64(-2);
                }
                4 => out.terminated(b"as it lies\0"),
                5 => out.str_bytes(b"until\0here"),
                _ => {
                    out.str("copied");
                    out.cstr(c"borrowed");
                    out.display(format_args!("{}-{}", 1, 2));
                    out.str_bytes(b"");
                }
            }
            true
        }

        fn resolve(&mut self, def: &FieldDef, _: u32, arg: &str) -> Result<FieldType, Error> {
            match arg {
                "bad" => Err(Error::other("no such argument")),
                "port" => Ok(FieldType::PORT),
                _ => Ok(def.ty),
            }
        }
    }

    impl Parse for Moody {
        fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
            let Some((_, payload)) = cx.event.plugin_payload() else { return Err(Error::other("not mine")) };
            match payload {
                b"panic" => panic!("cannot parse"),
                b"send" => {
                    let handle = self.handle.as_ref().ok_or(AsyncError::Stopped)?;
                    Ok(handle.send(&AsyncEvent { ts: Some(5), tid: Some(6), name: "e", data: b"data" })?)
                }
                _ => Ok(()),
            }
        }
    }

    impl AsyncSource for Moody {
        const ASYNC_EVENTS: &'static [&'static str] = &["e"];
        fn start(&mut self, handle: AsyncHandle) -> Result<(), Error> {
            self.handle = Some(handle);
            Ok(())
        }
        // Keeps the handle: using it afterwards must fail, not crash.
        fn stop(&mut self) -> Result<(), Error> {
            Err(Error::other("cannot stop"))
        }
        fn dump_state(&mut self, dump: &StateDump) -> Result<(), Error> {
            Ok(dump.write(&AsyncEvent { ts: None, tid: None, name: "e", data: b"" })?)
        }
    }

    export_plugin!(Moody: source, extract_raw, parse, async_events);
}

fn host() -> Host {
    Host::new(moody::PLUGIN_API, "").unwrap_or_else(|f| panic!("{}", f.error))
}

fn event(payload: &[u8]) -> Vec<u8> {
    let mut e = vec![0u8; 38];
    e[16..20].copy_from_slice(&(38 + payload.len() as u32).to_le_bytes());
    e[20..22].copy_from_slice(&322u16.to_le_bytes());
    e[22] = 2;
    e[26] = 4;
    e[30..34].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    e.extend(payload);
    e
}

#[test]
fn init_that_fails_says_why() {
    for (config, why) in
        [("panic", "panic in init: no way"), ("panic with a number", "panic in init: no text"), ("fail", "not today")]
    {
        let failed = Host::new(moody::PLUGIN_API, config).err().unwrap();
        assert_eq!((failed.rc, failed.error.as_str()), (Rc::FAILURE, why));
    }
    let api = &moody::PLUGIN_API;
    unsafe {
        assert!(api.init.unwrap()(null(), null_mut()).is_null());
        assert_eq!(common::text(api.get_last_error.unwrap()(null_mut())), "the plugin was not initialised");
        api.destroy.unwrap()(null_mut());
        let mut ty = raw::SchemaType(9);
        assert!(api.get_init_schema.unwrap()(&mut ty).is_null());
        assert_eq!(ty, raw::SchemaType::NONE);
    }
}

#[test]
fn a_panic_is_a_failure_with_its_text_and_the_plugin_goes_on() {
    let host = host();
    let calls = || unsafe {
        let config = raw::SetConfigInput { config: c"panic".as_ptr() };
        assert_eq!(host.api.set_config.unwrap()(host.state, &config), Rc::FAILURE);
        assert_eq!(host.error(), "panic in set_config: bad configuration");
        assert_eq!(host.open("panic").unwrap_err(), "panic in open: cannot open");
        assert_eq!(host.parse(&event(b"panic")), Rc::FAILURE);
        assert_eq!(host.error(), "panic in parse_event: cannot parse");
        assert_eq!(
            host.extract_twice(&event(b""), 0, F::UINT64, false, None),
            Extracted::Failed("panic in extract_fields: cannot extract".into())
        );
        let mut n = 9;
        assert!(host.api.get_metrics.unwrap()(host.state, &mut n).is_null());
        assert_eq!((n, host.error()), (0, "panic in get_metrics: no metrics".into()));
    };
    calls();
    calls();
    let h = host.open("wait").unwrap();
    host.close(h);
    let h = host.open("more").unwrap();
    host.close(h);
    assert_eq!(host.error(), "panic in close: closed too early");
    assert_eq!(host.parse(&event(b"fine")), Rc::SUCCESS);
}

#[test]
fn batches_end_as_the_stream_says_and_lose_nothing() {
    let host = host();
    let script = [
        "more", "nothing", "wait", "fail", "panic", "shared", "many", "late", "cut", "mixed", "short", "long", "odd",
        "end",
    ];
    let h = host.open(&script.join(" ")).unwrap();
    let payload = |e: &[u8]| e[38..].to_vec();

    let (rc, events) = host.next(h);
    assert_eq!((rc, events.len()), (Rc::SUCCESS, 1));
    assert_eq!(payload(&events[0]), b"x");
    assert_eq!(events[0].len(), u32::from_le_bytes(events[0][16..20].try_into().unwrap()) as usize);
    assert_eq!(host.next(h), (Rc::TIMEOUT, vec![]));
    assert_eq!(host.next(h), (Rc::TIMEOUT, vec![]));
    for why in ["torn", "panic in next_batch: torn apart"] {
        let (rc, events) = host.next(h);
        assert_eq!((rc, host.error().as_str()), (Rc::FAILURE, why));
        assert_eq!(payload(&events[0]), b"before");
    }
    let (rc, events) = host.next(h);
    assert_eq!((rc, events[0].len()), (Rc::SUCCESS, 30));
    let mut n = 0;
    let meta = unsafe { host.api.lanner_get_batch_meta.unwrap()(host.state, h, &mut n) };
    assert_eq!(n, 1);
    assert_eq!(unsafe { *meta }, raw::EventMeta { num: 7, cpu: 3, flags: 1 });
    let (rc, events) = host.next(h);
    assert_eq!((rc, events.len(), &events[0]), (Rc::SUCCESS, 2, &events[1]));
    assert!(!unsafe { host.api.lanner_get_batch_meta.unwrap()(host.state, h, &mut n) }.is_null());
    assert_eq!(n, 2);
    for why in [
        "either all events of a batch carry meta or none",
        "event of 20 bytes is shorter than its header",
        "either all events of a batch carry meta or none",
        "event of 20 bytes is shorter than its header",
        "event has 29 bytes but its header says 30",
        "odd",
    ] {
        let (rc, events) = host.next(h);
        assert_eq!((rc, host.error().as_str()), (Rc::FAILURE, why));
        assert!(events.len() <= 1);
    }
    let (rc, events) = host.next(h);
    assert_eq!(rc, Rc::EOF);
    assert_eq!(payload(&events[0]), b"last");
    assert!(unsafe { host.api.lanner_get_batch_meta.unwrap()(host.state, h, &mut n) }.is_null());
    assert_eq!(n, 0);
    host.close(h);
    assert_eq!(host.open("").unwrap_err(), "no script");
}

#[test]
fn a_source_that_observes_nothing_costly_takes_no_wishes() {
    let host = host();
    let instance = host.open("end").unwrap();
    let want = host.api.lanner_want_events.unwrap();
    let codes = [3_u16];
    // SAFETY: state and instance are alive, no batch is in use, and so many codes stand there.
    assert_eq!(unsafe { want(host.state, instance, codes.as_ptr(), 1) }, Rc::NOT_SUPPORTED);
    // SAFETY: no instance, which must be an error.
    assert_eq!(unsafe { want(host.state, core::ptr::null_mut(), codes.as_ptr(), 1) }, Rc::FAILURE);
    // SAFETY: no codes where one is announced, which must be an error.
    assert_eq!(unsafe { want(host.state, instance, core::ptr::null(), 1) }, Rc::FAILURE);
    assert!(host.error().contains("the codes are null"), "{}", host.error());
    let want = host.api.lanner_want_calls.unwrap();
    // SAFETY: as above, of codes and calls.
    assert_eq!(unsafe { want(host.state, instance, codes.as_ptr(), 1, codes.as_ptr(), 1) }, Rc::NOT_SUPPORTED);
    // SAFETY: no calls where one is announced, which must be an error.
    assert_eq!(unsafe { want(host.state, instance, codes.as_ptr(), 1, core::ptr::null(), 1) }, Rc::FAILURE);
    assert!(host.error().contains("the calls are null"), "{}", host.error());
    let want = host.api.lanner_want_failures.unwrap();
    let (all, none) = (codes.as_ptr(), core::ptr::null());
    // SAFETY: as above, of codes, calls (null for all of them) and codes of failures.
    assert_eq!(unsafe { want(host.state, instance, all, 1, none, 0, all, 1) }, Rc::NOT_SUPPORTED);
    // SAFETY: no codes of failures where one is announced, which must be an error.
    assert_eq!(unsafe { want(host.state, instance, all, 1, all, 1, none, 1) }, Rc::FAILURE);
    assert!(host.error().contains("the codes of failures are null"), "{}", host.error());
    assert_eq!(host.next(instance).0, Rc::EOF);
    host.close(instance);
}

#[test]
fn a_source_without_state_has_no_head_for_captures() {
    unsafe extern "C" fn never(_: *mut core::ffi::c_void, _: *const u8, _: u64) {
        panic!("there is nothing to write");
    }
    let host = host();
    let write = host.api.lanner_write_capture_head.unwrap();
    let ctx = core::ptr::null_mut();
    // SAFETY: the state is alive; the sink wants nothing.
    assert_eq!(unsafe { write(host.state, 0, Some(never), ctx) }, Rc::NOT_SUPPORTED);
    // SAFETY: as above.
    assert_eq!(unsafe { write(host.state, 0, None, ctx) }, Rc::FAILURE);
    assert!(host.error().contains("the sink is null"), "{}", host.error());
    // SAFETY: as above.
    assert_eq!(unsafe { host.api.lanner_get_state_epoch.unwrap()(host.state) }, 0);
}

#[test]
fn values_of_the_wrong_kind_or_number_are_refused() {
    let host = host();
    let e = event(b"");
    let failed = |what: &str| Extracted::Failed(what.into());
    assert_eq!(
        host.extract_twice(&e, 1, F::STRING, false, None),
        failed("field 1: the value is of another kind than the type asks for")
    );
    assert_eq!(
        host.extract_twice(&e, 2, F::INT64, false, None),
        failed("field 2: several values were given where one was asked for")
    );
    assert_eq!(host.extract_twice(&e, 2, F::INT64, true, None), Extracted::Numbers(vec![u64::MAX, u64::MAX - 1]));
    let texts = ["copied", "borrowed", "1-2", ""].map(str::to_owned).to_vec();
    assert_eq!(host.extract_twice(&e, 3, F::STRING, true, None), Extracted::Text(texts));
    for (field, text) in [(4, "as it lies"), (5, "until")] {
        assert_eq!(host.extract_twice(&e, field, F::STRING, false, None), common::one(text));
    }
    let mut short = e.clone();
    short[16] = 20;
    assert_eq!(
        host.extract_twice(&short, 3, F::STRING, true, None),
        failed("the host broke the contract: event is shorter than its header")
    );
}

#[test]
fn prepared_requests_that_no_host_should_make_fail() {
    let host = host();
    let (prepare, extract) = (host.api.lanner_prepare_field.unwrap(), host.api.lanner_extract_prepared.unwrap());
    let mut handle = 0;
    assert_eq!(unsafe { prepare(host.state, null(), &mut handle) }, Rc::FAILURE);
    assert_eq!(host.error(), "the host broke the contract: request or handle is null");
    let e = event(b"");
    let event = raw::EventInput { evt: e.as_ptr().cast(), evtnum: 1, evtsrc: null() };
    assert_eq!(unsafe { extract(host.state, 7, &event, null()) }, raw::FieldValue::FAILED);
    assert_eq!(host.error(), "the host broke the contract: input is null");
    assert_eq!(unsafe { extract(null_mut(), 0, &event, null()) }, raw::FieldValue::FAILED);
}

#[test]
fn arguments_are_resolved() {
    let host = host();
    let resolve = |id, arg: &std::ffi::CStr| {
        let mut ty = F(0);
        let rc = unsafe { host.api.lanner_resolve_field.unwrap()(host.state, id, arg.as_ptr(), &mut ty) };
        if rc == Rc::SUCCESS { Ok(ty) } else { Err(host.error()) }
    };
    assert_eq!(resolve(1, c"port"), Ok(F::PORT));
    assert_eq!(resolve(1, c"x"), Ok(F::STRING));
    assert_eq!(resolve(1, c"bad"), Err("no such argument".into()));
    assert_eq!(resolve(99, c"x"), Err("the host broke the contract: field id is out of range".into()));
    assert_eq!(resolve(1, c"\xff"), Err("the argument is not UTF-8".into()));
}

#[test]
fn async_events_stop_when_the_handler_is_unset() {
    let host = host();
    assert_eq!(host.parse(&event(b"send")), Rc::FAILURE);
    assert_eq!(host.error(), "async events are not being taken");
    assert_eq!(host.set_handler(true), Rc::SUCCESS);
    assert_eq!(host.parse(&event(b"send")), Rc::SUCCESS);
    let sent = host.owner.async_events.lock().unwrap()[0].clone();
    assert_eq!(sent.len(), 42 + 2 + 4);
    assert_eq!(sent[..16], [5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(&sent[42..], b"e\0data");
    *host.owner.refuse.lock().unwrap() = Some("queue is full".into());
    assert_eq!(host.parse(&event(b"send")), Rc::FAILURE);
    assert_eq!(host.error(), r#"the host refused async event "e": queue is full"#);
    *host.owner.refuse.lock().unwrap() = None;
    assert_eq!(host.set_handler(false), Rc::FAILURE, "stop() failed, and says so");
    assert_eq!(host.error(), "cannot stop");
    assert_eq!(host.parse(&event(b"send")), Rc::FAILURE, "but the handle is dead all the same");
    assert_eq!(host.error(), "async events are not being taken");

    let dump = |handler| unsafe { host.api.dump_state.unwrap()(host.state, host.owner_ptr(), handler) };
    assert_eq!(dump(Some(common::take_async)), Rc::SUCCESS);
    assert_eq!(dump(None), Rc::FAILURE);
    assert_eq!(host.owner.async_events.lock().unwrap().len(), 2);
}
