/* The end of threads, and signals on their way. */
#include "task.bpf.h"

#define MAX_SIBLINGS 30
#define MAX_ANCESTORS 10
#define PF_EXITING 4

/* A living thread of the process: its id, 0 if there is none, -1 if there are too many to look at. */
separate s64 living_thread(u64 of)
{
	struct task_struct *task = (void *)of;
	struct list_head *head = &get(task, signal)->thread_head;
	struct list_head *at = get(head, next);
	u64 offset = __builtin_preserve_field_info(((struct task_struct *)0)->thread_node, 0);
	for (int i = 0; i < MAX_SIBLINGS; i++) {
		if (at == head)
			return 0;
		struct task_struct *thread = (void *)at - offset;
		if (!(get(thread, flags) & PF_EXITING))
			return get(thread, pid);
		at = get(at, next);
	}
	return -1;
}

/* Who gets the children, as the kernel will choose: a thread of the same process, the nearest ancestor that asked for
 * orphans, the first process of the pid namespace. -1: too far to look; 0: nobody, the namespace ends. */
separate s64 reaper_of(u64 of)
{
	struct task_struct *task = (void *)of;
	s64 thread = living_thread(of);
	if (thread)
		return thread;
	struct pid *pid = get(task, thread_pid);
	struct task_struct *init = get(pid_namespace_of(pid), child_reaper);
	if (init == task)
		return 0;
	if (!get_bits(get(task, signal), has_child_subreaper))
		return get(init, pid);
	u32 level = get(pid, level);
	struct task_struct *above = get(task, real_parent);
	for (int i = 0; i < MAX_ANCESTORS; i++) {
		if (above == init || get(get(above, thread_pid), level) != level)
			return get(init, pid);
		if (get_bits(get(above, signal), is_child_subreaper)) {
			thread = living_thread((u64)above);
			if (thread)
				return thread;
		}
		above = get(above, real_parent);
	}
	return -1;
}

/* TP_PROTO(struct task_struct *p, ...) */
SEC("tp_btf/sched_process_exit") int sched_exit(u64 *ctx)
{
	struct task_struct *task = current();
	leave();
	if (!is_on(TP_EXIT) || is_own())
		return 0;
	struct event e;
	if (!BEGIN(&e, PROCEXIT_1_E))
		return 0;
	u32 status = get(task, exit_code);
	struct list_head *children = &task->children;
	put_s64(&e, (s32)status);                                  /* 1 status */
	put_s64(&e, status >> 8 & 0xff);                           /* 2 ret */
	put_u8(&e, (status & 0x7f) == 0x7f ? 0 : status & 0x7f);   /* 3 sig */
	put_u8(&e, (status & 0x80) != 0);                          /* 4 core */
	put_s64(&e, get(children, next) == children ? 0 : reaper_of((u64)task)); /* 5 reaper_tid */
	send(&e, RING_VITAL);
	return 0;
}

/* The part of the kernel's siginfo that says who sent a signal follows three numbers, at a multiple of 8. */
#define SI_PID 16

/* TP_PROTO(int sig, struct kernel_siginfo *info, struct k_sigaction *ka) */
SEC("tp_btf/signal_deliver") int signal_deliver(u64 *ctx)
{
	if (!is_on(TP_SIGNAL) || is_own())
		return 0;
	struct event e;
	if (!BEGIN(&e, SIGNALDELIVER_E))
		return 0;
	int sig = ctx[0];
	struct kernel_siginfo *info = (void *)ctx[1];
	s32 code = get(info, si_code);
	/* Sent by a process: by kill and the like, at the end of a child, or by a queue. */
	bool sent = code <= 0 || sig == 9 || sig == 17 || (sig >= 32 && sig <= 64);
	s32 sender = 0;
	if (sent)
		bpf_probe_read_kernel(&sender, sizeof(sender), (void *)info + SI_PID);
	put_s64(&e, sender);                                       /* 1 spid */
	put_s64(&e, (u32)bpf_get_current_pid_tgid());              /* 2 dpid */
	put_u8(&e, sig);                                           /* 3 sig */
	send(&e, RING_BULK);
	return 0;
}
