//! When more happens than can be read.
#![allow(unsafe_code, reason = "calls by number")]

use std::collections::HashMap;

use lanner_plugin_api::schema::EventType as T;
use lanner_syscall::live::{Class, Live, Settings};

use crate::child::{fork, is_end, until, wait};

const CHILDREN: usize = 40;
const OPENS: usize = 90_000;

/// Nobody reads while a child opens files by the ten thousand and makes, changes and ends processes: of the former some must
/// be lost, of the latter none.
#[test]
fn a_storm_displaces_nothing_vital() {
    if !crate::can_watch() {
        return;
    }
    let settings = Settings { cpus_for_each_buffer: 0, buf_size_preset: 3, ..Settings::default() };
    let mut live = Live::open(&settings).unwrap();
    let before = live.counters().read().unwrap();
    let storm = fork(|| {
        for _ in 0..CHILDREN {
            for _ in 0..OPENS / CHILDREN {
                crate::child::open(c"/dev/null");
            }
            wait(fork(|| {
                // SAFETY: numbers; the connection goes nowhere.
                unsafe {
                    libc::syscall(libc::SYS_setuid, 0);
                    libc::syscall(libc::SYS_connect, -1, 0, 0);
                }
            }));
        }
    });
    wait(storm);
    let after = live.counters().read().unwrap();
    assert!(after.lost_bulk > before.lost_bulk, "the storm was to overflow its buffer: {after:?}");
    let (mut seen, mut children) = (HashMap::<T, usize>::new(), Vec::new());
    until(&mut live, "the end of the storm", |event| {
        let (tid, ty) = (event.tid(), event.event_type());
        if tid == storm && T::SYSCALL_CLONE_20_X == ty {
            children.push(event.i64(0).unwrap());
        }
        if tid == storm || children.contains(&tid) {
            *seen.entry(ty).or_default() += 1;
        }
        is_end(event, storm)
    });
    assert_eq!(children.len(), CHILDREN + 1, "its own beginning and those of its children: {children:?}");
    for vital in [T::SYSCALL_SETUID_X, T::SOCKET_CONNECT_X] {
        assert_eq!(seen.get(&vital), Some(&CHILDREN), "{vital:?} {seen:?}");
    }
    assert_eq!(seen.get(&T::PROCEXIT_1_E), Some(&(CHILDREN + 1)), "{seen:?}");
    let opened = seen.get(&T::SYSCALL_OPENAT_2_X).copied().unwrap_or(0);
    assert!(opened < OPENS, "{seen:?}");
    let losses = live.counters().losses().unwrap();
    let lost = |class| losses.iter().filter(|lost| Class::of(lost.event) == class).map(|lost| lost.buffer).sum::<u64>();
    assert!(lost(Class::Open) + lost(Class::Close) >= (OPENS - opened) as u64, "{losses:?}");
    assert_eq!(lost(Class::CloneFork) + lost(Class::Connect) + lost(Class::ProcExit), 0, "{losses:?}");
    let counted = live.counters().read().unwrap();
    assert!(losses.iter().map(|lost| lost.all()).sum::<u64>() <= counted.lost(), "{losses:?} {counted:?}");
}
