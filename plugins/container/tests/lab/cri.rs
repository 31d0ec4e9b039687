//! The part of a kubelet that makes pods, as far as a test needs it: the fields it sets, with their published numbers.

use std::collections::BTreeMap;
use std::path::Path;

use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, Message)]
struct RunPod {
    #[prost(message, optional, tag = "1")]
    config: Option<PodConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct PodConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<PodMetadata>,
    #[prost(btree_map = "string, string", tag = "6")]
    labels: BTreeMap<String, String>,
    #[prost(message, optional, tag = "8")]
    linux: Option<LinuxPod>,
}

#[derive(Clone, PartialEq, Message)]
struct PodMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxPod {
    #[prost(message, optional, tag = "2")]
    security: Option<Security>,
}

#[derive(Clone, PartialEq, Message)]
struct Security {
    #[prost(message, optional, tag = "1")]
    namespaces: Option<Namespaces>,
}

/// 2 stands for those of the node, 1 for the container's own.
#[derive(Clone, PartialEq, Message)]
struct Namespaces {
    #[prost(int32, tag = "1")]
    network: i32,
    #[prost(int32, tag = "2")]
    pid: i32,
}

#[derive(Clone, PartialEq, Message)]
struct CreateContainer {
    #[prost(string, tag = "1")]
    sandbox: String,
    #[prost(message, optional, tag = "2")]
    config: Option<ContainerConfig>,
    #[prost(message, optional, tag = "3")]
    pod: Option<PodConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<One>,
    #[prost(message, optional, tag = "2")]
    image: Option<One>,
    #[prost(string, repeated, tag = "3")]
    command: Vec<String>,
    #[prost(btree_map = "string, string", tag = "9")]
    labels: BTreeMap<String, String>,
    #[prost(message, optional, tag = "15")]
    linux: Option<LinuxContainer>,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxContainer {
    #[prost(message, optional, tag = "2")]
    security: Option<ContainerSecurity>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerSecurity {
    #[prost(message, optional, tag = "3")]
    namespaces: Option<Namespaces>,
}

/// What consists of one text: an id, a name, a reference; and answers of which only that matters.
#[derive(Clone, PartialEq, Message)]
struct One {
    #[prost(string, tag = "1")]
    text: String,
}

fn one(text: &str) -> One {
    One { text: text.to_owned() }
}

/// What a pod is called.
pub(crate) struct Pod {
    pub(crate) name: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) uid: &'static str,
    /// Its label `app`.
    pub(crate) app: &'static str,
}

impl Pod {
    fn config(&self) -> PodConfig {
        let metadata =
            PodMetadata { name: self.name.to_owned(), uid: self.uid.to_owned(), namespace: self.namespace.to_owned() };
        PodConfig {
            metadata: Some(metadata),
            labels: BTreeMap::from([("app".to_owned(), self.app.to_owned())]),
            linux: Some(LinuxPod { security: Some(Security { namespaces: Some(OWN) }) }),
        }
    }
}

/// The network of the node, where no plugin for networks is; processes of its own.
const OWN: Namespaces = Namespaces { network: 2, pid: 1 };

/// A connection.
pub(crate) struct Cri {
    runtime: tokio::runtime::Runtime,
    channel: Channel,
}

impl Cri {
    /// Connects.
    pub(crate) fn connect(socket: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let endpoint = Endpoint::from_shared(format!("unix://{}", socket.display())).expect("a path of ASCII");
        let channel = runtime.block_on(endpoint.connect()).expect("containerd answers");
        Self { runtime, channel }
    }

    fn call<Q: Message + 'static>(&self, method: &'static str, question: Q) -> Result<String, String> {
        self.runtime.block_on(async {
            let mut grpc = Grpc::new(self.channel.clone());
            grpc.ready().await.map_err(|e| e.to_string())?;
            let path = Uri::from_static(method).into_parts().path_and_query.expect("a path");
            let answer = grpc.unary(tonic::Request::new(question), path, ProstCodec::<Q, One>::default()).await;
            answer.map(|answer| answer.into_inner().text).map_err(|status| status.message().to_owned())
        })
    }

    /// Runs the sandbox of a pod; its id.
    pub(crate) fn sandbox(&self, pod: &Pod) -> Result<String, String> {
        self.call("/runtime.v1.RuntimeService/RunPodSandbox", RunPod { config: Some(pod.config()) })
    }

    /// Makes and starts a container in it; its id.
    pub(crate) fn container(&self, sandbox: &str, pod: &Pod, name: &str, image: &str) -> Result<String, String> {
        let config = ContainerConfig {
            metadata: Some(one(name)),
            image: Some(one(image)),
            command: vec!["/bin/sleep".to_owned(), "600".to_owned()],
            labels: BTreeMap::from([("io.kubernetes.container.name".to_owned(), name.to_owned())]),
            linux: Some(LinuxContainer { security: Some(ContainerSecurity { namespaces: Some(OWN) }) }),
        };
        let question = CreateContainer { sandbox: sandbox.to_owned(), config: Some(config), pod: Some(pod.config()) };
        let id = self.call("/runtime.v1.RuntimeService/CreateContainer", question)?;
        self.call("/runtime.v1.RuntimeService/StartContainer", one(&id))?;
        Ok(id)
    }

    /// Ends and removes a container.
    pub(crate) fn remove_container(&self, id: &str) -> Result<(), String> {
        self.call("/runtime.v1.RuntimeService/RemoveContainer", one(id)).map(drop)
    }

    /// Ends the pod and all in it.
    pub(crate) fn remove(&self, sandbox: &str) -> Result<(), String> {
        self.call("/runtime.v1.RuntimeService/StopPodSandbox", one(sandbox))?;
        self.call("/runtime.v1.RuntimeService/RemovePodSandbox", one(sandbox)).map(drop)
    }
}
