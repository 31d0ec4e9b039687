//! Docker, and whatever speaks its interface: podman does on its own socket.

use std::collections::HashMap;
use std::path::Path;
use std::pin::pin;

use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, ImageInspect, PortMap};
use bollard::query_parameters::{EventsOptions, InspectContainerOptions, ListContainersOptions};
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;
use tokio_stream::StreamExt as _;

use super::client::{Change, Failure, Found, Taste};
use super::image::{self, number, or_default};
use super::probe;
use crate::config::Hook;
use crate::info::{ContainerType, Document, Mount, Size};

/// Seconds that bollard waits for an answer to begin. All calls have shorter limits of their own.
const PATIENCE: u64 = 120;

/// A connection.
#[derive(Clone)]
pub(super) struct Client {
    docker: Docker,
    kind: ContainerType,
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        match e {
            Error::DockerResponseServerError { status_code: 404, .. } => Self::NotFound,
            other => Self::Other(other.to_string()),
        }
    }
}

impl Client {
    /// Connects and finds the version of the interface that both sides speak.
    ///
    /// Podman takes each version as it comes, and to tell its own it asks three programs for theirs, which can take
    /// seconds.
    pub(super) async fn connect(socket: &Path, kind: ContainerType) -> Result<Self, Failure> {
        const PODMAN: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };

        let path = socket.display().to_string();
        let docker = if kind == ContainerType::PODMAN {
            let podman = Docker::connect_with_unix(&path, PATIENCE, &PODMAN)?;
            podman.ping().await?;
            podman
        } else {
            Docker::connect_with_unix(&path, PATIENCE, API_DEFAULT_VERSION)?.negotiate_version().await?
        };
        Ok(Self { docker, kind })
    }

    /// Ids of all containers, running or not.
    pub(super) async fn list(&self) -> Result<Vec<String>, Failure> {
        let all = ListContainersOptions { all: true, ..ListContainersOptions::default() };
        Ok(self.docker.list_containers(Some(all)).await?.into_iter().filter_map(|c| c.id).collect())
    }

    /// What is known of a container.
    pub(super) async fn get(&self, id: &str, taste: Taste) -> Result<Found, Failure> {
        let options = InspectContainerOptions { size: taste.with_size };
        let container = self.docker.inspect_container(id, Some(options)).await?;
        // An image can be removed while a container of it runs: then the container's own reference has to do.
        let image = match container.image.as_deref() {
            Some(image) => self.docker.inspect_image(image).await.unwrap_or_default(),
            None => ImageInspect::default(),
        };
        let mut document = self.document(&container, &image, taste);
        if document.ip.is_empty()
            && let Some(other) = shared_network(&container)
            && let Ok(other) = self.docker.inspect_container(other, None).await
        {
            document.ip = address(&other);
        }
        Ok(Found(document))
    }

    /// Follows what happens to containers until the runtime ends the stream.
    pub(super) async fn follow(&self, hooks: &[Hook], tell: &Sender<Change>) -> Result<(), Failure> {
        let mut events = vec!["destroy".to_owned(), "remove".to_owned()];
        events.extend(hooks.iter().map(|hook| match hook {
            Hook::Create => "create".to_owned(),
            Hook::Start => "start".to_owned(),
        }));
        let filters = HashMap::from([("type".to_owned(), vec!["container".to_owned()]), ("event".to_owned(), events)]);
        let options = EventsOptions { filters: Some(filters), ..EventsOptions::default() };
        let mut stream = pin!(self.docker.events(Some(options)));
        while let Some(event) = stream.next().await {
            let event = event?;
            let Some(id) = event.actor.and_then(|actor| actor.id) else { continue };
            match event.action.as_deref() {
                Some("destroy" | "remove") => tell.send(Change::Gone(id)).await?,
                Some("create" | "start") => tell.send(Change::Here(id)).await?,
                _ => {}
            }
        }
        Ok(())
    }

    fn document(&self, c: &ContainerInspectResponse, image: &ImageInspect, taste: Taste) -> Document {
        let config = c.config.clone().unwrap_or_default();
        let host = c.host_config.clone().unwrap_or_default();
        let id = c.id.clone().unwrap_or_default();
        let name = c.name.as_deref().unwrap_or_default().trim_start_matches('/').to_owned();
        let reference = config.image.unwrap_or_default();
        let (repository, tag, digest) = names_of(&reference, image);
        let is = |mode: &Option<String>| mode.as_deref() == Some("host");
        let mounts = c.mounts.iter().flatten().map(|m| Mount {
            source: m.source.clone().unwrap_or_default(),
            destination: m.destination.clone().unwrap_or_default(),
            mode: m.mode.clone().unwrap_or_default(),
            rw: m.rw.unwrap_or_default(),
            propagation: m.propagation.clone().unwrap_or_default(),
        });
        let ports = c.network_settings.as_ref().and_then(|n| n.ports.as_ref());
        let image_id = image.id.as_ref().or(c.image.as_ref()).cloned().unwrap_or_default();
        let created = c.created.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        Document {
            kind: self.kind,
            id: image::short(&id).to_owned(),
            full_id: id,
            // Pods that dockershim makes have their sandbox's name begin so.
            is_pod_sandbox: name.contains("k8s_POD"),
            name,
            image: reference,
            imageid: image_id.trim_start_matches("sha256:").to_owned(),
            imagerepo: repository,
            imagetag: tag,
            imagedigest: digest,
            user: config.user.unwrap_or_default(),
            ip: address(c),
            privileged: host.privileged.unwrap_or_default(),
            host_pid: is(&host.pid_mode),
            host_network: is(&host.network_mode),
            host_ipc: is(&host.ipc_mode),
            mounts: mounts.collect(),
            port_mappings: ports.map(port_mappings).unwrap_or_default(),
            labels: taste.labels(config.labels.unwrap_or_default()),
            env: config.env.unwrap_or_default(),
            cpu_period: or_default(host.cpu_period, image::CPU_PERIOD),
            cpu_quota: number(host.cpu_quota.unwrap_or_default()),
            cpu_shares: or_default(host.cpu_shares, image::CPU_SHARES),
            cpuset_cpu_count: number(image::processors(host.cpuset_cpus.as_deref().unwrap_or_default())),
            memory_limit: number(host.memory.unwrap_or_default()),
            swap_limit: number(host.memory_swap.unwrap_or_default()),
            created_time: number(created.map_or(0, jiff::Timestamp::as_second)),
            size: c.size_rw.map_or_else(Size::default, |n| Size(n.into())),
            healthcheck: config.healthcheck.and_then(|h| probe::of_docker(&h.test.unwrap_or_default())),
            ..Document::default()
        }
    }
}

/// The container's own address, in the first network that gives one.
fn address(c: &ContainerInspectResponse) -> String {
    let networks = c.network_settings.as_ref().and_then(|n| n.networks.as_ref());
    let mut addresses: Vec<_> = networks
        .into_iter()
        .flatten()
        .filter_map(|(name, network)| Some((name, network.ip_address.as_ref().filter(|ip| !ip.is_empty())?)))
        .collect();
    addresses.sort();
    addresses.first().map(|(_, ip)| (*ip).clone()).unwrap_or_default()
}

/// The container whose network this one shares.
fn shared_network(c: &ContainerInspectResponse) -> Option<&str> {
    c.host_config.as_ref()?.network_mode.as_deref()?.strip_prefix("container:")
}

/// Repository, tag and digest. An image can have many names; that by which the container was made counts, if it has one.
fn names_of(reference: &str, image: &ImageInspect) -> (String, String, String) {
    let tags: &[String] = image.repo_tags.as_deref().unwrap_or_default();
    let digests: &[String] = image.repo_digests.as_deref().unwrap_or_default();
    let own = image::repository_and_tag(reference);
    let untagged = format!("{}:latest", own.0);
    let named = tags.iter().any(|tag| *tag == reference || tag.ends_with(&format!("/{reference}")));
    let (repository, tag) = if named {
        own
    } else if own.1.is_empty() && tags.iter().any(|tag| *tag == untagged || tag.ends_with(&format!("/{untagged}"))) {
        (own.0, "latest")
    } else if let Some(first) = tags.first() {
        image::repository_and_tag(first)
    } else if let Some((repository, _)) = digests.first().and_then(|digest| digest.split_once('@')) {
        (repository, "")
    } else if reference.starts_with("sha256:") {
        ("", "")
    } else {
        own
    };
    let of = |digest: &'_ String| digest.split_once('@').map(|(name, digest)| (name.to_owned(), digest.to_owned()));
    let known: Vec<_> = digests.iter().filter_map(of).collect();
    let digest = known.iter().find(|(name, _)| name.ends_with(repository)).or(known.first());
    (repository.to_owned(), tag.to_owned(), digest.map(|(_, digest)| digest.clone()).unwrap_or_default())
}

/// Ports of TCP that the host forwards, with its address as a number.
fn port_mappings(ports: &PortMap) -> Vec<Value> {
    let mut all: Vec<(u16, u32, u16)> = ports
        .iter()
        .filter_map(|(port, bindings)| {
            let port: u16 = port.strip_suffix("/tcp")?.parse().ok()?;
            Some(bindings.iter().flatten().filter_map(move |binding| {
                let ip: std::net::Ipv4Addr = binding.host_ip.as_deref()?.parse().ok()?;
                Some((port, u32::from(ip), binding.host_port.as_deref()?.parse().ok()?))
            }))
        })
        .flatten()
        .collect();
    all.sort_unstable();
    let mapping = |(port, ip, on_host)| json!({"HostIp": ip, "HostPort": on_host, "ContainerPort": port});
    all.into_iter().map(mapping).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_shown_under_the_name_that_was_asked_for() {
        let image = |tags: &[&str], digests: &[&str]| ImageInspect {
            repo_tags: Some(tags.iter().map(|&t| t.into()).collect()),
            repo_digests: Some(digests.iter().map(|&d| d.into()).collect()),
            ..ImageInspect::default()
        };
        let texts = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let both = image(&["shop/web:1", "shop/web:stable"], &["shop/web@sha256:aa"]);
        assert_eq!(names_of("shop/web:stable", &both), texts("shop/web", "stable", "sha256:aa"));
        assert_eq!(names_of("sha256:ff", &both), texts("shop/web", "1", "sha256:aa"));
        assert_eq!(names_of("web", &image(&["web:latest"], &[])), texts("web", "latest", ""));
        assert_eq!(names_of("busybox:1", &image(&["docker.io/library/busybox:1"], &[])), texts("busybox", "1", ""));
        assert_eq!(names_of("sha256:ff", &ImageInspect::default()), texts("", "", ""));
    }

    #[test]
    fn forwarded_ports() {
        let ports: PortMap = serde_json::from_str(
            r#"{"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
                "53/udp": [{"HostIp": "0.0.0.0", "HostPort": "53"}], "443/tcp": null}"#,
        )
        .unwrap();
        assert_eq!(port_mappings(&ports), [json!({"HostIp": 0x7f00_0001, "HostPort": 8080, "ContainerPort": 80})]);
    }
}
