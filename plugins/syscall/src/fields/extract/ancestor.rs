//! `proc.p*` and `proc.a*`: parent and ancestors.
//!
//! With a number these fields are about one ancestor (0: the process itself). Without, a condition looks at every
//! ancestor, the process itself left out; printing joins them by blanks.

use super::process::{joined_args, put_env, valid_id, variable};
use crate::fields::context::{Cx, Want};
use crate::fields::sink::Sink;
use crate::state::Thread;

fn process<'a>(cx: &Cx<'a, '_>, n: u64) -> Option<&'a Thread> {
    cx.state.ancestor(cx.thread()?, u32::try_from(n).ok()?)
}

pub(crate) fn parent<'a>(cx: &Cx<'a, '_>) -> Option<&'a Thread> {
    process(cx, 1)
}

fn above<'a>(cx: &Cx<'a, '_>) -> Option<impl Iterator<Item = &'a Thread> + use<'a>> {
    let main = cx.state.main_thread(cx.thread()?)?;
    Some(cx.state.parents(main))
}

/// Text of a thread, with its NUL.
type TextOf = for<'t> fn(&'t Thread) -> &'t [u8];

fn text<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, of: TextOf) -> bool {
    if let Some(n) = cx.arg.index {
        let Some(ancestor) = process(cx, n) else { return false };
        out.put_cstr(of(ancestor));
        return true;
    }
    let Some(ancestors) = above(cx) else { return false };
    if cx.want == Want::All {
        ancestors.for_each(|ancestor| out.put_cstr(of(ancestor)));
        return true;
    }
    let joined = &mut cx.memory.text;
    joined.clear();
    for ancestor in ancestors {
        if !joined.is_empty() {
            joined.push(b' ');
        }
        let text = of(ancestor);
        joined.extend_from_slice(text.strip_suffix(b"\0").unwrap_or(text));
    }
    if joined.is_empty() {
        return false;
    }
    out.put_text(joined);
    true
}

fn exe_of(thread: &Thread) -> &[u8] {
    thread.exe.as_bytes_with_nul()
}

fn exepath_of(thread: &Thread) -> &[u8] {
    thread.exepath.as_bytes_with_nul()
}

fn name_of(thread: &Thread) -> &[u8] {
    thread.comm.as_bytes_with_nul()
}

fn cmdline_of(thread: &Thread) -> &[u8] {
    thread.cmdline().as_bytes_with_nul()
}

pub(crate) fn exe<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    text(cx, out, exe_of)
}

pub(crate) fn exepath<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    text(cx, out, exepath_of)
}

pub(crate) fn name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    text(cx, out, name_of)
}

pub(crate) fn cmdline<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    text(cx, out, cmdline_of)
}

pub(crate) fn args<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    // Conditions on this one compare the joined text.
    cx.want = Want::Scalar;
    text(cx, out, joined_args)
}

pub(crate) fn pid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    if cx.want == Want::All && cx.arg.index.is_none() {
        let Some(ancestors) = above(cx) else { return false };
        ancestors.for_each(|ancestor| out.put_i64(ancestor.pid));
        return true;
    }
    let Some(pid) = process(cx, cx.arg.index.unwrap_or(0)).and_then(|t| valid_id(t.pid)) else { return false };
    out.put_i64(pid);
    true
}

/// How far up a variable is looked for.
const ENV_LEVELS: usize = 20;

pub(crate) fn env<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    let main = cx.state.main_thread(thread);
    if let Some(n) = cx.arg.index.filter(|&n| n > 0) {
        let Some(main) = main else {
            // The process has lost its main thread: there is a value, an empty one.
            out.put_cstr(b"\0");
            return true;
        };
        let ancestor = usize::try_from(n).ok().and_then(|n| line(cx, main).nth(n - 1));
        return ancestor.is_some_and(|ancestor| put_env(cx, ancestor, out));
    }
    if cx.arg.index.is_some() {
        return put_env(cx, thread, out);
    }
    if let Some(name) = cx.arg.key {
        let found = main.and_then(|main| line(cx, main).take(ENV_LEVELS).find_map(|t| variable(cx, t, name)));
        out.put_text(found.unwrap_or_default());
        return true;
    }
    if cx.want == Want::All {
        let Some(ancestors) = above(cx) else { return false };
        ancestors.for_each(|ancestor| {
            put_env(cx, ancestor, out);
        });
        return true;
    }
    put_env(cx, thread, out)
}

/// Parents by id, without the check for loops: the callers take a bounded number.
fn line<'a>(cx: &Cx<'a, '_>, from: &'a Thread) -> impl Iterator<Item = &'a Thread> + use<'a> {
    let state = cx.state;
    std::iter::successors(state.thread(from.ptid), |t| state.thread(t.ptid)).take(MAX_LINE)
}

/// Longest line of parents that is followed: a loop of parents must end.
const MAX_LINE: usize = 4096;

macro_rules! parents {
    ($($name:ident: $of:ident;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(parent) = parent(cx) else { return false };
            out.put_cstr($of(parent));
            true
        }
    )*};
}

parents! {
    parent_exe: exe_of;
    parent_exepath: exepath_of;
    parent_name: name_of;
    parent_cmdline: cmdline_of;
}

pub(crate) fn parent_pid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(pid) = parent(cx).and_then(|t| valid_id(t.pid)) else { return false };
    out.put_i64(pid);
    true
}

/// The thread that made this one, which need not be the main thread of its process.
fn maker<'a>(cx: &Cx<'a, '_>) -> Option<&'a Thread> {
    cx.state.thread(cx.thread()?.ptid)
}

pub(crate) fn parent_vpid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(parent) = maker(cx) else { return false };
    out.put_i64(parent.vpid);
    true
}

pub(crate) fn parent_start<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(parent) = maker(cx) else { return false };
    out.put_u64(parent.clone_ts);
    true
}

pub(crate) fn parent_duration<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(parent) = parent(cx) else { return false };
    if parent.clone_ts == 0 {
        // Recorded output has the number of open descriptors here; alerts must stay comparable.
        return super::process::fd_count(cx, out);
    }
    out.put_u64(cx.event.ts().wrapping_sub(parent.clone_ts));
    true
}
