/* Third layer: the call that a program is about. */
#pragma once
#include "put.bpf.h"

#define AT_FDCWD (-100)

inline_always struct task_struct *current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

inline_always struct pt_regs *registers(u64 *ctx)
{
	return (struct pt_regs *)ctx[0];
}

/* Result of the call, of programs at its exit. */
inline_always s64 result(u64 *ctx)
{
	return ctx[1];
}

inline_always u32 call_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#elif defined(__TARGET_ARCH_arm64)
	return regs->syscallno;
#endif
}

/* Argument `n`, from 0. */
inline_always u64 arg(u64 *ctx, int n)
{
	struct pt_regs *regs = registers(ctx);
#if defined(__TARGET_ARCH_x86)
	switch (n) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
#elif defined(__TARGET_ARCH_arm64)
	/* The first register holds the result at exit. */
	return n == 0 ? regs->orig_x0 : regs->regs[n];
#endif
}

/* A descriptor among the arguments: 32 bits with sign, whatever the register holds above. */
inline_always s64 fd_arg(u64 *ctx, int n)
{
	return (s32)arg(ctx, n);
}

/* Whether the program called by the 32-bit table of a 64-bit kernel. */
inline_always bool in_foreign_abi(void)
{
#if defined(__TARGET_ARCH_x86)
	return get(current(), thread_info.status) & 2; /* TS_COMPAT */
#elif defined(__TARGET_ARCH_arm64)
	return get(current(), thread_info.flags) & (1 << 22); /* TIF_32BIT */
#endif
}

inline_always bool is_vital(u64 *ctx)
{
	u32 nr = call_number(registers(ctx));
	struct call_info *call = bpf_map_lookup_elem(&calls, &nr);
	return call && call->vital;
}

/* Ends a program about a call. */
inline_always int send_call(struct event *e, u64 *ctx)
{
	send(e, is_vital(ctx) ? RING_VITAL : RING_BULK);
	return 0;
}

/* A program at the exit of a call: `CALL_EXIT(chmod, SYSCALL_CHMOD_X) { put_s64(&e, ...); ... }`. It is found by its
 * name, x_ and the call's. */
#define CALL_EXIT(call, name)                                                    \
	inline_always void body_##call(struct event *e, u64 *ctx, s64 ret);      \
	SEC("tp_btf/sys_exit") int x_##call(u64 *ctx)                            \
	{                                                                        \
		struct event e;                                                  \
		if (!BEGIN(&e, name))                                            \
			return 0;                                                \
		body_##call(&e, ctx, result(ctx));                               \
		return send_call(&e, ctx);                                       \
	}                                                                        \
	inline_always void body_##call(struct event *e, u64 *ctx, s64 ret)

/* The same at its entry: e_ and the call's name. */
#define CALL_ENTER(call, name)                                                   \
	inline_always void enter_##call(struct event *e, u64 *ctx);              \
	SEC("tp_btf/sys_enter") int e_##call(u64 *ctx)                           \
	{                                                                        \
		struct event e;                                                  \
		if (!BEGIN(&e, name))                                            \
			return 0;                                                \
		enter_##call(&e, ctx);                                           \
		return send_call(&e, ctx);                                       \
	}                                                                        \
	inline_always void enter_##call(struct event *e, u64 *ctx)
