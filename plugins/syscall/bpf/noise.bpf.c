/* What happens by the hundred thousand in a second: context switches and page faults. Only who names their events gets
 * them. */
#include "task.bpf.h"

/* TP_PROTO(bool preempt, struct task_struct *prev, struct task_struct *next, ...) */
SEC("tp_btf/sched_switch") int sched_switch(u64 *ctx)
{
	struct task_struct *before = (void *)ctx[1], *after = (void *)ctx[2];
	if (!is_on(TP_SWITCH) || is_own())
		return 0;
	struct event e;
	if (!BEGIN(&e, SCHEDSWITCH_6_E))
		return 0;
	put_s64(&e, get(after, pid));                          /* 1 next */
	put_u64(&e, get(before, maj_flt));                     /* 2 pgft_maj */
	put_u64(&e, get(before, min_flt));                     /* 3 pgft_min */
	put_vm(&e, before);                                    /* 4 vm_size, 5 vm_rss, 6 vm_swap */
	send(&e, RING_BULK);
	return 0;
}

#if defined(__TARGET_ARCH_x86)
/* The processor's words for a fault in those of events: for each of the first three bits, what it means set and unset. */
inline_always u32 fault_flags(u64 error)
{
	u32 to = 0;
	to |= error & 1 ? 1 << 0 : 1 << 1;   /* PROTECTION_VIOLATION, PAGE_NOT_PRESENT */
	to |= error & 2 ? 1 << 2 : 1 << 3;   /* WRITE_ACCESS, READ_ACCESS */
	to |= error & 4 ? 1 << 4 : 1 << 5;   /* USER_FAULT, SUPERVISOR_FAULT */
	to |= MAP_BITS(error, 8, 1 << 6);    /* RESERVED_PAGE */
	to |= MAP_BITS(error, 16, 1 << 7);   /* INSTRUCTION_FETCH */
	return to;
}

/* The event in one piece on the stack: a program that reads a page that is not there makes a fault itself, in the middle of
 * the event that it puts together. */
struct fault {
	u32 cpu, spare;
	u64 ts, tid;
	u32 len;
	u16 code;
	u32 params;
	u16 lengths[EV_PAGE_FAULT_E_PARAMS];
	u64 addr, ip;
	u32 error;
	u32 padding; /* never sent: `len` ends before */
} __attribute__((packed));

inline_always int fault(u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[1];
	if (!is_on(TP_FAULT) || is_own())
		return 0;
	struct fault f = {
		.cpu = bpf_get_smp_processor_id(),
		.ts = boot_epoch_ns + bpf_ktime_get_boot_ns(),
		.tid = (u32)bpf_get_current_pid_tgid(),
		.len = HEADER + sizeof(f.lengths) + 20,
		.code = EV_PAGE_FAULT_E,
		.params = EV_PAGE_FAULT_E_PARAMS,
		.lengths = {8, 8, 4},
		.addr = ctx[0],                                 /* 1 addr */
		.ip = regs->ip,                                 /* 2 ip */
		.error = fault_flags(ctx[2]),                   /* 3 error */
	};
	deliver(&f, sizeof(f), f.cpu, EV_PAGE_FAULT_E, RING_BULK);
	return 0;
}

/* TP_PROTO(unsigned long address, struct pt_regs *regs, unsigned long error_code), both */
SEC("tp_btf/page_fault_user") int fault_user(u64 *ctx)
{
	return fault(ctx);
}

SEC("tp_btf/page_fault_kernel") int fault_kernel(u64 *ctx)
{
	return fault(ctx);
}
#endif
