use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::schema::EventType;

fn openat() -> Vec<u8> {
    let mut b = EventBuilder::new();
    b.begin(7, 42, EventType::SYSCALL_OPENAT_2_X, 3);
    b.push(&5i64.to_le_bytes()).push(&(-100i64).to_le_bytes()).push_text(b"/etc/shadow");
    b.finish().expect("well formed").bytes().to_vec()
}

#[test]
fn what_is_built_is_read() {
    let bytes = openat();
    let e = Event::parse(&bytes).expect("well formed");
    assert_eq!((e.ts(), e.tid(), e.event_type(), e.nparams()), (7, 42, EventType::SYSCALL_OPENAT_2_X, 3));
    assert_eq!((e.i64(0), e.i64(1), e.text(2)), (Some(5), Some(-100), Some(&b"/etc/shadow"[..])));
    assert_eq!(e.param(3), None);
    assert_eq!(e.u32(0), None, "8 bytes are no u32");
    assert_eq!(e.param_by_name("name").map(|p| p.index), Some(2));
    let mut index = ParamIndex::default();
    index.fill(&e);
    for (i, p) in e.params().enumerate() {
        assert_eq!(e.param(i), Some(p));
        assert_eq!(index.get(&e, i), Some(p));
    }
    assert_eq!(index.get(&e, 3), None);
}

#[test]
fn large_payload_has_wide_lengths() {
    let data = vec![9u8; 70_000];
    let mut b = EventBuilder::new();
    b.begin(1, -1, EventType::PLUGINEVENT_E, 2).push(&3u32.to_le_bytes()).push(&data);
    let e = b.finish().expect("well formed");
    assert_eq!(e.u32(0), Some(3));
    assert_eq!(e.param(1).map(<[u8]>::len), Some(70_000));
    assert_eq!(e.bytes()[PLUGIN_PAYLOAD_OFFSET..], data);
    b.begin(1, -1, EventType::SYSCALL_WRITE_X, 1).push(&data);
    assert!(matches!(b.finish(), Err(BuildError::ParamTooLong { index: 0, len: 70_000, .. })));
    b.begin(1, -1, EventType::SYSCALL_WRITE_X, 2).push(&[]);
    assert!(matches!(b.finish(), Err(BuildError::ParamCount { announced: 2, pushed: 1, .. })));
}

#[test]
fn every_truncation_and_every_flipped_byte_is_total() {
    let bytes = openat();
    for n in 0..bytes.len() {
        assert!(Event::parse(&bytes[..n]).is_err(), "cut at {n}");
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut hostile = bytes.clone();
            hostile[at] ^= 1 << bit;
            if let Ok(e) = Event::parse(&hostile) {
                assert_eq!(e.params().count(), e.nparams());
                let again = Event::checked_before(e.bytes());
                assert!(again.params().eq(e.params()));
                for (i, p) in e.params().enumerate() {
                    assert_eq!(e.param(i), Some(p));
                }
                let mut index = ParamIndex::default();
                index.fill(&e);
            }
        }
    }
}

#[test]
fn absurd_counts_and_lengths_are_errors() {
    let mut bytes = openat();
    bytes[22..26].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(Event::parse(&bytes), Err(EventError::ParamCount { .. })));
    let mut bytes = openat();
    bytes[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(Event::parse(&bytes), Err(EventError::Length { .. })));
    let mut bytes = openat();
    bytes[26] += 1;
    assert!(matches!(Event::parse(&bytes), Err(EventError::ParamSum { .. })));
    let unchecked = Event::checked_before(&bytes);
    assert_eq!((unchecked.params().count(), unchecked.param(2)), (2, None), "a lie costs the last parameter, no more");
}

#[test]
fn addresses_tuples_and_lists() {
    let v4 = [2, 127, 0, 0, 1, 0x50, 0, 10, 0, 0, 2, 0xbb, 1];
    assert_eq!(
        SockTuple::parse(&v4),
        Some(SockTuple::V4 { sip: Ipv4Addr::LOCALHOST, sport: 80, dip: Ipv4Addr::new(10, 0, 0, 2), dport: 443 })
    );
    assert_eq!(SockTuple::parse(&v4[..12]), None);
    assert_eq!(SockAddr::parse(&v4[..7]), Some(SockAddr::V4 { ip: Ipv4Addr::LOCALHOST, port: 80 }));
    let mut v6 = vec![10u8];
    v6.extend(Ipv6Addr::LOCALHOST.octets());
    v6.extend(53u16.to_le_bytes());
    assert_eq!(SockAddr::parse(&v6), Some(SockAddr::V6 { ip: Ipv6Addr::LOCALHOST, port: 53 }));
    assert_eq!(SockAddr::parse(b"\x01/run/x\0rest"), Some(SockAddr::Unix { path: b"/run/x" }));
    assert_eq!(SockAddr::parse(&[16]), Some(SockAddr::Other { family: 16 }));
    assert_eq!(SockAddr::parse(&[]), None);
    let mut fds = vec![2, 0];
    for fd in [3i64, -1] {
        fds.extend(fd.to_le_bytes());
        fds.extend(1i16.to_le_bytes());
    }
    let list = FdList::parse(&fds).expect("two entries");
    assert_eq!(list.iter().map(|e| e.fd).collect::<Vec<_>>(), [3, -1]);
    fds[0] = 3;
    assert!(FdList::parse(&fds).is_none(), "more announced than there");
}

#[test]
fn lists_of_strings() {
    let split = |b: &'static [u8]| read::list(b).map(|s| s.to_vec()).collect::<Vec<_>>();
    assert_eq!(split(b""), Vec::<Vec<u8>>::new());
    assert_eq!(split(b"\0"), Vec::<Vec<u8>>::new());
    assert_eq!(split(b"a\0b\0"), [b"a".to_vec(), b"b".to_vec()]);
    assert_eq!(split(b"a\0\0b"), [b"a".to_vec(), b"".to_vec(), b"b".to_vec()]);
    assert!(read::is_legacy_null(b"<NA>\0"));
    assert_eq!(read::signed(&[0xff, 0xff]), Some(-1));
    assert_eq!(read::unsigned(&[1, 2, 3]), None);
}

#[test]
fn lengths_add_up_for_any_number_of_parameters() {
    for n in 0..=32usize {
        let mut b = EventBuilder::new();
        b.begin(1, 1, EventType::SYSCALL_EXECVE_19_X, n);
        for i in 0..n {
            b.push(&vec![1; if i % 7 == 3 { 65_535 } else { i }]);
        }
        let bytes = b.finish().expect("well formed").bytes().to_vec();
        assert_eq!(Event::parse(&bytes).map(|e| e.params().count()), Ok(n));
        if n > 0 {
            let mut long = bytes.clone();
            long[26 + 2 * (n - 1)..26 + 2 * n].copy_from_slice(&(n as u16 + 70).to_le_bytes());
            let shorter = (n - 1) % 7 == 3;
            assert_eq!(Event::parse(&long).is_ok(), shorter, "{n}");
        }
    }
}
