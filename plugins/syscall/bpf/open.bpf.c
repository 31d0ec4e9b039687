/* open, creat, openat, openat2, open_by_handle_at. The path is read at entry as well: the program could change it before the exit,
 * and the entry tells what the kernel was asked for. */
#include "file.bpf.h"

CALL_ENTER(open, SYSCALL_OPEN_E)
{
	put_user_text(e, arg(ctx, 0));                     /* 1 name */
	put_u32(e, file_flags(arg(ctx, 1)));               /* 2 flags */
	put_u32(e, open_mode(arg(ctx, 1), arg(ctx, 2)));   /* 3 mode */
}

JUDGED_EXIT(open, SYSCALL_OPEN_X)
{
	struct opened o = opened_file(ret);
	put_s64(e, ret);                                   /* 1 fd */
	put_user_text(e, arg(ctx, 0));                     /* 2 name */
	put_u32(e, file_flags(arg(ctx, 1)) | o.flags);     /* 3 flags */
	put_u32(e, open_mode(arg(ctx, 1), arg(ctx, 2)));   /* 4 mode */
	put_u32(e, o.dev);                                 /* 5 dev */
	put_u64(e, o.ino);                                 /* 6 ino */
}

CALL_ENTER(creat, SYSCALL_CREAT_E)
{
	put_user_text(e, arg(ctx, 0));                     /* 1 name */
	put_u32(e, mode_bits(arg(ctx, 1)));                /* 2 mode */
}

JUDGED_EXIT(creat, SYSCALL_CREAT_X)
{
	struct opened o = opened_file(ret);
	put_s64(e, ret);                                   /* 1 fd */
	put_user_text(e, arg(ctx, 0));                     /* 2 name */
	put_u32(e, mode_bits(arg(ctx, 1)));                /* 3 mode */
	put_u32(e, o.dev);                                 /* 4 dev */
	put_u64(e, o.ino);                                 /* 5 ino */
	u16 layer = o.flags & FILE_UPPER_LAYER ? 1 : 0;
	put_u16(e, o.flags & FILE_LOWER_LAYER ? 2 : layer); /* 6 creat_flags */
}

CALL_ENTER(openat, SYSCALL_OPENAT_2_E)
{
	put_s64(e, fd_arg(ctx, 0));                        /* 1 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 2 name */
	put_u32(e, file_flags(arg(ctx, 2)));               /* 3 flags */
	put_u32(e, open_mode(arg(ctx, 2), arg(ctx, 3)));   /* 4 mode */
}

JUDGED_EXIT(openat, SYSCALL_OPENAT_2_X)
{
	struct opened o = opened_file(ret);
	put_s64(e, ret);                                   /* 1 fd */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 name */
	put_u32(e, file_flags(arg(ctx, 2)) | o.flags);     /* 4 flags */
	put_u32(e, open_mode(arg(ctx, 2), arg(ctx, 3)));   /* 5 mode */
	put_u32(e, o.dev);                                 /* 6 dev */
	put_u64(e, o.ino);                                 /* 7 ino */
}

inline_always struct open_how how_of(u64 from)
{
	struct open_how how = {};
	bpf_probe_read_user(&how, sizeof(how), (void *)from);
	return how;
}

CALL_ENTER(openat2, SYSCALL_OPENAT2_E)
{
	struct open_how how = how_of(arg(ctx, 2));
	put_s64(e, fd_arg(ctx, 0));                        /* 1 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 2 name */
	put_u32(e, file_flags(how.flags));                 /* 3 flags */
	put_u32(e, open_mode(how.flags, how.mode));        /* 4 mode */
	put_u32(e, resolve_flags(how.resolve));            /* 5 resolve */
}

JUDGED_EXIT(openat2, SYSCALL_OPENAT2_X)
{
	struct open_how how = how_of(arg(ctx, 2));
	struct opened o = opened_file(ret);
	put_s64(e, ret);                                   /* 1 fd */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 name */
	put_u32(e, file_flags(how.flags) | o.flags);       /* 4 flags */
	put_u32(e, open_mode(how.flags, how.mode));        /* 5 mode */
	put_u32(e, resolve_flags(how.resolve));            /* 6 resolve */
	put_u32(e, o.dev);                                 /* 7 dev */
	put_u64(e, o.ino);                                 /* 8 ino */
}

JUDGED_EXIT(open_by_handle_at, SYSCALL_OPEN_BY_HANDLE_AT_X)
{
	struct opened o = opened_file(ret);
	put_s64(e, ret);                                   /* 1 fd */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 mountfd */
	put_u32(e, file_flags(arg(ctx, 2)) | o.flags);     /* 3 flags */
	put_path(e, file_of(ret));                         /* 4 path */
	put_u32(e, o.dev);                                 /* 5 dev */
	put_u64(e, o.ino);                                 /* 6 ino */
}
