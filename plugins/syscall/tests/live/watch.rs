//! A child that makes calls, and what was seen of it.
#![allow(unsafe_code, reason = "calls are made by number, and a fork makes the child")]

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lanner_plugin_api::schema::{EventType, SYSCALLS};
use lanner_plugin_api::wire::Event;
use lanner_syscall::live::{Counters, Live};

/// A case by name.
pub(crate) type Case = (&'static str, fn(&mut Watch));

/// Events whose every parameter has been compared, by code, and whether the call had failed.
pub(crate) static COMPARED: Mutex<BTreeSet<(core::primitive::u16, bool)>> = Mutex::new(BTreeSet::new());

/// What is expected of a parameter.
pub(crate) enum Want {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes, whatever they are.
    Len(usize),
    /// Anything that this holds for.
    Is(&'static str, fn(&[u8]) -> bool),
}

macro_rules! numbers {
    ($($name:ident),*) => {$(
        pub(crate) fn $name(value: impl TryInto<core::primitive::$name>) -> Want {
            let Ok(value) = value.try_into() else { panic!("the expected value does not fit") };
            Want::Bytes(core::primitive::$name::to_le_bytes(value).to_vec())
        }
    )*};
}
numbers!(u8, u16, u32, i32, u64, i64);

/// A text with its NUL.
pub(crate) fn text(text: impl AsRef<[u8]>) -> Want {
    let mut bytes = text.as_ref().to_vec();
    bytes.push(0);
    Want::Bytes(bytes)
}

/// Bytes as they are.
pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Want {
    Want::Bytes(bytes.as_ref().to_vec())
}

/// No value.
pub(crate) fn empty() -> Want {
    Want::Bytes(Vec::new())
}

/// Any 64-bit number above 0.
pub(crate) fn positive() -> Want {
    Want::Is("a number above 0", |b| b.try_into().is_ok_and(|b| core::primitive::i64::from_le_bytes(b) > 0))
}

/// An error as calls return it.
pub(crate) fn error(number: core::primitive::i32) -> Want {
    i64(-core::primitive::i64::from(number))
}

/// Makes calls inside the child.
#[derive(Default)]
pub(crate) struct Caller {
    results: Vec<core::primitive::i64>,
}

impl Caller {
    /// Makes a call by its number; the result is kept, an error as a negative number.
    pub(crate) fn call(&mut self, number: libc::c_long, args: &[usize]) -> core::primitive::i64 {
        let arg = |n: usize| args.get(n).copied().unwrap_or(0);
        // SAFETY: the cases pass numbers, and addresses of what outlives the call.
        let result = unsafe { libc::syscall(number, arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)) };
        let result = if result == -1 {
            -core::primitive::i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
        } else {
            result
        };
        self.results.push(result);
        result
    }
}

impl Caller {
    /// Keeps the result of a call that was made otherwise.
    pub(crate) fn keep(&mut self, result: core::primitive::i64) {
        self.results.push(result);
    }
}

/// A page that 32-bit calls can point into.
pub(crate) struct Low {
    start: core::primitive::u32,
    used: core::primitive::u32,
}

#[cfg(target_arch = "x86_64")]
impl Low {
    pub(crate) fn new() -> Self {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at a place of the kernel's choice.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), 65536, protection, flags | libc::MAP_32BIT, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
        Self { start: (at as usize).try_into().unwrap(), used: 0 }
    }

    /// Puts these bytes there; returns where.
    pub(crate) fn put(&mut self, bytes: &[core::primitive::u8]) -> core::primitive::u32 {
        assert!((self.used as usize) + bytes.len() <= 65536);
        let at = self.start + self.used;
        let to = std::ptr::without_provenance_mut::<core::primitive::u8>(at as usize);
        let to = std::ptr::with_exposed_provenance_mut::<core::primitive::u8>(to.addr());
        // SAFETY: inside the mapping of `new`, which lasts for the program's life.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        self.used += core::primitive::u32::try_from(bytes.len().next_multiple_of(16)).unwrap();
        at
    }

    /// Puts these words there; returns where.
    pub(crate) fn words(&mut self, words: &[core::primitive::u32]) -> core::primitive::u32 {
        let bytes: Vec<core::primitive::u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(&bytes)
    }
}

#[cfg(target_arch = "x86_64")]
impl Caller {
    /// Makes a call by its number in the table for 32-bit programs, as any 64-bit program can.
    pub(crate) fn call32(
        &mut self,
        number: core::primitive::u32,
        args: &[core::primitive::u32],
    ) -> core::primitive::i64 {
        let mut all = [0_u32; 6];
        all[..args.len()].copy_from_slice(args);
        let mut result = number;
        // SAFETY: the cases pass numbers, and addresses of what outlives the call. What the compiler may keep in the
        // registers that take arguments is put back; those that the kernel may change are named.
        unsafe {
            std::arch::asm!(
                "push rbx",
                "push rbp",
                "mov ebx, dword ptr [r12]",
                "mov ecx, dword ptr [r12 + 4]",
                "mov edx, dword ptr [r12 + 8]",
                "mov esi, dword ptr [r12 + 12]",
                "mov edi, dword ptr [r12 + 16]",
                "mov ebp, dword ptr [r12 + 20]",
                "int 0x80",
                "pop rbp",
                "pop rbx",
                in("r12") all.as_ptr(),
                inout("eax") result,
                out("rcx") _, out("rdx") _, out("rsi") _, out("rdi") _,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            );
        }
        let result = core::primitive::i64::from(result.cast_signed());
        self.results.push(result);
        result
    }
}

/// The address of something, as an argument. What lies there is looked at, so that its page is in memory: a fork leaves
/// pages of files out, and a probe cannot fetch what a call that failed early has not touched. Hence to be called in the child.
pub(crate) fn at<T: ?Sized>(of: &T) -> usize {
    let address = std::ptr::from_ref(of).cast::<core::primitive::u8>();
    if size_of_val(of) > 0 {
        // SAFETY: the first byte of a value that is borrowed.
        unsafe { address.read_volatile() };
    }
    address as usize
}

/// The live source and what it has shown of the current case.
pub(crate) struct Watch {
    live: Live,
    case: &'static str,
    folder: tempfile::TempDir,
}

impl Watch {
    pub(crate) fn new(live: Live) -> Self {
        Self { live, case: "", folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn begin(&mut self, case: &'static str) {
        self.case = case;
    }

    pub(crate) fn finish(self) -> Counters {
        self.live.counters().read().unwrap()
    }

    /// Programs that the kernel did not take.
    pub(crate) fn refused(&self) -> Vec<(String, String)> {
        self.live.refused().to_vec()
    }

    /// A path in a fresh folder.
    pub(crate) fn path(&self, name: &str) -> CString {
        CString::new(self.folder.path().join(format!("{}-{name}", self.case)).as_os_str().as_bytes()).unwrap()
    }

    /// A file with these bytes there.
    pub(crate) fn file(&self, name: &str, bytes: &[core::primitive::u8]) -> CString {
        let path = self.path(name);
        std::fs::write(std::ffi::OsStr::from_bytes(path.to_bytes()), bytes).unwrap();
        path
    }

    /// Forks a child that does `work` and ends; returns what was seen of it.
    pub(crate) fn perform(&mut self, work: impl FnOnce(&mut Caller)) -> Seen {
        let (reader, writer) = std::io::pipe().unwrap();
        // SAFETY: between the fork and the end the child makes system calls and writes into memory that it owns.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "{}", std::io::Error::last_os_error());
        if child == 0 {
            drop(reader);
            let mut caller = Caller::default();
            mark();
            work(&mut caller);
            mark();
            let results: Vec<core::primitive::u8> = caller.results.iter().flat_map(|r| r.to_ne_bytes()).collect();
            let _ = std::io::Write::write_all(&mut &writer, &results);
            // SAFETY: ends the child without running anything of its parent's.
            unsafe { libc::_exit(0) };
        }
        drop(writer);
        let mut results = Vec::new();
        std::io::Read::read_to_end(&mut &reader, &mut results).unwrap();
        let mut status = 0;
        // SAFETY: waits for the child, once.
        unsafe { libc::waitpid(child, &mut status, 0) };
        let results = results.as_chunks().0.iter().map(|r| core::primitive::i64::from_ne_bytes(*r)).collect();
        let child = core::primitive::i64::from(child);
        let all = self.collect(child);
        let of_child = |bytes: &Vec<core::primitive::u8>| Event::parse(bytes).unwrap().tid() == child;
        let (events, others) = all.into_iter().partition(of_child);
        Seen { case: self.case, child, results, events: between_marks(events), others, status }
    }

    /// The events of a thread until its end, and those by which threads begin, of all.
    pub(crate) fn collect(&mut self, tid: core::primitive::i64) -> Vec<Vec<core::primitive::u8>> {
        let until = Instant::now() + Duration::from_secs(20);
        let mut events = Vec::new();
        let mut ended = false;
        while !ended {
            assert!(Instant::now() < until, "{}: the end of the child was not seen", self.case);
            self.live.deliver(1024, |arrived| {
                let event = Event::parse(arrived.bytes).unwrap();
                let own = event.tid() == tid;
                ended |= own && event.event_type() == EventType::PROCEXIT_1_E;
                if own || BEGINNINGS.contains(&event.event_type()) {
                    events.push(arrived.bytes.to_vec());
                }
            });
            self.live.release();
        }
        events
    }
}

/// Events of a thread that begins.
const BEGINNINGS: [EventType; 4] = [
    EventType::SYSCALL_CLONE_20_X,
    EventType::SYSCALL_CLONE3_X,
    EventType::SYSCALL_FORK_20_X,
    EventType::SYSCALL_VFORK_20_X,
];

/// A call that no case makes: what lies between two of them is the case's own, not the runtime's.
fn mark() {
    // SAFETY: asks for a number.
    unsafe { libc::syscall(libc::SYS_getpgid, 0) };
}

/// The events between the marks, and the end.
fn between_marks(events: Vec<Vec<core::primitive::u8>>) -> Vec<Vec<core::primitive::u8>> {
    let marking = SYSCALLS.iter().find(|call| call.name == "getpgid").unwrap().code;
    let is_mark = |event: &Event<'_>| event.event_type() == EventType::GENERIC_X && event.u16(0) == Some(marking.0);
    let mut marks = 0;
    let keep = |bytes: &Vec<core::primitive::u8>| {
        let event = Event::parse(bytes).unwrap();
        marks += usize::from(is_mark(&event));
        marks == 1 && !is_mark(&event) || event.event_type() == EventType::PROCEXIT_1_E
    };
    events.into_iter().filter(keep).collect()
}

/// What was seen of one child.
pub(crate) struct Seen {
    case: &'static str,
    /// Its process id.
    pub(crate) child: core::primitive::i64,
    /// Results of its calls, in order.
    pub(crate) results: Vec<core::primitive::i64>,
    events: Vec<Vec<core::primitive::u8>>,
    /// Of other threads: how they began.
    others: Vec<Vec<core::primitive::u8>>,
    /// How it ended, as wait tells.
    pub(crate) status: core::primitive::i32,
}

impl Seen {
    /// The event number `n` of this type.
    pub(crate) fn event(&self, ty: EventType, n: usize) -> Event<'_> {
        let mut events = self.events.iter().filter_map(|bytes| Event::parse(bytes).ok());
        let found = events.by_ref().filter(|event| event.event_type() == ty).nth(n);
        found.unwrap_or_else(|| {
            let types = self.events.iter().filter_map(|bytes| Event::parse(bytes).ok()?.info());
            let types: Vec<_> = types.map(|info| info.symbol).collect();
            let wanted = ty.info().map(|info| info.symbol);
            panic!("{}: no event {n} of type {wanted:?}; there are {types:?}", self.case)
        })
    }

    /// Whether there is an event of this type.
    pub(crate) fn has(&self, ty: EventType) -> bool {
        self.events.iter().filter_map(|bytes| Event::parse(bytes).ok()).any(|event| event.event_type() == ty)
    }

    /// Compares every parameter of event `n` of this type.
    pub(crate) fn expect(&self, ty: EventType, n: usize, wanted: &[Want]) {
        self.compare(&self.event(ty, n), n, wanted);
    }

    /// Compares every parameter of the event by which another thread began.
    pub(crate) fn expect_of(&self, tid: core::primitive::i64, ty: EventType, wanted: &[Want]) {
        let mut events = self.others.iter().map(|bytes| Event::parse(bytes).unwrap());
        let found = events.find(|event| event.tid() == tid && event.event_type() == ty);
        let event = found.unwrap_or_else(|| panic!("{}: thread {tid} has no such beginning", self.case));
        self.compare(&event, 0, wanted);
    }

    fn compare(&self, event: &Event<'_>, n: usize, wanted: &[Want]) {
        let info = event.info().unwrap();
        assert_eq!(event.nparams(), info.params.len(), "{}: parameters of {}", self.case, info.symbol);
        assert_eq!(wanted.len(), info.params.len(), "{}: the case must name all of {}", self.case, info.symbol);
        let mut wrong = String::new();
        for (i, (want, param)) in wanted.iter().zip(info.params).enumerate() {
            let found = event.param(i).unwrap_or(&[]);
            let (good, what) = match want {
                Want::Bytes(bytes) => (found == bytes, bytes.escape_ascii().to_string()),
                Want::Len(len) => (found.len() == *len, format!("{len} bytes")),
                Want::Is(what, holds) => (holds(found), (*what).to_owned()),
            };
            if !good {
                let _ = writeln!(wrong, "  {} {}: wanted {what}, found {}", i + 1, param.name, found.escape_ascii());
            }
        }
        assert!(wrong.is_empty(), "{}: event {n} {}:\n{wrong}", self.case, info.symbol);
        let failed = event.param(0).and_then(|first| first.try_into().ok()).is_some_and(|first| {
            core::primitive::i64::from_le_bytes(first) < 0 && ["res", "fd"].contains(&info.params[0].name)
        });
        COMPARED.lock().unwrap().insert((event.event_type().0, failed));
    }
}
