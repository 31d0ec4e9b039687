/* Calls about memory. */
#include "task.bpf.h"

CALL_EXIT(brk, SYSCALL_BRK_4_X)
{
	put_u64(e, ret);                                   /* 1 res */
	put_vm(e, current());                              /* 2 vm_size, 3 vm_rss, 4 vm_swap */
	put_u64(e, arg(ctx, 0));                           /* 5 addr */
}

#define NR_IA32_MMAP2 192

CALL_EXIT(mmap, SYSCALL_MMAP_X)
{
	bool in_pages = ctx->narrow && ctx->nr == NR_IA32_MMAP2;
	put_s64(e, ret);                                   /* 1 res */
	put_vm(e, current());                              /* 2 vm_size, 3 vm_rss, 4 vm_swap */
	put_u64(e, arg(ctx, 0));                           /* 5 addr */
	put_u64(e, arg(ctx, 1));                           /* 6 length */
	put_u32(e, prot_flags(arg(ctx, 2)));               /* 7 prot */
	put_u32(e, mmap_flags(arg(ctx, 3)));               /* 8 flags */
	put_s64(e, fd_arg(ctx, 4));                        /* 9 fd */
	put_u64(e, in_pages ? arg(ctx, 5) << 12 : arg(ctx, 5)); /* 10 offset */
}

CALL_EXIT(munmap, SYSCALL_MUNMAP_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_vm(e, current());                              /* 2 vm_size, 3 vm_rss, 4 vm_swap */
	put_u64(e, arg(ctx, 0));                           /* 5 addr */
	put_u64(e, arg(ctx, 1));                           /* 6 length */
}

CALL_EXIT(mprotect, SYSCALL_MPROTECT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, arg(ctx, 0));                           /* 2 addr */
	put_u64(e, arg(ctx, 1));                           /* 3 length */
	put_u32(e, prot_flags(arg(ctx, 2)));               /* 4 prot */
}

#define RANGE_EXIT(call, name)                                  \
	CALL_EXIT(call, name)                                   \
	{                                                       \
		put_s64(e, ret);         /* 1 res */            \
		put_u64(e, arg(ctx, 0)); /* 2 addr */           \
		put_u64(e, arg(ctx, 1)); /* 3 len */            \
	}
RANGE_EXIT(mlock, SYSCALL_MLOCK_X)
RANGE_EXIT(munlock, SYSCALL_MUNLOCK_X)

CALL_EXIT(mlock2, SYSCALL_MLOCK2_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, arg(ctx, 0));                           /* 2 addr */
	put_u64(e, arg(ctx, 1));                           /* 3 len */
	put_u32(e, arg(ctx, 2) & 1);                       /* 4 flags: ONFAULT */
}

CALL_EXIT(mlockall, SYSCALL_MLOCKALL_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, arg(ctx, 0) & 7);                       /* 2 flags: CURRENT, FUTURE, ONFAULT */
}
