//! What is certain about the events of system calls before any is seen: which fields can have a value at which of them.

use std::sync::LazyLock;

use lanner_engine::scheme::{EventFacts, EventSet, FieldId, OfFailure};
use lanner_plugin_api::schema::{EVENTS, EventCategory, EventFlags, EventInfo, EventStatus, EventType, ParamType};

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

/// A field that says something certain of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// That it did: `evt.failed`.
    Failed,
    /// The result as a number: `evt.rawres`.
    Result,
    /// The result as text: `evt.res`.
    ResultText,
    /// The result under the name of its parameter: `evt.rawarg.res`.
    Parameter,
    /// The descriptor that it did not get: `fd.num`.
    Descriptor,
}

/// The facts about one source's fields, by their position.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) fields: Vec<Option<Depends>>,
    pub(super) outcomes: Vec<Option<Outcome>>,
}

impl Outcome {
    /// What the field of this name says of a call that failed, if anything.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "evt.failed" => Some(Self::Failed),
            "evt.rawres" => Some(Self::Result),
            "evt.res" => Some(Self::ResultText),
            "evt.rawarg" => Some(Self::Parameter),
            "fd.num" => Some(Self::Descriptor),
            _ => None,
        }
    }
}

/// The ends of calls that tell the result first, as a number with a sign.
static RESULTS: LazyLock<EventSet> = LazyLock::new(|| codes(tells_result));

/// Those of them that tell the descriptor that the call made, and of no other.
static MAKERS: LazyLock<EventSet> = LazyLock::new(|| {
    let flags = |event: &EventInfo| event.flags & (EventFlags::CREATES_FD | EventFlags::USES_FD);
    codes(|event| tells_result(event) && flags(event) == EventFlags::CREATES_FD)
});

fn tells_result(event: &EventInfo) -> bool {
    let signed = |ty| matches!(ty, ParamType::Errno | ParamType::Fd | ParamType::Pid | ParamType::Int64);
    event.category == EventCategory::Syscall
        && event.code.is_exit()
        && event.code != EventType::GENERIC_X
        && event.params.first().is_some_and(|result| signed(result.ty))
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

    fn of_failure(&self, field: FieldId, arg: Option<&str>) -> Option<(EventSet, OfFailure)> {
        Some(match self.outcomes.get(field.index()).copied().flatten()? {
            Outcome::Failed => (*RESULTS, OfFailure::Is(1)),
            Outcome::Result => (*RESULTS, OfFailure::Negative),
            Outcome::ResultText => (*RESULTS, OfFailure::Not("SUCCESS")),
            Outcome::Parameter => {
                let is_result = |event: &EventInfo| event.params.first().is_some_and(|p| Some(p.name) == arg);
                (*RESULTS & codes(is_result), OfFailure::NegativeOrAbsent)
            }
            Outcome::Descriptor => (*MAKERS, OfFailure::NegativeOrAbsent),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_at_events_that_have_it() {
        let names = ["evt.arg", "fd.name", "fdlist.names", "proc.name"];
        let facts = Facts { fields: names.map(Depends::of).to_vec(), outcomes: names.map(Outcome::of).to_vec() };
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

    #[test]
    fn a_call_that_failed_says_so_where_its_result_is_told() {
        let names = ["evt.failed", "evt.rawarg", "fd.num", "fd.name"];
        let facts = Facts { fields: names.map(Depends::of).to_vec(), outcomes: names.map(Outcome::of).to_vec() };
        let ids = ids();
        let certain = |field: usize, arg: Option<&str>, code: EventType| {
            facts.of_failure(ids[field], arg).is_some_and(|(codes, _)| codes.contains(code.0))
        };
        for code in [EventType::SYSCALL_OPENAT_2_X, EventType::SYSCALL_CLOSE_X, EventType::SYSCALL_EXECVE_19_X] {
            assert!(certain(0, None, code), "{}", code.name());
        }
        for code in [EventType::GENERIC_X, EventType::SYSCALL_OPENAT_2_E, EventType::PROCEXIT_1_E] {
            assert!(!certain(0, None, code), "{}", code.name());
        }
        assert!(certain(1, Some("fd"), EventType::SYSCALL_OPENAT_2_X));
        assert!(!certain(1, Some("dirfd"), EventType::SYSCALL_OPENAT_2_X));
        assert!(
            !certain(1, Some("fd"), EventType::SYSCALL_CLOSE_X) && certain(1, Some("res"), EventType::SYSCALL_CLOSE_X)
        );
        assert!(certain(2, None, EventType::SYSCALL_OPENAT_2_X) && certain(2, None, EventType::SOCKET_SOCKET_X));
        assert!(!certain(2, None, EventType::SYSCALL_DUP3_X), "it is the one that was to be copied");
        assert!(!certain(3, None, EventType::SYSCALL_OPENAT_2_X), "the file that was asked for");
    }

    fn ids() -> Vec<FieldId> {
        use lanner_engine::scheme::{FieldInfo, FieldType, Scheme};
        let mut builder = Scheme::builder("x");
        let names = ["a", "b", "c", "d"];
        names.iter().map(|name| builder.field(FieldInfo::new(name, FieldType::Charbuf)).unwrap()).collect()
    }
}
