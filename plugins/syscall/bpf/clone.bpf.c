/* clone, clone3, fork, vfork: the caller's exit and the child's. */
#include "task.bpf.h"

/* The whole event about `task`; `flags` as events have them. */
inline_always void cloned(struct event *e, struct task_struct *task, s64 ret, u32 flags)
{
	struct cred *cred = get(task, cred);
	struct pid *pid = get(task, thread_pid);
	struct pid_namespace *ns = pid_namespace_of(pid);
	put_s64(e, ret);                                        /* 1 res */
	if (ret >= 0) {
		put_exe_and_args(e, task);                      /* 2 exe, 3 args */
	} else {
		put_empty(e);
		put_empty(e);
	}
	put_process(e, task);
	put_cgroups(e, task);                                   /* 15 cgroups */
	if (get(ns, level) || get(get(task, nsproxy), pid_ns_for_children) != ns)
		flags |= CHILD_IN_PIDNS;
	put_u32(e, flags);                                      /* 16 flags */
	put_u32(e, get(cred, euid.val));                        /* 17 uid */
	put_u32(e, get(cred, egid.val));                        /* 18 gid */
	put_s64(e, own_number(pid));                            /* 19 vtid */
	put_s64(e, own_number(pid_of(task, PID_TGID)));         /* 20 vpid */
	put_u64(e, ret ? 0 : get(get(ns, child_reaper), start_time)); /* 21 pidns_init_start_ts */
}

/* On x86-64 a child comes out of the call as its parent does. Elsewhere it does not, and is met where it is made. */
#if defined(__TARGET_ARCH_x86)
#define CHILD_HAS_EXIT 1
#else
#define CHILD_HAS_EXIT 0
#endif

#define CLONE_EXIT(call_name, name, native_flags)                                          \
	SEC("tp_btf/sys_exit") int x_##call_name(void *unused)                             \
	{                                                                                  \
		struct event e;                                                            \
		if (!BEGIN(&e, name))                                                      \
			return 0;                                                          \
		const struct call *ctx = &e.to->call;                                      \
		if (ctx->ret == 0 && !CHILD_HAS_EXIT)                                      \
			return 0;                                                          \
		cloned(&e, current(), ctx->ret, clone_flags(native_flags));                \
		return send_call(&e);                                                      \
	}

inline_always u64 clone3_flags(u64 from)
{
	u64 flags = 0;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)from);
	return flags;
}

CLONE_EXIT(clone, SYSCALL_CLONE_20_X, arg(ctx, 0))
CLONE_EXIT(clone3, SYSCALL_CLONE3_X, clone3_flags(arg(ctx, 0)))
CLONE_EXIT(fork, SYSCALL_FORK_20_X, 0)
CLONE_EXIT(vfork, SYSCALL_VFORK_20_X, 0)

#if !CHILD_HAS_EXIT
/* TP_PROTO(struct task_struct *parent, struct task_struct *child) */
SEC("tp_btf/sched_process_fork") int sched_fork(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	if (!is_on(TP_FORK) || is_own() || get(child, flags) & 0x200000) /* PF_KTHREAD */
		return 0;
	struct event e;
	if (!BEGIN(&e, SYSCALL_CLONE_20_X))
		return 0;
	*(u64 *)(e.to->bytes + 8) = get(child, pid); /* the event is the child's */
	u32 flags = 0;
	if (get(child, tgid) == get(parent, tgid))
		flags |= clone_flags(0x00010000); /* THREAD */
	if (get(child, files) == get(parent, files))
		flags |= clone_flags(0x00000400); /* FILES */
	cloned(&e, child, 0, flags);
	send(&e, RING_VITAL);
	return 0;
}
#endif
