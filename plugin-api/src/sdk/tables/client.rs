//! Using tables that the host or other plugins offer.

use core::ffi::CStr;
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{Entry, EntryView, Field, NewEntry, Sub, TableError, TableValue};
use crate::raw::{self, StateType};
use crate::sdk::host::HostRef;

/// A table whose keys are of type `K`. Got in [`crate::sdk::Plugin::new`] and kept in the plugin.
pub struct Table<K: ?Sized> {
    pub(super) ptr: NonNull<raw::Table>,
    _key: PhantomData<fn() -> PhantomData<K>>,
}

/// Reading of tables, for the length of one call.
#[derive(Clone, Copy)]
pub struct TableReader<'c> {
    pub(super) host: HostRef,
    pub(super) vt: Option<&'c raw::TableReaderVtableExt>,
}

/// Writing of tables, for the length of one call.
#[derive(Clone, Copy)]
pub struct TableWriter<'c> {
    pub(super) host: HostRef,
    pub(super) vt: Option<&'c raw::TableWriterVtableExt>,
}

impl<'c> TableReader<'c> {
    /// # Safety
    /// The vtable is null or valid for `'c`; its functions belong to the host.
    pub(crate) unsafe fn new(host: HostRef, vt: *const raw::TableReaderVtableExt) -> Self {
        // SAFETY: the caller vouches for it.
        Self { host, vt: unsafe { vt.as_ref() } }
    }
}

impl<'c> TableWriter<'c> {
    /// # Safety
    /// The vtable is null or valid for `'c`; its functions belong to the host.
    pub(crate) unsafe fn new(host: HostRef, vt: *const raw::TableWriterVtableExt) -> Self {
        // SAFETY: the caller vouches for it.
        Self { host, vt: unsafe { vt.as_ref() } }
    }
}

/// Tables while the plugin is being made.
pub struct InitTables<'c> {
    host: HostRef,
    raw: &'c raw::InitTablesInput,
    fields: Option<&'c raw::TableFieldsVtableExt>,
    /// Reading.
    pub reader: TableReader<'c>,
    /// Writing.
    pub writer: TableWriter<'c>,
}

impl<'c> InitTables<'c> {
    /// # Safety
    /// `raw` and the vtables that it points at are valid for `'c`; their functions belong to the host.
    pub(crate) unsafe fn new(host: HostRef, raw: &'c raw::InitTablesInput) -> Self {
        // SAFETY: the caller vouches for the pointers.
        unsafe {
            Self {
                host,
                raw,
                fields: raw.fields_ext.as_ref(),
                reader: TableReader::new(host, raw.reader_ext),
                writer: TableWriter::new(host, raw.writer_ext),
            }
        }
    }

    /// Names and key types of all tables.
    ///
    /// # Errors
    /// The host cannot list them.
    pub fn list(&self) -> Result<Vec<(String, StateType)>, TableError> {
        let list = self.raw.list_tables.ok_or(TableError::Unavailable("list_tables"))?;
        let mut n = 0;
        // SAFETY: owner and function come from the input of this call.
        let infos = unsafe { list(self.host.owner, &mut n) };
        if infos.is_null() {
            return if n == 0 { Ok(Vec::new()) } else { Err(TableError::Null("list of tables")) };
        }
        // SAFETY: a non-null array has as many elements as the host says.
        let infos = unsafe { core::slice::from_raw_parts(infos, n as usize) };
        // SAFETY: names are texts of the host.
        Ok(infos.iter().map(|i| (unsafe { text(i.name) }, i.key_type)).collect())
    }

    /// A table by its name.
    ///
    /// # Errors
    /// There is none of that name with keys of type `K`.
    pub fn get<K: TableValue + ?Sized>(&self, name: &CStr) -> Result<Table<K>, TableError> {
        let get = self.raw.get_table.ok_or(TableError::Unavailable("get_table"))?;
        // SAFETY: owner and function come from the input of this call; the name is NUL-terminated.
        let table = unsafe { get(self.host.owner, name.as_ptr(), K::TYPE) };
        match NonNull::new(table) {
            Some(ptr) => Ok(Table { ptr, _key: PhantomData }),
            None => {
                Err(TableError::Table { name: name.to_string_lossy().into_owned(), reason: self.host.error_text() })
            }
        }
    }

    /// Offers a table of the plugin to others.
    pub(crate) fn add(&self, input: &raw::TableInput) -> Result<(), TableError> {
        let add = self.raw.add_table.ok_or(TableError::Unavailable("add_table"))?;
        // SAFETY: owner and function come from the input of this call; what `input` points at lives as long as the
        // plugin.
        match unsafe { add(self.host.owner, input) } {
            raw::Rc::SUCCESS => Ok(()),
            // SAFETY: the name is the plugin's own.
            _ => Err(TableError::Table { name: unsafe { text(input.name) }, reason: self.host.error_text() }),
        }
    }
}

/// # Safety
/// Null or a NUL-terminated text.
unsafe fn text(p: *const core::ffi::c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    // SAFETY: the caller vouches for it.
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

impl<K: TableValue + ?Sized> Table<K> {
    pub(super) fn from_raw(ptr: NonNull<raw::Table>) -> Self {
        Self { ptr, _key: PhantomData }
    }

    /// Fields of the entries: name, type, whether read-only.
    ///
    /// # Errors
    /// The host cannot list them.
    pub fn list_fields(&self, init: &InitTables<'_>) -> Result<Vec<(String, StateType, bool)>, TableError> {
        let list = init.fields.and_then(|v| v.list_table_fields).ok_or(TableError::Unavailable("list_table_fields"))?;
        let mut n = 0;
        // SAFETY: the table comes from this host.
        let infos = unsafe { list(self.ptr.as_ptr(), &mut n) };
        if infos.is_null() {
            return if n == 0 { Ok(Vec::new()) } else { Err(TableError::Null("list of fields")) };
        }
        // SAFETY: a non-null array has as many elements as the host says.
        let infos = unsafe { core::slice::from_raw_parts(infos, n as usize) };
        // SAFETY: names are texts of the host.
        Ok(infos.iter().map(|i| (unsafe { text(i.name) }, i.field_type, i.read_only.get())).collect())
    }

    /// Accessor of a field.
    ///
    /// # Errors
    /// There is no field of that name and type.
    pub fn field<T: TableValue + ?Sized>(&self, init: &InitTables<'_>, name: &CStr) -> Result<Field<T>, TableError> {
        let get = init.fields.and_then(|v| v.get_table_field).ok_or(TableError::Unavailable("get_table_field"))?;
        self.field_with(init, get, name)
    }

    /// Adds a field to the entries, or finds the one that was added under that name with the same type.
    ///
    /// # Errors
    /// The name is taken by a field of another type, or the table does not take fields.
    pub fn add_field<T: TableValue + ?Sized>(
        &self,
        init: &InitTables<'_>,
        name: &CStr,
    ) -> Result<Field<T>, TableError> {
        let add = init.fields.and_then(|v| v.add_table_field).ok_or(TableError::Unavailable("add_table_field"))?;
        self.field_with(init, add, name)
    }

    fn field_with<T: TableValue + ?Sized>(
        &self,
        init: &InitTables<'_>,
        function: raw::TableFieldFn,
        name: &CStr,
    ) -> Result<Field<T>, TableError> {
        // SAFETY: the table comes from this host; the name is NUL-terminated.
        let field = unsafe { function(self.ptr.as_ptr(), name.as_ptr(), T::TYPE) };
        Field::from_raw(field).ok_or_else(|| TableError::Field {
            name: name.to_string_lossy().into_owned(),
            ty: T::TYPE,
            reason: init.host.error_text(),
        })
    }

    /// Accessor of a field of the sub-tables that the entries of this table have in `sub`.
    ///
    /// The API gives accessors only from a table, and a sub-table only from an entry; so an entry is made for that
    /// and thrown away.
    ///
    /// # Errors
    /// No entry can be made, or there is no such field.
    pub fn sub_field<S: TableValue + ?Sized, T: TableValue + ?Sized>(
        &self,
        init: &InitTables<'_>,
        sub: &Field<Sub<S>>,
        name: &CStr,
    ) -> Result<Field<T>, TableError> {
        let entry = self.create(&init.reader, &init.writer)?;
        entry.view().table(sub)?.field(init, name)
    }

    /// Name of the table.
    ///
    /// # Errors
    /// The host does not say.
    pub fn name(&self, reader: &TableReader<'_>) -> Result<String, TableError> {
        let f = reader.vt.and_then(|v| v.get_table_name).ok_or(TableError::Unavailable("get_table_name"))?;
        // SAFETY: the table comes from this host.
        let name = unsafe { f(self.ptr.as_ptr()) };
        if name.is_null() {
            return Err(TableError::Null("name of a table"));
        }
        // SAFETY: a text of the host.
        Ok(unsafe { text(name) })
    }

    /// Number of entries.
    ///
    /// # Errors
    /// The host does not say.
    pub fn size(&self, reader: &TableReader<'_>) -> Result<u64, TableError> {
        let f = reader.vt.and_then(|v| v.get_table_size).ok_or(TableError::Unavailable("get_table_size"))?;
        // SAFETY: the table comes from this host.
        match unsafe { f(self.ptr.as_ptr()) } {
            u64::MAX => Err(TableError::Operation { what: "size of a table", reason: reader.host.error_text() }),
            n => Ok(n),
        }
    }

    /// The entry with this key; `None` if there is none. It is given back when dropped.
    #[must_use]
    pub fn entry<'t>(&'t self, reader: &'t TableReader<'_>, key: K::Value<'_>) -> Option<Entry<'t>> {
        let f = reader.vt?.get_table_entry?;
        let key = K::to_data(key);
        // SAFETY: the table comes from this host; the key is of its type.
        let entry = NonNull::new(unsafe { f(self.ptr.as_ptr(), &key) })?;
        Some(Entry::new(*reader, self.ptr, entry))
    }

    /// Calls `visit` for each entry until it returns `false`.
    ///
    /// # Errors
    /// The host cannot iterate this table.
    pub fn for_each(
        &self,
        reader: &TableReader<'_>,
        mut visit: impl FnMut(&EntryView<'_>) -> bool,
    ) -> Result<(), TableError> {
        let f = reader.vt.and_then(|v| v.iterate_entries).ok_or(TableError::Unavailable("iterate_entries"))?;
        let mut walk = Walk { reader: *reader, table: self.ptr, visit: &mut visit, stopped: false, panic: None };
        // SAFETY: the table comes from this host; `walk` outlives the call.
        let all = unsafe { f(self.ptr.as_ptr(), Some(step), (&raw mut walk).cast()) };
        if let Some(payload) = walk.panic {
            resume_unwind(payload);
        }
        if all.get() || walk.stopped {
            return Ok(());
        }
        Err(TableError::Operation { what: "iterating a table", reason: reader.host.error_text() })
    }

    /// Makes an entry which is not in the table yet. Without [`NewEntry::insert`] it is thrown away.
    ///
    /// # Errors
    /// The table takes no entries.
    pub fn create<'t>(
        &'t self,
        reader: &'t TableReader<'_>,
        writer: &'t TableWriter<'_>,
    ) -> Result<NewEntry<'t, K>, TableError> {
        let f = writer.vt.and_then(|v| v.create_table_entry).ok_or(TableError::Unavailable("create_table_entry"))?;
        // SAFETY: the table comes from this host.
        match NonNull::new(unsafe { f(self.ptr.as_ptr()) }) {
            Some(entry) => Ok(NewEntry::new(EntryView::new(*reader, self.ptr, entry), *writer)),
            None => Err(TableError::Operation { what: "creating an entry", reason: writer.host.error_text() }),
        }
    }

    /// Removes the entry with this key.
    ///
    /// # Errors
    /// There is none, or the table gives none away.
    pub fn erase(&self, writer: &TableWriter<'_>, key: K::Value<'_>) -> Result<(), TableError> {
        let f = writer.vt.and_then(|v| v.erase_table_entry).ok_or(TableError::Unavailable("erase_table_entry"))?;
        // SAFETY: the table comes from this host; the key is of its type.
        let rc = unsafe { f(self.ptr.as_ptr(), &K::to_data(key)) };
        super::entry::done(rc, "erasing an entry", writer.host)
    }

    /// Removes all entries.
    ///
    /// # Errors
    /// The table cannot be emptied.
    pub fn clear(&self, writer: &TableWriter<'_>) -> Result<(), TableError> {
        let f = writer.vt.and_then(|v| v.clear_table).ok_or(TableError::Unavailable("clear_table"))?;
        // SAFETY: the table comes from this host.
        super::entry::done(unsafe { f(self.ptr.as_ptr()) }, "clearing a table", writer.host)
    }
}

/// An iteration, as its callback sees it.
struct Walk<'a> {
    reader: TableReader<'a>,
    table: NonNull<raw::Table>,
    visit: &'a mut dyn FnMut(&EntryView<'_>) -> bool,
    stopped: bool,
    panic: Option<Box<dyn Any + Send>>,
}

unsafe extern "C" fn step(state: *mut raw::IteratorState, entry: *mut raw::TableEntry) -> raw::Bool {
    // SAFETY: `for_each` passes its own `Walk`, and nobody else refers to it during the call.
    let Some(walk) = (unsafe { state.cast::<Walk<'_>>().as_mut() }) else { return raw::Bool::FALSE };
    let Some(entry) = NonNull::new(entry) else { return raw::Bool::TRUE };
    let view = EntryView::new(walk.reader, walk.table, entry);
    let more = match catch_unwind(AssertUnwindSafe(|| (walk.visit)(&view))) {
        Ok(more) => more,
        Err(payload) => {
            walk.panic = Some(payload);
            false
        }
    };
    walk.stopped = !more;
    more.into()
}
