//! The probes compile for every architecture that has them, whichever this one is.

use std::process::Command;

use lanner_plugin_api::schema::{SYSCALLS, SyscallKind};

/// Compiles the probes as build.rs does and returns the object.
fn object(define: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("probe.o");
    let bpf = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf");
    let clang = std::env::var_os("CLANG").unwrap_or_else(|| "clang".into());
    let mut command = Command::new(clang);
    command.args(["-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wall", "-Werror", define, "-I", bpf]);
    command.args(["-I", env!("OUT_DIR"), "-c", &format!("{bpf}/probe.bpf.c"), "-o"]).arg(&path);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(path).unwrap()
}

fn names(object: &[u8], name: &str) -> bool {
    let name = format!("\0{name}\0");
    object.windows(name.len()).any(|at| at == name.as_bytes())
}

#[test]
fn both_architectures_have_their_programs() {
    for (define, forks_seen_apart) in [("-D__TARGET_ARCH_x86", false), ("-D__TARGET_ARCH_arm64", true)] {
        let object = object(define);
        assert_eq!(&object[..4], b"\x7fELF");
        assert_eq!(object[18..20], 247_u16.to_le_bytes(), "an object for BPF");
        for program in ["sys_exit", "sys_enter", "sched_exec", "sched_exit", "x_openat", "e_openat", "x_clone3"] {
            assert!(names(&object, program), "{define}: {program}");
        }
        // What the loader makes of it: every program is on a typed tracepoint, and says where its reads of kernel structures
        // are to be fitted to the running kernel.
        let parsed = aya_obj::Object::parse(&object).unwrap();
        assert!(parsed.btf.is_some() && parsed.btf_ext.is_some(), "{define}: no types");
        assert!(parsed.programs.len() > 165, "{define}: {}", parsed.programs.len());
        for (name, program) in &parsed.programs {
            assert!(matches!(program.section, aya_obj::ProgramSection::BtfTracePoint), "{define}: {name}");
        }
        for map in ["calls", "exits", "enters", "rings", "scratches", "counts"] {
            assert!(parsed.maps.contains_key(map), "{define}: {map}");
        }
        // A child's way out of the call is seen on x86-64 only; elsewhere it is met where it is made.
        assert_eq!(names(&object, "sched_fork"), forks_seen_apart, "{define}");
    }
}

/// Calls with events of their own that have no program, and why.
const WITHOUT: [(&str, &str); 0] = [];

#[test]
fn every_call_with_events_of_its_own_has_a_program() {
    let object = object("-D__TARGET_ARCH_x86");
    let specific: Vec<_> = SYSCALLS.iter().filter(|call| call.kind == SyscallKind::Specific).collect();
    assert!(specific.len() > 150);
    for call in specific {
        let excused = WITHOUT.iter().any(|(name, _)| *name == call.name);
        let there = names(&object, &format!("x_{}", call.name));
        assert_ne!(there, excused, "{}: either a program x_{0} or an entry in WITHOUT", call.name);
        // Read at entry too: what could be changed before the exit.
        let early = ["open", "creat", "openat", "openat2", "connect"].contains(&call.name);
        assert_eq!(names(&object, &format!("e_{}", call.name)), early, "{}", call.name);
    }
}
