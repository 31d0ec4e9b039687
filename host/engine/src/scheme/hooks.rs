//! What only the host can answer while conditions are checked or evaluated. The engine itself does no I/O.

use std::net::IpAddr;

use super::{EventSet, FieldId, FieldType};

/// Checks the argument of a field and tells the type that the field has with it (`evt.rawarg.fd`).
pub trait ArgResolver {
    /// `Ok(None)`: the argument is fine and the field has its usual type.
    ///
    /// # Errors
    /// The text says why the argument is refused; it becomes part of the error shown to the user.
    fn resolve(&self, field: FieldId, arg: &str) -> Result<Option<FieldType>, String>;
}

/// Resolves host names for fields with [`Matching::Host`](super::Matching::Host).
pub trait HostLookup {
    /// Appends the addresses that are known for `name` now. Called while an event is evaluated: it must not block.
    fn lookup(&self, name: &str, out: &mut Vec<IpAddr>);
}

/// The services database (`/etc/services`): port constants may be names.
pub trait ServiceLookup {
    /// The port of the service of this name.
    fn port(&self, name: &str) -> Option<u16>;
}

/// What is certain about the events of a source before any is seen. Lints say nothing that does not follow from it, so
/// that what is left open costs a finding and never makes a false one.
pub trait EventFacts {
    /// The event codes at which the field can have a value.
    fn available(&self, field: FieldId, arg: Option<&str>) -> EventSet {
        let _ = (field, arg);
        EventSet::FULL
    }

    /// The event codes that sources of today produce.
    fn produced(&self) -> EventSet {
        EventSet::FULL
    }

    /// The event codes of ends of calls, at which `evt.dir` is `<`; empty if that is not known.
    fn ends(&self) -> EventSet {
        EventSet::EMPTY
    }

    /// What the field says at the ends of calls that failed, and at which event codes that is certain. A call has failed if its
    /// result, a number with a sign, is below zero.
    fn of_failure(&self, field: FieldId, arg: Option<&str>) -> Option<(EventSet, OfFailure)> {
        let _ = (field, arg);
        None
    }
}

/// What a field says of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfFailure {
    /// This number, or this truth value.
    Is(u64),
    /// A number with a sign, below zero.
    Negative,
    /// The same, or nothing.
    NegativeOrAbsent,
    /// A text, but not this one.
    Not(&'static str),
}

/// Answers nothing: every argument passes, no host and no service is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHooks;

impl ArgResolver for NoHooks {
    fn resolve(&self, _field: FieldId, _arg: &str) -> Result<Option<FieldType>, String> {
        Ok(None)
    }
}

impl EventFacts for NoHooks {}

impl HostLookup for NoHooks {
    fn lookup(&self, _name: &str, _out: &mut Vec<IpAddr>) {}
}

impl ServiceLookup for NoHooks {
    fn port(&self, _name: &str) -> Option<u16> {
        None
    }
}
