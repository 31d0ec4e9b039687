/* open, creat, openat, openat2, open_by_handle_at. The path is read at entry as well: the program could change it before the exit,
 * and the entry tells what the kernel was asked for. */
#include "file.bpf.h"

/* Where an event has a path: the number of the parameter, and the place of its bytes. */
struct path_at {
	u32 param, at;
};
#define PATH_AT(params, param, before) ((struct path_at){param, HEADER + 2 * (params) + (before)})

/* Whether the entry that waits tells the path that the exit tells. What else it tells is not in the program's memory. */
inline_always bool same_path(const struct held *held, struct path_at then, const struct event *e, struct path_at now)
{
	const u8 *old = held->bytes, *new = e->to->bytes;
	u32 len = *(u16 *)(old + HEADER + 2 * then.param);
	if (len != *(u16 *)(new + HEADER + 2 * now.param) || len > sizeof(held->bytes) - then.at - 8)
		return false;
	for (u32 at = 0; at < sizeof(held->bytes) - 64; at += 8) {
		if (at >= len)
			return true;
		u64 differ = *(u64 *)(old + then.at + at) ^ *(u64 *)(new + now.at + at);
		if (len - at < 8)
			differ <<= 64 - 8 * (len - at);
		if (differ)
			return false;
	}
	return false;
}

/* Ends the exit of an open. If the program has changed the path meanwhile, what was told at the entry comes first. */
inline_always int send_opened(struct event *e, struct path_at then, struct path_at now)
{
	const struct call *call = &e->to->call;
	struct held *held = call->waits ? held_for(call->sc) : NULL;
	if (held) {
		if (!then.at || !same_path(held, then, e, now))
			release(held, e);
		held->sc = 0;
	}
	return send_judged(e, call->ring, call->ret);
}

#define OPEN_EXIT(call_name, name, then, now) EXIT_ENDING(call_name, name, send_opened(&e, then, now))

CALL_ENTER(open, SYSCALL_OPEN_E)
{
	put_user_text(e, arg(ctx, 0));                     /* 1 name */
	put_u32(e, file_flags(arg(ctx, 1)));               /* 2 flags */
	put_u32(e, open_mode(arg(ctx, 1), arg(ctx, 2)));   /* 3 mode */
}

OPEN_EXIT(open, SYSCALL_OPEN_X, PATH_AT(3, 0, 0), PATH_AT(6, 1, 8))
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

OPEN_EXIT(creat, SYSCALL_CREAT_X, PATH_AT(2, 0, 0), PATH_AT(6, 1, 8))
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

OPEN_EXIT(openat, SYSCALL_OPENAT_2_X, PATH_AT(4, 1, 8), PATH_AT(7, 2, 16))
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

/* All that it asks for is in the program's memory. */
OPEN_EXIT(openat2, SYSCALL_OPENAT2_X, (struct path_at){}, (struct path_at){})
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
