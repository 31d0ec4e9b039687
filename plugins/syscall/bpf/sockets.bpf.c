/* Calls on sockets but those that move data. */
#include "socket.bpf.h"

#define EINPROGRESS 115

CALL_EXIT(socket, SOCKET_SOCKET_X)
{
	u32 type = arg(ctx, 1);
	put_s64(e, ret);                                   /* 1 fd */
	put_u32(e, (u8)arg(ctx, 0));                       /* 2 domain */
	put_u32(e, type);                                  /* 3 type */
	put_u32(e, arg(ctx, 2));                           /* 4 proto */
	put_u32(e, MAP_BITS(type, 02000000, 1 << 12) | MAP_BITS(type, 04000, 1 << 6)); /* 5 flags: CLOEXEC, NONBLOCK */
}

CALL_EXIT(socketpair, SOCKET_SOCKETPAIR_X)
{
	s32 fds[2] = {-1, -1};
	struct unix_sock *own = NULL;
	if (ret == 0) {
		bpf_probe_read_user(fds, sizeof(fds), (void *)arg(ctx, 3));
		own = (void *)sock_of(fds[0]);
	}
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fds[0]);                                /* 2 fd1 */
	put_s64(e, fds[1]);                                /* 3 fd2 */
	put_u64(e, (u64)own);                              /* 4 source */
	put_u64(e, own ? (u64)get(own, peer) : 0);         /* 5 peer */
	put_u32(e, (u8)arg(ctx, 0));                       /* 6 domain */
	put_u32(e, arg(ctx, 1));                           /* 7 type */
	put_u32(e, arg(ctx, 2));                           /* 8 proto */
}

CALL_EXIT(bind, SOCKET_BIND_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_sockaddr(e, arg(ctx, 1), arg(ctx, 2));         /* 2 addr */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
}

CALL_ENTER(connect, SOCKET_CONNECT_E)
{
	put_s64(e, fd_arg(ctx, 0));                        /* 1 fd */
	put_sockaddr(e, arg(ctx, 1), arg(ctx, 2));         /* 2 addr */
}

JUDGED_EXIT(connect, SOCKET_CONNECT_X)
{
	put_s64(e, ret);                                   /* 1 res */
	if (ret == 0 || ret == -EINPROGRESS)
		put_tuple(e, fd_arg(ctx, 0), OUTBOUND, arg(ctx, 1)); /* 2 tuple */
	else
		put_empty(e);
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_sockaddr(e, arg(ctx, 1), arg(ctx, 2));         /* 4 addr */
}

CALL_EXIT(listen, SOCKET_LISTEN_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_s32(e, arg(ctx, 1));                           /* 3 backlog */
}

/* Parameters 1 to 5 of both kinds: the new connection, and how full the queue of the listening socket is. */
inline_always void put_accepted(struct event *e, s64 ret, s64 listening)
{
	u32 len = 0, max = 0;
	put_s64(e, ret);                                   /* 1 fd */
	if (ret >= 0) {
		put_tuple(e, ret, INBOUND, 0);             /* 2 tuple */
		struct sock *sk = sock_of(listening);
		if (sk) {
			len = get(sk, sk_ack_backlog);
			max = get(sk, sk_max_ack_backlog);
		}
	} else {
		put_empty(e);
	}
	put_u8(e, len && max ? (u64)len * 100 / max : 0);  /* 3 queuepct */
	put_u32(e, len);                                   /* 4 queuelen */
	put_u32(e, max);                                   /* 5 queuemax */
}

CALL_EXIT(accept, SOCKET_ACCEPT_5_X)
{
	put_accepted(e, ret, fd_arg(ctx, 0));
}

CALL_EXIT(accept4, SOCKET_ACCEPT4_6_X)
{
	put_accepted(e, ret, fd_arg(ctx, 0));
	put_s32(e, 0);                                     /* 6 flags: not collected, as upstream */
}

CALL_EXIT(shutdown, SOCKET_SHUTDOWN_X)
{
	u32 how = arg(ctx, 1);
	put_s64(e, ret);                                   /* 1 res */
	put_s64(e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u8(e, how <= 2 ? how : 0xff);                  /* 3 how */
}

CALL_EXIT(getsockname, SOCKET_GETSOCKNAME_X)
{
}

CALL_EXIT(getpeername, SOCKET_GETPEERNAME_X)
{
}
