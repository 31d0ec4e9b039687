/* The two programs that see every call: they let through what is wanted and pass it on to the program of the call. */
#include "call.bpf.h"

inline_always int dispatch(u64 *ctx, u32 nr, u8 want, bool failed)
{
	if (is_own() || nr >= NR_CALLS)
		return -1;
	struct call_info *call = bpf_map_lookup_elem(&calls, &nr);
	if (!call || !(call->want & want))
		return -1;
	if (in_foreign_abi()) {
		struct counters *count = my_counts();
		if (count)
			count->foreign_abi++;
		return -1;
	}
	if (failed && is_on(TP_DROP_FAILED))
		return -1;
	return call->sc;
}

/* TP_PROTO(struct pt_regs *regs, long ret) */
SEC("tp_btf/sys_exit") int sys_exit(u64 *ctx)
{
	u32 nr = call_number(registers(ctx));
	int sc = dispatch(ctx, nr, WANT_EXIT, result(ctx) < 0);
	if (sc < 0)
		return 0;
	bpf_tail_call(ctx, &exits, nr);
	/* No program of its own. */
	struct event e;
	if (!BEGIN(&e, GENERIC_X))
		return 0;
	put_u16(&e, sc); /* 1 ID */
	put_u16(&e, nr); /* 2 nativeID */
	send(&e, RING_BULK);
	return 0;
}

/* TP_PROTO(struct pt_regs *regs, long id) */
SEC("tp_btf/sys_enter") int sys_enter(u64 *ctx)
{
	u32 nr = ctx[1];
	if (dispatch(ctx, nr, WANT_ENTER, false) >= 0)
		bpf_tail_call(ctx, &enters, nr);
	return 0;
}

/* How the agent's process is learned. In a pid namespace of its own the agent does not know the number that the kernel has
 * for it, so it makes one call with a number that nobody else can guess, and who makes that call is the agent. Detached
 * afterwards. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} met SEC(".maps");

SEC("tp_btf/sys_enter") int meet(u64 *ctx)
{
	u32 zero = 0, tgid = bpf_get_current_pid_tgid() >> 32;
	u32 *who = bpf_map_lookup_elem(&met, &zero);
	if (who && arg(ctx, 1) == greeting)
		own_tgid = *who = tgid;
	return 0;
}
