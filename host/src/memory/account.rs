//! An account of what each thread has allocated, by which a piece of work can be asked what it left.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes that this thread has allocated and not freed. Memory that another thread frees makes that one's negative.
    static TAKEN: Cell<isize> = const { Cell::new(0) };
}

#[inline]
fn note(bytes: isize) {
    // Nothing is to be dropped, so it is there from the first moment of a thread to its last; if not, that is no reason to fail.
    let _ = TAKEN.try_with(|taken| taken.set(taken.get().wrapping_add(bytes)));
}

/// The system's allocator with an account of each thread: one addition for what is allocated or freed, nothing shared. The
/// program names it as its global allocator; without it the accounts stay empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accounting;

// SAFETY: every call is the system allocator's own; the account allocates nothing and does not unwind.
unsafe impl GlobalAlloc for Accounting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the one that the system's allocator asks for.
        let at = unsafe { System.alloc(layout) };
        if !at.is_null() {
            note(layout.size().cast_signed());
        }
        at
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let at = unsafe { System.alloc_zeroed(layout) };
        if !at.is_null() {
            note(layout.size().cast_signed());
        }
        at
    }

    #[inline]
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above; all that is freed here was allocated here, thus by the system's allocator.
        unsafe { System.dealloc(at, layout) };
        note(layout.size().cast_signed().wrapping_neg());
    }

    #[inline]
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let new = unsafe { System.realloc(at, layout, size) };
        if !new.is_null() {
            note(size.cast_signed().wrapping_sub(layout.size().cast_signed()));
        }
        new
    }
}

/// What pieces of work of one thread leave allocated, added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally(isize);

impl Tally {
    /// Does the work. It may also free what was there before.
    pub(crate) fn over<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let taken = || TAKEN.try_with(Cell::get).unwrap_or_default();
        let before = taken();
        let done = work();
        self.0 = self.0.wrapping_add(taken().wrapping_sub(before));
        done
    }

    /// Bytes that all of it left.
    pub(crate) fn bytes(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_counted_and_what_goes_is_not() {
        let layout = Layout::from_size_align(1000, 8).unwrap();
        let mut tally = Tally::default();
        let kept = tally.over(|| {
            // SAFETY: the layout is not empty, and both are freed with the layout that they have.
            unsafe {
                let gone = Accounting.alloc_zeroed(layout);
                Accounting.dealloc(gone, layout);
                Accounting.realloc(Accounting.alloc(layout), layout, 1500)
            }
        });
        assert!(!kept.is_null());
        assert_eq!(tally.bytes(), 1500);
        // SAFETY: allocated above with this size and alignment.
        tally.over(|| unsafe { Accounting.dealloc(kept, Layout::from_size_align(1500, 8).unwrap()) });
        assert_eq!(tally.bytes(), 0);
    }
}
