/* Other ways to the same end: older and newer calls, threads, descriptors that were open before. */
#define _GNU_SOURCE
#include "act.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openat2 | creat FILE */
static int open_by(char **args)
{
	struct open_how how = { .flags = O_RDONLY };
	long fd = !strcmp(args[0], "creat") ? creat(args[1], 0644) :
					      syscall(SYS_openat2, AT_FDCWD, args[1], &how, sizeof(how));
	must(fd >= 0, args[1]);
	return 0;
}

/* FOLDER NAME: opens the file by the descriptor of its folder. */
static int open_in(char **args)
{
	int folder = open(args[0], O_RDONLY | O_DIRECTORY);
	must(folder >= 0 && openat(folder, args[1], O_RDONLY) >= 0, args[1]);
	return 0;
}

static void *open_one(void *file)
{
	must(open(file, O_RDONLY) >= 0, file);
	return NULL;
}

/* FILE: opened by a second thread. */
static int in_thread(char **args)
{
	pthread_t thread;
	must(pthread_create(&thread, NULL, open_one, args[0]) == 0, "thread");
	pthread_join(thread, NULL);
	return 0;
}

static void *run_it(void *argv)
{
	run(argv);
}

/* PROGRAM [ARGUMENT...]: a second thread becomes it, and takes the place of all. */
static int run_by_thread(char **args)
{
	pthread_t thread;
	must(pthread_create(&thread, NULL, run_it, args) == 0, "thread");
	pthread_join(thread, NULL);
	return 1;
}

/* NAME FILE: opened under another name than the program's. */
static int renamed(char **args)
{
	must(prctl(PR_SET_NAME, args[0]) == 0, "prctl");
	open_one(args[1]);
	return 0;
}

/* FILE: given its owner's rights through a descriptor. */
static int mode_by_descriptor(char **args)
{
	int fd = open(args[0], O_RDONLY);
	must(fd >= 0 && fchmod(fd, 04755) == 0, args[0]);
	return 0;
}

static struct sockaddr_in peer(char **args)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(args[1])) };
	must(inet_pton(AF_INET, args[0], &to.sin_addr) == 1, args[0]);
	return to;
}

/* IP PORT: a standard stream is closed, and the next descriptor takes its place. */
static int stream_by_dup(char **args)
{
	struct sockaddr_in to = peer(args);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(fd, (void *)&to, sizeof(to)) == 0, args[0]);
	close(0);
	must(dup(fd) == 0, "dup");
	return 0;
}

/* IP PORT: does not wait for the connection. */
static int tcp_later(char **args)
{
	struct sockaddr_in to = peer(args);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(connect(fd, (void *)&to, sizeof(to)) == 0 || errno == EINPROGRESS, args[0]);
	return 0;
}

/* IP PORT: a datagram that names its peer itself. */
static int datagram(char **args)
{
	struct sockaddr_in to = peer(args);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) == 1, args[0]);
	return 0;
}

/* IP PORT FOLDER NAME: connects and opens the folder; once there is a line to read, opens the file in the folder and makes the
 * connection its standard input. */
static int prepared(char **args)
{
	struct sockaddr_in to = peer(args);
	int fd = socket(AF_INET, SOCK_STREAM, 0), folder = open(args[2], O_RDONLY | O_DIRECTORY);
	must(folder >= 0 && connect(fd, (void *)&to, sizeof(to)) == 0, args[0]);
	char line;
	must(write(1, "ready\n", 6) == 6 && read(0, &line, 1) == 1, "standard streams");
	must(openat(folder, args[3], O_RDONLY) >= 0, args[3]);
	must(dup2(fd, 0) == 0, "dup2");
	return 0;
}

const struct deed ways[] = {
	{ "open-by", open_by },
	{ "open-in", open_in },
	{ "in-thread", in_thread },
	{ "run-by-thread", run_by_thread },
	{ "renamed", renamed },
	{ "mode-by-descriptor", mode_by_descriptor },
	{ "stream-by-dup", stream_by_dup },
	{ "tcp-later", tcp_later },
	{ "datagram", datagram },
	{ "prepared", prepared },
	{ NULL, NULL },
};
