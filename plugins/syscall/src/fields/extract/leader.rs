//! `proc.sname`, `proc.sid.*`, `proc.vpgid.*`, `proc.pgid.*`: leaders of session and process groups.

use crate::fields::context::Cx;
use crate::fields::sink::Sink;
use crate::state::{State, Thread};

macro_rules! leaders {
    ($($name:ident: $leader:ident, $text:ident;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(thread) = cx.thread() else { return false };
            let leader: Option<&'a Thread> = $leader(cx.state, thread);
            out.put_cstr(leader.map_or(b"\0", |leader| leader.$text.as_bytes_with_nul()));
            true
        }
    )*};
}

fn of_session<'a>(state: &'a State, thread: &'a Thread) -> Option<&'a Thread> {
    state.leader(thread, |t| t.sid, true)
}

fn of_group<'a>(state: &'a State, thread: &'a Thread) -> Option<&'a Thread> {
    state.leader_of_group(thread)
}

fn of_group_outside<'a>(state: &'a State, thread: &'a Thread) -> Option<&'a Thread> {
    state.leader(thread, |t| t.pgid, false)
}

leaders! {
    sid_name: of_session, comm;
    sid_exe: of_session, exe;
    sid_exepath: of_session, exepath;
    vpgid_name: of_group, comm;
    vpgid_exe: of_group, exe;
    vpgid_exepath: of_group, exepath;
    pgid_name: of_group_outside, comm;
    pgid_exe: of_group_outside, exe;
    pgid_exepath: of_group_outside, exepath;
}
