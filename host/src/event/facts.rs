//! What is certain about the events of system calls before any is seen: which fields can have a value at which of them.

use lanner_engine::scheme::{EventFacts, EventSet, FieldId};
use lanner_plugin_api::schema::{EVENTS, EventCategory, EventFlags, EventInfo, EventStatus};

/// A field whose value depends on the kind of the event alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depends {
    /// On a parameter: `evt.arg`, `evt.rawarg`.
    Parameter,
    /// On a descriptor: `fd.*`.
    Descriptor,
    /// On a list of descriptors: `fdlist.*`.
    Descriptors,
}

/// The facts about one source's fields, by their position.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) fields: Vec<Option<Depends>>,
}

impl Depends {
    /// What the field of this name depends on, as far as that is certain.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "evt.arg" | "evt.rawarg" => Some(Self::Parameter),
            _ if name.starts_with("fd.") => Some(Self::Descriptor),
            _ if name.starts_with("fdlist.") => Some(Self::Descriptors),
            _ => None,
        }
    }
}

fn codes(accept: impl Fn(&EventInfo) -> bool) -> EventSet {
    EVENTS.iter().filter(|event| accept(event)).map(|event| event.code.0).collect()
}

impl EventFacts for Facts {
    fn available(&self, field: FieldId, arg: Option<&str>) -> EventSet {
        match self.fields.get(field.index()).copied().flatten() {
            None => EventSet::FULL,
            Some(Depends::Parameter) => match (arg, arg.and_then(|arg| arg.parse::<usize>().ok())) {
                (None, _) => EventSet::FULL,
                (_, Some(index)) => codes(|event| event.params.len() > index),
                (Some(name), None) => codes(|event| event.param_by_name(name).is_some()),
            },
            Some(Depends::Descriptor) => {
                let concerned = EventFlags::CREATES_FD | EventFlags::USES_FD | EventFlags::DESTROYS_FD;
                codes(|event| event.flags.intersects(concerned))
            }
            Some(Depends::Descriptors) => codes(|event| matches!(event.name, "poll" | "ppoll")),
        }
    }

    fn produced(&self) -> EventSet {
        codes(|event| event.status == EventStatus::Current)
    }

    fn ends(&self) -> EventSet {
        // Beginnings of calls are not shown to rules any more, so that all that is left of a call is its end.
        let call = |event: &EventInfo| event.category == EventCategory::Syscall;
        codes(|event| {
            call(event) && (event.code.is_exit() || event.status == EventStatus::Old || event.code.is_hidden())
        })
    }
}

#[cfg(test)]
mod tests {
    use lanner_plugin_api::schema::EventType;

    use super::*;

    #[test]
    fn a_parameter_is_there_at_events_that_have_it() {
        let facts = Facts { fields: ["evt.arg", "fd.name", "fdlist.names", "proc.name"].map(Depends::of).to_vec() };
        let ids = ids();
        let has = |field: usize, arg: Option<&str>, code: EventType| facts.available(ids[field], arg).contains(code.0);
        assert!(has(0, Some("flags"), EventType::SYSCALL_OPENAT_2_X));
        assert!(!has(0, Some("flags"), EventType::SYSCALL_CLOSE_X));
        assert!(has(0, Some("0"), EventType::SYSCALL_CLOSE_X) && !has(0, Some("9"), EventType::SYSCALL_CLOSE_X));
        assert!(has(1, None, EventType::SYSCALL_READ_X) && !has(1, None, EventType::SYSCALL_MKDIR_2_X));
        assert!(has(2, None, EventType::SYSCALL_POLL_X) && !has(2, None, EventType::SYSCALL_READ_X));
        assert!(has(3, None, EventType::SYSCALL_MKDIR_2_X));
        assert!(facts.produced().contains(EventType::SYSCALL_OPEN_X.0));
        assert!(facts.ends().contains(EventType::SYSCALL_EXECVE_19_X.0));
        assert!(!facts.ends().contains(EventType::PROCEXIT_1_E.0));
    }

    fn ids() -> Vec<FieldId> {
        use lanner_engine::scheme::{FieldInfo, FieldType, Scheme};
        let mut builder = Scheme::builder("x");
        let names = ["a", "b", "c", "d"];
        names.iter().map(|name| builder.field(FieldInfo::new(name, FieldType::Charbuf)).unwrap()).collect()
    }
}
