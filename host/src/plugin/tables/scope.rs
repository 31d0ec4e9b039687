//! What happens on tables during one call into a plugin, undone when the call returns.
//!
//! The record is kept per thread: a call runs on one thread, and so do the table functions that it calls. Nothing is
//! locked for it, and nothing is allocated once the vectors have grown to what a call needs.

use std::cell::RefCell;
use std::ffi::{CString, c_char};

use lanner_plugin_api::raw::{DestroyTableEntryFn, Table, TableEntry};

use super::handle::{Handle, Target};
use crate::plugin::error::TableFault;
use crate::plugin::owner::Owner;

/// An entry that a plugin holds, and how to take it back. `release` and `destroy` have the same signature.
struct Held {
    table: *mut Table,
    entry: *mut TableEntry,
    give_back: DestroyTableEntryFn,
}

/// Why the last table call of a plugin on this thread failed.
enum LastError {
    None,
    Text(CString),
    /// The owner of the table knows; it is asked only if the user asks.
    Provider(*const Owner),
}

struct Record {
    depth: u32,
    held: Vec<Held>,
    /// Handles of sub-tables: the first `used` are live.
    #[allow(clippy::vec_box, reason = "plugins hold the addresses of the handles")]
    ephemerals: Vec<Box<Handle>>,
    used: usize,
    failed: *const Owner,
    error: LastError,
}

/// Ephemeral handles kept for reuse; a call that reads more sub-tables gives the rest back.
const KEEP: usize = 256;

thread_local! {
    static RECORD: RefCell<Record> = const {
        RefCell::new(Record {
            depth: 0,
            held: Vec::new(),
            ephemerals: Vec::new(),
            used: 0,
            failed: std::ptr::null(),
            error: LastError::None,
        })
    };
}

/// Marks that a call into a plugin is under way on this thread.
pub(in crate::plugin) struct CallScope {
    held: usize,
    used: usize,
    _this_thread: std::marker::PhantomData<*const ()>,
}

impl CallScope {
    #[inline]
    pub(in crate::plugin) fn enter() -> Self {
        RECORD.with_borrow_mut(|r| {
            r.depth += 1;
            Self { held: r.held.len(), used: r.used, _this_thread: std::marker::PhantomData }
        })
    }
}

impl Drop for CallScope {
    #[inline]
    fn drop(&mut self) {
        // Giving back an entry calls into its owner, so the record is not borrowed meanwhile.
        while let Some(held) = RECORD.with_borrow_mut(|r| (r.held.len() > self.held).then(|| r.held.pop()).flatten()) {
            // SAFETY: the entry came from this table's owner during this call and was not given back.
            unsafe { (held.give_back)(held.table, held.entry) };
        }
        RECORD.with_borrow_mut(|r| {
            for handle in r.ephemerals.get(self.used..r.used).unwrap_or_default() {
                handle.expire();
            }
            r.used = self.used;
            r.ephemerals.truncate(KEEP.max(r.used));
            r.depth -= 1;
            if r.depth == 0 && matches!(r.error, LastError::Provider(_)) {
                r.error = LastError::None;
            }
        });
    }
}

/// Whether a call into a plugin is under way on this thread.
pub(super) fn require() -> Result<(), TableFault> {
    if RECORD.with_borrow(|r| r.depth > 0) { Ok(()) } else { Err(TableFault::OutsideCall) }
}

pub(super) fn hold(table: *mut Table, entry: *mut TableEntry, give_back: DestroyTableEntryFn) {
    RECORD.with_borrow_mut(|r| r.held.push(Held { table, entry, give_back }));
}

/// Forgets an entry that the plugin gives back itself; false if it does not hold it. The last taken is found first.
pub(super) fn let_go(table: *mut Table, entry: *mut TableEntry) -> bool {
    RECORD.with_borrow_mut(|r| match r.held.iter().rposition(|h| h.entry == entry && h.table == table) {
        Some(at) => {
            r.held.remove(at);
            true
        }
        None => false,
    })
}

/// A handle that lives until the running call returns.
pub(super) fn ephemeral(target: Target, provider: *const Owner, user: *const Owner) -> *mut Table {
    RECORD.with_borrow_mut(|r| {
        let at = r.used;
        r.used += 1;
        match r.ephemerals.get_mut(at) {
            Some(handle) => {
                handle.revive(target, provider, user);
                handle.as_table()
            }
            None => {
                let handle = Handle::ephemeral(target, provider, user);
                let table = handle.as_table();
                r.ephemerals.push(handle);
                table
            }
        }
    })
}

pub(super) fn set_error(user: *const Owner, fault: &TableFault) {
    let text = CString::new(fault.to_string().replace('\0', " ")).unwrap_or_default();
    RECORD.with_borrow_mut(|r| (r.failed, r.error) = (user, LastError::Text(text)));
}

pub(super) fn set_error_of_provider(user: *const Owner, provider: *const Owner) {
    RECORD.with_borrow_mut(|r| (r.failed, r.error) = (user, LastError::Provider(provider)));
}

/// The text of the last failure of `user` on this thread; null if there was none.
pub(in crate::plugin) fn last_error(user: *const Owner) -> *const c_char {
    let provider = RECORD.with_borrow(|r| match &r.error {
        LastError::Provider(provider) if r.failed == user => Some(*provider),
        _ => None,
    });
    if let Some(provider) = provider {
        // SAFETY: the provider of a table outlives the call during which its table was used, and the record is
        // cleared when that call returns.
        let text = unsafe { &*provider }.last_error_text().unwrap_or_default();
        let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
        RECORD.with_borrow_mut(|r| r.error = LastError::Text(text));
    }
    RECORD.with_borrow(|r| match &r.error {
        // Null: the handle was none, so it is not known whose call failed; the one who asks right after it was.
        LastError::Text(text) if (r.failed == user || r.failed.is_null()) && !text.is_empty() => text.as_ptr(),
        _ => std::ptr::null(),
    })
}
