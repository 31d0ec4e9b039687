//! What happens on tables during one call into a plugin, undone when the call returns.
//!
//! The record is kept per thread: a call runs on one thread, and so do the table functions that it calls. Nothing is
//! locked for it, and nothing is allocated once the vectors have grown to what a call needs.

use std::cell::{Cell, RefCell};
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
    held: Vec<Held>,
    /// Handles of sub-tables: the first [`Counts::used`] are live.
    #[allow(clippy::vec_box, reason = "plugins hold the addresses of the handles")]
    ephemerals: Vec<Box<Handle>>,
    failed: *const Owner,
    error: LastError,
}

/// How much of the record is in use. Apart from it, and without anything to drop, so that entering and leaving a call
/// that touches no table costs a few instructions: there are dozens of calls per event.
struct Counts {
    /// Calls under way, one inside the other.
    depth: Cell<u32>,
    /// Length of [`Record::held`].
    held: Cell<usize>,
    /// Live ones among [`Record::ephemerals`].
    used: Cell<usize>,
    /// Whether [`Record::error`] points to a provider.
    borrowed_error: Cell<bool>,
}

/// Ephemeral handles kept for reuse; a call that reads more sub-tables gives the rest back.
const KEEP: usize = 256;

thread_local! {
    static COUNTS: Counts = const {
        Counts { depth: Cell::new(0), held: Cell::new(0), used: Cell::new(0), borrowed_error: Cell::new(false) }
    };
    static RECORD: RefCell<Record> = const {
        RefCell::new(Record {
            held: Vec::new(),
            ephemerals: Vec::new(),
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
        COUNTS.with(|c| {
            c.depth.set(c.depth.get() + 1);
            Self { held: c.held.get(), used: c.used.get(), _this_thread: std::marker::PhantomData }
        })
    }
}

impl Drop for CallScope {
    #[inline]
    fn drop(&mut self) {
        COUNTS.with(|c| {
            let depth = c.depth.get() - 1;
            c.depth.set(depth);
            let outermost_error = depth == 0 && c.borrowed_error.get();
            if c.held.get() != self.held || c.used.get() != self.used || outermost_error {
                // The entries are given back inside a call, like everything else that reaches a table's owner.
                c.depth.set(depth + 1);
                leave(self.held, self.used);
                c.depth.set(depth);
            }
        });
    }
}

/// Undoes what a call has left behind, down to what there was when it began.
fn leave(held: usize, used: usize) {
    // Giving back an entry calls into its owner, so the record is not borrowed meanwhile.
    while let Some(last) = RECORD.with_borrow_mut(|r| (r.held.len() > held).then(|| r.held.pop()).flatten()) {
        // SAFETY: the entry came from this table's owner during this call and was not given back.
        unsafe { (last.give_back)(last.table, last.entry) };
    }
    COUNTS.with(|c| {
        RECORD.with_borrow_mut(|r| {
            c.held.set(r.held.len());
            for handle in r.ephemerals.get(used..c.used.get()).unwrap_or_default() {
                handle.expire();
            }
            c.used.set(used);
            r.ephemerals.truncate(KEEP.max(used));
            if c.depth.get() == 1 && c.borrowed_error.replace(false) {
                r.error = LastError::None;
            }
        });
    });
}

/// Whether a call into a plugin is under way on this thread.
pub(super) fn require() -> Result<(), TableFault> {
    if COUNTS.with(|c| c.depth.get() > 0) { Ok(()) } else { Err(TableFault::OutsideCall) }
}

pub(super) fn hold(table: *mut Table, entry: *mut TableEntry, give_back: DestroyTableEntryFn) {
    RECORD.with_borrow_mut(|r| {
        r.held.push(Held { table, entry, give_back });
        COUNTS.with(|c| c.held.set(r.held.len()));
    });
}

/// Forgets an entry that the plugin gives back itself; false if it does not hold it. The last taken is found first.
pub(super) fn let_go(table: *mut Table, entry: *mut TableEntry) -> bool {
    RECORD.with_borrow_mut(|r| match r.held.iter().rposition(|h| h.entry == entry && h.table == table) {
        Some(at) => {
            r.held.remove(at);
            COUNTS.with(|c| c.held.set(r.held.len()));
            true
        }
        None => false,
    })
}

/// A handle that lives until the running call returns.
pub(super) fn ephemeral(target: Target, provider: *const Owner, user: *const Owner) -> *mut Table {
    RECORD.with_borrow_mut(|r| {
        let at = COUNTS.with(|c| c.used.replace(c.used.get() + 1));
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
    COUNTS.with(|c| c.borrowed_error.set(false));
    RECORD.with_borrow_mut(|r| (r.failed, r.error) = (user, LastError::Text(text)));
}

pub(super) fn set_error_of_provider(user: *const Owner, provider: *const Owner) {
    COUNTS.with(|c| c.borrowed_error.set(true));
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
        COUNTS.with(|c| c.borrowed_error.set(false));
        RECORD.with_borrow_mut(|r| r.error = LastError::Text(text));
    }
    RECORD.with_borrow(|r| match &r.error {
        // Null: the handle was none, so it is not known whose call failed; the one who asks right after it was.
        LastError::Text(text) if (r.failed == user || r.failed.is_null()) && !text.is_empty() => text.as_ptr(),
        _ => std::ptr::null(),
    })
}
