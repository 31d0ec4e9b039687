//! Schemes to load rules against.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::HashMap;
use std::sync::Arc;

use lanner_engine::scheme::{
    ArgSpec, EventFacts, EventKind, EventSet, FieldFlags, FieldId, FieldInfo, FieldType, Matching, Scheme,
};
use lanner_engine::yaml::{Node, parse};

/// A source like `syscall` with a handful of fields and 120 event codes, four of which have known names.
pub(crate) fn syscall() -> Arc<Scheme> {
    let mut builder = Scheme::builder("syscall");
    let text = |name: &str| FieldInfo::new(name, FieldType::Charbuf);
    let arg = |required, index, key, dotted| ArgSpec { required, index, key, dotted };
    let mut fields = vec![
        FieldInfo::new("evt.num", FieldType::Uint64),
        text("evt.type"),
        text("evt.dir"),
        FieldInfo::new("evt.latency", FieldType::RelTime),
        FieldInfo::new("evt.latency.s", FieldType::RelTime),
        text("proc.name"),
        text("proc.pname"),
        text("proc.cmdline"),
        text("proc.exepath"),
        FieldInfo::new("proc.pid", FieldType::Int64),
        text("fd.name"),
        FieldInfo::new("fd.sip", FieldType::IpAddr),
        FieldInfo::new("fd.sport", FieldType::Port),
        text("user.name"),
    ];
    fields.push(FieldInfo { arg: arg(true, true, true, true), ..text("evt.arg") });
    fields.push(FieldInfo { arg: arg(false, true, false, false), matching: Matching::Any, ..text("proc.aname") });
    fields.push(FieldInfo { flags: FieldFlags::FORMAT_SUGGESTED, ..text("container.id") });
    fields.push(FieldInfo { flags: FieldFlags::FORMAT_SUGGESTED, ..text("container.name") });
    let mut ids = HashMap::new();
    for field in fields {
        let name = field.name.clone();
        ids.insert(builder.field(field).expect("distinct fields"), name);
    }
    builder.facts(Arc::new(Facts(ids)));
    for (i, name) in ["open", "openat", "execve", "connect"].into_iter().enumerate() {
        builder.event(event(i as u16 + 1, name)).expect("small codes");
        builder.syscall(name, &[i as u16 + 1]).expect("small codes");
    }
    for code in 5..=120 {
        builder.event(event(code, &format!("call{code}"))).expect("small codes");
    }
    builder.build()
}

/// `fd.name` has a value at files and sockets, the argument `flags` at files, `call120` is of the past.
struct Facts(HashMap<FieldId, Box<str>>);

impl EventFacts for Facts {
    fn available(&self, field: FieldId, arg: Option<&str>) -> EventSet {
        match (self.0.get(&field).map(|name| &**name), arg) {
            (Some("fd.name"), _) => [1, 2, 4].into_iter().collect(),
            (Some("evt.arg"), Some("flags")) => [1, 2].into_iter().collect(),
            _ => EventSet::FULL,
        }
    }

    fn produced(&self) -> EventSet {
        (0..120).collect()
    }

    fn ends(&self) -> EventSet {
        [1, 2, 3].into_iter().collect()
    }
}

/// A source of a plugin.
pub(crate) fn k8s_audit() -> Arc<Scheme> {
    let mut builder = Scheme::builder("k8s_audit");
    for name in ["ka.verb", "ka.user.name", "ka.target.name", "evt.type", "jevt.rawtime"] {
        builder.field(FieldInfo::new(name, FieldType::Charbuf)).expect("distinct fields");
    }
    builder.event(event(1, "pluginevent")).expect("small codes");
    builder.build()
}

fn event(code: u16, name: &str) -> EventKind {
    EventKind { code, name: name.into(), dynamic: false, every_rule: false }
}

/// Both sources.
pub(crate) fn sources() -> Vec<Arc<Scheme>> {
    vec![syscall(), k8s_audit()]
}

/// Runs every case of the files in a folder of this one's; fails with all that fail, or if there are fewer than `least`.
pub(crate) fn every_case(folder: &str, least: usize, run: impl Fn(&Node) -> Result<(), String>) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let (mut count, mut failures) = (0, Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("cases").map(|e| e.expect("entry").path()).collect();
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        let documents = parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for case in documents.iter().flat_map(Node::items) {
            count += 1;
            let name = case.get("case").and_then(Node::as_str).unwrap_or("?");
            if let Err(why) = run(case) {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                failures.push(format!("{file}:{} {name}\n{why}\n", case.mark.line + 1));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases fail\n{}", failures.len(), failures.join("\n"));
    assert!(count >= least, "only {count} cases were found");
}
