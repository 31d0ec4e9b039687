//! The table `threads` with its sub-tables, as other plugins see them.
//!
//! An entry of `threads` is named by its thread id, so that it may vanish while somebody holds it; one that was made and
//! not added yet by its place in [`Created`], with the highest bit set.

mod fds;
mod lists;
mod thread;

use core::ffi::CStr;

use lanner_plugin_api::raw::StateType;
use lanner_plugin_api::sdk::{
    EntryRef, FieldSpec, ProvideTables, StateOut, StateValue, TableDecl, TableFault, TableRef,
};

use super::Syscall;
use crate::state::Thread;
use crate::state::table::{DynField, DynFields, DynValue, DynValues};
use crate::state::zstr::ZStr;

const THREADS: u32 = 0;
const ARGS: u32 = 1;
const ENV: u32 = 2;
const CGROUPS: u32 = 3;
const FDS: u32 = 4;

/// Marks the name of a thread that is not in the table.
const CREATED: u64 = 1 << 63;
/// Threads that may be made without being added. They live until the end of a callback; more is a fault of the plugin.
const MAX_CREATED: usize = 1024;

/// Threads that were made and not added yet.
#[derive(Default)]
pub(super) struct Created(Vec<Option<Box<Thread>>>);

impl Created {
    fn make(&mut self) -> Option<EntryRef> {
        let thread = Some(Box::new(Thread::new(-1)));
        let at = match self.0.iter().position(Option::is_none) {
            Some(free) => {
                self.0[free] = thread;
                free
            }
            None if self.0.len() < MAX_CREATED => {
                self.0.push(thread);
                self.0.len() - 1
            }
            None => return None,
        };
        Some(EntryRef(at as u64 | CREATED))
    }

    fn slot(&mut self, entry: EntryRef) -> Option<&mut Option<Box<Thread>>> {
        if entry.0 & CREATED == 0 {
            return None;
        }
        self.0.get_mut(usize::try_from(entry.0 & !CREATED).ok()?)
    }
}

/// The thread id that names an entry of the table.
fn tid_of(entry: EntryRef) -> Option<i64> {
    if entry.0 & CREATED != 0 { None } else { i64::try_from(entry.0).ok() }
}

impl Syscall {
    fn thread(&self, entry: EntryRef) -> Result<&Thread, TableFault> {
        let found = match tid_of(entry) {
            Some(tid) => self.state.thread(tid),
            None => usize::try_from(entry.0 & !CREATED).ok().and_then(|i| self.created.0.get(i)?.as_deref()),
        };
        found.ok_or(TableFault::NoEntry)
    }

    fn thread_mut(&mut self, entry: EntryRef) -> Result<&mut Thread, TableFault> {
        let found = match tid_of(entry) {
            Some(tid) => self.state.thread_mut(tid),
            None => self.created.slot(entry).and_then(Option::as_deref_mut),
        };
        found.ok_or(TableFault::NoEntry)
    }

    fn dynamic_fields(&mut self, id: u32) -> Option<&mut DynFields> {
        match id {
            THREADS => Some(&mut self.state.thread_fields),
            FDS => Some(&mut self.state.fd_fields),
            _ => None,
        }
    }
}

/// Name, type and read-only of each field of a table, in the order of their numbers.
type StaticFields = &'static [(&'static CStr, StateType, bool)];

fn static_fields(id: u32) -> StaticFields {
    match id {
        THREADS => thread::FIELDS,
        ARGS | ENV => lists::TEXT_FIELDS,
        CGROUPS => lists::CGROUP_FIELDS,
        FDS => fds::FIELDS,
        _ => &[],
    }
}

/// A field that is not one of the table's own: its number among the added ones.
fn added(id: u32, field: u32) -> Option<usize> {
    usize::try_from(field).ok()?.checked_sub(static_fields(id).len())
}

impl ProvideTables for Syscall {
    const TABLES: &'static [TableDecl] = &[TableDecl { id: THREADS, name: c"threads", key_type: StateType::INT64 }];

    fn sub_table(&self, id: u32) -> Option<TableDecl> {
        let (name, key_type) = match id {
            ARGS => (c"args", StateType::UINT64),
            ENV => (c"env", StateType::UINT64),
            CGROUPS => (c"cgroups", StateType::UINT64),
            FDS => (c"file_descriptors", StateType::INT64),
            _ => return None,
        };
        Some(TableDecl { id, name, key_type })
    }

    fn table_fields(&mut self, id: u32) -> Vec<FieldSpec> {
        let own = static_fields(id).iter().map(|&(name, ty, read_only)| FieldSpec { name: name.into(), ty, read_only });
        let added = self.dynamic_fields(id).map(|d| d.list()).unwrap_or_default().iter().map(|f| FieldSpec {
            name: std::ffi::CString::new(&*f.name).unwrap_or_default(),
            ty: StateType(f.ty),
            read_only: false,
        });
        own.chain(added).collect()
    }

    fn add_table_field(&mut self, id: u32, name: &CStr, ty: StateType) -> Result<u32, TableFault> {
        let own = static_fields(id);
        if own.iter().any(|f| f.0 == name) {
            return Err(TableFault::FieldTaken);
        }
        let name = name.to_str().map_err(|_| TableFault::NotSupported)?;
        if ty == StateType::TABLE || ty.name().is_none() {
            return Err(TableFault::FieldType);
        }
        let fields = self.dynamic_fields(id).ok_or(TableFault::NotSupported)?;
        let number = fields.add(name, ty.0).ok_or(TableFault::FieldType)?;
        u32::try_from(own.len() + number).map_err(|_| TableFault::Full)
    }

    fn table_size(&mut self, table: TableRef) -> u64 {
        match table.id {
            THREADS => self.state.len() as u64,
            FDS => self.thread(table.parent).map_or(0, |t| self.state.fd_count(t) as u64),
            id => self.thread(table.parent).map_or(0, |t| lists::len(&self.state, t, id)),
        }
    }

    fn entry(&mut self, table: TableRef, key: StateValue<'_>) -> Option<EntryRef> {
        match table.id {
            THREADS => {
                let tid = key.as_i64().filter(|&tid| tid >= 0)?;
                self.state.thread(tid).map(|t| EntryRef(t.tid.cast_unsigned()))
            }
            FDS => {
                let fd = key.as_i64()?;
                let thread = self.thread(table.parent).ok()?;
                self.state.fd_of(thread, fd).map(|_| EntryRef(fd.cast_unsigned()))
            }
            id => {
                let at = key.as_u64()?;
                let thread = self.thread(table.parent).ok()?;
                (at < lists::len(&self.state, thread, id)).then_some(EntryRef(at))
            }
        }
    }

    fn entries(&mut self, table: TableRef, out: &mut Vec<EntryRef>) {
        match table.id {
            THREADS => {
                out.extend(self.state.threads().filter(|t| t.tid >= 0).map(|t| EntryRef(t.tid.cast_unsigned())));
            }
            FDS => {
                if let Ok(thread) = self.thread(table.parent) {
                    out.extend(self.state.fds_of(thread).map(|(fd, _)| EntryRef(fd.cast_unsigned())));
                }
            }
            id => {
                let len = self.thread(table.parent).map_or(0, |t| lists::len(&self.state, t, id));
                out.extend((0..len).map(EntryRef));
            }
        }
    }

    fn read_field(
        &mut self,
        table: TableRef,
        entry: EntryRef,
        field: u32,
        out: &mut StateOut<'_>,
    ) -> Result<(), TableFault> {
        match (table.id, added(table.id, field)) {
            (THREADS, None) => {
                let thread = self.thread(entry)?;
                thread::read(&self.state, thread, entry, field, out)
            }
            (THREADS, Some(n)) => read_added(&self.state.thread_fields, &self.thread(entry)?.dynamic, n, out),
            (FDS, n) => {
                let thread = self.thread(table.parent)?;
                let number = entry.0.cast_signed();
                let fd = self.state.fd_of(thread, number).ok_or(TableFault::NoEntry)?;
                match n {
                    None => fds::read(fd, number, field, out),
                    Some(n) => read_added(&self.state.fd_fields, &fd.dynamic, n, out),
                }
            }
            (id, _) => lists::read(&self.state, self.thread(table.parent)?, id, entry.0, field, out),
        }
    }

    fn write_field(
        &mut self,
        table: TableRef,
        entry: EntryRef,
        field: u32,
        value: StateValue<'_>,
    ) -> Result<(), TableFault> {
        match (table.id, added(table.id, field)) {
            (THREADS, None) => thread::write(self.thread_mut(entry)?, tid_of(entry).is_none(), field, value),
            (THREADS, Some(n)) if has_text(self.thread(entry)?.dynamic.get(n), value) => {
                description(&self.state.thread_fields, n).map(drop)
            }
            (THREADS, Some(n)) => {
                let value = added_value(&self.state.thread_fields, n, value)?;
                set_added(&mut self.thread_mut(entry)?.dynamic, n, value)
            }
            (FDS, Some(n)) => {
                let value = added_value(&self.state.fd_fields, n, value)?;
                let tid = self.thread(table.parent)?.tid;
                let fd = self.state.fd_mut(tid, entry.0.cast_signed()).ok_or(TableFault::NoEntry)?;
                set_added(&mut fd.dynamic, n, value)
            }
            _ => Err(TableFault::ReadOnly),
        }
    }

    fn create_entry(&mut self, table: TableRef) -> Result<EntryRef, TableFault> {
        match table.id {
            THREADS => self.created.make().ok_or(TableFault::Full),
            _ => Err(TableFault::NotSupported),
        }
    }

    fn destroy_entry(&mut self, _: TableRef, entry: EntryRef) {
        if let Some(slot) = self.created.slot(entry) {
            *slot = None;
        }
    }

    fn add_entry(&mut self, table: TableRef, key: StateValue<'_>, entry: EntryRef) -> Result<EntryRef, TableFault> {
        let made = self.created.slot(entry).and_then(Option::take).ok_or(TableFault::NoEntry)?;
        let tid = key.as_i64().filter(|&tid| tid >= 0 && table.id == THREADS).ok_or(TableFault::KeyType)?;
        let mut thread = *made;
        thread.tid = tid;
        self.state.add(thread).map(|_| EntryRef(tid.cast_unsigned())).ok_or(TableFault::Full)
    }

    fn erase_entry(&mut self, table: TableRef, key: StateValue<'_>) -> Result<(), TableFault> {
        let tid = key.as_i64().filter(|_| table.id == THREADS).ok_or(TableFault::NotSupported)?;
        self.state.thread(tid).ok_or(TableFault::NoEntry)?;
        self.state.remove_thread(tid);
        Ok(())
    }

    fn clear_table(&mut self, table: TableRef) -> Result<(), TableFault> {
        if table.id != THREADS {
            return Err(TableFault::NotSupported);
        }
        let tids: Vec<_> = self.state.threads().map(|t| t.tid).collect();
        tids.into_iter().for_each(|tid| self.state.remove_thread(tid));
        Ok(())
    }
}

fn description(fields: &DynFields, n: usize) -> Result<&DynField, TableFault> {
    fields.list().get(n).ok_or(TableFault::NoField)
}

/// Reads a field that a plugin added; one that was never written is zero or the empty text.
fn read_added(fields: &DynFields, values: &DynValues, n: usize, out: &mut StateOut<'_>) -> Result<(), TableFault> {
    let number = match values.get(n) {
        DynValue::Text(text) => {
            out.str_bytes(text.as_bytes());
            return Ok(());
        }
        DynValue::Int(number) => *number,
        DynValue::Unset => 0,
    };
    match StateType(description(fields, n)?.ty) {
        StateType::STRING => out.cstr(c""),
        StateType::BOOL => out.bool(number != 0),
        // Narrower numbers were extended when they were written; cutting gives them back.
        StateType::INT8 => out.i8(number as i8),
        StateType::INT16 => out.i16(number as i16),
        StateType::INT32 => out.i32(number as i32),
        StateType::INT64 => out.i64(number as i64),
        StateType::UINT8 => out.u8(number as u8),
        StateType::UINT16 => out.u16(number as u16),
        StateType::UINT32 => out.u32(number as u32),
        _ => out.u64(number),
    }
    Ok(())
}

/// The text is there already; the empty one is there before anything was written.
fn has_text(there: &DynValue, new: StateValue<'_>) -> bool {
    match (there, new) {
        (DynValue::Text(there), StateValue::Str(new)) => there.as_bytes() == new.to_bytes(),
        (DynValue::Unset, StateValue::Str(new)) => new.is_empty(),
        _ => false,
    }
}

fn added_value(fields: &DynFields, n: usize, value: StateValue<'_>) -> Result<DynValue, TableFault> {
    if description(fields, n)?.ty != value.ty().0 {
        return Err(TableFault::FieldType);
    }
    Ok(match value {
        StateValue::Str(text) => DynValue::Text(ZStr::new(text.to_bytes())),
        StateValue::Bool(b) => DynValue::Int(b.into()),
        value => DynValue::Int(value.as_u64().or(value.as_i64().map(i64::cast_unsigned)).ok_or(TableFault::FieldType)?),
    })
}

fn set_added(values: &mut DynValues, n: usize, value: DynValue) -> Result<(), TableFault> {
    if values.get(n) == &value || values.set(n, value) { Ok(()) } else { Err(TableFault::NoField) }
}
