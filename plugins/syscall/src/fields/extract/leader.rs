//! `proc.sname`, `proc.sid.*`, `proc.vpgid.*`, `proc.pgid.*`: leaders of session and process groups.

use crate::fields::context::Cx;
use crate::fields::sink::Sink;
use crate::state::Thread;

macro_rules! leaders {
    ($($name:ident: $id:ident, $is_virtual:literal, $text:ident;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(thread) = cx.thread() else { return false };
            let leader: Option<&'a Thread> = cx.state.leader(thread, |t| t.$id, $is_virtual);
            out.put_cstr(leader.map_or(b"\0", |leader| leader.$text.as_bytes_with_nul()));
            true
        }
    )*};
}

leaders! {
    sid_name: sid, true, comm;
    sid_exe: sid, true, exe;
    sid_exepath: sid, true, exepath;
    vpgid_name: vpgid, true, comm;
    vpgid_exe: vpgid, true, exe;
    vpgid_exepath: vpgid, true, exepath;
    pgid_name: pgid, false, comm;
    pgid_exe: pgid, false, exe;
    pgid_exepath: pgid, false, exepath;
}
