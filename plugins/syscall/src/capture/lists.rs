//! The lists before the first event: threads, descriptors, interfaces, users.

use std::net::{Ipv4Addr, Ipv6Addr};

use rustc_hash::FxHashMap;

use super::body::Body;
use super::error::{CaptureError, CaptureErrorKind};
use super::fd_type::FdType;
use super::initial::{Fd, FdInfo, Group, InitialState, Interface, InterfaceAddr, L4Proto, Thread, User};

/// Memory that the state before the first event may take. Real machines stay far below; a compressed hostile file could ask
/// for a thousand times its size.
const MAX_MEMORY: usize = 512 << 20;
pub(super) const MAX_PATH: u16 = 1024;
pub(super) const MAX_ARGS: u16 = 4096;
pub(super) const MAX_USER_TEXT: u16 = 255;
/// Entries of versions before libs 0.10 have no more than these bytes after the root directory: login uid, writable, capabilities.
const PRE_0_10_TAIL: u64 = 29;

/// The lists as they are read.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) state: InitialState,
    by_tid: FxHashMap<i64, usize>,
    memory: usize,
}

impl Lists {
    pub(super) fn finish(self) -> InitialState {
        self.state
    }

    fn spend(&mut self, body: &Body<'_>, bytes: usize) -> Result<(), CaptureError> {
        self.memory += bytes;
        if self.memory > MAX_MEMORY {
            return Err(CaptureError { offset: body.offset(), kind: CaptureErrorKind::StateTooLarge });
        }
        Ok(())
    }

    pub(super) fn processes(&mut self, body: &mut Body<'_>, version: u8) -> Result<(), CaptureError> {
        while body.next_entry("process") {
            let t = thread(body, version)?;
            let texts = [&t.comm, &t.exe, &t.exepath, &t.args, &t.env, &t.cwd, &t.root, &t.cgroups];
            let text_bytes: usize = texts.iter().map(|t| t.len()).sum();
            self.spend(body, size_of::<Thread>() + 32 + text_bytes)?;
            self.by_tid.insert(t.tid, self.state.threads.len());
            self.state.threads.push(t);
        }
        Ok(())
    }

    /// Descriptors of one thread; those of a thread that is not in the list belong to nobody.
    pub(super) fn descriptors(&mut self, body: &mut Body<'_>, lengths: bool) -> Result<(), CaptureError> {
        body.next_entry("descriptor");
        let tid = body.i64()?;
        let thread = self.by_tid.get(&tid).copied();
        while body.next_entry("descriptor") {
            let fd = descriptor(body, lengths)?;
            let name = match &fd.info {
                FdInfo::File { name, .. } | FdInfo::Unix { name, .. } | FdInfo::Other { name, .. } => name.len(),
                _ => 0,
            };
            if let Some(thread) = thread.and_then(|i| self.state.threads.get_mut(i)) {
                thread.fds.push(fd);
                self.spend(body, size_of::<Fd>() + name)?;
            }
        }
        Ok(())
    }

    /// The machine's interfaces; a second list replaces the first.
    pub(super) fn interfaces(&mut self, body: &mut Body<'_>, lengths: bool) -> Result<(), CaptureError> {
        self.state.interfaces.clear();
        while body.next_entry("interface") {
            // This length alone does not count itself.
            let len = if lengths { body.u32()?.saturating_add(4) } else { 0 };
            let interface = interface(body)?;
            body.end_entry(len)?;
            self.spend(body, size_of::<Interface>() + interface.name.len())?;
            self.state.interfaces.push(interface);
        }
        Ok(())
    }

    /// The machine's users and groups; a second list replaces the first.
    pub(super) fn users(&mut self, body: &mut Body<'_>, lengths: bool) -> Result<(), CaptureError> {
        self.state.users.clear();
        self.state.groups.clear();
        while body.next_entry("user") {
            let len = if lengths { body.u32()? } else { 0 };
            self.spend(body, size_of::<User>() + 3 * usize::from(MAX_USER_TEXT))?;
            if body.u8()? == 0 {
                self.state.users.push(User {
                    uid: body.u32()?,
                    gid: body.u32()?,
                    name: body.text("user name", MAX_USER_TEXT)?,
                    home: body.text("home folder", MAX_USER_TEXT)?,
                    shell: body.text("shell", MAX_USER_TEXT)?,
                });
            } else {
                self.state.groups.push(Group { gid: body.u32()?, name: body.text("group name", MAX_USER_TEXT)? });
            }
            body.end_entry(len)?;
        }
        Ok(())
    }
}

fn thread(body: &mut Body<'_>, version: u8) -> Result<Thread, CaptureError> {
    let mut t = Thread::default();
    let len = if version >= 9 { body.u32()? } else { 0 };
    t.tid = body.i64()?;
    t.pid = body.i64()?;
    t.ptid = body.i64()?;
    if version >= 6 {
        t.sid = body.i64()?;
    }
    if version >= 8 {
        t.vpgid = body.i64()?;
    }
    t.comm = body.text("command name", MAX_PATH)?;
    t.exe = body.text("executable", MAX_PATH)?;
    if version >= 7 {
        t.exepath = body.text("executable path", MAX_PATH)?;
    }
    t.args = body.text_list("arguments", MAX_ARGS)?;
    t.cwd = body.text("working directory", MAX_PATH)?;
    t.fdlimit = body.i64()?;
    t.flags = body.u32()?;
    t.uid = body.u32()?;
    t.gid = body.u32()?;
    if version >= 2 {
        t.vmsize_kb = body.u32()?;
        t.vmrss_kb = body.u32()?;
        t.vmswap_kb = body.u32()?;
        t.pfmajor = body.u64()?;
        t.pfminor = body.u64()?;
    }
    if version >= 3 {
        t.env = body.text_list("environment", MAX_ARGS)?;
    }
    if version >= 4 {
        t.vtid = body.i64()?;
        t.vpid = body.i64()?;
        t.cgroups = body.text_list("cgroups", MAX_ARGS)?;
    }
    if version >= 5 {
        t.root = body.text("root directory", MAX_PATH)?;
    }
    thread_tail(body, &mut t, len)?;
    body.end_entry(len)?;
    Ok(t)
}

/// Fields that were appended over time: each is there if the entry is long enough.
fn thread_tail(body: &mut Body<'_>, t: &mut Thread, len: u32) -> Result<(), CaptureError> {
    // Version 0.10 of the libraries inserted two fields in front instead of appending them.
    let inserted = body.rest(len) > PRE_0_10_TAIL;
    if inserted && body.has(len, 8) {
        t.pidns_init_start_ts = body.u64()?;
    }
    if inserted && body.has(len, 4) {
        t.tty = body.u32()?;
    }
    if body.has(len, 4) {
        t.loginuid = body.u32()?;
    }
    if body.has(len, 1) {
        t.exe_writable = body.u8()? != 0;
    }
    for caps in [&mut t.cap_inheritable, &mut t.cap_permitted, &mut t.cap_effective] {
        if body.has(len, 8) {
            *caps = body.u64()?;
        }
    }
    if body.has(len, 1) {
        t.exe_upper_layer = body.u8()? != 0;
    }
    for value in [&mut t.exe_ino, &mut t.exe_ino_ctime, &mut t.exe_ino_mtime] {
        if body.has(len, 8) {
            *value = body.u64()?;
        }
    }
    for flag in [&mut t.exe_from_memfd, &mut t.exe_lower_layer] {
        if body.has(len, 1) {
            *flag = body.u8()? != 0;
        }
    }
    if body.has(len, 8) {
        t.pgid = body.i64()?;
    }
    Ok(())
}

fn v4(body: &mut Body<'_>) -> Result<Ipv4Addr, CaptureError> {
    body.array::<4>().map(Ipv4Addr::from)
}

fn v6(body: &mut Body<'_>) -> Result<Ipv6Addr, CaptureError> {
    body.array::<16>().map(Ipv6Addr::from)
}

fn l4(body: &mut Body<'_>) -> Result<L4Proto, CaptureError> {
    body.u8().map(L4Proto::from_number)
}

fn descriptor(body: &mut Body<'_>, lengths: bool) -> Result<Fd, CaptureError> {
    const NAME: &str = "descriptor name";
    const LIMIT: u16 = MAX_PATH - 1;
    let len = if lengths { body.u32()? } else { 0 };
    let (fd, ino, number) = (body.i64()?, body.u64()?, body.u8()?);
    let info = match FdType::from_number(number.into()) {
        Some(FdType::Ipv4Sock) => {
            FdInfo::V4 { sip: v4(body)?, dip: v4(body)?, sport: body.u16()?, dport: body.u16()?, l4: l4(body)? }
        }
        Some(FdType::Ipv6Sock) => {
            FdInfo::V6 { sip: v6(body)?, dip: v6(body)?, sport: body.u16()?, dport: body.u16()?, l4: l4(body)? }
        }
        Some(FdType::Ipv4ServSock) => FdInfo::V4Server { ip: v4(body)?, port: body.u16()?, l4: l4(body)? },
        Some(FdType::Ipv6ServSock) => FdInfo::V6Server { ip: v6(body)?, port: body.u16()?, l4: l4(body)? },
        Some(FdType::UnixSock) => {
            FdInfo::Unix { source: body.u64()?, dest: body.u64()?, name: body.text(NAME, LIMIT)? }
        }
        Some(FdType::FileV2) => {
            let (flags, name) = (body.u32()?, body.text(NAME, LIMIT)?);
            let dev = if body.has(len, 4) { body.u32()? } else { 0 };
            FdInfo::File { flags, name, dev }
        }
        Some(FdType::Unknown) => FdInfo::Other { ty: FdType::Unknown, name: Box::default() },
        Some(ty) => FdInfo::Other { ty, name: body.text(NAME, LIMIT)? },
        None => FdInfo::Other { ty: FdType::Unsupported, name: format!("unknown-type:[{number}]").into_bytes().into() },
    };
    body.end_entry(len)?;
    Ok(Fd { fd, ino, info })
}

fn interface(body: &mut Body<'_>) -> Result<Interface, CaptureError> {
    let offset = body.offset();
    let (kind, name_len) = (body.u16()?, body.u16()?);
    let addr = match kind {
        1 | 3 => InterfaceAddr::V4 { addr: v4(body)?, mask: v4(body)?, broadcast: v4(body)? },
        2 | 4 => InterfaceAddr::V6 { addr: v6(body)?, mask: v6(body)?, broadcast: v6(body)? },
        _ => return Err(CaptureError { offset, kind: CaptureErrorKind::InterfaceType(kind) }),
    };
    let link_speed = if kind <= 2 { body.u64()? } else { 0 };
    if name_len >= MAX_PATH {
        let kind = CaptureErrorKind::Text { what: "interface name", len: name_len, limit: MAX_PATH - 1 };
        return Err(CaptureError { offset, kind });
    }
    let name = lanner_plugin_api::wire::read::text(body.bytes(usize::from(name_len))?).into();
    Ok(Interface { name, addr, link_speed })
}
