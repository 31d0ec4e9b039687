//! The borrowed view of one event.

use crate::schema::{EventInfo, EventType, MAX_PARAMS, ParamInfo};

use super::read;

/// Bytes of the header before the parameter lengths.
pub const HEADER_LEN: usize = 26;

/// Why bytes are not an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Fewer bytes than a header.
    #[error("{len} bytes are no event: a header alone has {HEADER_LEN}")]
    NoHeader {
        /// Bytes there are.
        len: usize,
    },
    /// The header's length is shorter than a header or longer than the bytes there are.
    #[error("event of code {code} says it is {claimed} bytes long, {available} are there")]
    Length {
        /// Event code.
        code: u16,
        /// Length in the header.
        claimed: u32,
        /// Bytes there are.
        available: usize,
    },
    /// The lengths of the parameters alone do not fit.
    #[error("event of code {code} and {len} bytes cannot have {nparams} parameters")]
    ParamCount {
        /// Event code.
        code: u16,
        /// Length in the header.
        len: usize,
        /// Parameters in the header.
        nparams: u32,
    },
    /// Header, lengths and parameters add up to more than the event's length.
    #[error("parameters of event code {code} add up to {sum} bytes, the event has {len}")]
    ParamSum {
        /// Event code.
        code: u16,
        /// What header, lengths and parameters add up to.
        sum: u64,
        /// Length in the header.
        len: usize,
    },
}

/// Sum of 16-bit lengths, four at a time in one word: most events have three to six, too few for vector code to pay.
#[inline]
fn sum_of_lengths(table: &[u8]) -> u64 {
    const LANES: u64 = 0x0000_ffff_0000_ffff;
    let (fours, rest) = table.as_chunks::<8>();
    let mut sum = 0;
    for four in fours {
        let four = u64::from_le_bytes(*four);
        let pairs = (four & LANES) + (four >> 16 & LANES);
        sum += (pairs & 0xffff_ffff) + (pairs >> 32);
    }
    for length in rest.as_chunks::<2>().0 {
        sum += u64::from(u16::from_le_bytes(*length));
    }
    sum
}

/// One event whose shape has been checked: header, lengths and values lie inside the bytes.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    bytes: &'a [u8],
    code: EventType,
    nparams: u32,
}

#[inline]
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    // Only called where the header has been seen to be there; zeros keep it total.
    bytes.get(at..).and_then(|b| b.first_chunk()).copied().unwrap_or([0; N])
}

impl<'a> Event<'a> {
    /// The event at the beginning of `bytes`; what follows it is left alone.
    ///
    /// # Errors
    /// [`EventError`] if the bytes do not hold a whole event or its lengths do not add up.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EventError> {
        let Some(header) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(EventError::NoHeader { len: bytes.len() });
        };
        let claimed = u32::from_le_bytes(array(header, 16));
        let code = EventType(u16::from_le_bytes(array(header, 20)));
        let nparams = u32::from_le_bytes(array(header, 22));
        let len = claimed as usize;
        if len < HEADER_LEN || len > bytes.len() {
            return Err(EventError::Length { code: code.0, claimed, available: bytes.len() });
        }
        let event = Self { bytes: &bytes[..len], code, nparams };
        let width = event.length_width() as u64;
        let lengths = width * u64::from(nparams);
        if lengths > (len - HEADER_LEN) as u64 {
            return Err(EventError::ParamCount { code: code.0, len, nparams });
        }
        let table = &event.bytes[HEADER_LEN..HEADER_LEN + lengths as usize];
        let values: u64 = if width == 2 {
            sum_of_lengths(table)
        } else {
            table.as_chunks::<4>().0.iter().map(|c| u64::from(u32::from_le_bytes(*c))).sum()
        };
        let sum = HEADER_LEN as u64 + lengths + values;
        // Less is tolerated, as Falco does: bytes after the last parameter belong to nobody.
        if sum > len as u64 {
            return Err(EventError::ParamSum { code: code.0, sum, len });
        }
        Ok(event)
    }

    /// The event in bytes that have been checked before, without checking again: for bytes that passed [`Self::parse`] and were
    /// kept. Wrong bytes are no danger (every access is bounded), they only make parameters come out absent.
    #[inline]
    pub fn checked_before(bytes: &'a [u8]) -> Self {
        let code = EventType(u16::from_le_bytes(array(bytes, 20)));
        Self { bytes, code, nparams: u32::from_le_bytes(array(bytes, 22)) }
    }

    /// All bytes of the event, header included.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Time in nanoseconds since the epoch.
    #[inline]
    pub fn ts(&self) -> u64 {
        u64::from_le_bytes(array(self.bytes, 0))
    }

    /// Thread id, -1 for none.
    #[inline]
    pub fn tid(&self) -> i64 {
        i64::from_le_bytes(array(self.bytes, 8))
    }

    /// Event code.
    #[inline]
    pub fn event_type(&self) -> EventType {
        self.code
    }

    /// The table's row, `None` for unknown codes.
    #[inline]
    pub fn info(&self) -> Option<&'static EventInfo> {
        self.code.info()
    }

    /// Number of parameters in the event (the table may know fewer or more).
    #[inline]
    pub fn nparams(&self) -> usize {
        self.nparams as usize
    }

    #[inline]
    fn length_width(&self) -> usize {
        if self.code.has_large_payload() { 4 } else { 2 }
    }

    /// Every parameter in order, in one pass.
    #[inline]
    pub fn params(&self) -> Params<'a> {
        let lengths = self.nparams as usize * self.length_width();
        let rest = self.bytes.get(HEADER_LEN..).unwrap_or(&[]);
        let (lengths, values) = rest.split_at_checked(lengths).unwrap_or((rest, &[]));
        Params { lengths, values, wide: self.code.has_large_payload() }
    }

    /// Bytes of parameter `i`; empty if the event carries no value for it, `None` if the event is older than the parameter.
    #[inline]
    pub fn param(&self, i: usize) -> Option<&'a [u8]> {
        if i >= self.nparams as usize {
            return None;
        }
        let width = self.length_width();
        let lengths = self.bytes.get(HEADER_LEN..)?;
        let mut at = HEADER_LEN + width * self.nparams as usize;
        let len = if width == 2 {
            let lengths = lengths.as_chunks::<2>().0.get(..=i)?;
            let (last, before) = lengths.split_last()?;
            at += before.iter().map(|c| usize::from(u16::from_le_bytes(*c))).sum::<usize>();
            usize::from(u16::from_le_bytes(*last))
        } else {
            let lengths = lengths.as_chunks::<4>().0.get(..=i)?;
            let (last, before) = lengths.split_last()?;
            at += before.iter().fold(0, |n: usize, c| n.saturating_add(u32::from_le_bytes(*c) as usize));
            u32::from_le_bytes(*last) as usize
        };
        self.bytes.get(at..)?.get(..len)
    }

    /// Parameter `i` with its description; `None` if the event or the table lacks it.
    pub fn described(&self, i: usize) -> Option<Param<'a>> {
        Some(Param { index: i, info: self.info()?.params.get(i)?, bytes: self.param(i)? })
    }

    /// Parameter of this name with its description.
    pub fn param_by_name(&self, name: &str) -> Option<Param<'a>> {
        let (i, _) = self.info()?.param_by_name(name)?;
        self.described(i)
    }

    /// Parameter `i` as text up to its NUL; `None` if absent or empty.
    #[inline]
    pub fn text(&self, i: usize) -> Option<&'a [u8]> {
        match self.param(i)? {
            [] => None,
            bytes => Some(read::text(bytes)),
        }
    }
}

macro_rules! typed {
    ($($name:ident),*) => {
        impl Event<'_> {$(
            #[doc = concat!("Parameter `i` as `", stringify!($name), "`; `None` if absent, empty or of another length.")]
            #[inline]
            pub fn $name(&self, i: usize) -> Option<$name> {
                read::$name(self.param(i)?)
            }
        )*}
    };
}

typed!(u8, u16, u32, u64, i8, i16, i32, i64);

impl std::fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.info().map_or("?", |i| i.symbol);
        write!(f, "Event({name} ts={} tid={} params=[", self.ts(), self.tid())?;
        for (i, p) in self.params().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { ", " }, p.escape_ascii())?;
        }
        f.write_str("])")
    }
}

/// A parameter with what the table says about it.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// Place in the event.
    pub index: usize,
    /// Description.
    pub info: &'static ParamInfo,
    /// Value; empty if the event carries none.
    pub bytes: &'a [u8],
}

/// Iterator over the parameters of an event.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    lengths: &'a [u8],
    values: &'a [u8],
    wide: bool,
}

impl<'a> Iterator for Params<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let len = if self.wide {
            let (len, rest) = self.lengths.split_first_chunk()?;
            self.lengths = rest;
            u32::from_le_bytes(*len) as usize
        } else {
            let (len, rest) = self.lengths.split_first_chunk()?;
            self.lengths = rest;
            usize::from(u16::from_le_bytes(*len))
        };
        let (value, rest) = self.values.split_at_checked(len)?;
        self.values = rest;
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.lengths.len() / if self.wide { 4 } else { 2 };
        (n, Some(n))
    }
}

/// Where each parameter of one event lies: filled in one pass, for parsers that look at many parameters of a long event.
#[derive(Clone, Debug)]
pub struct ParamIndex {
    ends: [u32; MAX_PARAMS + 1],
    count: usize,
}

impl Default for ParamIndex {
    fn default() -> Self {
        Self { ends: [0; MAX_PARAMS + 1], count: 0 }
    }
}

impl ParamIndex {
    /// Index of an event's parameters, the first [`MAX_PARAMS`] of them.
    #[inline]
    pub fn fill(&mut self, event: &Event<'_>) {
        let mut at = (HEADER_LEN + event.nparams() * event.length_width()) as u32;
        self.ends[0] = at;
        self.count = 0;
        for (param, end) in event.params().zip(&mut self.ends[1..]) {
            at = at.wrapping_add(param.len() as u32);
            *end = at;
            self.count += 1;
        }
    }

    /// Parameter `i` of the event the index was filled from.
    #[inline]
    pub fn get<'a>(&self, event: &Event<'a>, i: usize) -> Option<&'a [u8]> {
        if i >= self.count {
            return None;
        }
        event.bytes.get(*self.ends.get(i)? as usize..*self.ends.get(i + 1)? as usize)
    }
}
