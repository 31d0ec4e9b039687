/* Third layer: data in one piece or in many. Of the data the first `snaplen` bytes go along. */
#pragma once
#include "socket.bpf.h"

inline_always u64 shown(u64 len)
{
	return len < snaplen ? len : snaplen;
}

#define MAX_PIECES 32

/* Piece `i` of a vector of the program. */
inline_always bool read_piece(const struct scratch *to, struct iovec *piece, u64 vector, u32 i)
{
	struct {
		u32 base, len;
	} narrow;
	if (!to->call.narrow)
		return !bpf_probe_read_user(piece, sizeof(*piece), (void *)(vector + i * sizeof(*piece)));
	if (bpf_probe_read_user(&narrow, sizeof(narrow), (void *)(vector + i * sizeof(narrow))))
		return false;
	*piece = (struct iovec){narrow.base, narrow.len};
	return true;
}

/* The sizes of all pieces of a vector together, of the first 32 as upstream counts them. */
separate u32 vector_size(u64 vector, u64 pieces)
{
	struct scratch *to = my_scratch();
	if (!to)
		return 0;
	to->walk.left = 0;
	for (u32 i = 0; i < MAX_PIECES && i < pieces; i++) {
		struct iovec piece;
		if (!read_piece(to, &piece, vector, i))
			break;
		to->walk.left += piece.len;
	}
	return to->walk.left;
}

/* The first `most` bytes of a vector; returns the end. */
separate u32 write_vector(u32 at, u64 vector, u64 pieces, u32 most)
{
	struct scratch *to = my_scratch();
	if (!to)
		return at;
	struct walk *w = &to->walk;
	w->left = most;
	w->at = at;
	for (u32 i = 0; i < MAX_PIECES && i < pieces && w->left; i++) {
		struct iovec piece;
		if (!read_piece(to, &piece, vector, i))
			break;
		struct event e = {.to = to, .at = w->at};
		u32 left = w->left;
		u32 n = add_user_bytes(&e, piece.base, piece.len < left ? piece.len : left);
		w->at = e.at;
		w->left = n < left ? left - n : 0;
	}
	return w->at;
}

/* What a message of the program says of itself. */
inline_always bool read_message(const struct call *ctx, struct user_msghdr *message, u64 from)
{
	__builtin_memset(message, 0, sizeof(*message));
	if (!ctx->narrow)
		return !bpf_probe_read_user(message, sizeof(*message), (void *)from);
	struct narrow_msghdr narrow;
	if (bpf_probe_read_user(&narrow, sizeof(narrow), (void *)from))
		return false;
	message->name = narrow.name;
	message->iov = narrow.iov;
	message->iovlen = narrow.iovlen;
	message->control = narrow.control;
	message->controllen = narrow.controllen;
	return true;
}

inline_always void put_vector(struct event *e, u64 vector, u64 pieces, u32 most)
{
	u32 start = e->at;
	e->at = write_vector(start, vector, pieces, most);
	length(e, e->at - start);
}

/* What was received, or nothing. */
inline_always void put_received(struct event *e, s64 ret, u64 from)
{
	if (ret > 0)
		put_user_bytes(e, from, shown(ret));
	else
		put_empty(e);
}

/* What was sent, or was to be. */
inline_always void put_sent(struct event *e, s64 ret, u64 from, u32 size)
{
	put_user_bytes(e, from, shown(ret > 0 ? ret : size));
}
