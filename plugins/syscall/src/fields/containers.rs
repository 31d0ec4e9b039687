//! What container events tell that syscall fields need: the address and the user of each container.

use std::net::Ipv4Addr;

use hashbrown::HashMap;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::{Event, read};
use rustc_hash::FxBuildHasher;
use serde::Deserialize;

/// Most containers that are kept.
const MAX_CONTAINERS: usize = 1 << 16;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Description {
    id: String,
    ip: String,
    #[serde(rename = "User")]
    user: String,
}

#[derive(Debug, Deserialize)]
struct Message {
    container: Description,
}

#[derive(Debug)]
struct Container {
    ip: Option<Ipv4Addr>,
    user: Box<str>,
}

/// The containers that events have described, by id.
#[derive(Debug, Default)]
pub(crate) struct Containers(HashMap<Box<[u8]>, Container, FxBuildHasher>);

impl Containers {
    /// Takes note of an event about a container.
    pub(crate) fn next(&mut self, event: &Event<'_>) {
        let (data, gone) = match event.event_type() {
            EventType::CONTAINER_JSON_2_E => (event.param(0), false),
            EventType::ASYNCEVENT_E => match event.text(1) {
                Some(b"container") => (event.param(2), false),
                Some(b"container_removed") => (event.param(2), true),
                _ => return,
            },
            _ => return,
        };
        // A description that cannot be read leaves what is known.
        let Some(Ok(message)) = data.map(|data| serde_json::from_slice::<Message>(read::text(data))) else { return };
        let Description { id, ip, user } = message.container;
        if gone {
            self.0.remove(id.as_bytes());
        } else if self.0.len() < MAX_CONTAINERS || self.0.contains_key(id.as_bytes()) {
            self.0.insert(id.into_bytes().into(), Container { ip: ip.parse().ok(), user: user.into() });
        }
    }

    /// Address of a container, if it has one.
    pub(crate) fn ip(&self, id: &[u8]) -> Option<Ipv4Addr> {
        self.0.get(id)?.ip
    }

    /// Whether any container has this address.
    pub(crate) fn has_ip(&self, ip: Ipv4Addr) -> bool {
        self.0.values().any(|container| container.ip == Some(ip))
    }

    /// User that a container runs as, if it says so.
    pub(crate) fn user(&self, id: &[u8]) -> Option<&[u8]> {
        self.0.get(id).map(|container| container.user.as_bytes()).filter(|user| !user.is_empty())
    }
}
