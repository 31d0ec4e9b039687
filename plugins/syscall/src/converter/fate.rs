//! What an event needs, decided from its code and number of parameters.

use lanner_plugin_api::schema::{EVENTS, EventFlags, EventType};
use lanner_plugin_api::wire::Event;

use super::ConvertError;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Pass,
    Drop,
    Convert,
}

/// What the code alone decides.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    Pass,
    Drop,
    Convert,
    /// An exit event of today: passes with all its parameters, is converted with fewer.
    Complete,
}

/// One byte per code, because every event of a capture asks.
static CLASSES: [Class; EventType::COUNT as usize] = {
    let mut classes = [Class::Pass; EventType::COUNT as usize];
    let mut code = 0;
    while code < classes.len() {
        let flags = EVENTS[code].flags.bits();
        let old = flags & EventFlags::OLD_VERSION.bits() != 0;
        let enter = code % 2 == 0;
        classes[code] = if flags & EventFlags::UNUSED.bits() != 0 {
            Class::Drop
        } else if flags & EventFlags::CONVERTER_MANAGED.bits() == 0 {
            assert!(!old || enter, "an old exit event needs converter rules");
            if old { Class::Drop } else { Class::Pass }
        } else if enter || old {
            Class::Convert
        } else {
            Class::Complete
        };
        code += 1;
    }
    classes
};

/// What a reader has to know of the events that it hands out as they lie, which are nearly all of a recording.
#[derive(Clone, Copy)]
pub(crate) struct Plain {
    /// Parameters that it must have for that.
    nparams: Option<u8>,
    /// See [`EventType::is_hidden`].
    pub(crate) hidden: bool,
}

/// By code, in one look; the three codes whose events belong to plugins, or are long, are never plain.
static PLAIN: [Option<Plain>; EventType::COUNT as usize] = {
    let mut plain = [None; EventType::COUNT as usize];
    let mut code = 0;
    while code < plain.len() {
        let ty = EventType(code as u16);
        let hidden = ty.is_hidden();
        plain[code] = match CLASSES[code] {
            _ if ty.has_large_payload() => None,
            Class::Pass => Some(Plain { nparams: None, hidden }),
            Class::Complete => Some(Plain { nparams: Some(EVENTS[code].params.len() as u8), hidden }),
            Class::Drop | Class::Convert => None,
        };
        code += 1;
    }
    plain
};

/// An event that is certainly as today's table wants it. `None` means: ask [`Fate::of`].
#[inline]
pub(crate) fn plain(code: EventType, nparams: usize) -> Option<Plain> {
    let plain = PLAIN.get(usize::from(code.0)).copied().flatten()?;
    plain.nparams.is_none_or(|wanted| usize::from(wanted) == nparams).then_some(plain)
}

impl Fate {
    #[inline]
    pub(super) fn of(event: &Event<'_>) -> Result<Self, ConvertError> {
        let (code, found) = (event.event_type(), event.nparams());
        let (Some(class), Some(info)) = (CLASSES.get(usize::from(code.0)), code.info()) else {
            return Err(ConvertError::Unknown(code.0));
        };
        let known = info.params.len();
        let exit_with_too_many = code.is_exit() && found > known && info.flags.contains(EventFlags::CONVERTER_MANAGED);
        match class {
            _ if exit_with_too_many => Err(ConvertError::TooManyParams { symbol: info.symbol, found, known }),
            Class::Pass => Ok(Self::Pass),
            Class::Drop => Ok(Self::Drop),
            Class::Complete if found == known => Ok(Self::Pass),
            Class::Complete | Class::Convert => Ok(Self::Convert),
        }
    }
}
