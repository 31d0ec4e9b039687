/* First layer: what every program shares. Settings, maps, the event under construction, its way into a ring buffer. */
#pragma once
#include "bpf_core.h"
#include "events.gen.h"

/* Set before loading. */
const volatile u64 boot_epoch_ns; /* wall clock minus time since boot */
const volatile u64 greeting;      /* what the agent says to be known: see dispatch.bpf.c */
const volatile u32 snaplen;       /* bytes kept of what is read and written */

/* The agent's process as the kernel counts it, learned at the start: its own events are nobody's business. */
u32 own_tgid;

#define NR_CALLS 512  /* numbers of system calls that the tables cover */
#define NR_EVENTS 512 /* codes of events */

/* What user space may change at any time, and what it reads. */
enum want {
	WANT_EXIT = 1,  /* the exit of this call */
	WANT_ENTER = 2, /* and its arguments at entry, before anybody can change them */
};

struct call_info {
	u8 want;
	u8 vital;
	u16 sc; /* number of the call in the event tables */
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, NR_CALLS);
	__type(key, u32);
	__type(value, struct call_info);
} calls SEC(".maps");

enum tracepoint {
	TP_EXEC,
	TP_FORK,
	TP_EXIT,
	TP_SIGNAL,
	TP_FAULT,
	TP_DROP_FAILED, /* no tracepoint: leave out calls that failed */
	TP_MAX,
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, TP_MAX);
	__type(key, u32);
	__type(value, u32);
} switches SEC(".maps");

struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, NR_CALLS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} exits SEC(".maps");

struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, NR_CALLS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} enters SEC(".maps");

/* Two rings for each group of processors: one that events may fill by the million, and one that only those use without which
 * the state or an alert about a process would be wrong. A storm of the former cannot displace the latter. */
enum ring {
	RING_BULK,
	RING_VITAL,
	RINGS_PER_GROUP,
};

struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct {
		__uint(type, MAP_RINGBUF);
		__uint(max_entries, 8 << 20);
	});
} rings SEC(".maps");

/* The group of each possible processor; those that are not there yet when the agent starts have one too. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1); /* possible processors, set before loading */
	__type(key, u32);
	__type(value, u32);
} groups SEC(".maps");

/* Counters of a processor; src/live/counters.rs reads them in this order. */
struct counters {
	u64 sent[RINGS_PER_GROUP];
	u64 full[RINGS_PER_GROUP];   /* lost: no room in the ring */
	u64 too_long;                /* lost: longer than an event can be */
	u64 no_ring;                 /* lost: a processor without ring */
	u64 foreign_abi;             /* not sent: 32-bit calls on a 64-bit kernel */
};

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counters);
} counts SEC(".maps");

/* What was lost of each kind of event: written when something is lost, never else. */
struct lost {
	u64 full;  /* no room in the ring */
	u64 other; /* any other reason */
};

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, NR_EVENTS);
	__type(key, u32);
	__type(value, struct lost);
} losses SEC(".maps");

#define HEADER 26
#define MAX_EVENT 0xffff
#define MAX_PATH 4096

/* Where an event is put together. The programs do not interrupt each other on a processor, so one is enough for each.
 * `bytes` is twice as long as an event can be: a write at any offset below 64 KiB of up to 64 KiB stays inside, which is
 * all that the verifier has to see. */
struct scratch {
	u32 cpu; /* first in what is sent: src/live/ring.rs */
	u32 spare;
	u8 bytes[2 << 16];
	u64 links[64]; /* pointers that a walk collects */
	/* Where the walk stands. In memory the verifier takes it for any value and sees the same state in every round of a
	 * loop; in registers the ways through the rounds would multiply. */
	struct walk {
		struct dentry *dentry, *root;
		struct mount *mount;
		u32 links, left, at;
	} walk;
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1); /* possible processors, set before loading */
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* The scratch memory of this processor. */
inline_always struct scratch *my_scratch(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	return bpf_map_lookup_elem(&scratches, &cpu);
}

/* The event under construction: on the stack, so that offsets of events of fixed size become constants. */
struct event {
	struct scratch *to;
	u32 at;    /* where the next value goes */
	u32 param; /* the next value's number */
};

inline_always struct counters *my_counts(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&counts, &zero);
}

inline_always bool begin_event(struct event *e, u16 code, u32 params)
{
	e->to = my_scratch();
	if (!e->to)
		return false;
	e->to->cpu = bpf_get_smp_processor_id();
	u8 *b = e->to->bytes;
	*(u64 *)b = boot_epoch_ns + bpf_ktime_get_boot_ns();
	*(u64 *)(b + 8) = (u32)bpf_get_current_pid_tgid();
	*(u16 *)(b + 20) = code;
	*(u32 *)(b + 22) = params;
	e->at = HEADER + 2 * params;
	e->param = 0;
	return true;
}
#define BEGIN(e, name) begin_event(e, EV_##name, EV_##name##_PARAMS)

inline_always void count_lost(u32 code, bool full)
{
	struct lost *lost = bpf_map_lookup_elem(&losses, &code);
	if (!lost)
		return;
	if (full)
		lost->full++;
	else
		lost->other++;
}

inline_always void send(struct event *e, u32 ring)
{
	struct counters *count = my_counts();
	if (!count)
		return;
	u32 size = e->at;
	u32 code = *(u16 *)(e->to->bytes + 20);
	if (size > MAX_EVENT) {
		count->too_long++;
		count_lost(code, false);
		return;
	}
	*(u32 *)(e->to->bytes + 16) = size;
	u32 *group = bpf_map_lookup_elem(&groups, &e->to->cpu);
	u32 at = group ? *group * RINGS_PER_GROUP + ring : (u32)-1;
	void *to = bpf_map_lookup_elem(&rings, &at);
	if (!to) {
		count->no_ring++;
		count_lost(code, false);
		return;
	}
	barrier_var(size); /* the compiler knows that the mask changes nothing, the verifier has to see it */
	/* Nobody is woken: the reader comes round by itself every few milliseconds, which costs less than a wake-up for
	 * each event and bounds the latency as well. */
	if (bpf_ringbuf_output(to, e->to, (size & MAX_EVENT) + 8, RB_NO_WAKEUP)) {
		count->full[ring & 1]++;
		count_lost(code, true);
	} else {
		count->sent[ring & 1]++;
	}
}

inline_always bool is_on(u32 which)
{
	u32 *on = bpf_map_lookup_elem(&switches, &which);
	return on && *on;
}

inline_always bool is_own(void)
{
	return bpf_get_current_pid_tgid() >> 32 == own_tgid;
}
