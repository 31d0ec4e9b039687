//! Small texts that runtimes give, taken apart.

use serde_json::Number;

use crate::info::{SHORT_ID_LEN, ZeroOr};

/// Repository and tag of `host:port/name:tag@digest`. Without a tag the tag is empty.
#[must_use]
pub(super) fn repository_and_tag(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or_default();
    let name = image.rfind('/').map_or(0, |slash| slash + 1);
    match image.rfind(':').filter(|&colon| colon >= name) {
        Some(colon) => (image.get(..colon).unwrap_or_default(), image.get(colon + 1..).unwrap_or_default()),
        None => (image, ""),
    }
}

/// How many processors a set like `0-3,7` names; 0 for none and for what is no such set.
#[must_use]
pub(super) fn processors(set: &str) -> i64 {
    let count = |part: &str| -> Option<i64> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (i64, i64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first >= 0).then(|| last.checked_sub(first)?.checked_add(1)).flatten()
    };
    if set.trim().is_empty() { 0 } else { set.split(',').map(count).sum::<Option<i64>>().unwrap_or(0) }
}

/// The form of an id that is shown.
#[must_use]
pub(super) fn short(id: &str) -> &str {
    id.char_indices().nth(SHORT_ID_LEN).map_or(id, |(end, _)| id.get(..end).unwrap_or(id))
}

/// A number of the document.
pub(super) fn number(n: i64) -> ZeroOr {
    ZeroOr(Number::from(n))
}

/// A number, or what the kernel takes if there is none.
pub(super) fn or_default(n: Option<i64>, default: i64) -> ZeroOr {
    number(n.filter(|n| *n > 0).unwrap_or(default))
}

/// Shares and period that the kernel takes if nothing is said.
pub(super) const CPU_SHARES: i64 = 1024;
/// As above.
pub(super) const CPU_PERIOD: i64 = 100_000;

/// The whole id of a container whose short one a control group named: what stands there in its path.
#[must_use]
pub(super) fn whole_id<'a>(cgroup: &'a str, short: &'a str) -> &'a str {
    const WHOLE: usize = 64;
    let hex = |at: usize| cgroup.get(at..at + WHOLE).filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit()));
    cgroup.match_indices(short).find_map(|(at, _)| hex(at)).unwrap_or_else(|| {
        let rest = cgroup.rfind(short).and_then(|at| cgroup.get(at..)).unwrap_or(short);
        rest.split('/').next().unwrap_or(short)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_images() {
        for (image, repository, tag) in [
            ("registry.example.com:5000/foo/bar:1.2@sha256:aa", "registry.example.com:5000/foo/bar", "1.2"),
            ("registry.example.com:5000/foo/bar", "registry.example.com:5000/foo/bar", ""),
            ("localhost/web:dev", "localhost/web", "dev"),
            ("web", "web", ""),
            ("web:1", "web", "1"),
            ("", "", ""),
        ] {
            assert_eq!(repository_and_tag(image), (repository, tag), "{image}");
        }
    }

    #[test]
    fn sets_of_processors() {
        for (set, count) in [("", 0), ("1,7", 2), ("1-4,7", 5), ("0", 1), ("x", 0), ("3-x", 0), ("0--1", 0)] {
            assert_eq!(processors(set), count, "{set}");
        }
    }

    #[test]
    fn whole_ids() {
        let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        assert_eq!(whole_id(&format!("/machine.slice/libpod-{id}.scope/container"), short(id)), id);
        assert_eq!(whole_id(&format!("/docker/{id}"), short(id)), id);
        assert_eq!(whole_id("/shop/web-frontend-7", "web-frontend"), "web-frontend-7");
        assert_eq!(whole_id("/elsewhere", "0123456789ab"), "0123456789ab");
    }
}
