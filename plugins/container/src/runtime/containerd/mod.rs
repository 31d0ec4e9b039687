//! containerd's own interface: containers of all its namespaces.

mod messages;
mod spec;

use std::path::Path;
use std::time::Duration;

use prost::Message as _;
use tokio::sync::mpsc::Sender;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

use super::client::{Change, Failure, Found, Taste};
use super::grpc;
use super::image::{self, number, or_default};
use crate::config::Hook;
use crate::info::{ContainerType, Document, Size};
use messages::{Container, Containers, Envelope, Filtered, Named, Namespaces, OneContainer, OneImage};
use spec::Spec;

/// A connection.
#[derive(Clone)]
pub(super) struct Client(Channel);

/// A question within a namespace; all but those about the namespaces themselves are.
fn inside<Q>(namespace: &str, question: Q) -> Result<Request<Q>, Failure> {
    let mut request = Request::new(question);
    let value =
        MetadataValue::try_from(namespace).map_err(|e| Failure::Other(format!("namespace {namespace:?}: {e}")))?;
    request.metadata_mut().insert("containerd-namespace", value);
    Ok(request)
}

impl Client {
    /// Connects, and sees whether it is containerd that listens there.
    pub(super) async fn connect(socket: &Path, patience: Duration) -> Result<Self, Failure> {
        let client = Self(grpc::connect(socket, patience).await?);
        client.namespaces().await?;
        Ok(client)
    }

    /// Over a connection that exists already.
    pub(super) fn over(channel: Channel) -> Self {
        Self(channel)
    }

    async fn namespaces(&self) -> Result<Vec<String>, Failure> {
        let all: Namespaces = grpc::unary(&self.0, messages::NAMESPACES, Request::new(Filtered::default())).await?;
        Ok(all.namespaces.into_iter().map(|namespace| namespace.id).collect())
    }

    /// Ids of all containers, in all namespaces.
    pub(super) async fn list(&self) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for namespace in self.namespaces().await? {
            let question = inside(&namespace, Filtered::default())?;
            let all: Containers = grpc::unary(&self.0, messages::CONTAINERS, question).await?;
            ids.extend(all.containers.into_iter().map(|container| container.id));
        }
        Ok(ids)
    }

    /// What is known of the container, in whichever namespace it is.
    pub(super) async fn get(&self, id: &str, taste: Taste) -> Result<Found, Failure> {
        for namespace in self.namespaces().await? {
            let question = inside(&namespace, Named { id: id.to_owned() })?;
            match grpc::unary::<_, OneContainer>(&self.0, messages::CONTAINER, question).await.map_err(Failure::from) {
                Ok(OneContainer { container: Some(container) }) => {
                    return self.found(&namespace, container, taste).await;
                }
                Ok(_) | Err(Failure::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Failure::NotFound)
    }

    async fn found(&self, namespace: &str, container: Container, taste: Taste) -> Result<Found, Failure> {
        let image = if container.image.is_empty() {
            None
        } else {
            let question = inside(namespace, Named { id: container.image.clone() })?;
            // Images can be removed while containers of them run: then there is no digest to tell.
            match grpc::unary::<_, OneImage>(&self.0, messages::IMAGE, question).await.map_err(Failure::from) {
                Ok(answer) => answer.image.and_then(|image| image.target),
                Err(Failure::NotFound) => None,
                Err(other) => return Err(other),
            }
        };
        let (digest, size) = image.map_or((String::new(), None), |image| (image.digest, Some(image.size)));
        let mut document = document(container, taste);
        document.imagedigest = digest;
        document.size = size.filter(|_| taste.with_size).map_or_else(Size::default, |n| Size(n.into()));
        Ok(Found(document))
    }

    /// Follows what happens to containers, in one namespace or in all, until the stream ends.
    pub(super) async fn follow(
        &self,
        namespace: Option<&str>,
        hooks: &[Hook],
        tell: &Sender<Change>,
    ) -> Result<(), Failure> {
        const REMOVED: &str = "/containers/delete";
        let mut filters = vec![format!("topic==\"{REMOVED}\"")];
        filters.extend(hooks.iter().map(|hook| match hook {
            Hook::Create => "topic==\"/containers/create\"".to_owned(),
            Hook::Start => "topic==\"/tasks/start\"".to_owned(),
        }));
        let mut events =
            grpc::stream::<_, Envelope>(&self.0, messages::EVENTS, Request::new(Filtered { filters })).await?;
        while let Some(event) = events.message().await? {
            if namespace.is_some_and(|namespace| namespace != event.namespace) {
                continue;
            }
            // All three kinds begin with the container's id.
            let about = event.event.and_then(|any| Named::decode(&*any.value).ok());
            let Some(Named { id }) = about.filter(|about| !about.id.is_empty()) else { continue };
            tell.send(if event.topic == REMOVED { Change::Gone(id) } else { Change::Here(id) }).await?;
        }
        Ok(())
    }
}

fn document(c: Container, taste: Taste) -> Document {
    let spec = c.spec.as_ref().map(|spec| Spec::parse(&spec.value)).unwrap_or_default();
    let (repository, tag) = image::repository_and_tag(&c.image);
    let sandbox = spec.annotations.get("io.kubernetes.cri.sandbox-id");
    let cpu = &spec.linux.resources.cpu;
    let memory = &spec.linux.resources.memory;
    // A name of its own containerd does not give; its best known client notes one.
    let name = c.labels.get("nerdctl/name").map_or_else(|| image::short(&c.id), String::as_str);
    Document {
        kind: ContainerType::CONTAINERD,
        id: image::short(&c.id).to_owned(),
        name: name.to_owned(),
        imagerepo: repository.to_owned(),
        imagetag: tag.to_owned(),
        user: spec.process.user.uid.to_string(),
        privileged: spec.is_privileged(),
        host_pid: !spec.has_own("pid"),
        host_network: !spec.has_own("network"),
        host_ipc: !spec.has_own("ipc"),
        mounts: spec.mounts(),
        cpu_period: or_default(cpu.period, image::CPU_PERIOD),
        cpu_quota: number(cpu.quota.unwrap_or_default()),
        cpu_shares: or_default(cpu.shares, image::CPU_SHARES),
        cpuset_cpu_count: number(image::processors(cpu.cpus.as_deref().unwrap_or_default())),
        memory_limit: number(memory.limit.unwrap_or_default()),
        swap_limit: number(memory.swap.unwrap_or_default()),
        created_time: number(c.created_at.map_or(0, |at| at.seconds)),
        is_pod_sandbox: c.labels.get("io.cri-containerd.kind").is_some_and(|kind| kind == "sandbox"),
        pod_sandbox_id: if c.sandbox.is_empty() { sandbox.cloned().unwrap_or_default() } else { c.sandbox },
        env: spec.process.env,
        labels: taste.labels(c.labels),
        image: c.image,
        full_id: c.id,
        ..Document::default()
    }
}
