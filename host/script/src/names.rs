//! Numbers of names: errors, signals, capabilities, durations.

use lanner_syscall::fields::{capability, errno, signal};

use crate::error::{ScriptError, did_you_mean};
use crate::read::{Node, parse_int};

const LAST_ERRNO: i64 = 530;
const LAST_SIGNAL: u32 = 64;
const LAST_CAPABILITY: u32 = 63;

/// A result: a number, or the name of an error, which stands for its negative number.
pub(crate) fn result(node: &Node<'_>) -> Result<i64, ScriptError> {
    let Some(name) = node.value.as_str().filter(|s| parse_int(s).is_none()) else { return node.number() };
    let name = name.trim_start_matches('-');
    let found = (1..=LAST_ERRNO).map(|n| -n).find(|n| errno(*n) == Some(name));
    found.ok_or_else(|| {
        let hint = did_you_mean(name, (1..=LAST_ERRNO).filter_map(|n| errno(-n)));
        node.error(format!("\"{name}\" is neither a number nor the name of an error{hint}"))
    })
}

/// A signal by number or name, with or without SIG.
pub(crate) fn signal_number(node: &Node<'_>) -> Result<u8, ScriptError> {
    let Some(name) = node.value.as_str().filter(|s| parse_int(s).is_none()) else { return node.number() };
    let full = if name.starts_with("SIG") { name.to_owned() } else { format!("SIG{name}") };
    let found = (1..=LAST_SIGNAL).find(|n| signal(*n) == Some(&full));
    found.and_then(|n| u8::try_from(n).ok()).ok_or_else(|| {
        let hint = did_you_mean(&full, (1..=LAST_SIGNAL).filter_map(signal));
        node.error(format!("\"{name}\" is neither a number nor the name of a signal{hint}"))
    })
}

/// Capabilities: `all`, `none`, a number, or a list of names with or without CAP_.
pub(crate) fn capabilities(node: &Node<'_>) -> Result<u64, ScriptError> {
    match node.value.as_str() {
        Some("all") => return Ok(lanner_syscall::state::flags::ALL_CAPS),
        Some("none") => return Ok(0),
        Some(text) if parse_int(text).is_some() => return node.number(),
        _ => {}
    }
    if node.value.is_number() {
        return node.number();
    }
    let names = node.one_or_list()?;
    let bits = names.iter().map(|node| {
        let name = node.text()?.to_uppercase();
        let full = if name.starts_with("CAP_") { name } else { format!("CAP_{name}") };
        (0..=LAST_CAPABILITY).find(|bit| capability(*bit) == Some(&full)).map(|bit| 1 << bit).ok_or_else(|| {
            let hint = did_you_mean(&full, (0..=LAST_CAPABILITY).filter_map(capability));
            node.error(format!("unknown capability \"{full}\"{hint}"))
        })
    });
    bits.collect::<Result<Vec<u64>, _>>().map(|bits| bits.iter().fold(0, |all, bit| all | bit))
}

/// A time span in nanoseconds: a number of them, or a text with a unit: ns, us, ms, s, m, h, d.
pub(crate) fn duration(node: &Node<'_>) -> Result<u64, ScriptError> {
    let Some(text) = node.value.as_str().filter(|s| parse_int(s).is_none()) else { return node.number() };
    let wrong = || node.error(format!("\"{text}\" is not a time span: write 500ms, 2s, 5m, 1h or 3d"));
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let unit = match unit.trim() {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        "d" => 86400e9,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Ok((number * unit) as u64)
}
