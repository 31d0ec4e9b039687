/* Options of sockets. */
#include "call.bpf.h"

#define SOL_SOCKET 1
#define SOL_TCP 6

/* How the value of an option is written. */
enum option_kind {
	OPTION_BYTES,
	OPTION_ERROR,
	OPTION_U32,
	OPTION_U64,
	OPTION_TIME,
};

#define SO_ERROR 4
#define SO_RCVTIMEO_OLD 20
#define SO_SNDTIMEO_OLD 21
#define SO_COOKIE 57
#define SO_RCVTIMEO_NEW 66
#define SO_SNDTIMEO_NEW 67

inline_always u8 option_level(s32 level)
{
	return level == SOL_SOCKET ? 1 : level == SOL_TCP ? 2 : 0;
}

inline_always u8 option_name(s32 level, s32 name)
{
	if (level != SOL_SOCKET)
		return 0;
	switch (name) {
	case 1 ... 50: /* DEBUG to ATTACH_BPF: the same numbers */
		return name;
	case 55: /* MEMINFO */
		return 52;
	case SO_COOKIE:
		return 53;
	case 59: /* PEERGROUPS */
		return 51;
	case SO_RCVTIMEO_NEW ... SO_SNDTIMEO_NEW:
		return name - SO_RCVTIMEO_NEW + SO_RCVTIMEO_OLD;
	default:
		return 0;
	}
}

inline_always enum option_kind option_kind(s32 level, s32 name)
{
	if (level != SOL_SOCKET)
		return OPTION_BYTES;
	switch (name) {
	case SO_ERROR:
		return OPTION_ERROR;
	case SO_RCVTIMEO_OLD ... SO_SNDTIMEO_OLD:
	case SO_RCVTIMEO_NEW ... SO_SNDTIMEO_NEW:
		return OPTION_TIME;
	case SO_COOKIE:
		return OPTION_U64;
	case 13: /* LINGER */
	case 17: /* PEERCRED */
	case 26: /* ATTACH_FILTER */
	case 28: /* PEERNAME */
		return OPTION_BYTES;
	case 1 ... 3:
	case 5 ... 12:
	case 14 ... 16:
	case 18 ... 19:
	case 22 ... 25:
	case 27:
	case 29 ... 49:
		return OPTION_U32;
	default:
		return OPTION_BYTES;
	}
}

/* A `struct timeval` in ns. */
inline_always u64 user_timeval(const struct call *ctx, s32 name, u64 from)
{
	s64 wide[2] = {};
	s32 narrow[2] = {};
	if (ctx->narrow && name <= SO_SNDTIMEO_OLD) {
		bpf_probe_read_user(narrow, sizeof(narrow), (void *)from);
		wide[0] = narrow[0];
		wide[1] = narrow[1];
	} else {
		bpf_probe_read_user(wide, sizeof(wide), (void *)from);
	}
	return (u64)wide[0] * 1000000000ull + (u64)wide[1] * 1000;
}

/* Parameters 2 to 6 of both kinds. */
inline_always void put_option(struct event *e, const struct call *ctx, u32 len)
{
	s32 level = arg(ctx, 1), name = arg(ctx, 2), number = 0;
	u64 value = arg(ctx, 3), wide = 0;
	u32 start;
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u8(e, option_level(level));                    /* 3 level */
	put_u8(e, option_name(level, name));               /* 4 optname */
	start = e->at;
	enum option_kind kind = option_kind(level, name);
	add_u8(e, kind);
	switch (kind) {
	case OPTION_ERROR:
		bpf_probe_read_user(&number, sizeof(number), (void *)value);
		add_s64(e, -(s64)number);
		break;
	case OPTION_U32:
		bpf_probe_read_user(&number, sizeof(number), (void *)value);
		add_u32(e, number);
		break;
	case OPTION_U64:
		bpf_probe_read_user(&wide, sizeof(wide), (void *)value);
		add_u64(e, wide);
		break;
	case OPTION_TIME:
		add_u64(e, user_timeval(ctx, name, value));
		break;
	case OPTION_BYTES:
		add_user_bytes(e, value, len & MAX_EVENT);
		break;
	}
	length(e, e->at - start);                          /* 5 val */
	put_u32(e, len);                                   /* 6 optlen */
}

CALL_EXIT(setsockopt, SOCKET_SETSOCKOPT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_option(e, ctx, (u16)arg(ctx, 4));
}

/* Of a call that failed the option is what the program passed. */
CALL_EXIT(getsockopt, SOCKET_GETSOCKOPT_X)
{
	u32 len = 0;
	bpf_probe_read_user(&len, sizeof(len), (void *)arg(ctx, 4));
	put_s64(e, ret);                                   /* 1 res */
	put_option(e, ctx, len);
}
