/* Programs started in unusual ways, and hands laid on other processes. */
#define _GNU_SOURCE
#include "act.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* PROGRAM [ARGUMENT…]: as a child of this one. */
static int spawn(char **args)
{
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0)
		run(args);
	int status = 0;
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

/* [ARGUMENT…]: this program out of memory. */
static int memfd(char **args)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = memfd_create("payload", MFD_CLOEXEC);
	struct stat file;
	must(from >= 0 && to >= 0 && fstat(from, &file) == 0, "memfd");
	must(sendfile(to, from, NULL, file.st_size) == file.st_size, "sendfile");
	char *argv[] = { "from-memory", args[0], NULL };
	fexecve(to, argv, environ);
	must(0, "fexecve");
	return 1;
}

/* PROGRAM: by the number of its descriptor. */
static int by_descriptor(char **args)
{
	int fd = open(args[0], O_RDONLY);
	must(fd >= 0, args[0]);
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	char *argv[] = { "by-number", NULL };
	execv(path, argv);
	must(0, path);
	return 1;
}

static pid_t sleeper(void)
{
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		pause();
		_exit(0);
	}
	return child;
}

static int end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

static int attach(char **args)
{
	(void)args;
	pid_t victim = sleeper();
	must(ptrace(PTRACE_ATTACH, victim, NULL, NULL) == 0, "ptrace");
	waitpid(victim, NULL, 0);
	must(ptrace(PTRACE_DETACH, victim, NULL, NULL) == 0, "ptrace");
	return end(victim);
}

static int trace_me(char **args)
{
	(void)args;
	must(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0, "ptrace");
	return 0;
}

static char target[8] = "before";

/* write | read: the memory of a child. */
static int memory(char **args)
{
	pid_t victim = sleeper();
	char own[8] = "after";
	struct iovec here = { own, sizeof(own) }, there = { target, sizeof(target) };
	ssize_t n = !strcmp(args[0], "write") ? process_vm_writev(victim, &here, 1, &there, 1, 0) :
						process_vm_readv(victim, &here, 1, &there, 1, 0);
	must(n == sizeof(own), "process_vm");
	return end(victim);
}

/* write | read: opens /proc/PID/mem of a child. */
static int memory_file(char **args)
{
	pid_t victim = sleeper();
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/mem", victim);
	must(open(path, !strcmp(args[0], "write") ? O_WRONLY : O_RDONLY) >= 0, path);
	return end(victim);
}

/* PROGRAM SIGNAL: starts it and signals it once it runs under its own name. */
static int start_and_signal(char **args)
{
	int ready[2];
	must(pipe2(ready, O_CLOEXEC) == 0, "pipe");
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		char *argv[] = { args[0], "pause", NULL };
		run(argv);
	}
	close(ready[1]);
	char none;
	must(read(ready[0], &none, 1) == 0, "the end of the pipe"); /* closed by the exec */
	must(kill(child, atoi(args[1])) == 0, "kill");
	return end(child);
}

static int wait_for_signal(char **args)
{
	(void)args;
	return pause();
}

/* SECONDS FILE: opens a file so long after the start. */
static int read_late(char **args)
{
	sleep(atoi(args[0]));
	must(open(args[1], O_RDONLY) >= 0, args[1]);
	return 0;
}

const struct deed processes[] = {
	{ "spawn", spawn },
	{ "memfd", memfd },
	{ "by-descriptor", by_descriptor },
	{ "attach", attach },
	{ "trace-me", trace_me },
	{ "memory", memory },
	{ "memory-file", memory_file },
	{ "start-and-signal", start_and_signal },
	{ "pause", wait_for_signal },
	{ "read-late", read_late },
	{ NULL, NULL },
};
