/* Third layer: data in one piece or in many. Of the data the first `snaplen` bytes go along. */
#pragma once
#include "socket.bpf.h"

inline_always u64 shown(u64 len)
{
	return len < snaplen ? len : snaplen;
}

#define MAX_PIECES 32

/* The sizes of all pieces of a vector together, of the first 32 as upstream counts them. */
separate u32 vector_size(u64 vector, u64 pieces)
{
	struct scratch *to = my_scratch();
	if (!to)
		return 0;
	to->walk.left = 0;
	for (u32 i = 0; i < MAX_PIECES && i < pieces; i++) {
		struct iovec piece;
		if (bpf_probe_read_user(&piece, sizeof(piece), (void *)(vector + i * sizeof(piece))))
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
		if (bpf_probe_read_user(&piece, sizeof(piece), (void *)(vector + i * sizeof(piece))))
			break;
		struct event e = {.to = to, .at = w->at};
		u32 left = w->left;
		u32 n = add_user_bytes(&e, piece.base, piece.len < left ? piece.len : left);
		w->at = e.at;
		w->left = n < left ? left - n : 0;
	}
	return w->at;
}

inline_always void put_vector(struct event *e, u64 vector, u64 pieces, u32 most)
{
	u32 start = e->at;
	e->at = write_vector(start, vector, pieces, most);
	length(e, e->at - start);
}
