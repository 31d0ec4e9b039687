//! `evt.abspath`: the absolute path that an operand of an `*at` call means.

use lanner_plugin_api::schema::EventType;

use crate::fields::context::Cx;
use crate::fields::sink::Sink;
use crate::state::flags::AT_FDCWD;
use crate::state::path;

/// Names of the parameters that hold directory and path of the operand.
fn operand(code: EventType, arg: Option<&str>) -> Option<(&'static str, &'static str)> {
    let second = arg == Some("dst");
    Some(match code {
        EventType::SYSCALL_RENAMEAT_X | EventType::SYSCALL_RENAMEAT2_X if second => ("newdirfd", "newpath"),
        EventType::SYSCALL_RENAMEAT_X | EventType::SYSCALL_RENAMEAT2_X => ("olddirfd", "oldpath"),
        EventType::SYSCALL_LINKAT_2_X if second => ("newdir", "newpath"),
        EventType::SYSCALL_LINKAT_2_X => ("olddir", "oldpath"),
        EventType::SYSCALL_SYMLINKAT_X => ("linkdirfd", "linkpath"),
        EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X | EventType::SYSCALL_UNLINKAT_2_X => {
            ("dirfd", "name")
        }
        EventType::SYSCALL_MKDIRAT_X => ("dirfd", "path"),
        EventType::SYSCALL_FCHMODAT_X => ("dirfd", "filename"),
        EventType::SYSCALL_FCHOWNAT_X => ("dirfd", "pathname"),
        _ => return None,
    })
}

pub(crate) fn abspath<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    if cx.code() == EventType::SYSCALL_OPEN_BY_HANDLE_AT_X {
        // The kernel gives the path of what was opened, so only a success has one.
        let opened = cx.event.i64(0).is_some_and(|fd| fd > 0);
        let Some(name) = cx.event.text(3).filter(|_| opened) else { return false };
        path::join(b"", name, &mut cx.memory.text);
        out.put_text(&cx.memory.text);
        return true;
    }
    let Some((dir, name)) = operand(cx.code(), cx.arg.key) else { return false };
    let Some(dirfd) = cx.event.param_by_name(dir).and_then(|p| lanner_plugin_api::wire::read::i64(p.bytes)) else {
        return false;
    };
    let Some(name) = cx.event.param_by_name(name).filter(|p| !p.bytes.is_empty()) else { return false };
    let name = lanner_plugin_api::wire::read::text(name.bytes);
    let base = &mut cx.memory.path;
    base.clear();
    if dirfd == AT_FDCWD {
        base.extend_from_slice(cx.state.cwd(thread).as_bytes());
    } else if let Some(fd) = cx.state.fd_of(thread, dirfd) {
        fd.push_directory(base);
    } else {
        base.extend_from_slice(b"<UNKNOWN>/");
    }
    path::join(base, name, &mut cx.memory.text);
    out.put_text(&cx.memory.text);
    true
}
