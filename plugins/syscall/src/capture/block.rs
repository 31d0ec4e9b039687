//! Kinds of blocks.

/// A block's type, sorted by what the reader does with it. Numbers in the `0x80…` range are those of the oldest captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Section,
    Machine,
    /// Process list of version 1 to 9.
    Processes(u8),
    /// Descriptors of one process; `true`: entries carry their length.
    Fds(bool),
    Interfaces(bool),
    Users(bool),
    Event(EventBlock),
    Unknown,
}

/// How an event block is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventBlock {
    /// 32 bits of flags stand before the event.
    pub(super) flags: bool,
    /// The event's header lacks the number of parameters.
    pub(super) old: bool,
    /// The block may be longer than 64 KiB.
    pub(super) large: bool,
}

pub(super) const SECTION: u32 = 0x0A0D_0D0A;
pub(super) const MACHINE: u32 = 0x201;
pub(super) const PROCESSES_V9: u32 = 0x215;
pub(super) const FDS_V2: u32 = 0x218;
pub(super) const INTERFACES_V2: u32 = 0x219;
pub(super) const USERS_V2: u32 = 0x220;
/// Event blocks of today.
pub(super) const EVENT_V2: u32 = 0x216;
pub(super) const EVENT_V2_FLAGS: u32 = 0x217;
pub(super) const EVENT_V2_LARGE: u32 = 0x221;
pub(super) const EVENT_V2_FLAGS_LARGE: u32 = 0x222;

const fn event(flags: bool, old: bool, large: bool) -> Block {
    Block::Event(EventBlock { flags, old, large })
}

impl Block {
    pub(super) fn of(code: u32) -> Self {
        match code {
            SECTION => Self::Section,
            MACHINE | 0x8002_ABCD => Self::Machine,
            0x202 | 0x8000_ABCD => Self::Processes(1),
            0x207 | 0x8013_ABCD => Self::Processes(2),
            0x209 | 0x8014_ABCD => Self::Processes(3),
            0x210..=PROCESSES_V9 => Self::Processes((code - 0x210) as u8 + 4),
            0x203 | 0x8001_ABCD => Self::Fds(false),
            FDS_V2 => Self::Fds(true),
            0x204 | 0x8010_ABCD => event(false, true, false),
            0x208 => event(true, true, false),
            EVENT_V2 => event(false, false, false),
            EVENT_V2_FLAGS => event(true, false, false),
            EVENT_V2_LARGE => event(false, false, true),
            EVENT_V2_FLAGS_LARGE => event(true, false, true),
            0x205 | 0x8011_ABCD => Self::Interfaces(false),
            INTERFACES_V2 => Self::Interfaces(true),
            0x206 | 0x8012_ABCD => Self::Users(false),
            USERS_V2 => Self::Users(true),
            _ => Self::Unknown,
        }
    }
}
