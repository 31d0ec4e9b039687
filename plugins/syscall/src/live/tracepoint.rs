//! Programs of the probes that are no call's.

/// One of them.
pub(super) struct Tracepoint {
    /// Entry of the map `switches`: `enum tracepoint` of bpf/base.bpf.h.
    pub(super) switch: u32,
    pub(super) program: &'static str,
    pub(super) tracepoint: &'static str,
    /// Calls and tracepoints of the syscall table that want it.
    pub(super) wanted_by: &'static [&'static str],
    /// Whether there is no watching without it.
    pub(super) needed: bool,
}

/// All of them.
pub(super) const TRACEPOINTS: [Tracepoint; 7] = [
    new(0, "sched_exec", "sched_process_exec", &["execve", "execveat"], true),
    new(1, "sched_fork", "sched_process_fork", &["clone", "clone3", "fork", "vfork"], true),
    new(2, "sched_exit", "sched_process_exit", &["sched_process_exit"], true),
    new(3, "signal_deliver", "signal_deliver", &["signal_deliver"], false),
    new(4, "sched_switch", "sched_switch", &["sched_switch"], false),
    new(5, "fault_user", "page_fault_user", &["page_fault_user"], false),
    new(5, "fault_kernel", "page_fault_kernel", &["page_fault_kernel"], false),
];

const fn new(
    switch: u32,
    program: &'static str,
    tracepoint: &'static str,
    wanted_by: &'static [&'static str],
    needed: bool,
) -> Tracepoint {
    Tracepoint { switch, program, tracepoint, wanted_by, needed }
}

impl Tracepoint {
    /// Whether it is to run, for what is wanted.
    pub(super) fn is_wanted(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.wanted_by.iter().any(|name| wanted(name))
    }
}

/// The entry of `switches` that is no tracepoint: whether calls that failed are left out.
pub(super) const SWITCH_DROP_FAILED: u32 = 6;
