//! Why live events cannot be had, with what to do about it.

use std::io;

use thiserror::Error;

/// A failure of the live source.
#[derive(Debug, Error)]
pub enum LiveError {
    /// The parameters of `open`.
    #[error("the parameters after `live:` are no settings: {0}")]
    Settings(#[from] serde_json::Error),
    /// Something that the machine or the user lacks; each with its remedy.
    #[error("live events are not possible here:{}", list(.0))]
    Missing(Vec<String>),
    /// The build has no probes for this machine.
    #[error("this build has no probes for this architecture: they exist for x86-64 and aarch64")]
    Architecture,
    /// The object was refused.
    #[error("cannot load the probes: {0}{hint}", hint = hint(.0))]
    Object(#[from] aya::EbpfError),
    /// The kernel's types.
    #[error("cannot read the kernel's types (/sys/kernel/btf/vmlinux): {0}")]
    Btf(#[from] aya::BtfError),
    /// A program was refused.
    #[error("the kernel refuses the program '{name}': {}{}", shortened(.error), hint(.error))]
    Program {
        /// Its name.
        name: String,
        /// Why, with the verifier's words where it was the verifier.
        error: Box<aya::programs::ProgramError>,
    },
    /// A map.
    #[error("cannot use the map '{name}': {error}{}", hint(.error))]
    Map {
        /// Its name.
        name: &'static str,
        /// Why.
        error: aya::maps::MapError,
    },
    /// A ring buffer.
    #[error(
        "cannot map a ring buffer of {bytes} bytes: {error}; a smaller engine.modern_ebpf.buf_size_preset needs less memory"
    )]
    Ring {
        /// Its size.
        bytes: u32,
        /// Why.
        error: io::Error,
    },
    /// A text of a rule that kills.
    #[error("the probes compare texts of up to 256 bytes, a rule that kills has one of {0}")]
    LongText(usize),
    /// The programs and this code do not fit together.
    #[error("the probes lack '{0}'")]
    Lacks(&'static str),
    /// The probes did not learn which process the agent is.
    #[error(
        "the probes do not see system calls (the agent's own went unnoticed): another program may have turned the tracepoint \
         raw_syscalls off, or the kernel lacks CONFIG_HAVE_SYSCALL_TRACEPOINTS"
    )]
    Unheard,
    /// A file that was there a moment ago.
    #[error("cannot read /sys/kernel/btf/vmlinux: {0}")]
    Types(#[from] io::Error),
    /// Something of `/proc`.
    #[error("{path}: {error}")]
    Proc {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
}

impl LiveError {
    pub(super) fn refused(name: &str, error: aya::programs::ProgramError) -> Self {
        Self::Program { name: name.to_owned(), error: Box::new(error) }
    }
}

/// What may be behind a refusal although everything that can be looked at is there.
fn hint(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let causes = std::iter::successors(Some(error), |error| error.source());
    match causes.filter_map(|cause| cause.downcast_ref::<io::Error>()?.raw_os_error()).next() {
        Some(libc::EPERM | libc::EACCES) => {
            "; a seccomp profile or a security module may forbid bpf(2): in a container allow it \
             (--security-opt seccomp=PROFILE, or unconfined)"
        }
        Some(libc::ENOMEM) => {
            "; memory is short, or its limit (memory.max of the control group, ulimit -l before Linux 5.11): a smaller \
             engine.modern_ebpf.buf_size_preset needs less"
        }
        _ => "",
    }
}

/// The verifier tells every step: what it says first and last is enough to know the reason.
fn shortened(error: &aya::programs::ProgramError) -> String {
    const LAST: usize = 8;
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.len().checked_sub(LAST + 1) {
        Some(left @ 1..) => {
            let last = lines.get(left + 1..).unwrap_or_default().join("\n");
            format!("{}\n… {left} lines …\n{last}", lines.first().unwrap_or(&""))
        }
        _ => text,
    }
}

fn list(missing: &[String]) -> String {
    missing.iter().map(|what| format!("\n  {what}")).collect()
}
