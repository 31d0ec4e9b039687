//! Writes captures, as a stream: the lists first, then events, with the block versions that Falco's own writer uses today.
//!
//! ```no_run
//! use lanner_syscall::capture::{CaptureReader, Head, Keep, Step};
//! use std::{fs::File, path::Path};
//!
//! let mut reader = CaptureReader::open(Path::new("in.scap"))?;
//! let Step::Section(state) = reader.step()? else { return Ok(()) };
//! let mut head = Head::gzip(File::create("out.scap.gz")?)?;
//! head.state(&state)?;
//! let mut events = head.events();
//! while let Step::Events(batch) = reader.step()? {
//!     for (event, meta) in batch.iter() {
//!         events.write(&event, meta.cpu as u16, Keep::Whole)?;
//!     }
//! }
//! events.finish()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod lists;
mod member;

use std::borrow::Borrow;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use lanner_plugin_api::wire::Event;

use super::block::{FDS_V2, INTERFACES_V2, MACHINE, PROCESSES_V9, SECTION, USERS_V2};
use super::initial::{Fd, Group, InitialState, Interface, Machine, Thread, User};
use body::Body;
pub use member::Members;

/// What readers make of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// State follows it and rules see it.
    Whole,
    /// State follows it; rules do not see it.
    StateOnly,
}

/// The block of an event, appended to `out`, which may be the memory in which a whole capture is put together: nothing else
/// is written or allocated.
///
/// # Errors
/// An event of 4 GiB.
#[inline]
pub fn push_event(out: &mut Vec<u8>, event: &Event<'_>, cpu: u16, keep: Keep) -> io::Result<()> {
    Body::behind(out, |body| _ = body.event(event, cpu, keep))
}

/// Where the bytes go.
enum Out<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write> Out<W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(out) => out.write_all(bytes),
        }
    }
}

/// A capture whose events have not begun: the lists of the machine's state go in now, each at most once, in any order
/// except that a process must be listed before its descriptors. All of them may be left out.
///
/// Writes many small pieces: hand in a buffered writer where each write is a system call.
pub struct Head<W: Write> {
    out: Out<W>,
    body: Body,
}

/// A capture that takes events; no more lists from here on.
pub struct Events<W: Write> {
    out: Out<W>,
    body: Body,
}

impl<W: Write> Head<W> {
    /// Begins a plain capture.
    ///
    /// # Errors
    /// Of the writer.
    pub fn plain(out: W) -> io::Result<Self> {
        Self::begin(Out::Plain(out))
    }

    /// Begins a compressed capture (gzip, fastest level: recordings are written while they happen).
    ///
    /// # Errors
    /// Of the writer.
    pub fn gzip(out: W) -> io::Result<Self> {
        Self::begin(Out::Gzip(Box::new(GzEncoder::new(out, Compression::fast()))))
    }

    fn begin(out: Out<W>) -> io::Result<Self> {
        let mut head = Self { out, body: Body::default() };
        let body = head.body.begin(SECTION);
        // Magic number, version 1.2, length of the section unknown.
        body.u32(0x1A2B_3C4D).u16(1).u16(2).u64(u64::MAX);
        head.block()?;
        Ok(head)
    }

    fn block(&mut self) -> io::Result<()> {
        self.out.write_all(self.body.finish()?)
    }

    /// Everything that is known of the machine.
    ///
    /// # Errors
    /// Of the writer, or a list of 4 GiB or more.
    pub fn state(&mut self, state: &InitialState) -> io::Result<()> {
        if let Some(machine) = &state.machine {
            self.machine(machine)?;
        }
        self.interfaces(&state.interfaces)?;
        self.users(&state.users, &state.groups)?;
        self.processes(&state.threads)?;
        state.threads.iter().filter(|t| !t.fds.is_empty()).try_for_each(|t| self.descriptors(t.tid, &t.fds))
    }

    /// The machine itself.
    ///
    /// # Errors
    /// Of the writer.
    pub fn machine(&mut self, machine: &Machine) -> io::Result<()> {
        lists::machine(self.body.begin(MACHINE), machine);
        self.block()
    }

    /// Network interfaces.
    ///
    /// # Errors
    /// Of the writer.
    pub fn interfaces(&mut self, interfaces: &[Interface]) -> io::Result<()> {
        let body = self.body.begin(INTERFACES_V2);
        interfaces.iter().for_each(|i| lists::interface(body, i));
        self.block()
    }

    /// Users and groups of the machine.
    ///
    /// # Errors
    /// Of the writer.
    pub fn users(&mut self, users: &[User], groups: &[Group]) -> io::Result<()> {
        let body = self.body.begin(USERS_V2);
        users.iter().for_each(|u| lists::user(body, u));
        groups.iter().for_each(|g| lists::group(body, g));
        self.block()
    }

    /// Threads, without their descriptors.
    ///
    /// # Errors
    /// Of the writer.
    pub fn processes(&mut self, threads: impl IntoIterator<Item = impl Borrow<Thread>>) -> io::Result<()> {
        let body = self.body.begin(PROCESSES_V9);
        threads.into_iter().for_each(|t| lists::thread(body, t.borrow()));
        self.block()
    }

    /// Descriptors of one thread.
    ///
    /// # Errors
    /// Of the writer.
    pub fn descriptors(&mut self, tid: i64, fds: impl IntoIterator<Item = impl Borrow<Fd>>) -> io::Result<()> {
        let body = self.body.begin(FDS_V2);
        body.i64(tid);
        fds.into_iter().for_each(|fd| lists::descriptor(body, fd.borrow()));
        self.block()
    }

    /// The lists are complete; events follow. A capture without any event cannot be read.
    pub fn events(self) -> Events<W> {
        Events { out: self.out, body: self.body }
    }

    /// Ends here: what follows, events or another head, is put behind by whoever takes the bytes.
    ///
    /// # Errors
    /// Of the writer, while the end of a compressed capture is written.
    pub fn finish(self) -> io::Result<W> {
        self.events().finish()
    }
}

impl<W: Write> Events<W> {
    /// The next event. Times should not run backwards; readers take events in the order of the file.
    ///
    /// # Errors
    /// Of the writer, or an event of 4 GiB.
    #[inline]
    pub fn write(&mut self, event: &Event<'_>, cpu: u16, keep: Keep) -> io::Result<()> {
        self.out.write_all(self.body.event(event, cpu, keep).finish()?)
    }

    /// Begins another recording in the same file.
    ///
    /// # Errors
    /// Of the writer.
    pub fn section(self) -> io::Result<Head<W>> {
        Head::begin(self.out)
    }

    /// Ends the capture; gives back the writer, not flushed.
    ///
    /// # Errors
    /// Of the writer, while the end of a compressed capture is written.
    pub fn finish(self) -> io::Result<W> {
        match self.out {
            Out::Plain(out) => Ok(out),
            Out::Gzip(out) => out.finish(),
        }
    }
}
