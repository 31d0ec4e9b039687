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
    /// Takes note of an event about a container. The id of one that is gone.
    pub(crate) fn next(&mut self, event: &Event<'_>) -> Option<String> {
        let (data, gone) = match event.event_type() {
            EventType::CONTAINER_JSON_2_E => (event.param(0), false),
            EventType::ASYNCEVENT_E => match event.text(1) {
                Some(b"container") => (event.param(2), false),
                Some(b"container_removed") => (event.param(2), true),
                _ => return None,
            },
            _ => return None,
        };
        // A description that cannot be read leaves what is known.
        let Some(Ok(message)) = data.map(|data| serde_json::from_slice::<Message>(read::text(data))) else {
            return None;
        };
        let Description { id, ip, user } = message.container;
        if gone {
            self.0.remove(id.as_bytes());
            return Some(id);
        }
        if self.0.len() < MAX_CONTAINERS || self.0.contains_key(id.as_bytes()) {
            self.0.insert(id.into_bytes().into(), Container { ip: ip.parse().ok(), user: user.into() });
        }
        None
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

#[cfg(test)]
mod tests {
    use lanner_plugin_api::wire::EventBuilder;

    use super::*;

    #[test]
    fn containers_that_come_and_go_leave_nothing() {
        let mut containers = Containers::default();
        let mut tell = |name: &[u8], n: u32| {
            let json = format!(r#"{{"container":{{"id":"{n:012x}","ip":"10.0.0.1","User":"www"}}}}"#) + "\0";
            let mut builder = EventBuilder::new();
            builder.begin(1, -1, EventType::ASYNCEVENT_E, 3).push(&[0; 4]).push(name).push(json.as_bytes());
            let bytes = builder.finish().unwrap().bytes().to_vec();
            let gone = containers.next(&Event::parse(&bytes).unwrap());
            (gone, containers.0.len())
        };
        for n in 0..100_000 {
            assert_eq!(tell(b"container\0", n), (None, 1));
            assert_eq!(tell(b"container_removed\0", n), (Some(format!("{n:012x}")), 0));
        }
        for n in 0..MAX_CONTAINERS as u32 + 10 {
            tell(b"container\0", n);
        }
        assert_eq!(containers.0.len(), MAX_CONTAINERS);
    }
}
