//! clone, clone3, fork, vfork: one call, seen by the caller and by the child; and `spawn`, a clone with an exec.

use lanner_plugin_api::schema::{EventType, ParamExtra};
use lanner_syscall::capture::{Keep, Thread};
use lanner_syscall::state::flags::cl;

use super::Act;
use super::exec::process_parameters;
use crate::error::ScriptError;
use crate::machine::Machine;
use crate::value::{flags, text};
use crate::world::Spec;

/// What the C library's fork asks for.
const FORK: u32 = 1 << 23 | 1 << 24;

impl Machine {
    pub(super) fn clone(&mut self, act: &Act<'_>, code: EventType) -> Result<(), ScriptError> {
        self.clone_with(act, code, false)
    }

    pub(super) fn spawn(&mut self, act: &Act<'_>) -> Result<(), ScriptError> {
        self.clone_with(act, EventType::SYSCALL_CLONE_20_X, true)
    }

    fn clone_with(&mut self, act: &Act<'_>, code: EventType, must_exec: bool) -> Result<(), ScriptError> {
        let f = act.body.fields()?;
        let spec = Spec::read(&f, &self.world, self.now)?;
        if must_exec && !spec.starts_a_program() {
            return Err(f.error("a spawn needs `exe`, the program that the child starts"));
        }
        let name = f.given("as").or_else(|| act.name.clone()).map(|n| n.text()).transpose()?;
        let tid = f.number::<i64>("pid")?;
        let asked = f.given("flags");
        let table = code.info().and_then(|i| i.param_by_name("flags")).map(|(_, p)| p.extra);
        let flags = match (asked, table) {
            (Some(node), Some(ParamExtra::Flags(table))) => flags(table, false, &node)?,
            _ => FORK,
        };
        let result = act.result()?;
        let Some(caller) = self.snapshot(act.tid) else { return Err(act.body.error("this process is unknown")) };
        if let Some(error) = result.filter(|&r| r < 0) {
            let params = parameters(&caller, error, flags, 0);
            self.emit(&act.body, code, act.tid, &params, Keep::Whole)?;
            return if spec.starts_a_program() {
                Err(f.error("a clone that fails starts no program"))
            } else {
                f.finish()
            };
        }
        let tid = tid.or(result.filter(|&r| r > 0)).unwrap_or_else(|| self.world.free_tid());
        if self.state.thread(tid).is_some() {
            return Err(f.error(format!("pid {tid} is taken")));
        }
        self.world.reserve(tid);
        let child = self.child(&spec, &caller, tid, flags);
        let in_pidns = child.vtid != child.tid;
        let flags = if in_pidns { flags | cl::CHILD_IN_PIDNS } else { flags };
        let seen = if caller.vtid == caller.tid { child.tid } else { child.vtid };
        let of_caller = parameters(&caller, seen, flags, 0);
        // Readers of recordings take this time as it stands, without the time of boot.
        let of_child = parameters(&child, 0, flags, child.pidns_init_start_ts);
        let vfork = code == EventType::SYSCALL_VFORK_20_X || flags & cl::CLONE_VFORK != 0;
        let both = [(act.tid, of_caller), (tid, of_child)];
        // A caller of vfork sleeps until its child is on its way.
        let order = if vfork { [1, 0] } else { [0, 1] };
        for at in order {
            let (tid, params) = &both[at];
            self.emit(&act.body, code, *tid, params, Keep::Whole)?;
        }
        if let Some(name) = name {
            self.world.name(name, tid);
        }
        if spec.starts_a_program() {
            let mut spec = spec;
            spec.vpid = None;
            self.exec_as(&act.body, None, tid, &spec, EventType::SYSCALL_EXECVE_19_X, 0)?;
        }
        f.finish()
    }

    /// The child as it begins: its parent's copy, but for ids and what the script says of its place in the machine.
    fn child(&self, spec: &Spec, caller: &Thread, tid: i64, flags: u32) -> Thread {
        let mut child = Thread { tid, ..caller.clone() };
        let thread = flags & cl::CLONE_THREAD != 0;
        if !thread {
            (child.pid, child.ptid) = (tid, caller.pid);
        }
        spec.without_program().apply(&mut child, &self.world);
        if flags & cl::CLONE_NEWPID != 0 {
            child.pidns_init_start_ts = self.now;
        }
        child.vtid = spec.vpid.filter(|_| !thread).unwrap_or_else(|| self.virtual_tid(&child, flags));
        child.vpid = if thread { caller.vpid } else { child.vtid };
        child
    }

    /// The id that a new thread has in its pid namespace: every container has one of its own.
    fn virtual_tid(&self, child: &Thread, flags: u32) -> i64 {
        if flags & cl::CLONE_NEWPID != 0 {
            return 1;
        }
        let Some(container) = self.world.container_of(child) else { return child.tid };
        let path = text(container.path.as_bytes());
        let inside = self.state.threads().filter(|t| t.cgroups.path(b"memory") == Some(path.as_slice()));
        inside.map(|t| t.vtid).max().unwrap_or(0) + 1
    }
}

/// The parameters of clone's exit, in their order.
fn parameters(t: &Thread, result: i64, flags: u32, pidns_start: u64) -> Vec<Vec<u8>> {
    let int = |n: i64| n.to_le_bytes().to_vec();
    let half = |n: u32| n.to_le_bytes().to_vec();
    let mut all = process_parameters(t, result);
    all.extend([half(flags), half(t.uid), half(t.gid), int(t.vtid), int(t.vpid), pidns_start.to_le_bytes().to_vec()]);
    all
}
