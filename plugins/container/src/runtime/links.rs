//! The runtimes that are connected now.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

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

/// All of them.
#[derive(Default)]
pub(super) struct Links {
    all: RefCell<Vec<Rc<Link>>>,
    next: Cell<LinkId>,
    /// Sockets that are being connected; until that is done, nobody can say that there is no runtime.
    connecting: Cell<usize>,
    /// Whether the sockets have been looked for at least once.
    looked: Cell<bool>,
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

    /// Whether there is no runtime, and none that may be one shortly.
    pub(super) fn none(&self) -> bool {
        self.looked.get() && self.connecting.get() == 0 && self.all.borrow().is_empty()
    }

    pub(super) fn add(&self, kind: Kind, socket: PathBuf, client: Client) -> Rc<Link> {
        self.next.set(self.next.get() + 1);
        let link = Rc::new(Link { id: self.next.get(), kind, socket, client });
        self.all.borrow_mut().push(Rc::clone(&link));
        link
    }

    pub(super) fn remove(&self, id: LinkId) {
        self.all.borrow_mut().retain(|link| link.id != id);
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
