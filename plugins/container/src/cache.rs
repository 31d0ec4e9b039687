//! The containers that are known, by id.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::info::Container;

/// Containers by id. Each has a number, by which the table `containers` names its entries.
///
/// What all of them take is bounded. When a new one has no room, one goes that nobody has asked for since the last time that room
/// was short (second chance): a container is asked for whenever a process begins in it and whenever conditions or alerts want more of it
/// than its id, so it is the quiet ones that go, and those of which a capture only says that they existed.
pub struct Cache {
    by_id: HashMap<Box<[u8]>, usize>,
    /// Number of the entry with the empty id. Most threads are on the host, and looking up an empty key costs more than
    /// one would think: comparing nothing with nothing at an address that is not mapped is slow on current processors.
    host: Option<usize>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    limit: usize,
    bytes: usize,
    /// Where the search for quiet ones goes on.
    hand: usize,
    shed: u64,
    refused: u64,
}

struct Slot {
    container: Rc<Container>,
    bytes: usize,
    /// Asked for since the hand came by.
    asked: Cell<bool>,
}

impl Slot {
    fn new(container: Rc<Container>, id: &[u8]) -> Self {
        let bytes = container.bytes() + id.len() + Cache::ENTRY;
        Self { container, bytes, asked: Cell::new(false) }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::within(Self::LIMIT)
    }
}

impl Cache {
    /// Bytes for all containers where nothing else is said.
    pub const LIMIT: usize = 256 << 20;
    /// What an entry takes beside its container: its slot, its place by id, and as much again while a table grows.
    const ENTRY: usize = 160;

    /// With so many bytes for all containers. Knows the host, under the empty id that threads outside of containers have.
    #[must_use]
    pub fn within(limit: usize) -> Self {
        let mut cache = Self {
            by_id: HashMap::new(),
            host: None,
            slots: Vec::new(),
            free: Vec::new(),
            limit,
            bytes: 0,
            hand: 0,
            shed: 0,
            refused: 0,
        };
        cache.put(b"", Rc::new(Container::host()));
        cache
    }

    /// Notes a container under its id. Returns those that had to go for it. One that would take more than a quarter of all room is
    /// not noted, and what was known under its id is no longer true and goes; the host stays as it is.
    #[must_use = "whoever looks containers up must know which are no longer known"]
    pub fn insert(&mut self, container: Rc<Container>) -> Vec<Rc<Container>> {
        let id: Box<[u8]> = container.id.to_bytes().into();
        self.put(&id, container)
    }

    fn put(&mut self, id: &[u8], container: Rc<Container>) -> Vec<Rc<Container>> {
        let slot = Slot::new(container, id);
        let fits = slot.bytes <= self.limit / 4;
        if fits || !id.is_empty() {
            self.remove(id);
        }
        if !fits {
            self.refused += 1;
            return Vec::new();
        }
        let mut gone = Vec::new();
        while self.bytes + slot.bytes > self.limit
            && let Some(quiet) = self.quiet()
        {
            self.shed += 1;
            gone.extend(self.take(quiet));
        }
        self.bytes += slot.bytes;
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(slot);
            self.by_id.insert(id.into(), at);
            if id.is_empty() {
                self.host = Some(at);
            }
        }
        gone
    }

    /// The number of one that has not been asked for since the hand came by; the host stays.
    fn quiet(&mut self) -> Option<usize> {
        // Twice round: the first time everybody may have been asked for.
        for _ in 0..2 * self.slots.len() {
            let at = self.hand % self.slots.len();
            self.hand = at + 1;
            let slot = self.slots.get(at).and_then(Option::as_ref);
            if let Some(slot) = slot.filter(|_| self.host != Some(at))
                && !slot.asked.replace(false)
            {
                return Some(at);
            }
        }
        None
    }

    fn take(&mut self, at: usize) -> Option<Rc<Container>> {
        let slot = self.slots.get_mut(at)?.take()?;
        self.bytes -= slot.bytes;
        self.free.push(at);
        match self.host == Some(at) {
            true => {
                self.host = None;
                self.by_id.remove(&b""[..]);
            }
            false => drop(self.by_id.remove(slot.container.id.to_bytes())),
        }
        Some(slot.container)
    }

    /// Forgets a container.
    pub fn remove(&mut self, id: &[u8]) -> Option<Rc<Container>> {
        self.take(self.number(id)?)
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.by_id.clear();
        self.host = None;
        self.slots.clear();
        self.free.clear();
        self.bytes = 0;
    }

    /// The container with this id.
    #[must_use]
    pub fn get(&self, id: &[u8]) -> Option<&Rc<Container>> {
        self.at(self.number(id)?)
    }

    /// The number of the container with this id.
    #[must_use]
    pub fn number(&self, id: &[u8]) -> Option<usize> {
        if id.is_empty() { self.host } else { self.by_id.get(id).copied() }
    }

    /// The container with this number.
    #[must_use]
    pub fn at(&self, number: usize) -> Option<&Rc<Container>> {
        let slot = self.slots.get(number)?.as_ref()?;
        slot.asked.set(true);
        Some(&slot.container)
    }

    /// Numbers of all containers.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        self.by_id.values().copied()
    }

    /// All containers, by id.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Rc<Container>> {
        let mut all: Vec<_> = self.slots.iter().flatten().map(|slot| &slot.container).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// How many there are, the host included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether not even the host is known, as after [`Cache::clear`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Bytes that all of them take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Containers that went because there was no room.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.shed
    }

    /// Containers that were too large to be noted.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }
}
