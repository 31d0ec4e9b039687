/* First layer: what every program shares. Settings, maps, the event under construction, its way into a ring buffer. */
#pragma once
#include "bpf_core.h"
#include "events.gen.h"

/* Set before loading. */
const volatile u64 boot_epoch_ns; /* wall clock minus time since boot */
const volatile u64 greeting;      /* what the agent says to be known: see dispatch.bpf.c */
const volatile u32 enforcing;     /* rules may kill: 1; only say that they would: 2 */
const volatile u32 snaplen;       /* bytes kept of what is read and written */

/* The agent's process as the kernel counts it, learned at the start: its own events are nobody's business. */
u32 own_tgid;

#define NR_CALLS 512   /* numbers of system calls that the tables cover */
#define NR_EVENTS 512  /* codes of events */
#define SOCKETCALLS 32 /* calls that the 32-bit call socketcall stands for: entries behind those of numbers */

/* What user space may change at any time, and what it reads. */
enum want {
	WANT_EXIT = 1,  /* the exit of this call */
	WANT_ENTER = 2, /* and its arguments at entry, before anybody can change them */
	WAITS = 4,      /* which wait for the exit, and are sent if that tells others */
};

/* Exits of a call that are sent: src/live/matter.rs. Nobody can make use of others. */
enum only {
	ONLY_ALL,        /* all of them */
	ONLY_DONE,       /* those that did not fail */
	ONLY_COPIES,     /* of those, fcntl's that copy a descriptor or say whether it outlives an exec */
	ONLY_REAPERS,    /* of those, prctl's about who takes over orphans */
	ONLY_OPEN_FILES, /* of those, limits of the number of open files */
};

struct call_info {
	u8 want;
	u8 vital;
	u16 sc;     /* number of the call in the event tables, and of its program in those of programs */
	u16 native; /* its number in the machine's own table */
	u16 only;   /* enum only */
};

/* By number of call. A 64-bit kernel has a second table for 32-bit programs, with other numbers; both stand in one entry,
 * so that a call that nobody wants is done with after one look-up, whichever table it came by. */
struct entry {
	struct call_info own, foreign;
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, NR_CALLS + SOCKETCALLS);
	__type(key, u32);
	__type(value, struct entry);
} calls SEC(".maps");

enum tracepoint {
	TP_EXEC,
	TP_FORK,
	TP_EXIT,
	TP_SIGNAL,
	TP_SWITCH,
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

/* Two rings for each group of processors: one that events may fill by the million, and one that only those use without which
 * the state or an alert about a process would be wrong. A storm of the former cannot displace the latter. */
enum ring {
	RING_BULK,
	RING_VITAL,
	RINGS_PER_GROUP,
};

/* Stands for the size of a ring until the loader puts it in: kernels before 5.10 take only rings of the very size of this
 * template into the table. No other number of the object is like it. */
#define RING_BYTES 0x5a17e000

struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct {
		__uint(type, MAP_RINGBUF);
		__uint(max_entries, RING_BYTES);
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
	u64 foreign_abi;             /* not sent: calls of 32-bit programs where they are not translated */
	u64 needless;                /* not sent: no rule can match them and they change nothing */
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

/* A call as its program sees it, whichever table it came by: the dispatcher fills it in. */
struct call {
	u64 args[6];
	s64 ret;
	u32 ring;
	u32 nr;   /* the number it was called by */
	u16 sc, native;
	bool narrow; /* made by a 32-bit program: its pointers and longs have four bytes */
	bool waits;  /* what is told at its entry waits for its exit */
};

/* Where an event is put together. The programs do not interrupt each other on a processor, so one is enough for each: they
 * run with preemption off, and what can come in between, a page fault, keeps its event on the stack.
 * `bytes` is twice as long as an event can be: a write at any offset below 64 KiB of up to 64 KiB stays inside, which is
 * all that the verifier has to see. */
struct scratch {
	u32 cpu; /* first in what is sent: src/live/ring.rs */
	u32 mark; /* what a rule that kills did: enforce.bpf.h */
	u8 bytes[2 << 16];
	u64 links[64]; /* pointers that a walk collects */
	struct call call;
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

/* The event of an entry that waits for its exit: laid out as the beginning of the scratch memory. With its key and what the
 * kernel puts before them it takes 512 bytes. */
struct held {
	u32 cpu;
	u32 sc; /* the call; 0: nothing waits */
	u8 bytes[440]; /* src/live/matter.rs: HELD */
};

/* A place for each thread that has opened a file, which it keeps until it ends: opening the next then costs look-ups, and
 * neither an allocation nor a lock. Found by the address of the task, since an exec changes the number of a thread that is
 * not its process's first. Whose place finds no room, its events do not wait. */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct held);
} entered SEC(".maps");

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

/* An event whose time is told later. */
inline_always bool begin_untimed(struct event *e, u16 code, u32 params)
{
	e->to = my_scratch();
	if (!e->to)
		return false;
	e->to->cpu = bpf_get_smp_processor_id();
	e->to->mark = 0;
	u8 *b = e->to->bytes;
	*(u64 *)(b + 8) = (u32)bpf_get_current_pid_tgid();
	*(u16 *)(b + 20) = code;
	*(u32 *)(b + 22) = params;
	e->at = HEADER + 2 * params;
	e->param = 0;
	return true;
}

inline_always void set_time(struct event *e)
{
	*(u64 *)e->to->bytes = boot_epoch_ns + bpf_ktime_get_boot_ns();
}

inline_always bool begin_event(struct event *e, u16 code, u32 params)
{
	if (!begin_untimed(e, code, params))
		return false;
	set_time(e);
	return true;
}
#define BEGIN(e, name) begin_event(e, EV_##name, EV_##name##_PARAMS)
#define BEGIN_UNTIMED(e, name) begin_untimed(e, EV_##name, EV_##name##_PARAMS)

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

/* Puts a record of `len` bytes, the prefix among them, into a ring of this processor; whether it
 * took it. */
inline_always bool deliver(const void *record, u64 len, u32 cpu, u32 code, u32 ring)
{
	struct counters *count = my_counts();
	u32 *group = bpf_map_lookup_elem(&groups, &cpu);
	u32 at = group ? *group * RINGS_PER_GROUP + ring : (u32)-1;
	void *to = bpf_map_lookup_elem(&rings, &at);
	if (!count)
		return false;
	if (!to) {
		count->no_ring++;
		count_lost(code, false);
		return false;
	}
	/* Nobody is woken: the reader comes round by itself every few milliseconds, which costs less than a wake-up for
	 * each event and bounds the latency as well. */
	if (bpf_ringbuf_output(to, (void *)record, len, RB_NO_WAKEUP)) {
		count->full[ring & 1]++;
		count_lost(code, true);
		return false;
	}
	count->sent[ring & 1]++;
	return true;
}

/* Keeps an event of the entry of call `sc` until the exit; whether there was room for it. */
inline_always bool hold(struct event *e, u16 sc)
{
	u64 task = bpf_get_current_task();
	struct held *held = bpf_map_lookup_elem(&entered, &task);
	u32 size = e->at;
	if (held)
		held->sc = 0; /* whatever waited is of a call that is over */
	if (size > sizeof(held->bytes))
		return false;
	*(u32 *)(e->to->bytes + 16) = size;
	e->to->mark = sc;
	barrier_var(size); /* for the verifier to see the bound in the register that is used */
	bool kept = size <= sizeof(held->bytes) &&
		    !(held ? bpf_probe_read_kernel(held, size + 8, e->to)
			   : bpf_map_update_elem(&entered, &task, e->to, 0));
	e->to->mark = 0;
	return kept;
}

/* What waits for the exit of this call of this thread, if anything does. */
inline_always struct held *held_for(u16 sc)
{
	u64 task = bpf_get_current_task();
	struct held *held = bpf_map_lookup_elem(&entered, &task);
	return held && held->sc == sc ? held : NULL;
}

/* Gives back the place of a thread that ends. */
inline_always void leave(void)
{
	u64 task = bpf_get_current_task();
	bpf_map_delete_elem(&entered, &task);
}

/* Sends what waited as if it came right before the event of the exit: others were told of since. */
inline_always void release(struct held *held, const struct event *exit)
{
	u64 len = *(u32 *)(held->bytes + 16) + 8ull;
	u32 code = *(u16 *)(held->bytes + 20);
	held->cpu = exit->to->cpu;
	held->sc = 0; /* where rules that kill leave their mark */
	*(u64 *)held->bytes = *(u64 *)exit->to->bytes;
	barrier_var(len);
	if (len <= sizeof(*held))
		deliver(held, len, held->cpu, code, RING_BULK);
}

/* Whether it was sent. */
inline_always bool send(struct event *e, u32 ring)
{
	u32 size = e->at;
	u32 code = *(u16 *)(e->to->bytes + 20);
	if (size > MAX_EVENT) {
		struct counters *count = my_counts();
		if (count)
			count->too_long++;
		count_lost(code, false);
		return false;
	}
	*(u32 *)(e->to->bytes + 16) = size;
	barrier_var(size); /* the compiler knows that the mask changes nothing, the verifier has to see it */
	return deliver(e->to, (size & MAX_EVENT) + 8, e->to->cpu, code, ring);
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
