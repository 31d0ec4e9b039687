/* Third layer: processes. */
#pragma once
#include "file.bpf.h"

enum pid_type {
	PID_TGID = 1,
	PID_PGID = 2,
	PID_SID = 3,
};

/* Number in the process's own pid namespace. */
inline_always s64 own_number(struct pid *pid)
{
	u32 level = get(pid, level);
	int nr = 0;
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)&pid->numbers[0].nr + level * size_of_type(struct upid));
	return nr;
}

inline_always struct pid_namespace *pid_namespace_of(struct pid *pid)
{
	u32 level = get(pid, level);
	struct pid_namespace *ns = NULL;
	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)&pid->numbers[0].ns + level * size_of_type(struct upid));
	return ns;
}

inline_always struct pid *pid_of(struct task_struct *task, enum pid_type type)
{
	struct pid *pid = NULL;
	bpf_probe_read_kernel(&pid, sizeof(pid), &get(task, signal)->pids[type]);
	return pid;
}

inline_always u32 to_kb(u64 pages)
{
	return pages << 2; /* pages of 4 KiB */
}

/* Pages of a kind: 0 of files, 1 anonymous, 2 swapped out, 3 shared. A macro, because the place of an element of a kernel
 * array is only filled in where its number stands in the source. */
#define PAGES(mm, kind)                                                                             \
	({                                                                                          \
		s64 n_;                                                                             \
		if (has_type(struct mm_rss_stat))                                                   \
			n_ = get((struct mm_struct___v6_1 *)(mm), rss_stat.count[kind].counter);    \
		else                                                                                \
			n_ = get(mm, rss_stat[kind].count);                                         \
		n_ < 0 ? 0 : n_;                                                                    \
	})

inline_always u32 vm_size(struct mm_struct *mm)
{
	return to_kb(get(mm, total_vm));
}

inline_always u32 vm_rss(struct mm_struct *mm)
{
	return to_kb(PAGES(mm, 0) + PAGES(mm, 1) + PAGES(mm, 3));
}

inline_always u32 vm_swap(struct mm_struct *mm)
{
	return to_kb(PAGES(mm, 2));
}

inline_always void put_vm(struct event *e, struct task_struct *task)
{
	struct mm_struct *mm = get(task, mm);
	put_u32(e, vm_size(mm));
	put_u32(e, vm_rss(mm));
	put_u32(e, vm_swap(mm));
}

inline_always u32 tty_of(struct task_struct *task)
{
	struct tty_struct *tty = get(get(task, signal), tty);
	if (!tty)
		return 0;
	struct tty_driver *driver = get(tty, driver);
	u32 minor = get(driver, minor_start) + get(tty, index);
	return user_dev((u32)get(driver, major) << 20 | (minor & 0xfffff));
}

/* ---- control groups ---- */

/* Only the names count: the running kernel's numbers are filled in. */
enum cgroup_subsys_id {
	cpuset_cgrp_id,
	cpu_cgrp_id,
	cpuacct_cgrp_id,
	io_cgrp_id,
	memory_cgrp_id,
};

#define MAX_CGROUP_LINKS 16

/* The path of the process's group in the hierarchy of this subsystem, NUL included; returns the end. */
separate u32 write_cgroup(u32 at, u64 of, u32 subsystem)
{
	struct scratch *to = my_scratch();
	if (!to)
		return at;
	struct task_struct *task = (void *)of;
	struct css_set *set = get(task, cgroups);
	struct cgroup_subsys_state *state = NULL;
	bpf_probe_read_kernel(&state, sizeof(state), &set->subsys[subsystem & 15]);
	struct kernfs_node *node = get(get(state, cgroup), kn);
	u32 n = 0;
	for (int i = 0; i < MAX_CGROUP_LINKS; i++) {
		struct kernfs_node *parent;
		if (has_member(struct kernfs_node___v6_15, __parent)) {
			struct kernfs_node___v6_15 *now = (void *)node;
			parent = get(now, __parent);
		} else {
			parent = get(node, parent);
		}
		if (!parent) /* the root, whose name is empty */
			break;
		to->links[n & 63] = (u64)get(node, name);
		n++;
		node = parent;
	}
	if (n == 0)
		*place(to, at++) = '/';
	at = write_links(at, n);
	*place(to, at) = 0;
	return at + 1;
}

#define ADD_CGROUP(e, task, name)                                                                            \
	if (has_enum(enum cgroup_subsys_id, name##_cgrp_id)) {                                               \
		const char label[] = #name "=";                                                              \
		_Pragma("unroll") for (int i = 0; i < sizeof(label) - 1; i++)                                \
			add_u8(e, label[i]);                                                                 \
		e->at = write_cgroup(e->at, (u64)task, enum_number(enum cgroup_subsys_id, name##_cgrp_id)); \
	}

inline_always void put_cgroups(struct event *e, struct task_struct *task)
{
	u32 start = e->at;
	ADD_CGROUP(e, task, cpuset)
	ADD_CGROUP(e, task, cpu)
	ADD_CGROUP(e, task, cpuacct)
	ADD_CGROUP(e, task, io)
	ADD_CGROUP(e, task, memory)
	length(e, e->at - start);
}

/* ---- what a process runs ---- */

#define MAX_ARGS 4096

/* Parameters exe and args: the strings that the process was started with, as they lie in its memory. */
inline_always void put_exe_and_args(struct event *e, struct task_struct *task)
{
	struct mm_struct *mm = get(task, mm);
	u64 start = get(mm, arg_start), end = get(mm, arg_end);
	long exe = start ? bpf_probe_read_user_str(room(e), MAX_ARGS, (void *)start) : 0;
	if (exe < 0)
		exe = 0;
	put_text_len(e, exe); /* exe */
	u64 len = end > start + exe ? end - start - exe : 0;
	u64 most = MAX_ARGS - exe;
	u32 n = add_user_bytes(e, start + exe, len > most ? most : len);
	if (n)
		e->to->bytes[(e->at - 1) & MAX_EVENT] = 0; /* cut or not, it ends */
	length(e, n); /* args */
}

inline_always void put_env(struct event *e, struct task_struct *task)
{
	struct mm_struct *mm = get(task, mm);
	u64 start = get(mm, env_start), end = get(mm, env_end);
	u64 len = end > start ? end - start : 0;
	u32 n = add_user_bytes(e, start, len > MAX_ARGS ? MAX_ARGS : len);
	if (n)
		e->to->bytes[(e->at - 1) & MAX_EVENT] = 0;
	length(e, n);
}

#define MAX_POINTERS 16

/* Strings that an array of the program points at, for a call that failed: those from `first` up to `before`. */
separate u32 write_strings(u32 at, u64 array, u32 first, u32 before)
{
	struct scratch *to = my_scratch();
	u32 start = at;
	for (u32 i = 0; to && i < MAX_POINTERS; i++) {
		u64 text = 0;
		if (i < first)
			continue;
		u32 size = to->call.narrow ? 4 : 8;
		if (i >= before || bpf_probe_read_user(&text, size, (void *)(array + i * size)) || !text)
			break;
		long len = bpf_probe_read_user_str(place(to, at), MAX_ARGS, (void *)text);
		if (len <= 0 || at - start + len > MAX_ARGS)
			break;
		at += len & 0x1fff;
	}
	return at;
}

inline_always void put_strings(struct event *e, u64 array, u32 first, u32 before)
{
	u32 start = e->at;
	e->at = write_strings(start, array, first, before);
	length(e, e->at - start);
}

#define EXE_WRITABLE 1
#define EXE_UPPER_LAYER 2
#define EXE_MEMFD 4
#define EXE_LOWER_LAYER 8

separate u32 in_group(u64 of, u32 gid)
{
	struct cred *cred = (void *)of;
	if (get(cred, fsgid.val) == gid)
		return true;
	struct group_info *groups = get(cred, group_info);
	u32 left = 0, right = get(groups, ngroups);
	for (int i = 0; i < 17 && left < right; i++) { /* sorted, at most 65536 */
		u32 mid = (left + right) / 2, at = 0;
		bpf_probe_read_kernel(&at, sizeof(at), &groups->gid[0].val + mid);
		if (at == gid)
			return true;
		if (at < gid)
			left = mid + 1;
		else
			right = mid;
	}
	return false;
}

/* Whether an id of the kernel has one in this user namespace. */
separate u32 is_mapped(u64 in, u32 id)
{
	struct uid_gid_map *map = (void *)in;
	u32 n = get(map, nr_extents);
	for (int i = 0; i < 5 && i < n; i++) {
		struct uid_gid_extent x = {};
		bpf_probe_read_kernel(&x.lower_first, 4, &map->extent[i].lower_first);
		bpf_probe_read_kernel(&x.count, 4, &map->extent[i].count);
		if (id - x.lower_first < x.count)
			return true;
	}
	return false;
}

/* Whether the user could change the file that it runs. Access control lists stay out of account. */
inline_always bool is_writable(struct cred *cred, struct inode *inode)
{
	u16 mode = get(inode, i_mode);
	u32 uid = get(inode, i_uid.val), gid = get(inode, i_gid.val), fsuid = get(cred, fsuid.val);
	if (get(get(inode, i_sb), s_flags) & 1 || get(inode, i_flags) & 8) /* read-only; immutable */
		return false;
	if (uid == -1u || gid == -1u)
		return false;
	if (fsuid == uid)
		return true;
	if (mode & (in_group((u64)cred, gid) ? 020 : 02))
		return true;
	struct user_namespace *ns = get(cred, user_ns);
	u64 caps = get(cred, cap_effective.val);
	bool owner = is_mapped((u64)&ns->uid_map, uid);
	return owner && ((caps & 1 << 3) || ((caps & 1 << 1) && is_mapped((u64)&ns->gid_map, gid))); /* FOWNER, DAC_OVERRIDE */
}

inline_always bool is_memfd(struct file *file)
{
	struct dentry *dentry = get(file, f_path.dentry);
	if (get(dentry, d_parent) != dentry)
		return false;
	u64 name = 0;
	bpf_probe_read_kernel(&name, 6, get(dentry, d_name.name));
	return name == 0x3a64666d656dull; /* "memfd:" */
}

separate u32 exe_flags(u64 of, u64 file)
{
	struct cred *cred = (void *)of;
	struct file *exe = (void *)file;
	if (!exe)
		return 0;
	u32 flags = is_writable(cred, get(exe, f_inode)) ? EXE_WRITABLE : 0;
	enum layer layer = layer_of(exe);
	if (layer == LAYER_UPPER)
		flags |= EXE_UPPER_LAYER;
	if (layer == LAYER_LOWER)
		flags |= EXE_LOWER_LAYER;
	return flags | (is_memfd(exe) ? EXE_MEMFD : 0);
}
