//! `thread.*` and what the thread and its group have of processor, memory and rights.

use lanner_plugin_api::schema::EventType;

use super::emit;
use super::process::valid_id;
use crate::fields::context::Cx;
use crate::fields::names;
use crate::fields::render::number;
use crate::fields::sink::Sink;
use crate::state::Thread;

pub(crate) fn tid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(tid) = valid_id(cx.event.tid()) else { return false };
    out.put_i64(tid);
    true
}

macro_rules! numbers {
    ($($name:ident: $value:expr;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let value: fn(&Thread) -> u64 = $value;
            let Some(thread) = cx.thread() else { return false };
            out.put_u64(value(thread));
            true
        }
    )*};
}

/// Memory belongs to the process and is counted once, with its main thread.
fn once(thread: &Thread, kib: u32) -> u64 {
    if thread.is_main_thread() { kib.into() } else { 0 }
}

numbers! {
    pfmajor: |t| t.pfmajor;
    pfminor: |t| t.pfminor;
    vmsize: |t| once(t, t.vmsize_kb);
    vmrss: |t| once(t, t.vmrss_kb);
    vmsize_bytes: |t| once(t, t.vmsize_kb) * 1024;
    vmrss_bytes: |t| once(t, t.vmrss_kb) * 1024;
}

pub(crate) fn is_main<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_bool(thread.is_main_thread());
    true
}

pub(crate) fn vtid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(vtid) = cx.thread().map(|t| t.vtid).filter(|&id| id != -1) else { return false };
    out.put_i64(vtid);
    true
}

pub(crate) fn name_and_tid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    let tid = cx.event.tid();
    emit(cx, out, |text| {
        text.extend_from_slice(thread.comm.as_bytes());
        number::decimal(text, tid);
    })
}

pub(crate) fn exec_time<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(cx.memory.exec_time);
    true
}

pub(crate) fn total_exec_time<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    if cx.thread().is_none() {
        return false;
    }
    out.put_u64(cx.memory.total_exec_time(cx.event.tid()));
    true
}

pub(crate) fn cgroups<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread().filter(|t| !t.cgroups.is_empty()) else { return false };
    emit(cx, out, |text| {
        for (subsystem, path) in thread.cgroups.pairs() {
            if !text.is_empty() {
                text.push(b' ');
            }
            text.extend_from_slice(subsystem.strip_suffix(b"\0").unwrap_or(subsystem));
            text.push(b'=');
            text.extend_from_slice(path.strip_suffix(b"\0").unwrap_or(path));
        }
    })
}

pub(crate) fn cgroup<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    let Some(path) = cx.arg.key.and_then(|subsystem| thread.cgroups.path(subsystem.as_bytes())) else { return false };
    out.put_cstr(path);
    true
}

pub(crate) fn threads<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_u64(cx.state.thread_count(thread));
    true
}

pub(crate) fn other_threads<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_u64(cx.state.other_thread_count(thread));
    true
}

/// Processor time since the sample before, at most 100; 0 at the first sample.
fn cpu<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, user: bool, system: bool) -> bool {
    if cx.code() != EventType::PROCINFO_E || cx.thread().is_none() {
        return false;
    }
    let part = |wanted: bool, time: u64| if wanted { time } else { 0 };
    let before = cx.memory.previous_cpu_time;
    let now =
        part(user, cx.event.u64(0).unwrap_or_default()).wrapping_add(part(system, cx.event.u64(1).unwrap_or_default()));
    let before = part(user, before.user).wrapping_add(part(system, before.system));
    let used = if before == 0 { 0 } else { now.wrapping_sub(before) };
    out.put_f64((used as f64).min(100.0));
    true
}

pub(crate) fn cpu_all<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    cpu(cx, out, true, true)
}

pub(crate) fn cpu_user<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    cpu(cx, out, true, false)
}

pub(crate) fn cpu_system<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    cpu(cx, out, false, true)
}

macro_rules! capabilities {
    ($($name:ident: $set:ident;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(set) = cx.thread().map(|t| t.$set) else { return false };
            emit(cx, out, |text| names::capabilities(set, text))
        }
    )*};
}

capabilities! {
    cap_permitted: cap_permitted;
    cap_inheritable: cap_inheritable;
    cap_effective: cap_effective;
}
