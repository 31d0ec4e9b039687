//! What was learnt of containers goes into the stream of events.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lanner_plugin_api::sdk::AsyncHandle;

use super::board::{Board, Lookup};
use super::client::{Found, Kind};
use super::counts::{Counts, add};
use super::image::short;
use crate::info::{Container, Document};
use crate::plugin::{ADDED, REMOVED};
use crate::track::send;

/// Number of a connection; connections to one socket, one after the other, have different ones.
pub(super) type LinkId = u64;

/// Who told of a container.
#[derive(Clone, Copy)]
struct Teller {
    kind: Kind,
    link: LinkId,
}

/// Sends documents, and keeps in mind who told of what.
pub(super) struct Outbox {
    events: AsyncHandle,
    board: Arc<Board>,
    counts: Arc<Counts>,
    known: RefCell<HashMap<Rc<str>, Teller>>,
}

impl Outbox {
    /// Containers that are kept in mind at most. A machine that has more of them at once is told of all the same; but that
    /// they went while no connection was there goes unnoticed.
    const LIMIT: usize = 1 << 17;

    pub(super) fn new(events: AsyncHandle, board: Arc<Board>, counts: Arc<Counts>) -> Self {
        Self { events, board, counts, known: RefCell::default() }
    }

    /// Sends what a runtime knows of a container, unless another one knows better.
    pub(super) fn added(&self, kind: Kind, link: LinkId, Found(document): Found) {
        let container = Container::new(document);
        let Ok(id) = container.id.to_str() else { return };
        let before = self.known.borrow().get(id).copied();
        if before.is_some_and(|teller| teller.kind.outranks(kind)) {
            return;
        }
        if send(&self.events, ADDED, &container).is_err() {
            add(&self.counts.unsent);
            return;
        }
        self.board.set(id.as_bytes(), Lookup::Known);
        let mut known = self.known.borrow_mut();
        if before.is_some() || known.len() < Self::LIMIT {
            known.insert(id.into(), Teller { kind, link });
            self.counts.of(kind).known.fetch_add(1, Ordering::Relaxed);
            if let Some(teller) = before {
                self.counts.of(teller.kind).known.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Tells that a container was removed, if it is the one who told of it that says so.
    pub(super) fn removed(&self, kind: Kind, id: &str) {
        let id = short(id);
        let teller = self.known.borrow().get(id).copied();
        if teller.is_some_and(|teller| teller.kind == kind) {
            self.remove(kind, id);
        }
    }

    fn remove(&self, kind: Kind, id: &str) {
        if self.known.borrow_mut().remove(id).is_some() {
            self.counts.of(kind).known.fetch_sub(1, Ordering::Relaxed);
        }
        let document = Document { id: id.to_owned(), kind: kind.container_type(), ..Document::default() };
        if send(&self.events, REMOVED, &Container::new(document)).is_err() {
            add(&self.counts.unsent);
        }
    }

    /// Whether this container has been told of by a runtime whose word counts at least as much as this one's.
    pub(super) fn knows(&self, kind: Kind, id: &str) -> bool {
        self.known.borrow().get(short(id)).is_some_and(|teller| !kind.outranks(teller.kind))
    }

    /// Compares with a list of all containers of a socket: those that earlier connections to it told of, and that are not
    /// in the list, were removed meanwhile.
    pub(super) fn listed(&self, kind: Kind, links: &HashSet<LinkId>, ids: &[String]) {
        let there: HashSet<&str> = ids.iter().map(|id| short(id)).collect();
        let gone: Vec<Rc<str>> = (self.known.borrow().iter())
            .filter(|(id, teller)| links.contains(&teller.link) && !there.contains(&***id))
            .map(|(id, _)| Rc::clone(id))
            .collect();
        for id in gone {
            self.remove(kind, &id);
        }
    }
}
