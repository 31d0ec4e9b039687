//! The arguments of fields: what is valid, and what `evt.rawarg.NAME` is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lanner_plugin_api::schema::{EVENTS, EventType, ParamInfo};

use super::event::event_pair;
use crate::fields::spec::Field;

/// Why an argument is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgError {
    /// The field takes none.
    #[error("field {field} takes no argument, '{arg}' was given")]
    Unexpected {
        /// Name of the field.
        field: &'static str,
        /// The argument.
        arg: String,
    },
    /// The field needs one.
    #[error("field {field} needs an argument")]
    Missing {
        /// Name of the field.
        field: &'static str,
    },
    /// The field takes a number.
    #[error("field {field} takes a number, '{arg}' is none")]
    NoNumber {
        /// Name of the field.
        field: &'static str,
        /// The argument.
        arg: String,
    },
    /// No event has such a parameter.
    #[error("unknown event argument {arg}")]
    UnknownParam {
        /// The argument.
        arg: String,
    },
    /// No event has such a name.
    #[error("unknown event type {arg}")]
    UnknownEvent {
        /// The argument.
        arg: String,
    },
    /// The argument is not of the field's own form.
    #[error("'{arg}' is no argument for {field}: {expected}")]
    Malformed {
        /// Name of the field.
        field: &'static str,
        /// The argument.
        arg: String,
        /// What it takes.
        expected: &'static str,
    },
}

static PARAMS: LazyLock<BTreeMap<&'static str, &'static ParamInfo>> = LazyLock::new(|| {
    let mut params = BTreeMap::new();
    for param in EVENTS.iter().flat_map(|event| event.params) {
        params.entry(param.name).or_insert(param);
    }
    params
});

static FIRST_EVENTS: LazyLock<BTreeMap<&'static str, EventType>> = LazyLock::new(|| {
    let mut events = BTreeMap::new();
    for event in &EVENTS {
        events.entry(event.name).or_insert(event.code);
    }
    events
});

/// The first event of the table that has this name.
pub(crate) fn first_event(name: &str) -> Option<EventType> {
    FIRST_EVENTS.get(name).copied()
}

/// Checks an argument and gives the type of the values it selects.
///
/// # Errors
/// [`ArgError`] if the field does not take this argument, or needs one and has none.
pub fn resolve(field: &'static Field, arg: Option<&str>) -> Result<u32, ArgError> {
    let own = Ok(field.ty.number());
    let Some(arg) = arg else {
        // The bare form of this one stands for its first operand.
        let bare = field.arg.is_none_or(|arg| !arg.required) || field.name == "evt.abspath";
        return if bare { own } else { Err(ArgError::Missing { field: field.name }) };
    };
    let Some(accepted) = field.arg else {
        return Err(ArgError::Unexpected { field: field.name, arg: arg.to_owned() });
    };
    let malformed = |expected| ArgError::Malformed { field: field.name, arg: arg.to_owned(), expected };
    // -1 is the same as no argument.
    let is_number = arg == "-1" || arg.parse::<u64>().is_ok();
    match field.name {
        "evt.arg" if is_number => own,
        "evt.arg" | "evt.rawarg" => match PARAMS.get(arg) {
            Some(param) if field.name == "evt.rawarg" => Ok(param.ty as u32),
            Some(_) => own,
            None => Err(ArgError::UnknownParam { arg: arg.to_owned() }),
        },
        "evt.type.is" => event_pair(arg).map(|_| own).unwrap_or(Err(ArgError::UnknownEvent { arg: arg.to_owned() })),
        "evt.abspath" => match arg {
            "src" | "dst" => own,
            _ => Err(malformed("src or dst")),
        },
        "thread.cgroup" => {
            let valid = !arg.is_empty() && arg.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
            if valid { own } else { Err(malformed("letters and _")) }
        }
        _ if is_number || accepted.key => own,
        _ => Err(ArgError::NoNumber { field: field.name, arg: arg.to_owned() }),
    }
}
