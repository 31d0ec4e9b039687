/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lanner_plugin.h - the plugin ABI, version 3.12.0, for plugins in C and C++.
 *
 * A plugin is a shared library that exports functions named `plugin_...`. A host opens it with RTLD_LOCAL | RTLD_NOW,
 * asks for the API version first of all, and finds out from the exported functions what the plugin can do. Plugins
 * written against this header load in Lanner and in Falco; names, layouts and numbers are those of Falco's plugin API.
 * Section 9 holds Lanner's additions: further symbols that are optional and that other hosts never look for.
 *
 * How each function is described:
 *   owner     who owns the memory that is passed or returned
 *   lifetime  how long it stays valid
 *   thread    on which thread the call may come
 *   null      which pointers may be null
 *
 * Contents:  1 ownership and aliasing   2 constants and numbers   3 events   4 fields   5 state tables
 *            6 what the host passes     7 functions, always       8 functions by capability   9 Lanner's additions
 */
#ifndef LANNER_PLUGIN_H
#define LANNER_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ==================================================================================================================
 * 1. Ownership and aliasing
 *
 * Three handles, all opaque to the side that does not own them:
 *   S  ss_plugin_t*        the plugin's state, made by plugin_init, ended by plugin_destroy. Owner: the plugin.
 *   H  ss_instance_t*      an opened stream of events, made by plugin_open, ended by plugin_close. Owner: the plugin.
 *   O  ss_plugin_owner_t*  the host's side of this S. Owner: the host. Valid as long as S; may be kept.
 *
 * What the plugin returns is the plugin's memory. The host reads it and never frees it. It stays valid and unchanged
 * until the next call of the same function with the same S (and H), or until S (H) ends - whatever comes first. Texts of
 * functions without arguments are static. In particular:
 *   - events of a batch stay until the next plugin_next_batch or plugin_close of that H. The host may write into the
 *     header of events of a plugin with an id (thread id, plugin id, and the time if it is UINT64_MAX), so such events
 *     must not lie in constant memory nor be seen by other threads meanwhile;
 *   - extracted values stay until the next plugin_extract_fields with that S. They may point into the event.
 *
 * What the host passes is the host's memory and valid during the call only, unless said otherwise. That includes every
 * struct of functions ("vtable"): it lies on the host's stack. Whoever needs a function later copies the pointer.
 * Events passed to plugin_extract_fields and plugin_parse_event must not be written to.
 *
 * What a plugin reads from a state table stays valid until the end of the running call or until that entry changes,
 * whatever comes first. Entries must be given back (release_table_entry) before the running call returns.
 *
 * No two pointers passed to one call overlap in what they may be written through.
 *
 * Threads: all calls with the same S come one at a time, from one thread at a time, with two exceptions: routines run
 * on worker threads, and the plugin's own threads may call the host's log function and async event handler. The host
 * may make several S, one per event source, and use them at the same time: globals of the plugin need locks.
 *
 * Errors: a function that fails says why by plugin_get_last_error. No exception, panic or longjmp may leave a function.
 * ================================================================================================================== */

/* ==================================================================================================================
 * 2. Constants and numbers
 * ================================================================================================================== */

#define PLUGIN_API_VERSION_MAJOR 3
#define PLUGIN_API_VERSION_MINOR 12
#define PLUGIN_API_VERSION_PATCH 0
/* What plugin_get_required_api_version returns, if the plugin needs this version. */
#define PLUGIN_API_VERSION_STR "3.12.0"

/* Bytes of the error buffer that an async event handler is given. */
#define PLUGIN_MAX_ERRLEN 1024
/* Where the payload of a plugin event begins: header 26, two lengths of 4 bytes, plugin id 4. */
#define PLUGIN_EVENT_PAYLOAD_OFFSET 38

/* Truth: zero is false, all else true. */
typedef uint32_t ss_plugin_bool;

/* Result of most functions. Any other number is treated as SS_PLUGIN_FAILURE. */
typedef enum ss_plugin_rc {
    SS_PLUGIN_SUCCESS = 0,
    SS_PLUGIN_FAILURE = 1,
    SS_PLUGIN_TIMEOUT = -1, /* plugin_next_batch: nothing for now */
    SS_PLUGIN_EOF = 2,      /* plugin_next_batch: the stream has ended */
    SS_PLUGIN_NOT_SUPPORTED = 3
} ss_plugin_rc;

/* Types of fields' values. */
typedef enum ss_plugin_field_type {
    FTYPE_UINT64 = 8,
    FTYPE_STRING = 9,
    FTYPE_RELTIME = 20, /* nanoseconds */
    FTYPE_ABSTIME = 21, /* nanoseconds since the epoch */
    FTYPE_BOOL = 25,
    FTYPE_IPADDR = 40, /* 4 or 16 bytes */
    FTYPE_IPNET = 41
} ss_plugin_field_type;

/* Language of the configuration's schema. */
typedef enum ss_plugin_schema_type {
    SS_PLUGIN_SCHEMA_NONE = 0, /* the configuration is free text */
    SS_PLUGIN_SCHEMA_JSON = 1  /* it is JSON and validated against a JSON schema (draft 7) */
} ss_plugin_schema_type;

/* Types of keys and fields of state tables. */
typedef enum ss_plugin_state_type {
    SS_PLUGIN_ST_INT8 = 1,
    SS_PLUGIN_ST_INT16 = 2,
    SS_PLUGIN_ST_INT32 = 3,
    SS_PLUGIN_ST_INT64 = 4,
    SS_PLUGIN_ST_UINT8 = 5,
    SS_PLUGIN_ST_UINT16 = 6,
    SS_PLUGIN_ST_UINT32 = 7,
    SS_PLUGIN_ST_UINT64 = 8,
    SS_PLUGIN_ST_STRING = 9,
    SS_PLUGIN_ST_TABLE = 10, /* a table inside an entry; read-only */
    SS_PLUGIN_ST_BOOL = 25
} ss_plugin_state_type;

/* Severity of log messages. */
typedef enum ss_plugin_log_severity {
    SS_PLUGIN_LOG_SEV_FATAL = 1,
    SS_PLUGIN_LOG_SEV_CRITICAL = 2,
    SS_PLUGIN_LOG_SEV_ERROR = 3,
    SS_PLUGIN_LOG_SEV_WARNING = 4,
    SS_PLUGIN_LOG_SEV_NOTICE = 5,
    SS_PLUGIN_LOG_SEV_INFO = 6,
    SS_PLUGIN_LOG_SEV_DEBUG = 7,
    SS_PLUGIN_LOG_SEV_TRACE = 8
} ss_plugin_log_severity;

/* Which member of a metric's value is set. */
typedef enum ss_plugin_metric_value_type {
    SS_PLUGIN_METRIC_VALUE_TYPE_U32 = 0,
    SS_PLUGIN_METRIC_VALUE_TYPE_S32 = 1,
    SS_PLUGIN_METRIC_VALUE_TYPE_U64 = 2,
    SS_PLUGIN_METRIC_VALUE_TYPE_S64 = 3,
    SS_PLUGIN_METRIC_VALUE_TYPE_D = 4,
    SS_PLUGIN_METRIC_VALUE_TYPE_F = 5,
    SS_PLUGIN_METRIC_VALUE_TYPE_I = 6
} ss_plugin_metric_value_type;

/* Whether a metric only grows. */
typedef enum ss_plugin_metric_type {
    SS_PLUGIN_METRIC_TYPE_MONOTONIC = 0,
    SS_PLUGIN_METRIC_TYPE_NON_MONOTONIC = 1
} ss_plugin_metric_type;

/* Opaque types. */
typedef void ss_plugin_owner_t;
typedef void ss_plugin_t;
typedef void ss_instance_t;
typedef void ss_plugin_table_t;
typedef void ss_plugin_table_entry_t;
typedef void ss_plugin_table_field_t;
typedef void ss_plugin_table_iterator_state_t;
typedef void ss_plugin_routine_t;
typedef void ss_plugin_routine_state_t;

/* ==================================================================================================================
 * 3. Events
 *
 * An event is this header, then `nparams` lengths, then the values one after the other, none of it aligned, all
 * little-endian. Lengths have 16 bits; 32 in events of the types 322, 324 and 402.
 *
 * Type 322, event of a source plugin, two parameters:
 *     header 26 | u32 length 4 | u32 length of the payload | u32 plugin id | payload
 *   Thread id: UINT64_MAX. A plugin id of 0 is filled in by the host.
 * Type 402, async event, three parameters:
 *     header 26 | u32 length 4 | u32 length of the name | u32 length of the data | u32 plugin id | name, NUL | data
 *   The plugin id is filled in by the host.
 * In both, a time of UINT64_MAX means now.
 * ================================================================================================================== */

#pragma pack(push, 1)
typedef struct ss_plugin_event {
    uint64_t ts;      /*  0: nanoseconds since the epoch */
    uint64_t tid;     /*  8: thread that made the event; UINT64_MAX: none */
    uint32_t len;     /* 16: bytes of the whole event, this header included */
    uint16_t type;    /* 20: event type */
    uint32_t nparams; /* 22: number of parameters */
} ss_plugin_event;    /* 26 bytes, no padding */
#pragma pack(pop)

/* An event as the host passes it. 24 bytes. */
typedef struct ss_plugin_event_input {
    const ss_plugin_event* evt; /*  0: not null */
    uint64_t evtnum;            /*  8: number of the event */
    const char* evtsrc;         /* 16: name of its source; not null */
} ss_plugin_event_input;

/* Bytes somewhere. 16 bytes. */
typedef struct ss_plugin_byte_buffer {
    uint32_t len;    /* 0 */
    const void* ptr; /* 8 */
} ss_plugin_byte_buffer;

/* ==================================================================================================================
 * 4. Fields
 * ================================================================================================================== */

/* Where in the event the values stand, counted from its header. Both arrays are the plugin's, one element per requested
 * field, valid until the next plugin_extract_fields; they may stay null. 16 bytes. */
typedef struct ss_plugin_extract_value_offsets {
    uint32_t* start;  /* 0 */
    uint32_t* length; /* 8 */
} ss_plugin_extract_value_offsets;

/* A request for a field, and its answer. 64 bytes. */
typedef struct ss_plugin_extract_field {
    /* 0: out. Array of `res_len` values; the plugin's memory. Which member counts follows from `ftype`:
     *   FTYPE_STRING                                  str      NUL-terminated texts
     *   FTYPE_UINT64, FTYPE_RELTIME, FTYPE_ABSTIME    u64
     *   FTYPE_BOOL                                    boolean
     *   FTYPE_IPADDR, FTYPE_IPNET                     buf */
    union {
        const char** str;
        uint64_t* u64;
        uint32_t* u32;
        ss_plugin_bool* boolean;
        ss_plugin_byte_buffer* buf;
    } res;
    uint64_t res_len;           /*  8: out, always to be set: number of values; 0: the event has none */
    uint32_t field_id;          /* 16: position of the field in plugin_get_fields */
    const char* field;          /* 24: its name */
    const char* arg_key;        /* 32: text of the argument; null without one */
    uint64_t arg_index;         /* 40: number of the argument; UINT64_MAX without one */
    ss_plugin_bool arg_present; /* 48: whether there is an argument */
    uint32_t ftype;             /* 52: type of the values */
    ss_plugin_bool flist;       /* 56: not 0: all values are wanted, else at most one */
} ss_plugin_extract_field;

/* A metric. 32 bytes. */
typedef union ss_plugin_metric_value {
    uint32_t u32;
    int32_t s32;
    uint64_t u64;
    int64_t s64;
    double d;
    float f;
    int i;
} ss_plugin_metric_value;

typedef struct ss_plugin_metric {
    const char* name;                       /*  0: not null; the host puts the plugin's name and a dot before it */
    ss_plugin_metric_type type;             /*  8 */
    ss_plugin_metric_value value;           /* 16 */
    ss_plugin_metric_value_type value_type; /* 24 */
} ss_plugin_metric;

/* ==================================================================================================================
 * 5. State tables
 *
 * A table has entries by key; an entry has fields. The host offers "threads" (key INT64, the thread id); plugins may
 * offer their own. Others may add fields to the entries of a table.
 *
 * Where: plugin_init (list, find, add tables and fields), plugin_extract_fields (read), plugin_parse_event,
 * plugin_capture_open and plugin_capture_close (read and write). Only during these calls.
 *
 * Handles: a table found in plugin_init, and accessors of fields, may be kept as long as S. A table that was read from
 * a field of type TABLE is valid to the end of the running call. Entries: see section 1.
 *
 * A function that fails returns null, SS_PLUGIN_FAILURE or UINT64_MAX (size); why is told by get_owner_last_error, until
 * the next call of a function of the host.
 * ================================================================================================================== */

/* A key, or the value of a field. 8 bytes. */
typedef union ss_plugin_state_data {
    int8_t s8;
    int16_t s16;
    int32_t s32;
    int64_t s64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    const char* str;
    ss_plugin_bool b;
    ss_plugin_table_t* table;
} ss_plugin_state_data;

/* 16 bytes. */
typedef struct ss_plugin_table_info {
    const char* name;              /* 0 */
    ss_plugin_state_type key_type; /* 8 */
} ss_plugin_table_info;

/* 16 bytes. */
typedef struct ss_plugin_table_fieldinfo {
    const char* name;                /*  0 */
    ss_plugin_state_type field_type; /*  8 */
    ss_plugin_bool read_only;        /* 12 */
} ss_plugin_table_fieldinfo;

/* Fields of a table's entries. 24 bytes. The array and the accessors are the table owner's. */
typedef struct {
    /* 0: all fields; `nfields` (not null) receives their number. Null on error. */
    const ss_plugin_table_fieldinfo* (*list_table_fields)(ss_plugin_table_t* t, uint32_t* nfields);
    /* 8: the accessor of a field; null if there is none of that name and type. */
    ss_plugin_table_field_t* (*get_table_field)(ss_plugin_table_t* t, const char* name, ss_plugin_state_type data_type);
    /* 16: adds a field to all entries; the same name and type again gives the same accessor. Null if the name is taken
     * with another type, or for type TABLE. */
    ss_plugin_table_field_t* (*add_table_field)(ss_plugin_table_t* t, const char* name, ss_plugin_state_type data_type);
} ss_plugin_table_fields_vtable;

/* The same, under the name of its extended form. */
typedef ss_plugin_table_fields_vtable ss_plugin_table_fields_vtable_ext;

/* Reading, as before API 3.1. 32 bytes. */
typedef struct {
    const char* (*get_table_name)(ss_plugin_table_t* t);
    uint64_t (*get_table_size)(ss_plugin_table_t* t);
    ss_plugin_table_entry_t* (*get_table_entry)(ss_plugin_table_t* t, const ss_plugin_state_data* key);
    ss_plugin_rc (*read_entry_field)(ss_plugin_table_t* t, ss_plugin_table_entry_t* e, const ss_plugin_table_field_t* f,
                                     ss_plugin_state_data* out);
} ss_plugin_table_reader_vtable;

/* Called for each entry by iterate_entries; false stops. The entry is valid during the call and not to be released. */
typedef ss_plugin_bool (*ss_plugin_table_iterator_func_t)(ss_plugin_table_iterator_state_t* s,
                                                          ss_plugin_table_entry_t* e);

/* Reading. 48 bytes. */
typedef struct {
    /* 0: the table's name. */
    const char* (*get_table_name)(ss_plugin_table_t* t);
    /* 8: number of entries. */
    uint64_t (*get_table_size)(ss_plugin_table_t* t);
    /* 16: the entry with that key, to be released; null if there is none. Never makes the host look for it elsewhere. */
    ss_plugin_table_entry_t* (*get_table_entry)(ss_plugin_table_t* t, const ss_plugin_state_data* key);
    /* 24: reads a field into `out` (not null). A field of type TABLE gives a table. */
    ss_plugin_rc (*read_entry_field)(ss_plugin_table_t* t, ss_plugin_table_entry_t* e, const ss_plugin_table_field_t* f,
                                     ss_plugin_state_data* out);
    /* 32: gives back an entry. */
    void (*release_table_entry)(ss_plugin_table_t* t, ss_plugin_table_entry_t* e);
    /* 40: calls `it` for all entries; false on failure and when it was stopped. */
    ss_plugin_bool (*iterate_entries)(ss_plugin_table_t* t, ss_plugin_table_iterator_func_t it,
                                      ss_plugin_table_iterator_state_t* s);
} ss_plugin_table_reader_vtable_ext;

/* Writing. 48 bytes. */
typedef struct {
    /* 0: removes all entries. */
    ss_plugin_rc (*clear_table)(ss_plugin_table_t* t);
    /* 8: removes an entry; failure if there is none. */
    ss_plugin_rc (*erase_table_entry)(ss_plugin_table_t* t, const ss_plugin_state_data* key);
    /* 16: makes an entry that is not in the table yet. It is to be added or destroyed. */
    ss_plugin_table_entry_t* (*create_table_entry)(ss_plugin_table_t* t);
    /* 24: drops such an entry. */
    void (*destroy_table_entry)(ss_plugin_table_t* t, ss_plugin_table_entry_t* e);
    /* 32: puts such an entry into the table, in place of one with the same key. Takes `entry` in any case; what it
     * returns is to be released. */
    ss_plugin_table_entry_t* (*add_table_entry)(ss_plugin_table_t* t, const ss_plugin_state_data* key,
                                                ss_plugin_table_entry_t* entry);
    /* 40: writes a field; failure if it is read-only or of type TABLE. A text is copied. */
    ss_plugin_rc (*write_entry_field)(ss_plugin_table_t* t, ss_plugin_table_entry_t* e,
                                      const ss_plugin_table_field_t* f, const ss_plugin_state_data* in);
} ss_plugin_table_writer_vtable;

/* The same, under the name of its extended form. */
typedef ss_plugin_table_writer_vtable ss_plugin_table_writer_vtable_ext;

/* A table that a plugin offers (add_table), and what a TABLE field of such a table points at. All of it is the plugin's
 * memory and must live as long as S (a sub-table: to the end of the running call). The plain and the extended vtables
 * must hold the same functions. 152 bytes. */
typedef struct {
    const char* name;                              /*   0: not null */
    ss_plugin_state_type key_type;                 /*   8 */
    ss_plugin_table_t* table;                      /*  16: not null; first argument of the functions below */
    ss_plugin_table_reader_vtable reader;          /*  24 */
    ss_plugin_table_writer_vtable writer;          /*  56 */
    ss_plugin_table_fields_vtable fields;          /* 104 */
    ss_plugin_table_reader_vtable_ext* reader_ext; /* 128 */
    ss_plugin_table_writer_vtable_ext* writer_ext; /* 136 */
    ss_plugin_table_fields_vtable_ext* fields_ext; /* 144 */
} ss_plugin_table_input;

/* ==================================================================================================================
 * 6. What the host passes
 * ================================================================================================================== */

/* Text of the host's last error; null if none. Owner: host; valid until the next call of a function of the host. */
typedef const char* (*ss_plugin_get_owner_last_error_fn_t)(ss_plugin_owner_t* o);

/* Writes to the host's log. Any thread, as long as S lives. `component` null: the plugin's name. `msg`: not null. */
typedef void (*ss_plugin_log_fn_t)(ss_plugin_owner_t* o, const char* component, const char* msg,
                                   ss_plugin_log_severity sev);

/* Takes an async event, copying it. Any thread, from plugin_set_async_event_handler(handler) until
 * plugin_set_async_event_handler(NULL) returns. `err`: null, or a buffer of PLUGIN_MAX_ERRLEN bytes for the reason of a
 * failure: unknown name, wrong type or lengths, a thread id outside of the source "syscall". */
typedef ss_plugin_rc (*ss_plugin_async_event_handler_t)(ss_plugin_owner_t* o, const ss_plugin_event* evt, char* err);

/* A routine: called again and again on a worker thread until it returns false or is unsubscribed. */
typedef ss_plugin_bool (*ss_plugin_routine_fn_t)(ss_plugin_t* s, ss_plugin_routine_state_t* i);

/* Tables during plugin_init. 72 bytes. */
typedef struct {
    /* 0: all tables; `ntables` (not null) receives their number. The array is the host's. */
    ss_plugin_table_info* (*list_tables)(ss_plugin_owner_t* o, uint32_t* ntables);
    /* 8: a table by name and key type; null if there is none. */
    ss_plugin_table_t* (*get_table)(ss_plugin_owner_t* o, const char* name, ss_plugin_state_type key_type);
    /* 16: offers a table of the plugin. */
    ss_plugin_rc (*add_table)(ss_plugin_owner_t* o, const ss_plugin_table_input* in);
    ss_plugin_table_fields_vtable fields;          /* 24 */
    ss_plugin_table_fields_vtable_ext* fields_ext; /* 48 */
    ss_plugin_table_reader_vtable_ext* reader_ext; /* 56 */
    ss_plugin_table_writer_vtable_ext* writer_ext; /* 64 */
} ss_plugin_init_tables_input;

/* 40 bytes. */
typedef struct ss_plugin_init_input {
    const char* config;                                       /*  0: not null */
    ss_plugin_owner_t* owner;                                 /*  8: may be kept */
    ss_plugin_get_owner_last_error_fn_t get_owner_last_error; /* 16: may be kept */
    const ss_plugin_init_tables_input* tables;                /* 24: null unless the plugin parses or extracts */
    ss_plugin_log_fn_t log_fn;                                /* 32: may be kept; null in hosts before API 3.3 */
} ss_plugin_init_input;

/* 80 bytes. */
typedef struct ss_plugin_field_extract_input {
    ss_plugin_owner_t* owner;                                 /*  0 */
    ss_plugin_get_owner_last_error_fn_t get_owner_last_error; /*  8 */
    uint32_t num_fields;                                      /* 16: number of requests */
    ss_plugin_extract_field* fields;                          /* 24: the requests; not null */
    ss_plugin_table_reader_vtable table_reader;               /* 32 */
    ss_plugin_table_reader_vtable_ext* table_reader_ext;      /* 64 */
    ss_plugin_extract_value_offsets* value_offsets;           /* 72: null if not wanted */
} ss_plugin_field_extract_input;

/* 112 bytes. */
typedef struct ss_plugin_event_parse_input {
    ss_plugin_owner_t* owner;                                 /*   0 */
    ss_plugin_get_owner_last_error_fn_t get_owner_last_error; /*   8 */
    ss_plugin_table_reader_vtable table_reader;               /*  16 */
    ss_plugin_table_writer_vtable table_writer;               /*  48 */
    ss_plugin_table_reader_vtable_ext* table_reader_ext;      /*  96 */
    ss_plugin_table_writer_vtable_ext* table_writer_ext;      /* 104 */
} ss_plugin_event_parse_input;

/* 8 bytes. */
typedef struct ss_plugin_set_config_input {
    const char* config; /* 0: not null */
} ss_plugin_set_config_input;

/* 16 bytes. */
typedef struct {
    /* 0: starts a routine; null on error. `i` must live until the routine has ended. */
    ss_plugin_routine_t* (*subscribe)(ss_plugin_owner_t* o, ss_plugin_routine_fn_t f, ss_plugin_routine_state_t* i);
    /* 8: ends a routine; it is not running any more when this returns. */
    ss_plugin_rc (*unsubscribe)(ss_plugin_owner_t* o, ss_plugin_routine_t* r);
} ss_plugin_routine_vtable;

/* 40 bytes. */
typedef struct ss_plugin_capture_listen_input {
    ss_plugin_owner_t* owner;                                 /*  0 */
    ss_plugin_routine_vtable* routine;                        /*  8: copy the functions to use them later */
    ss_plugin_table_reader_vtable_ext* table_reader_ext;      /* 16 */
    ss_plugin_table_writer_vtable_ext* table_writer_ext;      /* 24 */
    ss_plugin_get_owner_last_error_fn_t get_owner_last_error; /* 32 */
} ss_plugin_capture_listen_input;

/* ==================================================================================================================
 * 7. Functions of every plugin
 *
 * Unless said otherwise: a returned text is NUL-terminated UTF-8, owned by the plugin; functions without arguments
 * return static texts and may be called before plugin_init and on any thread; functions with S are called on the
 * thread of the event source.
 * ================================================================================================================== */

/* API version that the plugin needs: three numbers. Required. The host asks for it before all else and refuses another
 * major version or a newer minor version than its own. */
const char* plugin_get_required_api_version(void);

/* Schema of the configuration. Optional; null: free text. `schema_type` (not null) receives the language. */
const char* plugin_get_init_schema(ss_plugin_schema_type* schema_type);

/* Makes the plugin's state. Required. `in`, `rc`: not null. With SS_PLUGIN_FAILURE in `rc` the state may be returned all
 * the same; then the host asks it for the error and destroys it. Thread: any, but before all others with this S. */
ss_plugin_t* plugin_init(const ss_plugin_init_input* in, ss_plugin_rc* rc);

/* Ends the state. Required. Nothing of it is used afterwards. */
void plugin_destroy(ss_plugin_t* s);

/* Why the last call failed. Required; not null; valid until the next call with S. */
const char* plugin_get_last_error(ss_plugin_t* s);

/* Name: letters, digits, '_' and '-'. Required. */
const char* plugin_get_name(void);
/* One sentence. Required. */
const char* plugin_get_description(void);
/* Who to ask. Required. */
const char* plugin_get_contact(void);
/* The plugin's own version: three numbers. Required. */
const char* plugin_get_version(void);

/* A changed configuration, while running. Optional. `i`: not null. */
ss_plugin_rc plugin_set_config(ss_plugin_t* s, const ss_plugin_set_config_input* i);

/* Metrics; `num_metrics` (not null) receives their number. Optional. Owner: plugin; valid until the next call. */
ss_plugin_metric* plugin_get_metrics(ss_plugin_t* s, uint32_t* num_metrics);

/* Version of the event schema that the plugin reads: three numbers. Optional; absent: "3.0.0". Counts for plugins that
 * parse or extract other events than type 322, and only with a live source. */
const char* plugin_get_required_event_schema_version(ss_plugin_t* s);

/* ==================================================================================================================
 * 8. Functions by capability. A plugin has a capability if it exports what is marked "required" in its group, and must
 *    then export all of it.
 * ================================================================================================================== */

/* --- Event sourcing ---------------------------------------------------------------------------------------------- */

/* Registered id of the source. Together with plugin_get_event_source: both, or neither. Without (or 0 and "") the
 * plugin produces events of the source "syscall", of any type. */
uint32_t plugin_get_id(void);
/* Name of the source. */
const char* plugin_get_event_source(void);

/* Opens a stream. Required. `params`: not null, may be empty. `rc`: not null. Returns null on failure. */
ss_instance_t* plugin_open(ss_plugin_t* s, const char* params, ss_plugin_rc* rc);

/* Closes a stream. Required. */
void plugin_close(ss_plugin_t* s, ss_instance_t* h);

/* Suggestions for `params`: JSON array of {"value", "desc", "separator"}. Optional. `rc`: not null. */
const char* plugin_list_open_params(ss_plugin_t* s, ss_plugin_rc* rc);

/* How much of the stream has been read: hundredths of a percent into `progress_pct` (not null), and a text (may be null).
 * Optional. */
const char* plugin_get_progress(ss_plugin_t* s, ss_instance_t* h, uint32_t* progress_pct);

/* An event of the source as text. Optional; null: the host shows it in its own way. */
const char* plugin_event_to_string(ss_plugin_t* s, const ss_plugin_event_input* evt);

/* The next events. Required. `nevts`, `evts`: not null; receive number and array of pointers to events.
 * SS_PLUGIN_SUCCESS needs at least one event. Events that come with SS_PLUGIN_TIMEOUT, SS_PLUGIN_EOF or
 * SS_PLUGIN_FAILURE are delivered first. Lifetime: section 1. The call says that the previous batch has been dealt
 * with. */
ss_plugin_rc plugin_next_batch(ss_plugin_t* s, ss_instance_t* h, uint32_t* nevts, ss_plugin_event*** evts);

/* --- Field extraction -------------------------------------------------------------------------------------------- */

/* Event types that have fields; `numtypes` (not null) receives their number. Optional; null or none: every type for the
 * source "syscall", else 322. Mind the order of the arguments. */
uint16_t* plugin_get_extract_event_types(uint32_t* numtypes, ss_plugin_t* s);

/* JSON array of the sources whose events have the fields. Optional; null or none: every source, or only the plugin's own
 * if it has one. */
const char* plugin_get_extract_event_sources(void);

/* JSON array of the fields, at least one: {"name", "type", "desc", "display", "isList", "arg": {"isRequired", "isIndex",
 * "isKey"}, "properties": ["hidden", "info", "conversation"], "addOutput"}; name, type and desc are required. Required. */
const char* plugin_get_fields(void);

/* Extracts fields. Required. `evt`, `in`: not null. Anything but SS_PLUGIN_SUCCESS counts as no value. */
ss_plugin_rc plugin_extract_fields(ss_plugin_t* s, const ss_plugin_event_input* evt,
                                   const ss_plugin_field_extract_input* in);

/* --- Event parsing ------------------------------------------------------------------------------------------------ */

/* Event types to parse; as plugin_get_extract_event_types. */
uint16_t* plugin_get_parse_event_types(uint32_t* numtypes, ss_plugin_t* s);
/* JSON array of the sources to parse; as plugin_get_extract_event_sources. */
const char* plugin_get_parse_event_sources(void);

/* Follows an event, before any field of it is extracted. Required. `evt`, `in`: not null. A failure is noted and the
 * host goes on. */
ss_plugin_rc plugin_parse_event(ss_plugin_t* s, const ss_plugin_event_input* evt,
                                const ss_plugin_event_parse_input* in);

/* --- Async events ------------------------------------------------------------------------------------------------- */

/* JSON array of the sources into whose streams async events go; as plugin_get_extract_event_sources. */
const char* plugin_get_async_event_sources(void);
/* JSON array of the names of the events. Required. */
const char* plugin_get_async_events(void);

/* Sets the taker of async events; NULL unsets it: when that call returns, no thread of the plugin may use the handler
 * any more. Required. Never set while a capture file is read. */
ss_plugin_rc plugin_set_async_event_handler(ss_plugin_t* s, ss_plugin_owner_t* owner,
                                            const ss_plugin_async_event_handler_t handler);

/* Writes the plugin's state into a capture that begins, as async events. Optional. `handler`: for this call only. */
ss_plugin_rc plugin_dump_state(ss_plugin_t* s, ss_plugin_owner_t* owner, const ss_plugin_async_event_handler_t handler);

/* --- Capture listening -------------------------------------------------------------------------------------------- */

/* A capture has begun; no event has come yet. Required. */
ss_plugin_rc plugin_capture_open(ss_plugin_t* s, const ss_plugin_capture_listen_input* i);
/* A capture has ended. Required. */
ss_plugin_rc plugin_capture_close(ss_plugin_t* s, const ss_plugin_capture_listen_input* i);

/* ==================================================================================================================
 * 9. Lanner's additions. All optional. Other hosts do not look for them.
 * ================================================================================================================== */

/* Details of the fields that plugin_get_fields has no words for: JSON array, parallel to it, of
 *   {"type", "format", "flags": [..], "match", "class", "class_desc", "dotted"}
 *   type     the real type: int8 .. int64, uint8 .. uint64, charbuf, bytebuf, reltime, abstime, bool, double, ipaddr,
 *            ipnet, port, fd, pid, errno, dyn, ..; plugin_get_fields then gives the nearest of its seven types, and
 *            requests for the field carry the number of the real one in `ftype`. Integers, port, fd, pid and errno are
 *            64 bits in u64 (sign-extended), double its bits in u64, byte buffers in buf.
 *   format   na, dec, hex, oct, id, dir, padded10
 *   flags    filter_only, print_only, table_only, deprecated, no_transformer, no_rhs, arg_required, arg_allowed,
 *            arg_index, arg_key, info, conversation, format_suggested
 *   match    how conditions see several values: one; any (true if any value satisfies); either (as any, but != is the
 *            negation of =); host (printed as text, compared by address)
 *   class    under which the field is listed; empty: the plugin's own
 *   dotted   the argument may also be written after a dot
 * Static text. */
const char* plugin_lanner_get_field_details(void);

/* Checks the argument of a field when a rule is compiled, and tells into `type_out` (not null) the number of the type
 * that the field then has. `arg`: not null. Failure: the argument is not possible. */
ss_plugin_rc plugin_lanner_resolve_field(ss_plugin_t* s, uint32_t field_id, const char* arg, uint32_t* type_out);

/* The value of a prepared request. 16 bytes, returned in registers. */
typedef struct lanner_field_value {
    const void* data; /*  0: text or bytes; any address but null for numbers and truth values; null: no value */
    uint64_t n;       /*  8: the number; 0 or 1 for a truth value; length of text or bytes; without value why: see below */
} lanner_field_value;

/* In `n`, with null in `data`; 0 there: the event has no value. Extraction failed: plugin_get_last_error says why. There is no
 * value yet: it is on its way. There may be one, and nobody who was asked knows it. The last two only from plugins that also
 * export the four functions about waits below. */
#define LANNER_VALUE_FAILED 1u
#define LANNER_VALUE_AWAITED 2u
#define LANNER_VALUE_UNKNOWN 3u

/* Takes a request that will come for many events, and gives a handle for it (`handle`, not null), valid until
 * plugin_destroy. Equal requests may get equal handles. `request`: not null, filled in as for plugin_extract_fields, valid
 * for this call only. SS_PLUGIN_NOT_SUPPORTED: the host asks for it through plugin_extract_fields, as it does for all that
 * may have several values. Comes together with plugin_lanner_extract_prepared. */
ss_plugin_rc plugin_lanner_prepare_field(ss_plugin_t* s, const ss_plugin_extract_field* request, uint32_t* handle);

/* The value of a prepared request. `evt`, `in`: not null; `in` as for plugin_extract_fields, but without requests, and the
 * same for all events. Text needs no NUL behind it. Owner: plugin or event; valid as what plugin_extract_fields gives. */
lanner_field_value plugin_lanner_extract_prepared(ss_plugin_t* s, uint32_t handle, const ss_plugin_event_input* evt,
                                                  const ss_plugin_field_extract_input* in);

/* Most keys of an event, and what says that no key decides a request. */
#define LANNER_MAX_KEYS 32u
#define LANNER_NO_KEY 0xffffffffu

/* Which of an event's keys decides the value of a prepared request: a number below LANNER_MAX_KEYS, or LANNER_NO_KEY. Asked
 * once for each handle. Comes together with plugin_lanner_get_event_keys. */
uint32_t plugin_lanner_get_field_key(ss_plugin_t* s, uint32_t handle);

/* Writes the keys of an event to their places in `keys` (LANNER_MAX_KEYS numbers, not null, 0 before): those whose bits are
 * set in `wanted`. 0: not known. From plugin_init to plugin_destroy, two events of one type with the same key other than 0
 * must have the same value, or none, for each prepared request that the key decides: the host remembers what comparisons
 * came to, and does not ask for the value. Such a key is the number of a name, which no other name ever gets. `evt`: not
 * null. */
void plugin_lanner_get_event_keys(ss_plugin_t* s, const ss_plugin_event_input* evt, uint32_t wanted, uint64_t* keys);

/* Keys of one plugin for requests of another: what a plugin has written into a field of the thread (table "threads"), and tells as
 * the value of a field of its own or makes that value of.
 *
 * The name of the thread's field that decides the value of a prepared request; null: none does. Asked once for each handle that
 * has no key of its own. From plugin_init to plugin_destroy, two events of system calls of one type that have threads with the same
 * value in that field must have the same value, or none, for the request. Static text. */
const char* plugin_lanner_get_thread_field(ss_plugin_t* s, uint32_t handle);

/* Which of an event's keys stands for a field of its thread: a number below LANNER_MAX_KEYS, or LANNER_NO_KEY. Two events of system
 * calls with the same such key other than 0 have threads with the same value in the field; events of other kinds have 0. For
 * plugins that offer the table "threads"; comes together with plugin_lanner_get_event_keys. `field`: not null. */
uint32_t plugin_lanner_get_thread_key(ss_plugin_t* s, const char* field);

/* How a wait stands: what was asked for is on its way, is there, will not come. */
#define LANNER_WAIT_PENDING 0u
#define LANNER_WAIT_KNOWN 1u
#define LANNER_WAIT_UNKNOWN 2u

/* What those values of an event wait for that plugin_lanner_extract_prepared said are on their way or unknown: a number that
 * stands for it until it is given back with plugin_lanner_end_wait; equal numbers may be given for several events, and each is
 * given back. 0: nothing is waited for. Called when an alert is raised, never for each event. `evt`, `in`: not null, as for
 * plugin_lanner_extract_prepared. The four functions come together. Thread: the source's. */
uint64_t plugin_lanner_begin_wait(ss_plugin_t* s, const ss_plugin_event_input* evt,
                                  const ss_plugin_field_extract_input* in);

/* How a wait stands. For LANNER_WAIT_UNKNOWN, `reason` (not null) receives a text that says why; owner: plugin; valid until the
 * next call. Cheap: asked once in a while as long as alerts wait. */
uint32_t plugin_lanner_get_wait_state(ss_plugin_t* s, uint64_t wait, const char** reason);

/* The value of a prepared request as it is now for what is waited for. The event is long gone, and maybe also the thread or
 * container that it was about. Values as from plugin_lanner_extract_prepared. */
lanner_field_value plugin_lanner_extract_awaited(ss_plugin_t* s, uint64_t wait, uint32_t handle);

/* Gives a wait back. */
void plugin_lanner_end_wait(ss_plugin_t* s, uint64_t wait);

/* The event changes state and is never shown to rules. */
#define LANNER_EVENT_HIDDEN 1u

/* Where the event happened, something was done for a rule that kills: 1 the process was killed, 2 it would have been, 3 it is
 * never killed, 4 the kernel refused. The number of the rule stands in the upper 16 bits. */
#define LANNER_EVENT_ENFORCED(flags) ((flags) >> 8 & 0xffu)
#define LANNER_EVENT_ENFORCED_RULE(flags) ((flags) >> 16)

/* What the host shall know about an event beyond its bytes. 16 bytes. */
typedef struct lanner_event_meta {
    uint64_t num;   /*  0: number of the event, as evt.num shows it */
    uint32_t cpu;   /*  8: processor on which it happened */
    uint32_t flags; /* 12: LANNER_EVENT_HIDDEN, LANNER_EVENT_ENFORCED and the rule's number in the upper half, or 0 */
} lanner_event_meta;

/* One element per event of the batch that plugin_next_batch just delivered; `n` (not null) receives their number. Null:
 * the host numbers the events itself, and none is hidden. Owner: plugin; valid as the batch. */
const lanner_event_meta* plugin_lanner_get_batch_meta(ss_plugin_t* s, ss_instance_t* h, uint32_t* n);

/* Says which events of an open stream will be looked at from the next batch on: those whose codes are among the `n` at
 * `codes` (not null unless n is 0; valid for this call only). Events of other codes need not be delivered any more, unless the
 * plugin's own state needs them; events wanted before and after are delivered without a gap. Called by the thread that calls
 * plugin_next_batch, between two batches, any number of times. SS_PLUGIN_NOT_SUPPORTED: the stream delivers what it delivers.
 * Failure: what was wanted before still is. */
ss_plugin_rc plugin_lanner_want_events(ss_plugin_t* s, ss_instance_t* h, const uint16_t* codes, uint32_t n);

/* As plugin_lanner_want_events, which is not called where this is exported and the host knows the calls: of generic events
 * (PPME_GENERIC_E, PPME_GENERIC_X), each of which stands for any system call that has no events of its own, only those of the
 * `m` calls at `calls` will be looked at, by the number that is their first parameter (not null unless m is 0; valid for this
 * call only). */
ss_plugin_rc plugin_lanner_want_calls(ss_plugin_t* s, ss_instance_t* h, const uint16_t* codes, uint32_t n,
                                      const uint16_t* calls, uint32_t m);

/* As plugin_lanner_want_calls, which is not called where this is exported and the host knows what becomes of failures: of events
 * of calls that failed, whose result is below zero, only those whose codes are among the `k` at `failures` will be looked at (not
 * null unless k is 0; valid for this call only). `calls` null: generic events of all calls. Where the host calls one of the other
 * two instead, whatever comes is looked at: nothing of what is observed, for whatever reason, may be left out. */
ss_plugin_rc plugin_lanner_want_failures(ss_plugin_t* s, ss_instance_t* h, const uint16_t* codes, uint32_t n,
                                         const uint16_t* calls, uint32_t m, const uint16_t* failures, uint32_t k);

/* JSON about the machine whose events are delivered ("hostname", "boot_time", "cpus", ..); null if unknown. Asked for
 * after plugin_open. Valid until the next call. */
const char* plugin_lanner_get_machine_info(ss_plugin_t* s);

/* Takes `len` bytes that the plugin writes. Owner: plugin; valid for this call. `ctx`: what the host passed beside it. */
typedef void (*lanner_bytes_fn)(void* ctx, const uint8_t* bytes, uint64_t len);

/* The event parsed last will be the capture's first: what it closes or ends is still in the head. */
#define LANNER_HEAD_KEEPS_CLOSING 1u

/* Writes the head of a capture file that begins now into `sink` (not null), in as many pieces as the plugin likes: the
 * section header and what is known of the machine as of the event parsed last, no event. `flags`:
 * LANNER_HEAD_KEEPS_CLOSING or 0. Thread: the source's, between events. SS_PLUGIN_NOT_SUPPORTED: the source has no state,
 * the host writes a bare section header. */
ss_plugin_rc plugin_lanner_write_capture_head(ss_plugin_t* s, uint32_t flags, lanner_bytes_fn sink, void* ctx);

/* Another number whenever the state was replaced rather than changed by events: whoever writes a capture then begins a new
 * section. Cheap: asked for each event while one is written. Thread: the source's, between events. */
uint64_t plugin_lanner_get_state_epoch(ss_plugin_t* s);

/* Description of the layout of the Rust SDK's boundary types. Only made by that SDK; a plugin in C leaves it out. */
const void* plugin_lanner_abi_layout(void);

#ifdef __cplusplus
}
#endif

#endif /* LANNER_PLUGIN_H */
