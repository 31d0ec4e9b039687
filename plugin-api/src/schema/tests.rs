use super::*;

#[test]
fn table_holds_the_numbers_of_schema_4_5_1() {
    assert_eq!(EVENTS.len(), 454);
    assert_eq!(SYSCALLS.len(), 454);
    assert_eq!(FLAG_TABLES.len(), 55);
    assert_eq!(FLAG_TABLES.iter().map(|t| t.entries.len()).sum::<usize>(), 606);
    let count = |f: fn(&EventInfo) -> bool| EVENTS.iter().filter(|e| f(e)).count();
    assert_eq!(count(|e| e.category == EventCategory::Syscall), 384);
    assert_eq!(count(|e| e.category == EventCategory::Unknown), 35);
    assert_eq!(count(|e| e.status == EventStatus::Old), 223);
    assert_eq!(count(|e| e.flags.contains(EventFlags::CONVERTER_MANAGED)), 224);
    assert_eq!(EVENTS.iter().map(|e| e.params.len()).max(), Some(MAX_PARAMS));
    assert_eq!(SYSCALLS.iter().filter(|s| s.kind == SyscallKind::Specific).count(), 159);
}

#[test]
fn shortcuts_agree_with_the_table() {
    for (code, event) in EVENTS.iter().enumerate() {
        assert_eq!(usize::from(event.code.0), code);
        assert_eq!(event.flags.contains(EventFlags::LARGE_PAYLOAD), event.code.has_large_payload(), "{}", event.symbol);
        assert_eq!(event.flags.contains(EventFlags::OLD_VERSION), event.status == EventStatus::Old, "{}", event.symbol);
        assert_eq!(event.code.param_count(), Some(event.params.len()));
        for (i, param) in event.params.iter().enumerate() {
            if let ParamExtra::DirFd(fd) = param.extra {
                assert!(usize::from(fd) < i, "{}.{}: descriptor before path", event.symbol, param.name);
                assert_eq!(event.params[usize::from(fd)].ty, ParamType::Fd, "{}.{}", event.symbol, param.name);
            }
        }
    }
    assert_eq!(EventType(454).info().map(|e| e.symbol), None);
    assert_eq!(EventType(454).name(), "NA");
}

#[test]
fn well_known_codes_have_their_numbers() {
    assert_eq!(EventType::SYSCALL_OPENAT_2_X.info().map(|e| e.name), Some("openat"));
    assert_eq!(EventType::PLUGINEVENT_E.0, 322);
    assert_eq!(EventType::ASYNCEVENT_E.0, 402);
    assert_eq!(flag::file_flags::O_CLOEXEC, 4096);
    assert_eq!(Sc::from_native(Arch::X86_64, 257), Some(Sc::OPENAT));
    assert_eq!(Sc::from_native(Arch::Aarch64, 56), Some(Sc::OPENAT));
    assert_eq!(Sc(9999).name(), "unknown");
}

#[test]
fn type_numbers_follow_their_order() {
    for (number, ty) in ParamType::ALL.iter().enumerate() {
        assert_eq!(*ty as usize, number);
        assert_eq!(ParamType::from_number(number as u32), Some(*ty));
    }
    assert_eq!(ParamType::from_number(49), None);
}
