//! The sub-tables of texts: arguments, environment, control groups.

use lanner_plugin_api::raw::StateType;
use lanner_plugin_api::sdk::{StateOut, TableFault};

use super::{ARGS, CGROUPS, ENV, StaticFields};
use crate::state::{State, Thread};

pub(super) const TEXT_FIELDS: StaticFields = &[(c"value", StateType::STRING, true)];
pub(super) const CGROUP_FIELDS: StaticFields =
    &[(c"first", StateType::STRING, true), (c"second", StateType::STRING, true)];

/// Number of entries.
pub(super) fn len(state: &State, thread: &Thread, id: u32) -> u64 {
    let n = match id {
        ARGS => thread.args.count(),
        ENV => state.env(thread).count(),
        CGROUPS => thread.cgroups.pairs().count(),
        _ => 0,
    };
    n as u64
}

pub(super) fn read(
    state: &State,
    thread: &Thread,
    id: u32,
    at: u64,
    field: u32,
    out: &mut StateOut<'_>,
) -> Result<(), TableFault> {
    let at = usize::try_from(at).map_err(|_| TableFault::NoEntry)?;
    let text = match (id, field) {
        (ARGS, 0) => thread.args.get_with_nul(at),
        (ENV, 0) => state.env(thread).get_with_nul(at),
        (CGROUPS, 0) => thread.cgroups.pairs().nth(at).map(|pair| pair.0),
        (CGROUPS, 1) => thread.cgroups.pairs().nth(at).map(|pair| pair.1),
        _ => return Err(TableFault::NoField),
    };
    let text = text.ok_or(TableFault::NoEntry)?;
    out.str_bytes(text.strip_suffix(b"\0").unwrap_or(text));
    Ok(())
}
