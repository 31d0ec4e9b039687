//! What is known before the first event: the lists at the head of a capture, or a scan of the running system.
//!
//! Filled by the capture reader (and by the live source); consumed by `State::load`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Everything at the head of a capture section.
#[derive(Clone, Debug, Default)]
pub struct InitialState {
    /// The machine, if the list has it.
    pub machine: Option<Machine>,
    /// Network interfaces.
    pub interfaces: Vec<Interface>,
    /// Users.
    pub users: Vec<UserEntry>,
    /// Groups.
    pub groups: Vec<GroupEntry>,
    /// Threads, in file order; a later entry of one tid replaces an earlier one.
    pub threads: Vec<ThreadEntry>,
    /// Descriptor lists, in file order; lists of unknown threads are passed over.
    pub fds: Vec<FdList>,
}

/// The recorded machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Number of processors.
    pub cpus: u32,
    /// Memory, bytes.
    pub memory: u64,
    /// Highest process id.
    pub max_pid: u64,
    /// Host name.
    pub hostname: Vec<u8>,
    /// Boot time, ns since the epoch.
    pub boot_ts: u64,
    /// Flags of the recording program.
    pub flags: u64,
}

/// One address of a network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    /// IPv4.
    V4 {
        /// Name.
        name: Vec<u8>,
        /// Address.
        addr: Ipv4Addr,
        /// Mask of its network.
        mask: Ipv4Addr,
        /// Broadcast address.
        broadcast: Ipv4Addr,
    },
    /// IPv6.
    V6 {
        /// Name.
        name: Vec<u8>,
        /// Address.
        addr: Ipv6Addr,
    },
}

/// One user of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserEntry {
    /// User id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Name.
    pub name: Vec<u8>,
    /// Home directory.
    pub home: Vec<u8>,
    /// Shell.
    pub shell: Vec<u8>,
}

/// One group of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupEntry {
    /// Group id.
    pub gid: u32,
    /// Name.
    pub name: Vec<u8>,
}

/// One thread. Strings come without NUL; lists are separated by NULs. What the list does not have is 0 (ids: see the
/// fields of `Thread` for what "unknown" is).
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of `Thread`")]
pub struct ThreadEntry {
    pub tid: i64,
    pub pid: i64,
    pub ptid: i64,
    pub sid: i64,
    pub vpgid: i64,
    pub pgid: i64,
    pub vtid: i64,
    pub vpid: i64,
    pub comm: Vec<u8>,
    pub exe: Vec<u8>,
    pub exepath: Vec<u8>,
    pub args: Vec<u8>,
    pub env: Vec<u8>,
    pub cgroups: Vec<u8>,
    pub cwd: Vec<u8>,
    pub root: Vec<u8>,
    pub fdlimit: i64,
    pub flags: u32,
    pub uid: u32,
    pub gid: u32,
    pub loginuid: u32,
    pub tty: u32,
    pub vmsize_kb: u32,
    pub vmrss_kb: u32,
    pub vmswap_kb: u32,
    pub pfmajor: u64,
    pub pfminor: u64,
    pub pidns_init_start_ts: u64,
    pub clone_ts: u64,
    pub exe_writable: bool,
    pub exe_upper_layer: bool,
    pub exe_lower_layer: bool,
    pub exe_from_memfd: bool,
    pub exe_ino: u64,
    pub exe_ino_ctime: u64,
    pub exe_ino_mtime: u64,
    pub cap_inheritable: u64,
    pub cap_permitted: u64,
    pub cap_effective: u64,
}

impl Default for ThreadEntry {
    /// What a reader starts an entry with: a list that ends early leaves these values.
    fn default() -> Self {
        ThreadEntry {
            tid: 0,
            pid: 0,
            ptid: 0,
            sid: 0,
            vpgid: 0,
            pgid: 0,
            vtid: -1,
            vpid: -1,
            comm: Vec::new(),
            exe: Vec::new(),
            exepath: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            cgroups: Vec::new(),
            cwd: Vec::new(),
            root: Vec::new(),
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
            clone_ts: 0,
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
        }
    }
}

/// The descriptors of one process.
#[derive(Clone, Debug, Default)]
pub struct FdList {
    /// Main thread of the process.
    pub tid: i64,
    /// Its descriptors.
    pub fds: Vec<FdEntry>,
}

/// One descriptor.
#[derive(Clone, Debug)]
pub struct FdEntry {
    /// Number.
    pub fd: i64,
    /// Inode.
    pub ino: u64,
    /// What it is.
    pub kind: FdKind,
}

/// What a listed descriptor is. Ports in host order; `l4` as numbered in the capture format.
#[derive(Clone, Debug)]
pub enum FdKind {
    /// IPv4 socket.
    Ipv4 {
        /// Source address.
        src: Ipv4Addr,
        /// Destination address.
        dst: Ipv4Addr,
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// Transport protocol.
        l4: u8,
    },
    /// IPv6 socket.
    Ipv6 {
        /// Source address.
        src: Ipv6Addr,
        /// Destination address.
        dst: Ipv6Addr,
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// Transport protocol.
        l4: u8,
    },
    /// Listening IPv4 socket.
    Ipv4Server {
        /// Address.
        ip: Ipv4Addr,
        /// Port.
        port: u16,
        /// Transport protocol.
        l4: u8,
    },
    /// Listening IPv6 socket.
    Ipv6Server {
        /// Address.
        ip: Ipv6Addr,
        /// Port.
        port: u16,
        /// Transport protocol.
        l4: u8,
    },
    /// Unix socket.
    Unix {
        /// Kernel address of the socket.
        src: u64,
        /// Kernel address of its peer.
        dst: u64,
        /// Path it is bound to.
        path: Vec<u8>,
    },
    /// File with its open flags (type 16).
    FileV2 {
        /// Flags (bits of `flags::o`).
        open_flags: u32,
        /// Path.
        name: Vec<u8>,
        /// Device; 0: unknown.
        dev: u32,
        /// Mount; 0: unknown.
        mount_id: u32,
    },
    /// Any other type: its number (unknown numbers become 10 with the name `unknown-type:[N]`) and name.
    Other {
        /// Type number.
        ty: u8,
        /// Name.
        name: Vec<u8>,
    },
}
