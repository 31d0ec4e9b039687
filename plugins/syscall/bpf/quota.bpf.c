/* quotactl: one call, many commands, each with its own kind of data. */
#include "call.bpf.h"

/* Commands as events number them. */
enum quota_command {
	QUOTA_ON = 1 << 0,
	QUOTA_OFF = 1 << 1,
	QUOTA_GETFMT = 1 << 2,
	QUOTA_GETINFO = 1 << 3,
	QUOTA_SETINFO = 1 << 4,
	QUOTA_GET = 1 << 5,
	QUOTA_SET = 1 << 6,
	QUOTA_SYNC = 1 << 7,
	QUOTA_XGET = 1 << 10,
	QUOTA_XSETLIMIT = 1 << 11,
};

inline_always u16 quota_command(u32 n)
{
	switch (n) {
	case 0x800001:
		return QUOTA_SYNC;
	case 0x800002 ... 0x800008: /* QUOTAON to SETQUOTA */
		return QUOTA_ON << (n - 0x800002);
	case 0x5801 ... 0x5807: /* XQUOTAON to XQUOTASYNC */
		return 1 << 8 << (n - 0x5801);
	default:
		return 0;
	}
}

#define FORMAT_NONE 1

inline_always u8 quota_format(u32 n)
{
	switch (n) {
	case 1: /* VFS_OLD */
		return 2;
	case 2: /* VFS_V0 */
		return 4;
	case 4: /* VFS_V1 */
		return 8;
	default:
		return FORMAT_NONE;
	}
}

/* What a user or group may use and does. */
struct quota {
	u64 blocks_hard, blocks_soft, space, inodes_hard, inodes_soft, inodes, blocks_time, inodes_time;
	u32 valid;
};

/* For how long the soft limits may be passed. */
struct quota_info {
	u64 blocks_grace, inodes_grace;
	u32 flags, valid;
};

inline_always u64 if_valid(u32 valid, u32 which, u64 value)
{
	return valid & which ? value : 0;
}

CALL_EXIT(quotactl, SYSCALL_QUOTACTL_X)
{
	u32 cmd = arg(ctx, 0), id = arg(ctx, 2), format = 0, kind = cmd & 0xff;
	u16 command = quota_command(cmd >> 8);
	u64 data = arg(ctx, 3);
	struct quota q = {};
	struct quota_info info = {};
	if (command == QUOTA_GET || command == QUOTA_SET)
		bpf_probe_read_user(&q, sizeof(q), (void *)data);
	if (command == QUOTA_GETINFO || command == QUOTA_SETINFO)
		bpf_probe_read_user(&info, sizeof(info), (void *)data);
	if (command == QUOTA_GETFMT)
		bpf_probe_read_user(&format, sizeof(format), (void *)data);
	bool has_id = command & (QUOTA_GET | QUOTA_SET | QUOTA_XGET | QUOTA_XSETLIMIT);
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 1));                     /* 2 special */
	if (command == QUOTA_ON)
		put_user_text(e, data);                    /* 3 quotafilepath */
	else
		put_empty(e);
	put_u64(e, if_valid(q.valid, 1, q.blocks_hard));   /* 4 dqb_bhardlimit */
	put_u64(e, if_valid(q.valid, 1, q.blocks_soft));   /* 5 dqb_bsoftlimit */
	put_u64(e, if_valid(q.valid, 2, q.space));         /* 6 dqb_curspace */
	put_u64(e, if_valid(q.valid, 4, q.inodes_hard));   /* 7 dqb_ihardlimit */
	put_u64(e, if_valid(q.valid, 4, q.inodes_soft));   /* 8 dqb_isoftlimit */
	put_u64(e, if_valid(q.valid, 16, q.blocks_time));  /* 9 dqb_btime */
	put_u64(e, if_valid(q.valid, 32, q.inodes_time));  /* 10 dqb_itime */
	put_u64(e, if_valid(info.valid, 1, info.blocks_grace)); /* 11 dqi_bgrace */
	put_u64(e, if_valid(info.valid, 2, info.inodes_grace)); /* 12 dqi_igrace */
	put_u8(e, if_valid(info.valid, 4, info.flags));    /* 13 dqi_flags: the same numbers */
	put_u8(e, command == QUOTA_GETFMT ? quota_format(format) : FORMAT_NONE); /* 14 quota_fmt_out */
	put_u16(e, command);                               /* 15 cmd */
	put_u8(e, kind < 2 ? kind + 1 : 0);                /* 16 type: USRQUOTA, GRPQUOTA */
	put_u32(e, has_id ? id : 0);                       /* 17 id */
	put_u8(e, command == QUOTA_ON ? quota_format(id) : FORMAT_NONE); /* 18 quota_fmt */
}
