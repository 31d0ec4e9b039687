/* Second layer: values into the event, each as its parameter's type wants it. */
#pragma once
#include "base.bpf.h"

inline_always u8 *room(struct event *e)
{
	return e->to->bytes + (e->at & MAX_EVENT);
}

/* The same place for a function that knows the offset only. */
inline_always u8 *place(struct scratch *to, u32 at)
{
	return to->bytes + (at & MAX_EVENT);
}

#define MAX_NAME 256
#define MAX_LINKS 48

/* Writes "/" and each of `n` names, the last collected first; returns where the next byte goes. */
separate u32 write_links(u32 at, u32 n)
{
	struct scratch *to = my_scratch();
	for (u32 i = 0; to && i < MAX_LINKS && n; i++) {
		n--;
		*place(to, at) = '/';
		at++;
		long len = bpf_probe_read_kernel_str(place(to, at), MAX_NAME, (void *)to->links[n & 63]);
		if (len > 1)
			at += (len - 1) & 0xff;
	}
	return at;
}

/* Says how long the parameter is whose value has been written. */
inline_always void length(struct event *e, u16 len)
{
	*(u16 *)(e->to->bytes + HEADER + 2 * (e->param & 31)) = len;
	e->param++;
}

inline_always void put_empty(struct event *e)
{
	length(e, 0);
}

#define PUT(type)                                               \
	inline_always void put_##type(struct event *e, type value)  \
	{                                                           \
		*(type *)room(e) = value;                           \
		e->at += sizeof(type);                              \
		length(e, sizeof(type));                            \
	}                                                           \
	/* A piece of a value: the length comes later. */           \
	inline_always void add_##type(struct event *e, type value)  \
	{                                                           \
		*(type *)room(e) = value;                           \
		e->at += sizeof(type);                              \
	}
PUT(u8)
PUT(u16)
PUT(s16)
PUT(u32)
PUT(s32)
PUT(u64)
PUT(s64)

inline_always void put_text_len(struct event *e, long len)
{
	if (len <= 0)
		len = 0;
	e->at += (u16)len;
	length(e, len);
}

/* A text of the program, NUL included; empty where it cannot be read. */
inline_always void put_user_text(struct event *e, u64 from)
{
	put_text_len(e, from ? bpf_probe_read_user_str(room(e), MAX_PATH, (void *)from) : 0);
}

/* A text of the kernel. */
inline_always void put_kernel_text(struct event *e, const void *from)
{
	put_text_len(e, from ? bpf_probe_read_kernel_str(room(e), MAX_PATH, from) : 0);
}

/* Bytes of the program; empty where they cannot be read. */
inline_always u32 add_user_bytes(struct event *e, u64 from, u64 len)
{
	u32 n = len > MAX_EVENT ? MAX_EVENT : len;
	barrier_var(n);
	n &= MAX_EVENT;
	if (!from || !n || bpf_probe_read_user(room(e), n, (void *)from))
		return 0;
	e->at += n;
	return n;
}

inline_always void put_user_bytes(struct event *e, u64 from, u64 len)
{
	length(e, add_user_bytes(e, from, len));
}
