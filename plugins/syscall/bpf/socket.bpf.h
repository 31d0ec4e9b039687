/* Third layer: sockets and their addresses. */
#pragma once
#include "file.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define MAX_SUN_PATH 109
#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* The socket behind a descriptor. A socket's file refers to it in its private data; what is no socket has other things
 * there. */
inline_always struct sock *sock_of(s64 fd)
{
	struct file *file = file_of(fd);
	if (!file || (get(get(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	struct socket *socket = get(file, private_data);
	/* The inode of a bound path is a socket too, but cannot be opened; still, nothing is taken on trust. */
	if (!socket || get(socket, file) != file)
		return NULL;
	return get(socket, sk);
}

inline_always u16 host_order(u16 port)
{
	return __builtin_bswap16(port);
}

/* What a program passes as an address, of whichever family. */
struct user_address {
	u16 family;
	u16 port;
	u32 v4;
	u8 v6[16]; /* 8 bytes from the start, where sockaddr_in6 has it */
	u8 rest[100];
};

inline_always void add_address(struct event *e, const struct in6_addr *from)
{
	bpf_probe_read_kernel(room(e), 16, from);
	e->at += 16;
}

/* A path of a local socket after the family; abstract names begin with a NUL that is left out. */
inline_always void add_sun_path(struct event *e, const u8 *path)
{
	u8 first = 0;
	bpf_probe_read_kernel(&first, 1, path);
	long len = bpf_probe_read_kernel_str(room(e), MAX_SUN_PATH, first ? path : path + 1);
	if (len > 0)
		e->at += len & 0x7f;
}

/* Reads a program's address into the scratch memory behind what an event can fill. */
inline_always struct user_address *read_address(struct scratch *to, u64 from, u32 len)
{
	struct user_address *address = (void *)(to->bytes + (1 << 16));
	__builtin_memset(address, 0, sizeof(*address));
	if (len > sizeof(*address))
		len = sizeof(*address);
	if (!from || len < 2 || bpf_probe_read_user(address, len & 0x7f, (void *)from))
		return NULL;
	return address;
}

/* Parameter of type SOCKADDR; returns the end. */
separate u32 write_sockaddr(u32 at, u64 from, u32 len)
{
	struct event e = {.to = my_scratch(), .at = at};
	struct user_address *address = e.to ? read_address(e.to, from, len) : NULL;
	if (!address)
		return at;
	switch (address->family) {
	case AF_INET:
		add_u8(&e, AF_INET);
		add_u32(&e, address->v4);
		add_u16(&e, host_order(address->port));
		break;
	case AF_INET6:
		add_u8(&e, AF_INET6);
		add_address(&e, (void *)address->v6);
		add_u16(&e, host_order(address->port));
		break;
	case AF_UNIX:
		add_u8(&e, AF_UNIX);
		add_sun_path(&e, (u8 *)address + 2);
		break;
	}
	return e.at;
}

inline_always void put_sockaddr(struct event *e, u64 from, u32 len)
{
	u32 start = e->at;
	e->at = write_sockaddr(start, from, len);
	length(e, e->at - start);
}

enum direction {
	OUTBOUND,
	INBOUND,
};

inline_always void add_v4_end(struct event *e, u32 address, u16 port)
{
	add_u32(e, address);
	add_u16(e, port);
}

inline_always void add_v6_end(struct event *e, const void *address, u16 port)
{
	add_address(e, address);
	add_u16(e, port);
}

inline_always void write_unix_tuple(struct event *e, struct sock *sk, enum direction direction, u64 peer_address)
{
	struct unix_sock *own = (void *)sk;
	struct unix_sock *peer = (void *)get(own, peer);
	struct unix_sock *named = direction == OUTBOUND ? peer : own;
	add_u8(e, AF_UNIX);
	add_u64(e, (u64)(direction == OUTBOUND ? peer : own));
	add_u64(e, (u64)(direction == OUTBOUND ? own : peer));
	if (direction == OUTBOUND && !peer) {
		struct user_address *address = read_address(e->to, peer_address, 110);
		if (address) {
			add_sun_path(e, (u8 *)address + 2);
			return;
		}
	}
	struct unix_address *name = named ? get(named, addr) : NULL;
	if (name)
		add_sun_path(e, (u8 *)&name->name[0].sun_path);
	else
		add_u8(e, 0);
}

/* Parameter of type SOCKTUPLE of the socket behind `fd`: from where to where. `peer_address` is what the program passed: an
 * unconnected socket knows no other end. Returns the end; nothing is written for what is no socket. */
separate u32 write_tuple(u32 at, u64 fd, u32 direction, u64 peer_address)
{
	struct event e = {.to = my_scratch(), .at = at};
	struct sock *sk = sock_of(fd);
	if (!e.to || !sk)
		return at;
	u16 family = get(sk, __sk_common.skc_family);
	u16 local_port = get(sk, __sk_common.skc_num);
	u16 remote_port = host_order(get(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		u32 local = get(sk, __sk_common.skc_rcv_saddr), remote = get(sk, __sk_common.skc_daddr);
		if (!remote_port) {
			struct user_address *address = read_address(e.to, peer_address, 16);
			if (address) {
				remote = address->v4;
				remote_port = host_order(address->port);
			}
		}
		add_u8(&e, AF_INET);
		if (direction == OUTBOUND)
			add_v4_end(&e, local, local_port);
		add_v4_end(&e, remote, remote_port);
		if (direction == INBOUND)
			add_v4_end(&e, local, local_port);
	} else if (family == AF_INET6) {
		const void *local = &sk->__sk_common.skc_v6_rcv_saddr, *remote = &sk->__sk_common.skc_v6_daddr;
		if (!remote_port) {
			struct user_address *address = read_address(e.to, peer_address, 28);
			if (address) {
				remote = address->v6;
				remote_port = host_order(address->port);
			}
		}
		add_u8(&e, AF_INET6);
		if (direction == OUTBOUND)
			add_v6_end(&e, local, local_port);
		add_v6_end(&e, remote, remote_port);
		if (direction == INBOUND)
			add_v6_end(&e, local, local_port);
	} else if (family == AF_UNIX) {
		write_unix_tuple(&e, sk, direction, peer_address);
	}
	return e.at;
}

inline_always void put_tuple(struct event *e, s64 fd, enum direction direction, u64 peer_address)
{
	u32 start = e->at;
	e->at = write_tuple(start, fd, direction, peer_address);
	length(e, e->at - start);
}
