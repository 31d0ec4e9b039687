/* One small plugin that is good as it stands, and breaks the contract in one way for each switch. It produces plugin
 * events with the payload "event N" and extracts one field of each kind. */
#include "plugin_abi.h"
#include <unistd.h>

struct plugin { char error[256]; uint64_t u64; uint32_t boolean; const char* str; byte_buffer buf; uint64_t calls; };
struct instance { uint64_t count; uint8_t mem[8][256]; event_t* batch[8]; };

#ifndef API_VERSION
#define API_VERSION "3.12.0"
#endif
#ifndef NAME
#define NAME "bad"
#endif
#ifndef ID
#define ID 999
#endif
#ifndef SOURCE
#define SOURCE "bad_source"
#endif

#ifndef NO_API_VERSION
EXPORT const char* plugin_get_required_api_version(void) { return API_VERSION; }
#endif
#ifdef NULL_NAME
EXPORT const char* plugin_get_name(void) { return NULL; }
#else
EXPORT const char* plugin_get_name(void) { return NAME; }
#endif
#ifndef NO_DESCRIPTION
EXPORT const char* plugin_get_description(void) { return "breaks the contract on demand"; }
#endif
EXPORT const char* plugin_get_contact(void) { return "tests"; }
#ifdef BAD_VERSION
EXPORT const char* plugin_get_version(void) { return "one.two"; }
#else
EXPORT const char* plugin_get_version(void) { return "0.1.0"; }
#endif

#ifdef SCHEMA
EXPORT const char* plugin_get_init_schema(uint32_t* type) { *type = SCHEMA_TYPE; return SCHEMA; }
#endif

#ifndef NO_INIT
EXPORT plugin_t* plugin_init(const init_input* in, rc_t* rc) {
    plugin_t* s = calloc(1, sizeof *s);
    *rc = RC_SUCCESS;
#ifdef INIT_FAILS
    strcpy(s->error, "no luck today");
    *rc = RC_FAILURE;
#endif
#ifdef INIT_FAILS_SILENTLY
    *rc = RC_FAILURE;
#endif
#ifdef INIT_NULL_FAILS
    *rc = RC_FAILURE;
    free(s);
    return NULL;
#endif
#ifdef INIT_NULL
    free(s);
    return NULL;
#endif
#ifdef INIT_CODE
    *rc = INIT_CODE;
#endif
    if (in->log_fn) {
        in->log_fn(in->owner, NULL, in->config, 6);
        in->log_fn(in->owner, "part", "of it", 7);
    }
    return s;
}
#endif
EXPORT void plugin_destroy(plugin_t* s) { free(s); }
EXPORT const char* plugin_get_last_error(plugin_t* s) {
#ifdef NULL_ERROR
    return NULL;
#else
    return s ? s->error : NULL;
#endif
}

#ifndef NO_SOURCE
#ifndef NO_ID
EXPORT uint32_t plugin_get_id(void) { return ID; }
#endif
EXPORT const char* plugin_get_event_source(void) { return SOURCE; }
EXPORT instance_t* plugin_open(plugin_t* s, const char* params, rc_t* rc) {
    (void)params;
#ifdef OPEN_FAILS
    strcpy(s->error, "cannot open");
    *rc = RC_FAILURE;
    return NULL;
#elif defined OPEN_NULL
    *rc = RC_SUCCESS;
    return NULL;
#elif defined OPEN_CODE
    *rc = OPEN_CODE;
    return NULL;
#else
    (void)s;
    *rc = RC_SUCCESS;
    return calloc(1, sizeof(instance_t));
#endif
}
EXPORT void plugin_close(plugin_t* s, instance_t* h) { (void)s; free(h); }
#ifndef NO_NEXT_BATCH
EXPORT rc_t plugin_next_batch(plugin_t* s, instance_t* h, uint32_t* n, event_t*** evts) {
    s->calls++;
    *evts = h->batch;
    *n = 0;
#ifdef BATCH_CODE
    return BATCH_CODE;
#endif
#ifdef BATCH_FAILS
    strcpy(s->error, "lost the stream");
    return RC_FAILURE;
#endif
#ifdef BATCH_EMPTY
    return RC_SUCCESS;
#endif
#ifdef ONLY_TIMEOUTS
    return RC_TIMEOUT;
#endif
#ifdef BATCH_NULL
    *evts = NULL;
    *n = 1;
    return RC_SUCCESS;
#endif
#ifdef BATCH_HUGE
    *n = UINT32_MAX;
    return RC_SUCCESS;
#endif
#ifdef THEN_NONE
    /* Six events, then silence; while a file is there, not even that. */
    if (h->count == 6) {
        const char* hang = getenv("HANG_WHILE");
        while (hang && access(hang, F_OK) == 0) usleep(10000);
        usleep(10000);
        return RC_TIMEOUT;
    }
#endif
    if (h->count == 6) return RC_EOF;
    for (int i = 0; i < 3; i++, h->count++) {
        char text[32];
        uint32_t len = (uint32_t)sprintf(text, "event %llu", (unsigned long long)h->count);
        h->batch[i] = make_event(h->mem[i], 0, 1000 + h->count, text, len);
    }
    *n = 3;
    /* The second event of the first batch is the bad one. */
    if (h->count == 3) {
        event_t* e = h->batch[1];
        (void)e;
#ifdef EVENT_NULL
        h->batch[1] = NULL;
#endif
#ifdef EVENT_TYPE
        e->type = EVENT_TYPE;
#endif
#ifdef EVENT_NPARAMS
        e->nparams = EVENT_NPARAMS;
#endif
#ifdef EVENT_LEN
        e->len = EVENT_LEN;
#endif
#ifdef EVENT_PARAM_LEN
        put32(h->mem[1] + 30, EVENT_PARAM_LEN);
#endif
#ifdef EVENT_ID
        put32(h->mem[1] + 34, EVENT_ID);
#endif
#ifdef EVENT_TID
        e->tid = EVENT_TID;
#endif
#ifdef EVENT_TS_NOW
        e->ts = UINT64_MAX;
#endif
    }
#ifdef EVENTS_WITH_CODE
    if (h->count == 6) return EVENTS_WITH_CODE;
#endif
    return RC_SUCCESS;
}
#endif
#endif

#ifdef FIELDS_NULL
EXPORT const char* plugin_get_fields(void) { return NULL; }
#elif defined FIELDS_JSON
EXPORT const char* plugin_get_fields(void) { return FIELDS_JSON; }
#elif !defined NO_FIELDS
EXPORT const char* plugin_get_fields(void) {
    return "[{\"name\":\"bad.num\",\"type\":\"uint64\",\"desc\":\"a number\"},"
           "{\"name\":\"bad.text\",\"type\":\"string\",\"desc\":\"a text\"},"
           "{\"name\":\"bad.flag\",\"type\":\"bool\",\"desc\":\"a truth value\"},"
           "{\"name\":\"bad.addr\",\"type\":\"ipaddr\",\"desc\":\"an address\"}]";
}
#endif
#ifdef DETAILS_JSON
EXPORT const char* plugin_lanner_get_field_details(void) { return DETAILS_JSON; }
#endif
#ifndef NO_EXTRACT
EXPORT rc_t plugin_extract_fields(plugin_t* s, const event_input* e, const field_extract_input* in) {
    static const uint8_t address[4] = {10, 0, 0, 1};
    extract_field* f = in->fields;
#ifdef EXTRACT_CODE
    return EXTRACT_CODE;
#endif
    f->res_len = 1;
    switch (f->field_id) {
    case 0: s->u64 = e->evt->len; f->res.u64 = &s->u64; break;
    case 1: s->str = "text"; f->res.str = &s->str; break;
    case 2: s->boolean = 7; f->res.boolean = &s->boolean; break;
    default: s->buf.len = 4; s->buf.ptr = address; f->res.buf = &s->buf; break;
    }
#ifdef VALUE_NULL_ARRAY
    f->res.u64 = NULL;
#endif
#ifdef VALUE_NULL
    s->str = NULL;
    s->buf.ptr = NULL;
#endif
#ifdef VALUE_COUNT
    f->res_len = VALUE_COUNT;
#endif
#ifdef VALUE_LEN
    s->buf.len = VALUE_LEN;
#endif
#ifdef VALUE_BYTES
    s->str = VALUE_BYTES;
#endif
#ifdef VALUE_UNTOUCHED
    f->res_len = in->num_fields - 1;
#endif
    return RC_SUCCESS;
}
#endif

/* The same fields by prepared requests; the handle is the field's number plus 40. */
#ifdef PREPARE_CODE
EXPORT rc_t plugin_lanner_prepare_field(plugin_t* s, const extract_field* f, uint32_t* handle) {
    (void)s;
    *handle = f->field_id + 40;
    return PREPARE_CODE;
}
EXPORT field_value plugin_lanner_extract_prepared(plugin_t* s, uint32_t handle, const event_input* e,
                                                  const field_extract_input* in) {
    static const uint8_t address[4] = {10, 0, 0, 1};
    field_value v = {address, 4};
    (void)s;
    (void)e;
    switch (handle) {
    case 40: v.n = in->num_fields; break;
    case 41: v.data = "prepared"; v.n = 8; break;
    case 42: v.n = 7; break;
    default: break;
    }
#ifdef VALUE_NULL
    v.data = NULL;
    v.n = VALUE_NULL;
#endif
#ifdef VALUE_LEN
    v.n = VALUE_LEN;
#endif
    return v;
}
#endif

#ifdef PARSE_CODE
EXPORT rc_t plugin_parse_event(plugin_t* s, const event_input* e, const event_parse_input* in) {
    (void)s; (void)e; (void)in;
    return PARSE_CODE;
}
#endif
#ifdef ASYNC_HANDLER_ONLY
EXPORT rc_t plugin_set_async_event_handler(plugin_t* s, owner_t* o, async_handler h) { (void)s; (void)o; (void)h; return 0; }
#endif
#ifdef CAPTURE_OPEN_ONLY
EXPORT rc_t plugin_capture_open(plugin_t* s, const capture_listen_input* in) { (void)s; (void)in; return 0; }
#endif
#ifdef EVENT_TYPES
EXPORT uint16_t* plugin_get_extract_event_types(uint32_t* n, plugin_t* s) {
    static uint16_t types[] = {EVENT_TYPES};
    (void)s;
    *n = sizeof types / sizeof *types;
    return types;
}
#endif
#ifdef EXTRACT_SOURCES
EXPORT const char* plugin_get_extract_event_sources(void) { return EXTRACT_SOURCES; }
#endif
#ifdef EVENT_SCHEMA
EXPORT const char* plugin_get_required_event_schema_version(plugin_t* s) { (void)s; return EVENT_SCHEMA; }
#endif
#ifdef SET_CONFIG
EXPORT rc_t plugin_set_config(plugin_t* s, const set_config_input* in) {
    snprintf(s->error, sizeof s->error, "will not have %s", in->config);
    return SET_CONFIG;
}
#endif
#ifdef METRICS
EXPORT metric* plugin_get_metrics(plugin_t* s, uint32_t* n) {
    static metric m[4];
    m[0] = (metric){"calls", 0, {.u64 = s->calls}, 2};
    m[1] = (metric){"level", 1, {.d = -0.5}, 4};
    m[2] = (metric){NULL, 0, {.u64 = 1}, 2};
    m[3] = (metric){"strange", 0, {.u64 = 1}, 77};
    *n = 4;
    return m;
}
#endif
#ifdef OPEN_PARAMS
EXPORT const char* plugin_list_open_params(plugin_t* s, rc_t* rc) {
    (void)s;
    *rc = RC_SUCCESS;
    return OPEN_PARAMS;
}
#endif
#ifdef PROGRESS
EXPORT const char* plugin_get_progress(plugin_t* s, instance_t* h, uint32_t* pct) {
    (void)s;
    *pct = (uint32_t)(h->count * 10000 / 6);
    return PROGRESS;
}
#endif
#ifdef TO_STRING
EXPORT const char* plugin_event_to_string(plugin_t* s, const event_input* e) { (void)s; (void)e; return TO_STRING; }
#endif
#ifdef LAYOUT
/* A layout description as the Rust SDK exports it begins with a header; this one is all zeros. */
EXPORT const void* plugin_lanner_abi_layout(void) {
    static const uint64_t zeros[16];
    (void)zeros;
    return LAYOUT;
}
#endif
