//! A ring buffer of the kernel, read where it lies.
//!
//! The kernel's side: `BPF_MAP_TYPE_RINGBUF` shows a page with the reader's position, a page with the writers' position and
//! the data, twice in a row so that no record is torn at the end. A record is a header of eight bytes (length with two flags,
//! a number) and its bytes, rounded up to eight. Of the second copy only as much is mapped as the longest record needs: each
//! page that is mapped counts as memory of this process, though it is the same page.
#![allow(unsafe_code, reason = "memory shared with the kernel")]

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Set while a writer fills the record in.
const BUSY: u32 = 1 << 31;
/// Set if the writer thought better of it.
const DISCARDED: u32 = 1 << 30;
/// Bytes before each record.
const HEADER: u64 = 8;
/// Bytes of the longest record with its header, in whole pages of any size: probes write no more than `MAX_EVENT` of
/// `bpf/base.bpf.h` at once.
const LONGEST: usize = 128 << 10;

/// A mapping that ends with its owner.
struct Mapping {
    at: NonNull<u8>,
    len: usize,
}

impl Mapping {
    fn new(fd: BorrowedFd<'_>, len: usize, protection: i32, offset: usize) -> io::Result<Self> {
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: a new mapping at a place of the kernel's choice; it touches no memory of ours.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, libc::MAP_SHARED, fd.as_raw_fd(), offset) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at address 0"))?;
        Ok(Self { at, len })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and nothing borrows from a mapping that is being dropped.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.len) };
    }
}

/// The reading end of one ring buffer. Records stay where they are until [`Ring::release`].
pub(super) struct Ring {
    own: Mapping,
    kernel: Mapping,
    page: usize,
    size: u64,
    /// Bytes of data that are mapped, those of the second copy included.
    mapped: usize,
    /// Position up to which records have been looked at.
    seen: Cell<u64>,
}

// SAFETY: both mappings belong to the process, not to a thread; nothing else of it is shared.
unsafe impl Send for Ring {}

impl Ring {
    /// Maps the buffer of `size` bytes behind `fd`.
    pub(super) fn new(fd: BorrowedFd<'_>, size: u32) -> io::Result<Self> {
        // SAFETY: asks for a number.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).map_err(io::Error::other)?;
        let own = Mapping::new(fd, page, libc::PROT_READ | libc::PROT_WRITE, 0)?;
        let mapped = size as usize + LONGEST.min(size as usize);
        let kernel = Mapping::new(fd, page + mapped, libc::PROT_READ, page)?;
        let ring = Self { own, kernel, page, size: u64::from(size), mapped, seen: Cell::new(0) };
        ring.seen.set(ring.position(&ring.own).load(Ordering::Relaxed));
        Ok(ring)
    }

    /// The position at the beginning of a mapping.
    fn position<'a>(&self, of: &'a Mapping) -> &'a AtomicU64 {
        // SAFETY: both mappings begin with a page that holds an aligned 64-bit position and lives as long as they do.
        unsafe { of.at.cast::<AtomicU64>().as_ref() }
    }

    /// The first record that has not been passed yet; `None` if there is none or it is still being written.
    pub(super) fn head(&self) -> Option<&[u8]> {
        loop {
            let seen = self.seen.get();
            let written = self.position(&self.kernel).load(Ordering::Acquire);
            if written.wrapping_sub(seen).wrapping_sub(1) >= self.size {
                return None;
            }
            let (state, data) = self.record(seen);
            if state & BUSY != 0 {
                return None;
            }
            if state & DISCARDED == 0 {
                return Some(data);
            }
            self.pass();
        }
    }

    /// State word and bytes of the record at this position.
    fn record(&self, position: u64) -> (u32, &[u8]) {
        let place = (position & (self.size - 1)) as usize;
        let at = self.page + place;
        // SAFETY: positions are multiples of 8 and all of the data is mapped: a header at any of them is inside.
        let word = unsafe { self.kernel.at.add(at).cast::<AtomicU32>().as_ref() };
        let state = word.load(Ordering::Acquire);
        let len = (state & !(BUSY | DISCARDED)) as usize;
        let len = len.min(self.mapped - place - HEADER as usize);
        // SAFETY: the place is in the first copy, so at least LONGEST bytes are mapped from it on, and no more are taken than
        // are. The kernel does not write into them again before the reader's position has passed, which takes `&mut self`.
        (state, unsafe { std::slice::from_raw_parts(self.kernel.at.add(at + HEADER as usize).as_ptr(), len) })
    }

    /// Goes on to the next record; the bytes of this one stay.
    pub(super) fn pass(&self) {
        let seen = self.seen.get();
        let (_, data) = self.record(seen);
        self.seen.set(seen + (HEADER + data.len() as u64).next_multiple_of(8));
    }

    /// Gives everything passed back to the writers.
    pub(super) fn release(&mut self) {
        self.position(&self.own).store(self.seen.get(), Ordering::Release);
    }
}
