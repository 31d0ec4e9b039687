//! From a JSON object as it stands in a file or message to the payload and the time of an event.

use std::borrow::Cow;

use lanner_json::{Fault, Value, read_ahead};

use crate::{Reason, salvage, slim, slim_within};

/// What records of a source are like.
#[derive(Debug, Clone, Copy)]
pub struct Shape<E: 'static> {
    /// The time of a record in nanoseconds since the epoch, if it is an event.
    pub time: fn(Value<'_>) -> Result<u64, E>,
    /// The member that holds nearly all of a record, if there is one: parts of it go before other members do.
    pub inner: Option<&'static str>,
    /// Members (of the record, or of `inner`) that an oversized event can spare, the largest burden first.
    pub spare: &'static [&'static str],
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Nanoseconds since the epoch.
    pub time: u64,
    /// The record, or what is left of it.
    pub payload: Cow<'a, str>,
    /// Parts were left out, because the record is too long or nested too deep.
    pub reduced: bool,
    /// Bytes that are no UTF-8 were replaced.
    pub repaired: bool,
}

/// Reads a record; its payload has at most `max` bytes. It is kept for the fields that are asked for next on this thread.
///
/// # Errors
/// It is no event.
pub fn read<'a, E: From<Reason>>(record: &'a [u8], max: usize, shape: &Shape<E>) -> Result<Event<'a>, E> {
    // Nearly always it is text, and to see that is a tenth of the work of repairing it.
    let text = std::str::from_utf8(record).map_or_else(|_| String::from_utf8_lossy(record), Cow::Borrowed);
    let repaired = matches!(text, Cow::Owned(_));
    let read = read_ahead(&text, |event| {
        let time = (shape.time)(event);
        (time.is_ok() && text.len() <= max, time)
    });
    match read {
        Ok((end, _)) if text.get(end..).is_none_or(|rest| !rest.trim_ascii().is_empty()) => Err(Reason::NotJson.into()),
        Ok((_, time)) if text.len() <= max => Ok(Event { time: time?, payload: text, reduced: false, repaired }),
        Ok((_, time)) => {
            let time = time?;
            let slim = match shape.inner {
                Some(inner) => slim_within(text.as_bytes(), max, inner, shape.spare),
                None => slim(text.as_bytes(), max, shape.spare),
            };
            Ok(Event { time, payload: owned(slim.ok_or(Reason::TooLong)?), reduced: true, repaired })
        }
        Err(Fault::Deep) => {
            let rest = salvage(text.as_bytes(), text.len(), shape.inner).ok_or(Reason::TooDeep)?;
            // What is left is not deep, so this ends.
            let Event { time, payload, .. } = read_owned(rest, max, shape)?;
            Ok(Event { time, payload, reduced: true, repaired })
        }
        Err(fault) => Err(Reason::from(fault).into()),
    }
}

/// Reads the record that `text` begins with, whatever follows, if it is an event that goes on as it stands in at most `max` bytes:
/// where it ends, and its time. It is kept for the fields as by [`read`], which tells what anything else is once it is known where
/// that ends. `list`: an object with this member is no record.
pub fn read_first<E>(text: &str, max: usize, list: Option<&str>, shape: &Shape<E>) -> Option<(usize, u64)> {
    let (end, time) = read_ahead(text, |event| {
        let alone = event.raw().len() <= max && list.is_none_or(|list| event.get(list).is_none());
        let time = if alone { (shape.time)(event).ok() } else { None };
        (time.is_some(), time)
    })
    .ok()?;
    Some((end, time?))
}

fn read_owned<E: From<Reason>>(record: Vec<u8>, max: usize, shape: &Shape<E>) -> Result<Event<'static>, E> {
    let Event { time, payload, reduced, repaired } = self::read(&record, max, shape)?;
    Ok(Event { time, payload: Cow::Owned(payload.into_owned()), reduced, repaired })
}

fn owned(text: Vec<u8>) -> Cow<'static, str> {
    Cow::Owned(String::from_utf8_lossy(&text).into_owned())
}
