//! `memory.limit_mb` in a replay of a capture that has more in it than may be kept.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write};
use std::path::Path;
use std::process::Stdio;

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_syscall::capture::{Events, Head, Keep, Thread};
use lanner_tests::program::lanner;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");
const MIB: u64 = 1 << 20;
const THREADS: i64 = 4_000;
const OPENS: i64 = 12_000;
const CONTAINERS: u64 = 6_000;
/// One in so many opens raises an alert.
const ALARM: i64 = 100;

/// Processes with large environments, then containers and files that stay open, in turns.
fn capture(path: &Path) -> std::io::Result<()> {
    let mut head = Head::plain(BufWriter::new(File::create(path)?))?;
    let env: Vec<u8> = (0..4).flat_map(|n| format!("FILLER_{n}={}\0", "e".repeat(1000)).into_bytes()).collect();
    let thread = |tid| Thread {
        tid,
        pid: tid,
        ptid: 1,
        vtid: tid,
        vpid: tid,
        comm: b"worker".as_slice().into(),
        exe: b"/usr/bin/worker".as_slice().into(),
        env: [&env[..], tid.to_string().as_bytes(), b"\0"].concat().into(),
        cwd: b"/".as_slice().into(),
        ..Thread::default()
    };
    head.processes((1..=THREADS).map(thread))?;
    let mut script = Script { events: head.events(), builder: EventBuilder::new(), now: 1_700_000_000_000_000_000 };
    // Ends the head: what comes before the first other event is taken for state.
    script.write(EventType::GENERIC_X, 1, &[&16_u16.to_le_bytes(), &39_u16.to_le_bytes()])?;
    let long = "n".repeat(2_900);
    for n in 0..OPENS {
        if n % 2 == 0 {
            let id = n / 2;
            let json = format!(
                "{{\"container\":{{\"type\":0,\"id\":\"{id:012x}\",\"name\":\"job-{id}\",\"image\":\"acme/job:{id}\",\
                 \"labels\":{{\"what\":\"{}\"}}}}}}\0",
                "l".repeat(1000)
            );
            script.write(EventType::ASYNCEVENT_E, -1, &[&[0; 4], b"container\0", json.as_bytes()])?;
        }
        let name = if n % ALARM == 0 { format!("/alarm/{n}\0") } else { format!("/data/{n}-{long}\0") };
        let fd = (3 + n).to_le_bytes();
        let params: [&[u8]; 7] =
            [&fd, &(-100_i64).to_le_bytes(), name.as_bytes(), &1_u32.to_le_bytes(), &[0; 4], &[0; 4], &[0; 8]];
        script.write(EventType::SYSCALL_OPENAT_2_X, 1 + n % THREADS, &params)?;
    }
    script.events.finish()?.flush()
}

struct Script<W: Write> {
    events: Events<W>,
    builder: EventBuilder,
    now: u64,
}

impl<W: Write> Script<W> {
    fn write(&mut self, code: EventType, tid: i64, params: &[&[u8]]) -> std::io::Result<()> {
        self.now += 1_000_000;
        self.builder.begin(self.now, tid, code, params.len());
        params.iter().for_each(|param| _ = self.builder.push(param));
        let event = self.builder.finish().map_err(std::io::Error::other)?;
        self.events.write(&event, 0, Keep::Whole)
    }
}

/// What a replay takes at most, how many alerts it raises, and how many containers it said that it gave up.
struct Outcome {
    most: u64,
    alerts: usize,
    shed: u64,
}

fn replay(folder: &Path, limit: u64) -> Outcome {
    let config = folder.join("falco.yaml");
    let snapshots = folder.join(format!("metrics-{limit}.jsonl"));
    let text = format!(
        "stdout_output: {{enabled: true}}\njson_output: true\nlog_syslog: false\nlog_stderr: true\nmemory: {{limit_mb: \
         {limit}}}\nengine: {{kind: replay, replay: {{capture_file: {0}/c.scap}}}}\nload_plugins: [container]\nplugins: \
         [{{name: container, library_path: libcontainer.so}}]\nrules_files: [{0}/rules.yaml]\nmetrics: {{enabled: true, \
         interval: 1h, output_file: {1}}}\n",
        folder.display(),
        snapshots.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = lanner(BINARY, &["-c", config.to_str().unwrap(), "-U"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text).unwrap()
    });
    let err = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text).unwrap()
    });
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let ended = loop {
        // Grows only, and is gone with the process: the last look is as good as any after it.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        most = most.max(kb.unwrap_or(0) * 1024);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    assert!(ended.success(), "{err}");
    let last = std::fs::read_to_string(&snapshots).unwrap();
    let last: serde_json::Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    let shed = last["output_fields"]["plugins.container.n_containers_shed"].as_u64().unwrap_or(0);
    println!("{limit} MiB: {} MiB at most, {last}", most / MIB);
    Outcome { most, alerts: out.lines().filter(|line| line.contains("\"Alarm\"")).count(), shed }
}

#[test]
fn what_is_too_much_is_given_up_and_alerts_come() {
    let folder = tempfile::tempdir().unwrap();
    capture(&folder.path().join("c.scap")).unwrap();
    let rule = "- rule: Alarm\n  desc: d\n  condition: evt.type = openat and evt.arg.name startswith /alarm/\n  output: \
                \"%evt.arg.name %proc.name %container.id\"\n  priority: NOTICE\n";
    std::fs::write(folder.path().join("rules.yaml"), rule).unwrap();
    // What there must be, and next to nothing to divide.
    let limit = 80 + 16 + 2 + 1 + 1;
    let within = replay(folder.path(), limit);
    assert!(within.most <= limit * MIB, "{} MiB with a limit of {limit}", within.most / MIB);
    assert_eq!(within.alerts, (OPENS / ALARM) as usize, "no alert is lost for it");
    // Those of the last megabyte are still there.
    assert!((CONTAINERS / 2..CONTAINERS).contains(&within.shed), "{} containers were given up", within.shed);
    let without = replay(folder.path(), 0);
    assert!(without.most > within.most + 30 * MIB, "{} and {} MiB", without.most / MIB, within.most / MIB);
    assert_eq!((without.alerts, without.shed), (within.alerts, 0));
}
