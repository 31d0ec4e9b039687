/* Fourth layer: rules that kill. A rule is alternatives, an alternative two sets of comparisons: those that must hold and those
 * that must not. Each comparison is made once for an event and remembered as a bit, so that a rule costs two words.
 *
 * What cannot be found out about an event makes every comparison about it unknown, and an alternative with an unknown
 * comparison is not satisfied: in doubt nobody is killed. */
#pragma once
#include "task.bpf.h"

#define MAX_TESTS 64
#define MAX_TEXTS 256
#define MAX_ALTERNATIVES 1024
#define MAX_AT_EVENT 128 /* alternatives of one event */
#define MAX_RULES 256
#define MAX_VIEW 512
#define MAX_GIVEN 256
#define MAX_TEXT 256

#define PF_KTHREAD 0x200000

/* What comparisons are about; src/live/enforce.rs has the same numbers. */
enum subject {
	S_NAME,      /* name of the thread */
	S_PROGRAM,   /* path of the program's file */
	S_FILE,      /* path of the file that was opened */
	S_USER,      /* effective user, four bytes */
	S_CONTAINER, /* one byte, 0 or 1, as the following */
	S_READS,
	S_WRITES,
	S_FOLDER,
	S_GIVEN, /* no subject of its own: the path as the program gave it */
	S_MAX,
};

enum how {
	HOW_EQUAL,
	HOW_PREFIX,
	HOW_BELOW, /* a path: equal, or a slash follows */
	HOW_IN,    /* a path: what stands before its last slash, and that slash */
};

enum action {
	DID_KILL = 1,
	DID_TELL,   /* would have killed */
	DID_SPARE,  /* is never killed */
	DID_REFUSE, /* the kernel refused */
};

struct enforced_event {
	u16 first, count; /* alternatives */
	u16 subjects;     /* bits of what has to be looked at */
	u16 name_param;   /* where the event has the path as given, from 1; 0: nowhere */
};

struct enforced_alternative {
	u64 yes, no;
	u64 rule;
};

struct enforced_text {
	u8 subject, how, test, spare;
	u32 len;
	u8 text[MAX_TEXT];
};

struct enforced_bounds {
	u64 protect; /* comparisons that spare a process */
	u64 texts;
};

/* By rule; src/live/enforce.rs reads them in this order. */
struct enforced_count {
	u64 by_action[5]; /* the first: the event that tells of a kill was lost */
};

struct view {
	u32 len;    /* 0: unknown */
	u32 folder; /* bytes up to the last slash, with it */
	u8 text[MAX_VIEW + 8];
};

struct views {
	u64 known, truth, given;
	/* Bits of what the control groups say, and where an id begins. In memory, where the verifier takes them for any value,
	 * the ways through do not multiply. */
	u32 runs_on, id;
	struct view of[16];
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, NR_EVENTS);
	__type(key, u32);
	__type(value, struct enforced_event);
} enforced_events SEC(".maps");

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, MAX_ALTERNATIVES);
	__type(key, u32);
	__type(value, struct enforced_alternative);
} enforced_rules SEC(".maps");

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, MAX_TEXTS);
	__type(key, u32);
	__type(value, struct enforced_text);
} enforced_texts SEC(".maps");

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct enforced_bounds);
} enforced_bounds SEC(".maps");

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, MAX_RULES);
	__type(key, u32);
	__type(value, struct enforced_count);
} enforced_counts SEC(".maps");

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct views);
} enforced_views SEC(".maps");

inline_always struct views *my_views(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&enforced_views, &zero);
}

inline_always struct view *view_of(struct views *v, u32 subject)
{
	return &v->of[subject & 15];
}

/* Takes `len` bytes of the scratch memory as a value; those behind it are zero. */
separate u32 take(u32 subject, u32 at, u32 len)
{
	struct scratch *to = my_scratch();
	struct views *v = my_views();
	if (!to || !v)
		return 0;
	struct view *view = view_of(v, subject);
	view->len = 0;
	view->folder = 0;
	if (!len || len > MAX_VIEW)
		return 0;
	barrier_var(len);
	len &= 2 * MAX_VIEW - 1;
	if (len > MAX_VIEW || bpf_probe_read_kernel(view->text, len, place(to, at)))
		return 0;
	*(u64 *)(view->text + len) = 0;
	view->len = len;
	return len;
}

/* Takes a path that was just written from the names of a walk: the first of them is the last of the path. */
inline_always void take_path(struct scratch *to, u32 subject, u32 at, u32 end)
{
	struct views *v = my_views();
	u32 len = take(subject, at, end - at - 1);
	long name = bpf_probe_read_kernel_str(place(to, end), MAX_NAME, (void *)to->links[0]);
	if (!v || !len)
		return;
	struct view *view = view_of(v, subject);
	if (name > 0 && name <= len)
		view->folder = len - (name - 1);
	else
		view->len = 0;
}

inline_always void see_byte(struct views *v, u32 subject, bool is)
{
	struct view *view = view_of(v, subject);
	view->text[0] = is;
	view->folder = 0;
	view->len = 1;
}

/* The path of a file, if it is known to the root. */
inline_always void see_path(struct scratch *to, u32 subject, u32 at, struct file *file)
{
	if (!file)
		return;
	u32 end = write_path(at, (u64)file);
	u32 links = to->walk.links;
	if (end > at + 1 && links && links < MAX_LINKS && *place(to, at) == '/')
		take_path(to, subject, at, end);
}

/* Finds the last slash of the path that the program gave. A path with `.`, `..` or doubled slashes is forgotten: what it
 * says is not where it leads. */
separate u32 straighten(void)
{
	struct views *v = my_views();
	if (!v)
		return 0;
	struct view *view = view_of(v, S_GIVEN);
	for (u32 i = 0; i < MAX_GIVEN; i++) {
		u32 word = *(u32 *)(view->text + i);
		if (!(u8)word)
			return 0;
		if ((u8)word != '/')
			continue;
		view->folder = i + 1;
		word >>= 8;
		u32 two = word & 0xffff;
		if ((u8)word == '/' || two == '.' || two == 0x2f2e || word == 0x2e2e || word == 0x2f2e2e) {
			view->len = 0;
			return 0;
		}
	}
	return 0;
}

/* The path that the program gave, where the event has it. One that is too long to be looked at makes the file unknown. */
inline_always void see_given(struct scratch *to, struct views *v, u32 param)
{
	u32 params = *(u32 *)(to->bytes + 22);
	u32 n = (param - 1) & 7;
	/* What stands before it are numbers of eight bytes. */
	u32 at = HEADER + 2 * (params & 31) + 8 * n;
	u32 len = *(u16 *)(to->bytes + HEADER + 2 * n);
	if (len < 2 || *place(to, at) != '/')
		return;
	if (len > MAX_GIVEN) {
		view_of(v, S_FILE)->len = 0;
		return;
	}
	take(S_GIVEN, at, len - 1);
	straighten();
}

enum runs_on {
	UNKNOWN,
	HOST,
	CONTAINER,
};

inline_always bool has_id(struct view *view, u32 from)
{
	for (u32 i = 0; i < 64; i++) {
		u8 c = view->text[(from + i) & (MAX_VIEW - 1)];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

inline_always u64 eight(struct view *view, u32 at)
{
	u64 word = 0;
	bpf_probe_read_kernel(&word, sizeof(word), view->text + (at & (MAX_VIEW - 1)));
	return word;
}

/* What the name of a control group says: the ways in which the common engines name those of containers are known by their
 * ids of 64 digits, units of systemd by their suffix; all others are unknown. */
separate u32 runs_in(u32 at, u64 task, u32 subsystem)
{
	struct scratch *to = my_scratch();
	struct views *v = my_views();
	u32 end = write_cgroup(at, task, subsystem);
	if (!to || !v || end <= at + 1)
		return UNKNOWN;
	if (end == at + 2)
		return HOST; /* the root */
	take_path(to, S_CONTAINER, at, end);
	struct view *view = view_of(v, S_CONTAINER);
	u32 from = view->folder, all = view->len;
	if (!all)
		return UNKNOWN;
	u64 head = eight(view, from);
	v->id = 0;
	if ((head & 0xffffffffffffff) == 0x2d72656b636f64 || (head & 0xffffffffffffff) == 0x2d646f7062696c)
		v->id = 7; /* docker-, libpod- */
	else if ((head & 0xffffffffff) == 0x2d6f697263)
		v->id = 5; /* crio- */
	else if (head == 0x2d6c74636472656eull)
		v->id = 8; /* nerdctl- */
	else if (head == 0x746e6f632d697263ull)
		v->id = 15; /* cri-containerd- */
	u32 id = *(volatile u32 *)&v->id, len = all - from;
	u64 tail = all >= 8 ? eight(view, all - 8) : 0;
	bool scope = tail >> 16 == 0x65706f63732eull; /* .scope */
	if ((len == 64 && !id) || (len == id + 70 && id && scope))
		if (has_id(view, from + id))
			return CONTAINER;
	if (scope || tail >> 16 == 0x6563696c732eull || tail == 0x656369767265732eull) /* .slice, .service */
		return HOST;
	return UNKNOWN;
}

#define RUNS_IN(name)                                                                                  \
	if (has_enum(enum cgroup_subsys_id, name##_cgrp_id))                                           \
		v->runs_on |= 1 << (runs_in(at, (u64)task, enum_number(enum cgroup_subsys_id, name##_cgrp_id)) & 3);

inline_always void see_container(struct views *v, struct task_struct *task, u32 at)
{
	v->runs_on = get(get(task, thread_pid), level) == 0 ? 0 : 1 << UNKNOWN;
	RUNS_IN(cpuset)
	RUNS_IN(cpu)
	RUNS_IN(cpuacct)
	RUNS_IN(io)
	RUNS_IN(memory)
	u32 on = *(volatile u32 *)&v->runs_on;
	struct view *view = view_of(v, S_CONTAINER);
	view->text[0] = on >> CONTAINER & 1;
	view->folder = 0;
	view->len = on & 1 << CONTAINER || on == 1 << HOST;
}

/* Whether the value of this subject satisfies the text with this number. */
separate u32 satisfies(u32 subject, u32 at)
{
	struct views *v = my_views();
	struct enforced_text *text = bpf_map_lookup_elem(&enforced_texts, &at);
	if (!v || !text)
		return false;
	struct view *view = view_of(v, subject);
	u32 len = text->len, all = view->len;
	if (!all || all < len || (text->how == HOW_EQUAL && all != len))
		return false;
	if (text->how == HOW_IN && view->folder != len)
		return false;
	for (u32 i = 0; i < MAX_TEXT && i < len; i += 8) {
		u64 differ = *(u64 *)(view->text + i) ^ *(u64 *)(text->text + i);
		if (i + 8 > len)
			differ <<= 8 * (i + 8 - len) & 63; /* what stands behind lies above */
		if (differ)
			return false;
	}
	if (text->how == HOW_BELOW && all != len)
		return view->text[len & (MAX_VIEW - 1)] == '/';
	return true;
}

separate u32 compare(u32 at)
{
	struct views *v = my_views();
	struct enforced_text *text = bpf_map_lookup_elem(&enforced_texts, &at);
	if (!v || !text)
		return 0;
	u64 bit = 1ull << (text->test & (MAX_TESTS - 1));
	u32 subject = text->subject;
	if (!view_of(v, subject)->len)
		return 0;
	v->known |= bit;
	if (satisfies(subject, at))
		v->truth |= bit;
	if (subject == S_FILE && satisfies(S_GIVEN, at))
		v->given |= bit;
	return 0;
}

/* Whether comparisons for this event are about one of these. Read anew each time: what the verifier learns of a value it
 * remembers for every way through. */
inline_always bool asks(struct enforced_event *event, u32 subjects)
{
	return *(volatile u16 *)&event->subjects & subjects;
}

/* Looks at what the comparisons for this event are about. */
inline_always void look(struct scratch *to, struct views *v, struct enforced_event *event, s64 ret, u32 at)
{
	struct task_struct *task = current();
	_Pragma("unroll") for (u32 i = 0; i < S_MAX; i++)
		v->of[i].len = 0;
	v->known = v->truth = v->given = 0;
	if (asks(event, 1 << S_NAME)) {
		struct view *view = view_of(v, S_NAME);
		long len = bpf_probe_read_kernel_str(view->text, sizeof(task->comm), &task->comm);
		view->len = len > 1 ? len - 1 : 0;
		view->folder = 0;
	}
	if (asks(event, 1 << S_USER)) {
		struct view *view = view_of(v, S_USER);
		*(u32 *)view->text = get(get(task, cred), euid.val);
		view->len = 4;
		view->folder = 0;
	}
	if (asks(event, 1 << S_PROGRAM))
		see_path(to, S_PROGRAM, at, get(get(task, mm), exe_file));
	if (asks(event, 1 << S_FILE | 1 << S_READS | 1 << S_WRITES | 1 << S_FOLDER)) {
		struct file *file = file_of(ret);
		u32 mode = get(file, f_mode);
		/* Neither for reading nor for writing: what the program asked for is not seen. */
		if (file && mode & 3) {
			see_byte(v, S_READS, mode & 1);
			see_byte(v, S_WRITES, mode & 2);
		}
		if (file)
			see_byte(v, S_FOLDER, get(file, f_flags) & O_DIRECTORY);
		if (asks(event, 1 << S_FILE)) {
			see_path(to, S_FILE, at, file);
			if (event->name_param)
				see_given(to, v, event->name_param);
		}
	}
	if (asks(event, 1 << S_CONTAINER))
		see_container(v, task, at);
}

/* The first alternative that is satisfied: its rule and 1, or 0. */
separate u32 decide(u32 code)
{
	struct views *v = my_views();
	struct enforced_event *event = bpf_map_lookup_elem(&enforced_events, &code);
	if (!v || !event)
		return 0;
	u32 first = event->first, count = event->count;
	for (u32 i = 0; i < MAX_AT_EVENT && i < count; i++) {
		u32 at = first + i;
		struct enforced_alternative *a = bpf_map_lookup_elem(&enforced_rules, &at);
		if (!a)
			break;
		if ((a->yes | a->no) & ~v->known || (v->truth & a->yes) != a->yes)
			continue;
		if ((v->truth | v->given) & a->no)
			continue;
		return (u32)a->rule + 1;
	}
	return 0;
}

/* Decides about the event in the scratch memory, which ends at `at`, of a call that returned `ret`, and kills. Returns the
 * event's mark: what was done, and in the upper half for which rule; 0 for nothing. */
separate u32 judge(s64 ret, u32 at)
{
	struct scratch *to = my_scratch();
	struct views *v = my_views();
	u32 zero = 0;
	struct enforced_bounds *bounds = bpf_map_lookup_elem(&enforced_bounds, &zero);
	/* Paths are written behind the event. */
	if (!to || !v || !bounds || ret < 0 || at > MAX_EVENT - 4 * MAX_PATH)
		return 0;
	u32 code = *(u16 *)(to->bytes + 20);
	struct enforced_event *event = bpf_map_lookup_elem(&enforced_events, &code);
	if (!event || !event->count)
		return 0;
	look(to, v, event, ret, at);
	u32 texts = bounds->texts;
	for (u32 i = 0; i < MAX_TEXTS && i < texts; i++)
		compare(i);
	u32 rule = decide(code);
	if (!rule--)
		return 0;
	u32 did;
	if (v->truth & bounds->protect || bpf_get_current_pid_tgid() >> 32 == 1 || get(current(), flags) & PF_KTHREAD)
		did = DID_SPARE;
	else if (enforcing == 2)
		did = DID_TELL;
	else
		did = bpf_send_signal(9) ? DID_REFUSE : DID_KILL;
	struct enforced_count *count = bpf_map_lookup_elem(&enforced_counts, &rule);
	if (count)
		count->by_action[did]++;
	return did << 8 | rule << 16;
}

/* The event that tells of it was lost. */
separate u32 count_untold(u32 mark)
{
	u32 rule = mark >> 16;
	struct enforced_count *count = bpf_map_lookup_elem(&enforced_counts, &rule);
	if (count)
		count->by_action[0]++;
	return 0;
}
