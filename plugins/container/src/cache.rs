//! The containers that are known, by id.

use std::collections::HashMap;
use std::rc::Rc;

use crate::info::Container;

/// Containers by id. Each has a number, by which the table `containers` names its entries.
pub struct Cache {
    by_id: HashMap<Box<[u8]>, usize>,
    /// Number of the entry with the empty id. Most threads are on the host, and looking up an empty key costs more than
    /// one would think: comparing nothing with nothing at an address that is not mapped is slow on current processors.
    host: Option<usize>,
    slots: Vec<Option<Rc<Container>>>,
    free: Vec<usize>,
}

impl Default for Cache {
    /// Knows the host, under the empty id that threads outside of containers have.
    fn default() -> Self {
        let mut cache = Self { by_id: HashMap::new(), host: None, slots: Vec::new(), free: Vec::new() };
        cache.put(b"", Rc::new(Container::host()));
        cache
    }
}

impl Cache {
    /// Containers that are known at most. Beyond it new ones are not remembered: a capture can name any number.
    const LIMIT: usize = 1 << 20;

    /// Notes a container under its id.
    pub fn insert(&mut self, container: Rc<Container>) {
        let id: Box<[u8]> = container.id.to_bytes().into();
        self.put(&id, container);
    }

    fn put(&mut self, id: &[u8], container: Rc<Container>) {
        if let Some(slot) = self.by_id.get(id).and_then(|&at| self.slots.get_mut(at)) {
            *slot = Some(container);
            return;
        }
        if self.by_id.len() >= Self::LIMIT {
            return;
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(container);
            self.by_id.insert(id.into(), at);
            if id.is_empty() {
                self.host = Some(at);
            }
        }
    }

    /// Forgets a container.
    pub fn remove(&mut self, id: &[u8]) -> Option<Rc<Container>> {
        let at = self.by_id.remove(id)?;
        if id.is_empty() {
            self.host = None;
        }
        self.free.push(at);
        self.slots.get_mut(at)?.take()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.by_id.clear();
        self.host = None;
        self.slots.clear();
        self.free.clear();
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
        self.slots.get(number)?.as_ref()
    }

    /// Numbers of all containers.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        self.by_id.values().copied()
    }

    /// All containers, by id.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Rc<Container>> {
        let mut all: Vec<_> = self.slots.iter().flatten().collect();
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
}
