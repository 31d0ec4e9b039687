//! Containers that alerts wait for: a runtime has been asked about them and has not answered yet.
//!
//! What is waited for is kept even if the container ends meanwhile, which short-lived ones do before anybody can say what they
//! were.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::num::NonZeroU64;
use std::rc::Rc;

use lanner_plugin_api::sdk::{Awaits, ExtractCx, FieldRequest, Standing, ValueSink};
use rustc_hash::FxBuildHasher;

use crate::extract::Memo;
use crate::fields::FieldId;
use crate::info::{Container, text};
use crate::plugin::ContainerPlugin;
use crate::runtime::Lookup;

/// Containers that are waited for, by number.
#[derive(Default)]
pub(crate) struct Waits {
    all: HashMap<u64, Awaited, FxBuildHasher>,
    by_id: HashMap<Box<[u8]>, u64, FxBuildHasher>,
    last: u64,
    /// What was said last of one that is not known.
    reason: CString,
}

struct Awaited {
    id: CString,
    /// How many wait for it.
    uses: u64,
    /// What has become known of it.
    container: Option<Rc<Container>>,
}

impl Waits {
    /// A container has become known.
    pub(crate) fn arrived(&mut self, container: &Rc<Container>) {
        if self.by_id.is_empty() {
            return;
        }
        let number = self.by_id.get(container.id.to_bytes());
        if let Some(awaited) = number.and_then(|number| self.all.get_mut(number)) {
            awaited.container = Some(Rc::clone(container));
        }
    }

    /// How many containers are waited for.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    fn begin(&mut self, id: &CStr) -> Option<NonZeroU64> {
        let number = match self.by_id.get(id.to_bytes()) {
            Some(&number) => number,
            None => {
                self.last += 1;
                self.by_id.insert(id.to_bytes().into(), self.last);
                self.last
            }
        };
        let new = || Awaited { id: id.to_owned(), uses: 0, container: None };
        self.all.entry(number).or_insert_with(new).uses += 1;
        NonZeroU64::new(number)
    }

    fn end(&mut self, number: u64) {
        let Some(awaited) = self.all.get_mut(&number) else { return };
        awaited.uses -= 1;
        if awaited.uses == 0
            && let Some(awaited) = self.all.remove(&number)
        {
            self.by_id.remove(awaited.id.to_bytes());
        }
    }
}

impl ContainerPlugin {
    /// How the lookup of a container stands of which nothing is known; `None` where nobody can be asked, as in a replay.
    pub(crate) fn lookup(&self, id: &CStr) -> Option<Lookup> {
        self.tracker.runtime.as_ref().map(|runtime| runtime.state(id.to_bytes()))
    }
}

impl Awaits for ContainerPlugin {
    fn begin_wait(&mut self, cx: &ExtractCx<'_>) -> Option<NonZeroU64> {
        self.look_up(cx);
        let waits = self.memo.is_of_unknown_container() && self.tracker.runtime.is_some();
        waits.then(|| self.waits.begin(self.memo.id())).flatten()
    }

    fn wait_state(&mut self, wait: u64) -> Standing<'_> {
        let Some(awaited) = self.waits.all.get(&wait) else {
            return Standing::Unknown(c"nobody waits for it any more");
        };
        if awaited.container.is_some() || self.tracker.cache.get(awaited.id.to_bytes()).is_some() {
            return Standing::Known;
        }
        match self.lookup(&awaited.id) {
            // What was sent is about to be parsed.
            Some(Lookup::Pending | Lookup::Known) => Standing::Pending,
            Some(Lookup::Unknown(reason)) => {
                self.waits.reason = text(&reason.to_string());
                Standing::Unknown(&self.waits.reason)
            }
            None => Standing::Unknown(c"container runtimes are not asked any more"),
        }
    }

    fn extract_awaited<'v>(&'v mut self, wait: u64, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let (Some(field), Some(awaited)) = (FieldId::from_number(req.id), self.waits.all.get(&wait)) else {
            return false;
        };
        let container = awaited.container.clone().or_else(|| self.tracker.cache.get(awaited.id.to_bytes()).cloned());
        self.memo = Memo::of(awaited.id.clone(), container);
        self.value(field, req, out)
    }

    fn end_wait(&mut self, wait: u64) {
        self.waits.end(wait);
    }
}
