//! Users and groups that come and go while events are recorded.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::Event;

use super::State;
use crate::state::zstr::ZStr;
use crate::state::{Group, User};

impl State {
    pub(super) fn parse_user(&mut self, ev: &Event<'_>) {
        let Some(uid) = ev.u32(0) else { return };
        let container = ev.text(5).unwrap_or_default();
        if ev.event_type() == T::USER_DELETED_E {
            self.users.remove_user(container, uid);
            return;
        }
        let of = |i: usize| ZStr::new(super::text(ev.param(i)));
        let user = User { uid, gid: ev.u32(1).unwrap_or(u32::MAX), name: of(2), home: of(3), shell: of(4) };
        self.users.add_user(container, user);
    }

    pub(super) fn parse_group(&mut self, ev: &Event<'_>) {
        let Some(gid) = ev.u32(0) else { return };
        let container = ev.text(2).unwrap_or_default();
        if ev.event_type() == T::GROUP_DELETED_E {
            self.users.remove_group(container, gid);
            return;
        }
        self.users.add_group(container, Group { gid, name: ZStr::new(super::text(ev.param(1))) });
    }
}
