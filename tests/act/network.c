/* Connections. */
#define _GNU_SOURCE
#include "act.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in peer(const char *ip, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	must(inet_pton(AF_INET, ip, &to.sin_addr) == 1, ip);
	return to;
}

static int dial(char **args, int kind)
{
	struct sockaddr_in to = peer(args[0], args[1]);
	int fd = socket(AF_INET, kind, 0);
	must(fd >= 0 && connect(fd, (void *)&to, sizeof(to)) == 0, args[0]);
	return fd;
}

/* IP PORT: a datagram socket that belongs to this peer; nothing is sent. */
static int udp(char **args)
{
	return dial(args, SOCK_DGRAM) < 0;
}

/* IP PORT */
static int tcp(char **args)
{
	return dial(args, SOCK_STREAM) < 0;
}

static int listen_at(char **args)
{
	struct sockaddr_in at = peer(args[0], args[1]);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	must(fd >= 0 && bind(fd, (void *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0, args[0]);
	return fd;
}

/* IP PORT: listens there itself, connects and takes the connection. */
static int tcp_to_self(char **args)
{
	int listener = listen_at(args);
	dial(args, SOCK_STREAM);
	must(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0, "accept4");
	return 0;
}

/* IP PORT: sends compiled Java code, as far as its first bytes, to itself. */
static int class_to_self(char **args)
{
	static const unsigned char code[] = { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52, 0, 0 };
	char seen[sizeof(code)];
	int listener = listen_at(args), from = dial(args, SOCK_STREAM), to = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	must(to >= 0 && write(from, code, sizeof(code)) == sizeof(code), "write");
	must(read(to, seen, sizeof(seen)) == sizeof(code), "read");
	return 0;
}

/* PATH: listens there itself and connects. */
static int unix_to_self(char **args)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	strncpy(at.sun_path, args[0], sizeof(at.sun_path) - 1);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	must(bind(listener, (void *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0, args[0]);
	must(connect(fd, (void *)&at, sizeof(at)) == 0, args[0]);
	return 0;
}

/* IP PORT PROGRAM [ARGUMENT…]: with the connection as its standard streams. */
static int shell_on(char **args)
{
	int fd = dial(args, SOCK_STREAM);
	for (int stream = 0; stream < 3; stream++)
		must(dup2(fd, stream) == stream, "dup2");
	close(fd);
	run(args + 2);
}

/* The same without a program to follow. */
static int streams_on(char **args)
{
	int fd = dial(args, SOCK_STREAM);
	must(dup2(fd, 0) == 0, "dup2");
	return 0;
}

/* The same to a peer that it is itself. */
static int streams_to_self(char **args)
{
	listen_at(args);
	return streams_on(args);
}

static void all(int fd, char *bytes, size_t len, ssize_t (*move)(int, void *, size_t))
{
	while (len > 0) {
		ssize_t n = move(fd, bytes, len);
		must(n > 0, "the other end");
		bytes += n;
		len -= n;
	}
}

static ssize_t out(int fd, void *bytes, size_t len)
{
	return write(fd, bytes, len);
}

/* REQUESTS: so many connections with a question and an answer of 512 bytes each, to a server of its own. */
static int requests(char **args)
{
	char bytes[512] = "question";
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(listener, (void *)&at, sizeof(at)) == 0 && listen(listener, 128) == 0, "listen");
	must(getsockname(listener, (void *)&at, &len) == 0, "getsockname");
	int count = atoi(args[0]);
	pid_t server = fork();
	must(server >= 0, "fork");
	for (int i = 0; i < count; i++) {
		int fd = server ? socket(AF_INET, SOCK_STREAM, 0) : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (server)
			must(connect(fd, (void *)&at, sizeof(at)) == 0, "connect");
		all(fd, bytes, sizeof(bytes), server ? out : read);
		all(fd, bytes, sizeof(bytes), server ? read : out);
		close(fd);
	}
	if (server)
		waitpid(server, NULL, 0);
	return 0;
}

const struct deed network[] = {
	{ "udp", udp },
	{ "tcp", tcp },
	{ "tcp-to-self", tcp_to_self },
	{ "class-to-self", class_to_self },
	{ "unix-to-self", unix_to_self },
	{ "shell-on", shell_on },
	{ "streams-on", streams_on },
	{ "streams-to-self", streams_to_self },
	{ "requests", requests },
	{ NULL, NULL },
};
