/* A plugin that works on the table "threads" of the system-call source, as the container plugins do: it reads threads and
 * their sub-tables, adds a field, and goes through all threads when a capture begins. */
#include "plugin_abi.h"

struct plugin {
    char error[256];
    table_t* threads;
    field_t *comm, *pid, *exe_path, *cwd, *args, *fds, *cgroups, *visits, *missing;
    field_t *arg, *fd_name, *fd_num, *cg_first, *cg_second;
    uint64_t at_open, fds_at_open, removed;
    uint64_t num;
    char text[8192];
    const char* out[512];
    char bufs[512][512];
};

EXPORT const char* plugin_get_required_api_version(void) { return "3.10.0"; }
EXPORT const char* plugin_get_name(void) { return "threads_user"; }
EXPORT const char* plugin_get_description(void) { return "uses the table threads"; }
EXPORT const char* plugin_get_contact(void) { return "tests"; }
EXPORT const char* plugin_get_version(void) { return "0.0.1"; }
EXPORT void plugin_destroy(plugin_t* s) { free(s); }
EXPORT const char* plugin_get_last_error(plugin_t* s) { return s->error; }

#define NEED(what) if (!(what)) { \
    const char* why = in->get_owner_last_error(in->owner); \
    snprintf(s->error, sizeof s->error, "%s: %s", #what, why ? why : "(no reason)"); \
    return s; }

EXPORT plugin_t* plugin_init(const init_input* in, rc_t* rc) {
    plugin_t* s = calloc(1, sizeof *s);
    const init_tables_input* t = in->tables;
    const fields_vtable* f = t->fields_ext;
    state_data sub;
    *rc = RC_FAILURE;
    NEED(s->threads = t->get_table(in->owner, "threads", ST_INT64));
    NEED(s->comm = f->get_table_field(s->threads, "comm", ST_STRING));
    NEED(s->pid = f->get_table_field(s->threads, "pid", ST_INT64));
    NEED(s->exe_path = f->get_table_field(s->threads, "exe_path", ST_STRING));
    NEED(s->cwd = f->get_table_field(s->threads, "cwd", ST_STRING));
    NEED(s->args = f->get_table_field(s->threads, "args", ST_TABLE));
    NEED(s->fds = f->get_table_field(s->threads, "file_descriptors", ST_TABLE));
    NEED(s->cgroups = f->get_table_field(s->threads, "cgroups", ST_TABLE));
    NEED(s->visits = f->add_table_field(s->threads, "visits", ST_UINT64));
    NEED(f->add_table_field(s->threads, "visits", ST_UINT64) == s->visits);
    NEED(!f->add_table_field(s->threads, "visits", ST_STRING));
    NEED(!f->add_table_field(s->threads, "comm", ST_UINT64));
    NEED(!f->get_table_field(s->threads, "no such field", ST_UINT64));

    /* The fields of the sub-tables, from an entry made for the purpose. */
    entry_t* e;
    NEED(e = t->writer_ext->create_table_entry(s->threads));
    NEED(t->reader_ext->read_entry_field(s->threads, e, s->args, &sub) == RC_SUCCESS);
    NEED(s->arg = f->get_table_field(sub.table, "value", ST_STRING));
    NEED(t->reader_ext->read_entry_field(s->threads, e, s->fds, &sub) == RC_SUCCESS);
    NEED(s->fd_name = f->get_table_field(sub.table, "name", ST_STRING));
    NEED(s->fd_num = f->get_table_field(sub.table, "fd", ST_INT64));
    NEED(t->reader_ext->read_entry_field(s->threads, e, s->cgroups, &sub) == RC_SUCCESS);
    NEED(s->cg_first = f->get_table_field(sub.table, "first", ST_STRING));
    NEED(s->cg_second = f->get_table_field(sub.table, "second", ST_STRING));
    t->writer_ext->destroy_table_entry(s->threads, e);
    *rc = RC_SUCCESS;
    return s;
}

struct opening { plugin_t* s; const capture_listen_input* in; };
static uint32_t visit(void* arg, entry_t* e) {
    struct opening* o = arg;
    state_data sub, zero = {.u64 = 0};
    o->s->at_open++;
    if (o->in->table_reader_ext->read_entry_field(o->s->threads, e, o->s->fds, &sub)) return 0;
    o->s->fds_at_open += o->in->table_reader_ext->get_table_size(sub.table);
    return o->in->table_writer_ext->write_entry_field(o->s->threads, e, o->s->visits, &zero) == RC_SUCCESS;
}
EXPORT rc_t plugin_capture_open(plugin_t* s, const capture_listen_input* in) {
    struct opening o = {s, in};
    return in->table_reader_ext->iterate_entries(s->threads, visit, &o) ? RC_SUCCESS : RC_FAILURE;
}
EXPORT rc_t plugin_capture_close(plugin_t* s, const capture_listen_input* in) { (void)s; (void)in; return RC_SUCCESS; }

EXPORT const char* plugin_get_parse_event_sources(void) { return "[\"syscall\"]"; }
EXPORT const char* plugin_get_extract_event_sources(void) { return "[\"syscall\"]"; }

EXPORT rc_t plugin_parse_event(plugin_t* s, const event_input* e, const event_parse_input* in) {
    state_data key = {.s64 = (int64_t)e->evt->tid}, value;
    entry_t* t = in->table_reader_ext->get_table_entry(s->threads, &key);
    if (!t) return RC_SUCCESS;
    if (in->table_reader_ext->read_entry_field(s->threads, t, s->visits, &value)) return RC_FAILURE;
    value.u64++;
    return in->table_writer_ext->write_entry_field(s->threads, t, s->visits, &value);
}

EXPORT const char* plugin_get_fields(void) {
    return "[{\"name\":\"thr.comm\",\"type\":\"string\",\"desc\":\"d\"},"
           "{\"name\":\"thr.pid\",\"type\":\"uint64\",\"desc\":\"d\"},"
           "{\"name\":\"thr.exe_path\",\"type\":\"string\",\"desc\":\"d\"},"
           "{\"name\":\"thr.cwd\",\"type\":\"string\",\"desc\":\"d\"},"
           "{\"name\":\"thr.args\",\"type\":\"string\",\"isList\":true,\"desc\":\"d\"},"
           "{\"name\":\"thr.fd_name\",\"type\":\"string\",\"desc\":\"d\",\"arg\":{\"isIndex\":true,\"isRequired\":true}},"
           "{\"name\":\"thr.nfds\",\"type\":\"uint64\",\"desc\":\"d\"},"
           "{\"name\":\"thr.cgroups\",\"type\":\"string\",\"isList\":true,\"desc\":\"d\"},"
           "{\"name\":\"thr.visits\",\"type\":\"uint64\",\"desc\":\"d\"},"
           "{\"name\":\"thr.threads\",\"type\":\"uint64\",\"desc\":\"d\"}]";
}

struct list { plugin_t* s; const reader_vtable_ext* r; table_t* sub; int n; bool pairs; };
static uint32_t add(void* arg, entry_t* e) {
    struct list* l = arg;
    state_data v, w;
    if (l->n == 512) return 0;
    if (l->pairs) {
        if (l->r->read_entry_field(l->sub, e, l->s->cg_first, &v)) return 0;
        if (l->r->read_entry_field(l->sub, e, l->s->cg_second, &w)) return 0;
        snprintf(l->s->bufs[l->n], 512, "%s=%s", v.str, w.str);
    } else {
        if (l->r->read_entry_field(l->sub, e, l->s->arg, &v)) return 0;
        snprintf(l->s->bufs[l->n], 512, "%s", v.str);
    }
    l->s->out[l->n] = l->s->bufs[l->n];
    l->n++;
    return 1;
}

EXPORT rc_t plugin_extract_fields(plugin_t* s, const event_input* e, const field_extract_input* in) {
    const reader_vtable_ext* r = in->table_reader_ext;
    extract_field* f = in->fields;
    state_data key = {.s64 = (int64_t)e->evt->tid}, value;
    f->res_len = 0;
    if (f->field_id == 9) {
        s->num = r->get_table_size(s->threads);
        f->res.u64 = &s->num;
        f->res_len = 1;
        return RC_SUCCESS;
    }
    entry_t* t = r->get_table_entry(s->threads, &key);
    if (!t) return RC_SUCCESS;
    field_t* strings[] = {s->comm, NULL, s->exe_path, s->cwd};
    switch (f->field_id) {
    case 0: case 2: case 3:
        if (r->read_entry_field(s->threads, t, strings[f->field_id], &value)) return RC_FAILURE;
        snprintf(s->text, sizeof s->text, "%s", value.str);
        s->out[0] = s->text;
        f->res.str = s->out;
        f->res_len = 1;
        break;
    case 1: case 8:
        if (r->read_entry_field(s->threads, t, f->field_id == 1 ? s->pid : s->visits, &value)) return RC_FAILURE;
        s->num = value.u64;
        f->res.u64 = &s->num;
        f->res_len = 1;
        break;
    case 4: case 7: {
        if (r->read_entry_field(s->threads, t, f->field_id == 4 ? s->args : s->cgroups, &value)) return RC_FAILURE;
        struct list l = {s, r, value.table, 0, f->field_id == 7};
        if (!r->iterate_entries(value.table, add, &l)) return RC_FAILURE;
        f->res.str = s->out;
        f->res_len = (uint64_t)l.n;
        break;
    }
    case 5: case 6: {
        if (r->read_entry_field(s->threads, t, s->fds, &value)) return RC_FAILURE;
        table_t* sub = value.table;
        if (f->field_id == 6) {
            s->num = r->get_table_size(sub);
            f->res.u64 = &s->num;
            f->res_len = 1;
            break;
        }
        key.s64 = (int64_t)f->arg_index;
        entry_t* fd = r->get_table_entry(sub, &key);
        if (!fd) return RC_SUCCESS;
        if (r->read_entry_field(sub, fd, s->fd_num, &value) || value.s64 != key.s64) return RC_FAILURE;
        if (r->read_entry_field(sub, fd, s->fd_name, &value)) return RC_FAILURE;
        snprintf(s->text, sizeof s->text, "%s", value.str);
        s->out[0] = s->text;
        f->res.str = s->out;
        f->res_len = 1;
        break;
    }
    }
    return RC_SUCCESS;
}
EXPORT metric* plugin_get_metrics(plugin_t* s, uint32_t* n) {
    static metric m[2];
    m[0] = (metric){"at_open", 0, {.u64 = s->at_open}, 2};
    m[1] = (metric){"fds_at_open", 0, {.u64 = s->fds_at_open}, 2};
    *n = 2;
    return m;
}
