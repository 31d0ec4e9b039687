/* Calls by which processes wait for each other, and what a process keeps in the kernel: semaphores, futexes, keys. */
#include "call.bpf.h"
#include "flags.bpf.h"

struct semaphore_step {
	u16 number;
	s16 change;
	u16 flags;
};

inline_always u16 semaphore_flags(u16 f)
{
	return MAP_BITS(f, 04000, 1) | MAP_BITS(f, 0x1000, 2); /* NOWAIT, UNDO */
}

CALL_EXIT(semop, SYSCALL_SEMOP_X)
{
	struct semaphore_step steps[2] = {};
	u32 n = arg(ctx, 2);
	/* The first two, of calls that worked. */
	if (ret == 0 && n)
		bpf_probe_read_user(steps, n == 1 ? sizeof(steps[0]) : sizeof(steps), (void *)arg(ctx, 1));
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, n);                                     /* 2 nsops */
	put_u16(e, steps[0].number);                       /* 3 sem_num_0 */
	put_s16(e, steps[0].change);                       /* 4 sem_op_0 */
	put_u16(e, semaphore_flags(steps[0].flags));       /* 5 sem_flg_0 */
	put_u16(e, steps[1].number);                       /* 6 sem_num_1 */
	put_s16(e, steps[1].change);                       /* 7 sem_op_1 */
	put_u16(e, semaphore_flags(steps[1].flags));       /* 8 sem_flg_1 */
	put_s32(e, arg(ctx, 0));                           /* 9 semid */
}

CALL_EXIT(semget, SYSCALL_SEMGET_X)
{
	u64 flags = arg(ctx, 2);
	put_s64(e, ret);                                   /* 1 res */
	put_s32(e, arg(ctx, 0));                           /* 2 key */
	put_s32(e, arg(ctx, 1));                           /* 3 nsems */
	put_u32(e, MAP_BITS(flags, 01000, 1 << 13) | MAP_BITS(flags, 02000, 1 << 14)); /* 4 semflg: CREAT, EXCL */
}

#define SEM_SETVAL 16

inline_always u16 semaphore_command(u16 n)
{
	switch (n) {
	case 0: /* RMID */
		return 1 << 2;
	case 1: /* SET */
		return 1 << 1;
	case 2: /* STAT */
		return 1 << 0;
	case 3: /* INFO */
		return 1 << 3;
	case 11: /* GETPID */
		return 1 << 8;
	case 12: /* GETVAL */
		return 1 << 9;
	case 13: /* GETALL */
		return 1 << 6;
	case 14: /* GETNCNT */
		return 1 << 7;
	case 15: /* GETZCNT */
		return 1 << 10;
	case SEM_SETVAL:
		return 1 << 12;
	case 17: /* SETALL */
		return 1 << 11;
	case 18: /* SEM_STAT */
		return 1 << 5;
	case 19: /* SEM_INFO */
		return 1 << 4;
	default:
		return 0;
	}
}

CALL_EXIT(semctl, SYSCALL_SEMCTL_X)
{
	u16 command = arg(ctx, 2);
	put_s64(e, ret);                                   /* 1 res */
	put_s32(e, arg(ctx, 0));                           /* 2 semid */
	put_s32(e, arg(ctx, 1));                           /* 3 semnum */
	put_u16(e, semaphore_command(command));            /* 4 cmd */
	put_s32(e, command == SEM_SETVAL ? arg(ctx, 3) : 0); /* 5 val */
}

CALL_EXIT(futex, SYSCALL_FUTEX_X)
{
	u32 op = arg(ctx, 1), what = op & 0x7f;
	put_s64(e, ret);                                   /* 1 res */
	put_u64(e, arg(ctx, 0));                           /* 2 addr */
	put_u16(e, (what <= 12 ? what : 0) | (op & 0x180)); /* 3 op: the same numbers; PRIVATE, CLOCK_REALTIME */
	put_u64(e, arg(ctx, 2));                           /* 4 val */
}

enum key_kind {
	KEY_NUMBER,
	KEY_TEXT,
};

/* What the four arguments of an operation on keys are: how many mean something, and which of them are texts. */
struct key_operation {
	u8 used, texts;
};

inline_always struct key_operation key_operation(u32 n)
{
	switch (n) {
	case 1: /* JOIN_SESSION_KEYRING */
		return (struct key_operation){1, 1 << 0};
	case 3: /* REVOKE */
	case 7: /* CLEAR */
	case 14: /* SET_REQKEY_KEYRING */
	case 16: /* ASSUME_AUTHORITY */
	case 21: /* INVALIDATE */
		return (struct key_operation){1};
	case 0: /* GET_KEYRING_ID */
	case 5: /* SETPERM */
	case 8 ... 9: /* LINK, UNLINK */
	case 15: /* SET_TIMEOUT */
	case 22: /* GET_PERSISTENT */
	case 31: /* CAPABILITIES */
		return (struct key_operation){2};
	case 2: /* UPDATE */
	case 4: /* CHOWN */
	case 6: /* DESCRIBE */
	case 11: /* READ */
	case 13: /* NEGATE */
	case 17: /* GET_SECURITY */
	case 32: /* WATCH_KEY */
		return (struct key_operation){3};
	case 24: /* PKEY_QUERY */
		return (struct key_operation){3, 1 << 2};
	case 29: /* RESTRICT_KEYRING */
		return (struct key_operation){3, 1 << 1 | 1 << 2};
	case 10: /* SEARCH */
		return (struct key_operation){4, 1 << 1 | 1 << 2};
	case 25 ... 28: /* PKEY_ENCRYPT, DECRYPT, SIGN, VERIFY */
		return (struct key_operation){4, 1 << 1};
	case 12: /* INSTANTIATE */
	case 19 ... 20: /* REJECT, INSTANTIATE_IOV */
	case 23: /* DH_COMPUTE */
	case 30: /* MOVE */
		return (struct key_operation){4};
	default: /* SESSION_TO_PARENT, and those that events do not name */
		return (struct key_operation){};
	}
}

inline_always void put_key_argument(struct event *e, struct key_operation operation, u32 n, u64 value)
{
	if (operation.texts & 1 << n) {
		u32 start = e->at;
		add_u8(e, KEY_TEXT);
		long len = value ? bpf_probe_read_user_str(room(e), MAX_PATH, (void *)value) : 0;
		if (len > 0)
			e->at += (u16)len;
		length(e, e->at - start);
	} else {
		add_u8(e, KEY_NUMBER);
		add_u64(e, n < operation.used ? value : 0);
		length(e, 9);
	}
}

CALL_EXIT(keyctl, SYSCALL_KEYCTL_X)
{
	struct key_operation operation = key_operation(arg(ctx, 0));
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, arg(ctx, 0));                           /* 2 operation: the same numbers */
	put_key_argument(e, operation, 0, arg(ctx, 1));    /* 3 arg2 */
	put_key_argument(e, operation, 1, arg(ctx, 2));    /* 4 arg3 */
	put_key_argument(e, operation, 2, arg(ctx, 3));    /* 5 arg4 */
	put_key_argument(e, operation, 3, arg(ctx, 4));    /* 6 arg5 */
}
