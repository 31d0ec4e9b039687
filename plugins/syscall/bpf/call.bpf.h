/* Third layer: the call that a program is about. */
#pragma once
#include "put.bpf.h"

#define AT_FDCWD (-100)

inline_always struct task_struct *current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* Argument `n` of a call, from 0. */
inline_always u64 arg(const struct call *ctx, int n)
{
	return ctx->args[n];
}

/* A descriptor among the arguments: 32 bits with sign, whatever the register holds above. */
inline_always s64 fd_arg(const struct call *ctx, int n)
{
	return (s32)arg(ctx, n);
}

#define NR_IA32_WIDE_IDS 198 /* the first of the calls of 32-bit programs that know ids of 32 bits */

/* A user or group among the arguments. The oldest calls of 32-bit programs know 16 bits of them, all set for none. */
inline_always u32 id_arg(const struct call *ctx, int n)
{
	u32 id = arg(ctx, n);
	return ctx->narrow && ctx->nr < NR_IA32_WIDE_IDS ? (u32)(s16)id == -1u ? -1u : (u16)id : id;
}

/* Something of the size of a `long` or a pointer in the program's memory; 0 where it cannot be read. */
inline_always u64 user_long(const struct call *ctx, u64 from)
{
	u64 value = 0;
	bpf_probe_read_user(&value, ctx->narrow ? 4 : 8, (void *)from);
	return value;
}

/* A `struct timespec` in ns. Calls of 32-bit programs that are numbered from 403 on have 64-bit times. */
inline_always u64 user_time(const struct call *ctx, u64 from)
{
	struct timespec time = {};
	if (ctx->narrow && ctx->nr < 403) {
		struct {
			s32 sec, nsec;
		} narrow = {};
		bpf_probe_read_user(&narrow, sizeof(narrow), (void *)from);
		time = (struct timespec){narrow.sec, narrow.nsec};
	} else {
		bpf_probe_read_user(&time, sizeof(time), (void *)from);
	}
	return (u64)time.sec * 1000000000ull + time.nsec;
}

/* Ends a program about a call. */
inline_always int send_call(struct event *e)
{
	send(e, e->to->call.ring);
	return 0;
}

/* A program at the exit of a call: `CALL_EXIT(chmod, SYSCALL_CHMOD_X) { put_s64(&e, ...); ... }`. It is found by its
 * name, x_ and the call's. */
#define CALL_EXIT(call_name, name) EXIT_ENDING(call_name, name, send_call(&e))

/* The same with another ending. */
#define EXIT_ENDING(call_name, name, ending)                                                   \
	inline_always void body_##call_name(struct event *e, const struct call *ctx, s64 ret); \
	SEC("tp_btf/sys_exit") int x_##call_name(void *unused)                                 \
	{                                                                                      \
		struct event e;                                                                \
		if (!BEGIN(&e, name))                                                          \
			return 0;                                                              \
		body_##call_name(&e, &e.to->call, e.to->call.ret);                             \
		return ending;                                                                 \
	}                                                                                      \
	inline_always void body_##call_name(struct event *e, const struct call *ctx, s64 ret)

/* Rules that kill: enforce.bpf.h. */
separate u32 judge(s64 ret, u32 at);
separate u32 count_untold(u32 mark);

/* Ends a program about an event at which rules may kill. The mark goes along, so the decision comes before the sending; the
 * process does not run on before either. An event that tells of a kill has the room that others cannot take. */
inline_always int send_judged(struct event *e, u32 ring, s64 ret)
{
	if (!enforcing) {
		send(e, ring);
		return 0;
	}
	u32 mark = judge(ret, e->at);
	e->to->mark = mark;
	if (!send(e, mark ? RING_VITAL : ring) && mark)
		count_untold(mark);
	return 0;
}

/* CALL_EXIT of a call at which rules may kill. */
#define JUDGED_EXIT(call_name, name) \
	EXIT_ENDING(call_name, name, send_judged(&e, e.to->call.ring, e.to->call.ret))

/* Ends a program at the entry of a call. */
inline_always int send_entry(struct event *e)
{
	const struct call *call = &e->to->call;
	if (call->waits && hold(e, call->sc))
		return 0;
	set_time(e);
	send(e, call->ring);
	return 0;
}

/* A program at the entry of a call: e_ and the call's name. */
#define CALL_ENTER(call_name, name)                                                     \
	inline_always void enter_##call_name(struct event *e, const struct call *ctx);  \
	SEC("tp_btf/sys_enter") int e_##call_name(void *unused)                         \
	{                                                                               \
		struct event e;                                                         \
		if (!BEGIN_UNTIMED(&e, name))                                           \
			return 0;                                                       \
		enter_##call_name(&e, &e.to->call);                                     \
		return send_entry(&e);                                                  \
	}                                                                               \
	inline_always void enter_##call_name(struct event *e, const struct call *ctx)
