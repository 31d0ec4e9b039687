//! What all runtimes have in common.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc::{Sender, error::SendError};

use crate::config::{Config, Hook};
use crate::info::{ContainerType, Document};

use super::{containerd, cri, docker};

/// How the runtime of a socket is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Docker,
    Podman,
    Cri,
    Containerd,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Docker, Self::Podman, Self::Cri, Self::Containerd];

    /// The engine's name in the configuration, in metrics and in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Cri => "cri",
            Self::Containerd => "containerd",
        }
    }

    /// As documents name it, where the runtime itself does not say which it is.
    pub(super) fn container_type(self) -> ContainerType {
        match self {
            Self::Docker => ContainerType::DOCKER,
            Self::Podman => ContainerType::PODMAN,
            Self::Cri => ContainerType::CRI,
            Self::Containerd => ContainerType::CONTAINERD,
        }
    }

    /// Position in [`Kind::ALL`].
    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default()
    }

    /// Whether another runtime's word on a container is worth less: containerd keeps the containers of docker and of
    /// Kubernetes too, but knows neither their names nor their pods.
    pub(super) fn outranks(self, other: Self) -> bool {
        other == Self::Containerd && self != Self::Containerd
    }
}

/// What of a container is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taste {
    label_max_len: usize,
    /// Whether its size is.
    pub(super) with_size: bool,
}

impl Taste {
    pub(super) fn of(config: &Config) -> Self {
        Self { label_max_len: usize::try_from(config.label_max_len).unwrap_or(0), with_size: config.with_size }
    }

    /// The labels that are short enough.
    pub(super) fn labels<T: FromIterator<(String, String)>>(
        self,
        labels: impl IntoIterator<Item = (String, String)>,
    ) -> T {
        labels.into_iter().filter(|(_, value)| value.len() <= self.label_max_len).collect()
    }
}

/// What a runtime knows of a container.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found(pub(super) Document);

/// What happened to a container, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It was made or started.
    Here(String),
    /// It was removed.
    Gone(String),
}

/// Why a runtime does not tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// It has no such container.
    #[error("it has no such container")]
    NotFound,
    /// It cannot do that, by its version or its configuration.
    #[error("it cannot do this: {0}")]
    Unsupported(String),
    /// It did not answer in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        match status.code() {
            tonic::Code::NotFound => Self::NotFound,
            tonic::Code::Unimplemented => Self::Unsupported(status.message().to_owned()),
            code => Self::Other(format!("{code:?}: {}", status.message())),
        }
    }
}

impl From<SendError<Change>> for Failure {
    fn from(_: SendError<Change>) -> Self {
        Self::Other("nobody listens to its events any more".to_owned())
    }
}

impl From<tonic::transport::Error> for Failure {
    fn from(e: tonic::transport::Error) -> Self {
        // The error itself says no more than that something with the transport was wrong.
        let mut cause: &dyn std::error::Error = &e;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Self::Other(cause.to_string())
    }
}

/// A connection to a runtime.
#[derive(Clone)]
pub(super) enum Client {
    Docker(docker::Client),
    Containerd(containerd::Client),
    Cri(cri::Client),
}

/// How long a runtime may take for one answer.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

async fn within<T>(call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(ANSWER, call).await.unwrap_or(Err(Failure::TimedOut(ANSWER)))
}

impl Client {
    pub(super) async fn connect(kind: Kind, socket: &Path) -> Result<Self, Failure> {
        within(async {
            Ok(match kind {
                Kind::Docker | Kind::Podman => {
                    Self::Docker(docker::Client::connect(socket, kind.container_type()).await?)
                }
                Kind::Containerd => Self::Containerd(containerd::Client::connect(socket, ANSWER).await?),
                Kind::Cri => Self::Cri(cri::Client::connect(socket, ANSWER).await?),
            })
        })
        .await
    }

    /// Ids of all containers.
    pub(super) async fn list(&self) -> Result<Vec<String>, Failure> {
        within(async {
            match self {
                Self::Docker(client) => client.list().await,
                Self::Containerd(client) => client.list().await,
                Self::Cri(client) => client.list().await,
            }
        })
        .await
    }

    /// What is known of a container, by its whole id.
    pub(super) async fn get(&self, id: &str, taste: Taste) -> Result<Found, Failure> {
        within(async {
            match self {
                Self::Docker(client) => client.get(id, taste).await,
                Self::Containerd(client) => client.get(id, taste).await,
                Self::Cri(client) => client.get(id, taste).await,
            }
        })
        .await
    }

    /// Follows what happens to containers, until the stream ends.
    pub(super) async fn follow(&self, hooks: &[Hook], tell: &Sender<Change>) -> Result<(), Failure> {
        match self {
            Self::Docker(client) => client.follow(hooks, tell).await,
            Self::Containerd(client) => client.follow(None, hooks, tell).await,
            Self::Cri(client) => client.follow(hooks, tell).await,
        }
    }
}
