//! What the head of a capture says about the machine before the first event: machine, interfaces, users, threads, descriptors.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fd_type::FdType;

/// State of the recorded machine when the recording began. Every part may be missing: a recording of a source plugin has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitialState {
    /// The machine, `None` if the capture does not describe it.
    pub machine: Option<Machine>,
    /// Network interfaces with an address.
    pub interfaces: Vec<Interface>,
    /// Users of the host.
    pub users: Vec<User>,
    /// Groups of the host.
    pub groups: Vec<Group>,
    /// Threads in the order of the file, each with its descriptors.
    pub threads: Vec<Thread>,
}

/// The recorded machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Number of processors.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory: u64,
    /// Highest process id.
    pub max_pid: u64,
    /// Host name.
    pub hostname: Box<[u8]>,
    /// Boot time in nanoseconds since the epoch; 0 if unknown.
    pub boot_ts: u64,
}

/// A network interface with one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Name.
    pub name: Box<[u8]>,
    /// Address with mask and broadcast address.
    pub addr: InterfaceAddr,
    /// Link speed in bytes per second, 0 if unknown.
    pub link_speed: u64,
}

/// Address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceAddr {
    /// IPv4.
    V4 {
        /// Address.
        addr: Ipv4Addr,
        /// Network mask.
        mask: Ipv4Addr,
        /// Broadcast address.
        broadcast: Ipv4Addr,
    },
    /// IPv6.
    V6 {
        /// Address.
        addr: Ipv6Addr,
        /// Network mask.
        mask: Ipv6Addr,
        /// Broadcast address.
        broadcast: Ipv6Addr,
    },
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Name.
    pub name: Box<[u8]>,
    /// Home folder.
    pub home: Box<[u8]>,
    /// Login shell.
    pub shell: Box<[u8]>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Group id.
    pub gid: u32,
    /// Name.
    pub name: Box<[u8]>,
}

/// A thread. Values that the file's version does not know have the defaults of [`Thread::default`].
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    /// Thread id.
    pub tid: i64,
    /// Process id.
    pub pid: i64,
    /// Thread id of the parent.
    pub ptid: i64,
    /// Session id, -1 if unknown.
    pub sid: i64,
    /// Process group in the process's own pid namespace, -1 if unknown.
    pub vpgid: i64,
    /// Process group, -1 if unknown.
    pub pgid: i64,
    /// Thread id in its own pid namespace, -1 if unknown.
    pub vtid: i64,
    /// Process id in its own pid namespace, -1 if unknown.
    pub vpid: i64,
    /// Command name.
    pub comm: Box<[u8]>,
    /// First argument.
    pub exe: Box<[u8]>,
    /// Path of the executable.
    pub exepath: Box<[u8]>,
    /// Arguments after the first, NUL-separated.
    pub args: Box<[u8]>,
    /// Environment, NUL-separated.
    pub env: Box<[u8]>,
    /// Working directory.
    pub cwd: Box<[u8]>,
    /// Root directory.
    pub root: Box<[u8]>,
    /// Control groups, NUL-separated `subsystem=path`.
    pub cgroups: Box<[u8]>,
    /// Limit of open files.
    pub fdlimit: i64,
    /// Flags (table `clone_flags`).
    pub flags: u32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Login user id, all ones if unset.
    pub loginuid: u32,
    /// Controlling terminal, 0 for none.
    pub tty: u32,
    /// Virtual memory in KiB.
    pub vmsize_kb: u32,
    /// Resident memory in KiB.
    pub vmrss_kb: u32,
    /// Swapped memory in KiB.
    pub vmswap_kb: u32,
    /// Major page faults.
    pub pfmajor: u64,
    /// Minor page faults.
    pub pfminor: u64,
    /// Start of the pid namespace's init, nanoseconds since the epoch; 0 if unknown.
    pub pidns_init_start_ts: u64,
    /// The user may write to the executable.
    pub exe_writable: bool,
    /// The executable is in the upper layer of an overlay.
    pub exe_upper_layer: bool,
    /// The executable is in the lower layer of an overlay.
    pub exe_lower_layer: bool,
    /// The executable is a memfd.
    pub exe_from_memfd: bool,
    /// Inode of the executable, 0 if unknown.
    pub exe_ino: u64,
    /// Change time of that inode, nanoseconds since the epoch.
    pub exe_ino_ctime: u64,
    /// Modification time of that inode, nanoseconds since the epoch.
    pub exe_ino_mtime: u64,
    /// Inheritable capabilities.
    pub cap_inheritable: u64,
    /// Permitted capabilities.
    pub cap_permitted: u64,
    /// Effective capabilities.
    pub cap_effective: u64,
    /// Open descriptors.
    pub fds: Vec<Fd>,
}

impl Default for Thread {
    fn default() -> Self {
        Self {
            tid: -1,
            pid: -1,
            ptid: -1,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            vtid: -1,
            vpid: -1,
            comm: Box::default(),
            exe: Box::default(),
            exepath: Box::default(),
            args: Box::default(),
            env: Box::default(),
            cwd: Box::default(),
            root: Box::default(),
            cgroups: Box::default(),
            fdlimit: 0,
            flags: 0,
            uid: 0,
            gid: 0,
            loginuid: u32::MAX,
            tty: 0,
            vmsize_kb: 0,
            vmrss_kb: 0,
            vmswap_kb: 0,
            pfmajor: 0,
            pfminor: 0,
            pidns_init_start_ts: 0,
            exe_writable: false,
            exe_upper_layer: false,
            exe_lower_layer: false,
            exe_from_memfd: false,
            exe_ino: 0,
            exe_ino_ctime: 0,
            exe_ino_mtime: 0,
            cap_inheritable: 0,
            cap_permitted: 0,
            cap_effective: 0,
            fds: Vec::new(),
        }
    }
}

/// An open descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fd {
    /// Number.
    pub fd: i64,
    /// Inode, 0 if unknown.
    pub ino: u64,
    /// What it refers to.
    pub info: FdInfo,
}

/// What a descriptor refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FdInfo {
    /// A file with open flags (type FILE_V2).
    File {
        /// Flags (table `file_flags`).
        flags: u32,
        /// Path.
        name: Box<[u8]>,
        /// Device, 0 if unknown.
        dev: u32,
    },
    /// An IPv4 connection.
    V4 {
        /// Source address.
        sip: Ipv4Addr,
        /// Destination address.
        dip: Ipv4Addr,
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// Transport.
        l4: L4Proto,
    },
    /// An IPv6 connection.
    V6 {
        /// Source address.
        sip: Ipv6Addr,
        /// Destination address.
        dip: Ipv6Addr,
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// Transport.
        l4: L4Proto,
    },
    /// A listening IPv4 socket.
    V4Server {
        /// Address.
        ip: Ipv4Addr,
        /// Port.
        port: u16,
        /// Transport.
        l4: L4Proto,
    },
    /// A listening IPv6 socket.
    V6Server {
        /// Address.
        ip: Ipv6Addr,
        /// Port.
        port: u16,
        /// Transport.
        l4: L4Proto,
    },
    /// A local socket.
    Unix {
        /// Kernel address of the source end.
        source: u64,
        /// Kernel address of the destination end.
        dest: u64,
        /// Path.
        name: Box<[u8]>,
    },
    /// Anything else: its type and name.
    Other {
        /// Type.
        ty: FdType,
        /// Name.
        name: Box<[u8]>,
    },
}

impl FdInfo {
    /// Type of the descriptor.
    pub fn ty(&self) -> FdType {
        match self {
            Self::File { .. } => FdType::FileV2,
            Self::V4 { .. } => FdType::Ipv4Sock,
            Self::V6 { .. } => FdType::Ipv6Sock,
            Self::V4Server { .. } => FdType::Ipv4ServSock,
            Self::V6Server { .. } => FdType::Ipv6ServSock,
            Self::Unix { .. } => FdType::UnixSock,
            Self::Other { ty, .. } => *ty,
        }
    }
}

/// Transport protocol of a socket; the numbers are those of the capture format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum L4Proto {
    #[default]
    Unknown = 0,
    Na = 1,
    Tcp = 2,
    Udp = 3,
    Icmp = 4,
    Raw = 5,
}

impl L4Proto {
    /// The protocol of this number; numbers from 6 on are unknown protocols.
    pub fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Na,
            2 => Self::Tcp,
            3 => Self::Udp,
            4 => Self::Icmp,
            5 => Self::Raw,
            _ => Self::Unknown,
        }
    }
}
