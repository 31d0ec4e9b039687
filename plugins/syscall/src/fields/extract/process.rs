//! `proc.*` of the process itself.

use lanner_plugin_api::wire::read;

use super::emit;
use crate::fields::context::Cx;
use crate::fields::sink::Sink;
use crate::state::Thread;
use crate::state::fd::Fd;

/// Puts a text of the event's thread.
macro_rules! texts {
    ($($name:ident: $text:expr;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(thread) = cx.thread() else { return false };
            let text: fn(&'a Thread) -> &'a [u8] = $text;
            out.put_cstr(text(thread));
            true
        }
    )*};
}

texts! {
    exe: |t| t.exe.as_bytes_with_nul();
    exepath: |t| t.exepath.as_bytes_with_nul();
    name: |t| t.comm.as_bytes_with_nul();
    cmdline: |t| t.cmdline().as_bytes_with_nul();
}

/// Puts a number or truth value of the event's thread, if the expression has one.
macro_rules! values {
    ($put:ident $ty:ty { $($name:ident: $value:expr;)* }) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let value: fn(&Thread) -> Option<$ty> = $value;
            let Some(value) = cx.thread().and_then(value) else { return false };
            out.$put(value);
            true
        }
    )*};
}

/// Ids outside this range are no ids: some recorders cannot know them.
pub(super) fn valid_id(id: i64) -> Option<i64> {
    (-1..=i64::from(u32::MAX)).contains(&id).then_some(id)
}

values! { put_i64 i64 {
    pid: |t| valid_id(t.pid);
    vpid: |t| Some(t.vpid).filter(|&id| id != -1);
    sid: |t| Some(t.sid);
    vpgid: |t| Some(t.vpgid);
    pgid: |t| Some(t.pgid);
}}

values! { put_u64 u64 {
    tty: |t| Some(t.tty.into());
    cmdnargs: |t| Some(t.args.count() as u64);
    cmdlenargs: |t| Some((t.args.as_bytes().len() - t.args.count()) as u64);
    start: |t| Some(t.clone_ts).filter(|&ts| ts != 0);
    exe_ino: |t| Some(t.exe_ino).filter(|&ino| ino != 0);
    exe_ctime: |t| Some(t.exe_ino_ctime).filter(|&ts| ts != 0);
    exe_mtime: |t| Some(t.exe_ino_mtime).filter(|&ts| ts != 0);
    ctime_to_start: |t| t.exe_ino_ctime_duration_clone_ts.filter(|&ns| ns != 0);
    pidns_to_ctime: |t| t.exe_ino_ctime_duration_pidns_start.filter(|&ns| ns != 0);
    pidns_start: |t| Some(t.pidns_init_start_ts).filter(|&ts| ts != 0);
    vmsize: |t| Some(t.vmsize_kb.into());
    vmrss: |t| Some(t.vmrss_kb.into());
    vmswap: |t| Some(t.vmswap_kb.into());
}}

values! { put_bool bool {
    is_exe_writable: |t| Some(t.exe_writable);
    is_exe_upper_layer: |t| Some(t.exe_upper_layer);
    is_exe_lower_layer: |t| Some(t.exe_lower_layer);
    is_exe_from_memfd: |t| Some(t.exe_from_memfd);
    is_sid_leader: |t| Some(t.sid == t.vpid);
    is_vpgid_leader: |t| Some(t.vpgid == t.vpid);
    is_pgid_leader: |t| Some(t.pgid == t.pid);
}}

/// Arguments without the first, joined by blanks, with a NUL behind: what follows the command in the command line.
pub(super) fn joined_args(thread: &Thread) -> &[u8] {
    if thread.args.is_empty() {
        return b"\0";
    }
    thread.cmdline().as_bytes_with_nul().get(thread.comm.len() + 1..).unwrap_or(b"\0")
}

pub(crate) fn args<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    match cx.arg.index.map(usize::try_from) {
        None => out.put_cstr(joined_args(thread)),
        Some(Ok(n)) => out.put_cstr(thread.args.get_with_nul(n).unwrap_or(b"\0")),
        Some(Err(_)) => out.put_cstr(b"\0"),
    }
    true
}

pub(crate) fn exeline<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    emit(cx, out, |text| {
        text.extend_from_slice(thread.exe.as_bytes());
        text.push(b' ');
        text.extend_from_slice(read::text(joined_args(thread)));
    })
}

/// The value of an environment variable, without the blanks around it; empty values count as none.
pub(super) fn variable<'a>(cx: &Cx<'a, '_>, thread: &'a Thread, name: &str) -> Option<&'a [u8]> {
    let value = cx.state.env(thread).iter().find_map(|item| {
        let value = item.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        (!value.is_empty()).then_some(value)
    })?;
    let first = value.iter().position(|&b| b != b' ')?;
    let last = value.iter().rposition(|&b| b != b' ')?;
    Some(&value[first..=last])
}

/// Appends the whole environment, joined by blanks.
pub(super) fn push_env<'a>(cx: &Cx<'a, '_>, thread: &'a Thread, out: &mut Vec<u8>) {
    for (i, item) in cx.state.env(thread).iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(item);
    }
}

/// Puts the whole environment.
pub(super) fn put_env<'a>(cx: &mut Cx<'a, '_>, thread: &'a Thread, out: &mut dyn Sink<'a>) -> bool {
    let mut text = std::mem::take(&mut cx.memory.text);
    text.clear();
    push_env(cx, thread, &mut text);
    out.put_text(&text);
    cx.memory.text = text;
    true
}

pub(crate) fn env<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    // A number is no name of a variable here: it selects the whole environment.
    match cx.arg.key.filter(|name| !name.is_empty() && !name.bytes().all(|b| b.is_ascii_digit())) {
        Some(name) => out.put_text(variable(cx, thread, name).unwrap_or_default()),
        None => return put_env(cx, thread, out),
    }
    true
}

pub(crate) fn cwd<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_cstr(cx.state.cwd(thread).as_bytes_with_nul());
    true
}

pub(crate) fn login_shell<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(main) = cx.thread().and_then(|thread| cx.state.main_thread(thread)) else { return false };
    let shells = std::iter::once(main).chain(cx.state.parents(main)).filter(|t| t.comm.as_bytes().ends_with(b"sh"));
    let Some(topmost) = shells.last() else { return false };
    out.put_i64(topmost.pid);
    true
}

pub(crate) fn duration<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(start) = cx.thread().map(|t| t.clone_ts).filter(|&ts| ts != 0) else { return false };
    out.put_u64(cx.event.ts().wrapping_sub(start));
    true
}

pub(crate) fn fd_count<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_u64(cx.state.fd_count(thread) as u64);
    true
}

pub(crate) fn fd_limit<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_i64(cx.state.fd_limit(thread));
    true
}

pub(crate) fn fd_usage<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    let (limit, count) = (cx.state.fd_limit(thread), cx.state.fd_count(thread));
    let percent = if limit <= 0 { 0.0 } else { (count as f64 * 100.0 / limit as f64).min(100.0) };
    out.put_f64(percent);
    true
}

fn standard<'a>(cx: &Cx<'a, '_>, number: i64) -> Option<&'a Fd> {
    cx.state.fd_of(cx.thread()?, number)
}

macro_rules! standard_fds {
    ($($ty:ident $name:ident $number:literal;)*) => {$(
        pub(crate) fn $ty<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(fd) = standard(cx, $number) else { return false };
            out.put_cstr(fd.ty.word_with_nul());
            true
        }

        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(fd) = standard(cx, $number) else { return false };
            super::fd::put_name_of(cx, out, fd)
        }
    )*};
}

standard_fds! {
    stdin_type stdin_name 0;
    stdout_type stdout_name 1;
    stderr_type stderr_name 2;
}
