//! Context switches and page faults: off, unless their events are named.
#![allow(unsafe_code, reason = "a page is touched")]

use lanner_plugin_api::schema::EventType as T;
use lanner_syscall::live::{Live, Settings, missing};
use libc::*;

use crate::watch::*;

fn live(events: &[T]) -> Watch {
    let events = events.iter().map(|event| event.0).collect();
    Watch::new(Live::open(&Settings { events: Some(events), ..Settings::default() }).unwrap())
}

fn touch(c: &mut Caller) {
    let (protection, flags) = (PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    let place = c.call(SYS_mmap, &[0, 4096, protection as usize, flags as usize, usize::MAX, 0]);
    let place = std::ptr::with_exposed_provenance_mut::<core::primitive::u8>(place as usize);
    // SAFETY: inside the mapping that has just been made.
    unsafe { place.add(40).write_volatile(1) };
    c.call(SYS_nanosleep, &[at(&[0_i64, 1_000_000]), 0]);
}

#[test]
fn switches_and_faults_come_to_those_who_ask() {
    if !missing().is_empty() {
        return eprintln!("skipped: no live events here");
    }
    let mut quiet = live(&[T::GENERIC_X]);
    quiet.begin("quiet");
    let seen = quiet.perform(touch);
    assert!(!seen.has(T::SCHEDSWITCH_6_E) && !seen.has(T::PAGE_FAULT_E));
    drop(quiet);
    let mut watch = live(&[T::GENERIC_X, T::SCHEDSWITCH_6_E, T::PAGE_FAULT_E]);
    watch.begin("noise");
    let seen = watch.perform(touch);
    let count = || Want::Is("a count", |b| b.len() == 8 && b[4..] == [0; 4]);
    let kilobytes = || Want::Is("kilobytes", |b| b.try_into().is_ok_and(|b| u32::from_le_bytes(b) < 1 << 31));
    let next = Want::Is("a thread", |b| b.try_into().is_ok_and(|b| i64::from_le_bytes(b) >= 0));
    seen.expect(T::SCHEDSWITCH_6_E, 0, &[next, count(), count(), kilobytes(), kilobytes(), kilobytes()]);
    if cfg!(target_arch = "x86_64") {
        let wanted = core::primitive::u64::try_from(seen.results[0]).unwrap() + 40;
        let n = (0..).find(|&n| seen.event(T::PAGE_FAULT_E, n).u64(0) == Some(wanted)).unwrap();
        let code = Want::Is("an address of code", |b| b.iter().any(|&b| b != 0));
        seen.expect(T::PAGE_FAULT_E, n, &[u64(wanted), code, u32(2 | 4 | 16)]);
    }
    assert_eq!(watch.refused(), []);
}
