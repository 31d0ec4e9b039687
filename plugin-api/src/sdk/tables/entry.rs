//! Entries of tables and accessors of their fields.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use super::{Sub, Table, TableError, TableReader, TableValue, TableWriter};
use crate::raw::{self, Rc, StateData};
use crate::sdk::host::HostRef;

/// Accessor of a field of type `T`. Got in [`crate::sdk::Plugin::new`] and kept in the plugin.
pub struct Field<T: ?Sized> {
    ptr: NonNull<raw::TableField>,
    _type: PhantomData<fn() -> PhantomData<T>>,
}

impl<T: ?Sized> Field<T> {
    pub(super) fn from_raw(ptr: *mut raw::TableField) -> Option<Self> {
        Some(Self { ptr: NonNull::new(ptr)?, _type: PhantomData })
    }
}

/// An entry, without the duty to give it back.
#[derive(Clone, Copy)]
pub struct EntryView<'t> {
    reader: TableReader<'t>,
    table: NonNull<raw::Table>,
    entry: NonNull<raw::TableEntry>,
}

impl<'t> EntryView<'t> {
    pub(super) fn new(
        reader: TableReader<'t>,
        table: NonNull<raw::Table>,
        entry: NonNull<raw::TableEntry>,
    ) -> EntryView<'t> {
        Self { reader, table, entry }
    }

    /// Reads a field. A text is valid while the entry is held and that field of it is not written.
    ///
    /// # Errors
    /// The host cannot read it.
    pub fn read<'e, T: TableValue + ?Sized>(&'e self, field: &Field<T>) -> Result<T::Value<'e>, TableError> {
        let f = self.reader.vt.and_then(|v| v.read_entry_field).ok_or(TableError::Unavailable("read_entry_field"))?;
        let mut out = StateData::ZERO;
        // SAFETY: table, entry and field come from this host; the entry is held.
        let rc = unsafe { f(self.table.as_ptr(), self.entry.as_ptr(), field.ptr.as_ptr(), &mut out) };
        done(rc, "reading a field", self.reader.host)?;
        // SAFETY: on success the member of the field's type is set, and an address is valid while the entry is held.
        unsafe { T::from_data(out) }.ok_or(TableError::Null("field"))
    }

    /// The sub-table in a field.
    ///
    /// # Errors
    /// The host cannot read it.
    pub fn table<'e, K: TableValue + ?Sized>(&'e self, field: &Field<Sub<K>>) -> Result<SubTable<'e, K>, TableError> {
        let ptr = NonNull::new(self.read(field)?).ok_or(TableError::Null("sub-table"))?;
        Ok(SubTable { table: Table::from_raw(ptr), _entry: PhantomData })
    }

    /// Writes a field.
    ///
    /// # Errors
    /// The field is read-only, or the host cannot write it.
    pub fn write<T: TableValue + ?Sized>(
        &self,
        writer: &TableWriter<'_>,
        field: &Field<T>,
        value: T::Value<'_>,
    ) -> Result<(), TableError> {
        let f = writer.vt.and_then(|v| v.write_entry_field).ok_or(TableError::Unavailable("write_entry_field"))?;
        let value = T::to_data(value);
        // SAFETY: table, entry and field come from this host; the value is of the field's type.
        let rc = unsafe { f(self.table.as_ptr(), self.entry.as_ptr(), field.ptr.as_ptr(), &value) };
        done(rc, "writing a field", writer.host)
    }
}

/// An entry of a table; given back when dropped.
pub struct Entry<'t>(EntryView<'t>);

impl<'t> Entry<'t> {
    pub(super) fn new(reader: TableReader<'t>, table: NonNull<raw::Table>, entry: NonNull<raw::TableEntry>) -> Self {
        Self(EntryView::new(reader, table, entry))
    }
}

impl<'t> Deref for Entry<'t> {
    type Target = EntryView<'t>;

    fn deref(&self) -> &EntryView<'t> {
        &self.0
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(release) = self.0.reader.vt.and_then(|v| v.release_table_entry) {
            // SAFETY: the entry came from this table and is given back exactly once.
            unsafe { release(self.0.table.as_ptr(), self.0.entry.as_ptr()) }
        }
    }
}

/// An entry that is not in its table yet; thrown away when dropped.
pub struct NewEntry<'t, K: ?Sized> {
    view: EntryView<'t>,
    writer: TableWriter<'t>,
    _key: PhantomData<fn() -> PhantomData<K>>,
}

impl<'t, K: TableValue + ?Sized> NewEntry<'t, K> {
    pub(super) fn new(view: EntryView<'t>, writer: TableWriter<'t>) -> Self {
        Self { view, writer, _key: PhantomData }
    }

    /// The entry, for reading.
    #[must_use]
    pub fn view(&self) -> &EntryView<'t> {
        &self.view
    }

    /// Writes a field.
    ///
    /// # Errors
    /// As [`EntryView::write`].
    pub fn set<T: TableValue + ?Sized>(&self, field: &Field<T>, value: T::Value<'_>) -> Result<(), TableError> {
        self.view.write(&self.writer, field, value)
    }

    /// Puts the entry into the table, in the place of one that has the same key.
    ///
    /// # Errors
    /// The table does not take it.
    pub fn insert(self, key: K::Value<'_>) -> Result<Entry<'t>, TableError> {
        let f = self.writer.vt.and_then(|v| v.add_table_entry).ok_or(TableError::Unavailable("add_table_entry"))?;
        // The entry belongs to the table from here on, whether adding succeeds or not.
        let this = ManuallyDrop::new(self);
        let view = this.view;
        let key = K::to_data(key);
        // SAFETY: the entry was created by this table; the key is of its type.
        match NonNull::new(unsafe { f(view.table.as_ptr(), &key, view.entry.as_ptr()) }) {
            Some(entry) => Ok(Entry::new(view.reader, view.table, entry)),
            None => Err(TableError::Operation { what: "adding an entry", reason: this.writer.host.error_text() }),
        }
    }
}

impl<K: ?Sized> Drop for NewEntry<'_, K> {
    fn drop(&mut self) {
        if let Some(destroy) = self.writer.vt.and_then(|v| v.destroy_table_entry) {
            // SAFETY: the entry was created by this table and was not added to it.
            unsafe { destroy(self.view.table.as_ptr(), self.view.entry.as_ptr()) }
        }
    }
}

/// A table inside an entry, valid while the entry is held.
pub struct SubTable<'e, K: ?Sized> {
    table: Table<K>,
    _entry: PhantomData<&'e ()>,
}

impl<K: ?Sized> Deref for SubTable<'_, K> {
    type Target = Table<K>;

    fn deref(&self) -> &Table<K> {
        &self.table
    }
}

pub(super) fn done(rc: Rc, what: &'static str, host: HostRef) -> Result<(), TableError> {
    if rc == Rc::SUCCESS { Ok(()) } else { Err(TableError::Operation { what, reason: host.error_text() }) }
}
