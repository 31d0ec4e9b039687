//! Messages of containerd's services `containers`, `events`, `images` and `namespaces`, version 1: the fields that are
//! used, with their published numbers.

use std::collections::BTreeMap;

use prost::Message;
use prost_types::{Any, Timestamp};

pub(super) const NAMESPACES: &str = "/containerd.services.namespaces.v1.Namespaces/List";
pub(super) const CONTAINERS: &str = "/containerd.services.containers.v1.Containers/List";
pub(super) const CONTAINER: &str = "/containerd.services.containers.v1.Containers/Get";
pub(super) const IMAGE: &str = "/containerd.services.images.v1.Images/Get";
pub(super) const EVENTS: &str = "/containerd.services.events.v1.Events/Subscribe";

/// A question that is no more than a filter; an empty one asks for all.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Filtered {
    #[prost(string, repeated, tag = "1")]
    pub(super) filters: Vec<String>,
}

/// A question for what has this id or name.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Named {
    #[prost(string, tag = "1")]
    pub(super) id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Namespaces {
    #[prost(message, repeated, tag = "1")]
    pub(super) namespaces: Vec<Named>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Containers {
    #[prost(message, repeated, tag = "1")]
    pub(super) containers: Vec<Container>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OneContainer {
    #[prost(message, optional, tag = "1")]
    pub(super) container: Option<Container>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Container {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub(super) labels: BTreeMap<String, String>,
    #[prost(string, tag = "3")]
    pub(super) image: String,
    /// The specification of the runtime, as JSON.
    #[prost(message, optional, tag = "5")]
    pub(super) spec: Option<Any>,
    #[prost(message, optional, tag = "8")]
    pub(super) created_at: Option<Timestamp>,
    #[prost(string, tag = "11")]
    pub(super) sandbox: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OneImage {
    #[prost(message, optional, tag = "1")]
    pub(super) image: Option<Image>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Image {
    #[prost(message, optional, tag = "3")]
    pub(super) target: Option<Descriptor>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Descriptor {
    #[prost(string, tag = "2")]
    pub(super) digest: String,
    #[prost(int64, tag = "3")]
    pub(super) size: i64,
}

/// An event. Those that are asked for have the id of the container as their first field, whatever they tell.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Envelope {
    #[prost(string, tag = "2")]
    pub(super) namespace: String,
    #[prost(string, tag = "3")]
    pub(super) topic: String,
    #[prost(message, optional, tag = "4")]
    pub(super) event: Option<Any>,
}
