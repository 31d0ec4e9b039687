/* Calls about processes: who they are, what they may, what they do to each other. */
#include "task.bpf.h"

#define RESULT_EXIT(call, name)                                 \
	CALL_EXIT(call, name)                                   \
	{                                                       \
		put_s64(e, ret); /* 1 res */                    \
	}
RESULT_EXIT(setsid, SYSCALL_SETSID_X)
RESULT_EXIT(select, SYSCALL_SELECT_X)
RESULT_EXIT(munlockall, SYSCALL_MUNLOCKALL_X)

/* The result is an id. */
#define ID_EXIT(call, name)                                     \
	CALL_EXIT(call, name)                                   \
	{                                                       \
		put_u32(e, ret); /* 1 id */                     \
	}
ID_EXIT(getuid, SYSCALL_GETUID_X)
ID_EXIT(geteuid, SYSCALL_GETEUID_X)
ID_EXIT(getgid, SYSCALL_GETGID_X)
ID_EXIT(getegid, SYSCALL_GETEGID_X)

#define SET_ID_EXIT(call, name)                        \
	CALL_EXIT(call, name)                          \
	{                                              \
		put_s64(e, ret);         /* 1 res */   \
		put_u32(e, id_arg(ctx, 0)); /* 2 id */ \
	}
SET_ID_EXIT(setuid, SYSCALL_SETUID_X)
SET_ID_EXIT(setgid, SYSCALL_SETGID_X)

#define SET_TWO_IDS_EXIT(call, name)                          \
	CALL_EXIT(call, name)                                 \
	{                                                     \
		put_s64(e, ret);         /* 1 res */          \
		put_u32(e, id_arg(ctx, 0)); /* 2 real */      \
		put_u32(e, id_arg(ctx, 1)); /* 3 effective */ \
	}
SET_TWO_IDS_EXIT(setreuid, SYSCALL_SETREUID_X)
SET_TWO_IDS_EXIT(setregid, SYSCALL_SETREGID_X)

#define SET_THREE_IDS_EXIT(call, name)                        \
	CALL_EXIT(call, name)                                 \
	{                                                     \
		put_s64(e, ret);         /* 1 res */          \
		put_u32(e, id_arg(ctx, 0)); /* 2 real */      \
		put_u32(e, id_arg(ctx, 1)); /* 3 effective */ \
		put_u32(e, id_arg(ctx, 2)); /* 4 saved */     \
	}
SET_THREE_IDS_EXIT(setresuid, SYSCALL_SETRESUID_X)
SET_THREE_IDS_EXIT(setresgid, SYSCALL_SETRESGID_X)

inline_always u32 user_u32(u64 from)
{
	u32 value = 0;
	bpf_probe_read_user(&value, sizeof(value), (void *)from);
	return value;
}

inline_always u32 user_id(const struct call *ctx, u64 from)
{
	u32 id = user_u32(from);
	return ctx->narrow && ctx->nr < NR_IA32_WIDE_IDS ? (u16)id : id;
}

#define GET_THREE_IDS_EXIT(call, name)                                   \
	CALL_EXIT(call, name)                                            \
	{                                                                \
		put_s64(e, ret);                   /* 1 res */           \
		put_u32(e, user_id(ctx, arg(ctx, 0))); /* 2 real */      \
		put_u32(e, user_id(ctx, arg(ctx, 1))); /* 3 effective */ \
		put_u32(e, user_id(ctx, arg(ctx, 2))); /* 4 saved */     \
	}
GET_THREE_IDS_EXIT(getresuid, SYSCALL_GETRESUID_X)
GET_THREE_IDS_EXIT(getresgid, SYSCALL_GETRESGID_X)

CALL_EXIT(setpgid, SYSCALL_SETPGID_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 pid */
	put_s64(e, fd_arg(ctx, 1));                        /* 3 pgid */
}

CALL_EXIT(capset, SYSCALL_CAPSET_X)
{
	struct cred *cred = get(current(), cred);
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, get(cred, cap_inheritable.val));        /* 2 cap_inheritable */
	put_u64(e, get(cred, cap_permitted.val));          /* 3 cap_permitted */
	put_u64(e, get(cred, cap_effective.val));          /* 4 cap_effective */
}

#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_CHILD_SUBREAPER 37

CALL_EXIT(prctl, SYSCALL_PRCTL_X)
{
	u32 option = arg(ctx, 0);
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, option);                                /* 2 option */
	if (option == PR_SET_NAME || option == PR_GET_NAME) {
		put_user_text(e, arg(ctx, 1));             /* 3 arg2_str */
		put_s64(e, 0);                             /* 4 arg2_int */
	} else {
		put_empty(e);
		put_s64(e, option == PR_GET_CHILD_SUBREAPER ? (s32)user_u32(arg(ctx, 1)) : arg(ctx, 1));
	}
}

CALL_EXIT(kill, SYSCALL_KILL_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 pid */
	put_u8(e, arg(ctx, 1));                            /* 3 sig */
}

CALL_EXIT(tkill, SYSCALL_TKILL_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 tid */
	put_u8(e, arg(ctx, 1));                            /* 3 sig */
}

CALL_EXIT(tgkill, SYSCALL_TGKILL_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 pid */
	put_s64(e, fd_arg(ctx, 1));                        /* 3 tid */
	put_u8(e, arg(ctx, 2));                            /* 4 sig */
}

JUDGED_EXIT(unshare, SYSCALL_UNSHARE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, clone_flags((u32)arg(ctx, 0)));         /* 2 flags */
}

JUDGED_EXIT(setns, SYSCALL_SETNS_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(e, clone_flags((u32)arg(ctx, 1)));         /* 3 nstype */
}

CALL_EXIT(seccomp, SYSCALL_SECCOMP_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, (u32)arg(ctx, 0));                      /* 2 op */
	put_u64(e, (u32)arg(ctx, 1));                      /* 3 flags */
}

struct limit {
	s64 soft, hard;
};

inline_always struct limit user_limit(u64 from, bool there)
{
	struct limit limit;
	if (!there || !from || bpf_probe_read_user(&limit, sizeof(limit), (void *)from))
		limit = (struct limit){-1, -1};
	return limit;
}

/* Of the calls whose limits are as long as the program's `long`. */
inline_always struct limit user_long_limit(const struct call *ctx, u64 from, bool there)
{
	struct {
		u32 soft, hard; /* all bits set: none, at any length */
	} narrow;
	if (!ctx->narrow)
		return user_limit(from, there);
	if (!there || !from || bpf_probe_read_user(&narrow, sizeof(narrow), (void *)from))
		return (struct limit){-1, -1};
	return (struct limit){narrow.soft == -1u ? -1ll : narrow.soft, narrow.hard == -1u ? -1ll : narrow.hard};
}

inline_always u8 resource(u32 n)
{
	return n < 16 ? n : 0xff;
}

#define GET_LIMIT_EXIT(call, name)                                                       \
	CALL_EXIT(call, name)                                                            \
	{                                                                                \
		struct limit limit = user_long_limit(ctx, arg(ctx, 1), ret == 0);        \
		put_s64(e, ret);                  /* 1 res */                            \
		put_s64(e, limit.soft);           /* 2 cur */                            \
		put_s64(e, limit.hard);           /* 3 max */                            \
		put_u8(e, resource(arg(ctx, 0))); /* 4 resource */                       \
	}
GET_LIMIT_EXIT(getrlimit, SYSCALL_GETRLIMIT_X)
/* What 32-bit programs use instead: the old call knows no limit above 2 GiB. */
GET_LIMIT_EXIT(ugetrlimit, SYSCALL_GETRLIMIT_X)

CALL_EXIT(setrlimit, SYSCALL_SETRLIMIT_X)
{
	struct limit limit = user_long_limit(ctx, arg(ctx, 1), true);
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, limit.soft);                            /* 2 cur */
	put_s64(e, limit.hard);                            /* 3 max */
	put_u8(e, resource(arg(ctx, 0)));                  /* 4 resource */
}

CALL_EXIT(prlimit64, SYSCALL_PRLIMIT_X)
{
	struct limit now = user_limit(arg(ctx, 2), true), before = user_limit(arg(ctx, 3), ret == 0);
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, now.soft);                              /* 2 newcur */
	put_s64(e, now.hard);                              /* 3 newmax */
	put_s64(e, before.soft);                           /* 4 oldcur */
	put_s64(e, before.hard);                           /* 5 oldmax */
	put_s64(e, fd_arg(ctx, 0));                        /* 6 pid */
	put_u8(e, resource(arg(ctx, 1)));                  /* 7 resource */
}

JUDGED_EXIT(init_module, SYSCALL_INIT_MODULE_X)
{
	u64 len = arg(ctx, 1);
	put_s64(e, ret);                                   /* 1 res */
	put_user_bytes(e, arg(ctx, 0), len < snaplen ? len : snaplen); /* 2 img */
	put_u64(e, len);                                   /* 3 length */
	put_user_text(e, arg(ctx, 2));                     /* 4 uargs */
}

JUDGED_EXIT(finit_module, SYSCALL_FINIT_MODULE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_user_text(e, arg(ctx, 1));                     /* 3 uargs */
	put_u32(e, arg(ctx, 2) & 7);                       /* 4 flags: the same numbers */
}

CALL_EXIT(delete_module, SYSCALL_DELETE_MODULE_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 name */
	put_u32(e, MAP_BITS(arg(ctx, 1), 04000, 2) | MAP_BITS(arg(ctx, 1), 01000, 1)); /* 3 flags: NONBLOCK, TRUNC */
}
