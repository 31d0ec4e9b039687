//! Users, groups, capabilities, namespaces.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::Event;

use super::{Slot, State, ret};
use crate::state::flags::{ALL_CAPS, cl};

impl State {
    /// setresuid, setreuid and the same for groups: the effective id is the second of them.
    pub(super) fn parse_setresid(&mut self, ev: &Event<'_>, slot: Slot) {
        self.set_id(ev, slot, 2);
    }

    /// setuid, setgid.
    pub(super) fn parse_setid(&mut self, ev: &Event<'_>, slot: Slot) {
        self.set_id(ev, slot, 1);
    }

    fn set_id(&mut self, ev: &Event<'_>, slot: Slot, param: usize) {
        if ret(ev) != Some(0) {
            return;
        }
        let Some(id) = ev.u32(param) else { return };
        let t = self.threads.at_mut(slot);
        match ev.event_type() {
            T::SYSCALL_SETRESUID_X | T::SYSCALL_SETREUID_X | T::SYSCALL_SETUID_X => t.uid = id,
            _ => t.gid = id,
        }
    }

    pub(super) fn parse_capset(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        let (Some(inheritable), Some(permitted), Some(effective)) = (ev.u64(1), ev.u64(2), ev.u64(3)) else { return };
        let t = self.threads.at_mut(slot);
        (t.cap_inheritable, t.cap_permitted, t.cap_effective) = (inheritable, permitted, effective);
    }

    /// Whoever enters or makes a user namespace has all capabilities in it.
    pub(super) fn parse_namespace(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        let at = if ev.event_type() == T::SYSCALL_UNSHARE_X { 1 } else { 2 };
        if ev.u32(at).unwrap_or(0) & cl::CLONE_NEWUSER == 0 {
            return;
        }
        let t = self.threads.at_mut(slot);
        (t.cap_inheritable, t.cap_permitted, t.cap_effective) = (ALL_CAPS, ALL_CAPS, ALL_CAPS);
    }
}
