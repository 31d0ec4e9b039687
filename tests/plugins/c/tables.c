/* A plugin against the upstream symbol contract that owns a source and a table.
 *
 * Source "counter" (id 777): events with the payload "word N" for N = 0, 1, ... Table "words" (key: the word's number as
 * UINT64) with fields "length" (UINT64), "text" (STRING, read-only), and "letters" (TABLE: key UINT64 position, field
 * "letter" STRING); users may add fields of any scalar type. parse_event enters each event's word. Fields
 * counter.text and counter.length[N] are read from the own table through the host, as any other plugin would. */
#include "plugin_abi.h"
#include <pthread.h>
#include <unistd.h>

#define MAX_ENTRIES 64
#define MAX_DYNAMIC 8
#define MAX_LETTERS 16

typedef struct { const char* name; uint32_t type; bool read_only; } column;
typedef struct {
    uint64_t key;
    bool used;
    uint64_t length;
    char text[32];
    char letters[MAX_LETTERS][2];
    uint32_t n_letters;
    state_data dynamic[MAX_DYNAMIC];
    char dynamic_text[MAX_DYNAMIC][64];
    int refs;
} word;

struct plugin {
    char error[256];
    owner_t* owner;
    owner_error_fn owner_error;
    log_fn_t log;
    word words[MAX_ENTRIES];
    column columns[3 + MAX_DYNAMIC];
    uint32_t n_columns;
    table_fieldinfo infos[3 + MAX_DYNAMIC];
    char names[3 + MAX_DYNAMIC][32];
    int created, destroyed, taken, released;
    table_input own;
    reader_vtable_ext reader;
    writer_vtable writer;
    fields_vtable fields;
    /* The sub-table of the word last asked for; the description that a TABLE field yields. */
    word* current;
    table_input sub[MAX_ENTRIES];
    reader_vtable_ext sub_reader;
    table_t* via_host;
    field_t *f_length, *f_text;
    uint64_t parsed;
    uint64_t out_u64;
    const char* out_str;
    char out_text[64];
    async_handler handler;
    pthread_t thread;
    int thread_runs, thread_stop, emitted;
    uint64_t routine_calls;
    void* routine;
    uint64_t opened, closed;
};
struct instance { uint64_t next, limit; uint8_t mem[2][256]; event_t* batch[2]; };

/* OLD: as a plugin of the first 3.x API, which knows no extended vtables. */
#ifdef OLD
EXPORT const char* plugin_get_required_api_version(void) { return "3.0.0"; }
#else
EXPORT const char* plugin_get_required_api_version(void) { return "3.7.0"; }
#endif
EXPORT const char* plugin_get_name(void) { return "counter"; }
EXPORT const char* plugin_get_description(void) { return "counts words"; }
EXPORT const char* plugin_get_contact(void) { return "tests"; }
EXPORT const char* plugin_get_version(void) { return "1.2.3"; }
EXPORT uint32_t plugin_get_id(void) { return 777; }
EXPORT const char* plugin_get_event_source(void) { return "counter"; }

/* ---- the table "words" ---- */
static const char* w_name(table_t* t) { (void)t; return "words"; }
static uint64_t w_size(table_t* t) {
    plugin_t* s = t;
    uint64_t n = 0;
    for (int i = 0; i < MAX_ENTRIES; i++) n += s->words[i].used;
    return n;
}
static entry_t* w_get(table_t* t, const state_data* key) {
    plugin_t* s = t;
    for (int i = 0; i < MAX_ENTRIES; i++)
        if (s->words[i].used && s->words[i].key == key->u64) {
            s->taken++;
            return &s->words[i];
        }
    snprintf(s->error, sizeof s->error, "no word %llu", (unsigned long long)key->u64);
    return NULL;
}
static void w_release(table_t* t, entry_t* e) { (void)e; ((plugin_t*)t)->released++; }
static rc_t w_read(table_t* t, entry_t* e, const field_t* f, state_data* out) {
    plugin_t* s = t;
    word* w = e;
    uint32_t at = (uint32_t)((const column*)f - s->columns);
    switch (at) {
    case 0: out->u64 = w->length; return RC_SUCCESS;
    case 1: out->str = w->text; return RC_SUCCESS;
    case 2: out->table = &s->sub[w - s->words]; return RC_SUCCESS;
    default:
        if (at >= s->n_columns) return RC_FAILURE;
        *out = w->dynamic[at - 3];
        if (s->columns[at].type == ST_STRING) out->str = w->dynamic_text[at - 3];
        return RC_SUCCESS;
    }
}
static uint32_t w_iterate(table_t* t, uint32_t (*it)(void*, entry_t*), void* state) {
    plugin_t* s = t;
    for (int i = 0; i < MAX_ENTRIES; i++)
        if (s->words[i].used && !it(state, &s->words[i])) return 0;
    return 1;
}
static rc_t w_clear(table_t* t) {
    plugin_t* s = t;
    for (int i = 0; i < MAX_ENTRIES; i++) s->words[i].used = false;
    return RC_SUCCESS;
}
static rc_t w_erase(table_t* t, const state_data* key) {
    plugin_t* s = t;
    for (int i = 0; i < MAX_ENTRIES; i++)
        if (s->words[i].used && s->words[i].key == key->u64) {
            s->words[i].used = false;
            return RC_SUCCESS;
        }
    snprintf(s->error, sizeof s->error, "nothing to erase at %llu", (unsigned long long)key->u64);
    return RC_FAILURE;
}
static entry_t* w_create(table_t* t) {
    ((plugin_t*)t)->created++;
    return calloc(1, sizeof(word));
}
static void w_destroy(table_t* t, entry_t* e) {
    ((plugin_t*)t)->destroyed++;
    free(e);
}
static entry_t* w_add(table_t* t, const state_data* key, entry_t* e) {
    plugin_t* s = t;
    for (int i = 0; i < MAX_ENTRIES; i++)
        if (!s->words[i].used) {
            memcpy(&s->words[i], e, sizeof(word));
            free(e);
            s->words[i].used = true;
            s->words[i].key = key->u64;
            s->taken++;
            return &s->words[i];
        }
    strcpy(s->error, "full");
    free(e);
    return NULL;
}
static rc_t w_write(table_t* t, entry_t* e, const field_t* f, const state_data* in) {
    plugin_t* s = t;
    word* w = e;
    uint32_t at = (uint32_t)((const column*)f - s->columns);
    if (at >= s->n_columns || s->columns[at].read_only) {
        strcpy(s->error, "field is read-only");
        return RC_FAILURE;
    }
    if (at == 0) {
        w->length = in->u64;
        return RC_SUCCESS;
    }
    w->dynamic[at - 3] = *in;
    if (s->columns[at].type == ST_STRING) snprintf(w->dynamic_text[at - 3], 64, "%s", in->str);
    return RC_SUCCESS;
}
static const table_fieldinfo* w_fields(table_t* t, uint32_t* n) {
    plugin_t* s = t;
    for (uint32_t i = 0; i < s->n_columns; i++)
        s->infos[i] = (table_fieldinfo){s->columns[i].name, s->columns[i].type, s->columns[i].read_only};
    *n = s->n_columns;
    return s->infos;
}
static field_t* w_field(table_t* t, const char* name, uint32_t type) {
    plugin_t* s = t;
    for (uint32_t i = 0; i < s->n_columns; i++)
        if (!strcmp(s->columns[i].name, name)) {
            if (s->columns[i].type == type) return &s->columns[i];
            snprintf(s->error, sizeof s->error, "field %s has another type", name);
            return NULL;
        }
    snprintf(s->error, sizeof s->error, "no field %s", name);
    return NULL;
}
static field_t* w_add_field(table_t* t, const char* name, uint32_t type) {
    plugin_t* s = t;
    for (uint32_t i = 0; i < s->n_columns; i++)
        if (!strcmp(s->columns[i].name, name)) return w_field(t, name, type);
    if (type == ST_TABLE || s->n_columns == 3 + MAX_DYNAMIC) {
        strcpy(s->error, "cannot add this field");
        return NULL;
    }
    snprintf(s->names[s->n_columns], 32, "%s", name);
    s->columns[s->n_columns] = (column){s->names[s->n_columns], type, false};
    return &s->columns[s->n_columns++];
}

/* ---- the sub-table "letters" of a word: entries are pointers to letters ---- */
static column letter_column = {"letter", ST_STRING, true};
static const char* l_name(table_t* t) { (void)t; return "letters"; }
static uint64_t l_size(table_t* t) { return ((word*)t)->n_letters; }
static entry_t* l_get(table_t* t, const state_data* key) {
    word* w = t;
    return key->u64 < w->n_letters ? w->letters[key->u64] : NULL;
}
static rc_t l_read(table_t* t, entry_t* e, const field_t* f, state_data* out) {
    (void)t;
    if (f != &letter_column) return RC_FAILURE;
    out->str = e;
    return RC_SUCCESS;
}
static void l_release(table_t* t, entry_t* e) { (void)t; (void)e; }
static uint32_t l_iterate(table_t* t, uint32_t (*it)(void*, entry_t*), void* state) {
    word* w = t;
    for (uint32_t i = 0; i < w->n_letters; i++)
        if (!it(state, w->letters[i])) return 0;
    return 1;
}
static const table_fieldinfo* l_fields(table_t* t, uint32_t* n) {
    static const table_fieldinfo info = {"letter", ST_STRING, 1};
    (void)t;
    *n = 1;
    return &info;
}
static field_t* l_field(table_t* t, const char* name, uint32_t type) {
    (void)t;
    return !strcmp(name, "letter") && type == ST_STRING ? &letter_column : NULL;
}
static rc_t l_clear(table_t* t) { (void)t; return RC_FAILURE; }
static rc_t l_erase(table_t* t, const state_data* k) { (void)t; (void)k; return RC_FAILURE; }
static entry_t* l_create(table_t* t) { (void)t; return NULL; }
static void l_destroy(table_t* t, entry_t* e) { (void)t; (void)e; }
static entry_t* l_add(table_t* t, const state_data* k, entry_t* e) { (void)t; (void)k; (void)e; return NULL; }
static rc_t l_write(table_t* t, entry_t* e, const field_t* f, const state_data* in) {
    (void)t; (void)e; (void)f; (void)in;
    return RC_FAILURE;
}

static reader_vtable_ext l_reader = {l_name, l_size, l_get, l_read, l_release, l_iterate};
static writer_vtable l_writer = {l_clear, l_erase, l_create, l_destroy, l_add, l_write};
static fields_vtable l_fields_v = {l_fields, l_field, l_field};

static table_input describe(const char* name, uint32_t key, table_t* table, reader_vtable_ext* r, writer_vtable* w, fields_vtable* f) {
    table_input in = {name, key, table, {r->get_table_name, r->get_table_size, r->get_table_entry, r->read_entry_field}, *w, *f, r, w, f};
    return in;
}

EXPORT plugin_t* plugin_init(const init_input* in, rc_t* rc) {
    plugin_t* s = calloc(1, sizeof *s);
    s->owner = in->owner;
    s->owner_error = in->get_owner_last_error;
    s->log = in->log_fn;
    s->columns[0] = (column){"length", ST_UINT64, false};
    s->columns[1] = (column){"text", ST_STRING, true};
    s->columns[2] = (column){"letters", ST_TABLE, true};
    s->n_columns = 3;
    s->reader = (reader_vtable_ext){w_name, w_size, w_get, w_read, w_release, w_iterate};
    s->writer = (writer_vtable){w_clear, w_erase, w_create, w_destroy, w_add, w_write};
    s->fields = (fields_vtable){w_fields, w_field, w_add_field};
    for (int i = 0; i < MAX_ENTRIES; i++)
        s->sub[i] = describe("letters", ST_UINT64, &s->words[i], &l_reader, &l_writer, &l_fields_v);
    *rc = RC_FAILURE;
    table_input mine = describe("words", ST_UINT64, s, &s->reader, &s->writer, &s->fields);
    const init_tables_input* t = in->tables;
    if (!t) { strcpy(s->error, "no tables"); return s; }
#ifdef OLD
    mine.reader_ext = NULL;
    mine.writer_ext = NULL;
    mine.fields_ext = NULL;
#endif
#ifdef BREAK_TABLE
    mine.BREAK_TABLE = NULL;
#endif
#ifdef KEY_TYPE
    mine.key_type = KEY_TYPE;
#endif
    if (t->add_table(in->owner, &mine) != RC_SUCCESS) {
        snprintf(s->error, sizeof s->error, "%s", in->get_owner_last_error(in->owner));
        return s;
    }
    /* The same name again is refused. */
    if (t->add_table(in->owner, &mine) == RC_SUCCESS) { strcpy(s->error, "added twice"); return s; }
    const char* why = in->get_owner_last_error(in->owner);
    if (!why || !strstr(why, "already defined")) { strcpy(s->error, "no reason given"); return s; }

    s->via_host = t->get_table(in->owner, "words", ST_UINT64);
    if (!s->via_host) { strcpy(s->error, "own table not found"); return s; }
    s->f_length = t->fields_ext->get_table_field(s->via_host, "length", ST_UINT64);
    s->f_text = t->fields.get_table_field(s->via_host, "text", ST_STRING);
    if (!s->f_length || !s->f_text) { strcpy(s->error, "own fields not found"); return s; }
    *rc = RC_SUCCESS;
    return s;
}
EXPORT void plugin_destroy(plugin_t* s) {
    char text[128];
    snprintf(text, sizeof text, "created %d destroyed %d taken %d released %d opened %llu closed %llu", s->created,
             s->destroyed, s->taken, s->released, (unsigned long long)s->opened, (unsigned long long)s->closed);
    s->log(s->owner, NULL, text, 6);
    free(s);
}
EXPORT const char* plugin_get_last_error(plugin_t* s) { return s->error; }

/* ---- source ---- */
EXPORT instance_t* plugin_open(plugin_t* s, const char* params, rc_t* rc) {
    instance_t* h = calloc(1, sizeof *h);
    (void)s;
    h->limit = strtoull(params, NULL, 10);
    *rc = RC_SUCCESS;
    return h;
}
EXPORT void plugin_close(plugin_t* s, instance_t* h) { (void)s; free(h); }
EXPORT rc_t plugin_next_batch(plugin_t* s, instance_t* h, uint32_t* n, event_t*** evts) {
    (void)s;
    *n = 0;
    *evts = h->batch;
    while (*n < 2 && h->next < h->limit) {
        char text[32];
        uint32_t len = (uint32_t)sprintf(text, "word %llu", (unsigned long long)h->next);
        h->batch[*n] = make_event(h->mem[*n], 0, 1000000 * (h->next + 1), text, len);
        h->next++;
        ++*n;
    }
    return *n ? RC_SUCCESS : h->limit > 1000 ? RC_TIMEOUT : RC_EOF;
}

/* ---- parsing ---- */
EXPORT rc_t plugin_parse_event(plugin_t* s, const event_input* e, const event_parse_input* in) {
    (void)in;
    if (e->evt->type != 322 || strcmp(e->evtsrc, "counter")) return RC_FAILURE;
    const uint8_t* data = (const uint8_t*)e->evt + 38;
    uint32_t len = e->evt->len - 38;
    word* w = &s->words[s->parsed % MAX_ENTRIES];
    w->used = true;
    w->key = s->parsed++;
    w->length = len;
    snprintf(w->text, sizeof w->text, "%.*s", (int)len, data);
    w->n_letters = len < MAX_LETTERS ? len : MAX_LETTERS;
    for (uint32_t i = 0; i < w->n_letters; i++) w->letters[i][0] = (char)data[i];
    return RC_SUCCESS;
}

/* ---- extraction ---- */
EXPORT const char* plugin_get_fields(void) {
    return "[{\"name\":\"counter.text\",\"type\":\"string\",\"desc\":\"the event's word\"},"
           "{\"name\":\"counter.length\",\"type\":\"uint64\",\"desc\":\"length of a word\","
           "\"arg\":{\"isIndex\":true,\"isRequired\":true}},"
           "{\"name\":\"counter.routine_calls\",\"type\":\"uint64\",\"desc\":\"calls of the routine\"}]";
}
EXPORT rc_t plugin_extract_fields(plugin_t* s, const event_input* e, const field_extract_input* in) {
    extract_field* f = in->fields;
    state_data key, value;
    f->res_len = 0;
    if (f->field_id == 2) {
        s->out_u64 = __atomic_load_n(&s->routine_calls, __ATOMIC_RELAXED);
        f->res.u64 = &s->out_u64;
        f->res_len = 1;
        return RC_SUCCESS;
    }
    key.u64 = f->field_id == 0 ? e->evtnum - 1 : f->arg_index;
    entry_t* entry = in->table_reader_ext->get_table_entry(s->via_host, &key);
    if (!entry) {
        snprintf(s->error, sizeof s->error, "%s", in->get_owner_last_error(in->owner));
        return RC_FAILURE;
    }
    if (in->table_reader.read_entry_field(s->via_host, entry, f->field_id == 0 ? s->f_text : s->f_length, &value)) return RC_FAILURE;
    if (f->field_id == 0) {
        snprintf(s->out_text, sizeof s->out_text, "%s", value.str);
        s->out_str = s->out_text;
        f->res.str = &s->out_str;
    } else {
        s->out_u64 = value.u64;
        f->res.u64 = &s->out_u64;
    }
    f->res_len = 1;
    /* Every second entry is forgotten: the host gives it back. One is given back twice: the host does not mind. */
    if (key.u64 % 2 == 0) {
        in->table_reader_ext->release_table_entry(s->via_host, entry);
        in->table_reader_ext->release_table_entry(s->via_host, entry);
    }
    return RC_SUCCESS;
}

/* ---- async events: a thread that sends what the open source's name and the tests ask for ---- */
EXPORT const char* plugin_get_async_events(void) { return "[\"tick\",\"tock\"]"; }
static void* ticker(void* arg) {
    plugin_t* s = arg;
    uint8_t buf[256];
    char err[1024], text[1200];
    struct { const char* name; uint64_t ts, tid; uint16_t type; uint32_t nparams; uint32_t cut; } sent[] = {
        {"tick", 1500000, UINT64_MAX, 402, 3, 0},        /* between the first two events */
        {"unknown", 1500000, UINT64_MAX, 402, 3, 0},
        {"tick", 1500000, 7, 402, 3, 0},                 /* a thread in a source without threads */
        {"tick", 1500000, UINT64_MAX, 401, 3, 0},
        {"tick", 1500000, UINT64_MAX, 402, 2, 0},
        {"tick", 1500000, UINT64_MAX, 402, 3, 5},
        {"tick", UINT64_MAX - 1, UINT64_MAX, 402, 3, 0}, /* far in the future: taken, and dropped */
        {"tock", 500000, UINT64_MAX, 402, 3, 0},         /* before the first event */
    };
    for (unsigned i = 0; i < sizeof sent / sizeof *sent; i++) {
        event_t* e = make_async(buf, sent[i].ts, sent[i].tid, sent[i].name, "data", 4);
        e->type = sent[i].type;
        e->nparams = sent[i].nparams;
        e->len -= sent[i].cut;
        err[0] = 0;
        rc_t rc = s->handler(s->owner, e, err);
        snprintf(text, sizeof text, "sent %u: %d %s", i, rc, err);
        s->log(s->owner, "ticker", text, 7);
    }
    __atomic_store_n(&s->emitted, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&s->thread_stop, __ATOMIC_ACQUIRE)) usleep(200);
    return NULL;
}
EXPORT rc_t plugin_set_async_event_handler(plugin_t* s, owner_t* o, async_handler h) {
    if (s->thread_runs) {
        __atomic_store_n(&s->thread_stop, 1, __ATOMIC_RELEASE);
        pthread_join(s->thread, NULL);
        s->thread_runs = 0;
    }
    s->handler = h;
    s->owner = o;
    if (!h) return RC_SUCCESS;
    s->thread_stop = 0;
    __atomic_store_n(&s->emitted, 0, __ATOMIC_RELEASE);
    if (pthread_create(&s->thread, NULL, ticker, s)) return RC_FAILURE;
    s->thread_runs = 1;
    /* The tests want a known state: all is sent before the first event is asked for. */
    while (!__atomic_load_n(&s->emitted, __ATOMIC_ACQUIRE)) usleep(200);
    return RC_SUCCESS;
}
EXPORT rc_t plugin_dump_state(plugin_t* s, owner_t* o, async_handler h) {
    uint8_t buf[256];
    for (int i = 0; i < MAX_ENTRIES; i++)
        if (s->words[i].used) {
            event_t* e = make_async(buf, 5, UINT64_MAX, "tick", s->words[i].text, (uint32_t)strlen(s->words[i].text));
            if (h(o, e, s->error)) return RC_FAILURE;
        }
    event_t* e = make_async(buf, 5, UINT64_MAX, "unknown", "", 0);
    return h(o, e, s->error) == RC_FAILURE ? RC_SUCCESS : RC_FAILURE;
}

/* ---- capture listening with a routine ---- */
static uint32_t routine(plugin_t* s, void* arg) {
    (void)arg;
    return __atomic_add_fetch(&s->routine_calls, 1, __ATOMIC_RELAXED) < 1000000;
}
EXPORT rc_t plugin_capture_open(plugin_t* s, const capture_listen_input* in) {
    s->opened++;
    s->routine = in->routine->subscribe(in->owner, routine, NULL);
    if (!s->routine) return RC_FAILURE;
    /* The tests want to see it run. */
    while (__atomic_load_n(&s->routine_calls, __ATOMIC_RELAXED) < 3) usleep(200);
    return RC_SUCCESS;
}
EXPORT rc_t plugin_capture_close(plugin_t* s, const capture_listen_input* in) {
    s->closed++;
    return in->routine->unsubscribe(in->owner, s->routine);
}
EXPORT metric* plugin_get_metrics(plugin_t* s, uint32_t* n) {
    static metric m[1];
    m[0] = (metric){"parsed", 0, {.u64 = s->parsed}, 2};
    *n = 1;
    return m;
}
