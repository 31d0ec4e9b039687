/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event source that turns each line of a text file into an event, with fields for what stands in it. The same as the
 * example in Rust beside it, without the table. docs/plugin-authors.md walks through it.
 *
 *     make            builds liblines_c.so
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lanner_plugin.h"

#define PLUGIN_ID 999 /* for development; a published plugin registers its own */
#define EVENT_TYPE 322
#define ASYNC_TYPE 402
#define HEADER 26
#define MAX_LINE 65536
#define MAX_WORDS 256

/* --- The plugin's state, behind ss_plugin_t ------------------------------------------------------------------------ */

typedef struct {
    char error[256];
    uint64_t lines;
    ss_plugin_metric metrics[1];

    /* Results of extract_fields: they stay until its next call. */
    char text[MAX_LINE + 1];
    const char* strings[MAX_WORDS];
    uint64_t number;

    /* The heartbeat's thread. */
    unsigned heartbeat_ms;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    ss_plugin_owner_t* owner;
    ss_plugin_async_event_handler_t handler;
} plugin;

/* An opened file, behind ss_instance_t. */
typedef struct {
    FILE* file;
    char* line;
    size_t capacity;
    uint64_t number;
    uint8_t* event;
    ss_plugin_event* batch[1];
} instance;

const char* plugin_get_required_api_version(void) { return "3.12.0"; }
const char* plugin_get_name(void) { return "lines_c"; }
const char* plugin_get_description(void) { return "The lines of a text file as events"; }
const char* plugin_get_contact(void) { return "https://github.com/lanner-security/lanner"; }
const char* plugin_get_version(void) { return "0.1.0"; }

/* No plugin_get_init_schema: the configuration is free text, here `heartbeat_ms=NUMBER` or nothing. */
ss_plugin_t* plugin_init(const ss_plugin_init_input* in, ss_plugin_rc* rc) {
    plugin* p = calloc(1, sizeof(*p));
    *rc = SS_PLUGIN_FAILURE;
    if(p == NULL) {
        return NULL;
    }
    if(*in->config != '\0' && sscanf(in->config, "heartbeat_ms=%u", &p->heartbeat_ms) != 1) {
        /* The state is returned all the same: the host asks it for the reason and destroys it. */
        snprintf(p->error, sizeof(p->error), "unknown configuration '%.100s'", in->config);
        return p;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    if(in->log_fn != NULL) {
        in->log_fn(in->owner, NULL, "ready", SS_PLUGIN_LOG_SEV_INFO);
    }
    *rc = SS_PLUGIN_SUCCESS;
    return p;
}

void plugin_destroy(ss_plugin_t* s) { free(s); }

const char* plugin_get_last_error(ss_plugin_t* s) { return ((plugin*)s)->error; }

ss_plugin_metric* plugin_get_metrics(ss_plugin_t* s, uint32_t* num_metrics) {
    plugin* p = s;
    p->metrics[0].name = "lines_read";
    p->metrics[0].type = SS_PLUGIN_METRIC_TYPE_MONOTONIC;
    p->metrics[0].value.u64 = p->lines;
    p->metrics[0].value_type = SS_PLUGIN_METRIC_VALUE_TYPE_U64;
    *num_metrics = 1;
    return p->metrics;
}

/* --- Source -------------------------------------------------------------------------------------------------------- */

uint32_t plugin_get_id(void) { return PLUGIN_ID; }
const char* plugin_get_event_source(void) { return "lines_c"; }

ss_instance_t* plugin_open(ss_plugin_t* s, const char* params, ss_plugin_rc* rc) {
    plugin* p = s;
    instance* h = calloc(1, sizeof(*h));
    *rc = SS_PLUGIN_FAILURE;
    if(h == NULL) {
        return NULL;
    }
    h->file = fopen(params, "r");
    h->event = malloc(HEADER + 12 + 8 + MAX_LINE);
    if(h->file == NULL || h->event == NULL) {
        snprintf(p->error, sizeof(p->error), "cannot open '%.200s'", params);
        plugin_close(s, h);
        return NULL;
    }
    *rc = SS_PLUGIN_SUCCESS;
    return h;
}

void plugin_close(ss_plugin_t* s, ss_instance_t* i) {
    instance* h = i;
    (void)s;
    if(h->file != NULL) {
        fclose(h->file);
    }
    free(h->line);
    free(h->event);
    free(h);
}

static void put(uint8_t** at, const void* value, size_t size) {
    memcpy(*at, value, size); /* the format is little-endian, as are the machines that this runs on */
    *at += size;
}

/* One event per batch; the event stays in the instance until the next call. */
ss_plugin_rc plugin_next_batch(ss_plugin_t* s, ss_instance_t* i, uint32_t* nevts, ss_plugin_event*** evts) {
    plugin* p = s;
    instance* h = i;
    *nevts = 0;
    ssize_t n = getline(&h->line, &h->capacity, h->file);
    if(n < 0) {
        return SS_PLUGIN_EOF;
    }
    if(n > 0 && h->line[n - 1] == '\n') {
        n--;
    }
    if(n > MAX_LINE) {
        n = MAX_LINE;
    }
    h->number++;
    p->lines++;

    ss_plugin_event head;
    uint32_t lengths[2] = {4, 8 + (uint32_t)n};
    uint32_t id = PLUGIN_ID;
    head.ts = UINT64_MAX; /* now */
    head.tid = UINT64_MAX;
    head.type = EVENT_TYPE;
    head.nparams = 2;
    head.len = HEADER + sizeof(lengths) + lengths[0] + lengths[1];
    uint8_t* at = h->event;
    put(&at, &head, HEADER);
    put(&at, lengths, sizeof(lengths));
    put(&at, &id, sizeof(id));
    /* The payload is the plugin's own business. Here: the number of the line, then its text. */
    put(&at, &h->number, sizeof(h->number));
    put(&at, h->line, (size_t)n);

    h->batch[0] = (ss_plugin_event*)h->event;
    *nevts = 1;
    *evts = h->batch;
    return SS_PLUGIN_SUCCESS;
}

/* --- Fields ---------------------------------------------------------------------------------------------------------- */

enum { LINE_TEXT, LINE_NUMBER, LINE_WORDS, LINE_WORD, LINE_VALUE };

const char* plugin_get_fields(void) {
    return "[{\"name\": \"line.text\", \"type\": \"string\", \"desc\": \"The line\", \"addOutput\": true},"
           "{\"name\": \"line.number\", \"type\": \"uint64\", \"desc\": \"Number of the line, from 1\"},"
           "{\"name\": \"line.words\", \"type\": \"string\", \"isList\": true, \"desc\": \"The words of the line\"},"
           "{\"name\": \"line.word\", \"type\": \"string\", \"desc\": \"One word, counted from 0\","
           " \"arg\": {\"isRequired\": true, \"isIndex\": true}},"
           "{\"name\": \"line.value\", \"type\": \"string\", \"desc\": \"What stands behind `key=`\","
           " \"arg\": {\"isRequired\": true, \"isKey\": true}}]";
}

/* Copies the line of an event into the state, where it may be cut up. False for an event of another kind. */
static bool take_line(plugin* p, const ss_plugin_event* evt) {
    uint32_t lengths[2];
    if(evt->type != EVENT_TYPE || evt->nparams != 2 || evt->len < PLUGIN_EVENT_PAYLOAD_OFFSET + 8) {
        return false;
    }
    memcpy(lengths, (const uint8_t*)evt + HEADER, sizeof(lengths));
    /* Events come from outside: a length is believed only after it was compared with the event's. */
    if(lengths[1] < 8 || lengths[1] - 8 > MAX_LINE || lengths[1] > evt->len - PLUGIN_EVENT_PAYLOAD_OFFSET) {
        return false;
    }
    memcpy(&p->number, (const uint8_t*)evt + PLUGIN_EVENT_PAYLOAD_OFFSET, 8);
    memcpy(p->text, (const uint8_t*)evt + PLUGIN_EVENT_PAYLOAD_OFFSET + 8, lengths[1] - 8);
    p->text[lengths[1] - 8] = '\0';
    return true;
}

/* Cuts the line into words; their number. */
static uint32_t split(plugin* p) {
    uint32_t n = 0;
    char* rest = NULL;
    for(char* w = strtok_r(p->text, " \t\r", &rest); w != NULL && n < MAX_WORDS; w = strtok_r(NULL, " \t\r", &rest)) {
        p->strings[n++] = w;
    }
    return n;
}

ss_plugin_rc plugin_extract_fields(ss_plugin_t* s, const ss_plugin_event_input* evt,
                                   const ss_plugin_field_extract_input* in) {
    plugin* p = s;
    /* Hosts ask for one field at a time, and the memory for results here is for one. */
    if(in->num_fields != 1) {
        snprintf(p->error, sizeof(p->error), "one field at a time, please");
        return SS_PLUGIN_FAILURE;
    }
    ss_plugin_extract_field* f = &in->fields[0];
    f->res_len = 0;
    if(!take_line(p, evt->evt)) {
        return SS_PLUGIN_SUCCESS; /* no value is not an error */
    }
    uint32_t words;
    switch(f->field_id) {
    case LINE_TEXT:
        p->strings[0] = p->text;
        f->res.str = p->strings;
        f->res_len = 1;
        return SS_PLUGIN_SUCCESS;
    case LINE_NUMBER:
        f->res.u64 = &p->number;
        f->res_len = 1;
        return SS_PLUGIN_SUCCESS;
    case LINE_WORDS:
        f->res_len = split(p);
        f->res.str = p->strings;
        return SS_PLUGIN_SUCCESS;
    case LINE_WORD:
        words = split(p);
        if(f->arg_index < words) {
            f->res.str = &p->strings[f->arg_index];
            f->res_len = 1;
        }
        return SS_PLUGIN_SUCCESS;
    case LINE_VALUE:
        words = f->arg_key == NULL ? 0 : split(p);
        for(uint32_t i = 0; i < words; i++) {
            size_t n = strlen(f->arg_key);
            if(strncmp(p->strings[i], f->arg_key, n) == 0 && p->strings[i][n] == '=') {
                p->strings[0] = p->strings[i] + n + 1;
                f->res.str = p->strings;
                f->res_len = 1;
                break;
            }
        }
        return SS_PLUGIN_SUCCESS;
    default:
        snprintf(p->error, sizeof(p->error), "no field %" PRIu32, f->field_id);
        return SS_PLUGIN_FAILURE;
    }
}

/* --- Async events: from a thread of the plugin's own ----------------------------------------------------------------- */

const char* plugin_get_async_events(void) { return "[\"heartbeat\"]"; }

static void beat(plugin* p) {
    static const char name[] = "heartbeat";
    uint8_t event[HEADER + 12 + 4 + sizeof(name)];
    uint32_t lengths[3] = {4, sizeof(name), 0};
    uint32_t id = 0; /* filled in by the host */
    ss_plugin_event head;
    char err[PLUGIN_MAX_ERRLEN];
    head.ts = UINT64_MAX;
    head.tid = UINT64_MAX;
    head.type = ASYNC_TYPE;
    head.nparams = 3;
    head.len = sizeof(event);
    uint8_t* at = event;
    put(&at, &head, HEADER);
    put(&at, lengths, sizeof(lengths));
    put(&at, &id, sizeof(id));
    put(&at, name, sizeof(name));
    /* A host that is busy may refuse one; the next may be taken. */
    (void)p->handler(p->owner, (const ss_plugin_event*)event, err);
}

static void* heart(void* arg) {
    plugin* p = arg;
    pthread_mutex_lock(&p->lock);
    while(!p->stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)(p->heartbeat_ms % 1000) * 1000000L;
        until.tv_sec += p->heartbeat_ms / 1000 + until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        int woken = pthread_cond_timedwait(&p->wake, &p->lock, &until);
        if(woken != 0 && !p->stop) {
            pthread_mutex_unlock(&p->lock);
            beat(p);
            pthread_mutex_lock(&p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

ss_plugin_rc plugin_set_async_event_handler(ss_plugin_t* s, ss_plugin_owner_t* owner,
                                            const ss_plugin_async_event_handler_t handler) {
    plugin* p = s;
    /* When this returns, the old handler must not be used any more: so the thread is waited for. */
    if(p->running) {
        pthread_mutex_lock(&p->lock);
        p->stop = true;
        pthread_cond_signal(&p->wake);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
        p->running = false;
    }
    if(handler == NULL || p->heartbeat_ms == 0) {
        return SS_PLUGIN_SUCCESS;
    }
    p->owner = owner;
    p->handler = handler;
    p->stop = false;
    if(pthread_create(&p->thread, NULL, heart, p) != 0) {
        snprintf(p->error, sizeof(p->error), "cannot start the heartbeat");
        return SS_PLUGIN_FAILURE;
    }
    p->running = true;
    return SS_PLUGIN_SUCCESS;
}
