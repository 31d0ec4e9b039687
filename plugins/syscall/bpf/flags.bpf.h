/* Flags of the kernel in the numbers of the event tables (flags.csv of lanner-plugin-api). */
#pragma once
#include "call.bpf.h"

/* Bits `from` of the kernel that mean `to` in events. */
#define MAP_BITS(value, from, to) (((value) & (from)) == (from) ? (to) : 0)

#if defined(__TARGET_ARCH_arm64)
#define O_DIRECTORY 040000
#define O_DIRECT 0200000
#define O_LARGEFILE 0400000
#else
#define O_DIRECT 040000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#endif
#define O_CREAT 0100
#define O_TMPFILE (020000000 | O_DIRECTORY)

inline_always u32 file_flags(u64 f)
{
	u32 to = 0;
	switch (f & 3) { /* O_RDONLY, O_WRONLY, O_RDWR */
	case 0:
		to = 1;
		break;
	case 1:
		to = 2;
		break;
	case 2:
		to = 3;
		break;
	}
	to |= MAP_BITS(f, O_CREAT, 1 << 2);
	to |= MAP_BITS(f, O_TMPFILE, 1 << 13);
	to |= MAP_BITS(f, 02000, 1 << 3);       /* O_APPEND */
	to |= MAP_BITS(f, 010000, 1 << 4);      /* O_DSYNC */
	to |= MAP_BITS(f, 0200, 1 << 5);        /* O_EXCL */
	to |= MAP_BITS(f, 04000, 1 << 6);       /* O_NONBLOCK */
	to |= MAP_BITS(f, 04010000, 1 << 7);    /* O_SYNC */
	to |= MAP_BITS(f, 01000, 1 << 8);       /* O_TRUNC */
	to |= MAP_BITS(f, O_DIRECT, 1 << 9);
	to |= MAP_BITS(f, O_DIRECTORY, 1 << 10);
	to |= MAP_BITS(f, O_LARGEFILE, 1 << 11);
	to |= MAP_BITS(f, 02000000, 1 << 12);   /* O_CLOEXEC */
	return to;
}

/* Set by the kernel, above those that a program can ask for. */
#define FILE_CREATED (1 << 14)
#define FILE_UPPER_LAYER (1 << 15)
#define FILE_LOWER_LAYER (1 << 16)

/* Permission bits: the same numbers. */
inline_always u32 mode_bits(u64 mode)
{
	return mode & 07777;
}

/* Without O_CREAT or O_TMPFILE the kernel does not look at the mode. */
inline_always u32 open_mode(u64 flags, u64 mode)
{
	return flags & (O_CREAT | 020000000) ? mode_bits(mode) : 0;
}

inline_always u32 clone_flags(u64 f)
{
	u32 to = 0;
	to |= MAP_BITS(f, 0x00000400, 1 << 0);   /* FILES */
	to |= MAP_BITS(f, 0x00000200, 1 << 1);   /* FS */
	to |= MAP_BITS(f, 0x80000000, 1 << 2);   /* IO */
	to |= MAP_BITS(f, 0x08000000, 1 << 3);   /* NEWIPC */
	to |= MAP_BITS(f, 0x40000000, 1 << 4);   /* NEWNET */
	to |= MAP_BITS(f, 0x00020000, 1 << 5);   /* NEWNS */
	to |= MAP_BITS(f, 0x20000000, 1 << 6);   /* NEWPID */
	to |= MAP_BITS(f, 0x04000000, 1 << 7);   /* NEWUTS */
	to |= MAP_BITS(f, 0x00008000, 1 << 8);   /* PARENT */
	to |= MAP_BITS(f, 0x00100000, 1 << 9);   /* PARENT_SETTID */
	to |= MAP_BITS(f, 0x00002000, 1 << 10);  /* PTRACE */
	to |= MAP_BITS(f, 0x00000800, 1 << 11);  /* SIGHAND */
	to |= MAP_BITS(f, 0x00040000, 1 << 12);  /* SYSVSEM */
	to |= MAP_BITS(f, 0x00010000, 1 << 13);  /* THREAD */
	to |= MAP_BITS(f, 0x00800000, 1 << 14);  /* UNTRACED */
	to |= MAP_BITS(f, 0x00000100, 1 << 15);  /* VM */
	to |= MAP_BITS(f, 0x10000000, 1 << 20);  /* NEWUSER */
	to |= MAP_BITS(f, 0x00200000, 1 << 23);  /* CHILD_CLEARTID */
	to |= MAP_BITS(f, 0x01000000, 1 << 24);  /* CHILD_SETTID */
	to |= MAP_BITS(f, 0x00080000, 1 << 25);  /* SETTLS */
	to |= MAP_BITS(f, 0x00004000, 1 << 27);  /* VFORK */
	to |= MAP_BITS(f, 0x02000000, 1 << 28);  /* NEWCGROUP */
	return to;
}
#define CHILD_IN_PIDNS (1 << 29)

inline_always u32 prot_flags(u64 f)
{
	u32 to = f & 0xf; /* READ, WRITE, EXEC, SEM: the same */
	to |= MAP_BITS(f, 0x01000000, 1 << 4); /* GROWSDOWN */
	to |= MAP_BITS(f, 0x02000000, 1 << 5); /* GROWSUP */
	return to;
}

inline_always u32 mmap_flags(u64 f)
{
	u32 to = f & 3; /* SHARED, PRIVATE */
	to |= MAP_BITS(f, 0x10, 1 << 2);     /* FIXED */
	to |= MAP_BITS(f, 0x20, 1 << 3);     /* ANONYMOUS */
#if defined(__TARGET_ARCH_x86)
	to |= MAP_BITS(f, 0x40, 1 << 4);     /* 32BIT */
#endif
	to |= MAP_BITS(f, 0x4000, 1 << 6);   /* NORESERVE */
	to |= MAP_BITS(f, 0x8000, 1 << 7);   /* POPULATE */
	to |= MAP_BITS(f, 0x10000, 1 << 8);  /* NONBLOCK */
	to |= MAP_BITS(f, 0x100, 1 << 9);    /* GROWSDOWN */
	to |= MAP_BITS(f, 0x800, 1 << 10);   /* DENYWRITE */
	to |= MAP_BITS(f, 0x1000, 1 << 11);  /* EXECUTABLE */
	to |= MAP_BITS(f, 0x2000, 1 << 14);  /* LOCKED */
	return to;
}

inline_always u32 resolve_flags(u64 f)
{
	u32 to = 0;
	to |= MAP_BITS(f, 0x08, 1);  /* BENEATH */
	to |= MAP_BITS(f, 0x10, 2);  /* IN_ROOT */
	to |= MAP_BITS(f, 0x02, 4);  /* NO_MAGICLINKS */
	to |= MAP_BITS(f, 0x04, 8);  /* NO_SYMLINKS */
	to |= MAP_BITS(f, 0x01, 16); /* NO_XDEV */
	to |= MAP_BITS(f, 0x20, 32); /* CACHED */
	return to;
}

inline_always u32 flock_flags(u64 f)
{
	return (f & 3) | MAP_BITS(f, 4, 4) | MAP_BITS(f, 8, 8);
}
