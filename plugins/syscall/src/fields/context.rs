//! What an extraction works with.

use lanner_plugin_api::schema::{EventFlags, EventInfo, EventType, SyscallCategory};
use lanner_plugin_api::wire::Event;

use super::memory::Memory;
use super::spec::Field;
use crate::state::fd::Fd;
use crate::state::table::DynValue;
use crate::state::zstr::ZStr;
use crate::state::{Group, State, Thread, User};

/// Which form of a field is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Want {
    /// One value, as it is printed.
    #[default]
    Scalar,
    /// Every value: lists, and the fields whose conditions look at several values.
    All,
    /// The address behind a host name (`fd.*ip.name`).
    Address,
}

/// The argument of a field, as written between the brackets or behind the dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldArg<'r> {
    /// The text.
    pub key: Option<&'r str>,
    /// The number, if the text is one and the field takes one.
    pub index: Option<u64>,
}

impl<'r> FieldArg<'r> {
    /// The argument of a field from its text. `-1` is the same as none.
    #[must_use]
    pub fn parse(field: &Field, text: Option<&'r str>) -> Self {
        let text = text.filter(|&text| text != "-1");
        let takes_index = field.arg.is_some_and(|arg| arg.index);
        let index = text.filter(|_| takes_index).and_then(|text| text.parse().ok());
        Self { key: text, index }
    }
}

/// The event that is being looked at, with where it came from.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The event.
    pub event: Event<'a>,
    /// Number of the processor it was recorded on.
    pub cpu: u32,
    /// Rules never see it.
    pub hidden: bool,
}

/// State, event and request of one extraction.
pub(crate) struct Cx<'a, 'm> {
    pub(crate) state: &'a State,
    pub(crate) event: Event<'a>,
    pub(crate) cpu: u32,
    pub(crate) arg: FieldArg<'m>,
    pub(crate) want: Want,
    /// `PT_*` number of the type that the caller compiled the field for; decides for `evt.rawarg` only.
    pub(crate) wanted_type: u32,
    pub(crate) memory: &'m mut Memory,
}

impl<'a> Cx<'a, '_> {
    pub(crate) fn code(&self) -> EventType {
        self.event.event_type()
    }

    pub(crate) fn info(&self) -> Option<&'static EventInfo> {
        self.event.info()
    }

    pub(crate) fn has_flag(&self, flags: EventFlags) -> bool {
        self.info().is_some_and(|info| info.flags.intersects(flags))
    }

    pub(crate) fn category(&self) -> Option<SyscallCategory> {
        self.info().map(|info| info.syscall_category)
    }

    /// The thread that raised the event.
    pub(crate) fn thread(&self) -> Option<&'a Thread> {
        self.state.current_thread().or_else(|| self.state.thread(self.event.tid()))
    }

    /// The descriptor that the event concerns.
    pub(crate) fn fd(&self) -> Option<&'a Fd> {
        self.state.current_fd()
    }

    /// The name of a user as a thread's container has it, where only a look inside tells; into a text of the memory.
    pub(crate) fn inside_user(&mut self, thread: &'a Thread, uid: u32) -> Option<&User> {
        let (container, ts, state) = (self.container_id(thread), self.event.ts(), self.state);
        let inside = self.memory.inside.as_mut().filter(|_| !container.is_empty())?;
        inside.user(container, uid, ts, &mut fellows(state, thread, container))
    }

    /// The same of a group.
    pub(crate) fn inside_group(&mut self, thread: &'a Thread, gid: u32) -> Option<&Group> {
        let (container, ts, state) = (self.container_id(thread), self.event.ts(), self.state);
        let inside = self.memory.inside.as_mut().filter(|_| !container.is_empty())?;
        inside.group(container, gid, ts, &mut fellows(state, thread, container))
    }

    /// Id of the container that a thread runs in, as a plugin wrote it; empty on the host.
    pub(crate) fn container_id(&self, thread: &'a Thread) -> &'a [u8] {
        container_id(self.state, thread)
    }

    /// The same as the text that was written, if one was.
    pub(crate) fn container(&self, thread: &'a Thread) -> Option<&'a ZStr> {
        container(self.state, thread)
    }
}

/// The field of threads that has the container's id.
pub(crate) const CONTAINER_ID: &str = "container_id";

fn container<'a>(state: &'a State, thread: &'a Thread) -> Option<&'a ZStr> {
    let (number, _) = state.thread_fields.find(CONTAINER_ID)?;
    match thread.dynamic.get(number) {
        DynValue::Text(id) => Some(id),
        _ => None,
    }
}

fn container_id<'a>(state: &'a State, thread: &'a Thread) -> &'a [u8] {
    container(state, thread).map_or(b"", ZStr::as_bytes)
}

/// The process of a thread, and then others of its container: what has just happened may be the end of it.
fn fellows<'a>(state: &'a State, thread: &'a Thread, container: &'a [u8]) -> impl Iterator<Item = i64> + 'a {
    let others = state.threads().filter(move |other| {
        other.pid != thread.pid && other.pid == other.tid && container_id(state, other) == container
    });
    std::iter::once(thread.pid).chain(others.map(|other| other.pid))
}
