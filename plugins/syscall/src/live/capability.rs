//! What the process may do.

const DAC_OVERRIDE: u32 = 1;
const DAC_READ_SEARCH: u32 = 2;
const SYS_PTRACE: u32 = 19;
const SYS_ADMIN: u32 = 21;
const SYS_RESOURCE: u32 = 24;
const PERFMON: u32 = 38;
const BPF: u32 = 39;

/// Effective capabilities.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capabilities(u64);

impl Capabilities {
    /// Those that `/proc/PID/status` tells; none if it does not.
    pub(super) fn of(status: &str) -> Self {
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        Self(line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0))
    }

    fn any(self, of: &[u32]) -> bool {
        of.iter().any(|cap| self.0 & 1 << cap != 0)
    }

    /// Loading programs and making maps.
    pub(super) fn bpf(self) -> bool {
        self.any(&[BPF, SYS_ADMIN])
    }

    /// Tracing, and reading the kernel's memory.
    pub(super) fn perfmon(self) -> bool {
        self.any(&[PERFMON, SYS_ADMIN])
    }

    /// More locked memory than the limit.
    pub(super) fn resource(self) -> bool {
        self.any(&[SYS_RESOURCE, SYS_ADMIN])
    }

    /// Looking into processes of others.
    pub(super) fn ptrace(self) -> bool {
        self.any(&[SYS_PTRACE])
    }

    /// Reading files and folders of others.
    pub(super) fn read_all(self) -> bool {
        self.any(&[DAC_READ_SEARCH, DAC_OVERRIDE])
    }
}
