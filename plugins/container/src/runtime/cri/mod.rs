//! The container runtime interface of Kubernetes: containers and the sandboxes of their pods.

mod document;
mod messages;

use std::path::Path;
use std::time::Duration;

use prost::Message;
use tokio::sync::mpsc::Sender;
use tonic::Request;
use tonic::transport::Channel;

use super::client::{Change, Failure, Found, Taste};
use super::{containerd, grpc};
use crate::config::Hook;
use crate::info::{ContainerType, Size};
use messages::{About, All, ContainerAnswer, Containers, Event, Name, SandboxAnswer, Sandboxes, Stats, Version, Which};

/// A connection.
#[derive(Clone)]
pub(super) struct Client {
    channel: Channel,
    kind: ContainerType,
}

impl Client {
    /// Connects and asks which runtime it is.
    pub(super) async fn connect(socket: &Path, patience: Duration) -> Result<Self, Failure> {
        let channel = grpc::connect(socket, patience).await?;
        let version: Version = grpc::unary(&channel, messages::VERSION, Request::new(All {})).await?;
        let kind = match version.runtime_name.as_str() {
            "containerd" => ContainerType::CONTAINERD,
            "cri-o" => ContainerType::CRIO,
            _ => ContainerType::CRI,
        };
        Ok(Self { channel, kind })
    }

    async fn ask<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &'static str,
        question: Q,
    ) -> Result<A, Failure> {
        Ok(grpc::unary(&self.channel, method, Request::new(question)).await?)
    }

    /// Ids of all containers and of all sandboxes, which have a process of their own.
    pub(super) async fn list(&self) -> Result<Vec<String>, Failure> {
        let pods: Sandboxes = self.ask(messages::SANDBOXES, All {}).await?;
        let containers: Containers = self.ask(messages::CONTAINERS, Which::default()).await?;
        let pods = pods.items.into_iter().map(|pod| pod.name);
        Ok(pods.chain(containers.containers.into_iter().map(|container| container.id)).collect())
    }

    /// What is known of the container or sandbox.
    pub(super) async fn get(&self, id: &str, taste: Taste) -> Result<Found, Failure> {
        let about = |id: &str| About { id: id.to_owned(), verbose: true };
        let container: ContainerAnswer = match self.ask(messages::CONTAINER, about(id)).await {
            Err(Failure::NotFound) => {
                let pod: SandboxAnswer = self.ask(messages::SANDBOX, about(id)).await?;
                return Ok(Found(document::of_sandbox(pod, self.kind, taste)));
            }
            answer => answer?,
        };
        // Of the answers, only the list tells which sandbox a container is in.
        let which = Which { filter: Some(Name { name: id.to_owned() }) };
        let listed: Containers = self.ask(messages::CONTAINERS, which).await?;
        let pod: SandboxAnswer = match listed.containers.first() {
            Some(listed) => match self.ask(messages::SANDBOX, about(&listed.sandbox)).await {
                Err(Failure::NotFound) => SandboxAnswer::default(),
                answer => answer?,
            },
            None => SandboxAnswer::default(),
        };
        let mut document = document::of_container(container, pod, self.kind, taste);
        if taste.with_size {
            let stats: Stats = self.ask(messages::STATS, About { id: id.to_owned(), verbose: false }).await?;
            let used = stats.stats.and_then(|stats| stats.writable_layer?.used_bytes);
            document.size = used.map_or_else(Size::default, |bytes| Size(bytes.into()));
        }
        Ok(Found(document))
    }

    /// Follows what happens to containers and sandboxes, until the stream ends.
    ///
    /// containerd is asked for its own events, which it has at the same socket: versions before 1.7 know no others, and
    /// those before 2 give each event of this interface to one listener only, so that the kubelet would miss what is read
    /// here.
    pub(super) async fn follow(&self, hooks: &[Hook], tell: &Sender<Change>) -> Result<(), Failure> {
        const CREATED: i32 = 0;
        const STARTED: i32 = 1;
        const DELETED: i32 = 3;
        /// Where containerd keeps what was made through this interface.
        const NAMESPACE: &str = "k8s.io";

        if self.kind == ContainerType::CONTAINERD {
            return containerd::Client::over(self.channel.clone()).follow(Some(NAMESPACE), hooks, tell).await;
        }
        let mut events = grpc::stream::<_, Event>(&self.channel, messages::EVENTS, Request::new(All {})).await?;
        while let Some(event) = events.message().await? {
            match event.kind {
                CREATED if hooks.contains(&Hook::Create) => tell.send(Change::Here(event.container_id)).await?,
                STARTED if hooks.contains(&Hook::Start) => tell.send(Change::Here(event.container_id)).await?,
                DELETED => tell.send(Change::Gone(event.container_id)).await?,
                _ => {}
            }
        }
        Ok(())
    }
}
