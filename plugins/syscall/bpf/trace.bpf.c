/* Calls by which one process looks into another. */
#include "vector.bpf.h"

/* The kernel's number of a request in that of events; 0 for those that they do not name. */
inline_always u16 trace_request(u64 n)
{
	switch (n) {
	case 0 ... 9: /* TRACEME to SINGLESTEP */
		return n + 1;
	case 16 ... 17: /* ATTACH, DETACH */
		return n - 5;
	case 24: /* SYSCALL */
		return 13;
	case 0x4200 ... 0x420b: /* SETOPTIONS to SETSIGMASK */
		return n - 0x4200 + 14;
#if defined(__TARGET_ARCH_x86)
	case 12 ... 15: /* GETREGS to SETFPREGS */
		return n + 14;
	case 18 ... 19: /* GETFPXREGS, SETFPXREGS */
		return n + 12;
	case 21: /* OLDSETOPTIONS */
		return 32;
	case 25 ... 26: /* GET_THREAD_AREA, SET_THREAD_AREA */
		return n + 8;
	case 30 ... 33: /* ARCH_PRCTL to SINGLEBLOCK */
		return n + 5;
#endif
	default:
		return 0;
	}
}

/* How the value of a parameter of many kinds is written. */
enum kind {
	KIND_NUMBER,
	KIND_SIGNAL,
};

inline_always void put_number_of_kind(struct event *e, u64 value)
{
	add_u8(e, KIND_NUMBER);
	add_u64(e, value);
	length(e, 9);
}

JUDGED_EXIT(ptrace, SYSCALL_PTRACE_X)
{
	u64 native = arg(ctx, 0), data = arg(ctx, 3);
	put_s64(e, ret);                                   /* 1 res */
	put_number_of_kind(e, ret < 0 ? 0 : arg(ctx, 2));  /* 2 addr */
	bool resumes = native == 7 || native == 9 || native == 17 || native == 24; /* CONT, SINGLESTEP, DETACH, SYSCALL */
	if (ret >= 0 && resumes) {
		add_u8(e, KIND_SIGNAL);
		add_u8(e, data);
		length(e, 2);                              /* 3 data: the signal that goes along */
	} else if (ret >= 0 && native >= 1 && native <= 3) { /* PEEKTEXT, PEEKDATA, PEEKUSR */
		put_number_of_kind(e, user_long(ctx, data));
	} else {
		put_number_of_kind(e, ret < 0 ? 0 : data);
	}
	put_u16(e, trace_request(native));                 /* 4 request */
	put_s64(e, fd_arg(ctx, 1));                        /* 5 pid */
}

#define PROCESS_VM_EXIT(call, name)                                                                   \
	CALL_EXIT(call, name)                                                                         \
	{                                                                                             \
		put_s64(e, ret);                                                   /* 1 res */        \
		put_s64(e, fd_arg(ctx, 0));                                        /* 2 pid */        \
		put_vector(e, arg(ctx, 1), ret > 0 ? (u32)arg(ctx, 2) : 0, shown(ret)); /* 3 data */ \
	}
PROCESS_VM_EXIT(process_vm_readv, SYSCALL_PROCESS_VM_READV_X)
PROCESS_VM_EXIT(process_vm_writev, SYSCALL_PROCESS_VM_WRITEV_X)
