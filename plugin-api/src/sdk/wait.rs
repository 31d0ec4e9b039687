//! Values that come later than their event.

use core::ffi::CStr;
use core::num::NonZeroU64;

use super::{ExtractCx, ExtractRaw, FieldRequest, ValueSink};

/// How it stands with what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'p> {
    /// It is on its way.
    Pending,
    /// It is there.
    Known,
    /// It will not come; why.
    Unknown(&'p CStr),
}

/// A plugin some of whose values are asked for elsewhere and come after the events that they are about (Lanner's
/// addition). Its extraction says [`ValueSink::awaited`] of such a value, or [`ValueSink::unknown`]; the host may then hold the
/// alert back and ask again, when the event and whatever it was about are gone.
#[diagnostic::on_unimplemented(message = "`{Self}` is exported with `awaits` but does not implement `sdk::Awaits`")]
pub trait Awaits: ExtractRaw {
    /// A number for what the values of this event wait for, be it on its way or unknown; `None` if they wait for
    /// nothing. It stands for that until [`Awaits::end_wait`] has been called as often as it was given.
    fn begin_wait(&mut self, cx: &ExtractCx<'_>) -> Option<NonZeroU64>;

    /// How it stands with it. Unknown numbers are [`Standing::Unknown`].
    fn wait_state(&mut self, wait: u64) -> Standing<'_>;

    /// As [`ExtractRaw::extract`], for what is waited for.
    fn extract_awaited<'v>(&'v mut self, wait: u64, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool;

    /// The number is given back.
    fn end_wait(&mut self, wait: u64);
}
