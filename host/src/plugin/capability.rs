//! What a plugin can do, read off the functions that it has.

use std::fmt;

use lanner_plugin_api::raw::PluginApi;

use super::error::{Function, PluginError};

/// A set of capabilities. The bits are those of the plugin API.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Capabilities(u32);

impl Capabilities {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Produces events.
    pub const SOURCING: Self = Self(1);
    /// Extracts fields.
    pub const EXTRACTION: Self = Self(2);
    /// Parses events, to keep state.
    pub const PARSING: Self = Self(4);
    /// Injects events asynchronously.
    pub const ASYNC: Self = Self(8);
    /// Is told when a capture begins and ends.
    pub const CAPTURE_LISTENING: Self = Self(16);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::SOURCING, "event sourcing"),
        (Self::EXTRACTION, "field extraction"),
        (Self::PARSING, "event parsing"),
        (Self::ASYNC, "async events"),
        (Self::CAPTURE_LISTENING, "capture listening"),
    ];

    /// Whether all of `other` are in the set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in the set.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The capabilities of the functions in `api`. A capability of which only the function that cannot stand alone is
    /// there is an error; one of which only a harmless half is there is left out, as upstream does.
    pub(super) fn resolve(api: &PluginApi, plugin: &str) -> Result<Self, PluginError> {
        let broken = |capability, missing| PluginError::BrokenCapability {
            plugin: plugin.to_owned(),
            capability,
            missing: Function(missing),
        };
        let mut set = Self::NONE;

        let sourcing =
            [("open", api.open.is_some()), ("close", api.close.is_some()), ("next_batch", api.next_batch.is_some())];
        match sourcing.iter().find(|(_, there)| !there) {
            None => set = set.union(Self::SOURCING),
            Some((missing, _)) if sourcing.iter().any(|(_, there)| *there) => {
                return Err(broken(Self::SOURCING, missing));
            }
            Some(_) => {}
        }
        // For each: the function that is useless and wrong without its partner, then that partner.
        let pairs = [
            (Self::EXTRACTION, api.extract_fields.is_some(), "get_fields", api.get_fields.is_some()),
            (Self::ASYNC, api.set_async_event_handler.is_some(), "get_async_events", api.get_async_events.is_some()),
            (Self::CAPTURE_LISTENING, api.capture_open.is_some(), "capture_close", api.capture_close.is_some()),
        ];
        for (capability, has, partner, has_partner) in pairs {
            match (has, has_partner) {
                (true, true) => set = set.union(capability),
                (true, false) => return Err(broken(capability, partner)),
                (false, _) => {}
            }
        }
        if api.parse_event.is_some() {
            set = set.union(Self::PARSING);
        }
        if set.is_empty() { Err(PluginError::NoCapability { plugin: plugin.to_owned() }) } else { Ok(set) }
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (capability, name) in Self::NAMES {
            if self.contains(capability) {
                f.write_str(if first { "" } else { ", " })?;
                f.write_str(name)?;
                first = false;
            }
        }
        if first { f.write_str("no") } else { Ok(()) }
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capabilities({self})")
    }
}
