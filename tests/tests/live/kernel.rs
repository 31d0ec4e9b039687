//! Hands on other processes and on the kernel.

use crate::action::Place::{Host, Stage};
use crate::action::{Action, action};

pub(crate) fn actions() -> Vec<Action> {
    vec![
        action("attached", Host, "act attach").raises(
            "PTRACE attached to process",
            &[("evt.arg.request", "PTRACE_ATTACH"), ("evt.arg.pid", "act"), ("proc.cmdline", "act attach")],
        ),
        action("trace-me", Host, "act trace-me").raises("PTRACE anti-debug attempt", &[("proc.name", "act")]),
        action("memory-written", Host, "act memory write")
            .raises("Memory of Another Process Written", &[("evt.arg.pid", "act"), ("evt.type", "process_vm_writev")]),
        action("memory-read", Host, "act memory read")
            .raises("Memory of Another Process Read", &[("evt.arg.pid", "act"), ("evt.type", "process_vm_readv")]),
        action("memory-file-written", Host, "act memory-file write")
            .raises("Memory of Another Process Written", &[("fd.name", "/proc/*"), ("evt.type", "openat")]),
        action("memory-file-read", Host, "act memory-file read")
            .raises("Memory of Another Process Read", &[("fd.name", "/proc/*"), ("evt.type", "openat")]),
        action("namespace", Host, "act enter /proc/self/ns/uts").raises(
            "Change thread namespace",
            &[("evt.arg.fd", "*/proc/self/ns/uts"), ("evt.arg.nstype", "0"), ("proc.name", "act")],
        ),
        action("ring", Host, "act uring")
            .raises("io_uring Used by Unexpected Program", &[("evt.arg.entries", "4"), ("proc.name", "act")]),
        action("page-faults", Host, "act as 65533 act page-faults").raises(
            "Unprivileged Delegation of Page Faults Handling to a Userspace Process",
            &[("user.uid", "65533"), ("proc.name", "act"), ("evt.type", "userfaultfd")],
        ),
        action("page-faults-root", Host, "act page-faults"),
        action("kernel-program", Host, "act program")
            .raises("BPF Program Not Profiled", &[("evt.arg.cmd", "BPF_PROG_LOAD"), ("proc.name", "act")]),
        action("kernel-program-off", Stage, "mkdir $T/stage/groups; act program-off $T/stage/groups")
            .raises("BPF Program Not Profiled", &[("proc.name", "act")])
            .raises("Kernel Hook of BPF Taken Off", &[("evt.arg.cmd", "BPF_PROG_DETACH"), ("proc.name", "act")]),
        action("kernel-helper", Host, "act open-to-write /proc/sys/kernel/core_pattern").raises(
            "Kernel Helper Program Replaced",
            &[("fd.name", "/proc/sys/kernel/core_pattern"), ("proc.name", "act")],
        ),
        action("kernel-helper-read", Host, "cat /proc/sys/kernel/core_pattern"),
        action("tracer", Host, ": > $T/kprobe_events")
            .raises("Kernel Tracing Set Up", &[("fd.name", "$T/kprobe_events")]),
    ]
}
