//! The files themselves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{alerts, own, record, text};

#[test]
fn files_are_numbered_and_each_replays_by_itself() {
    let (capture, rules) = own("attack");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.scap");
    let args = ["-e", &text(&capture), "-w", &text(&out), "-C", "1M"];
    let ran = record(&args).good();
    let names = || {
        let mut names: Vec<String> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into()).collect();
        names.sort();
        names
    };
    let all = names();
    assert!(all.len() > 1 && all[0] == "a_00001.scap", "{all:?}\n{}", ran.stderr);
    let joined: Vec<String> = all.iter().flat_map(|name| alerts(&folder.path().join(name), &rules)).collect();
    assert_eq!(joined, alerts(&capture, &rules));
    all.iter().for_each(|name| fs::remove_file(folder.path().join(name)).unwrap());
    let _ = record(&[&args[..], &["-W", "1"]].concat()).good();
    assert_eq!(names(), [all[all.len() - 1].clone()]);
}

#[test]
fn only_the_owner_may_read_a_recording() {
    let (capture, _) = own("attack");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.scap");
    let ran = record(&["-e", &text(&capture), "-w", &text(&out), "--gzip"]).good();
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read(&out).unwrap().starts_with(&[0x1f, 0x8b]));
    assert!(ran.stderr.contains("before compression") && !ran.stderr.contains("lost"), "{}", ran.stderr);
    let ran = record(&["-e", &text(&capture), "-w", &text(&out), "-q"]).good();
    assert_eq!((ran.stderr.as_str(), ran.stdout.as_str()), ("", ""));
}

#[test]
fn a_full_disk_says_what_was_kept() {
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: no /dev/full");
        return;
    }
    let (capture, _) = own("attack");
    let ran = record(&["-e", &text(&capture), "-w", "/dev/full"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("Error: cannot write further into /dev/full: No space left on device"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("0 events (0 bytes) were kept"), "{}", ran.stderr);
}

#[test]
fn mistakes_are_told_before_anything_is_recorded() {
    let (capture, _) = own("attack");
    let (capture, folder) = (text(&capture), tempfile::tempdir().unwrap());
    let out = text(&folder.path().join("a.scap"));
    let says = |args: &[&str], what: &str| {
        let ran = record(args);
        assert_eq!(ran.code, Some(1), "{args:?}");
        assert!(ran.stderr.contains(what), "{args:?}: {}", ran.stderr);
    };
    says(
        &["-e", &capture, "-w", "/nowhere/a.scap"],
        "cannot make the capture file /nowhere/a.scap: no folder /nowhere",
    );
    says(&["-e", "/nowhere/b.scap", "-w", &out], "/nowhere/b.scap");
    says(&["-e", &capture, "-w", &out, "--filter", "proc.nme = a"], "--filter");
    says(&["-e", &capture, "-w", &out, "--ring", "20K"], "give the ring at least ");
    says(&["-e", &capture, "-w", &out, "--ring", "64"], "is neither bytes (64M, 1G) nor a time (30s, 5m)");
    says(&["-e", &capture, "-w", &out, "--ring", "64M", "-C", "1M"], "cannot be used with");
    says(&["-e", &capture], "--write");
}

#[test]
fn help_teaches() {
    let help = record(&["--help"]).good().stdout;
    for what in ["A flight recorder", "--ring", "kill -USR1", "--only-matching", "CAP_SYS_PTRACE", "Examples:"] {
        assert!(help.contains(what), "{what}: {help}");
    }
}
