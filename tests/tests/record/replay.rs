//! Recordings of recordings.

use std::fs;

use lanner_tests::program::{lanner, run, shared};

use super::{BINARY, alerts, events, own, record, text};

#[test]
fn a_recording_of_a_capture_raises_its_alerts() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["attack", "container-info"] {
        let (capture, rules) = own(name);
        let expected = alerts(&capture, &rules);
        assert!(!expected.is_empty(), "{name}");
        for file in ["a.scap", "a.scap.gz"] {
            let out = folder.path().join(file);
            let _ = record(&["-e", &text(&capture), "-w", &text(&out)]).good();
            assert_eq!(alerts(&out, &rules), expected, "{name} {file}");
            assert_eq!(fs::read(&out).unwrap().starts_with(&[0x1f, 0x8b]), file.ends_with(".gz"));
        }
    }
}

#[test]
fn shared_captures_raise_the_same_alerts_of_the_default_rules() {
    let Some(shared) = shared() else { return };
    let rules = lanner_tests::program::here().join("../rules/syscall");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("again.scap.gz");
    for name in ["attack", "benign-apt-install", "benign-web-server", "container-info", "mixed"] {
        let capture = shared.join(format!("captures/own/{name}.scap.gz"));
        let _ = record(&["-e", &text(&capture), "-w", &text(&out)]).good();
        assert_eq!(alerts(&out, &rules), alerts(&capture, &rules), "{name}");
    }
}

#[test]
fn a_filter_keeps_what_the_state_needs() {
    let (capture, _) = own("attack");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("execs.scap");
    let filter = "evt.type in (execve, execveat)";
    let ran = record(&["-e", &text(&capture), "-w", &text(&out), "--filter", filter]).good();
    assert!(ran.stderr.contains("The filter held for "), "{}", ran.stderr);
    // Ancestors, working directories and descriptors come from the events beside them.
    let format = "%evt.time %proc.name %proc.cmdline %proc.aname[2] %proc.cwd %proc.exepath %fd.name %container.id";
    let wanted = run(&mut lanner(BINARY, &["replay", &text(&capture), "--filter", filter, "--print", format])).good();
    let kept = events(&out, format);
    assert!(kept.len() > 50, "{}", kept.len());
    assert_eq!(kept, wanted.stdout.lines().collect::<Vec<_>>());
    let small = folder.path().join("small.scap");
    let _ = record(&["-e", &text(&capture), "-w", &text(&small), "--filter", filter, "--only-matching"]).good();
    assert_eq!(events(&small, "%evt.time").len(), kept.len());
    let size = |path| fs::metadata(path).unwrap().len();
    assert!(size(&small) * 2 < size(&out), "{} {}", size(&small), size(&out));
}

#[test]
fn a_ring_keeps_the_newest_events_and_the_state_before_them() {
    let (capture, rules) = own("attack");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("ring.scap");
    let ran = record(&["-e", &text(&capture), "-w", &text(&out), "--ring", "400K"]).good();
    assert!(ran.stderr.contains("Wrote the newest "), "{}", ran.stderr);
    let format = "%evt.time %evt.type %proc.name %proc.pname %proc.cmdline %proc.cwd %fd.name %user.name %container.id";
    let (all, kept) = (events(&capture, format), events(&out, format));
    assert!(kept.len() > 500 && kept.len() < all.len(), "{}", kept.len());
    let newest = &all[all.len() - kept.len()..];
    let wrong: Vec<_> = kept.iter().zip(newest).filter(|(a, b)| a != b).collect();
    assert!(wrong.is_empty(), "{} of {} differ: {:#?}", wrong.len(), kept.len(), &wrong[..wrong.len().min(5)]);
    let (before, after) = (alerts(&capture, &rules), alerts(&out, &rules));
    assert!(before.ends_with(&after), "{after:#?}");
}

#[test]
fn what_a_recording_says_of_its_end_is_there_to_be_read_when_it_is_cut() {
    let (capture, _) = own("attack");
    let folder = tempfile::tempdir().unwrap();
    for file in ["a.scap", "a.scap.gz"] {
        let out = folder.path().join(file);
        let _ = record(&["-e", &text(&capture), "-w", &text(&out)]).good();
        let whole = events(&out, "%evt.time %evt.type");
        let bytes = fs::read(&out).unwrap();
        fs::write(&out, &bytes[..bytes.len() * 2 / 3]).unwrap();
        let ran = run(&mut lanner(BINARY, &["replay", &text(&out), "--print", "%evt.time %evt.type"]));
        let left: Vec<&str> = ran.stdout.lines().collect();
        assert!(left.len() > whole.len() / 4, "{file}: {} of {}", left.len(), whole.len());
        assert!(whole.iter().map(String::as_str).take(left.len()).eq(left), "{file}");
        assert!(ran.stderr.contains("truncated"), "{file}: {}", ran.stderr);
    }
}

#[test]
fn a_state_that_is_replaced_midway_is_written_midway() {
    let folder = tempfile::tempdir().unwrap();
    let (first, rules) = own("attack");
    let (second, others) = own("container-info");
    let both = folder.path().join("both.scap.gz");
    // Two gzip members are one file, which holds two recordings of different machines.
    fs::write(&both, [fs::read(&first).unwrap(), fs::read(&second).unwrap()].concat()).unwrap();
    for file in ["out.scap", "out.scap.gz"] {
        let out = folder.path().join(file);
        let ran = record(&["-e", &text(&both), "-w", &text(&out)]).good();
        for rules in [&rules, &others] {
            let expected = [alerts(&first, rules), alerts(&second, rules)].concat();
            assert_eq!(alerts(&out, rules), expected, "{}", ran.stderr);
        }
        // The state of the second machine is known from its first event on, as in its own file.
        let format =
            "%evt.time %evt.type %proc.name %proc.cmdline %proc.pname %proc.cwd %fd.name %user.name %container.id";
        assert_eq!(events(&out, format), [events(&first, format), events(&second, format)].concat());
    }
}
