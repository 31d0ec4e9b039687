/* Third layer: files, their inodes and their paths. */
#pragma once
#include "flags.bpf.h"

#define OVERLAYFS_MAGIC 0x794c7630

/* What a descriptor of this process stands for. On the way of every open: where the task's members can be read without a
 * helper they are. */
inline_always struct file *file_of(s64 fd)
{
	struct file **files;
	u32 max;
	if (fd < 0)
		return NULL;
	if (has_enum(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
		struct fdtable *table = bpf_get_current_task_btf()->files->fdt;
		max = table->max_fds;
		files = table->fd;
	} else {
		struct fdtable *table = get(get(current(), files), fdt);
		max = get(table, max_fds);
		files = get(table, fd);
	}
	struct file *file = NULL;
	if (files && fd < max)
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* Numbers of a device as programs see them. */
inline_always u32 user_dev(u32 dev)
{
	u32 major = dev >> 20, minor = dev & 0xfffff;
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

enum layer {
	LAYER_NONE,
	LAYER_UPPER,
	LAYER_LOWER,
};

/* Where a file of an overlay comes from. overlayfs keeps its own inode around the kernel's, and right behind that the entry
 * of the upper layer, if there is one. */
inline_always enum layer layer_of(struct file *file)
{
	struct dentry *dentry = get(file, f_path.dentry);
	if (get(get(dentry, d_sb), s_magic) != OVERLAYFS_MAGIC)
		return LAYER_NONE;
	struct dentry *upper = NULL;
	const void *inode = get(dentry, d_inode);
	bpf_probe_read_kernel(&upper, sizeof(upper), inode + size_of_type(struct inode));
	return upper && get(get(upper, d_inode), i_ino) ? LAYER_UPPER : LAYER_LOWER;
}

/* What an event of the open family says of the file. */
struct opened {
	u32 flags, dev;
	u64 ino;
};

inline_always struct opened opened_file(s64 fd)
{
	struct opened o = {};
	struct file *file = file_of(fd);
	if (!file)
		return o;
	struct inode *inode = get(file, f_inode);
	struct super_block *sb = get(inode, i_sb);
	o.dev = user_dev(get(sb, s_dev));
	o.ino = get(inode, i_ino);
	if (get(file, f_mode) & 0x100000) /* FMODE_CREATED */
		o.flags |= FILE_CREATED;
	/* Of a file that was opened, inode and entry are of the same file system. */
	if (get(sb, s_magic) != OVERLAYFS_MAGIC)
		return o;
	o.flags |= layer_of(file) == LAYER_UPPER ? FILE_UPPER_LAYER : FILE_LOWER_LAYER;
	return o;
}

inline_always u64 time_ns(s64 sec, u64 nsec)
{
	return sec < 0 ? 0 : sec * 1000000000ull + nsec;
}

inline_always u64 changed_ns(struct inode *inode)
{
	if (has_member(struct inode___v6_11, i_ctime_sec)) {
		struct inode___v6_11 *i = (void *)inode;
		return time_ns(get(i, i_ctime_sec), get(i, i_ctime_nsec));
	}
	if (has_member(struct inode___v6_6, __i_ctime)) {
		struct inode___v6_6 *i = (void *)inode;
		return time_ns(get(i, __i_ctime.tv_sec), get(i, __i_ctime.tv_nsec));
	}
	return time_ns(get(inode, i_ctime.tv_sec), get(inode, i_ctime.tv_nsec));
}

inline_always u64 modified_ns(struct inode *inode)
{
	if (has_member(struct inode___v6_11, i_mtime_sec)) {
		struct inode___v6_11 *i = (void *)inode;
		return time_ns(get(i, i_mtime_sec), get(i, i_mtime_nsec));
	}
	if (has_member(struct inode___v6_7, __i_mtime)) {
		struct inode___v6_7 *i = (void *)inode;
		return time_ns(get(i, __i_mtime.tv_sec), get(i, __i_mtime.tv_nsec));
	}
	return time_ns(get(inode, i_mtime.tv_sec), get(inode, i_mtime.tv_nsec));
}


/* One step up; false at the root of all mounts. */
inline_always bool step_up(struct scratch *to)
{
	struct walk *w = &to->walk;
	struct dentry *dentry = w->dentry;
	struct dentry *parent = get(dentry, d_parent);
	if (dentry != w->root && dentry != parent) {
		to->links[w->links & 63] = (u64)get(dentry, d_name.name);
		w->links++;
		w->dentry = parent;
		return true;
	}
	struct mount *mount = w->mount, *above = get(mount, mnt_parent);
	if (dentry != w->root || above == mount)
		return false;
	w->dentry = get(mount, mnt_mountpoint);
	w->mount = above;
	w->root = get(above, mnt.mnt_root);
	return true;
}

/* The path of a file from the root of all mounts: names are collected upwards and written downwards. Without a lock a
 * rename in between may show; the kernel offers its own walk to few kinds of programs. Returns the end. */
separate u32 write_path(u32 at, u64 of)
{
	struct scratch *to = my_scratch();
	if (!to)
		return at;
	struct file *file = (void *)of;
	struct walk *w = &to->walk;
	w->dentry = get(file, f_path.dentry);
	w->mount = (void *)get(file, f_path.mnt) - __builtin_preserve_field_info(((struct mount *)0)->mnt, 0);
	w->root = get(w->mount, mnt.mnt_root);
	w->links = 0;
	for (int i = 0; i < MAX_LINKS && step_up(to); i++)
		;
	u32 n = w->links;
	if (n == 0) {
		/* In no folder: a memfd, or the root itself. */
		long len = bpf_probe_read_kernel_str(place(to, at), MAX_NAME, get(w->dentry, d_name.name));
		return at + (len > 0 ? len & 0x1ff : 0);
	}
	at = write_links(at, n);
	*place(to, at) = 0;
	return at + 1;
}

inline_always void put_path(struct event *e, struct file *file)
{
	u32 start = e->at;
	if (file)
		e->at = write_path(start, (u64)file);
	length(e, e->at - start);
}
