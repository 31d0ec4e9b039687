/* Calls about files by their names. */
#include "file.bpf.h"

/* The result and one path. */
#define PATH_EXIT(call, name)                                   \
	CALL_EXIT(call, name)                                   \
	{                                                       \
		put_s64(e, ret);               /* 1 res */      \
		put_user_text(e, arg(ctx, 0)); /* 2 path */     \
	}
PATH_EXIT(unlink, SYSCALL_UNLINK_2_X)
PATH_EXIT(rmdir, SYSCALL_RMDIR_2_X)
PATH_EXIT(chdir, SYSCALL_CHDIR_X)
PATH_EXIT(chroot, SYSCALL_CHROOT_X)
PATH_EXIT(umount, SYSCALL_UMOUNT_1_X)
PATH_EXIT(stat, SYSCALL_STAT_X)
PATH_EXIT(lstat, SYSCALL_LSTAT_X)

/* The result and two paths. */
#define TWO_PATHS_EXIT(call, name)                              \
	CALL_EXIT(call, name)                                   \
	{                                                       \
		put_s64(e, ret);               /* 1 res */      \
		put_user_text(e, arg(ctx, 0)); /* 2 old */      \
		put_user_text(e, arg(ctx, 1)); /* 3 new */      \
	}
TWO_PATHS_EXIT(rename, SYSCALL_RENAME_X)
TWO_PATHS_EXIT(link, SYSCALL_LINK_2_X)
TWO_PATHS_EXIT(symlink, SYSCALL_SYMLINK_X)

/* Two paths, each relative to a descriptor. */
inline_always void put_two_at(struct event *e, const struct call *ctx, s64 ret)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 olddirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 oldpath */
	put_s64(e, fd_arg(ctx, 2));                        /* 4 newdirfd */
	put_user_text(e, arg(ctx, 3));                     /* 5 newpath */
}

CALL_EXIT(renameat, SYSCALL_RENAMEAT_X)
{
	put_two_at(e, ctx, ret);
}

CALL_EXIT(renameat2, SYSCALL_RENAMEAT2_X)
{
	put_two_at(e, ctx, ret);
	put_u32(e, arg(ctx, 4));                           /* 6 flags: the same numbers */
}

CALL_EXIT(linkat, SYSCALL_LINKAT_2_X)
{
	put_two_at(e, ctx, ret);
	put_u32(e, arg(ctx, 4) & 0x1400);                  /* 6 flags: SYMLINK_FOLLOW, EMPTY_PATH */
}

CALL_EXIT(symlinkat, SYSCALL_SYMLINKAT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 target */
	put_s64(e, fd_arg(ctx, 1));                        /* 3 linkdirfd */
	put_user_text(e, arg(ctx, 2));                     /* 4 linkpath */
}

CALL_EXIT(unlinkat, SYSCALL_UNLINKAT_2_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 name */
	put_u32(e, arg(ctx, 2) & 0x200);                   /* 4 flags: REMOVEDIR */
}

CALL_EXIT(mkdir, SYSCALL_MKDIR_2_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 path */
	put_u32(e, arg(ctx, 1));                           /* 3 mode: as it is */
}

CALL_EXIT(mkdirat, SYSCALL_MKDIRAT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 path */
	put_u32(e, arg(ctx, 2));                           /* 4 mode: as it is */
}

/* Kind and permissions of a new node; no kind means a plain file. */
inline_always u32 node_mode(u32 mode)
{
	return mode & 0170000 ? mode & 0177777 : mode_bits(mode) | 0100000;
}

CALL_EXIT(mknod, SYSCALL_MKNOD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 path */
	put_u32(e, node_mode(arg(ctx, 1)));                /* 3 mode */
	put_u32(e, arg(ctx, 2));                           /* 4 dev */
}

CALL_EXIT(mknodat, SYSCALL_MKNODAT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 path */
	put_u32(e, node_mode(arg(ctx, 2)));                /* 4 mode */
	put_u32(e, arg(ctx, 3));                           /* 5 dev */
}

CALL_EXIT(chmod, SYSCALL_CHMOD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 filename */
	put_u32(e, mode_bits(arg(ctx, 1)));                /* 3 mode */
}

CALL_EXIT(fchmod, SYSCALL_FCHMOD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(e, mode_bits(arg(ctx, 1)));                /* 3 mode */
}

CALL_EXIT(fchmodat, SYSCALL_FCHMODAT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 filename */
	put_u32(e, mode_bits(arg(ctx, 2)));                /* 4 mode */
}

#define CHOWN_EXIT(call, name)                                \
	CALL_EXIT(call, name)                                 \
	{                                                     \
		put_s64(e, ret);               /* 1 res */    \
		put_user_text(e, arg(ctx, 0)); /* 2 path */   \
		put_u32(e, id_arg(ctx, 1));       /* 3 uid */ \
		put_u32(e, id_arg(ctx, 2));       /* 4 gid */ \
	}
CHOWN_EXIT(chown, SYSCALL_CHOWN_X)
CHOWN_EXIT(lchown, SYSCALL_LCHOWN_X)

CALL_EXIT(fchown, SYSCALL_FCHOWN_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(e, id_arg(ctx, 1));                        /* 3 uid */
	put_u32(e, id_arg(ctx, 2));                        /* 4 gid */
}

CALL_EXIT(fchownat, SYSCALL_FCHOWNAT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 pathname */
	put_u32(e, arg(ctx, 2));                           /* 4 uid */
	put_u32(e, arg(ctx, 3));                           /* 5 gid */
	put_u32(e, arg(ctx, 4) & 0x1400);                  /* 6 flags: SYMLINK_FOLLOW, EMPTY_PATH */
}

CALL_EXIT(access, SYSCALL_ACCESS_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 name */
	put_u32(e, arg(ctx, 1) & 7);                       /* 3 mode */
}

CALL_EXIT(newfstatat, SYSCALL_NEWFSTATAT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 dirfd */
	put_user_text(e, arg(ctx, 1));                     /* 3 path */
	put_u32(e, arg(ctx, 3) & 0x1900);                  /* 4 flags: SYMLINK_NOFOLLOW, NO_AUTOMOUNT, EMPTY_PATH */
}

#define FD_EXIT(call, name)                                     \
	CALL_EXIT(call, name)                                   \
	{                                                       \
		put_s64(e, ret);               /* 1 res */      \
		put_s64(e, fd_arg(ctx, 0));    /* 2 fd */       \
	}
FD_EXIT(fchdir, SYSCALL_FCHDIR_X)
FD_EXIT(fstat, SYSCALL_FSTAT_X)
FD_EXIT(getdents, SYSCALL_GETDENTS_X)
FD_EXIT(getdents64, SYSCALL_GETDENTS64_X)

CALL_EXIT(flock, SYSCALL_FLOCK_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(e, flock_flags(arg(ctx, 1)));              /* 3 operation */
}

CALL_EXIT(getcwd, SYSCALL_GETCWD_X)
{
	put_s64(e, ret);                                   /* 1 res */
	if (ret >= 0)
		put_user_text(e, arg(ctx, 0));             /* 2 path */
	else
		put_empty(e);
}

JUDGED_EXIT(mount, SYSCALL_MOUNT_X)
{
	u32 flags = arg(ctx, 3);
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 dev */
	put_user_text(e, arg(ctx, 1));                     /* 3 dir */
	put_user_text(e, arg(ctx, 2));                     /* 4 type */
	/* Very old programs put a magic number above the flags. */
	put_u32(e, (flags & 0xffff0000) == 0xc0ed0000 ? flags & 0xffff : flags); /* 5 flags */
}

CALL_EXIT(umount2, SYSCALL_UMOUNT2_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_user_text(e, arg(ctx, 0));                     /* 2 name */
	put_u32(e, arg(ctx, 1) & 0xf);                     /* 3 flags: FORCE, DETACH, EXPIRE, NOFOLLOW */
}

/* Commands of fsconfig with a value in memory. */
enum fs_value {
	SET_STRING = 1,
	SET_BINARY,
	SET_PATH,
	SET_PATH_EMPTY,
};

CALL_EXIT(fsconfig, SYSCALL_FSCONFIG_X)
{
	u32 command = arg(ctx, 1);
	u64 value = arg(ctx, 3);
	s32 aux = arg(ctx, 4);
	bool is_text = command == SET_STRING || command == SET_PATH || command == SET_PATH_EMPTY;
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(e, command);                               /* 3 cmd: the same numbers */
	put_user_text(e, arg(ctx, 2));                     /* 4 key */
	if (ret >= 0 && command == SET_BINARY)
		put_user_bytes(e, value, (u32)aux);        /* 5 value_bytebuf */
	else
		put_empty(e);
	if (ret >= 0 && is_text)
		put_user_text(e, value);                   /* 6 value_charbuf */
	else
		put_empty(e);
	put_s32(e, aux);                                   /* 7 aux */
}
