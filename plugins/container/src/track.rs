//! Which container a thread belongs to, and what its process is there for.

use std::collections::HashMap;
use std::ffi::CStr;
use std::rc::Rc;

use lanner_k8s::Store;
use lanner_plugin_api::sdk::{
    AsyncEvent, AsyncHandle, EntryView, Error, Field, Init, Sub, Table, TableError, TableReader, TableWriter,
};

use rustc_hash::FxBuildHasher;

use crate::cache::Cache;
use crate::config::Config;
use crate::exec::Execs;
use crate::info::Container;
use crate::matcher::{Match, Matchers};
use crate::plugin::ADDED;
use crate::role::Words;
use crate::runtime;

/// What a process in a container is there for, in the thread field `category`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Category(pub(crate) u16);

impl Category {
    pub(crate) const NONE: Self = Self(0);
    const CONTAINER: Self = Self(1);
    pub(crate) const HEALTHCHECK: Self = Self(2);
    pub(crate) const LIVENESS_PROBE: Self = Self(3);
    pub(crate) const READINESS_PROBE: Self = Self(4);
}

/// The field of the table `threads` that says which container a thread is in; empty on the host.
pub(crate) const CONTAINER_ID: &CStr = c"container_id";

/// Accessors of the table `threads`.
pub(crate) struct Threads {
    pub(crate) table: Table<i64>,
    pub(crate) container_id: Field<CStr>,
    pub(crate) pidns_start: Field<u64>,
    pub(crate) category: Field<u16>,
    pub(crate) vpid: Field<i64>,
    pub(crate) vtid: Field<i64>,
    /// Number of the process that came into the container from outside and that this one comes from; 0 for none.
    pub(crate) exec_entry: Field<u64>,
    pub(crate) pid: Option<Field<i64>>,
    pub(crate) ptid: Field<i64>,
    pub(crate) exe: Field<CStr>,
    pub(crate) args: Field<Sub<u64>>,
    pub(crate) arg: Field<CStr>,
    cgroups: Field<Sub<u64>>,
    cgroup_path: Field<CStr>,
    /// Number of the list of cgroups, where the host's threads have one: equal numbers, equal lists.
    cgroups_number: Option<Field<u64>>,
}

impl Threads {
    /// Finds the table and its fields, and adds the plugin's own.
    pub(crate) fn new(init: &Init<'_>) -> Result<Self, Error> {
        let t = init.tables()?;
        let table = t.get::<i64>(c"threads")?;
        let (args, cgroups) = (table.field(t, c"args")?, table.field(t, c"cgroups")?);
        Ok(Self {
            container_id: table.add_field(t, CONTAINER_ID)?,
            category: table.add_field(t, c"category")?,
            pidns_start: table.field(t, c"pidns_init_start_ts")?,
            vpid: table.field(t, c"vpid")?,
            vtid: table.field(t, c"vtid")?,
            exec_entry: table.add_field(t, c"exec_entry")?,
            pid: table.field(t, c"pid").ok(),
            ptid: table.field(t, c"ptid")?,
            exe: table.field(t, c"exe")?,
            arg: table.sub_field(t, &args, c"value")?,
            cgroup_path: table.sub_field(t, &cgroups, c"second")?,
            cgroups_number: table.field(t, c"lanner_cgroups").ok(),
            args,
            cgroups,
            table,
        })
    }
}

/// What the plugin knows and does beside reading and writing threads.
pub(crate) struct Tracker {
    pub(crate) cache: Cache,
    matchers: Matchers,
    /// What a list of cgroups says, by its number.
    by_number: HashMap<u64, Option<Match>, FxBuildHasher>,
    /// The container of the last event about one, and the number of that event.
    pub(crate) last: Option<(u64, Rc<Container>)>,
    /// Where events about containers go, live.
    pub(crate) sender: Option<AsyncHandle>,
    /// Where the runtimes are asked, live.
    pub(crate) runtime: Option<runtime::Handle>,
    pub(crate) missing_images: u64,
    /// What Kubernetes' API has told.
    pub(crate) pods: Store,
    /// Sessions in containers and their processes.
    pub(crate) execs: Execs,
}

impl Tracker {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            cache: match usize::try_from(config.memory_mb) {
                Ok(mb @ 1..) => Cache::within(mb.saturating_mul(1 << 20)),
                _ => Cache::default(),
            },
            matchers: Matchers::new(config),
            by_number: HashMap::default(),
            last: None,
            sender: None,
            runtime: None,
            missing_images: 0,
            pods: Store::default(),
            execs: Execs::default(),
        }
    }

    /// Finds out which container a thread is in and writes that into it.
    pub(crate) fn assign(
        &mut self,
        t: &Threads,
        thread: &EntryView<'_>,
        tables: &TableReader<'_>,
        writer: &TableWriter<'_>,
    ) -> Result<(), Error> {
        let Some(Match { id, info, asked_by }) = self.find(t, thread, tables)? else {
            thread.write(writer, &t.container_id, c"")?;
            return Ok(());
        };
        thread.write(writer, &t.container_id, &id)?;
        if let Some(info) = info {
            if let Some(sender) = self.sender.as_ref().filter(|_| self.cache.get(id.to_bytes()).is_none()) {
                send(sender, ADDED, &info)?;
            }
            self.remember(info);
        }
        if let Some(container) = self.cache.get(id.to_bytes()) {
            let category = category(container, t, thread, tables)?;
            if category != Category::NONE {
                thread.write(writer, &t.category, category.0)?;
            }
        } else if let (Some(runtime), Some((engine, cgroup))) = (&self.runtime, asked_by) {
            runtime.ask(&id, engine, &cgroup);
        }
        Ok(())
    }

    /// Takes note of a container. What has to go for it is asked about again when a process is next seen in it.
    pub(crate) fn remember(&mut self, container: Rc<Container>) {
        for gone in self.cache.insert(container) {
            if let Some(runtime) = &self.runtime {
                runtime.forget(gone.id.to_bytes());
            }
        }
    }

    /// The container that the cgroups of a thread name. Nearly always the list has been seen on another thread.
    pub(crate) fn find(
        &mut self,
        t: &Threads,
        thread: &EntryView<'_>,
        tables: &TableReader<'_>,
    ) -> Result<Option<Match>, TableError> {
        /// Lists that are remembered at most.
        const REMEMBERED: usize = 4096;

        let number = t.cgroups_number.as_ref().map_or(Ok(0), |number| thread.read(number))?;
        if let Some(found) = self.by_number.get(&number) {
            return Ok(found.clone());
        }
        let found = self.walk(t, thread, tables)?;
        if number != 0 {
            if self.by_number.len() >= REMEMBERED {
                self.by_number.clear();
            }
            self.by_number.insert(number, found.clone());
        }
        Ok(found)
    }

    /// The container of the first cgroup that names one.
    fn walk(
        &mut self,
        t: &Threads,
        thread: &EntryView<'_>,
        tables: &TableReader<'_>,
    ) -> Result<Option<Match>, TableError> {
        let mut found = None;
        let mut failed = None;
        thread.table(&t.cgroups)?.for_each(tables, |cgroup| match cgroup.read(&t.cgroup_path) {
            Ok(path) => {
                found = self.matchers.find(path.to_bytes()).cloned();
                found.is_none()
            }
            Err(error) => {
                failed = Some(error);
                false
            }
        })?;
        failed.map_or(Ok(found), Err)
    }
}

/// What a process of a container is there for: the container's own work, as its first process and all that come from
/// it, or a command by which the runtime asks whether all is well.
fn category(
    container: &Container,
    t: &Threads,
    thread: &EntryView<'_>,
    tables: &TableReader<'_>,
) -> Result<Category, TableError> {
    /// Ancestors that are looked at; a chain of parents can be broken into a ring by thread ids that are used again.
    const ANCESTORS: usize = 256;

    if thread.read(&t.vpid)? == 1 {
        return Ok(Category::CONTAINER);
    }
    let mut parent = thread.read(&t.ptid)?;
    if let Some(entry) = t.table.entry(tables, parent) {
        let inherited = Category(entry.read(&t.category)?);
        if inherited != Category::NONE {
            return Ok(inherited);
        }
    }
    let probes = &container.probes;
    if probes.health.is_none() && probes.liveness.is_none() && probes.readiness.is_none() {
        return Ok(Category::NONE);
    }
    let category = Words::of(t, thread, tables)?.probe(probes);
    if category == Category::NONE {
        return Ok(category);
    }
    // A child of the container's first process that happens to look like the probe is not one: the runtime starts
    // probes from outside.
    for _ in 0..ANCESTORS {
        let Some(entry) = t.table.entry(tables, parent) else { break };
        if entry.read(&t.vpid)? == 1 && !entry.read(&t.container_id)?.is_empty() {
            return Ok(Category::NONE);
        }
        parent = entry.read(&t.ptid)?;
    }
    Ok(category)
}

/// Sends an event about a container.
pub(crate) fn send(sender: &AsyncHandle, name: &str, container: &Container) -> Result<(), Error> {
    sender.send(&AsyncEvent { ts: None, tid: None, name, data: &payload(container)? })?;
    Ok(())
}

/// The document as an event carries it: with a NUL behind it.
pub(crate) fn payload(container: &Container) -> Result<Vec<u8>, Error> {
    let mut json = container.to_json().map_err(Error::other)?;
    json.push(0);
    Ok(json)
}
