/* The compiler's and the kernel's side of a BPF program: sections, maps, helpers, reads by BTF. */
#pragma once
#include "types.bpf.h"

#define SEC(name) __attribute__((section(name), used))
#define inline_always static inline __attribute__((always_inline))
/* A function of its own in the object. The verifier looks at it once for all its callers and takes its result for any
 * number: loops that would multiply with each other in one program stay apart. Kernels of 5.8 allow numbers only as
 * arguments, so pointers travel as such. */
#define separate __attribute__((noinline))
#define barrier_var(var) asm volatile("" : "+r"(var))

#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]

#define NO_PREALLOC 1 /* flag of a map: elements take memory when they are there */

enum map_type {
	MAP_HASH = 1,
	MAP_ARRAY = 2,
	MAP_PROG_ARRAY = 3,
	MAP_PERCPU_ARRAY = 6,
	MAP_ARRAY_OF_MAPS = 12,
	MAP_RINGBUF = 27,
};

/* Only names that are asked for: the running kernel tells whether it has the helper. */
enum bpf_func_id {
	BPF_FUNC_get_current_task_btf = 158,
};

/* Helpers, by the kernel's numbers. All are of 5.8 or older but where it is said; those are asked for before they are used,
 * and the verifier does not look at what the answer rules out. */
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*const bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static long (*const bpf_tail_call)(void *ctx, void *table, u32 index) = (void *)12;
static u64 (*const bpf_get_current_pid_tgid)(void) = (void *)14;
static u64 (*const bpf_get_current_task)(void) = (void *)35;
/* Of 5.11: the task as something whose members are read without a helper. */
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;
static long (*const bpf_probe_read_user)(void *dst, u32 size, const void *src) = (void *)112;
static long (*const bpf_probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;
static long (*const bpf_probe_read_user_str)(void *dst, u32 size, const void *src) = (void *)114;
static long (*const bpf_probe_read_kernel_str)(void *dst, u32 size, const void *src) = (void *)115;
static long (*const bpf_send_signal)(u32 signal) = (void *)109;
static u64 (*const bpf_ktime_get_boot_ns)(void) = (void *)125;
static long (*const bpf_ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;

#define RB_NO_WAKEUP 1

/* A member of a kernel structure, 0 where it cannot be read. */
#define get(ptr, member)                                                            \
	({                                                                          \
		typeof((ptr)->member) value_;                                       \
		__builtin_memset(&value_, 0, sizeof(value_));                       \
		bpf_probe_read_kernel(&value_, sizeof(value_), &(ptr)->member);     \
		value_;                                                             \
	})

/* Whether the running kernel has it. */
#define has_member(type, member) __builtin_preserve_field_info(((type *)0)->member, 2)
#define has_type(type) __builtin_preserve_type_info(*(type *)0, 0)
#define size_of_type(type) __builtin_preserve_type_info(*(type *)0, 1)

/* A member that is a bit field: the word that holds it, shifted so that only the member is left. */
#define get_bits(ptr, member)                                                                       \
	({                                                                                          \
		u64 word_ = 0;                                                                      \
		const void *at_ = (const void *)(ptr) + __builtin_preserve_field_info((ptr)->member, 0); \
		bpf_probe_read_kernel(&word_, __builtin_preserve_field_info((ptr)->member, 1), at_); \
		word_ <<= __builtin_preserve_field_info((ptr)->member, 4);                          \
		word_ >> __builtin_preserve_field_info((ptr)->member, 5);                           \
	})

/* The number that the running kernel gives a name of an enumeration. */
#define enum_number(type, name) __builtin_preserve_enum_value(*(typeof(type) *)name, 1)
#define has_enum(type, name) __builtin_preserve_enum_value(*(typeof(type) *)name, 0)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
