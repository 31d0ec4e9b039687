//! A table `threads` as far as the plugin needs it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::CStr;

use lanner_plugin_api::export_plugin;
use lanner_plugin_api::raw::StateType;
use lanner_plugin_api::sdk::*;

thread_local! {
    /// Lists of cgroups that somebody walked over.
    pub static WALKS: Cell<u32> = const { Cell::new(0) };
    /// The cgroup of the wanderer.
    pub static CGROUP: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A thread that is there from its first event on, and each time in another container.
pub const WANDERER: i64 = 40;

struct Thread {
    tid: i64,
    vpid: i64,
    ptid: i64,
    exe: &'static str,
    args: &'static [&'static str],
    cgroups: &'static [&'static str],
    dynamic: DynamicValues,
}

pub struct Threads {
    all: BTreeMap<i64, Thread>,
    added: DynamicFields,
}

pub const DOCKER: &str = "/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const LXC: &str = "/lxc.payload/web/init.scope";

fn thread(tid: i64, vpid: i64, ptid: i64, cgroups: &'static [&'static str]) -> Thread {
    let args: &[&str] = if tid == 22 { &["-q", ""] } else { &["-v"] };
    Thread { tid, vpid, ptid, exe: "/bin/check", args, cgroups, dynamic: DynamicValues::default() }
}

impl Plugin for Threads {
    const NAME: &'static CStr = c"threads";
    const DESCRIPTION: &'static CStr = c"offers threads";
    const CONTACT: &'static CStr = c"tests";
    const VERSION: &'static CStr = c"0.0.1";
    type Config = ();
    fn new(_: &mut Init<'_>, (): ()) -> Result<Self, Error> {
        let all = [
            thread(1, 1, 0, &["/", "/system.slice/cron.service"]),
            thread(20, 1, 1, &["/", DOCKER]),
            thread(21, 7, 20, &[DOCKER]),
            thread(22, 8, 1, &[DOCKER]),
            thread(23, 9, 1, &[DOCKER]),
            thread(30, 1, 1, &[LXC]),
        ];
        Ok(Self { all: all.into_iter().map(|t| (t.tid, t)).collect(), added: DynamicFields::default() })
    }
}

impl Parse for Threads {
    fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        if cx.event.tid() == WANDERER.cast_unsigned() {
            self.all.insert(WANDERER, thread(WANDERER, 2, 1, &["as CGROUP says"]));
        }
        Ok(())
    }
}

const STATIC: [(&CStr, StateType); 8] = [
    (c"vpid", StateType::INT64),
    (c"vtid", StateType::INT64),
    (c"ptid", StateType::INT64),
    (c"pidns_init_start_ts", StateType::UINT64),
    (c"exe", StateType::STRING),
    (c"args", StateType::TABLE),
    (c"cgroups", StateType::TABLE),
    (c"lanner_cgroups", StateType::UINT64),
];
const ARGS: u32 = 1;
const CGROUPS: u32 = 2;
/// The entry that is made for finding out about sub-tables.
const BLANK: u64 = u64::MAX;

impl Threads {
    fn list(&self, t: TableRef) -> &'static [&'static str] {
        match self.all.get(&t.parent.0.cast_signed()) {
            Some(thread) if t.id == ARGS => thread.args,
            Some(thread) => thread.cgroups,
            None => &[],
        }
    }
}

impl ProvideTables for Threads {
    const TABLES: &'static [TableDecl] = &[TableDecl { id: 0, name: c"threads", key_type: StateType::INT64 }];

    fn sub_table(&self, id: u32) -> Option<TableDecl> {
        let name = if id == ARGS { c"args" } else { c"cgroups" };
        Some(TableDecl { id, name, key_type: StateType::UINT64 })
    }
    fn table_fields(&mut self, id: u32) -> Vec<FieldSpec> {
        let spec = |name: &CStr, ty| FieldSpec { name: name.into(), ty, read_only: true };
        match id {
            ARGS => vec![spec(c"value", StateType::STRING)],
            CGROUPS => vec![spec(c"first", StateType::STRING), spec(c"second", StateType::STRING)],
            _ => STATIC.iter().copied().chain(self.added.iter()).map(|(n, ty)| spec(n, ty)).collect(),
        }
    }
    fn add_table_field(&mut self, _: u32, name: &CStr, ty: StateType) -> Result<u32, TableFault> {
        Ok(self.added.add(name, ty)? + STATIC.len() as u32)
    }
    fn table_size(&mut self, t: TableRef) -> u64 {
        if t.id == 0 { self.all.len() as u64 } else { self.list(t).len() as u64 }
    }
    fn entry(&mut self, t: TableRef, key: StateValue<'_>) -> Option<EntryRef> {
        assert_eq!(t.id, 0);
        key.as_i64().filter(|k| self.all.contains_key(k)).map(|k| EntryRef(k.cast_unsigned()))
    }
    fn entries(&mut self, t: TableRef, out: &mut Vec<EntryRef>) {
        match t.id {
            0 => out.extend(self.all.keys().map(|k| EntryRef(k.cast_unsigned()))),
            CGROUPS if self.all.contains_key(&t.parent.0.cast_signed()) => {
                WALKS.set(WALKS.get() + 1);
                out.extend((0..self.list(t).len() as u64).map(EntryRef));
            }
            _ => out.extend((0..self.list(t).len() as u64).map(EntryRef)),
        }
    }
    fn read_field(&mut self, t: TableRef, e: EntryRef, f: u32, out: &mut StateOut<'_>) -> Result<(), TableFault> {
        if t.id == CGROUPS && t.parent.0 == WANDERER.cast_unsigned() {
            CGROUP.with_borrow(|cgroup| out.str_bytes(cgroup.as_bytes()));
            return Ok(());
        }
        if t.id != 0 {
            out.str_bytes(self.list(t).get(e.0 as usize).ok_or(TableFault::NoEntry)?.as_bytes());
            return Ok(());
        }
        if e.0 == BLANK {
            out.table(if f == 5 { ARGS } else { CGROUPS }, e);
            return Ok(());
        }
        let thread = self.all.get(&e.0.cast_signed()).ok_or(TableFault::NoEntry)?;
        match f {
            0 | 1 => out.i64(thread.vpid),
            2 => out.i64(thread.ptid),
            3 => out.u64(if thread.tid == 1 { 0 } else { 1000 }),
            4 => out.str_bytes(thread.exe.as_bytes()),
            5 => out.table(ARGS, e),
            6 => out.table(CGROUPS, e),
            // The first one in a container has no number: what others do not say is found out each time.
            7 => out.u64(match thread.tid {
                20 | WANDERER => 0,
                21..=23 => 2,
                other => other.cast_unsigned() + 10,
            }),
            f => return thread.dynamic.read(&self.added, f - 8, out),
        }
        Ok(())
    }
    fn write_field(&mut self, _: TableRef, e: EntryRef, f: u32, v: StateValue<'_>) -> Result<(), TableFault> {
        let thread = self.all.get_mut(&e.0.cast_signed()).ok_or(TableFault::NoEntry)?;
        thread.dynamic.write(&self.added, f.checked_sub(8).ok_or(TableFault::ReadOnly)?, v)
    }
    fn create_entry(&mut self, _: TableRef) -> Result<EntryRef, TableFault> {
        Ok(EntryRef(BLANK))
    }
}

export_plugin!(Threads: parse, tables);
