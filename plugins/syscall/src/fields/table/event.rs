//! The entries of class `evt`.

use crate::fields::extract::{abspath, count, event, infra, open};
use crate::fields::keys::Key;
use crate::fields::spec::FieldType::*;
use crate::fields::spec::PrintFormat::*;
use crate::fields::spec::{Arg, Field};

/// Class `evt`: what the event itself says.
pub(super) const EVENT: &[Field] = &[
    Field::new("evt.latency", RelTime, "Latency", "Constant 0 (kept only for compatibility).", event::zero)
        .format(Dec)
        .deprecated(),
    Field::new("evt.latency.s", RelTime, "Latency, seconds", "Constant 0.", event::zero).format(Dec).deprecated(),
    Field::new("evt.latency.ns", RelTime, "Latency, rest", "Constant 0.", event::zero).format(Padded10).deprecated(),
    Field::new("evt.latency.quantized", U64, "Latency, rounded", "Constant 0.", event::zero)
        .format(Dec)
        .deprecated()
        .table_only(),
    Field::new("evt.latency.human", Text, "Latency, readable", "Constant text 0ns.", event::zero_text).deprecated(),
    Field::new(
        "evt.deltatime",
        RelTime,
        "Time since last event",
        "Nanoseconds since the event before this one (0 for the first).",
        event::delta,
    )
    .format(Dec),
    Field::new(
        "evt.deltatime.s",
        RelTime,
        "Time since last event, seconds",
        "Seconds part of deltatime.",
        event::delta_seconds,
    )
    .format(Dec),
    Field::new(
        "evt.deltatime.ns",
        RelTime,
        "Time since last event, rest",
        "Sub-second part of deltatime.",
        event::delta_rest,
    )
    .format(Padded10),
    Field::new("evt.outputtime", Text, "Time of day", "Local time of day, with nanoseconds.", event::output_time)
        .print_only(),
    Field::new("evt.dir", Text, "Direction", "'<' (exit) or '>' (enter).", event::direction).format(Dir).deprecated(),
    Field::new(
        "evt.type",
        Text,
        "Type",
        "Event name; a generic event gives the name of its system call, an asynchronous one its own.",
        event::name,
    ),
    Field::new(
        "evt.type.is",
        U32,
        "Is of type",
        "1 if event code is one of the pair named by the suffix.",
        event::is_type,
    )
    .arg(Arg::required().key().dotted()),
    Field::new(
        "syscall.type",
        Text,
        "System call",
        "As evt.type but only for syscall-category events.",
        event::syscall_name,
    ),
    Field::new(
        "evt.category",
        Text,
        "Category",
        "Category word; I/O categories resolve to file/net/ipc/unknown by fd type.",
        event::category,
    ),
    Field::new("evt.cpu", I16, "Cpu", "Number of the cpu that the event was recorded on.", event::cpu).format(Id),
    Field::new(
        "evt.args",
        Text,
        "Arguments",
        "All params as name=value, resolved value in parentheses, space separated; empty for generic events.",
        event::args,
    ),
    Field::new(
        "evt.arg",
        Text,
        "Argument",
        "One param by name or index as text (resolved form preferred).",
        event::arg,
    )
    .decided_with("flags", Key::OpenFlags)
    .arg(Arg::required().index().key().dotted())
    .unstable(),
    Field::new("evt.rawarg", Dyn, "Raw argument", "One param by name in native type.", event::raw_arg)
        .arg(Arg::required().key().dotted())
        .no_rhs()
        .no_transformer(),
    Field::new("evt.info", Text, "Summary", "Alias of evt.args.", event::args),
    Field::new("evt.buffer", Bytes, "Buffer", "Bytes of the param named data.", event::buffer).unstable(),
    Field::new(
        "evt.buflen",
        U64,
        "Bytes moved",
        "Return value if >=0 for I/O-category exit events having an fd.",
        count::buflen,
    )
    .format(Dec),
    Field::new("evt.res", Text, "Result", "SUCCESS if return >=0 else errno name.", event::result_text)
        .decided_by(Key::Result)
        .format(Dec)
        .unstable(),
    Field::new("evt.rawres", I64, "Raw result", "Signed return value.", event::raw_result)
        .format(Dec)
        .decided_by(Key::Result),
    Field::new("evt.failed", Bool, "Failed", "1 if return <0.", event::failed).decided_by(Key::Result),
    Field::new("evt.is_io", Bool, "Is I/O", "Event reads or writes an fd (table flags).", event::is_io),
    Field::new("evt.is_io_read", Bool, "Is read", "Event reads an fd.", event::is_read),
    Field::new("evt.is_io_write", Bool, "Is write", "Event writes an fd.", event::is_write),
    Field::new(
        "evt.io_dir",
        Text,
        "I/O direction",
        "Read or write, for events that read or write a descriptor.",
        event::io_direction,
    ),
    Field::new("evt.is_wait", Bool, "Is wait", "Event carries the waits flag.", event::is_wait),
    Field::new("evt.wait_latency", RelTime, "Wait latency", "Constant 0.", event::zero).format(Dec).deprecated(),
    Field::new("evt.is_syslog", Bool, "Is syslog write", "Write event whose fd is /dev/log.", event::is_syslog),
    Field::new("evt.count", U32, "Count", "Constant 1.", count::one).format(Dec),
    Field::new("evt.count.error", U32, "Errors", "1/0 failed or not; unset without a return value.", count::error)
        .format(Dec),
    Field::new(
        "evt.count.error.file",
        U32,
        "File errors",
        "Same, only file fds / open-like events.",
        count::file_error,
    )
    .format(Dec),
    Field::new("evt.count.error.net", U32, "Network errors", "Same, only sockets / accept,connect.", count::net_error)
        .format(Dec),
    Field::new("evt.count.error.memory", U32, "Memory errors", "Same, only memory category.", count::memory_error)
        .format(Dec),
    Field::new("evt.count.error.other", U32, "Other errors", "Same, everything else.", count::other_error).format(Dec),
    Field::new("evt.count.exit", U32, "Exit events", "1 on exit events, unset otherwise.", count::exit).format(Dec),
    Field::new(
        "evt.count.procinfo",
        U32,
        "Process samples",
        "1 on procinfo events of a main thread.",
        count::process_sample,
    )
    .format(Dec)
    .table_only(),
    Field::new("evt.count.threadinfo", U32, "Thread samples", "1 on procinfo events.", count::thread_sample)
        .format(Dec)
        .table_only(),
    Field::new(
        "evt.around",
        U64,
        "Around a time",
        "True when the event time is within D ms of T, written evt.around[T] = D.",
        event::around,
    )
    .format(Dec)
    .arg(Arg::required().index())
    .filter_only()
    .no_rhs()
    .no_transformer(),
    Field::new(
        "evt.abspath",
        Text,
        "Absolute path",
        "Absolute path built from dirfd+path of *at calls; suffixes .src and .dst select operand.",
        abspath::abspath,
    )
    .arg(Arg::required().key().dotted()),
    Field::new("evt.buflen.in", U64, "Bytes read", "Buflen for read category.", count::buflen_in)
        .format(Dec)
        .table_only(),
    Field::new("evt.buflen.out", U64, "Bytes written", "Buflen for write category.", count::buflen_out)
        .format(Dec)
        .table_only(),
    Field::new("evt.buflen.file", U64, "File bytes", "Buflen for regular-file fds.", count::buflen_file)
        .format(Dec)
        .table_only(),
    Field::new("evt.buflen.file.in", U64, "File bytes read", "Buflen, file reads.", count::buflen_file_in)
        .format(Dec)
        .table_only(),
    Field::new("evt.buflen.file.out", U64, "File bytes written", "Buflen, file writes.", count::buflen_file_out)
        .format(Dec)
        .table_only(),
    Field::new("evt.buflen.net", U64, "Network bytes", "Buflen for sockets.", count::buflen_net)
        .format(Dec)
        .table_only(),
    Field::new("evt.buflen.net.in", U64, "Network bytes read", "Buflen, socket reads.", count::buflen_net_in)
        .format(Dec)
        .table_only(),
    Field::new("evt.buflen.net.out", U64, "Network bytes written", "Buflen, socket writes.", count::buflen_net_out)
        .format(Dec)
        .table_only(),
    Field::new("evt.is_open_read", Bool, "Opens for reading", "Open family whose flags hold read bit.", open::read)
        .decided_by(Key::OpenFlags),
    Field::new("evt.is_open_write", Bool, "Opens for writing", "Open family whose flags hold write bit.", open::write)
        .decided_by(Key::OpenFlags),
    Field::new(
        "evt.infra.docker.name",
        Text,
        "Docker event",
        "Event item of legacy infrastructure event text.",
        infra::name,
    )
    .table_only(),
    Field::new(
        "evt.infra.docker.container.id",
        Text,
        "Docker container id",
        "ID item of same (cut to 12).",
        infra::container_id,
    )
    .table_only(),
    Field::new(
        "evt.infra.docker.container.name",
        Text,
        "Docker container name",
        "Name item of same.",
        infra::container_name,
    )
    .table_only(),
    Field::new(
        "evt.infra.docker.container.image",
        Text,
        "Docker image",
        "Image item of same (digest stripped).",
        infra::container_image,
    )
    .table_only(),
    Field::new(
        "evt.is_open_exec",
        Bool,
        "Creates an executable",
        "Open family/creat creating a file with any x bit in mode.",
        open::exec,
    ),
    Field::new(
        "evt.is_open_create",
        Bool,
        "Creates a file",
        "Open family that created a file (F_CREATED bit, or O_TMPFILE and success).",
        open::create,
    ),
];
