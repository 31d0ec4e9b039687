//! Two texts as a unified diff.

use std::fmt::Write;

/// Lines shown around a change.
const AROUND: usize = 3;

/// A range of old lines and what stands in their place.
struct Change {
    from: usize,
    to: usize,
    new_from: usize,
    new_to: usize,
}

/// The unified diff that turns `old` into `new`; empty if they are equal. Meant for a few changes in a long text: lines that
/// move are shown as removed and added.
pub fn diff(name: &str, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let changes = changes(&old, &new);
    let mut out = String::new();
    let mut next = 0;
    while let Some(first) = changes.get(next) {
        let mut last = first;
        while let Some(after) = changes.get(next + 1).filter(|after| after.from <= last.to + 2 * AROUND) {
            last = after;
            next += 1;
        }
        if out.is_empty() {
            let _ = write!(out, "--- {name}\n+++ {name}\n");
        }
        let group = changes.iter().filter(|c| c.from >= first.from && c.to <= last.to);
        hunk(&old, &new, &group.collect::<Vec<_>>(), &mut out);
        next += 1;
    }
    out
}

fn hunk(old: &[&str], new: &[&str], changes: &[&Change], out: &mut String) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let lead = first.from.min(AROUND);
    let tail = (old.len() - last.to).min(AROUND);
    let (from, new_from) = (first.from - lead, first.new_from - lead);
    let (to, new_to) = (last.to + tail, last.new_to + tail);
    let _ = writeln!(out, "@@ -{},{} +{},{} @@", from + 1, to - from, new_from + 1, new_to - new_from);
    let mut line = from;
    for change in changes {
        lines(' ', &old[line..change.from], out);
        lines('-', &old[change.from..change.to], out);
        lines('+', &new[change.new_from..change.new_to], out);
        line = change.to;
    }
    lines(' ', &old[line..to], out);
}

fn lines(mark: char, lines: &[&str], out: &mut String) {
    for line in lines {
        let _ = writeln!(out, "{mark}{line}");
    }
}

/// Greedy: at a difference the nearest pair of equal lines ends it.
fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < old.len() || j < new.len() {
        if old.get(i) == new.get(j) {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let reach = old.len() - i + new.len() - j;
        let near = (1..=reach).find_map(|distance| {
            (0..=distance).find_map(|skip| {
                let (a, b) = (i + skip, j + distance - skip);
                let meet = a <= old.len() && b <= new.len() && old.get(a) == new.get(b);
                meet.then_some((a, b))
            })
        });
        let (to, new_to) = near.unwrap_or((old.len(), new.len()));
        out.push(Change { from: i, to, new_from: j, new_to });
        (i, j) = (to, new_to);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn only_what_differs_is_shown() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\n";
        assert_eq!(diff("x", old, old), "");
        assert_eq!(
            diff("x", old, "a\nb\nc\nd\nE\nE2\nf\ng\nh\ni\n"),
            "--- x\n+++ x\n@@ -2,7 +2,8 @@\n b\n c\n d\n-e\n+E\n+E2\n f\n g\n h\n"
        );
        assert_eq!(diff("x", "a\nb\n", "b\n"), "--- x\n+++ x\n@@ -1,2 +1,1 @@\n-a\n b\n");
        assert_eq!(diff("x", "a", "a\nb"), "--- x\n+++ x\n@@ -1,1 +1,2 @@\n a\n+b\n");
    }

    #[test]
    fn changes_far_apart_are_two_hunks() {
        let old: String = (0..30).map(|i| format!("{i}\n")).collect();
        let new = old.replace("\n5\n", "\nfive\n").replace("\n20\n", "\n");
        let found = diff("x", &old, &new);
        assert_eq!(found.matches("@@ -").count(), 2, "{found}");
        assert!(found.contains("-5\n+five\n") && found.contains("-20\n 21\n"), "{found}");
    }
}
