/* Many calls. */
#define _GNU_SOURCE
#include "act.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *cheap_calls(void *count)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char byte;
	for (long left = *(long *)count; left > 0; left -= 4) {
		syscall(SYS_getpid);
		must(read(zero, &byte, 1) == 1, "/dev/zero");
		close(dup(zero));
	}
	close(zero);
	return NULL;
}

/* CALLS EXECS: so many cheap calls of two threads, and meanwhile so many programs, each with its number. */
static int storm(char **args)
{
	long each = atol(args[0]) / 2;
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		must(pthread_create(&threads[i], NULL, cheap_calls, &each) == 0, "thread");
	for (int i = 0, execs = atoi(args[1]); i < execs; i++) {
		pid_t child = vfork();
		must(child >= 0, "vfork");
		if (child == 0) {
			char number[16];
			snprintf(number, sizeof(number), "%d", i);
			char *argv[] = { "act", "short", number, NULL };
			execv("/proc/self/exe", argv);
			_exit(1);
		}
		int status = 0;
		waitpid(child, &status, 0);
		must(status == 0, "a short program");
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* CALL COUNT: one call after the other. */
static int repeat(char **args)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ends[2];
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char byte;
	for (long left = atol(args[1]); left > 0; left--) {
		switch (args[0][0]) {
		case 'g': /* getpid */
			syscall(SYS_getpid);
			break;
		case 'r': /* read */
			must(read(zero, &byte, 1) == 1, "/dev/zero");
			break;
		case 'd': /* dup and close */
			close(dup(zero));
			break;
		case 'f': /* fcntl that changes nothing */
			must(fcntl(zero, F_GETFL) >= 0, "/dev/zero");
			break;
		case 'c': /* close of what is not open */
			close(987654);
			break;
		case 'a': /* absent: open of a file that is not there */
			must(open("/dev/absent", O_RDONLY | O_CLOEXEC) < 0, "no such file");
			break;
		case 'u': /* unlink of a file that is not there */
			must(unlink("/dev/absent") < 0, "no such file");
			break;
		case 'n': /* net: connect */
			must(!connect(datagrams, (struct sockaddr *)&here, sizeof(here)), "connect");
			break;
		case 'p': /* pipe and close, twice */
			must(pipe(ends) == 0, "pipe");
			close(ends[0]);
			close(ends[1]);
			break;
		case 's': /* socket and close */
			close(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
			break;
		default: /* open and close */
			close(open("/dev/zero", O_RDONLY | O_CLOEXEC));
		}
	}
	return 0;
}

static int short_program(char **args)
{
	(void)args;
	return 0;
}

/* FOLDER PROCESSES FILES: so many processes with so many new files open each. A line says that they are; they stay until killed. */
static int hoard(char **args)
{
	struct rlimit most;
	int told[2];
	char byte = '\n', name[512];
	must(!getrlimit(RLIMIT_NOFILE, &most), "getrlimit");
	most.rlim_cur = most.rlim_max;
	must(!setrlimit(RLIMIT_NOFILE, &most) && !pipe(told) && !chdir(args[0]), args[0]);
	for (int process = atoi(args[1]); process > 0; process--) {
		pid_t child = fork();
		must(child >= 0, "fork");
		if (child)
			continue;
		for (int file = atoi(args[2]); file > 0; file--) {
			snprintf(name, sizeof(name), "%d-%0200d", process, file);
			must(open(name, O_CREAT | O_WRONLY, 0600) >= 0, name);
		}
		must(write(told[1], &byte, 1) == 1, "pipe");
		pause();
	}
	for (int process = atoi(args[1]); process > 0; process--)
		must(read(told[0], &byte, 1) == 1, "pipe");
	must(write(1, &byte, 1) == 1, "stdout");
	pause();
	return 0;
}

const struct deed load[] = {
	{ "storm", storm }, { "repeat", repeat }, { "short", short_program }, { "hoard", hoard }, { NULL, NULL }
};
