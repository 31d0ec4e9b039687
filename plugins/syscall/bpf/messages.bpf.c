/* Calls that move data through sockets. Of the data the first `snaplen` bytes go along. */
#include "vector.bpf.h"

/* The ends of the connection, of calls that worked. */
inline_always void put_ends(struct event *e, s64 ret, s64 fd, enum direction direction, u64 peer)
{
	if (ret >= 0)
		put_tuple(e, fd, direction, peer);
	else
		put_empty(e);
}

CALL_EXIT(sendto, SOCKET_SENDTO_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_sent(e, ret, arg(ctx, 1), arg(ctx, 2));        /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
	put_ends(e, ret, fd_arg(ctx, 0), OUTBOUND, arg(ctx, 4)); /* 5 tuple */
}

CALL_EXIT(recvfrom, SOCKET_RECVFROM_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_received(e, ret, arg(ctx, 1));                 /* 2 data */
	put_ends(e, ret, fd_arg(ctx, 0), INBOUND, arg(ctx, 4)); /* 3 tuple */
	put_s64(e, fd_arg(ctx, 0));                        /* 4 fd */
	put_u32(e, arg(ctx, 2));                           /* 5 size */
}

CALL_EXIT(sendmsg, SOCKET_SENDMSG_X)
{
	struct user_msghdr message;
	put_s64(e, ret);                                   /* 1 res */
	bool there = read_message(ctx, &message, arg(ctx, 1));
	put_vector(e, message.iov, (u32)message.iovlen, ret > 0 ? shown(ret) : snaplen); /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	if (there)
		put_u32(e, vector_size(message.iov, (u32)message.iovlen)); /* 4 size */
	else
		put_empty(e);
	put_ends(e, there ? ret : -1, fd_arg(ctx, 0), OUTBOUND, message.name); /* 5 tuple */
}

CALL_EXIT(recvmsg, SOCKET_RECVMSG_X)
{
	struct user_msghdr message;
	read_message(ctx, &message, arg(ctx, 1));
	put_s64(e, ret);                                   /* 1 res */
	put_u32(e, ret >= 0 ? ret : 0);                    /* 2 size */
	put_vector(e, message.iov, ret > 0 ? (u32)message.iovlen : 0, shown(ret)); /* 3 data */
	put_ends(e, ret, fd_arg(ctx, 0), INBOUND, message.name); /* 4 tuple */
	if (ret >= 0)
		put_user_bytes(e, message.control, message.controllen <= MAX_EVENT ? message.controllen : 0);
	else
		put_empty(e);                              /* 5 msgcontrol */
	put_s64(e, fd_arg(ctx, 0));                        /* 6 fd */
}

/* Without an address; on x86-64 only socketcall of 32-bit programs has them. */
CALL_EXIT(send, SOCKET_SEND_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_sent(e, ret, arg(ctx, 1), arg(ctx, 2));        /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
	put_ends(e, ret, fd_arg(ctx, 0), OUTBOUND, 0);     /* 5 tuple */
}

CALL_EXIT(recv, SOCKET_RECV_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_received(e, ret, arg(ctx, 1));                 /* 2 data */
	put_s64(e, fd_arg(ctx, 0));                        /* 3 fd */
	put_u32(e, arg(ctx, 2));                           /* 4 size */
	put_ends(e, ret, fd_arg(ctx, 0), INBOUND, 0);      /* 5 tuple */
}

/* ---- several messages in one call ---- */

#define MAX_MESSAGES 16 /* of one call, as upstream: an event for each */

/* Message `i` of those at `from`, and its length, which the kernel puts behind it. */
inline_always u32 read_message_of_many(const struct call *ctx, struct user_msghdr *message, u64 from, u32 i)
{
	u32 size = ctx->narrow ? sizeof(struct narrow_msghdr) : sizeof(struct user_msghdr);
	u64 at = from + i * (ctx->narrow ? size + 4 : size + 8);
	u32 len = 0;
	read_message(ctx, message, at);
	bpf_probe_read_user(&len, sizeof(len), (void *)(at + size));
	return len;
}

separate u32 sent_one(u32 i)
{
	struct event e;
	struct user_msghdr message;
	if (!BEGIN(&e, SOCKET_SENDMMSG_X))
		return 0;
	const struct call *ctx = &e.to->call;
	u32 len = read_message_of_many(ctx, &message, arg(ctx, 1), i);
	put_s64(&e, len);                                   /* 1 res */
	put_s64(&e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(&e, vector_size(message.iov, (u32)message.iovlen)); /* 3 size */
	put_vector(&e, message.iov, (u32)message.iovlen, len ? shown(len) : snaplen); /* 4 data */
	put_tuple(&e, fd_arg(ctx, 0), OUTBOUND, message.name); /* 5 tuple */
	send_call(&e);
	return 1;
}

separate u32 received_one(u32 i)
{
	struct event e;
	struct user_msghdr message;
	if (!BEGIN(&e, SOCKET_RECVMMSG_X))
		return 0;
	const struct call *ctx = &e.to->call;
	u32 len = read_message_of_many(ctx, &message, arg(ctx, 1), i);
	put_s64(&e, len);                                   /* 1 res */
	put_s64(&e, fd_arg(ctx, 0));                        /* 2 fd */
	put_u32(&e, len);                                   /* 3 size */
	put_vector(&e, message.iov, (u32)message.iovlen, shown(len)); /* 4 data */
	put_tuple(&e, fd_arg(ctx, 0), INBOUND, message.name); /* 5 tuple */
	put_user_bytes(&e, message.control, message.controllen & MAX_EVENT); /* 6 msgcontrol */
	send_call(&e);
	return 1;
}

/* The event of a call for several messages none of which went through. */
inline_always void put_no_message(struct event *e)
{
	put_s64(e, e->to->call.ret);                        /* 1 res */
	put_s64(e, fd_arg(&e->to->call, 0));                /* 2 fd */
	put_u32(e, 0);                                      /* 3 size */
	put_empty(e);                                       /* 4 data */
	put_empty(e);                                       /* 5 tuple */
}

SEC("tp_btf/sys_exit") int x_sendmmsg(void *unused)
{
	struct event e;
	if (!BEGIN(&e, SOCKET_SENDMMSG_X))
		return 0;
	s64 ret = e.to->call.ret;
	for (u32 i = 0; i < MAX_MESSAGES && (s64)i < ret; i++)
		if (!sent_one(i))
			break;
	if (ret > 0)
		return 0;
	put_no_message(&e);
	return send_call(&e);
}

SEC("tp_btf/sys_exit") int x_recvmmsg(void *unused)
{
	struct event e;
	if (!BEGIN(&e, SOCKET_RECVMMSG_X))
		return 0;
	s64 ret = e.to->call.ret;
	for (u32 i = 0; i < MAX_MESSAGES && (s64)i < ret; i++)
		if (!received_one(i))
			break;
	if (ret > 0)
		return 0;
	put_no_message(&e);
	put_empty(&e);                                      /* 6 msgcontrol */
	return send_call(&e);
}
