/* Calls that make, copy, change and close descriptors. */
#include "file.bpf.h"

CALL_EXIT(close, SYSCALL_CLOSE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
}

CALL_EXIT(close_range, SYSCALL_CLOSE_RANGE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, arg(ctx, 0));                           /* 2 first */
	put_u32(e, arg(ctx, 1));                           /* 3 last */
	u64 flags = arg(ctx, 2);
	put_u32(e, flags & 6);                             /* 4 flags: UNSHARE, CLOEXEC */
}

CALL_EXIT(dup, SYSCALL_DUP_1_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 oldfd */
}

CALL_EXIT(dup2, SYSCALL_DUP2_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 oldfd */
	put_s64(e, fd_arg(ctx, 1));                        /* 3 newfd */
}

/* Of flags that only say whether the descriptor outlives an exec. */
inline_always u32 cloexec_flag(u64 f)
{
	return MAP_BITS(f, 02000000, 1 << 12);
}

CALL_EXIT(dup3, SYSCALL_DUP3_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 oldfd */
	put_s64(e, fd_arg(ctx, 1));                        /* 3 newfd */
	put_u32(e, cloexec_flag(arg(ctx, 2)));             /* 4 flags */
}

inline_always u8 fcntl_command(u32 cmd)
{
	switch (cmd) {
	case 0 ... 5: /* DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK */
		return cmd + 1;
	case 6 ... 8: /* SETLK, SETLKW, SETOWN */
		return cmd + 2;
	case 9: /* GETOWN */
		return 12;
	case 10: /* SETSIG */
		return 13;
	case 11: /* GETSIG */
		return 15;
	case 15 ... 16: /* SETOWN_EX, GETOWN_EX */
		return cmd + 6;
	case 36 ... 38: /* OFD_GETLK, OFD_SETLK, OFD_SETLKW */
		return cmd - 6;
	case 1024 ... 1025: /* SETLEASE, GETLEASE */
		return cmd - 1001;
	case 1026: /* NOTIFY */
		return 27;
	case 1029 ... 1030: /* CANCELLK, DUPFD_CLOEXEC */
		return cmd - 1004;
	case 1031 ... 1032: /* SETPIPE_SZ, GETPIPE_SZ */
		return cmd - 1003;
	default:
		return 0;
	}
}

CALL_EXIT(fcntl, SYSCALL_FCNTL_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u8(e, fcntl_command(arg(ctx, 1)));             /* 3 cmd */
	put_u64(e, arg(ctx, 2));                           /* 4 arg */
}

struct two_fds {
	s32 first, second;
};

inline_always struct two_fds two_fds(u64 from)
{
	struct two_fds fds;
	if (bpf_probe_read_user(&fds, sizeof(fds), (void *)from))
		fds = (struct two_fds){-1, -1};
	return fds;
}

inline_always void put_pipe(struct event *e, s64 ret, u64 from)
{
	struct two_fds fds = two_fds(from);
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fds.first);                             /* 2 fd1 */
	put_s64(e, fds.second);                            /* 3 fd2 */
	struct file *file = ret == 0 ? file_of(fds.first) : NULL;
	put_u64(e, file ? get(get(file, f_inode), i_ino) : 0); /* 4 ino */
}

CALL_EXIT(pipe, SYSCALL_PIPE_X)
{
	put_pipe(e, ret, arg(ctx, 0));
}

/* Flags that make a descriptor: whether it outlives an exec, whether it waits. */
inline_always u32 new_fd_flags(u64 f)
{
	return (s32)f < 0 ? 0 : cloexec_flag(f) | MAP_BITS(f, 04000, 1 << 6);
}

CALL_EXIT(pipe2, SYSCALL_PIPE2_X)
{
	put_pipe(e, ret, arg(ctx, 0));
	u64 flags = arg(ctx, 1);
	put_u32(e, (s32)flags < 0 ? 0 : new_fd_flags(flags) | MAP_BITS(flags, O_DIRECT, 1 << 9)); /* 5 flags */
}

CALL_EXIT(eventfd, SYSCALL_EVENTFD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, (u32)arg(ctx, 0));                      /* 2 initval */
	put_u32(e, 0);                                     /* 3 flags: the call has none */
}

CALL_EXIT(eventfd2, SYSCALL_EVENTFD2_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u16(e, new_fd_flags(arg(ctx, 1)));             /* 2 flags */
	put_u64(e, (u32)arg(ctx, 0));                      /* 3 initval */
}

CALL_EXIT(timerfd_create, SYSCALL_TIMERFD_CREATE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u8(e, arg(ctx, 0));                            /* 2 clockid */
	put_u8(e, new_fd_flags(arg(ctx, 1)));              /* 3 flags: those that fit */
}

CALL_EXIT(inotify_init, SYSCALL_INOTIFY_INIT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u8(e, 0);                                      /* 2 flags: the call has none */
}

CALL_EXIT(inotify_init1, SYSCALL_INOTIFY_INIT1_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u16(e, new_fd_flags(arg(ctx, 0)));             /* 2 flags */
}

CALL_EXIT(signalfd, SYSCALL_SIGNALFD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(e, 0);                                     /* 3 mask: not collected, as upstream */
	put_u8(e, 0);                                      /* 4 flags: the call has none */
}

CALL_EXIT(signalfd4, SYSCALL_SIGNALFD4_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u16(e, new_fd_flags(arg(ctx, 3)));             /* 2 flags */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, 0);                                     /* 4 mask: not collected, as upstream */
}

CALL_EXIT(epoll_create, SYSCALL_EPOLL_CREATE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s32(e, arg(ctx, 0));                           /* 2 size */
}

CALL_EXIT(epoll_create1, SYSCALL_EPOLL_CREATE1_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, MAP_BITS(arg(ctx, 0), 02000000, 1));    /* 2 flags */
}

JUDGED_EXIT(memfd_create, SYSCALL_MEMFD_CREATE_X)
{
	put_s64(e, ret);                                   /* 1 fd */
	put_user_text(e, arg(ctx, 0));                     /* 2 name */
	put_u32(e, arg(ctx, 1) & 7);                       /* 3 flags: CLOEXEC, ALLOW_SEALING, HUGETLB */
}

CALL_EXIT(pidfd_open, SYSCALL_PIDFD_OPEN_X)
{
	put_s64(e, ret);                                   /* 1 fd */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 pid */
	put_u32(e, MAP_BITS(arg(ctx, 1), 04000, 1));       /* 3 flags: NONBLOCK */
}

CALL_EXIT(pidfd_getfd, SYSCALL_PIDFD_GETFD_X)
{
	put_s64(e, ret);                                   /* 1 fd */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 pid_fd */
	put_s64(e, fd_arg(ctx, 1));                        /* 3 target_fd */
	put_u32(e, arg(ctx, 2));                           /* 4 flags */
}

JUDGED_EXIT(userfaultfd, SYSCALL_USERFAULTFD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, new_fd_flags(arg(ctx, 0)));             /* 2 flags */
}

JUDGED_EXIT(bpf, SYSCALL_BPF_2_X)
{
	put_s64(e, ret);                                   /* 1 fd */
	put_s32(e, arg(ctx, 0));                           /* 2 cmd */
}
