//! System calls by upstream's number, with the kernels' numbers.

use super::{EventType, SYSCALLS};

/// Number of a system call (upstream's PPM_SC): the same on every architecture. Any `u16` may come from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Sc(pub u16);

impl Sc {
    /// The table's row, `None` for codes that this schema does not know.
    #[inline]
    pub fn info(self) -> Option<&'static SyscallInfo> {
        SYSCALLS.get(usize::from(self.0))
    }

    /// Name of the call, "unknown" if the code is not in the table.
    pub fn name(self) -> &'static str {
        self.info().map_or("unknown", |i| i.name)
    }

    /// The call that an architecture gives this number.
    pub fn from_native(arch: Arch, number: u16) -> Option<Self> {
        SYSCALLS.iter().find(|s| s.native(arch) == Some(number)).map(|s| s.code)
    }
}

/// One row of the syscall table.
#[derive(Debug)]
pub struct SyscallInfo {
    /// The row's code.
    pub code: Sc,
    /// Name of the call or tracepoint.
    pub name: &'static str,
    /// How it is reported.
    pub kind: SyscallKind,
    /// Enter event, of calls with events of their own.
    pub enter: Option<EventType>,
    /// Exit event (GENERIC_X of generic calls).
    pub exit: Option<EventType>,
    /// Treatment when events are sampled.
    pub drop: DropClass,
    pub(super) native: [Option<u16>; 6],
}

impl SyscallInfo {
    /// The kernel's number of the call on an architecture, `None` where it does not exist.
    pub fn native(&self, arch: Arch) -> Option<u16> {
        self.native[arch as usize]
    }
}

/// How a call is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallKind {
    /// By events of its own.
    Specific,
    /// By the event GENERIC with its code and native number, without arguments.
    Generic,
    /// Not a call with a table entry: tracepoints and the like.
    None,
}

/// What happens to a call when events are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropClass {
    /// Generic call: sampled.
    Generic,
    /// Sampled.
    Sampled,
    /// Kept: state depends on it.
    Never,
    /// Dropped first.
    Always,
}

/// Architectures with syscall numbers in the table, in the order of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "names of architectures")]
pub enum Arch {
    X86_64,
    Aarch64,
    S390x,
    Ppc64le,
    Riscv64,
    Loongarch64,
}

impl Arch {
    /// The architecture this program runs on, `None` if the table has no numbers for it.
    pub const HOST: Option<Self> = {
        if cfg!(target_arch = "x86_64") {
            Some(Self::X86_64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Aarch64)
        } else if cfg!(target_arch = "s390x") {
            Some(Self::S390x)
        } else if cfg!(target_arch = "powerpc64") {
            Some(Self::Ppc64le)
        } else if cfg!(target_arch = "riscv64") {
            Some(Self::Riscv64)
        } else if cfg!(target_arch = "loongarch64") {
            Some(Self::Loongarch64)
        } else {
            None
        }
    };
}
