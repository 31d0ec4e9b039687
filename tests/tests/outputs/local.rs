//! Outputs on the machine itself: program, syslog, file.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Follower, id, ids};

#[test]
fn a_program_that_keeps_dying_misses_nothing() {
    let mut follower = Follower::start(|dir| {
        // A shell reads a pipe byte by byte: what it has not read is there for its successor.
        let program = format!(
            "n=0; while read -r line; do echo \"$line\" >> {}/program; n=$((n+1)); [ $n -lt 50 ] || exit 3; done",
            dir.display()
        );
        format!("program_output: {{enabled: true, keep_alive: true, program: '{program}'}}")
    });
    follower.raise(400);
    let (program, expected) = (follower.path("program"), follower.expected());
    follower.wait_until("the programs", || ids(&program).len() >= 400);
    assert_eq!(ids(&program), expected);
    let errors = follower.stop();
    assert!(errors.contains("ended (exit status: 3), starting it again"), "{errors}");
    assert!(!errors.contains("Alerts that outputs did not deliver"), "{errors}");
}

#[test]
fn each_alert_can_have_a_program_of_its_own() {
    let mut follower = Follower::start(|dir| {
        format!("program_output: {{enabled: true, program: 'cat >> {}/program'}}", dir.display())
    });
    follower.raise(20);
    let (program, expected) = (follower.path("program"), follower.expected());
    follower.wait_until("the programs", || ids(&program) == expected);
    follower.stop();
}

#[test]
fn a_program_that_hangs_holds_nobody_and_what_it_did_not_take_is_counted() {
    let mut follower = Follower::start(|_| {
        "program_output: {enabled: true, keep_alive: true, program: 'exec sleep 20'}\noutput_timeout: 300".into()
    });
    // More than a pipe holds.
    follower.raise(500);
    follower.wait_for_stdout();
    let begin = Instant::now();
    let errors = follower.stop();
    assert!(begin.elapsed() < Duration::from_secs(15), "it waited for a program that hangs");
    let lost = errors.lines().find(|line| line.starts_with("   - program: ")).unwrap_or_else(|| panic!("{errors}"));
    let numbers: Vec<usize> = lost.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    assert_eq!(numbers[0] + numbers[1], 500, "{lost}");
    assert!(lost.contains(" lost (shutdown: "), "{lost}");
}

/// Reads datagrams until there have been so many.
fn datagrams(socket: &UnixDatagram, count: usize) -> Vec<String> {
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut buffer = [0; 4096];
    (0..count)
        .map(|_| {
            let length = socket.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        })
        .collect()
}

#[test]
fn the_system_log_gets_everything_even_if_it_is_started_anew() {
    let mut socket = None;
    let mut follower = Follower::start(|dir| {
        let path = dir.join("syslog");
        socket = Some(UnixDatagram::bind(&path).unwrap());
        format!("syslog_output: {{enabled: true, path: {}}}", path.display())
    });
    follower.raise(100);
    let mut lines = datagrams(&socket.take().unwrap(), 100);
    std::fs::remove_file(follower.path("syslog")).unwrap();
    // Nobody is there now: alerts wait.
    follower.raise(100);
    follower.wait_for_stdout();
    let path = follower.path("err");
    follower.wait_until("trouble", || std::fs::read_to_string(&path).unwrap().contains("syslog: failed to open "));
    let socket = UnixDatagram::bind(follower.path("syslog")).unwrap();
    lines.extend(datagrams(&socket, 100));
    let seen: Vec<String> = lines
        .iter()
        .map(|line| {
            let (head, alert) = line.split_once(": ").unwrap();
            // Facility user, severity notice; the time; the program.
            assert!(head.starts_with("<13>") && head.ends_with(" lanner-under-test"), "{line}");
            id(alert)
        })
        .collect();
    assert_eq!(seen, follower.expected());
    follower.stop();
}

#[test]
fn a_file_that_is_rotated_is_opened_anew_on_a_signal() {
    let mut follower = Follower::start(|dir| {
        format!("file_output: {{enabled: true, keep_alive: true, filename: {}/events}}", dir.display())
    });
    let (events, moved) = (follower.path("events"), follower.path("moved"));
    follower.raise(10);
    follower.wait_until("the file", || ids(&events).len() == 10);
    std::fs::rename(&events, &moved).unwrap();
    follower.raise(10);
    follower.wait_until("the moved file", || ids(&moved).len() == 20);
    follower.signal("-USR1");
    follower.wait_until("a new file", || events.exists());
    follower.raise(10);
    follower.wait_until("the new file", || ids(&events).len() == 10);
    follower.stop();
    let all = [ids(&moved), ids(&events)].concat();
    assert_eq!(all, follower.expected());
}

/// A small disk; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None`, with the reason printed, without the right to mount.
    fn mount(path: &Path, kilobytes: u32) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let size = format!("size={kilobytes}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).output().unwrap();
        if mounted.status.success() {
            return Some(Self(path.to_owned()));
        }
        println!("skipped: cannot mount a disk: {}", String::from_utf8_lossy(&mounted.stderr));
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_no_alert_and_tears_no_line() {
    let mut disk = None;
    let mut follower = Follower::start(|dir| {
        disk = Disk::mount(&dir.join("disk"), 64);
        if disk.is_some() {
            std::fs::write(dir.join("disk/filler"), vec![b'x'; 56 * 1024]).unwrap();
        }
        format!("file_output: {{enabled: true, keep_alive: true, filename: {}/disk/events}}", dir.display())
    });
    let Some(_disk) = disk else { return };
    follower.raise(100);
    follower.wait_for_stdout();
    let err = follower.path("err");
    follower
        .wait_until("a full disk", || std::fs::read_to_string(&err).unwrap().contains("file: write failed: No space"));
    let events = follower.path("disk/events");
    assert!(ids(&events).len() < 100);
    std::fs::remove_file(follower.path("disk/filler")).unwrap();
    let expected = follower.expected();
    follower.wait_until("room", || ids(&events) == expected);
    let errors = follower.stop();
    assert!(!errors.contains("Alerts that outputs did not deliver"), "{errors}");
}
