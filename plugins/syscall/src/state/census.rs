//! Events about users and groups, and those that take what is known of them to what is true.

use std::collections::BTreeMap;

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::{BuildError, Event, EventBuilder};

use super::{Group, State, User, Users};
use crate::capture;

/// Writes events about users and groups of the machine (empty container) or of a container.
#[derive(Debug, Default)]
pub(crate) struct Census(EventBuilder);

impl Census {
    /// Of this kind about a user.
    pub(crate) fn user(&mut self, ts: u64, kind: T, user: &User, container: &[u8]) -> Result<Event<'_>, BuildError> {
        let out = self.0.begin(ts, -1, kind, 6);
        out.push(&user.uid.to_le_bytes()).push(&user.gid.to_le_bytes()).push_text(user.name.as_bytes());
        out.push_text(user.home.as_bytes()).push_text(user.shell.as_bytes()).push_text(container);
        self.0.finish()
    }

    /// Of this kind about a group.
    pub(crate) fn group(&mut self, ts: u64, kind: T, group: &Group, container: &[u8]) -> Result<Event<'_>, BuildError> {
        let out = self.0.begin(ts, -1, kind, 3);
        out.push(&group.gid.to_le_bytes()).push_text(group.name.as_bytes()).push_text(container);
        self.0.finish()
    }
}

type ById<'v, V> = BTreeMap<u32, &'v V>;

fn users_of_machine(all: &Users) -> ById<'_, User> {
    all.iter_users().filter(|(container, _)| container.is_empty()).map(|(_, user)| (user.uid, user)).collect()
}

fn groups_of_machine(all: &Users) -> ById<'_, Group> {
    all.iter_groups().filter(|(container, _)| container.is_empty()).map(|(_, group)| (group.gid, group)).collect()
}

/// What is gone (`false`), then what is new or another than it was (`true`).
fn changes<'v, V: PartialEq>(known: &ById<'v, V>, now: &ById<'v, V>, mut tell: impl FnMut(bool, &'v V)) {
    known.iter().filter(|(id, _)| !now.contains_key(id)).for_each(|(_, gone)| tell(false, gone));
    now.iter().filter(|(id, value)| known.get(id) != Some(value)).for_each(|(_, value)| tell(true, value));
}

impl State {
    /// The events, of time 0, by which what is known of the machine's users and groups becomes this.
    pub fn census(&self, users: &[capture::User], groups: &[capture::Group]) -> Vec<Box<[u8]>> {
        let mut listed = Users::default();
        listed.add_listed(users, groups);
        let (mut events, mut writer) = (Vec::new(), Census::default());
        // Names are as short as they are kept, so that every event can be written.
        let mut keep = |event: Result<Event<'_>, BuildError>| events.extend(event.map(|event| event.bytes().into()));
        changes(&users_of_machine(&self.users), &users_of_machine(&listed), |is, user| {
            keep(writer.user(0, if is { T::USER_ADDED_E } else { T::USER_DELETED_E }, user, b""));
        });
        changes(&groups_of_machine(&self.users), &groups_of_machine(&listed), |is, group| {
            keep(writer.group(0, if is { T::GROUP_ADDED_E } else { T::GROUP_DELETED_E }, group, b""));
        });
        events
    }
}
