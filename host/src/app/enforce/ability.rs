//! What the probes can decide: the events at which they look, and the fields whose values they have.

use lanner_engine::enforce::{Ability, KillEvent, Meaning, Subject, When};
use lanner_plugin_api::schema::EventType;

const fn opens(name: &'static str, codes: &'static [u16]) -> KillEvent {
    KillEvent { name, codes, opens: true, flags: true }
}

const fn other(name: &'static str, codes: &'static [u16]) -> KillEvent {
    KillEvent { name, codes, opens: false, flags: false }
}

/// The probes of these events are the ones marked as judged in the folder of probes.
pub(crate) static ABILITY: Ability = Ability {
    source: crate::event::scheme::SYSCALL,
    events: &[
        other("execve", &[EventType::SYSCALL_EXECVE_19_X.0]),
        // What it starts is told as execve; under its own name only failures are.
        other("execveat", &[]),
        opens("open", &[EventType::SYSCALL_OPEN_X.0]),
        opens("openat", &[EventType::SYSCALL_OPENAT_2_X.0]),
        opens("openat2", &[EventType::SYSCALL_OPENAT2_X.0]),
        opens("open_by_handle_at", &[EventType::SYSCALL_OPEN_BY_HANDLE_AT_X.0]),
        KillEvent { name: "creat", codes: &[EventType::SYSCALL_CREAT_X.0], opens: true, flags: false },
        other("connect", &[EventType::SOCKET_CONNECT_X.0]),
        other("ptrace", &[EventType::SYSCALL_PTRACE_X.0]),
        other("mount", &[EventType::SYSCALL_MOUNT_X.0]),
        other("unshare", &[EventType::SYSCALL_UNSHARE_X.0]),
        other("setns", &[EventType::SYSCALL_SETNS_X.0]),
        other("memfd_create", &[EventType::SYSCALL_MEMFD_CREATE_X.0]),
        other("bpf", &[EventType::SYSCALL_BPF_2_X.0]),
        other("init_module", &[EventType::SYSCALL_INIT_MODULE_X.0]),
        other("finit_module", &[EventType::SYSCALL_FINIT_MODULE_X.0]),
        other("userfaultfd", &[EventType::SYSCALL_USERFAULTFD_X.0]),
        other("io_uring_setup", &[EventType::SYSCALL_IO_URING_SETUP_X.0]),
    ],
    fields: &[
        ("proc.name", When::Always, Meaning::Text { subject: Subject::Name, path: false }),
        ("proc.exepath", When::Always, Meaning::Text { subject: Subject::Program, path: true }),
        ("fd.name", When::Opening, Meaning::Text { subject: Subject::File, path: true }),
        ("fd.directory", When::Opening, Meaning::Folder(Subject::File)),
        ("container.id", When::Always, Meaning::Whether { other: Subject::Container, text: "host" }),
        ("user.uid", When::Always, Meaning::Number(Subject::User)),
        ("evt.is_open_read", When::Always, Meaning::Flag(Subject::Reads)),
        ("evt.is_open_write", When::Always, Meaning::Flag(Subject::Writes)),
        ("fd.type", When::Opening, Meaning::Either { subject: Subject::Folder, yes: "directory", no: "file" }),
        ("fd.typechar", When::Opening, Meaning::Either { subject: Subject::Folder, yes: "d", no: "f" }),
        // They kill on success only, at the end of the call.
        ("evt.failed", When::Always, Meaning::False),
        ("evt.res", When::Always, Meaning::Fixed("SUCCESS")),
        ("evt.rawres", When::Always, Meaning::NotNegative),
        ("fd.num", When::Opening, Meaning::NotNegative),
        ("evt.dir", When::Always, Meaning::Fixed("<")),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_events_and_fields() {
        for event in ABILITY.events {
            for code in event.codes {
                let info = EventType(*code).info().unwrap();
                assert_eq!(info.name, event.name);
                assert!(EventType(*code).is_exit(), "{}", event.name);
            }
        }
        let known = lanner_syscall::fields::FIELDS.iter().map(|field| field.name).collect::<Vec<_>>();
        for (name, ..) in ABILITY.fields {
            assert!(known.contains(name) || name.starts_with("container."), "{name}");
        }
    }
}
