//! Steps that the schema describes: any event by its parameters.

use lanner_plugin_api::schema::{
    EventCategory, EventFlags, EventInfo, EventType as E, ParamExtra, ParamInfo, ParamType as T,
};
use lanner_plugin_api::wire::read;
use lanner_syscall::capture::Keep;
use lanner_syscall::state::flags::o;

use super::Act;
use crate::error::ScriptError;
use crate::machine::Machine;
use crate::read::Fields;
use crate::value::{encode, flags, sized_number};

/// An event while its parameters are put together; `None`: not said yet.
pub(super) struct Draft<'s, 'a> {
    pub(super) act: &'s Act<'a>,
    pub(super) code: E,
    pub(super) info: &'static EventInfo,
    pub(super) values: Vec<Option<Vec<u8>>>,
}

impl Draft<'_, '_> {
    pub(super) fn at(&self, name: &str) -> Option<usize> {
        self.info.params.iter().position(|p| p.name == name)
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.at(name).is_some_and(|at| self.values[at].is_some())
    }

    /// Gives a parameter a value, unless the script did.
    pub(super) fn preset(&mut self, name: &str, value: Vec<u8>) {
        if let Some(at) = self.at(name) {
            self.values[at].get_or_insert(value);
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        self.values[self.at(name)?].as_deref()
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.value(name).and_then(read::unsigned)
    }

    /// Whether the first parameter is what the call returns.
    fn has_result(&self) -> bool {
        let kind = |p: &ParamInfo| matches!(p.ty, T::Errno | T::Fd | T::Pid | T::Int64 | T::Uint64 | T::Uid | T::Gid);
        self.info.category == EventCategory::Syscall && self.info.params.first().is_some_and(kind)
    }

    /// Whether the result is a new descriptor.
    pub(super) fn makes_fd(&self) -> bool {
        let two = matches!(self.code, E::SYSCALL_PIPE_X | E::SYSCALL_PIPE2_X | E::SOCKET_SOCKETPAIR_X);
        self.info.flags.contains(EventFlags::CREATES_FD) && !two
    }
}

impl Machine {
    pub(super) fn plain(&mut self, act: &Act<'_>, code: E) -> Result<(), ScriptError> {
        let Some(info) = code.info() else { return Err(act.body.error("no such event")) };
        let f = act.body.fields()?;
        let mut draft = Draft { act, code, info, values: vec![None; info.params.len()] };
        for (at, param) in info.params.iter().enumerate() {
            let Some(node) = f.get(param.name) else { continue };
            draft.values[at] = match self.special(code, param, &f)? {
                Some(value) => Some(value),
                None => Some(encode(self, act.tid, param, &node)?),
            };
        }
        if draft.has_result() {
            if let Some(node) = &act.result {
                let result = crate::names::result(node)?;
                draft.values[0] = Some(sized_number(info.params[0].ty, result.into(), node)?);
            }
        } else {
            act.refuse_result()?;
        }
        self.socket_words(&mut draft, &f)?;
        f.finish()?;
        self.fill(&mut draft)?;
        self.announce(&draft)?;
        let params: Vec<Vec<u8>> = draft.values.iter().map(|v| v.clone().unwrap_or_default()).collect();
        let tid = if info.category == EventCategory::Metaevent { -1 } else { act.tid };
        self.emit(&act.body, code, tid, &params, Keep::Whole)?;
        self.remember(&draft)
    }

    /// Parameters that are plain numbers for the schema and have names in C.
    fn special(&self, code: E, param: &ParamInfo, f: &Fields<'_>) -> Result<Option<Vec<u8>>, ScriptError> {
        let socket = matches!(code, E::SOCKET_SOCKET_X | E::SOCKET_SOCKETPAIR_X);
        let Some(node) = f.given(param.name).filter(|n| socket && n.value.is_string()) else { return Ok(None) };
        let table = match param.name {
            "type" => &super::socket::TYPES,
            "proto" => &super::socket::PROTOCOLS,
            _ => return Ok(None),
        };
        Ok(Some(flags(table, false, &node)?.to_le_bytes().to_vec()))
    }

    /// The enter event, where the probe records one: what it read before the kernel did.
    fn announce(&mut self, draft: &Draft<'_, '_>) -> Result<(), ScriptError> {
        let enter = match draft.code {
            E::SYSCALL_OPEN_X => E::SYSCALL_OPEN_E,
            E::SYSCALL_OPENAT_2_X => E::SYSCALL_OPENAT_2_E,
            E::SYSCALL_OPENAT2_X => E::SYSCALL_OPENAT2_E,
            E::SYSCALL_CREAT_X => E::SYSCALL_CREAT_E,
            E::SOCKET_CONNECT_X => E::SOCKET_CONNECT_E,
            _ => return Ok(()),
        };
        let Some(info) = enter.info() else { return Ok(()) };
        let of_exit = |param: &ParamInfo| {
            let value = draft.value(param.name).unwrap_or_default();
            match (param.extra, read::u32(value)) {
                // Whether a file was created, and in which layer it lies, shows at exit.
                (ParamExtra::Flags(_), Some(flags)) if param.name == "flags" => {
                    (flags & (o::F_CREATED - 1)).to_le_bytes().to_vec()
                }
                _ => value.to_vec(),
            }
        };
        let params: Vec<_> = info.params.iter().map(of_exit).collect();
        self.emit(&draft.act.body, enter, draft.act.tid, &params, Keep::Whole)
    }

    /// Notes which descriptors the call has opened, under the name that the step gives.
    fn remember(&mut self, draft: &Draft<'_, '_>) -> Result<(), ScriptError> {
        let fd = |at: usize| draft.values.get(at)?.as_deref().and_then(read::i64).filter(|fd| *fd >= 0);
        let duplicates = draft.code == E::SYSCALL_FCNTL_X && self.fd(draft.act.tid, fd(0).unwrap_or(-1)).is_some();
        let (made, peer) = match draft.code {
            E::SYSCALL_PIPE_X | E::SYSCALL_PIPE2_X | E::SOCKET_SOCKETPAIR_X => (fd(1), fd(2)),
            _ if draft.makes_fd() || duplicates => (fd(0), None),
            code if super::socket::uses_socket(code) => (draft.value("fd").and_then(read::i64), None),
            _ => return draft.act.refuse_name(),
        };
        if let Some(fd) = made {
            self.last_fd.insert(draft.act.tid, fd);
        }
        if let Some(name) = &draft.act.name {
            let name = name.text()?;
            if let Some(fd) = peer {
                self.fd_names.insert(format!("{name}.peer"), fd);
            }
            if let Some(fd) = made {
                self.fd_names.insert(name, fd);
            }
        }
        Ok(())
    }
}
