//! The table by event code: which parser, which parameter is the descriptor, whose event it is.

use lanner_plugin_api::schema::{EVENTS, EventFlags, EventType as T};

/// Which parser an event code has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Parser {
    #[default]
    None,
    StoreEnter,
    Read,
    Write,
    Open,
    Namespace,
    Memfd,
    Clone,
    PidfdOpen,
    PidfdGetfd,
    Exec,
    Exit,
    Pipe,
    Socket,
    Bind,
    Connect,
    Accept,
    Close,
    CloseRange,
    Fcntl,
    NewFd,
    Chdir,
    Fchdir,
    Getcwd,
    Dup,
    Rlimit,
    Prlimit,
    Socketpair,
    SchedSwitch,
    Memory,
    Setresid,
    Setid,
    Chroot,
    Setsid,
    Capset,
    Prctl,
    User,
    Group,
    Procinfo,
}

/// What the state has to know of an event code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub(crate) parser: Parser,
    /// Parameter that is the event's descriptor; -1: none.
    pub(crate) fd_at: i8,
    bits: u8,
}

impl Parser {
    /// Whether it changes nothing for a call that failed.
    pub(crate) fn ignores_failures(self) -> bool {
        use Parser as P;
        matches!(
            self,
            P::None
                | P::Read
                | P::Write
                | P::Open
                | P::Clone
                | P::Exec
                | P::Namespace
                | P::Memfd
                | P::PidfdOpen
                | P::PidfdGetfd
                | P::Pipe
                | P::Socket
                | P::Socketpair
                | P::Bind
                | P::Accept
                | P::Close
                | P::CloseRange
                | P::Fcntl
                | P::NewFd
                | P::Chdir
                | P::Fchdir
                | P::Getcwd
                | P::Dup
                | P::Rlimit
                | P::Prlimit
                | P::Setresid
                | P::Setid
                | P::Chroot
                | P::Setsid
                | P::Capset
                | P::Prctl
        )
    }
}

impl Code {
    pub(crate) const ENTER: u8 = 1;
    /// Belongs to no thread.
    pub(crate) const NO_THREAD: u8 = 2;
    /// An unknown thread stays unknown: it is being made, has just died, or belongs to the kernel.
    pub(crate) const NO_PLACEHOLDER: u8 = 4;
    /// The exit of an exec, which may also follow an execveat.
    const EXEC: u8 = 8;

    #[inline]
    pub(crate) fn has(self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    /// A successful execveat ends as an execve.
    #[inline]
    pub(crate) fn accepts_enter(self, enter: u16) -> bool {
        self.has(Code::EXEC) && enter == T::SYSCALL_EXECVEAT_E.0
    }
}

/// Where the descriptor stands among the parameters of an exit event that is about one.
fn exit_fd_param(t: T) -> i8 {
    match t {
        T::SYSCALL_SETNS_X
        | T::SOCKET_LISTEN_X
        | T::SOCKET_SHUTDOWN_X
        | T::SYSCALL_FCHDIR_X
        | T::SYSCALL_LSEEK_X
        | T::SYSCALL_LLSEEK_X
        | T::SYSCALL_IOCTL_3_X
        | T::SYSCALL_FSTAT_X
        | T::SYSCALL_CLOSE_X
        | T::SYSCALL_GETDENTS_X
        | T::SYSCALL_GETDENTS64_X
        | T::SYSCALL_FLOCK_X
        | T::SYSCALL_COPY_FILE_RANGE_X
        | T::SYSCALL_FCNTL_X
        | T::SYSCALL_DUP_1_X
        | T::SYSCALL_DUP2_X
        | T::SYSCALL_DUP3_X
        | T::SYSCALL_NEWFSTATAT_X
        | T::SYSCALL_FCHOWNAT_X
        | T::SYSCALL_FCHMODAT_X
        | T::SYSCALL_MKDIRAT_X
        | T::SYSCALL_UNLINKAT_2_X
        | T::SYSCALL_MKNODAT_X
        | T::SOCKET_SENDMMSG_X
        | T::SOCKET_RECVMMSG_X
        | T::SYSCALL_IO_URING_REGISTER_X
        | T::SYSCALL_IO_URING_ENTER_X
        | T::SOCKET_SETSOCKOPT_X
        | T::SOCKET_GETSOCKOPT_X
        | T::SYSCALL_FSCONFIG_X
        | T::SYSCALL_FINIT_MODULE_X
        | T::SYSCALL_FCHMOD_X
        | T::SYSCALL_FCHOWN_X => 1,
        T::SYSCALL_READ_X
        | T::SYSCALL_PREAD_X
        | T::SOCKET_BIND_X
        | T::SYSCALL_WRITE_X
        | T::SYSCALL_PWRITE_X
        | T::SOCKET_RECV_X
        | T::SOCKET_SEND_X
        | T::SOCKET_SENDTO_X
        | T::SOCKET_SENDMSG_X
        | T::SYSCALL_SENDFILE_X
        | T::SYSCALL_SPLICE_X
        | T::SYSCALL_WRITEV_X
        | T::SYSCALL_PWRITEV_X
        | T::SOCKET_CONNECT_X
        | T::SYSCALL_SYMLINKAT_X => 2,
        T::SOCKET_RECVFROM_X | T::SYSCALL_READV_X | T::SYSCALL_PREADV_X => 3,
        T::SOCKET_RECVMSG_X => 5,
        T::SYSCALL_MMAP_X | T::SYSCALL_MMAP2_X => 8,
        _ => -1,
    }
}

fn parser_of(t: T) -> Parser {
    match t {
        T::SYSCALL_OPEN_E
        | T::SYSCALL_CREAT_E
        | T::SYSCALL_OPENAT_2_E
        | T::SYSCALL_OPENAT2_E
        | T::SYSCALL_EXECVE_19_E
        | T::SYSCALL_EXECVEAT_E
        | T::SOCKET_CONNECT_E => Parser::StoreEnter,
        // Plain reads and writes matter only for sockets, like the others.
        T::SYSCALL_READ_X
        | T::SYSCALL_READV_X
        | T::SYSCALL_PREAD_X
        | T::SYSCALL_PREADV_X
        | T::SOCKET_RECV_X
        | T::SOCKET_RECVFROM_X
        | T::SOCKET_RECVMSG_X
        | T::SOCKET_RECVMMSG_X => Parser::Read,
        T::SYSCALL_WRITE_X
        | T::SYSCALL_WRITEV_X
        | T::SYSCALL_PWRITE_X
        | T::SYSCALL_PWRITEV_X
        | T::SOCKET_SEND_X
        | T::SOCKET_SENDTO_X
        | T::SOCKET_SENDMSG_X
        | T::SOCKET_SENDMMSG_X => Parser::Write,
        T::SYSCALL_OPEN_X
        | T::SYSCALL_CREAT_X
        | T::SYSCALL_OPENAT_2_X
        | T::SYSCALL_OPENAT2_X
        | T::SYSCALL_OPEN_BY_HANDLE_AT_X => Parser::Open,
        T::SYSCALL_UNSHARE_X | T::SYSCALL_SETNS_X => Parser::Namespace,
        T::SYSCALL_MEMFD_CREATE_X => Parser::Memfd,
        T::SYSCALL_CLONE_20_X | T::SYSCALL_FORK_20_X | T::SYSCALL_VFORK_20_X | T::SYSCALL_CLONE3_X => Parser::Clone,
        T::SYSCALL_PIDFD_OPEN_X => Parser::PidfdOpen,
        T::SYSCALL_PIDFD_GETFD_X => Parser::PidfdGetfd,
        T::SYSCALL_EXECVE_19_X | T::SYSCALL_EXECVEAT_X => Parser::Exec,
        T::PROCEXIT_1_E => Parser::Exit,
        T::SYSCALL_PIPE_X | T::SYSCALL_PIPE2_X => Parser::Pipe,
        T::SOCKET_SOCKET_X => Parser::Socket,
        T::SOCKET_BIND_X => Parser::Bind,
        T::SOCKET_CONNECT_X => Parser::Connect,
        T::SOCKET_ACCEPT_5_X | T::SOCKET_ACCEPT4_6_X => Parser::Accept,
        T::SYSCALL_CLOSE_X => Parser::Close,
        T::SYSCALL_CLOSE_RANGE_X => Parser::CloseRange,
        T::SYSCALL_FCNTL_X => Parser::Fcntl,
        T::SYSCALL_EVENTFD_X
        | T::SYSCALL_EVENTFD2_X
        | T::SYSCALL_SIGNALFD_X
        | T::SYSCALL_SIGNALFD4_X
        | T::SYSCALL_TIMERFD_CREATE_X
        | T::SYSCALL_INOTIFY_INIT_X
        | T::SYSCALL_INOTIFY_INIT1_X
        | T::SYSCALL_BPF_2_X
        | T::SYSCALL_USERFAULTFD_X
        | T::SYSCALL_IO_URING_SETUP_X
        | T::SYSCALL_EPOLL_CREATE_X
        | T::SYSCALL_EPOLL_CREATE1_X => Parser::NewFd,
        T::SYSCALL_CHDIR_X => Parser::Chdir,
        T::SYSCALL_FCHDIR_X => Parser::Fchdir,
        T::SYSCALL_GETCWD_X => Parser::Getcwd,
        T::SYSCALL_DUP_1_X | T::SYSCALL_DUP2_X | T::SYSCALL_DUP3_X => Parser::Dup,
        T::SYSCALL_GETRLIMIT_X | T::SYSCALL_SETRLIMIT_X => Parser::Rlimit,
        T::SYSCALL_PRLIMIT_X => Parser::Prlimit,
        T::SOCKET_SOCKETPAIR_X => Parser::Socketpair,
        T::SCHEDSWITCH_6_E => Parser::SchedSwitch,
        T::SYSCALL_BRK_4_X | T::SYSCALL_MMAP_X | T::SYSCALL_MMAP2_X | T::SYSCALL_MUNMAP_X => Parser::Memory,
        T::SYSCALL_SETRESUID_X | T::SYSCALL_SETREUID_X | T::SYSCALL_SETRESGID_X | T::SYSCALL_SETREGID_X => {
            Parser::Setresid
        }
        T::SYSCALL_SETUID_X | T::SYSCALL_SETGID_X => Parser::Setid,
        T::SYSCALL_CHROOT_X => Parser::Chroot,
        T::SYSCALL_SETSID_X => Parser::Setsid,
        T::SYSCALL_CAPSET_X => Parser::Capset,
        T::SYSCALL_PRCTL_X => Parser::Prctl,
        T::USER_ADDED_E | T::USER_DELETED_E => Parser::User,
        T::GROUP_ADDED_E | T::GROUP_DELETED_E => Parser::Group,
        T::PROCINFO_E => Parser::Procinfo,
        _ => Parser::None,
    }
}

/// The table by event code.
pub(crate) fn codes() -> Box<[Code]> {
    let code = |i: usize| {
        let t = T(i as u16);
        let flags = EVENTS[i].flags;
        let parser = parser_of(t);
        let mut bits = 0;
        if t.is_enter() {
            bits |= Code::ENTER;
        }
        let meta = matches!(
            t,
            T::CONTAINER_JSON_2_E
                | T::USER_ADDED_E
                | T::USER_DELETED_E
                | T::GROUP_ADDED_E
                | T::GROUP_DELETED_E
                | T::PLUGINEVENT_E
                | T::ASYNCEVENT_E
        );
        if meta || flags.contains(EventFlags::SKIPPARSERESET) {
            bits |= Code::NO_THREAD;
        }
        if matches!(parser, Parser::Clone | Parser::SchedSwitch | Parser::Exit) {
            bits |= Code::NO_PLACEHOLDER;
        }
        if t == T::SYSCALL_EXECVE_19_X {
            bits |= Code::EXEC;
        }
        let fd_at = match t {
            _ if !flags.contains(EventFlags::USES_FD) => -1,
            T::SYSCALL_MMAP_E | T::SYSCALL_MMAP2_E => 4,
            T::SYSCALL_SPLICE_E => 1,
            _ if t.is_enter() => 0,
            _ => exit_fd_param(t),
        };
        Code { parser, fd_at, bits }
    };
    (0..EVENTS.len()).map(code).collect()
}
