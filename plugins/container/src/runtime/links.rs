//! The runtimes that are connected now.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::client::{Client, Kind};
use super::outbox::LinkId;
use crate::matcher::Engine;

/// A runtime that is connected.
pub(super) struct Link {
    pub(super) id: LinkId,
    pub(super) kind: Kind,
    pub(super) socket: PathBuf,
    pub(super) client: Client,
}

/// A runtime that was there this long ago is most likely being restarted: it is looked for each second.
const MAY_RETURN: Duration = Duration::from_secs(10);

/// All of them.
#[derive(Default)]
pub(super) struct Links {
    all: RefCell<Vec<Rc<Link>>>,
    next: Cell<LinkId>,
    /// Sockets that are being connected; until that is done, nobody can say that there is no runtime.
    connecting: Cell<usize>,
    /// Whether the sockets have been looked for at least once.
    looked: Cell<bool>,
    /// When a runtime was lost last.
    lost: Cell<Option<Instant>>,
}

/// Counts as connecting while it exists.
pub(super) struct Connecting<'a>(&'a Links);

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.connecting.set(self.0.connecting.get().saturating_sub(1));
    }
}

impl Links {
    pub(super) fn connecting(&self) -> Connecting<'_> {
        self.connecting.set(self.connecting.get() + 1);
        Connecting(self)
    }

    /// The sockets that exist have been looked for.
    pub(super) fn looked(&self) {
        self.looked.set(true);
    }

    /// Whether there is no runtime now.
    pub(super) fn is_empty(&self) -> bool {
        self.all.borrow().is_empty()
    }

    /// Whether none may be there shortly either.
    pub(super) fn hopeless(&self) -> bool {
        let gone = self.lost.get().is_none_or(|at| at.elapsed() >= MAY_RETURN);
        self.looked.get() && self.connecting.get() == 0 && self.is_empty() && gone
    }

    pub(super) fn add(&self, kind: Kind, socket: PathBuf, client: Client) -> Rc<Link> {
        self.next.set(self.next.get() + 1);
        let link = Rc::new(Link { id: self.next.get(), kind, socket, client });
        self.all.borrow_mut().push(Rc::clone(&link));
        link
    }

    pub(super) fn remove(&self, id: LinkId) {
        self.all.borrow_mut().retain(|link| link.id != id);
        self.lost.set(Some(Instant::now()));
    }

    /// All of them, those first that are likely to have a container with a control group of this engine's.
    pub(super) fn for_engine(&self, engine: Engine) -> Vec<Rc<Link>> {
        let likely = kind_of(engine);
        let mut all = self.all.borrow().clone();
        all.sort_by_key(|link| (Some(link.kind) != likely, link.kind, link.id));
        all
    }
}

/// The kind of runtime that names control groups in this engine's way.
pub(super) fn kind_of(engine: Engine) -> Option<Kind> {
    match engine {
        Engine::Docker => Some(Kind::Docker),
        Engine::Podman => Some(Kind::Podman),
        Engine::Cri => Some(Kind::Cri),
        Engine::Containerd => Some(Kind::Containerd),
        Engine::Lxc | Engine::LibvirtLxc | Engine::Bpm => None,
    }
}
