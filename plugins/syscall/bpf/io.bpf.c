/* Calls that move data. Of the data the first `snaplen` bytes go along. */
#include "vector.bpf.h"

/* A place in a file that takes two registers of a 32-bit program. */
inline_always u64 position(const struct call *ctx, int n)
{
	return ctx->narrow ? arg(ctx, n) | arg(ctx, n + 1) << 32 : arg(ctx, n);
}

CALL_EXIT(read, SYSCALL_READ_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_received(e, ret, arg(ctx, 1));                 /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
}

CALL_EXIT(write, SYSCALL_WRITE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_sent(e, ret, arg(ctx, 1), arg(ctx, 2));        /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
}

CALL_EXIT(pread64, SYSCALL_PREAD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_received(e, ret, arg(ctx, 1));                 /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
	put_u64(e, position(ctx, 3));                      /* 5 pos */
}

CALL_EXIT(pwrite64, SYSCALL_PWRITE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_sent(e, ret, arg(ctx, 1), arg(ctx, 2));        /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
	put_u64(e, position(ctx, 3));                      /* 5 pos */
}

/* Parameters 1 to 4 of vectored reads: res, size, data, fd. */
inline_always void put_read_vector(struct event *e, const struct call *ctx, s64 ret)
{
	put_s64(e, ret);
	put_u32(e, ret > 0 ? ret : 0);
	put_vector(e, arg(ctx, 1), ret > 0 ? (u32)arg(ctx, 2) : 0, shown(ret));
	put_s64(e, fd_arg(ctx, 0));
}

/* Parameters 1 to 4 of vectored writes: res, data, fd, size. */
inline_always void put_write_vector(struct event *e, const struct call *ctx, s64 ret)
{
	put_s64(e, ret);
	put_vector(e, arg(ctx, 1), (u32)arg(ctx, 2), ret > 0 ? shown(ret) : snaplen);
	put_s64(e, fd_arg(ctx, 0));
	put_u32(e, vector_size(arg(ctx, 1), (u32)arg(ctx, 2)));
}

CALL_EXIT(readv, SYSCALL_READV_X)
{
	put_read_vector(e, ctx, ret);                      /* 1 res, 2 size, 3 data, 4 fd */
}

CALL_EXIT(preadv, SYSCALL_PREADV_X)
{
	put_read_vector(e, ctx, ret);                      /* 1 res, 2 size, 3 data, 4 fd */
	put_u64(e, position(ctx, 3));                      /* 5 pos */
}

CALL_EXIT(writev, SYSCALL_WRITEV_X)
{
	put_write_vector(e, ctx, ret);                     /* 1 res, 2 data, 3 fd, 4 size */
}

CALL_EXIT(pwritev, SYSCALL_PWRITEV_X)
{
	put_write_vector(e, ctx, ret);                     /* 1 res, 2 data, 3 fd, 4 size */
	put_u64(e, position(ctx, 3));                      /* 5 pos */
}

#define NR_IA32_SENDFILE 187 /* the one with 32-bit places */

CALL_EXIT(sendfile, SYSCALL_SENDFILE_X)
{
	u64 offset = 0;
	u32 size = ctx->narrow && ctx->nr == NR_IA32_SENDFILE ? 4 : 8;
	bpf_probe_read_user(&offset, size, (void *)arg(ctx, 2));
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, offset);                                /* 2 offset */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 out_fd */
	put_s64(e, fd_arg(ctx, 1));                        /* 4 in_fd */
	put_u64(e, arg(ctx, 3));                           /* 5 size */
}

CALL_EXIT(splice, SYSCALL_SPLICE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd_in */
	put_s64(e, fd_arg(ctx, 2));                        /* 3 fd_out */
	put_u64(e, arg(ctx, 4));                           /* 4 size */
	put_u32(e, arg(ctx, 5) & 0xf);                     /* 5 flags: the same numbers */
}

CALL_EXIT(lseek, SYSCALL_LSEEK_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u64(e, arg(ctx, 1));                           /* 3 offset */
	put_u8(e, arg(ctx, 2));                            /* 4 whence */
}

/* Of 32-bit programs only: the place in two registers, high first. */
CALL_EXIT(_llseek, SYSCALL_LLSEEK_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u64(e, arg(ctx, 1) << 32 | (u32)arg(ctx, 2));  /* 3 offset */
	put_u8(e, arg(ctx, 4));                            /* 4 whence */
}

CALL_EXIT(ioctl, SYSCALL_IOCTL_3_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u64(e, arg(ctx, 1));                           /* 3 request */
	put_u64(e, arg(ctx, 2));                           /* 4 argument */
}

CALL_EXIT(copy_file_range, SYSCALL_COPY_FILE_RANGE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 2));                        /* 2 fdout */
	put_u64(e, arg(ctx, 3));                           /* 3 offout */
	put_s64(e, fd_arg(ctx, 0));                        /* 4 fdin */
	put_u64(e, arg(ctx, 1));                           /* 5 offin */
	put_u64(e, arg(ctx, 4));                           /* 6 len */
}

CALL_EXIT(epoll_wait, SYSCALL_EPOLLWAIT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 2));                        /* 2 maxevents */
}

CALL_EXIT(nanosleep, SYSCALL_NANOSLEEP_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, user_time(ctx, arg(ctx, 0)));           /* 2 interval */
}

JUDGED_EXIT(io_uring_setup, SYSCALL_IO_URING_SETUP_X)
{
	struct io_uring_params p = {};
	bpf_probe_read_user(&p, sizeof(p), (void *)arg(ctx, 1));
	/* SQPOLL and what follows have one bit more in events. */
	u32 flags = (p.flags & 3) | (p.flags & 0x7c) << 1;
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, arg(ctx, 0));                           /* 2 entries */
	put_u32(e, p.sq_entries);                          /* 3 sq_entries */
	put_u32(e, p.cq_entries);                          /* 4 cq_entries */
	put_u32(e, flags);                                 /* 5 flags */
	put_u32(e, p.sq_thread_cpu);                       /* 6 sq_thread_cpu */
	put_u32(e, p.sq_thread_idle);                      /* 7 sq_thread_idle */
	put_u32(e, p.features & 0x7ff);                    /* 8 features: the same numbers */
}

CALL_EXIT(io_uring_enter, SYSCALL_IO_URING_ENTER_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(e, arg(ctx, 1));                           /* 3 to_submit */
	put_u32(e, arg(ctx, 2));                           /* 4 min_complete */
	put_u32(e, arg(ctx, 3) & 0xf);                     /* 5 flags: the same numbers */
	put_u32(e, arg(ctx, 4));                           /* 6 sig */
}

CALL_EXIT(io_uring_register, SYSCALL_IO_URING_REGISTER_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u16(e, arg(ctx, 1));                           /* 3 opcode: the same numbers */
	put_u64(e, arg(ctx, 2));                           /* 4 arg */
	put_u32(e, arg(ctx, 3));                           /* 5 nr_args */
}
