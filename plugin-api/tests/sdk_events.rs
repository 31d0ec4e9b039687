//! Events of plugins are read totally: whatever the bytes, a value or none, never a panic or a read beyond the end.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the test plays the host: every block does as the ABI says"
)]

use lanner_plugin_api::raw;
use lanner_plugin_api::sdk::EventInput;

fn event(code: u16, params: &[&[u8]]) -> Vec<u8> {
    let mut e = vec![0u8; 26];
    e[0..8].copy_from_slice(&123u64.to_le_bytes());
    e[8..16].copy_from_slice(&45u64.to_le_bytes());
    e[20..22].copy_from_slice(&code.to_le_bytes());
    e[22..26].copy_from_slice(&(params.len() as u32).to_le_bytes());
    for p in params {
        e.extend((p.len() as u32).to_le_bytes());
    }
    for p in params {
        e.extend(*p);
    }
    let len = e.len() as u32;
    e[16..20].copy_from_slice(&len.to_le_bytes());
    e
}

/// Calls `f` with the event as a plugin gets it. The bytes lie in an allocation of exactly their length.
fn with<R>(bytes: &[u8], f: impl FnOnce(EventInput<'_>) -> R) -> R {
    let mut exact = bytes.to_vec().into_boxed_slice();
    let len = exact.len() as u32;
    exact[16..20].copy_from_slice(&len.to_le_bytes());
    let input = raw::EventInput { evt: exact.as_ptr().cast(), evtnum: 9, evtsrc: c"s".as_ptr() };
    f(unsafe { EventInput::from_raw(&input) }.unwrap())
}

#[test]
fn what_was_written_is_read() {
    with(&event(322, &[&7u32.to_le_bytes(), b"payload"]), |e| {
        assert_eq!((e.ts(), e.tid(), e.event_type(), e.num()), (123, 45, 322, 9));
        assert_eq!(e.source().to_str(), Ok("s"));
        assert_eq!(e.plugin_payload(), Some((7, &b"payload"[..])));
        assert_eq!(e.async_payload(), None);
    });
    with(&event(402, &[&7u32.to_le_bytes(), b"name\0", b"data"]), |e| {
        assert_eq!(e.async_payload(), Some((c"name", &b"data"[..])));
        assert_eq!(e.plugin_payload(), None);
    });
    with(&event(322, &[&7u32.to_le_bytes(), b""]), |e| assert_eq!(e.plugin_payload(), Some((7, &b""[..]))));
    with(&event(402, &[&7u32.to_le_bytes(), b"unterminated", b""]), |e| assert_eq!(e.async_payload(), None));
    with(&event(322, &[b"id", b""]), |e| assert_eq!(e.plugin_payload(), None));
}

#[test]
fn cut_off_and_flipped_events_have_no_value_beyond_their_end() {
    let whole = [event(322, &[&7u32.to_le_bytes(), b"payload"]), event(402, &[&[0; 4], b"name\0", b"data"])];
    for e in &whole {
        for len in 26..e.len() {
            with(&e[..len], |e| assert_eq!((e.plugin_payload(), e.async_payload()), (None, None), "cut at {len}"));
        }
        for at in 20..e.len() {
            for bit in 0..8 {
                let mut flipped = e.clone();
                flipped[at] ^= 1 << bit;
                with(&flipped, |e| {
                    let end = e.bytes().as_ptr_range().end;
                    let inside = |b: &[u8]| b.as_ptr_range().end <= end;
                    assert!(e.plugin_payload().is_none_or(|(_, b)| inside(b)));
                    assert!(e.async_payload().is_none_or(|(n, b)| inside(n.to_bytes_with_nul()) && inside(b)));
                });
            }
        }
    }
}

#[test]
fn what_is_no_event_is_an_error() {
    let short = event(322, &[]);
    for len in 0..26u32 {
        let mut e = short.clone();
        e[16..20].copy_from_slice(&len.to_le_bytes());
        let input = raw::EventInput { evt: e.as_ptr().cast(), evtnum: 0, evtsrc: std::ptr::null() };
        assert!(unsafe { EventInput::from_raw(&input) }.is_err(), "{len}");
    }
    let null = raw::EventInput { evt: std::ptr::null(), evtnum: 0, evtsrc: std::ptr::null() };
    assert!(unsafe { EventInput::from_raw(&null) }.is_err());
    assert!(unsafe { EventInput::from_raw(std::ptr::null()) }.is_err());
    let input = raw::EventInput { evt: short.as_ptr().cast(), evtnum: 0, evtsrc: std::ptr::null() };
    assert_eq!(unsafe { EventInput::from_raw(&input) }.unwrap().source(), c"");
}
