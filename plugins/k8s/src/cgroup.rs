//! The pod that a control group belongs to.

/// Digits of the groups of a uid.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
/// Characters of a uid.
pub const UID_LEN: usize = 36;

/// The uid in the first component of a path that has the form `pod<uid>`, with dashes or, as systemd wants it, underscores in
/// it; always given with dashes.
#[must_use]
pub fn pod_uid(path: &[u8]) -> Option<[u8; UID_LEN]> {
    let mut rest = path;
    while let Some(at) = find(rest, b"pod") {
        rest = rest.get(at + 3..)?;
        if let Some(uid) = uid(rest) {
            return Some(uid);
        }
    }
    None
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// The uid that `text` begins with.
fn uid(text: &[u8]) -> Option<[u8; UID_LEN]> {
    let mut uid: [u8; UID_LEN] = text.get(..UID_LEN)?.try_into().ok()?;
    let mut at = 0;
    for (n, len) in GROUPS.into_iter().enumerate() {
        if n > 0 {
            match uid.get_mut(at)? {
                separator @ (b'-' | b'_') => *separator = b'-',
                _ => return None,
            }
            at += 1;
        }
        if !uid.get(at..at + len)?.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return None;
        }
        at += len;
    }
    Some(uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_layouts_that_kubelets_make() {
        let uid = |path: &str| pod_uid(path.as_bytes()).map(|uid| String::from_utf8(uid.to_vec()).unwrap());
        let dashed = Some("1b3e5c7d-0a2b-4c6d-8e9f-001122334455".to_owned());
        for path in [
            "/kubepods/besteffort/pod1b3e5c7d-0a2b-4c6d-8e9f-001122334455/0123abcd",
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b3e5c7d_0a2b_4c6d_8e9f_001122334455.slice/cri-containerd-ab.scope",
            "/kubelet/kubepods/pod1b3e5c7d-0a2b-4c6d-8e9f-001122334455",
            "/libpod-x/pods/pod-1/pod1b3e5c7d-0a2b_4c6d-8e9f-001122334455",
        ] {
            assert_eq!(uid(path), dashed, "{path}");
        }
        for path in [
            "/",
            "/pod",
            "/kubepods/besteffort",
            "/pod1b3e5c7d-0a2b-4c6d-8e9f-00112233445",
            "/pod1B3e5c7d-0a2b-4c6d-8e9f-001122334455",
            "/pod1b3e5c7d.0a2b-4c6d-8e9f-001122334455",
        ] {
            assert_eq!(uid(path), None, "{path}");
        }
    }
}
