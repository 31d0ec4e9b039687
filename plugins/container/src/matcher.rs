//! From the path of a cgroup to the id of the container.
//!
//! Each engine names the cgroups of its containers in its own ways. The engines are tried in a fixed order and the
//! first match counts, because some layouts (a bare id after a slash) fit several engines; which one it really was is
//! known only when the engine tells about the container.

use std::collections::HashMap;
use std::ffi::CStr;
use std::rc::Rc;

use crate::config::{Config, Fixed};
use crate::info::{Container, ContainerType, Document, SHORT_ID_LEN, ZeroOr, text};

/// Length of the ids that runtimes give.
const FULL_ID_LEN: usize = 64;
/// Paths that are remembered at most; a machine has as many as it has services and containers.
const REMEMBERED: usize = 16 * 1024;

/// What a cgroup tells.
#[derive(Clone, Debug)]
pub struct Match {
    /// The container's id.
    pub id: Rc<CStr>,
    /// All that will ever be known of it, for engines that cannot be asked.
    pub info: Option<Rc<Container>>,
    /// By which a runtime can be asked about it: whose way of naming the path is, and the path.
    pub asked_by: Option<(Engine, Rc<str>)>,
}

/// An engine's way of naming cgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the engines")]
pub enum Engine {
    Podman,
    Docker,
    Cri,
    Containerd,
    Lxc,
    LibvirtLxc,
    Bpm,
}

/// The engines that are on, and the paths that have been seen.
pub struct Matchers {
    engines: Vec<Engine>,
    fixed: Option<Rc<Container>>,
    seen: HashMap<Box<[u8]>, Option<Match>>,
}

impl Matchers {
    /// The engines that the configuration leaves on, in the order in which they are tried.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let e = &config.engines;
        let all = [
            (Engine::Podman, e.podman.enabled),
            (Engine::Docker, e.docker.enabled),
            (Engine::Cri, e.cri.enabled),
            (Engine::Containerd, e.containerd.enabled),
            (Engine::Lxc, e.lxc.enabled),
            (Engine::LibvirtLxc, e.libvirt_lxc.enabled),
            (Engine::Bpm, e.bpm.enabled),
        ];
        Self {
            engines: all.iter().filter(|(_, on)| *on).map(|(engine, _)| *engine).collect(),
            fixed: e.fixed.enabled.then(|| Rc::new(fixed_container(&e.fixed))),
            seen: HashMap::new(),
        }
    }

    /// The container that a cgroup belongs to.
    pub fn find(&mut self, cgroup: &[u8]) -> Option<&Match> {
        if !self.seen.contains_key(cgroup) {
            if self.seen.len() >= REMEMBERED {
                self.seen.clear();
            }
            let found = self.resolve(cgroup);
            self.seen.insert(cgroup.into(), found);
        }
        self.seen.get(cgroup).and_then(Option::as_ref)
    }

    fn resolve(&self, cgroup: &[u8]) -> Option<Match> {
        if let Some(fixed) = &self.fixed {
            return Some(Match { id: fixed.id.as_c_str().into(), info: Some(Rc::clone(fixed)), asked_by: None });
        }
        // A path that is not UTF-8 fits no engine: ids are ASCII, and so is all that may stand around them.
        let cgroup = std::str::from_utf8(cgroup).ok()?;
        self.engines.iter().find_map(|engine| {
            let id = engine.id(cgroup).filter(|id| !id.is_empty())?;
            let bare = |kind| Some(Rc::new(Container::bare(id, kind)));
            let info = match engine {
                Engine::Lxc => bare(ContainerType::LXC),
                Engine::LibvirtLxc => bare(ContainerType::LIBVIRT_LXC),
                Engine::Bpm => bare(ContainerType::BPM),
                Engine::Podman | Engine::Docker | Engine::Cri | Engine::Containerd => None,
            };
            let asked_by = info.is_none().then(|| (*engine, cgroup.into()));
            Some(Match { id: text(id).as_c_str().into(), info, asked_by })
        })
    }
}

impl Engine {
    /// The id in a cgroup's path, if it is one of this engine's.
    #[must_use]
    pub fn id(self, cgroup: &str) -> Option<&str> {
        match self {
            Self::Podman => first_of(
                cgroup,
                &[
                    ("/libpod-", ".scope"),
                    ("/libpod-", ".scope/container"),
                    ("/libpod-", ""),
                    ("/libpod-payload-", ".scope"),
                    ("/libpod-payload-", ".scope/container"),
                    ("/libpod-payload-", ""),
                ],
            ),
            Self::Docker => first_of(cgroup, &[("/", ""), ("/docker-", ".scope")]),
            Self::Cri => first_of(
                cgroup,
                &[
                    ("/", ""),
                    ("/crio-", ""),
                    ("/cri-containerd-", ".scope"),
                    ("/crio-", ".scope"),
                    (":cri-containerd:", ""),
                    ("/docker-", ".scope"),
                    ("/nerdctl-", ".scope"),
                ],
            ),
            Self::Containerd => containerd(cgroup),
            Self::Lxc => ["/lxc/", "/lxc.payload/", "/lxc.payload."].iter().find_map(|layout| {
                let id = after_first(cgroup, layout)?;
                Some(id.split('/').next().unwrap_or(id))
            }),
            Self::LibvirtLxc => libvirt_lxc(cgroup),
            Self::Bpm => {
                let rest = after_first(cgroup, "bpm-")?;
                let id = rest.split(".scope").next().unwrap_or(rest);
                id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)).then_some(id)
            }
        }
    }
}

fn after_first<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    text.find(what).and_then(|at| text.get(at + what.len()..))
}

/// What stands between the last `prefix` and the last `suffix`.
fn between<'a>(cgroup: &'a str, prefix: &str, suffix: &str) -> Option<&'a str> {
    let start = cgroup.rfind(prefix)? + prefix.len();
    let end = if suffix.is_empty() { cgroup.len() } else { cgroup.rfind(suffix)? };
    cgroup.get(start..end)
}

/// The first layout that holds a full id; its first characters.
fn first_of<'a>(cgroup: &'a str, layouts: &[(&str, &str)]) -> Option<&'a str> {
    layouts.iter().find_map(|(prefix, suffix)| full_id(cgroup, between(cgroup, prefix, suffix)?))
}

/// The short form of an id of full length.
fn full_id<'a>(cgroup: &str, id: &'a str) -> Option<&'a str> {
    let start = id.as_ptr().addr() - cgroup.as_ptr().addr();
    // As in the plugin of this name that rules are written for: a character that no id can have is forgiven when it
    // stands behind the 64th character of the whole path.
    let wrong = id.bytes().chain(cgroup.bytes().skip(start + id.len())).position(|b| !b.is_ascii_hexdigit());
    let clean = wrong.is_none_or(|at| start + at >= FULL_ID_LEN);
    (id.len() == FULL_ID_LEN && clean).then(|| short(id)).flatten()
}

fn short(id: &str) -> Option<&str> {
    id.get(..id.len().min(SHORT_ID_LEN))
}

/// `/<namespace>/<id>`, where the id is free text. Units of systemd look the same; they are told by their suffix.
fn containerd(cgroup: &str) -> Option<&str> {
    let id = between(cgroup, namespace(cgroup)?, "")?;
    if let Some(id) = full_id(cgroup, id) {
        return Some(id);
    }
    let unit = [".service", ".slice", ".scope"].iter().any(|s| cgroup.ends_with(s));
    if id.is_empty() || id.len() > FULL_ID_LEN || unit {
        return None;
    }
    short(id)
}

/// The first `/<namespace>/` of a path: letters and digits, with single `.`, `_`, `-` between them.
fn namespace(cgroup: &str) -> Option<&str> {
    let bytes = cgroup.as_bytes();
    (0..bytes.len()).filter(|&i| bytes[i] == b'/').find_map(|start| {
        let len = cgroup.get(start + 1..)?.find('/')?;
        let name = cgroup.get(start + 1..start + 1 + len)?;
        let parts = name.split(['.', '_', '-']).all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric()));
        parts.then(|| cgroup.get(start..start + len + 2)).flatten()
    })
}

fn libvirt_lxc(cgroup: &str) -> Option<&str> {
    const SUFFIX: &str = ".libvirt-lxc";
    const ESCAPED: &str = "-lxc\\x2";
    if let Some(at) = cgroup.find(SUFFIX).filter(|at| at + SUFFIX.len() == cgroup.len())
        && let Some(slash) = cgroup.rfind('/')
    {
        return cgroup.get(slash + 1..at);
    }
    if let Some(at) = cgroup.find(ESCAPED) {
        let delimiter = if cgroup.contains(".scope/libvirt") { ".scope/libvirt" } else { ".scope" };
        if let Some(end) = cgroup.find(delimiter).filter(|end| end + delimiter.len() == cgroup.len()) {
            // The escape is `\x2d`, a dash; its last digit is not part of the id.
            return cgroup.get(at + ESCAPED.len() + 1..end);
        }
    }
    after_first(cgroup, "/libvirt/lxc/")
}

/// The one container of the engine `static`.
fn fixed_container(fixed: &Fixed) -> Container {
    let (repository, tag, digest) = split_image(&fixed.container_image);
    Container::new(Document {
        kind: ContainerType::STATIC,
        id: fixed.container_id.clone(),
        name: fixed.container_name.clone(),
        image: fixed.container_image.clone(),
        imagerepo: repository,
        imagetag: tag,
        imagedigest: digest,
        cpu_shares: ZeroOr(1024.into()),
        cpu_period: ZeroOr(100_000.into()),
        ..Document::default()
    })
}

/// Repository, tag and digest of `host:port/name:tag@digest`.
fn split_image(image: &str) -> (String, String, String) {
    let (host, rest) = image.split_once('/').map_or(("", image), |(host, rest)| (host, rest));
    let (rest, digest) = rest.split_once('@').unwrap_or((rest, ""));
    let (name, tag) = rest.split_once(':').unwrap_or((rest, ""));
    let repository = if host.is_empty() { name.to_owned() } else { format!("{host}/{name}") };
    (repository, tag.to_owned(), digest.to_owned())
}
