//! What a C compiler makes of `include/lanner_plugin.h`, against the Rust types: sizes, alignments, the offset of every
//! member, the value of every constant. The header itself is searched for what the lists here may have forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lanner_plugin_api::raw;

/// C name of a type, then of each member with its Rust name.
macro_rules! structs {
    ($($c:literal => $rust:ty { $($member:literal $field:ident),* $(,)? })*) => {
        fn rust_layout() -> BTreeMap<String, i128> {
            let mut all = BTreeMap::new();
            $(
                all.insert(concat!("size ", $c).to_owned(), size_of::<$rust>() as i128);
                all.insert(concat!("align ", $c).to_owned(), align_of::<$rust>() as i128);
                $(all.insert(
                    concat!("offset ", $c, ".", $member).to_owned(),
                    core::mem::offset_of!($rust, $field) as i128,
                );)*
            )*
            all
        }

        const TYPES: &[(&str, &[&str])] = &[$(($c, &[$($member),*])),*];
    };
}

structs! {
    "ss_plugin_event" => raw::Event { "ts" ts, "tid" tid, "len" len, "type" ty, "nparams" nparams }
    "ss_plugin_event_input" => raw::EventInput { "evt" evt, "evtnum" evtnum, "evtsrc" evtsrc }
    "ss_plugin_byte_buffer" => raw::ByteBuffer { "len" len, "ptr" ptr }
    "ss_plugin_extract_value_offsets" => raw::ExtractValueOffsets { "start" start, "length" length }
    "ss_plugin_extract_field" => raw::ExtractField {
        "res" res, "res_len" res_len, "field_id" field_id, "field" field, "arg_key" arg_key, "arg_index" arg_index,
        "arg_present" arg_present, "ftype" ftype, "flist" flist,
    }
    "ss_plugin_metric_value" => raw::MetricValue {
        "u32" u32, "s32" s32, "u64" u64, "s64" s64, "d" d, "f" f, "i" i,
    }
    "ss_plugin_metric" => raw::Metric { "name" name, "type" ty, "value" value, "value_type" value_type }
    "ss_plugin_state_data" => raw::StateData {
        "s8" s8, "s16" s16, "s32" s32, "s64" s64, "u8" u8, "u16" u16, "u32" u32, "u64" u64, "str" str, "b" b,
        "table" table,
    }
    "ss_plugin_table_info" => raw::TableInfo { "name" name, "key_type" key_type }
    "ss_plugin_table_fieldinfo" => raw::TableFieldInfo {
        "name" name, "field_type" field_type, "read_only" read_only,
    }
    "ss_plugin_table_fields_vtable" => raw::TableFieldsVtable {
        "list_table_fields" list_table_fields, "get_table_field" get_table_field, "add_table_field" add_table_field,
    }
    "ss_plugin_table_fields_vtable_ext" => raw::TableFieldsVtableExt {
        "list_table_fields" list_table_fields, "get_table_field" get_table_field, "add_table_field" add_table_field,
    }
    "ss_plugin_table_reader_vtable" => raw::TableReaderVtable {
        "get_table_name" get_table_name, "get_table_size" get_table_size, "get_table_entry" get_table_entry,
        "read_entry_field" read_entry_field,
    }
    "ss_plugin_table_reader_vtable_ext" => raw::TableReaderVtableExt {
        "get_table_name" get_table_name, "get_table_size" get_table_size, "get_table_entry" get_table_entry,
        "read_entry_field" read_entry_field, "release_table_entry" release_table_entry,
        "iterate_entries" iterate_entries,
    }
    "ss_plugin_table_writer_vtable" => raw::TableWriterVtable {
        "clear_table" clear_table, "erase_table_entry" erase_table_entry, "create_table_entry" create_table_entry,
        "destroy_table_entry" destroy_table_entry, "add_table_entry" add_table_entry,
        "write_entry_field" write_entry_field,
    }
    "ss_plugin_table_writer_vtable_ext" => raw::TableWriterVtableExt {
        "clear_table" clear_table, "erase_table_entry" erase_table_entry, "create_table_entry" create_table_entry,
        "destroy_table_entry" destroy_table_entry, "add_table_entry" add_table_entry,
        "write_entry_field" write_entry_field,
    }
    "ss_plugin_table_input" => raw::TableInput {
        "name" name, "key_type" key_type, "table" table, "reader" reader, "writer" writer, "fields" fields,
        "reader_ext" reader_ext, "writer_ext" writer_ext, "fields_ext" fields_ext,
    }
    "ss_plugin_init_tables_input" => raw::InitTablesInput {
        "list_tables" list_tables, "get_table" get_table, "add_table" add_table, "fields" fields,
        "fields_ext" fields_ext, "reader_ext" reader_ext, "writer_ext" writer_ext,
    }
    "ss_plugin_init_input" => raw::InitInput {
        "config" config, "owner" owner, "get_owner_last_error" get_owner_last_error, "tables" tables, "log_fn" log_fn,
    }
    "ss_plugin_field_extract_input" => raw::FieldExtractInput {
        "owner" owner, "get_owner_last_error" get_owner_last_error, "num_fields" num_fields, "fields" fields,
        "table_reader" table_reader, "table_reader_ext" table_reader_ext, "value_offsets" value_offsets,
    }
    "ss_plugin_event_parse_input" => raw::EventParseInput {
        "owner" owner, "get_owner_last_error" get_owner_last_error, "table_reader" table_reader,
        "table_writer" table_writer, "table_reader_ext" table_reader_ext, "table_writer_ext" table_writer_ext,
    }
    "ss_plugin_set_config_input" => raw::SetConfigInput { "config" config }
    "ss_plugin_routine_vtable" => raw::RoutineVtable { "subscribe" subscribe, "unsubscribe" unsubscribe }
    "ss_plugin_capture_listen_input" => raw::CaptureListenInput {
        "owner" owner, "routine" routine, "table_reader_ext" table_reader_ext, "table_writer_ext" table_writer_ext,
        "get_owner_last_error" get_owner_last_error,
    }
    "lanner_event_meta" => raw::EventMeta { "num" num, "cpu" cpu, "flags" flags }
    "lanner_field_value" => raw::FieldValue { "data" data, "n" n }
    "ss_plugin_bool" => raw::Bool {}
    "ss_plugin_rc" => raw::Rc {}
    "ss_plugin_field_type" => raw::FieldType {}
    "ss_plugin_schema_type" => raw::SchemaType {}
    "ss_plugin_state_type" => raw::StateType {}
    "ss_plugin_log_severity" => raw::LogSeverity {}
    "ss_plugin_metric_value_type" => raw::MetricValueType {}
    "ss_plugin_metric_type" => raw::MetricType {}
}

/// What the flags 0x50300 say.
const ENFORCED: raw::Enforced = raw::Enforced::of_flags(0x5_0300).unwrap();

/// C name and Rust value of every constant, and of macros for one argument.
fn constants() -> Vec<(&'static str, i128)> {
    use raw::{
        FieldType as F, LogSeverity as L, MetricType as M, MetricValueType as V, Rc, SchemaType, StateType as T,
    };
    vec![
        ("PLUGIN_API_VERSION_MAJOR", raw::API_MAJOR.into()),
        ("PLUGIN_API_VERSION_MINOR", raw::API_MINOR.into()),
        ("PLUGIN_API_VERSION_PATCH", raw::API_PATCH.into()),
        ("PLUGIN_MAX_ERRLEN", raw::MAX_ERRLEN as i128),
        ("PLUGIN_EVENT_PAYLOAD_OFFSET", raw::EVENT_PAYLOAD_OFFSET as i128),
        ("LANNER_EVENT_HIDDEN", raw::EventMeta::HIDDEN.into()),
        ("LANNER_EVENT_ENFORCED(0x50300u)", ENFORCED.action.into()),
        ("LANNER_EVENT_ENFORCED_RULE(0x50300u)", ENFORCED.rule.into()),
        ("LANNER_MAX_KEYS", raw::MAX_KEYS as i128),
        ("LANNER_NO_KEY", raw::NO_KEY.into()),
        ("LANNER_VALUE_FAILED", raw::FieldValue::FAILED.n.into()),
        ("LANNER_VALUE_AWAITED", raw::FieldValue::AWAITED.n.into()),
        ("LANNER_VALUE_UNKNOWN", raw::FieldValue::UNKNOWN.n.into()),
        ("LANNER_WAIT_PENDING", raw::WaitState::PENDING.0.into()),
        ("LANNER_WAIT_KNOWN", raw::WaitState::KNOWN.0.into()),
        ("LANNER_WAIT_UNKNOWN", raw::WaitState::UNKNOWN.0.into()),
        ("LANNER_HEAD_KEEPS_CLOSING", raw::HEAD_KEEPS_CLOSING.into()),
        ("SS_PLUGIN_SUCCESS", Rc::SUCCESS.0.into()),
        ("SS_PLUGIN_FAILURE", Rc::FAILURE.0.into()),
        ("SS_PLUGIN_TIMEOUT", Rc::TIMEOUT.0.into()),
        ("SS_PLUGIN_EOF", Rc::EOF.0.into()),
        ("SS_PLUGIN_NOT_SUPPORTED", Rc::NOT_SUPPORTED.0.into()),
        ("FTYPE_UINT64", F::UINT64.0.into()),
        ("FTYPE_STRING", F::STRING.0.into()),
        ("FTYPE_RELTIME", F::RELTIME.0.into()),
        ("FTYPE_ABSTIME", F::ABSTIME.0.into()),
        ("FTYPE_BOOL", F::BOOL.0.into()),
        ("FTYPE_IPADDR", F::IPADDR.0.into()),
        ("FTYPE_IPNET", F::IPNET.0.into()),
        ("SS_PLUGIN_SCHEMA_NONE", SchemaType::NONE.0.into()),
        ("SS_PLUGIN_SCHEMA_JSON", SchemaType::JSON.0.into()),
        ("SS_PLUGIN_ST_INT8", T::INT8.0.into()),
        ("SS_PLUGIN_ST_INT16", T::INT16.0.into()),
        ("SS_PLUGIN_ST_INT32", T::INT32.0.into()),
        ("SS_PLUGIN_ST_INT64", T::INT64.0.into()),
        ("SS_PLUGIN_ST_UINT8", T::UINT8.0.into()),
        ("SS_PLUGIN_ST_UINT16", T::UINT16.0.into()),
        ("SS_PLUGIN_ST_UINT32", T::UINT32.0.into()),
        ("SS_PLUGIN_ST_UINT64", T::UINT64.0.into()),
        ("SS_PLUGIN_ST_STRING", T::STRING.0.into()),
        ("SS_PLUGIN_ST_TABLE", T::TABLE.0.into()),
        ("SS_PLUGIN_ST_BOOL", T::BOOL.0.into()),
        ("SS_PLUGIN_LOG_SEV_FATAL", L::FATAL.0.into()),
        ("SS_PLUGIN_LOG_SEV_CRITICAL", L::CRITICAL.0.into()),
        ("SS_PLUGIN_LOG_SEV_ERROR", L::ERROR.0.into()),
        ("SS_PLUGIN_LOG_SEV_WARNING", L::WARNING.0.into()),
        ("SS_PLUGIN_LOG_SEV_NOTICE", L::NOTICE.0.into()),
        ("SS_PLUGIN_LOG_SEV_INFO", L::INFO.0.into()),
        ("SS_PLUGIN_LOG_SEV_DEBUG", L::DEBUG.0.into()),
        ("SS_PLUGIN_LOG_SEV_TRACE", L::TRACE.0.into()),
        ("SS_PLUGIN_METRIC_VALUE_TYPE_U32", V::U32.0.into()),
        ("SS_PLUGIN_METRIC_VALUE_TYPE_S32", V::S32.0.into()),
        ("SS_PLUGIN_METRIC_VALUE_TYPE_U64", V::U64.0.into()),
        ("SS_PLUGIN_METRIC_VALUE_TYPE_S64", V::S64.0.into()),
        ("SS_PLUGIN_METRIC_VALUE_TYPE_D", V::DOUBLE.0.into()),
        ("SS_PLUGIN_METRIC_VALUE_TYPE_F", V::FLOAT.0.into()),
        ("SS_PLUGIN_METRIC_VALUE_TYPE_I", V::INT.0.into()),
        ("SS_PLUGIN_METRIC_TYPE_MONOTONIC", M::MONOTONIC.0.into()),
        ("SS_PLUGIN_METRIC_TYPE_NON_MONOTONIC", M::NON_MONOTONIC.0.into()),
    ]
}

fn header() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include/lanner_plugin.h")
}

/// Compiles and runs a C program; its output.
fn run_c(name: &str, compiler: &str, flags: &[&str], source: &str) -> String {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (src, bin) = (dir.join(name), dir.join(format!("{name}.bin")));
    std::fs::write(&src, source).unwrap();
    let out = Command::new(compiler)
        .args(flags)
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(header().parent().unwrap())
        .arg(&src)
        .arg("-o")
        .arg(&bin)
        .output()
        .unwrap_or_else(|e| panic!("{compiler} cannot be run: {e}"));
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let out = Command::new(&bin).output().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

/// A program that prints everything about the header.
fn program() -> String {
    let mut c = String::from("#include <stddef.h>\n#include <stdio.h>\n#include \"lanner_plugin.h\"\n");
    c.push_str("#define ALIGN(t) offsetof(struct align_##t, x)\n");
    for (ty, _) in TYPES {
        writeln!(c, "struct align_{ty} {{ char c; {ty} x; }};").unwrap();
    }
    c.push_str("int main(void) {\n");
    for (ty, members) in TYPES {
        writeln!(c, "printf(\"size {ty} %lld\\n\", (long long)sizeof({ty}));").unwrap();
        writeln!(c, "printf(\"align {ty} %lld\\n\", (long long)ALIGN({ty}));").unwrap();
        for m in *members {
            writeln!(c, "printf(\"offset {ty}.{m} %lld\\n\", (long long)offsetof({ty}, {m}));").unwrap();
        }
    }
    for (name, _) in constants() {
        writeln!(c, "printf(\"value {name} %lld\\n\", (long long){name});").unwrap();
    }
    c.push_str("printf(\"version %s\\n\", PLUGIN_API_VERSION_STR);\nreturn 0;\n}\n");
    c
}

fn compare(output: &str) {
    let mut expected = rust_layout();
    expected.extend(constants().into_iter().map(|(name, value)| (format!("value {name}"), value)));
    let mut actual = BTreeMap::new();
    for line in output.lines() {
        let (key, value) = line.rsplit_once(' ').unwrap();
        if key == "version" {
            assert_eq!(value, raw::API_VERSION.to_str().unwrap());
        } else {
            actual.insert(key.to_owned(), value.parse::<i128>().unwrap());
        }
    }
    assert_eq!(actual, expected);
}

#[test]
fn c99_sees_what_rust_sees() {
    compare(&run_c("layout.c", "cc", &["-std=c99"], &program()));
}

#[test]
fn cplusplus_sees_what_rust_sees() {
    // `-Winvalid-offsetof` does not apply: all types are standard layout.
    compare(&run_c("layout.cc", "c++", &["-std=c++11"], &program()));
}

/// The header without comments.
fn bare_header() -> String {
    let mut text = std::fs::read_to_string(header()).unwrap();
    while let Some(start) = text.find("/*") {
        let end = start + text[start..].find("*/").unwrap() + 2;
        text.replace_range(start..end, " ");
    }
    text
}

#[test]
fn the_lists_here_name_everything_in_the_header() {
    let text = bare_header();
    let word = |s: &str| s.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned();
    let known: BTreeSet<String> = constants().iter().map(|(name, _)| word(name)).collect();

    let mut constants_seen = BTreeSet::new();
    for line in text.lines() {
        if let Some(define) = line.strip_prefix("#define ") {
            constants_seen.insert(word(define));
        }
    }
    let mut types_seen = BTreeSet::new();
    for part in text.split("typedef ").skip(1) {
        let kind = word(part);
        if !["struct", "union", "enum"].contains(&kind.as_str()) {
            continue;
        }
        // The body ends at the first closing brace that starts a line.
        let (body, rest) = part.split_once("\n}").unwrap();
        types_seen.insert(word(rest));
        if kind == "enum" {
            let body = body.split_once('{').unwrap().1;
            constants_seen.extend(body.split(',').map(word).filter(|w| !w.is_empty()));
        }
    }
    constants_seen.remove("LANNER_PLUGIN_H");
    constants_seen.remove("PLUGIN_API_VERSION_STR");
    assert_eq!(constants_seen, known);

    // Types that are another name of one in the list.
    let aliases = ["ss_plugin_bool", "ss_plugin_table_fields_vtable_ext", "ss_plugin_table_writer_vtable_ext"];
    let listed: BTreeSet<&str> = TYPES.iter().map(|(name, _)| *name).filter(|n| !aliases.contains(n)).collect();
    assert_eq!(types_seen.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn every_exported_function_is_declared() {
    let text = bare_header();
    let declared: BTreeSet<&str> = text
        .match_indices("plugin_")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .filter_map(|(at, _)| {
            let name = text[at..].split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
            text[at + name.len()..].starts_with('(').then_some(name)
        })
        .collect();
    let symbols: BTreeSet<&str> = raw::PluginApi::SYMBOLS.iter().copied().collect();
    let additions = symbols.iter().filter(|name| name.starts_with("plugin_lanner_")).count();
    assert_eq!(raw::PluginApi::SYMBOLS.len(), raw::API_SLOTS + additions);
    assert_eq!(declared, symbols);
}
