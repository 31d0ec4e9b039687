//! execve and execveat, with every parameter that the probe records.

use lanner_plugin_api::schema::{EventInfo, EventType};
use lanner_syscall::capture::{Keep, Thread};

use super::Act;
use crate::error::ScriptError;
use crate::machine::Machine;
use crate::read::{Fields, Node};
use crate::value::{encode, text};
use crate::world::Spec;

const EXE_WRITABLE: u32 = 1 << 0;
const EXE_UPPER_LAYER: u32 = 1 << 1;
const EXE_FROM_MEMFD: u32 = 1 << 2;
const EXE_LOWER_LAYER: u32 = 1 << 3;

/// Parameters that a step may give by their own name; those of the same name as a key of a process are that key.
const OVERRIDES: [&str; 15] = [
    "comm",
    "cgroups",
    "flags",
    "cap_inheritable",
    "cap_permitted",
    "cap_effective",
    "exe_ino_ctime",
    "exe_ino_mtime",
    "uid",
    "gid",
    "trusted_exepath",
    "filename",
    "tid",
    "ptid",
    "vm_size",
];

/// Whether a step may give this parameter.
pub(crate) fn overrides(name: &str) -> bool {
    OVERRIDES.contains(&name)
}

impl Machine {
    pub(super) fn exec(&mut self, act: &Act<'_>, code: EventType) -> Result<(), ScriptError> {
        let f = act.body.fields()?;
        let spec = Spec::read(&f, &self.world, self.now)?;
        let result = act.result()?.unwrap_or(0);
        if !spec.starts_a_program() {
            return Err(f.error("an exec needs `exe`, the program that is started"));
        }
        if let Some(name) = f.given("as").or_else(|| act.name.clone()) {
            let name = name.text()?;
            self.world.name(name, act.tid);
        }
        self.exec_as(&act.body, Some(&f), act.tid, &spec, code, result)?;
        f.finish()
    }

    /// The exec of `spec` by `tid`. Keys of `overrides` that are parameters are taken as they are.
    pub(super) fn exec_as(
        &mut self,
        node: &Node<'_>,
        overrides: Option<&Fields<'_>>,
        tid: i64,
        spec: &Spec,
        code: EventType,
        result: i64,
    ) -> Result<(), ScriptError> {
        if spec.vpid.is_some() {
            return Err(node.error("an exec does not change `vpid`: give it where the process begins"));
        }
        let Some(before) = self.snapshot(tid) else { return Err(node.error("this process is unknown")) };
        if let Some(cwd) = &spec.cwd {
            let params = [0_i64.to_le_bytes().to_vec(), text(cwd.as_bytes())];
            self.emit(node, EventType::SYSCALL_CHDIR_X, tid, &params, Keep::StateOnly)?;
        }
        if let Some(sid) = spec.sid {
            let params = [sid.to_le_bytes().to_vec()];
            self.emit(node, EventType::SYSCALL_SETSID_X, tid, &params, Keep::StateOnly)?;
        }
        let mut after = before.clone();
        spec.apply(&mut after, &self.world);
        // A success is reported by the scheduler, which does not know by which call it came.
        let code = if result >= 0 { EventType::SYSCALL_EXECVE_19_X } else { code };
        let Some(info) = code.info() else { return Err(node.error("no such event")) };
        let filename = if after.exe_from_memfd { b"/proc/self/fd/3".into() } else { spec.program().into_bytes() };
        let tried = if result >= 0 { after } else { failed(&before, after) };
        let mut params = parameters(&tried, result);
        params.push(text(&filename));
        params.truncate(info.params.len());
        if let Some(f) = overrides {
            self.overrides(f, tid, info, &mut params)?;
        }
        self.emit(node, code, tid, &params, Keep::Whole)
    }

    fn overrides(&self, f: &Fields<'_>, tid: i64, info: &EventInfo, params: &mut [Vec<u8>]) -> Result<(), ScriptError> {
        for name in OVERRIDES {
            let Some(node) = f.get(name) else { continue };
            let Some((at, param)) = info.param_by_name(name) else {
                return Err(node.error(format!("the event {} has no such parameter", info.name)));
            };
            params[at] = encode(self, tid, param, &node)?;
        }
        Ok(())
    }
}

/// What a failed exec shows: the program that was tried, in the process as it stays.
fn failed(before: &Thread, after: Thread) -> Thread {
    Thread { exe: after.exe, args: after.args, env: after.env, ..before.clone() }
}

/// The first 15 parameters of the exits of exec and of clone, which are the same.
pub(super) fn process_parameters(t: &Thread, result: i64) -> Vec<Vec<u8>> {
    let int = |n: i64| n.to_le_bytes().to_vec();
    let word = |n: u64| n.to_le_bytes().to_vec();
    let half = |n: u32| n.to_le_bytes().to_vec();
    vec![
        int(result),
        text(&t.exe),
        t.args.to_vec(),
        int(t.tid),
        int(t.pid),
        int(t.ptid),
        Vec::new(), // The probe leaves the working directory to the state.
        int(t.fdlimit),
        word(t.pfmajor),
        word(t.pfminor),
        half(t.vmsize_kb),
        half(t.vmrss_kb),
        half(t.vmswap_kb),
        text(&t.comm),
        t.cgroups.to_vec(),
    ]
}

/// The parameters of execve's exit, in their order, but for the last: the path that was asked for.
fn parameters(t: &Thread, result: i64) -> Vec<Vec<u8>> {
    let int = |n: i64| n.to_le_bytes().to_vec();
    let word = |n: u64| n.to_le_bytes().to_vec();
    let half = |n: u32| n.to_le_bytes().to_vec();
    let flag = |on: bool, bit: u32| if on { bit } else { 0 };
    let flags = flag(t.exe_writable, EXE_WRITABLE)
        | flag(t.exe_upper_layer, EXE_UPPER_LAYER)
        | flag(t.exe_from_memfd, EXE_FROM_MEMFD)
        | flag(t.exe_lower_layer, EXE_LOWER_LAYER);
    let mut all = process_parameters(t, result);
    all.extend([
        t.env.to_vec(),
        half(t.tty),
        int(t.vpgid),
        half(t.loginuid),
        half(flags),
        word(t.cap_inheritable),
        word(t.cap_permitted),
        word(t.cap_effective),
        word(t.exe_ino),
        word(t.exe_ino_ctime),
        word(t.exe_ino_mtime),
        half(t.uid),
        text(&t.exepath),
        int(t.pgid),
        half(t.gid),
    ]);
    all
}
