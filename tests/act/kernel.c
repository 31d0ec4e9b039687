/* Interfaces of the kernel that programs rarely use. */
#define _GNU_SOURCE
#include "act.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* FILE: enters the namespace behind it. */
static int enter(char **args)
{
	int fd = open(args[0], O_RDONLY);
	must(fd >= 0 && setns(fd, 0) == 0, args[0]);
	return 0;
}

static int own_names(char **args)
{
	(void)args;
	must(unshare(CLONE_NEWNS | CLONE_NEWPID) == 0, "unshare");
	return 0;
}

static int become_root(char **args)
{
	(void)args;
	must(setuid(0) == 0, "setuid");
	return 0;
}

static int packet(char **args)
{
	(void)args;
	must(socket(AF_PACKET, SOCK_RAW, 0) >= 0, "socket");
	return 0;
}

static int uring(char **args)
{
	(void)args;
	struct io_uring_params params = { 0 };
	must(syscall(SYS_io_uring_setup, 4, &params) >= 0, "io_uring_setup");
	return 0;
}

static int page_faults(char **args)
{
	(void)args;
	must(syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* of the program only */) >= 0, "userfaultfd");
	return 0;
}

/* FOLDER: control groups mounted there. */
static int groups(char **args)
{
	must(mount("groups", args[0], "cgroup2", 0, NULL) == 0, args[0]);
	return 0;
}

static int loaded(enum bpf_prog_type type)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr how = {
		.prog_type = type, .insns = (uintptr_t)code, .insn_cnt = 2, .license = (uintptr_t) "GPL"
	};
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &how, sizeof(how));
	must(fd >= 0, "bpf");
	return fd;
}

static int program(char **args)
{
	(void)args;
	loaded(BPF_PROG_TYPE_SOCKET_FILTER);
	return 0;
}

/* FOLDER: control groups are mounted there; a program is put at one without processes, and taken off. */
static int program_off(char **args)
{
	char group[512];
	groups(args);
	snprintf(group, sizeof(group), "%s/lannertest%d", args[0], getpid());
	must(mkdir(group, 0755) == 0, group);
	int of = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr at = { .target_fd = of,
			      .attach_bpf_fd = loaded(BPF_PROG_TYPE_CGROUP_SKB),
			      .attach_type = BPF_CGROUP_INET_EGRESS };
	long on = syscall(SYS_bpf, BPF_PROG_ATTACH, &at, sizeof(at));
	long off = on < 0 ? on : syscall(SYS_bpf, BPF_PROG_DETACH, &at, sizeof(at));
	rmdir(group);
	must(off == 0, "bpf");
	return 0;
}

static int keys(char **args)
{
	(void)args;
	char text[256];
	must(syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_PROCESS_KEYRING, text, sizeof(text)) >= 0 ||
		     syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_USER_KEYRING, text, sizeof(text)) >= 0,
	     "keyctl");
	return 0;
}

/* FILE: opened by its handle. */
static int by_handle(char **args)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} of = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, here = open(args[0], O_RDONLY);
	must(name_to_handle_at(AT_FDCWD, args[0], &of.handle, &mount_id, 0) == 0, args[0]);
	must(open_by_handle_at(here, &of.handle, O_RDONLY) >= 0, "open_by_handle_at");
	return 0;
}

/* FOLDER */
static int change_root(char **args)
{
	must(chroot(args[0]) == 0, args[0]);
	return 0;
}

/* FILE: a device, of which nothing is opened. */
static int device(char **args)
{
	must(mknod(args[0], S_IFCHR | 0600, makedev(7, 200)) == 0, args[0]);
	return 0;
}

/* FILE: made executable from the beginning. */
static int executable(char **args)
{
	must(open(args[0], O_CREAT | O_WRONLY, 0755) >= 0, args[0]);
	return 0;
}

/* FILE: opened for writing, nothing is written. */
static int open_to_write(char **args)
{
	must(open(args[0], O_WRONLY) >= 0, args[0]);
	return 0;
}

const struct deed kernel[] = {
	{ "enter", enter },
	{ "own-names", own_names },
	{ "become-root", become_root },
	{ "packet", packet },
	{ "uring", uring },
	{ "page-faults", page_faults },
	{ "program", program },
	{ "program-off", program_off },
	{ "keys", keys },
	{ "by-handle", by_handle },
	{ "change-root", change_root },
	{ "device", device },
	{ "groups", groups },
	{ "executable", executable },
	{ "open-to-write", open_to_write },
	{ NULL, NULL },
};
