//! Processes of a few milliseconds in containers that a runtime tells of later, or never: a server stands in for the runtime, so that
//! it is as late as the test wants. Containers of real runtimes are in `containers`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lanner_tests::live::{Agent, Alert, can_watch, only_sockets};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

const RULES: &str = r#"
- rule: Ran
  desc: A program ran in a container.
  condition: evt.type = execve and evt.dir = < and container.id != host and proc.name = true
  output: ran id=%container.id name=%container.name image=%container.image.repository pid=%proc.pid
    check=%proc.is_container_healthcheck
  priority: NOTICE
- rule: Known image
  desc: In a container of this image.
  condition: evt.type = execve and evt.dir = < and proc.name = true and container.image.repository = lab/web
  output: known id=%container.id
  priority: NOTICE
- rule: Other image
  desc: In a container of another image.
  condition: >
    evt.type = execve and evt.dir = < and container.id != host and proc.name = true
    and not container.image.repository in (lab/web, lab/db)
  output: other id=%container.id
  priority: NOTICE
"#;

/// How late an answer is.
const LATE: Duration = Duration::from_millis(300);

/// Answers as the interface of Docker does: by the first letter of the id late, never, that there is none, or with an error.
fn answer(mut stream: UnixStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(request) = lines.next().transpose()? {
        for header in lines.by_ref() {
            if header?.is_empty() {
                break;
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let id = path.strip_suffix("/json").and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let (status, body) = match path {
            _ if path.ends_with("/version") => (200, r#"{"ApiVersion":"1.43"}"#.to_owned()),
            _ if path.ends_with("/containers/json") => (200, "[]".to_owned()),
            _ if path.ends_with("/events") => {
                stream.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                )?;
                std::thread::sleep(Duration::from_secs(600));
                return Ok(());
            }
            _ if path.contains("/containers/") => match id.as_bytes().first() {
                Some(b'a') => {
                    std::thread::sleep(LATE);
                    let config = r#"{"Image":"lab/web:7","Labels":{},"Healthcheck":{"Test":["CMD","true"]}}"#;
                    (200, format!(r#"{{"Id":"{id}","Name":"/late","Config":{config},"HostConfig":{{}},"Mounts":[]}}"#))
                }
                Some(b'b') => {
                    std::thread::sleep(Duration::from_secs(600));
                    return Ok(());
                }
                Some(b'c') => (404, r#"{"message":"No such container"}"#.to_owned()),
                _ => (500, r#"{"message":"broken"}"#.to_owned()),
            },
            _ => (404, r#"{"message":"nothing there"}"#.to_owned()),
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} S\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all((head + &body).as_bytes())?;
    }
    Ok(())
}

/// A control group as Docker names it; gone with the value.
struct Group(PathBuf);

impl Group {
    fn new(id: &str) -> Self {
        let roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].into_iter().map(Path::new);
        let root = roots.into_iter().find(|path| path.join("cgroup.procs").exists()).expect("control groups");
        let group = root.join(format!("docker-{id}.scope"));
        fs::create_dir(&group).expect("a control group");
        Self(group)
    }

    /// Runs a program inside and waits for its end: a few milliseconds.
    fn run(&self) {
        let script = format!("echo $$ > {}/cgroup.procs && exec true", self.0.display());
        assert!(Command::new("/bin/sh").args(["-c", &script]).status().expect("a shell").success());
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn alerts_wait_for_what_a_runtime_tells_late() {
    if !can_watch() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    let rules = dir.path().join("rules.yaml");
    fs::write(&rules, RULES).unwrap();
    let mut settings = only_sockets(&[("docker", &socket)]);
    settings.push("container.hold_ms=4000".to_owned());
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut agent = Agent::start(BINARY, &[rules], &settings);

    let run = std::process::id();
    let id = |letter: char| format!("{letter}{run:011x}{}", "e2e0".repeat(13));
    let groups = ['a', 'b', 'c', 'd'].map(|letter| (id(letter)[..12].to_owned(), Group::new(&id(letter))));
    groups.iter().for_each(|(_, group)| group.run());
    // A reload while they wait: who is never answered about waits its whole time all the same.
    assert!(Command::new("kill").args(["-HUP", &agent.id().to_string()]).status().unwrap().success());
    let begin = Instant::now();
    let mut seen: Vec<Alert> = Vec::new();
    // Two for each: that it ran, and what its image is or is not.
    while seen.len() < 8 && begin.elapsed() < Duration::from_secs(60) {
        seen.extend(agent.alerts_until_now());
        seen.retain(|alert| groups.iter().any(|(id, _)| alert.field("container.id").as_deref() == Some(id)));
    }
    let of = |rule: &str, number: usize| {
        let found =
            |alert: &&Alert| alert.rule == rule && alert.field("container.id").as_ref() == Some(&groups[number].0);
        seen.iter().find(found)
    };
    let late = of("Ran", 0).unwrap_or_else(|| panic!("{seen:#?}"));
    eprintln!("{}", late.output);
    assert_eq!(late.field("container.image.repository").as_deref(), Some("lab/web"), "{late:#?}");
    assert_eq!(late.field("container.name").as_deref(), Some("late"));
    assert_eq!(late.field("container.unknown"), None);
    assert_eq!(late.field("proc.is_container_healthcheck").as_deref(), Some("true"));
    let pid = late.field("proc.pid").expect("the process was there when it ran");
    assert!(!Path::new("/proc").join(&pid).exists(), "it is gone");
    assert!(of("Known image", 0).is_some() && of("Other image", 0).is_none(), "{seen:#?}");
    for (number, why) in [(1, "not known after 4000 ms"), (2, ""), (3, "")] {
        let alert = of("Ran", number).unwrap_or_else(|| panic!("{number}: {seen:#?}"));
        eprintln!("{}", alert.output);
        assert_eq!(alert.field("container.image.repository").as_deref(), Some("<unknown>"));
        let told = alert.field("container.unknown").unwrap_or_default();
        assert!(!told.is_empty() && told.contains(why), "{told}");
        assert!(alert.output.ends_with(&format!(" container_unknown={told}")), "{}", alert.output);
        assert!(of("Known image", number).is_none() && of("Other image", number).is_some(), "{seen:#?}");
    }
    let _ = agent.stop();
}
