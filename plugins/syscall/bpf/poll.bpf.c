/* Calls that wait for descriptors. */
#include "flags.bpf.h"

#define MAX_POLLED 16 /* descriptors that go along */

struct polled {
	s32 fd;
	u16 wanted, found;
};

inline_always u16 poll_flags(u16 f)
{
	u16 to = f & 7; /* IN, PRI, OUT: the same */
	to |= MAP_BITS(f, 0x2000, 1 << 3); /* RDHUP */
	to |= MAP_BITS(f, 0x08, 1 << 4);   /* ERR */
	to |= MAP_BITS(f, 0x10, 1 << 5);   /* HUP */
	to |= MAP_BITS(f, 0x20, 1 << 6);   /* NVAL */
	to |= MAP_BITS(f, 0x40, 1 << 7);   /* RDNORM */
	to |= MAP_BITS(f, 0x80, 1 << 8);   /* RDBAND */
	to |= MAP_BITS(f, 0x100, 1 << 9);  /* WRNORM */
	to |= MAP_BITS(f, 0x200, 1 << 10); /* WRBAND */
	return to;
}

/* Parameter of type FDLIST: how many, then each descriptor with what it is ready for. Returns the end. */
separate u32 write_fds(u32 at, u64 from, u32 n)
{
	struct event e = {.to = my_scratch(), .at = at};
	if (!e.to)
		return at;
	struct polled *fds = (void *)(e.to->bytes + (1 << 16)); /* behind what an event can fill */
	u32 most = n < MAX_POLLED ? n : MAX_POLLED;
	if (bpf_probe_read_user(fds, (most & 0x1f) * sizeof(*fds), (void *)from))
		most = 0;
	add_u16(&e, most);
	for (u32 i = 0; i < MAX_POLLED && i < most; i++) {
		add_s64(&e, fds[i].fd);
		add_u16(&e, poll_flags(fds[i].found));
	}
	return e.at;
}

inline_always void put_fds(struct event *e, u64 from, u32 n)
{
	u32 start = e->at;
	e->at = write_fds(start, from, n);
	length(e, e->at - start);
}

CALL_EXIT(poll, SYSCALL_POLL_X)
{
	put_s64(e, ret);                                   /* 1 res */
	put_fds(e, arg(ctx, 0), arg(ctx, 1));              /* 2 fds */
	put_s64(e, (s32)arg(ctx, 2));                      /* 3 timeout: -1 is none */
}

CALL_EXIT(ppoll, SYSCALL_PPOLL_X)
{
	u32 mask = 0;
	bpf_probe_read_user(&mask, sizeof(mask), (void *)arg(ctx, 3));
	put_s64(e, ret);                                   /* 1 res */
	put_fds(e, arg(ctx, 0), arg(ctx, 1));              /* 2 fds */
	put_u64(e, user_time(ctx, arg(ctx, 2)));           /* 3 timeout */
	put_u32(e, mask);                                  /* 4 sigmask: of the first 32 signals */
}
