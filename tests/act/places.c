/* Where a program runs: act PLACE … PROGRAM [ARGUMENT…]. Nothing done there reaches the machine. */
#define _GNU_SOURCE
#include "act.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	must(fd >= 0, file);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), file);
	close(fd);
}

/* FOLDER: system folders whose changes go nowhere. Those that programs are started from keep what they have. */
static int stage(char **args)
{
	static const char *const empty[] = { "/boot", "/root", "/var/log", "/var/lib/dpkg", "/mnt" };
	static const char *const kept[] = { "etc", "usr/bin", "usr/lib" };
	must(unshare(CLONE_NEWNS) == 0, "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	must(mount("stage", args[0], "tmpfs", 0, NULL) == 0, args[0]);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		char upper[512], work[512], options[2048], target[64];
		snprintf(upper, sizeof(upper), "%s/upper%zu", args[0], i);
		snprintf(work, sizeof(work), "%s/work%zu", args[0], i);
		must(mkdir(upper, 0755) == 0 && mkdir(work, 0755) == 0, upper);
		snprintf(target, sizeof(target), "/%s", kept[i]);
		snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", target, upper, work);
		must(mount("stage", target, "overlay", 0, options) == 0, target);
	}
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		if (access(empty[i], F_OK) == 0)
			must(mount("stage", empty[i], "tmpfs", 0, "mode=0755") == 0, empty[i]);
	run(args + 1);
}

/* CGROUP: in this control group. */
static int in_group(char **args)
{
	char file[1024];
	snprintf(file, sizeof(file), "%s/cgroup.procs", args[0]);
	put(file, "0");
	run(args + 1);
}

static void address(int fd, const char *label, const char *ip)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *at = (void *)&request.ifr_addr;
	strncpy(request.ifr_name, label, IFNAMSIZ - 1);
	at->sin_family = AF_INET;
	must(inet_pton(AF_INET, ip, &at->sin_addr) == 1, ip);
	must(ioctl(fd, SIOCSIFADDR, &request) == 0, ip);
}

/* ADDRESS …  -- : a network of its own in which these IPv4 addresses are its own. */
static int net(char **args)
{
	must(unshare(CLONE_NEWNET) == 0, "unshare");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	must(ioctl(fd, SIOCSIFFLAGS, &up) == 0, "lo up");
	for (int n = 0; *args && strcmp(*args, "--"); args++) {
		char label[IFNAMSIZ];
		snprintf(label, sizeof(label), "lo:%d", ++n);
		address(fd, label, *args);
	}
	close(fd);
	must(*args != NULL, "--");
	run(args + 1);
}

/* As the leader of a session on a terminal. */
static int tty(char **args)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "terminal");
	char name[64];
	must(ptsname_r(master, name, sizeof(name)) == 0, "terminal");
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		must(setsid() >= 0, "setsid");
		int terminal = open(name, O_RDWR);
		must(terminal >= 0 && ioctl(terminal, TIOCSCTTY, 0) == 0, name);
		for (int fd = 0; fd < 3; fd++)
			dup2(terminal, fd);
		close(terminal);
		run(args);
	}
	char seen[4096];
	while (read(master, seen, sizeof(seen)) > 0)
		;
	int status = 0;
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

/* UID: as this user. */
static int as(char **args)
{
	unsigned id = atoi(args[0]);
	must(setgroups(0, NULL) == 0 && setgid(id) == 0 && setuid(id) == 0, "setuid");
	run(args + 1);
}

/* UID: in a session that this user logged in to. */
static int login(char **args)
{
	put("/proc/self/loginuid", args[0]);
	run(args + 1);
}

/* As the first process of a process namespace. */
static int first(char **args)
{
	must(unshare(CLONE_NEWPID) == 0, "unshare");
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0)
		run(args);
	int status = 0;
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

/* Once nobody is left who started it. */
static int orphan(char **args)
{
	pid_t starter = getpid(), child = fork();
	must(child >= 0, "fork");
	if (child > 0)
		return 0;
	while (getppid() == starter)
		usleep(1000);
	run(args);
}

const struct deed places[] = {
	{ "stage", stage }, { "in-group", in_group }, { "net", net },     { "tty", tty },
	{ "as", as },       { "login", login },       { "first", first },
	{ "orphan", orphan }, { NULL, NULL },
};
