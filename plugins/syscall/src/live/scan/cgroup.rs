//! Control groups of a process, as events list them.

/// Hierarchies that events name.
const NAMED: [&str; 5] = ["cpuset", "cpu", "cpuacct", "io", "memory"];

/// The lines of `/proc/PID/cgroup` as NUL-terminated `subsystem=path`. The unified hierarchy has no subsystems in its line:
/// it stands for those that no other line names.
pub(super) fn cgroups(file: &[u8]) -> Vec<u8> {
    let lines = || file.split(|&b| b == b'\n').filter_map(fields);
    let mut out = Vec::new();
    for name in NAMED {
        let v1 = if name == "io" { "blkio" } else { name };
        let own = lines().find(|(names, _)| names.split(|&b| b == b',').any(|n| n == v1.as_bytes()));
        let found = own.or_else(|| lines().find(|(names, _)| names.is_empty()));
        if let Some((_, path)) = found {
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            out.extend_from_slice(path);
            out.push(0);
        }
    }
    out
}

/// Names and path of a line `ID:NAMES:PATH`; a path may have colons.
fn fields(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = line.splitn(3, |&b| b == b':').skip(1);
    Some((fields.next()?, fields.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unified_hierarchy_stands_for_all() {
        let found = cgroups(b"0::/system.slice/a.service\n");
        assert!(found.starts_with(b"cpuset=/system.slice/a.service\0cpu=/system.slice/a.service\0"));
        assert_eq!(found.iter().filter(|&&b| b == 0).count(), NAMED.len());
    }

    #[test]
    fn older_hierarchies_have_their_own_paths() {
        let found = cgroups(b"5:cpu,cpuacct:/a\n4:blkio:/b:c\n1:name=systemd:/d\n0::/u\n");
        assert_eq!(found, b"cpuset=/u\0cpu=/a\0cpuacct=/a\0io=/b:c\0memory=/u\0");
    }
}
