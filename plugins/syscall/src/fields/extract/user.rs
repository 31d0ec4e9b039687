//! `user.*` and `group.*`: who the thread runs as, by the names that its container knows.

use lanner_plugin_api::schema::EventType;

use crate::fields::context::Cx;
use crate::fields::sink::Sink;
use crate::state::User;

pub(crate) fn uid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_u64(thread.uid.into());
    true
}

pub(crate) fn loginuid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_i64(if thread.loginuid == u32::MAX { -1 } else { thread.loginuid.into() });
    true
}

pub(crate) fn gid<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    out.put_u64(thread.gid.into());
    true
}

/// Puts what is known of a user; of one that is not known only root has a name and a home.
fn known<'a>(
    cx: &mut Cx<'a, '_>,
    out: &mut dyn Sink<'a>,
    login: bool,
    text: for<'u> fn(&'u User) -> &'u [u8],
    root: &'static [u8],
) -> bool {
    let Some(thread) = cx.thread() else { return false };
    let uid = if login { thread.loginuid } else { thread.uid };
    let user = cx.state.users.user(cx.container_id(thread), uid);
    if user.is_none()
        && let Some(user) = cx.inside_user(thread, uid)
    {
        out.put_text(text(user).strip_suffix(b"\0").unwrap_or_default());
        return true;
    }
    let unknown: &[u8] = if uid == 0 { root } else { b"<NA>\0" };
    out.put_cstr(user.map_or(unknown, text));
    true
}

fn name_of(user: &User) -> &[u8] {
    user.name.as_bytes_with_nul()
}

fn home_of(user: &User) -> &[u8] {
    user.home.as_bytes_with_nul()
}

fn shell_of(user: &User) -> &[u8] {
    user.shell.as_bytes_with_nul()
}

pub(crate) fn name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    // An event about a container names the user that the container runs as.
    let about_container = match cx.code() {
        EventType::CONTAINER_JSON_2_E => true,
        EventType::ASYNCEVENT_E => cx.event.text(1) == Some(b"container"),
        _ => false,
    };
    if about_container
        && let Some(thread) = cx.thread()
        && let Some(user) = cx.memory.containers.user(cx.container_id(thread))
    {
        out.put_text(user);
        return true;
    }
    known(cx, out, false, name_of, b"root\0")
}

pub(crate) fn homedir<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    known(cx, out, false, home_of, b"/root\0")
}

pub(crate) fn shell<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    known(cx, out, false, shell_of, b"<NA>\0")
}

pub(crate) fn loginname<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    known(cx, out, true, name_of, b"root\0")
}

pub(crate) fn group_name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = cx.thread() else { return false };
    let group = cx.state.users.group(cx.container_id(thread), thread.gid);
    if group.is_none()
        && let Some(group) = cx.inside_group(thread, thread.gid)
    {
        out.put_text(group.name.as_bytes());
        return true;
    }
    let unknown: &[u8] = if thread.gid == 0 { b"root\0" } else { b"<NA>\0" };
    out.put_cstr(group.map_or(unknown, |group| group.name.as_bytes_with_nul()));
    true
}
