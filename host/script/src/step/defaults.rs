//! What a step leaves out.

use lanner_plugin_api::schema::{EventFlags, EventType as E, ParamExtra, ParamInfo, ParamType as T};
use lanner_plugin_api::wire::read;

use super::plain::Draft;
use crate::error::ScriptError;
use crate::machine::Machine;
use crate::value::{AT_FDCWD, text};

/// Device of files.
const DEV: u32 = 0xfd00;
/// Where mmap and its kin put things.
const ADDRESS: u64 = 0x7f00_0000_0000;
const SIGTERM: u8 = 15;
const F_DUPFD: u64 = 1;
const F_DUPFD_CLOEXEC: u64 = 26;

impl Machine {
    /// Gives every parameter that is still without value its default.
    pub(super) fn fill(&mut self, draft: &mut Draft<'_, '_>) -> Result<(), ScriptError> {
        // The result comes last: how much was read, or which descriptor came of it, depends on the others.
        for at in (1..draft.values.len()).chain([0]) {
            if draft.values.get(at).is_some_and(Option::is_none) {
                let value = self.default_of(draft, at);
                draft.values[at] = Some(value);
            }
        }
        Ok(())
    }

    fn default_of(&mut self, draft: &Draft<'_, '_>, at: usize) -> Vec<u8> {
        let param = &draft.info.params[at];
        let tid = draft.act.tid;
        if let Some(value) = self.default_by_name(draft, param) {
            return value;
        }
        if at == 0
            && let Some(result) = self.default_result(draft, param)
        {
            return cut(param.ty, result as u64);
        }
        match param.ty {
            T::Fd | T::Fd32 => cut(param.ty, self.default_fd(draft, param) as u64),
            T::Pid | T::Pid32 => cut(param.ty, self.state.thread(tid).map_or(0, |t| t.pid) as u64),
            T::Uid => self.state.thread(tid).map_or(0, |t| t.uid).to_le_bytes().to_vec(),
            T::Gid => self.state.thread(tid).map_or(0, |t| t.gid).to_le_bytes().to_vec(),
            T::Sigtype => vec![SIGTERM],
            T::Fspath | T::Fsrelpath => text(b"/tmp/file"),
            T::Charbuf => text(b""),
            // Nothing in front says the shape; a number of zero.
            T::Dyn => match param.extra {
                ParamExtra::Dyn(variants) => {
                    let number = variants.iter().position(|v| matches!(v.ty, T::Uint32 | T::Uint64 | T::Int64 | T::Fd));
                    let number = number.unwrap_or(0);
                    let len = variants.get(number).and_then(|v| v.ty.fixed_len()).unwrap_or(0);
                    [vec![number as u8], vec![0; len]].concat()
                }
                _ => Vec::new(),
            },
            T::Fdlist => vec![0, 0],
            ty => vec![0; ty.fixed_len().unwrap_or(0)],
        }
    }

    /// Parameters whose name says what they usually are.
    fn default_by_name(&mut self, draft: &Draft<'_, '_>, param: &ParamInfo) -> Option<Vec<u8>> {
        let thread = self.state.thread(draft.act.tid);
        let data = draft.value("data").map_or(0, <[u8]>::len) as u64;
        Some(match (param.name, param.ty) {
            ("dirfd" | "olddirfd" | "newdirfd" | "linkdirfd" | "olddir" | "newdir", T::Fd) => {
                AT_FDCWD.to_le_bytes().to_vec()
            }
            ("fd1", T::Fd) => self.free_fds(draft.act.tid)[0].to_le_bytes().to_vec(),
            ("fd2", T::Fd) => self.free_fds(draft.act.tid)[1].to_le_bytes().to_vec(),
            ("newfd", T::Fd) => self.free_fd(draft.act.tid).to_le_bytes().to_vec(),
            ("size", ty) => cut(ty, data),
            ("dev", T::Uint32) if draft.is_open() => DEV.to_le_bytes().to_vec(),
            ("ino", T::Uint64) => self.fresh_ino().to_le_bytes().to_vec(),
            ("mode", ty) => cut(ty, 0o644),
            ("flags", T::Flags32) if draft.is_open() => 1_u32.to_le_bytes().to_vec(),
            ("uid", T::Uint32) => thread.map_or(0, |t| t.uid).to_le_bytes().to_vec(),
            ("gid", T::Uint32) => thread.map_or(0, |t| t.gid).to_le_bytes().to_vec(),
            ("vm_size", T::Uint32) => thread.map_or(0, |t| t.vmsize_kb).to_le_bytes().to_vec(),
            ("vm_rss", T::Uint32) => thread.map_or(0, |t| t.vmrss_kb).to_le_bytes().to_vec(),
            ("vm_swap", T::Uint32) => thread.map_or(0, |t| t.vmswap_kb).to_le_bytes().to_vec(),
            ("domain", T::Enumflags32) => 2_u32.to_le_bytes().to_vec(),
            ("type", T::Uint32) => 1_u32.to_le_bytes().to_vec(),
            ("oldpath", _) => text(b"/tmp/old"),
            ("newpath", _) => text(b"/tmp/new"),
            ("target", _) => text(b"/tmp/target"),
            ("linkpath", _) => text(b"/tmp/link"),
            ("dir", T::Fspath) => text(b"/mnt"),
            ("type", T::Charbuf) => text(b"tmpfs"),
            ("dev", T::Charbuf) => text(b"none"),
            ("path", T::Charbuf) if draft.code == E::SYSCALL_GETCWD_X => {
                text(thread.map_or(&b"/"[..], |t| self.state.cwd(t).as_bytes()))
            }
            ("path", T::Charbuf) => text(b"/tmp"),
            // An async event's name is its type.
            ("name", T::Charbuf) if draft.code == E::ASYNCEVENT_E => text(b"notice"),
            _ => return None,
        })
    }

    /// What a call that went well returns.
    fn default_result(&self, draft: &Draft<'_, '_>, param: &ParamInfo) -> Option<i64> {
        let tid = draft.act.tid;
        let io = EventFlags::READS_FROM_FD | EventFlags::WRITES_TO_FD;
        Some(match draft.code {
            E::SYSCALL_DUP2_X | E::SYSCALL_DUP3_X => draft.value("newfd").and_then(read::i64).unwrap_or(0),
            E::SYSCALL_FCNTL_X => match draft.number("cmd") {
                Some(F_DUPFD | F_DUPFD_CLOEXEC) => self.free_fd(tid),
                _ => 0,
            },
            E::SYSCALL_MMAP_X | E::SYSCALL_MMAP2_X | E::SYSCALL_BRK_4_X => ADDRESS as i64,
            E::SYSCALL_SETSID_X => self.state.thread(tid).map_or(0, |t| t.pid),
            E::SYSCALL_PROCESS_VM_READV_X | E::SYSCALL_PROCESS_VM_WRITEV_X => draft.value("data")?.len() as i64,
            _ if draft.makes_fd() => self.free_fd(tid),
            _ if draft.info.flags.intersects(io) => draft.value("data").map_or(0, |d| d.len() as i64),
            _ if param.name == "res" => 0,
            _ => return None,
        })
    }

    /// The descriptor that a call uses when the script does not say: the one that the process opened last.
    fn default_fd(&self, draft: &Draft<'_, '_>, param: &ParamInfo) -> i64 {
        let tid = draft.act.tid;
        let Some(thread) = self.state.thread(tid) else { return 0 };
        if matches!(param.name, "fd_out" | "fdout" | "out_fd") {
            return 1;
        }
        let last = self.last_fd.get(&tid).copied().filter(|fd| self.state.fd_of(thread, *fd).is_some());
        last.or_else(|| self.state.fds_of(thread).map(|(fd, _)| fd).filter(|fd| *fd < 200).max()).unwrap_or(0)
    }
}

impl Draft<'_, '_> {
    fn is_open(&self) -> bool {
        matches!(
            self.code,
            E::SYSCALL_OPEN_X
                | E::SYSCALL_OPENAT_2_X
                | E::SYSCALL_OPENAT2_X
                | E::SYSCALL_CREAT_X
                | E::SYSCALL_OPEN_BY_HANDLE_AT_X
        )
    }
}

/// A number as wide as its type.
fn cut(ty: T, n: u64) -> Vec<u8> {
    n.to_le_bytes()[..ty.fixed_len().unwrap_or(8).min(8)].to_vec()
}
