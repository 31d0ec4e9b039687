/* The two programs that see every call: they let through what is wanted and pass it on to the program of the call. */
#include "call.bpf.h"

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

/* Whether the program called by the 32-bit table of a 64-bit kernel. What the program itself is does not matter: on x86
 * 64-bit code may use either. */
inline_always bool in_foreign_abi(void)
{
#if defined(__TARGET_ARCH_x86)
	if (has_enum(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return bpf_get_current_task_btf()->thread_info.status & 2; /* TS_COMPAT */
	return get(current(), thread_info.status) & 2;
#elif defined(__TARGET_ARCH_arm64)
	return get(current(), thread_info.flags) & (1 << 22); /* TIF_32BIT */
#endif
}

inline_always u32 call_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#elif defined(__TARGET_ARCH_arm64)
	return regs->syscallno;
#endif
}

inline_always void own_arguments(struct call *call, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	call->args[0] = regs->di;
	call->args[1] = regs->si;
	call->args[2] = regs->dx;
	call->args[3] = regs->r10;
	call->args[4] = regs->r8;
	call->args[5] = regs->r9;
#elif defined(__TARGET_ARCH_arm64)
	call->args[0] = regs->orig_x0; /* the first register holds the result at exit */
	call->args[1] = regs->regs[1];
	call->args[2] = regs->regs[2];
	call->args[3] = regs->regs[3];
	call->args[4] = regs->regs[4];
	call->args[5] = regs->regs[5];
#endif
}

inline_always u64 second_argument(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->si;
#elif defined(__TARGET_ARCH_arm64)
	return regs->regs[1];
#endif
}

#if defined(__TARGET_ARCH_x86)
#define NR_EXECVE 59
#define NR_EXECVEAT 322
#define NR_IA32_EXECVE 11
#define NR_IA32_MMAP 90
#define NR_IA32_SOCKETCALL 102

inline_always void foreign_arguments(struct call *call, struct pt_regs *regs)
{
	/* 64-bit code may leave anything in the upper halves; the kernel does not look at them. */
	call->args[0] = (u32)regs->bx;
	call->args[1] = (u32)regs->cx;
	call->args[2] = (u32)regs->dx;
	call->args[3] = (u32)regs->si;
	call->args[4] = (u32)regs->di;
	call->args[5] = (u32)regs->bp;
}

/* An exec changes the table under its own call: the number that is left is of the one before, and means another call in
 * the one after. The registers are cleared then; neither of the other calls succeeds without arguments. The exec itself is
 * seen where the new program is in place. */
inline_always bool is_exec_of_the_other(const struct call *call)
{
	if (call->ret || call->args[1])
		return false;
	return call->narrow ? call->nr == NR_EXECVE || call->nr == NR_EXECVEAT : call->nr == NR_IA32_EXECVE;
}

/* Takes the arguments from memory. How many there are differs; those behind may lie where nothing is. */
inline_always void unpack(struct call *call, u64 from)
{
	u32 args[6] = {};
	if (bpf_probe_read_user(args, sizeof(args), (void *)from))
		bpf_probe_read_user(args, 3 * sizeof(args[0]), (void *)from);
	_Pragma("unroll") for (int i = 0; i < 6; i++)
		call->args[i] = args[i];
}

/* One call for all of sockets, its arguments in memory: the entry of the call that it stands for. */
inline_always struct entry *unpack_socketcall(struct call *call)
{
	u32 nr = call->args[0];
	if (nr >= SOCKETCALLS)
		return NULL;
	unpack(call, call->args[1]);
	nr += NR_CALLS;
	return bpf_map_lookup_elem(&calls, &nr);
}
#endif

/* Whether a call that did not fail is among the exits that are sent. */
inline_always bool matters(const struct call *call, u16 only)
{
	switch (only) {
	case ONLY_COPIES: { /* F_DUPFD, F_SETFD, F_DUPFD_CLOEXEC */
		u32 cmd = call->args[1];
		return cmd == 0 || cmd == 2 || cmd == 1030;
	}
	case ONLY_REAPERS: /* PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER */
		return (u32)call->args[0] - 36 < 2;
	case ONLY_OPEN_FILES: /* RLIMIT_NOFILE */
		return (u32)call->args[1] == 7;
	default:
		return true;
	}
}

inline_always struct call *needless(void)
{
	struct counters *count = my_counts();
	if (count)
		count->needless++;
	return NULL;
}

/* Whether the exit of a call that failed stays here, with what waits for it. What is told of at its entry already is told to
 * its end. */
inline_always bool stays(const struct call_info *info, s64 ret)
{
	if (ret >= 0 || !info->only)
		return false;
	if (!(info->want & WAITS))
		return true;
	struct held *held = held_for(info->sc);
	if (!held)
		return false;
	held->sc = 0;
	return true;
}

/* Lets a call through that is wanted: it then stands in the scratch memory. */
inline_always struct call *dispatch(struct pt_regs *regs, u32 nr, u8 want, s64 ret)
{
	if (nr >= NR_CALLS)
		return NULL;
	struct entry *entry = bpf_map_lookup_elem(&calls, &nr);
	if (!entry || !((entry->own.want | entry->foreign.want) & want) || is_own())
		return NULL;
	bool foreign = in_foreign_abi();
	if (!foreign && !(entry->own.want & want))
		return NULL;
	/* What waits for such an exit the next entry takes the place of. */
	if (ret < 0 && is_on(TP_DROP_FAILED))
		return NULL;
	struct scratch *to = my_scratch();
	if (!to)
		return NULL;
	struct call *call = &to->call;
	struct call_info *info = &entry->own;
	call->nr = nr;
	call->ret = ret;
	call->narrow = foreign;
	if (foreign) {
#if defined(__TARGET_ARCH_x86)
		foreign_arguments(call, regs);
		if (nr == NR_IA32_SOCKETCALL)
			entry = unpack_socketcall(call);
		else if (nr == NR_IA32_MMAP)
			unpack(call, call->args[0]);
		if (!entry || !(entry->foreign.want & want))
			return NULL;
		info = &entry->foreign;
#else
		struct counters *count = my_counts();
		if (count)
			count->foreign_abi++;
		return NULL;
#endif
	}
	if (want == WANT_EXIT && stays(info, ret))
		return needless();
	if (!foreign)
		own_arguments(call, regs);
	if (want == WANT_EXIT && info->only && !matters(call, info->only))
		return needless();
	call->waits = info->want & WAITS;
	call->ring = info->vital ? RING_VITAL : RING_BULK;
	call->sc = info->sc;
	call->native = info->native;
	return call;
}

/* TP_PROTO(struct pt_regs *regs, long ret) */
SEC("tp_btf/sys_exit") int sys_exit(u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct call *call = dispatch(regs, call_number(regs), WANT_EXIT, ctx[1]);
	if (!call)
		return 0;
#if defined(__TARGET_ARCH_x86)
	if (is_exec_of_the_other(call))
		return 0;
#endif
	bpf_tail_call(ctx, &exits, call->sc);
	/* No program of its own. */
	struct event e;
	if (!BEGIN(&e, GENERIC_X))
		return 0;
	put_u16(&e, call->sc);     /* 1 ID */
	put_u16(&e, call->native); /* 2 nativeID */
	send(&e, RING_BULK);
	return 0;
}

/* TP_PROTO(struct pt_regs *regs, long id) */
SEC("tp_btf/sys_enter") int sys_enter(u64 *ctx)
{
	struct call *call = dispatch((struct pt_regs *)ctx[0], ctx[1], WANT_ENTER, 0);
	if (call)
		bpf_tail_call(ctx, &enters, call->sc);
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
	if (who && second_argument((struct pt_regs *)ctx[0]) == greeting)
		own_tgid = *who = tgid;
	return 0;
}
