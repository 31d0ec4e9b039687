//! Joining and normalising paths by their text alone: no link is followed, nothing is asked of a file system.

/// Longest joined path, NUL included; a longer one becomes [`TOO_LONG`], as Falco shows it.
pub const MAX_PATH: usize = 1024;
/// Stands for a path longer than [`MAX_PATH`].
pub const TOO_LONG: &[u8] = b"/DIR_TOO_LONG/FILENAME_TOO_LONG";

/// Writes into `out` the path that `path` means in the directory `base`: `path` itself when it begins with '/' or is
/// empty, else `base` and `path`. In `path`, "." and empty components go away and ".." takes the component before it;
/// one '/' at the end is dropped. `base` is taken as it is and should end in '/'.
pub fn join(base: &[u8], path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if base.len() + path.len() + 1 > MAX_PATH {
        out.extend_from_slice(TOO_LONG);
        return;
    }
    let relative = path.first().is_some_and(|&b| b != b'/');
    if relative {
        out.extend_from_slice(base);
    }
    if is_plain(path) && (!relative || path[0] != b'.') {
        out.extend_from_slice(path);
        return;
    }
    let empty_base = out.is_empty();
    let mut rest = path;
    loop {
        let starts_component = out.last().is_none_or(|&b| b == b'/');
        match rest {
            [] => break,
            [b'.', b'.', b'/', tail @ ..] if starts_component => {
                up(out);
                rest = tail;
            }
            b".." if starts_component => {
                up(out);
                rest = &[];
            }
            [b'.', b'/', tail @ ..] if starts_component => rest = tail,
            b"." if starts_component => rest = &[],
            [b'/', tail @ ..] => {
                // An empty component; or the way up ate a relative base, and what follows must stay relative.
                if !(out.last() == Some(&b'/') || (out.is_empty() && !empty_base)) {
                    out.push(b'/');
                }
                rest = tail;
            }
            [b, tail @ ..] => {
                out.push(*b);
                rest = tail;
            }
        }
    }
    if out.len() > 1 && out.last() == Some(&b'/') {
        out.pop();
    }
}

/// Nothing in the path needs normalising, and it has no NUL (judged strictly: a component that begins with '.' is not
/// plain). Sixteen bytes at a time, the last sixteen overlapping those before.
#[inline]
pub(crate) fn is_plain(path: &[u8]) -> bool {
    let Some((&last, before)) = path.split_last() else { return true };
    let mut odd = (last == b'/') | (last == 0);
    if before.len() < 16 {
        odd = before.iter().zip(&path[1..]).fold(odd, |odd, (&a, &b)| odd | is_odd(a, b));
        return !odd;
    }
    for at in (0..before.len() - 15).step_by(16) {
        odd |= any_odd(path, at);
    }
    !(odd | any_odd(path, before.len() - 16))
}

/// Something in the sixteen bytes from `at` on, seen with the byte after each, needs a closer look.
#[inline(always)]
fn any_odd(path: &[u8], at: usize) -> bool {
    match (path[at..].first_chunk::<16>(), path[at + 1..].first_chunk::<16>()) {
        (Some(a), Some(b)) => (0..16).fold(false, |odd, i| odd | is_odd(a[i], b[i])),
        _ => true,
    }
}

#[inline]
fn is_odd(a: u8, b: u8) -> bool {
    (a == 0) | ((a == b'/') & ((b == b'/') | (b == b'.')))
}

/// Writes `path` into `out` with every run of '/' as one: how a path is shown "as the program passed it".
pub fn squeeze(path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(path);
    out.dedup_by(|b, a| *b == b'/' && *a == b'/');
}

/// Drops the last component of a path that ends in '/'; "/" and one leading character stay.
fn up(out: &mut Vec<u8>) {
    if out.len() <= 1 {
        return;
    }
    out.pop();
    let end = memchr::memrchr(b'/', out).map_or(0, |at| at + 1);
    out.truncate(end);
}
