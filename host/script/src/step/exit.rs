//! The end of a process.

use lanner_plugin_api::schema::EventType;
use lanner_syscall::capture::Keep;

use super::Act;
use crate::error::ScriptError;
use crate::machine::Machine;
use crate::names;
use crate::world::INIT_TID;

impl Machine {
    pub(super) fn exit(&mut self, act: &Act<'_>) -> Result<(), ScriptError> {
        act.refuse_name()?;
        act.refuse_result()?;
        let f = act.body.fields()?;
        let (code, signal) = (f.number::<u8>("code")?, f.read("signal", names::signal_number)?);
        let (ret, sig) = (f.number::<i64>("ret")?, f.read("sig", names::signal_number)?);
        let (status, core) = (f.number::<i64>("status")?, f.number::<u8>("core")?);
        let reaper = f.read("reaper_tid", |n| self.world.process(n))?;
        f.finish()?;
        let ret = ret.unwrap_or(code.unwrap_or(0).into());
        let sig = sig.or(signal).unwrap_or(0);
        let status = status.unwrap_or(ret << 8 | i64::from(sig));
        let reaper = reaper.unwrap_or_else(|| {
            let children = self.state.threads().any(|t| t.ptid == act.tid);
            if children { INIT_TID } else { 0 }
        });
        let params = [
            status.to_le_bytes().to_vec(),
            ret.to_le_bytes().to_vec(),
            vec![sig],
            vec![core.unwrap_or(0)],
            reaper.to_le_bytes().to_vec(),
        ];
        self.emit(&act.body, EventType::PROCEXIT_1_E, act.tid, &params, Keep::Whole)
    }
}
