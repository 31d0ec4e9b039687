//! Fields of a thread in the table `threads`.

use lanner_plugin_api::raw::StateType as T;
use lanner_plugin_api::sdk::{EntryRef, StateOut, StateValue, TableFault};

use super::{ARGS, CGROUPS, ENV, FDS, StaticFields};
use crate::state::zstr::ZStr;
use crate::state::{State, Thread};

/// Falco's 32 fields and one of our own, `lanner_cgroups`: the number of the list of control groups, equal for threads in
/// the same groups and 0 in none, so that what follows from a list need not be found anew for each thread. What [`read`] and
/// [`write`] do with a field stands under its place here.
pub(super) const FIELDS: StaticFields = &[
    (c"tid", T::INT64, false),
    (c"pid", T::INT64, false),
    (c"ptid", T::INT64, false),
    (c"reaper_tid", T::INT64, false),
    (c"sid", T::INT64, false),
    (c"comm", T::STRING, false),
    (c"exe", T::STRING, false),
    (c"exe_path", T::STRING, false),
    (c"exe_writable", T::BOOL, false),
    (c"exe_upper_layer", T::BOOL, false),
    (c"exe_lower_layer", T::BOOL, false),
    (c"exe_from_memfd", T::BOOL, false),
    (c"args", T::TABLE, true),
    (c"env", T::TABLE, true),
    (c"cgroups", T::TABLE, true),
    (c"flags", T::UINT32, false),
    (c"fd_limit", T::INT64, false),
    (c"uid", T::UINT32, false),
    (c"gid", T::UINT32, false),
    (c"loginuid", T::UINT32, false),
    (c"exe_ino", T::UINT64, false),
    (c"exe_ino_ctime", T::UINT64, false),
    (c"exe_ino_mtime", T::UINT64, false),
    (c"vtid", T::INT64, false),
    (c"vpid", T::INT64, false),
    (c"vpgid", T::INT64, false),
    (c"pgid", T::INT64, false),
    (c"pidns_init_start_ts", T::UINT64, false),
    (c"root", T::STRING, false),
    (c"tty", T::UINT32, false),
    (c"file_descriptors", T::TABLE, true),
    (c"cwd", T::STRING, true),
    (c"lanner_cgroups", T::UINT64, true),
];

pub(super) fn read(
    state: &State,
    t: &Thread,
    entry: EntryRef,
    field: u32,
    out: &mut StateOut<'_>,
) -> Result<(), TableFault> {
    match field {
        0 => out.i64(t.tid),
        1 => out.i64(t.pid),
        2 => out.i64(t.ptid),
        3 => out.i64(t.reaper_tid),
        4 => out.i64(t.sid),
        5 => out.str_bytes(t.comm.as_bytes()),
        6 => out.str_bytes(t.exe.as_bytes()),
        7 => out.str_bytes(t.exepath.as_bytes()),
        8 => out.bool(t.exe_writable),
        9 => out.bool(t.exe_upper_layer),
        10 => out.bool(t.exe_lower_layer),
        11 => out.bool(t.exe_from_memfd),
        12 => out.table(ARGS, entry),
        13 => out.table(ENV, entry),
        14 => out.table(CGROUPS, entry),
        15 => out.u32(t.flags),
        16 => out.i64(t.fdlimit),
        17 => out.u32(t.uid),
        18 => out.u32(t.gid),
        19 => out.u32(t.loginuid),
        20 => out.u64(t.exe_ino),
        21 => out.u64(t.exe_ino_ctime),
        22 => out.u64(t.exe_ino_mtime),
        23 => out.i64(t.vtid),
        24 => out.i64(t.vpid),
        25 => out.i64(t.vpgid),
        26 => out.i64(t.pgid),
        27 => out.u64(t.pidns_init_start_ts),
        28 => out.str_bytes(t.root.as_bytes()),
        29 => out.u32(t.tty),
        30 => out.table(FDS, entry),
        31 => out.str_bytes(state.cwd(t).as_bytes()),
        32 => out.u64(t.cgroups.number()),
        _ => return Err(TableFault::NoField),
    }
    Ok(())
}

/// Writes a field. The id of a thread that is in the table is its key and stays.
pub(super) fn write(t: &mut Thread, created: bool, field: u32, value: StateValue<'_>) -> Result<(), TableFault> {
    use StateValue::{Bool, Int64, Str, Uint32, Uint64};
    match (field, value) {
        (0, Int64(v)) if created => t.tid = v,
        (0, Int64(v)) if v == t.tid => {}
        (1, Int64(v)) => t.pid = v,
        (2, Int64(v)) => t.ptid = v,
        (3, Int64(v)) => t.reaper_tid = v,
        (4, Int64(v)) => t.sid = v,
        (5, Str(v)) => t.set_comm(ZStr::new(v.to_bytes())),
        (6, Str(v)) => t.exe = ZStr::new(v.to_bytes()),
        (7, Str(v)) => t.exepath = ZStr::new(v.to_bytes()),
        (8, Bool(v)) => t.exe_writable = v,
        (9, Bool(v)) => t.exe_upper_layer = v,
        (10, Bool(v)) => t.exe_lower_layer = v,
        (11, Bool(v)) => t.exe_from_memfd = v,
        (15, Uint32(v)) => t.flags = v,
        (16, Int64(v)) => t.fdlimit = v,
        (17, Uint32(v)) => t.uid = v,
        (18, Uint32(v)) => t.gid = v,
        (19, Uint32(v)) => t.loginuid = v,
        (20, Uint64(v)) => t.exe_ino = v,
        (21, Uint64(v)) => t.exe_ino_ctime = v,
        (22, Uint64(v)) => t.exe_ino_mtime = v,
        (23, Int64(v)) => t.vtid = v,
        (24, Int64(v)) => t.vpid = v,
        (25, Int64(v)) => t.vpgid = v,
        (26, Int64(v)) => t.pgid = v,
        (27, Uint64(v)) => t.pidns_init_start_ts = v,
        (28, Str(v)) => t.root = ZStr::new(v.to_bytes()),
        (29, Uint32(v)) => t.tty = v,
        _ => {
            let field = usize::try_from(field).ok().and_then(|i| FIELDS.get(i)).ok_or(TableFault::NoField)?;
            return Err(if field.1 == value.ty() || field.2 { TableFault::ReadOnly } else { TableFault::FieldType });
        }
    }
    Ok(())
}
