/* A plugin without a source that works on the table "words" of the plugin "counter": it reads its fields and the
 * sub-table "letters", and adds the fields "note" and "seen" of its own. */
#include "plugin_abi.h"

struct plugin {
    char error[256];
    table_t* words;
    field_t *length, *text, *letters, *note, *seen, *letter;
    const char* out;
    char buf[256];
    uint64_t num;
};

EXPORT const char* plugin_get_required_api_version(void) { return "3.5.0"; }
EXPORT const char* plugin_get_name(void) { return "reader"; }
EXPORT const char* plugin_get_description(void) { return "reads words"; }
EXPORT const char* plugin_get_contact(void) { return "tests"; }
EXPORT const char* plugin_get_version(void) { return "0.0.1"; }
EXPORT void plugin_destroy(plugin_t* s) { free(s); }
EXPORT const char* plugin_get_last_error(plugin_t* s) { return s->error; }

#define NEED(what, text) if (!(what)) { strcpy(s->error, text); return s; }
/* The call fails, and the owner says why in these words. */
#define REFUSED(call, words) \
    if (call) { strcpy(s->error, "accepted: " #call); return s; } \
    else { \
        const char* why = in->get_owner_last_error(in->owner); \
        if (!why || !strstr(why, words)) { snprintf(s->error, sizeof s->error, "%s says: %s", #call, why ? why : "(nothing)"); return s; } \
    }

EXPORT plugin_t* plugin_init(const init_input* in, rc_t* rc) {
    plugin_t* s = calloc(1, sizeof *s);
    const init_tables_input* t = in->tables;
    uint32_t n = 0;
    *rc = RC_FAILURE;
    table_info* infos = t->list_tables(in->owner, &n);
    NEED(n == 1 && !strcmp(infos[0].name, "words") && infos[0].key_type == ST_UINT64, "wrong list of tables");
    REFUSED(t->get_table(in->owner, "nothing", ST_UINT64), "can't find state table 'nothing'");
    REFUSED(t->get_table(in->owner, "words", ST_STRING), "keys of type uint64, not string");
    REFUSED(t->get_table(in->owner, NULL, ST_STRING), "null name");
    s->words = t->get_table(in->owner, "words", ST_UINT64);
    NEED(s->words, "no words");
    /* Known by name from now on, whatever key type is asked for. */
    NEED(t->get_table(in->owner, "words", ST_STRING) == s->words, "another handle");
    /* Plugins made with the public Rust crate read the key's type behind the handle. */
    NEED(((table_input*)s->words)->key_type == ST_UINT64, "no key type behind the handle");

    const table_fieldinfo* fields = t->fields_ext->list_table_fields(s->words, &n);
    NEED(fields && n == 3 && !strcmp(fields[1].name, "text") && fields[1].read_only, "wrong list of fields");
    s->length = t->fields_ext->get_table_field(s->words, "length", ST_UINT64);
    s->text = t->fields_ext->get_table_field(s->words, "text", ST_STRING);
    s->letters = t->fields_ext->get_table_field(s->words, "letters", ST_TABLE);
    NEED(s->length && s->text && s->letters, "fields are missing");
    NEED(t->fields_ext->get_table_field(s->words, "length", ST_UINT64) == s->length, "another accessor");
    REFUSED(t->fields_ext->get_table_field(s->words, "length", ST_INT8), "another type");
    REFUSED(t->fields_ext->get_table_field(s->words, "length", 77), "unsupported field type 77");
    REFUSED(t->fields_ext->get_table_field(s->words, "absent", ST_INT8), "no field absent");
    REFUSED(t->fields_ext->get_table_field(s->words, NULL, ST_INT8), "null name");
    REFUSED(t->fields_ext->get_table_field(NULL, "length", ST_UINT64), "null table");
    s->note = t->fields_ext->add_table_field(s->words, "note", ST_STRING);
    s->seen = t->fields_ext->add_table_field(s->words, "seen", ST_BOOL);
    NEED(s->note && s->seen, "fields cannot be added");
    NEED(t->fields_ext->add_table_field(s->words, "note", ST_STRING) == s->note, "added twice");
    REFUSED(t->fields_ext->add_table_field(s->words, "note", ST_UINT8), "another type");
    REFUSED(t->fields_ext->add_table_field(s->words, "sub", ST_TABLE), "cannot add");

    /* The fields of a sub-table are found on that of an entry made for the purpose. */
    entry_t* e = t->writer_ext->create_table_entry(s->words);
    NEED(e, "no entry");
    t->writer_ext->destroy_table_entry(s->words, e);
    *rc = RC_SUCCESS;
    return s;
}

/* Leaves a note on each word, in the entry and without giving it back. */
EXPORT rc_t plugin_parse_event(plugin_t* s, const event_input* e, const event_parse_input* in) {
    state_data key = {.u64 = e->evtnum - 1}, value;
    table_t* t = s->words;
    entry_t* w = in->table_reader_ext->get_table_entry(t, &key);
    if (!w) {
        snprintf(s->error, sizeof s->error, "parse: %s", in->get_owner_last_error(in->owner));
        return RC_FAILURE;
    }
    char note[64];
    if (in->table_reader_ext->read_entry_field(t, w, s->length, &value)) return RC_FAILURE;
    snprintf(note, sizeof note, "%llu letters", (unsigned long long)value.u64);
    value.str = note;
    if (in->table_writer_ext->write_entry_field(t, w, s->note, &value)) return RC_FAILURE;
    value.b = 1;
    if (in->table_writer.write_entry_field(t, w, s->seen, &value)) return RC_FAILURE;
    /* What must not be written is not. */
    strcpy(s->error, "wrote what is read-only");
    if (!in->table_writer_ext->write_entry_field(t, w, s->text, &value)) return RC_FAILURE;
    if (!in->table_writer_ext->write_entry_field(t, w, s->letters, &value)) return RC_FAILURE;
    if (!strstr(in->get_owner_last_error(in->owner), "type table")) return RC_FAILURE;
    return RC_SUCCESS;
}

/* The table "words" is the state of the source "counter" only. */
EXPORT const char* plugin_get_parse_event_sources(void) { return "[\"counter\"]"; }
EXPORT uint16_t* plugin_get_parse_event_types(uint32_t* n, plugin_t* s) {
    static uint16_t types[] = {322};
    (void)s;
    *n = 1;
    return types;
}
EXPORT const char* plugin_get_extract_event_sources(void) { return "[\"counter\"]"; }

EXPORT const char* plugin_get_fields(void) {
    return "[{\"name\":\"reader.note\",\"type\":\"string\",\"desc\":\"the note on the word\"},"
           "{\"name\":\"reader.letters\",\"type\":\"string\",\"isList\":true,\"desc\":\"letters, backwards\"},"
           "{\"name\":\"reader.all\",\"type\":\"uint64\",\"desc\":\"sum of all lengths\"},"
           "{\"name\":\"reader.stale\",\"type\":\"string\",\"desc\":\"what the host says to an expired handle\"},"
           "{\"name\":\"reader.add_erase\",\"type\":\"uint64\",\"desc\":\"size of the table around adding\"}]";
}

struct sum { plugin_t* s; const field_extract_input* in; uint64_t sum; };
static uint32_t add_length(void* arg, entry_t* e) {
    struct sum* sum = arg;
    state_data value;
    if (sum->in->table_reader_ext->read_entry_field(sum->s->words, e, sum->s->length, &value)) return 0;
    sum->sum += value.u64;
    return 1;
}

EXPORT rc_t plugin_extract_fields(plugin_t* s, const event_input* e, const field_extract_input* in) {
    static const char* list[16];
    static char letters[16][2];
    static table_t* kept;
    const reader_vtable_ext* r = in->table_reader_ext;
    extract_field* f = in->fields;
    state_data key = {.u64 = e->evtnum - 1}, value;
    f->res_len = 0;
    entry_t* w = r->get_table_entry(s->words, &key);
    if (!w) return RC_FAILURE;
    switch (f->field_id) {
    case 0:
        if (r->read_entry_field(s->words, w, s->note, &value)) return RC_FAILURE;
        snprintf(s->buf, sizeof s->buf, "%s", value.str);
        s->out = s->buf;
        f->res.str = &s->out;
        f->res_len = 1;
        break;
    case 1: {
        if (r->read_entry_field(s->words, w, s->letters, &value)) return RC_FAILURE;
        table_t* sub = kept = value.table;
        uint64_t size = r->get_table_size(sub);
        if (strcmp(r->get_table_name(sub), "letters")) return RC_FAILURE;
        /* The accessor is looked for on the first sub-table that comes, and is good for all of them. */
        if (!s->letter) {
            table_input* behind = sub;
            s->letter = behind->fields_ext->get_table_field(sub, "letter", ST_STRING);
            if (!s->letter) return RC_FAILURE;
        }
        for (uint64_t i = 0; i < size; i++) {
            key.u64 = size - 1 - i;
            entry_t* letter = r->get_table_entry(sub, &key);
            if (!letter || r->read_entry_field(sub, letter, s->letter, &value)) return RC_FAILURE;
            strcpy(letters[i], value.str);
            list[i] = letters[i];
        }
        f->res.str = list;
        f->res_len = size;
        break;
    }
    case 2: {
        struct sum sum = {s, in, 0};
        if (!r->iterate_entries(s->words, add_length, &sum)) return RC_FAILURE;
        s->num = sum.sum;
        f->res.u64 = &s->num;
        f->res_len = 1;
        break;
    }
    case 3: {
        /* The handle of an earlier call: its memory is the host's still, but it stands for nothing. */
        key.u64 = 0;
        if (!kept || r->get_table_entry(kept, &key)) return RC_FAILURE;
        const char* why = in->get_owner_last_error(in->owner);
        snprintf(s->buf, sizeof s->buf, "%s", why ? why : "(nothing)");
        s->out = s->buf;
        f->res.str = &s->out;
        f->res_len = 1;
        break;
    }
    default: {
        /* Writing while extracting is not for plugins to do, but the functions behind the handle are the host's, so it
         * is as safe as anywhere. */
        const table_input* behind = s->words;
        const writer_vtable* write = behind->writer_ext;
        uint64_t before = r->get_table_size(s->words);
        entry_t* created = write->create_table_entry(s->words);
        entry_t* forgotten = write->create_table_entry(s->words);
        if (!created || !forgotten) return RC_FAILURE;
        key.u64 = 1000;
        value.u64 = 5;
        if (write->write_entry_field(s->words, created, s->length, &value)) return RC_FAILURE;
        entry_t* added = write->add_table_entry(s->words, &key, created);
        /* The created entry is gone: it can be neither added nor destroyed again. */
        if (!added || write->add_table_entry(s->words, &key, created)) return RC_FAILURE;
        write->destroy_table_entry(s->words, created);
        uint64_t between = r->get_table_size(s->words);
        if (write->erase_table_entry(s->words, &key)) return RC_FAILURE;
        if (!write->erase_table_entry(s->words, &key)) return RC_FAILURE;
        const char* why = in->get_owner_last_error(in->owner);
        if (!why || strcmp(why, "nothing to erase at 1000")) return RC_FAILURE;
        s->num = before * 100 + between * 10 + r->get_table_size(s->words);
        f->res.u64 = &s->num;
        f->res_len = 1;
    }
    }
    return RC_SUCCESS;
}
