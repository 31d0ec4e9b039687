/* The plugin API 3.12 as a C author sees it, written from its description alone and not from our own header, so that a
 * mistake in ours does not hide itself in the tests. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { RC_SUCCESS = 0, RC_FAILURE = 1, RC_TIMEOUT = -1, RC_EOF = 2, RC_NOT_SUPPORTED = 3 };
enum { T_UINT64 = 8, T_STRING = 9, T_RELTIME = 20, T_ABSTIME = 21, T_BOOL = 25, T_IPADDR = 40, T_IPNET = 41 };
enum {
    ST_INT8 = 1, ST_INT16, ST_INT32, ST_INT64, ST_UINT8, ST_UINT16, ST_UINT32, ST_UINT64, ST_STRING, ST_TABLE,
    ST_BOOL = 25
};

typedef int32_t rc_t;
typedef struct plugin plugin_t;
typedef struct instance instance_t;
typedef void owner_t;
typedef void table_t;
typedef void entry_t;
typedef void field_t;

typedef struct __attribute__((packed)) {
    uint64_t ts, tid;
    uint32_t len;
    uint16_t type;
    uint32_t nparams;
} event_t;

typedef struct { const event_t* evt; uint64_t evtnum; const char* evtsrc; } event_input;
typedef struct { uint32_t len; const void* ptr; } byte_buffer;
typedef struct {
    union { const char** str; uint64_t* u64; uint32_t* u32; uint32_t* boolean; byte_buffer* buf; } res;
    uint64_t res_len;
    uint32_t field_id;
    const char* field;
    const char* arg_key;
    uint64_t arg_index;
    uint32_t arg_present, ftype, flist;
} extract_field;
typedef struct { const void* data; uint64_t n; } field_value;

typedef union {
    int8_t s8; int16_t s16; int32_t s32; int64_t s64;
    uint8_t u8; uint16_t u16; uint32_t u32; uint64_t u64;
    uint32_t b; const char* str; table_t* table;
} state_data;

typedef struct { const char* name; uint32_t key_type; } table_info;
typedef struct { const char* name; uint32_t field_type; uint32_t read_only; } table_fieldinfo;
typedef struct {
    const char* name; uint32_t type;
    union { uint32_t u32; int32_t s32; uint64_t u64; int64_t s64; double d; float f; int i; } value;
    uint32_t value_type;
} metric;

typedef struct {
    const table_fieldinfo* (*list_table_fields)(table_t*, uint32_t*);
    field_t* (*get_table_field)(table_t*, const char*, uint32_t);
    field_t* (*add_table_field)(table_t*, const char*, uint32_t);
} fields_vtable;
typedef struct {
    const char* (*get_table_name)(table_t*);
    uint64_t (*get_table_size)(table_t*);
    entry_t* (*get_table_entry)(table_t*, const state_data*);
    rc_t (*read_entry_field)(table_t*, entry_t*, const field_t*, state_data*);
} reader_vtable;
typedef struct {
    const char* (*get_table_name)(table_t*);
    uint64_t (*get_table_size)(table_t*);
    entry_t* (*get_table_entry)(table_t*, const state_data*);
    rc_t (*read_entry_field)(table_t*, entry_t*, const field_t*, state_data*);
    void (*release_table_entry)(table_t*, entry_t*);
    uint32_t (*iterate_entries)(table_t*, uint32_t (*)(void*, entry_t*), void*);
} reader_vtable_ext;
typedef struct {
    rc_t (*clear_table)(table_t*);
    rc_t (*erase_table_entry)(table_t*, const state_data*);
    entry_t* (*create_table_entry)(table_t*);
    void (*destroy_table_entry)(table_t*, entry_t*);
    entry_t* (*add_table_entry)(table_t*, const state_data*, entry_t*);
    rc_t (*write_entry_field)(table_t*, entry_t*, const field_t*, const state_data*);
} writer_vtable;
typedef struct {
    const char* name;
    uint32_t key_type;
    table_t* table;
    reader_vtable reader;
    writer_vtable writer;
    fields_vtable fields;
    reader_vtable_ext* reader_ext;
    writer_vtable* writer_ext;
    fields_vtable* fields_ext;
} table_input;
typedef struct {
    table_info* (*list_tables)(owner_t*, uint32_t*);
    table_t* (*get_table)(owner_t*, const char*, uint32_t);
    rc_t (*add_table)(owner_t*, const table_input*);
    fields_vtable fields;
    fields_vtable* fields_ext;
    reader_vtable_ext* reader_ext;
    writer_vtable* writer_ext;
} init_tables_input;

typedef const char* (*owner_error_fn)(owner_t*);
typedef void (*log_fn_t)(owner_t*, const char*, const char*, uint32_t);
typedef struct {
    const char* config;
    owner_t* owner;
    owner_error_fn get_owner_last_error;
    const init_tables_input* tables;
    log_fn_t log_fn;
} init_input;
typedef struct {
    owner_t* owner;
    owner_error_fn get_owner_last_error;
    uint32_t num_fields;
    extract_field* fields;
    reader_vtable table_reader;
    reader_vtable_ext* table_reader_ext;
    void* value_offsets;
} field_extract_input;
typedef struct {
    owner_t* owner;
    owner_error_fn get_owner_last_error;
    reader_vtable table_reader;
    writer_vtable table_writer;
    reader_vtable_ext* table_reader_ext;
    writer_vtable* table_writer_ext;
} event_parse_input;
typedef struct { const char* config; } set_config_input;
typedef struct {
    void* (*subscribe)(owner_t*, uint32_t (*)(plugin_t*, void*), void*);
    rc_t (*unsubscribe)(owner_t*, void*);
} routine_vtable;
typedef struct {
    owner_t* owner;
    routine_vtable* routine;
    reader_vtable_ext* table_reader_ext;
    writer_vtable* table_writer_ext;
    owner_error_fn get_owner_last_error;
} capture_listen_input;
typedef rc_t (*async_handler)(owner_t*, const event_t*, char*);

_Static_assert(sizeof(event_t) == 26, "event header");
_Static_assert(sizeof(extract_field) == 64, "extract field");
_Static_assert(sizeof(table_input) == 152, "table input");
_Static_assert(sizeof(init_tables_input) == 72, "init tables input");
_Static_assert(sizeof(field_extract_input) == 80, "field extract input");
_Static_assert(sizeof(event_parse_input) == 112, "event parse input");
_Static_assert(sizeof(metric) == 32, "metric");

static inline void put32(void* at, uint32_t v) { memcpy(at, &v, 4); }

/* A plugin event around `len` bytes of data, in `buf`; returns it. */
static inline event_t* make_event(void* buf, uint32_t plugin_id, uint64_t ts, const void* data, uint32_t len) {
    event_t* e = buf;
    uint8_t* p = buf;
    e->ts = ts; e->tid = UINT64_MAX; e->len = 26 + 8 + 4 + len; e->type = 322; e->nparams = 2;
    put32(p + 26, 4); put32(p + 30, len); put32(p + 34, plugin_id);
    memcpy(p + 38, data, len);
    return e;
}

/* An async event, likewise. */
static inline event_t* make_async(void* buf, uint64_t ts, uint64_t tid, const char* name, const void* data, uint32_t len) {
    event_t* e = buf;
    uint8_t* p = buf;
    uint32_t n = (uint32_t)strlen(name) + 1;
    e->ts = ts; e->tid = tid; e->len = 26 + 12 + 4 + n + len; e->type = 402; e->nparams = 3;
    put32(p + 26, 4); put32(p + 30, n); put32(p + 34, len); put32(p + 38, 0);
    memcpy(p + 42, name, n);
    memcpy(p + 42 + n, data, len);
    return e;
}
