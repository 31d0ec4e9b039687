//! What descriptors are.

/// What a descriptor is; numbers of the capture format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i8)]
pub enum FdType {
    /// Never set.
    Uninitialized = -1,
    /// A socket of a family the state does not follow.
    #[default]
    Unknown = 0,
    /// File (as older captures list it).
    File = 1,
    /// Directory.
    Directory = 2,
    /// IPv4 socket.
    Ipv4Sock = 3,
    /// IPv6 socket.
    Ipv6Sock = 4,
    /// Listening IPv4 socket.
    Ipv4ServSock = 5,
    /// Listening IPv6 socket.
    Ipv6ServSock = 6,
    /// Pipe or FIFO.
    Fifo = 7,
    /// Unix socket.
    UnixSock = 8,
    /// eventfd.
    Event = 9,
    /// Of a type that is not followed.
    Unsupported = 10,
    /// signalfd.
    Signalfd = 11,
    /// epoll.
    Eventpoll = 12,
    /// inotify.
    Inotify = 13,
    /// timerfd.
    Timerfd = 14,
    /// Netlink socket.
    Netlink = 15,
    /// File.
    FileV2 = 16,
    /// bpf.
    Bpf = 17,
    /// userfaultfd.
    Userfaultfd = 18,
    /// io_uring.
    IoUring = 19,
    /// memfd.
    Memfd = 20,
    /// pidfd.
    Pidfd = 21,
}

impl FdType {
    /// The type with this number, if there is one.
    pub fn from_number(n: i64) -> Option<FdType> {
        use FdType::*;
        Some(match n {
            -1 => Uninitialized,
            0 => Unknown,
            1 => File,
            2 => Directory,
            3 => Ipv4Sock,
            4 => Ipv6Sock,
            5 => Ipv4ServSock,
            6 => Ipv6ServSock,
            7 => Fifo,
            8 => UnixSock,
            9 => Event,
            10 => Unsupported,
            11 => Signalfd,
            12 => Eventpoll,
            13 => Inotify,
            14 => Timerfd,
            15 => Netlink,
            16 => FileV2,
            17 => Bpf,
            18 => Userfaultfd,
            19 => IoUring,
            20 => Memfd,
            21 => Pidfd,
            _ => return None,
        })
    }

    /// A number above 0 for each type.
    pub(crate) fn number(self) -> u64 {
        (self as i8 as u8).wrapping_add(2).into()
    }

    /// The letter of `fd.typechar`.
    pub fn letter(self) -> u8 {
        use FdType::*;
        match self {
            FileV2 | File => b'f',
            Directory => b'd',
            Ipv4Sock | Ipv4ServSock => b'4',
            Ipv6Sock | Ipv6ServSock => b'6',
            Fifo => b'p',
            UnixSock | Userfaultfd => b'u',
            Event => b'e',
            Unknown => b'o',
            Unsupported => b'X',
            Signalfd => b's',
            Eventpoll => b'l',
            Inotify => b'i',
            Timerfd => b't',
            Netlink => b'n',
            Bpf => b'b',
            IoUring => b'r',
            Memfd => b'm',
            Pidfd => b'P',
            Uninitialized => b'?',
        }
    }

    /// The word of `fd.type`, with its NUL.
    pub fn word_with_nul(self) -> &'static [u8] {
        use FdType::*;
        match self {
            FileV2 | File => b"file\0",
            Directory => b"directory\0",
            Ipv4Sock | Ipv4ServSock => b"ipv4\0",
            Ipv6Sock | Ipv6ServSock => b"ipv6\0",
            UnixSock => b"unix\0",
            Fifo => b"pipe\0",
            Event => b"event\0",
            Signalfd => b"signalfd\0",
            Eventpoll => b"eventpoll\0",
            Inotify => b"inotify\0",
            Timerfd => b"timerfd\0",
            Netlink => b"netlink\0",
            Bpf => b"bpf\0",
            Userfaultfd => b"userfaultfd\0",
            IoUring => b"io_uring\0",
            Memfd => b"memfd\0",
            Pidfd => b"pidfd\0",
            Unknown | Unsupported | Uninitialized => b"<NA>\0",
        }
    }
}
