//! Events of the oldest blocks, whose header does not say how many parameters follow.

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::{Event, EventError, HEADER_LEN};

use super::error::CaptureErrorKind;

/// Header without the number of parameters.
const OLD_HEADER: usize = HEADER_LEN - 4;

/// Writes the event with today's header into `out`. The number of parameters is the largest, from the table's downwards, with
/// which lengths and values fill the event exactly.
pub(super) fn upgrade<'a>(body: &[u8], out: &'a mut Vec<u8>) -> Result<Event<'a>, CaptureErrorKind> {
    let Some(header) = body.first_chunk::<OLD_HEADER>() else {
        return Err(EventError::NoHeader { len: body.len() }.into());
    };
    let claimed = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
    let code = EventType(u16::from_le_bytes([header[20], header[21]]));
    // Two kinds of event were written with three bytes too many in their length.
    let surplus = if matches!(code, EventType::NOTIFICATION_E | EventType::INFRASTRUCTURE_EVENT_E) { 3 } else { 0 };
    let length = |claimed| EventError::Length { code: code.0, claimed, available: body.len() };
    let len = claimed.checked_sub(surplus).ok_or(length(claimed))?;
    let rest = body.get(OLD_HEADER..len as usize).ok_or(length(claimed))?;
    let nparams = count_params(code, rest).ok_or(CaptureErrorKind::OldEvent { code: code.0 })?;
    out.clear();
    out.extend_from_slice(&header[..16]);
    out.extend_from_slice(&(len + 4).to_le_bytes());
    out.extend_from_slice(&header[20..]);
    out.extend_from_slice(&nparams.to_le_bytes());
    out.extend_from_slice(rest);
    Ok(Event::parse(out)?)
}

fn count_params(code: EventType, rest: &[u8]) -> Option<u32> {
    let lengths = rest.as_chunks::<2>().0;
    for n in (0..=code.param_count()?).rev() {
        let Some(lengths) = lengths.get(..n) else { continue };
        let total = 2 * n + lengths.iter().map(|l| usize::from(u16::from_le_bytes(*l))).sum::<usize>();
        match total.cmp(&rest.len()) {
            std::cmp::Ordering::Equal => return u32::try_from(n).ok(),
            // Fewer parameters give an even smaller sum.
            std::cmp::Ordering::Less => return None,
            std::cmp::Ordering::Greater => {}
        }
    }
    None
}
