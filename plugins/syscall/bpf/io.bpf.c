/* Calls that move data. Of the data the first `snaplen` bytes go along. */
#include "vector.bpf.h"

/* What was received, or nothing. */
inline_always void put_received(struct event *e, s64 ret, u64 from)
{
	if (ret > 0)
		put_user_bytes(e, from, shown(ret));
	else
		put_empty(e);
}

/* What was sent, or was to be. */
inline_always void put_sent(struct event *e, s64 ret, u64 from, u32 size)
{
	put_user_bytes(e, from, shown(ret > 0 ? ret : size));
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
	put_u64(e, arg(ctx, 3));                           /* 5 pos */
}

CALL_EXIT(pwrite64, SYSCALL_PWRITE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_sent(e, ret, arg(ctx, 1), arg(ctx, 2));        /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
	put_u64(e, arg(ctx, 3));                           /* 5 pos */
}

/* Parameters 1 to 4 of vectored reads: res, size, data, fd. */
inline_always void put_read_vector(struct event *e, u64 *ctx, s64 ret)
{
	put_s64(e, ret);
	put_u32(e, ret > 0 ? ret : 0);
	put_vector(e, arg(ctx, 1), ret > 0 ? (u32)arg(ctx, 2) : 0, shown(ret));
	put_s64(e, fd_arg(ctx, 0));
}

/* Parameters 1 to 4 of vectored writes: res, data, fd, size. */
inline_always void put_write_vector(struct event *e, u64 *ctx, s64 ret)
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
	put_u64(e, arg(ctx, 3));                           /* 5 pos */
}

CALL_EXIT(writev, SYSCALL_WRITEV_X)
{
	put_write_vector(e, ctx, ret);                     /* 1 res, 2 data, 3 fd, 4 size */
}

CALL_EXIT(pwritev, SYSCALL_PWRITEV_X)
{
	put_write_vector(e, ctx, ret);                     /* 1 res, 2 data, 3 fd, 4 size */
	put_u64(e, arg(ctx, 3));                           /* 5 pos */
}

/* The ends of the connection, of calls that worked. */
inline_always void put_ends(struct event *e, s64 ret, s64 fd, enum direction direction, u64 peer)
{
	if (ret >= 0)
		put_tuple(e, fd, direction, peer);
	else
		put_empty(e);
}

CALL_EXIT(sendto, SOCKET_SENDTO_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_sent(e, ret, arg(ctx, 1), arg(ctx, 2));        /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
	put_ends(e, ret, fd_arg(ctx, 0), OUTBOUND, arg(ctx, 4)); /* 5 tuple */
}

CALL_EXIT(recvfrom, SOCKET_RECVFROM_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_received(e, ret, arg(ctx, 1));                 /* 2 data */
	put_ends(e, ret, fd_arg(ctx, 0), INBOUND, arg(ctx, 4)); /* 3 tuple */
	put_s64(e, fd_arg(ctx, 0));                        /* 4 fd */
	put_u32(e, arg(ctx, 2));                           /* 5 size */
}

inline_always bool read_message(struct user_msghdr *message, u64 from)
{
	__builtin_memset(message, 0, sizeof(*message));
	return !bpf_probe_read_user(message, sizeof(*message), (void *)from);
}

CALL_EXIT(sendmsg, SOCKET_SENDMSG_X)
{
	struct user_msghdr message;
	put_s64(e, ret);                                   /* 1 res */
	bool there = read_message(&message, arg(ctx, 1));
	put_vector(e, message.iov, (u32)message.iovlen, ret > 0 ? shown(ret) : snaplen); /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	if (there)
		put_u32(e, vector_size(message.iov, (u32)message.iovlen)); /* 4 size */
	else
		put_empty(e);
	put_ends(e, there ? ret : -1, fd_arg(ctx, 0), OUTBOUND, message.name); /* 5 tuple */
}

CALL_EXIT(recvmsg, SOCKET_RECVMSG_X)
{
	struct user_msghdr message;
	read_message(&message, arg(ctx, 1));
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, ret >= 0 ? ret : 0);                    /* 2 size */
	put_vector(e, message.iov, ret > 0 ? (u32)message.iovlen : 0, shown(ret)); /* 3 data */
	put_ends(e, ret, fd_arg(ctx, 0), INBOUND, message.name); /* 4 tuple */
	if (ret >= 0)
		put_user_bytes(e, message.control, message.controllen <= MAX_EVENT ? message.controllen : 0);
	else
		put_empty(e);                              /* 5 msgcontrol */
	put_s64(e, fd_arg(ctx, 0));                        /* 6 fd */
}

CALL_EXIT(sendfile, SYSCALL_SENDFILE_X)
{
	u64 offset = 0;
	bpf_probe_read_user(&offset, sizeof(offset), (void *)arg(ctx, 2));
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
	struct timespec time = {};
	bpf_probe_read_user(&time, sizeof(time), (void *)arg(ctx, 0));
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, (u64)time.sec * 1000000000ull + time.nsec); /* 2 interval */
}

CALL_EXIT(io_uring_setup, SYSCALL_IO_URING_SETUP_X)
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
