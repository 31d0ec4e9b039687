//! The plugin in the hands of a host: threads get their container, events bring metadata, fields give it out.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the test plays the host: every block does as the ABI says"
)]

#[path = "../../../plugin-api/tests/common/mod.rs"]
mod common;

use std::ptr::null_mut;

use common::tables::{READER, WRITER};
use common::{Extracted, Host, one};
use lanner_container::PLUGIN_API;
use lanner_container::fields::FIELDS;
use lanner_plugin_api::raw::{self, Rc, StateData};
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;

mod threads;

/// Keeps the plugin from asking the runtimes of the machine that the tests run on.
const NO_SOCKETS: &str = r#"{"engines": {"docker": {"enabled": true, "sockets": ["/dev/null/none"]},
    "podman": {"enabled": true, "sockets": ["/dev/null/none"]}, "cri": {"enabled": true, "sockets": ["/dev/null/none"]},
    "containerd": {"enabled": true, "sockets": ["/dev/null/none"]},
    "lxc": {"enabled": true}, "libvirt_lxc": {"enabled": true}, "bpm": {"enabled": true}}}"#;
const ID: &str = "0123456789ab";
const DOC: &str = r#"{"container": {"type": 0, "id": "0123456789ab", "full_id": "0123456789abcdef", "name": "web",
    "image": "nginx:1.2", "imageid": "i", "imagerepo": "nginx", "imagetag": "1.2", "imagedigest": "sha256:d",
    "privileged": true, "ip": "10.0.0.7", "User": "www", "host_pid": false, "host_ipc": true,
    "Mounts": [{"Source": "/etc", "Destination": "/host/etc", "Mode": "ro", "RW": false, "Propagation": "rprivate"},
               {"Source": "/var", "Destination": "/data", "Mode": "", "RW": true, "Propagation": ""}],
    "labels": {"app": "shop", "io.kubernetes.pod.name": "p", "io.kubernetes.pod.namespace": "n",
               "io.kubernetes.pod.uid": "u"},
    "pod_sandbox_id": "aaaabbbbccccdddd", "Healthcheck": {"exe": "/bin/check", "args": ["-q"]}}}"#;
const SANDBOX: &str = r#"{"container": {"type": 7, "id": "aaaabbbbcccc", "ip": "10.1.1.1", "is_pod_sandbox": true,
    "cni_json": "{}", "pod_sandbox_labels": {"team": "blue", "io.kubernetes.x": "y"}}}"#;

fn event(code: u16, tid: i64, params: &[&[u8]]) -> Vec<u8> {
    let mut builder = EventBuilder::new();
    builder.begin(5000, tid, EventType(code), params.len());
    for p in params {
        builder.push(p);
    }
    builder.finish().unwrap().bytes().to_vec()
}

fn told(name: &str, json: &str) -> Vec<u8> {
    let (name, data) = ([name.as_bytes(), b"\0"].concat(), [json.as_bytes(), b"\0"].concat());
    event(402, -1, &[&[0; 4], &name, &data])
}

struct Lab {
    threads: Host,
    container: Host,
}

impl Lab {
    fn new() -> Self {
        let threads = Host::new(threads::PLUGIN_API, "").unwrap_or_else(|f| panic!("{}", f.error));
        let container = Host::beside(PLUGIN_API, NO_SOCKETS, &[&threads]).unwrap_or_else(|f| panic!("{}", f.error));
        Self { threads, container }
    }

    fn open(&self) {
        let input = raw::CaptureListenInput {
            owner: self.container.owner_ptr(),
            routine: null_mut(),
            table_reader_ext: (&raw const READER).cast_mut(),
            table_writer_ext: (&raw const WRITER).cast_mut(),
            get_owner_last_error: Some(common::owner_error),
        };
        let rc = unsafe { PLUGIN_API.capture_open.unwrap()(self.container.state, &input) };
        assert_eq!(rc, Rc::SUCCESS, "{}", self.container.error());
    }

    fn parse(&self, event: &[u8]) {
        assert_eq!(self.threads.parse(event), Rc::SUCCESS);
        assert_eq!(self.container.parse(event), Rc::SUCCESS, "{}", self.container.error());
    }

    /// `name` or `name[arg]`, for an event.
    fn get(&self, event: &[u8], field: &str) -> Extracted {
        let (name, arg) = match field.strip_suffix(']').and_then(|f| f.split_once('[')) {
            Some((name, arg)) => (name, Some(arg)),
            None => (field, None),
        };
        let id = FIELDS.iter().position(|f| f.name == name).unwrap_or_else(|| panic!("no field {name}"));
        self.container.extract(event, id as u32, FIELDS[id].ty, false, arg)
    }

    /// The field for an event of a thread that has nothing to do with containers.
    fn of_thread(&self, tid: i64, field: &str) -> Extracted {
        self.get(&event(6, tid, &[]), field)
    }

    /// The `category` of a thread.
    fn category(&self, tid: i64) -> u16 {
        let at = self.threads.owner.tables.lock().unwrap()[0];
        let input = unsafe { (at as *const raw::TableInput).as_ref() }.unwrap();
        unsafe {
            let (reader, fields) = (&*input.reader_ext, &*input.fields_ext);
            let f = fields.get_table_field.unwrap()(input.table, c"category".as_ptr(), raw::StateType::UINT16);
            let e = reader.get_table_entry.unwrap()(input.table, &StateData { s64: tid });
            let mut out = StateData::ZERO;
            assert_eq!(reader.read_entry_field.unwrap()(input.table, e, f, &mut out), Rc::SUCCESS);
            reader.release_table_entry.unwrap()(input.table, e);
            out.u16
        }
    }
}

#[test]
fn the_field_list_is_that_of_the_plugin_rules_are_written_for() {
    let fields: serde_json::Value =
        serde_json::from_str(&common::text(unsafe { PLUGIN_API.get_fields.unwrap()() })).unwrap();
    let fields = fields.as_array().unwrap();
    assert_eq!(fields.len(), 65);
    let suggested: Vec<_> = fields.iter().filter(|f| f["addOutput"] == true).map(|f| &f["name"]).collect();
    assert_eq!(
        suggested,
        [
            "container.id",
            "container.name",
            "container.image.repository",
            "container.image.tag",
            "k8s.pod.name",
            "k8s.ns.name",
        ]
    );
    let both = fields.iter().filter(|f| f["arg"]["isIndex"] == true && f["arg"]["isKey"] == true).count();
    let keys = fields.iter().filter(|f| f["arg"]["isIndex"].is_null() && f["arg"]["isKey"] == true).count();
    assert_eq!((both, keys), (6, 7));
    assert!(fields.iter().all(|f| f["arg"].is_null() || f["arg"]["isRequired"] == true));
    let of = |ty: &str| fields.iter().filter(|f| f["type"] == ty).count();
    assert_eq!((of("bool"), of("abstime"), of("reltime"), of("string")), (7, 1, 1, 56));
}

#[test]
fn threads_get_their_container_when_the_capture_opens() {
    let lab = Lab::new();
    assert_eq!(lab.of_thread(1, "container.id"), one("host"), "before: no id, which is the host's");
    lab.open();
    assert_eq!(lab.of_thread(1, "container.id"), one("host"));
    assert_eq!(lab.of_thread(1, "container.name"), one("host"));
    assert_eq!(lab.of_thread(1, "container.type"), one("host"));
    assert_eq!(lab.of_thread(1, "container.image"), one(""));
    assert_eq!(lab.of_thread(1, "container.privileged"), Extracted::Bool(false));
    assert_eq!(lab.of_thread(1, "container.start_ts"), Extracted::None);
    assert_eq!(lab.of_thread(1, "k8s.pod.name"), Extracted::None);
    assert_eq!(lab.of_thread(1, "k8s.pod.ip"), one(""));
    // Known from the cgroup, but nobody told about it.
    assert_eq!(lab.of_thread(21, "container.id"), one(ID));
    assert_eq!(lab.of_thread(21, "container.name"), Extracted::None);
    assert_eq!(lab.of_thread(21, "container.start_ts"), Extracted::Numbers(vec![1000]));
    assert_eq!(lab.of_thread(21, "container.duration"), Extracted::Numbers(vec![4000]));
    // Engines that cannot be asked.
    assert_eq!(lab.of_thread(30, "container.id"), one("web"));
    assert_eq!(lab.of_thread(30, "container.type"), one("lxc"));
    assert_eq!(lab.of_thread(30, "container.name"), one(""));
    // No such thread.
    assert_eq!(lab.of_thread(99, "container.id"), Extracted::None);
    let metrics = lab.container.metrics();
    for (name, value) in [
        ("n_containers", 1),
        ("n_containers_shed", 0),
        ("n_containers_refused", 0),
        ("n_missing_container_images", 0),
        ("n_awaited_containers", 0),
        ("n_exec_processes", 0),
        ("n_exec_sessions_matched", 0),
    ] {
        assert!(metrics.contains(&(name.to_owned(), value)), "{name}: {metrics:?}");
    }
    let bytes = metrics.iter().find(|(name, _)| name == "n_containers_bytes");
    assert!(matches!(bytes, Some((_, 1_000..10_000))), "{metrics:?}");
}

#[test]
fn what_a_list_of_cgroups_says_is_found_out_once() {
    let lab = Lab::new();
    lab.open();
    assert_eq!(threads::WALKS.get(), 4, "the host, the one without number, one of three with the same, another");
    let exec = |tid| lab.parse(&event(EventType::SYSCALL_EXECVE_19_X.0, tid, &[&[0; 8]]));
    [1, 21, 22, 23, 30].into_iter().for_each(exec);
    assert_eq!(threads::WALKS.get(), 4);
    exec(20);
    assert_eq!(threads::WALKS.get(), 5);
    for tid in 20..=23 {
        assert_eq!(lab.of_thread(tid, "container.id"), one(ID));
    }
    assert_eq!(lab.of_thread(30, "container.id"), one("web"));
    assert_eq!(lab.of_thread(1, "container.id"), one("host"));
}

#[test]
fn an_event_brings_metadata_for_itself_and_for_its_threads() {
    let lab = Lab::new();
    lab.open();
    let added = told("container", DOC);
    lab.parse(&added);
    for e in [&added, &event(6, 21, &[])] {
        let text = |field, value: &str| assert_eq!(lab.get(e, field), one(value), "{field}");
        text("container.id", ID);
        text("container.full_id", "0123456789abcdef");
        text("container.name", "web");
        text("container.image", "nginx:1.2");
        text("container.image.id", "i");
        text("container.image.repository", "nginx");
        text("container.image.tag", "1.2");
        text("container.image.digest", "sha256:d");
        text("container.type", "docker");
        text("container.ip", "10.0.0.7");
        text("container.labels", "app:shop");
        text("container.label[app]", "shop");
        text("container.mounts", "/etc:/host/etc:ro:false:rprivate,/var:/data::true:");
        text("container.mount[0]", "/etc:/host/etc:ro:false:rprivate");
        text("container.mount[/va]", "/var:/data::true:");
        text("container.mount.source[/data]", "/var");
        text("container.mount.source[1]", "/var");
        text("container.mount.dest[^/e.c$]", "/host/etc");
        text("container.mount.mode[0]", "ro");
        text("container.mount.rdwr[/var]", "true");
        text("container.mount.propagation[0]", "rprivate");
        text("k8s.pod.name", "p");
        text("k8s.ns.name", "n");
        text("k8s.pod.id", "u");
        text("k8s.pod.uid", "u");
        text("k8s.pod.sandbox_id", "aaaabbbbcccc");
        text("k8s.pod.full_sandbox_id", "aaaabbbbccccdddd");
        text("k8s.pod.labels", "");
        text("container.cni.json", "");
        assert_eq!(lab.get(e, "container.privileged"), Extracted::Bool(true));
        assert_eq!(lab.get(e, "container.host_pid"), Extracted::Bool(false));
        assert_eq!(lab.get(e, "container.host_network"), Extracted::Bool(false));
        assert_eq!(lab.get(e, "container.host_ipc"), Extracted::Bool(true));
        for none in [
            "container.label[none]",
            "container.mount[2]",
            "container.mount[/none]",
            "container.mount[(]",
            "container.mount.source[/etc$$x]",
            "container.liveness_probe",
            "proc.is_container_liveness_probe",
            "k8s.rc.name",
            "k8s.deployment.label[x]",
            "k8s.ns.labels",
            "k8s.pod.ip",
            "k8s.pod.cni.json",
            "k8s.pod.label[team]",
        ] {
            assert_eq!(lab.get(e, none), Extracted::None, "{none}");
        }
    }
    assert_eq!(lab.get(&added, "container.start_ts"), Extracted::None, "the event has no thread");

    lab.parse(&told("container", SANDBOX));
    assert_eq!(lab.of_thread(21, "k8s.pod.ip"), one("10.1.1.1"));
    assert_eq!(lab.of_thread(21, "k8s.pod.cni.json"), one("{}"));
    assert_eq!(lab.of_thread(21, "k8s.pod.labels"), one("team:blue"));
    assert_eq!(lab.of_thread(21, "k8s.pod.label[team]"), one("blue"));

    let removed = told("container_removed", DOC);
    lab.parse(&removed);
    assert_eq!(lab.get(&removed, "container.name"), one("web"), "the event itself still shows it");
    assert_eq!(lab.of_thread(21, "container.name"), Extracted::None);
    assert_eq!(lab.of_thread(21, "container.id"), one(ID));
}

#[test]
fn older_forms_of_the_event() {
    let lab = Lab::new();
    lab.open();
    let old = event(228, -1, &[b"0123456789ab\0", &11u32.to_le_bytes(), b"pod\0", b"img\0"]);
    lab.parse(&old);
    assert_eq!(lab.get(&old, "container.name"), one("pod"));
    assert_eq!(lab.of_thread(21, "container.type"), one("podman"));
    for code in [272, 324] {
        let json = event(code, -1, &[[DOC.as_bytes(), b"\0"].concat().as_slice()]);
        lab.parse(&json);
        assert_eq!(lab.get(&json, "container.name"), one("web"));
        assert_eq!(lab.of_thread(21, "container.image"), one("nginx:1.2"));
    }
    let unreadable = told("container", "{\"container\": 5}");
    assert_eq!(lab.container.parse(&unreadable), Rc::FAILURE);
    assert!(lab.container.error().starts_with("container document: "), "{}", lab.container.error());
    assert_eq!(lab.container.parse(&event(324, -1, &[b""])), Rc::FAILURE);
    lab.parse(&told("somebody_elses", "{"));
}

#[test]
fn a_new_process_is_assigned_and_a_failed_call_makes_none() {
    let lab = Lab::new();
    lab.parse(&event(293, 21, &[&(-2i64).to_le_bytes()]));
    assert_eq!(lab.of_thread(21, "container.id"), one("host"), "the call failed");
    lab.parse(&event(293, 21, &[&0i64.to_le_bytes()]));
    assert_eq!(lab.of_thread(21, "container.id"), one(ID));
    lab.parse(&event(223, 30, &[&0i64.to_le_bytes()]));
    assert_eq!(lab.of_thread(30, "container.id"), one("web"));
    // A thread that nobody knows.
    lab.parse(&event(223, 99, &[&0i64.to_le_bytes()]));
}

#[test]
fn what_a_process_is_there_for() {
    let lab = Lab::new();
    lab.parse(&told("container", DOC));
    lab.open();
    assert_eq!(lab.category(1), 0, "on the host");
    assert_eq!(lab.category(20), 1, "the container's first process");
    assert_eq!(lab.category(21), 1, "its child");
    assert_eq!(lab.category(22), 2, "the health check, started from outside");
    assert_eq!(lab.category(23), 0, "the same program with other arguments");
}

#[test]
fn probes_and_makers_are_told_where_the_document_has_them() {
    let lab = Lab::new();
    lab.parse(&told("container", DOC));
    lab.open();
    let text = |tid, field, value: &str| assert_eq!(lab.of_thread(tid, field), one(value), "{field}");
    text(21, "container.healthcheck", "/bin/check -q");
    for (tid, is) in [(20, false), (21, false), (22, true), (23, false)] {
        assert_eq!(lab.of_thread(tid, "proc.is_container_healthcheck"), Extracted::Bool(is), "{tid}");
        assert_eq!(lab.of_thread(tid, "proc.is_container_liveness_probe"), Extracted::None, "there is none");
    }
    assert_eq!(lab.of_thread(1, "proc.is_container_healthcheck"), Extracted::None, "on the host");
    assert_eq!(lab.of_thread(21, "container.liveness_probe"), Extracted::None);
    lab.parse(&told(
        "container",
        r#"{"container":{"id":"0123456789ab","LivenessProbe":{"exe":"/live"},"ReadinessProbe":{"exe":"/ready","args":["-n","1"]},
            "labels":{"io.kubernetes.pod.name":"shop-7f-abcde","pod-template-hash":"7f",
            "annotation.kubernetes.io/created-by":"{\"reference\":{\"kind\":\"ReplicationController\",\"name\":\"rc\",\"uid\":\"7\"}}"}}}"#,
    ));
    text(21, "container.liveness_probe", "/live");
    text(21, "container.readiness_probe", "/ready -n 1");
    text(21, "k8s.rs.name", "shop-7f");
    text(21, "k8s.deployment.name", "shop");
    text(21, "k8s.rc.name", "rc");
    text(21, "k8s.rc.id", "7");
    assert_eq!(lab.of_thread(21, "proc.is_container_readiness_probe"), Extracted::Bool(false));
    for none in
        ["container.healthcheck", "k8s.rs.id", "k8s.svc.name", "k8s.ns.id", "k8s.rs.labels", "k8s.deployment.id"]
    {
        assert_eq!(lab.of_thread(21, none), Extracted::None, "{none}");
    }
}

#[test]
fn containers_that_come_and_go_leave_nothing() {
    let lab = Lab::new();
    lab.open();
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().trim();
        line.strip_suffix(" kB").unwrap().parse::<u64>().unwrap()
    };
    let mut early = 0;
    for n in 0..100_000u32 {
        let id = format!("{n:012x}");
        let doc =
            format!(r#"{{"container":{{"id":"{id}","name":"job-{n}","image":"acme/job:1","labels":{{"n":"{n}"}}}}}}"#);
        lab.parse(&told("container", &doc));
        threads::CGROUP.set(format!("/docker/{id}{}", "0".repeat(52)));
        lab.parse(&event(293, threads::WANDERER, &[&0i64.to_le_bytes()]));
        if n % 1000 == 0 {
            assert_eq!(lab.of_thread(threads::WANDERER, "container.name"), one(&format!("job-{n}")));
        }
        lab.parse(&told("container_removed", &doc));
        if n == 25_000 {
            early = resident();
        }
    }
    let late = resident();
    assert!(late < early + 4096, "{early} KiB resident after a quarter of them, {late} KiB after all");
    let metrics = lab.container.metrics();
    let of = |name: &str| metrics.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
    assert_eq!(of("n_containers"), Some(1), "the one of lxc, which is still there");
    let at = *lab.container.owner.tables.lock().unwrap().last().unwrap();
    let table = unsafe { (at as *const raw::TableInput).as_ref() }.unwrap();
    let size = unsafe { (*table.reader_ext).get_table_size.unwrap()(table.table) };
    assert_eq!(size, 2, "that one and the host");
}

#[test]
fn live_what_nobody_else_can_tell_is_told() {
    let lab = Lab::new();
    assert_eq!(lab.container.set_handler(true), Rc::SUCCESS);
    lab.open();
    let sent = || lab.container.owner.async_events.lock().unwrap().clone();
    let body = |e: &[u8]| String::from_utf8(e[42..].to_vec()).unwrap();
    assert_eq!(sent().len(), 1, "once for the one lxc container");
    assert!(body(&sent()[0]).starts_with("container\0{\"container\":{\"Mounts\":[]"), "{}", body(&sent()[0]));
    assert!(body(&sent()[0]).ends_with("\"type\":1}}\0"));
    lab.open();
    assert_eq!(sent().len(), 1, "and not again");
    // It ends with its first process, and only with that.
    lab.parse(&event(186, 21, &[]));
    assert_eq!(sent().len(), 1);
    lab.parse(&event(186, 30, &[]));
    assert!(body(&sent()[1]).starts_with("container_removed\0"));
    assert_eq!(lab.container.set_handler(false), Rc::SUCCESS);
    lab.parse(&event(186, 30, &[]));
    assert_eq!(sent().len(), 2);
}

#[test]
fn the_state_goes_into_captures_and_comes_out_of_them() {
    let lab = Lab::new();
    lab.parse(&told("container", DOC));
    lab.parse(&told("container", SANDBOX));
    let rc = unsafe {
        PLUGIN_API.dump_state.unwrap()(lab.container.state, lab.container.owner_ptr(), Some(common::take_async))
    };
    assert_eq!(rc, Rc::SUCCESS);
    let dumped = lab.container.owner.async_events.lock().unwrap().clone();
    assert_eq!(dumped.len(), 3, "both, and the host");

    let other = Lab::new();
    other.open();
    for mut e in dumped {
        assert_eq!(e[8..16], 1u64.to_le_bytes());
        e[0..8].copy_from_slice(&7u64.to_le_bytes());
        other.parse(&e);
    }
    assert_eq!(other.of_thread(21, "container.name"), one("web"));
    assert_eq!(other.of_thread(21, "k8s.pod.ip"), one("10.1.1.1"));
    assert_eq!(other.of_thread(1, "container.name"), one("host"));
}

#[test]
fn others_see_the_containers_as_a_table() {
    let lab = Lab::new();
    lab.parse(&told("container", DOC));
    let at = *lab.container.owner.tables.lock().unwrap().last().unwrap();
    let table = unsafe { (at as *const raw::TableInput).as_ref() }.unwrap();
    assert_eq!(common::text(table.name), "containers");
    assert_eq!(table.key_type, raw::StateType::STRING);
    unsafe {
        let (reader, fields) = (&*table.reader_ext, &*table.fields_ext);
        assert_eq!(reader.get_table_size.unwrap()(table.table), 2);
        let read = |key: &std::ffi::CStr, name: &std::ffi::CStr, ty| {
            let e = reader.get_table_entry.unwrap()(table.table, &StateData { str: key.as_ptr() });
            if e.is_null() {
                return None;
            }
            let f = fields.get_table_field.unwrap()(table.table, name.as_ptr(), ty);
            let mut out = StateData::ZERO;
            assert_eq!(reader.read_entry_field.unwrap()(table.table, e, f, &mut out), Rc::SUCCESS);
            reader.release_table_entry.unwrap()(table.table, e);
            Some(if ty == raw::StateType::STRING { common::text(out.str) } else { out.u32.to_string() })
        };
        let string = raw::StateType::STRING;
        assert_eq!(read(c"0123456789ab", c"user", string).as_deref(), Some("www"));
        assert_eq!(read(c"0123456789ab", c"ip", string).as_deref(), Some("10.0.0.7"));
        assert_eq!(read(c"", c"name", string).as_deref(), Some("host"));
        assert_eq!(read(c"", c"type", raw::StateType::UINT32).as_deref(), Some("65534"));
        assert_eq!(read(c"none", c"ip", string), None);
    }
}

#[test]
fn without_threads_the_plugin_does_not_start() {
    let failed = Host::new(PLUGIN_API, "").err().unwrap();
    assert!(failed.error.starts_with("table threads: "), "{}", failed.error);
}

#[test]
fn what_kubernetes_tells_reaches_pods_and_the_processes_of_sessions() {
    let lab = Lab::new();
    lab.open();
    lab.parse(&told("container", DOC));
    assert_eq!(lab.of_thread(21, "k8s.ns.id"), Extracted::None);
    let pod = r#"{"reason":"Create","kind":"Pod","uid":"u","meta":"{\"name\":\"p\",\"namespace\":\"n\"}",
        "refs":{"resources":{"Namespace":{"list":["n1"]},"Service":{"list":["s1","s2"]}}}}"#;
    let object = |kind: &str, uid: &str| {
        format!(
            r#"{{"reason":"Create","kind":"{kind}","uid":"{uid}","meta":"{{\"name\":\"of {uid}\",\"labels\":{{\"a\":\"{uid}\"}}}}"}}"#
        )
    };
    for document in [pod.to_owned(), object("Namespace", "n1"), object("Service", "s1"), object("Service", "s2")] {
        lab.parse(&told("k8s", &document));
    }
    for (field, value) in [
        ("k8s.ns.id", "n1"),
        ("k8s.ns.label[a]", "n1"),
        ("k8s.ns.labels", "a:n1"),
        ("k8s.svc.name", "of s1, of s2"),
        ("k8s.svc.label[a]", "s1, s2"),
    ] {
        assert_eq!(lab.of_thread(21, field), one(value), "{field}");
    }
    assert_eq!(lab.of_thread(21, "k8s.ns.label[b]"), Extracted::None);
    assert_eq!(lab.of_thread(1, "k8s.ns.id"), Extracted::None, "on the host");
    // Thread 23 has come into the container from outside.
    lab.parse(&event(293, 23, &[&0i64.to_le_bytes()]));
    assert_eq!(lab.of_thread(23, "k8s.exec.user"), Extracted::None);
    lab.parse(&told(
        "k8s_exec",
        r#"{"session":{"audit_id":"a","manner":"exec","namespace":"n","pod":"p","command":["/bin/check","-v"],"user":"jane",
            "groups":["dev","all"],"impersonated_user":"ops","begin":5000}}"#,
    ));
    assert_eq!(lab.of_thread(23, "k8s.exec.user"), one("jane"));
    assert_eq!(lab.of_thread(23, "k8s.exec.impersonated_user"), one("ops"));
    assert_eq!(lab.of_thread(23, "k8s.exec.auditid"), one("a"));
    let id = FIELDS.iter().position(|f| f.name == "k8s.exec.groups").unwrap();
    let groups = lab.container.extract(&event(6, 23, &[]), id as u32, FIELDS[id].ty, true, None);
    assert_eq!(groups, Extracted::Text(vec!["dev".to_owned(), "all".to_owned()]));
    assert_eq!(lab.of_thread(20, "k8s.exec.user"), Extracted::None, "the container's own work");
    for (name, broken) in [("k8s", "{"), ("k8s_exec", "[]")] {
        assert_ne!(lab.container.parse(&told(name, broken)), Rc::SUCCESS);
    }
}
