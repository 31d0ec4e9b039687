use crate::state::path::{MAX_PATH, TOO_LONG, is_plain, join, squeeze};
use crate::state::zstr::{MAX_STRING, ZList, ZStr};

fn joined(base: &str, path: &str) -> String {
    let mut out = Vec::new();
    join(base.as_bytes(), path.as_bytes(), &mut out);
    String::from_utf8(out).expect("text")
}

#[test]
fn joining() {
    for (base, path, expected) in [
        ("/a/", "b", "/a/b"),
        ("/a/", "b/", "/a/b"),
        ("/a/", "./b", "/a/b"),
        ("/a/", "../b", "/b"),
        ("/a/", "../../../b", "/b"),
        ("/a/b/", "../c/./d/../e", "/a/c/e"),
        ("/a/", "b//c///d", "/a/b/c/d"),
        ("/a/", "/b", "/b"),
        ("/a/", "/b/../c", "/c"),
        ("/a/", "/", "/"),
        ("/a/", "/..", "/"),
        ("/a/", "..", "/"),
        ("/a/", ".", "/a"),
        ("/", ".", "/"),
        ("/a/", "", ""),
        ("/a/", ".hidden", "/a/.hidden"),
        ("/a/", "..x/y", "/a/..x/y"),
        ("/a/", "b/.git/config", "/a/b/.git/config"),
        ("/a/", "b/...", "/a/b/..."),
        ("", "a/../b", "b"),
        ("", "foo/../a", "a"),
        ("foo/", "../a", "a"),
        ("/foo/", "../a", "/a"),
        ("./", "x", "./x"),
        ("<UNKNOWN>", "x/../y", "y"),
        ("<UNKNOWN>", "x", "<UNKNOWN>x"),
    ] {
        assert_eq!(joined(base, path), expected, "{base:?} + {path:?}");
    }
}

#[test]
fn plain_and_careful_ways_agree() {
    let mut seed = 7u32;
    let mut next = |n: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % n
    };
    for _ in 0..20_000 {
        let path: String = (0..next(12)).map(|_| ["/", ".", "a", "bc"][next(4) as usize]).collect();
        // A component that does nothing sends the path the careful way.
        let careful = if path.starts_with('/') { format!("/.{path}") } else { format!("./{path}") };
        if !path.is_empty() {
            assert_eq!(joined("/base/dir/", &path), joined("/base/dir/", &careful), "{path:?}");
        }
    }
}

#[test]
fn a_nul_or_an_odd_component_is_seen_wherever_it_stands() {
    for len in 1..70 {
        let plain = vec![b'a'; len];
        assert!(is_plain(&plain));
        for at in 0..len {
            let with = |bytes: &[u8]| {
                let mut path = plain.clone();
                path.iter_mut().skip(at).zip(bytes).for_each(|(to, b)| *to = *b);
                path
            };
            assert!(!is_plain(&with(b"\0")), "{len} {at}");
            assert_eq!(is_plain(&with(b"/")), at + 1 < len, "{len} {at}");
            assert!(!is_plain(&with(b"//")) && !is_plain(&with(b"/.")), "{len} {at}");
            assert_eq!(is_plain(&with(b"./x")), at + 2 != len, "{len} {at}");
        }
    }
    assert!(is_plain(b"") && !is_plain(b"/"));
}

#[test]
fn too_long_paths_have_a_name_of_their_own() {
    let long = "x".repeat(MAX_PATH);
    assert_eq!(joined("/", &long).as_bytes(), TOO_LONG);
    let fits = "x".repeat(MAX_PATH - 2);
    assert_eq!(joined("/", &fits), format!("/{fits}"));
}

#[test]
fn squeezing_slashes() {
    let mut out = Vec::new();
    squeeze(b"//a///b/./c//", &mut out);
    assert_eq!(out, b"/a/b/./c/");
}

#[test]
fn strings_end_at_their_nul_and_are_bounded() {
    assert_eq!(ZStr::new(b"ab\0cd").as_bytes_with_nul(), b"ab\0");
    assert_eq!(ZStr::new(b"").as_bytes_with_nul(), b"\0");
    assert!(ZStr::new(b"\0x").is_empty());
    assert_eq!(ZStr::new(&vec![b'x'; 3 * MAX_STRING]).len(), MAX_STRING);
    let a = ZStr::from("same");
    assert!(ZStr::new_or_share(b"same\0", &a).same(&a));
    assert!(!ZStr::new_or_share(b"other", &a).same(&a));
}

#[test]
fn lists_keep_empty_items_but_not_the_last_nul() {
    let items = |bytes: &[u8]| ZList::new(bytes).iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert_eq!(items(b"a\0b\0"), [b"a", b"b"]);
    assert_eq!(items(b"a\0b"), [b"a", b"b"]);
    assert_eq!(items(b"a\0\0"), [&b"a"[..], b""]);
    assert_eq!(items(b"\0\0"), [b"", b""]);
    assert!(items(b"\0").is_empty() && items(b"").is_empty());
    let list = ZList::new(b"x\0y\0");
    assert_eq!((list.count(), list.get_with_nul(1)), (2, Some(&b"y\0"[..])));
    assert!(ZList::new_or_share(b"x\0y", &list).same(&list));
}
