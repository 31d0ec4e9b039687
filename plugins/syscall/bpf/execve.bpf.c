/* execve, execveat. Success is seen where the new program is in place; the call's exit tells of failure only. */
#include "task.bpf.h"

/* Parameters 4 to 14, which execs and clones share. */
inline_always void put_process(struct event *e, struct task_struct *task)
{
	put_s64(e, get(task, pid));                             /* 4 tid */
	put_s64(e, get(task, tgid));                            /* 5 pid */
	put_s64(e, get(get(task, real_parent), pid));           /* 6 ptid */
	put_empty(e);                                           /* 7 cwd: followed by the state */
	put_u64(e, get(get(task, signal), rlim[7].rlim_cur));   /* 8 fdlimit */
	put_u64(e, get(task, maj_flt));                         /* 9 pgft_maj */
	put_u64(e, get(task, min_flt));                         /* 10 pgft_min */
	put_vm(e, task);                                        /* 11 vm_size, 12 vm_rss, 13 vm_swap */
	put_kernel_text(e, &task->comm);                        /* 14 comm */
}

/* Parameters 17 to 30. */
inline_always void put_program(struct event *e, struct task_struct *task)
{
	struct cred *cred = get(task, cred);
	struct file *exe = get(get(task, mm), exe_file);
	struct inode *inode = get(exe, f_inode);
	struct pid *group = pid_of(task, PID_PGID);
	put_u32(e, tty_of(task));                               /* 17 tty */
	put_s64(e, own_number(group));                          /* 18 vpgid */
	put_u32(e, get(task, loginuid.val));                    /* 19 loginuid */
	put_u32(e, exe_flags((u64)cred, (u64)exe));              /* 20 flags */
	put_u64(e, get(cred, cap_inheritable.val));             /* 21 cap_inheritable */
	put_u64(e, get(cred, cap_permitted.val));               /* 22 cap_permitted */
	put_u64(e, get(cred, cap_effective.val));               /* 23 cap_effective */
	put_u64(e, get(inode, i_ino));                          /* 24 exe_ino */
	put_u64(e, changed_ns(inode));                          /* 25 exe_ino_ctime */
	put_u64(e, modified_ns(inode));                         /* 26 exe_ino_mtime */
	put_u32(e, get(cred, euid.val));                        /* 27 uid */
	put_path(e, exe);                                       /* 28 trusted_exepath */
	put_s64(e, get(group, numbers[0].nr));                  /* 29 pgid */
	put_u32(e, get(cred, egid.val));                        /* 30 gid */
}

/* TP_PROTO(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm) */
SEC("tp_btf/sched_process_exec") int sched_exec(u64 *ctx)
{
	struct task_struct *task = current();
	if (!is_on(TP_EXEC) || is_own() || get(task, flags) & 0x200000) /* PF_KTHREAD */
		return 0;
	struct event e;
	if (!BEGIN(&e, SYSCALL_EXECVE_19_X))
		return 0;
	put_s64(&e, 0);                                         /* 1 res */
	put_exe_and_args(&e, task);                             /* 2 exe, 3 args */
	put_process(&e, task);
	put_cgroups(&e, task);                                  /* 15 cgroups */
	put_env(&e, task);                                      /* 16 env */
	put_program(&e, task);
	put_kernel_text(&e, get((struct linux_binprm *)ctx[2], filename)); /* 31 filename */
	return send_judged(&e, RING_VITAL, 0);
}

inline_always void failed_exec(struct event *e, const struct call *ctx, int argv, int envp)
{
	struct task_struct *task = current();
	put_s64(e, ctx->ret);                                   /* 1 res */
	put_strings(e, arg(ctx, argv), 0, 1);                   /* 2 exe */
	put_strings(e, arg(ctx, argv), 1, MAX_POINTERS);        /* 3 args */
	put_process(e, task);
	put_cgroups(e, task);                                   /* 15 cgroups */
	put_strings(e, arg(ctx, envp), 0, MAX_POINTERS);        /* 16 env */
	put_program(e, task);
}

SEC("tp_btf/sys_exit") int x_execve(void *unused)
{
	struct event e;
	if (!BEGIN(&e, SYSCALL_EXECVE_19_X) || e.to->call.ret == 0)
		return 0;
	failed_exec(&e, &e.to->call, 1, 2);
	put_user_text(&e, arg(&e.to->call, 0));                 /* 31 filename */
	return send_call(&e);
}

SEC("tp_btf/sys_exit") int x_execveat(void *unused)
{
	struct event e;
	if (!BEGIN(&e, SYSCALL_EXECVEAT_X) || e.to->call.ret == 0)
		return 0;
	failed_exec(&e, &e.to->call, 2, 3);
	return send_call(&e);
}
