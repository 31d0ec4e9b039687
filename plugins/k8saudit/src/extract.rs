//! Values of the `ka.*` fields from one audit event.
//!
//! Where Falco's plugin does something else than it documents, this does the documented thing: registry ports survive in
//! image repositories, effective users look at security contexts, added capabilities and service ports are lists of
//! elements, source addresses come from the top of the event, and `has_name` compares.

use std::borrow::Cow;

use lanner_json::Value;

/// Where a field's value comes from.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// The value at a path.
    Path(&'static [&'static str]),
    /// The elements of the array at a path.
    Items(&'static [&'static str]),
    /// Query parameter of `requestURI` named by the key.
    UriParam,
    /// `responseObject.metadata.name` of a request on a pod itself.
    TargetPod,
    /// Names of the subjects of one kind.
    Subjects {
        /// `kind` of the subject.
        kind: &'static str,
        /// Print `namespace:name`.
        with_namespace: bool,
    },
    /// Whether a subject has the name given by the key.
    SubjectHasName,
    /// Image of the first container.
    FirstImage {
        /// Only the repository.
        repository: bool,
    },
    /// Whether any container is privileged.
    AnyPrivileged,
    /// A part of each container of the named list.
    Container(&'static str, Part),
    /// One key of every rule of a role.
    RoleRules(&'static str),
    /// Something of each volume.
    Volumes(Volume),
    /// Whether a volume mounts the host path given by the key.
    HasHostPath,
    /// Ports of a service.
    ServicePorts,
    /// `sourceIPs`.
    SourceIps,
}

/// Part of a container.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// `name`
    Name,
    /// `image`
    Image,
    /// `image` without tag and digest.
    Repository,
    /// `command`, joined by blanks.
    Command,
    /// `args`, joined by blanks.
    Args,
    /// `ports[].hostPort`, else `containerPort`.
    HostPort,
    /// A key of `securityContext`.
    Security(&'static str),
    /// A key of `securityContext`, else of the pod's, else 0.
    Effective(&'static str),
    /// `securityContext.capabilities.add[]`
    AddedCapabilities,
}

/// Part of a volume.
#[derive(Debug, Clone, Copy)]
pub enum Volume {
    /// `hostPath.path`
    HostPath,
    /// `flexVolume.driver`
    FlexDriver,
    /// Every key but `name`.
    Type,
}

/// The argument of a field, as the host read it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Argument<'a> {
    /// Text in the brackets of a keyed field.
    pub key: Option<&'a str>,
    /// Number in the brackets of an indexed field.
    pub index: Option<u64>,
}

const SPEC: &[&str] = &["requestObject", "spec"];

/// Which pod a field of pods looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pod {
    /// The request's object itself, as Falco's fields do.
    Bare,
    /// A pod template in it if there is one, else the object itself.
    Anywhere,
}

impl Pod {
    /// Where templates stand: in CronJobs, in other workloads, in PodTemplates. Told by their place and not by the kind, so
    /// that patches, which carry only what changes, are seen too.
    const TEMPLATES: [&[&str]; 3] =
        [&["spec", "jobTemplate", "spec", "template", "spec"], &["spec", "template", "spec"], &["template", "spec"]];

    fn spec(self, event: Value<'_>) -> Option<Value<'_>> {
        let request = event.get("requestObject")?;
        let template = match self {
            Self::Bare => None,
            Self::Anywhere => Self::TEMPLATES.iter().find_map(|path| request.at(path)),
        };
        template.or_else(|| request.get("spec"))
    }

    /// Walks a path; what stands below [`SPEC`] stands below the pod's.
    fn at<'a>(self, event: Value<'a>, path: &[&str]) -> Option<Value<'a>> {
        match path.strip_prefix(SPEC) {
            Some(rest) if self == Self::Anywhere => self.spec(event)?.at(rest),
            _ => event.at(path),
        }
    }
}

/// Whether a document is an audit event: what is none has no audit fields, whatever keys it carries.
pub fn is_audit(document: Value<'_>) -> bool {
    document.get("auditID").is_some()
}

/// Hands each value of a field of an audit event to `put`; `false` when the event has none.
pub fn extract(event: Value<'_>, rule: Rule, pod: Pod, arg: Argument<'_>, put: &mut dyn FnMut(&str)) -> bool {
    let mut found = false;
    let mut emit = |text: &str| {
        found = true;
        put(text);
    };
    match rule {
        Rule::Path(path) => {
            if let Some(node) = pod.at(event, path) {
                emit(&node.text());
            }
        }
        Rule::Items(path) => each(pod.at(event, path), &mut emit),
        Rule::UriParam => {
            if let (Some(uri), Some(key)) = (event.get("requestURI").and_then(Value::as_str), arg.key)
                && let Some(value) = query_value(&uri, key)
            {
                emit(&value);
            }
        }
        Rule::TargetPod => {
            let of_pods = event.at(&["objectRef", "resource"]).is_some_and(|resource| resource.is("pods"));
            if of_pods
                && event.at(&["objectRef", "subresource"]).is_none()
                && let Some(name) = event.at(&["responseObject", "metadata", "name"])
            {
                emit(&name.text());
            }
        }
        Rule::Subjects { kind, with_namespace } => subjects(event, kind, with_namespace, &mut emit),
        Rule::SubjectHasName => {
            if let (Some(list), Some(key)) = (event.at(&["requestObject", "subjects"]), arg.key) {
                let named = list.items().any(|s| s.get("name").is_some_and(|name| name.is(key)));
                emit(if named { "true" } else { "false" });
            }
        }
        Rule::FirstImage { repository: only_repository } => {
            let first = pod.spec(event).and_then(|spec| spec.get("containers")).and_then(|list| list.items().next());
            if let Some(image) = first.and_then(|c| c.get("image")).and_then(Value::as_str) {
                emit(if only_repository { repository(&image) } else { &image });
            }
        }
        Rule::AnyPrivileged => {
            if let Some(list) = pod.spec(event).and_then(|spec| spec.get("containers")) {
                let any = list
                    .items()
                    .any(|c| c.at(&["securityContext", "privileged"]).and_then(Value::as_bool) == Some(true));
                emit(if any { "true" } else { "false" });
            }
        }
        Rule::Container(list, part) => {
            if let Some(spec) = pod.spec(event) {
                for container in picked(spec.get(list), arg.index) {
                    part_of(container, spec, part, &mut emit);
                }
            }
        }
        Rule::RoleRules(key) => {
            for rule in picked(event.at(&["requestObject", "rules"]), arg.index) {
                each(rule.get(key), &mut emit);
            }
        }
        Rule::Volumes(part) => {
            for volume in picked(pod.spec(event).and_then(|spec| spec.get("volumes")), arg.index) {
                volume_part(volume, part, &mut emit);
            }
        }
        Rule::HasHostPath => {
            if let (Some(volumes), Some(key)) = (pod.spec(event).and_then(|spec| spec.get("volumes")), arg.key) {
                let mut hit = false;
                for volume in volumes.items() {
                    volume_part(volume, Volume::HostPath, &mut |path| {
                        hit |= match key.strip_suffix('*') {
                            Some(prefix) => path.starts_with(prefix),
                            None => path == key,
                        };
                    });
                }
                emit(if hit { "true" } else { "false" });
            }
        }
        Rule::ServicePorts => {
            for port in picked(pod.spec(event).and_then(|spec| spec.get("ports")), arg.index) {
                emit(&port.text());
            }
        }
        Rule::SourceIps => {
            for address in picked(event.get("sourceIPs"), arg.index) {
                emit(&address.text());
            }
        }
    }
    found
}

fn each(list: Option<Value<'_>>, emit: &mut dyn FnMut(&str)) {
    for item in list.into_iter().flat_map(Value::items) {
        emit(&item.text());
    }
}

/// All elements, or the one that the index names.
fn picked<'a>(list: Option<Value<'a>>, index: Option<u64>) -> impl Iterator<Item = Value<'a>> {
    let (skip, take) = match index {
        None => (0, usize::MAX),
        Some(index) => (usize::try_from(index).unwrap_or(usize::MAX), 1),
    };
    list.into_iter().flat_map(Value::items).skip(skip).take(take)
}

fn subjects(event: Value<'_>, kind: &str, with_namespace: bool, emit: &mut dyn FnMut(&str)) {
    for subject in picked(event.at(&["requestObject", "subjects"]), None) {
        if !subject.get("kind").is_some_and(|of| of.is(kind)) {
            continue;
        }
        let Some(name) = subject.get("name").and_then(Value::as_str) else { continue };
        match subject.get("namespace").and_then(Value::as_str) {
            Some(namespace) if with_namespace => emit(&format!("{namespace}:{name}")),
            None if with_namespace => emit(&format!(":{name}")),
            _ => emit(&name),
        }
    }
}

fn part_of(container: Value<'_>, spec: Value<'_>, part: Part, emit: &mut dyn FnMut(&str)) {
    match part {
        Part::Name => put_node(container.get("name"), emit),
        Part::Image => put_node(container.get("image"), emit),
        Part::Repository => {
            if let Some(image) = container.get("image").and_then(Value::as_str) {
                emit(repository(&image));
            }
        }
        Part::Command => joined(container.get("command"), emit),
        Part::Args => joined(container.get("args"), emit),
        Part::HostPort => {
            for port in picked(container.get("ports"), None) {
                put_node(port.get("hostPort").or_else(|| port.get("containerPort")), emit);
            }
        }
        Part::Security(key) => put_node(container.at(&["securityContext", key]), emit),
        Part::Effective(key) => {
            match container.at(&["securityContext", key]).or_else(|| spec.at(&["securityContext", key])) {
                Some(node) => emit(&node.text()),
                None => emit("0"),
            }
        }
        Part::AddedCapabilities => each(container.at(&["securityContext", "capabilities", "add"]), emit),
    }
}

fn put_node(node: Option<Value<'_>>, emit: &mut dyn FnMut(&str)) {
    if let Some(node) = node {
        emit(&node.text());
    }
}

fn joined(list: Option<Value<'_>>, emit: &mut dyn FnMut(&str)) {
    if let Some(list) = list {
        let words: Vec<Cow<'_, str>> = list.items().map(Value::text).collect();
        emit(&words.join(" "));
    }
}

fn volume_part(volume: Value<'_>, part: Volume, emit: &mut dyn FnMut(&str)) {
    match part {
        Volume::HostPath => put_node(volume.at(&["hostPath", "path"]), emit),
        Volume::FlexDriver => put_node(volume.at(&["flexVolume", "driver"]), emit),
        Volume::Type => {
            for (key, _) in volume.entries().filter(|(key, _)| key != "name") {
                emit(&key);
            }
        }
    }
}

/// Repository of an image reference: without `@digest`, and without a `:tag` that stands behind the last slash.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let name = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[name..].find(':') {
        Some(colon) => &image[..name + colon],
        None => image,
    }
}

/// First value of a query parameter, with `%XX` and `+` decoded.
fn query_value<'u>(uri: &'u str, key: &str) -> Option<Cow<'u, str>> {
    let (_, query) = uri.split_once('?')?;
    let query = query.split('#').next().unwrap_or(query);
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name) == key).then(|| decoded(value))
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{FIELDS, field, fields};

    fn values(json: &str, name: &str, arg: Argument<'_>) -> Option<Vec<String>> {
        let mut tape = lanner_json::Tape::default();
        let event = tape.parse(json.as_bytes()).ok().filter(|event| is_audit(*event))?;
        let (field, pod) = fields().find(|(field, _)| field.name == name).expect(name);
        let mut out = Vec::new();
        extract(event, field.rule, pod, arg, &mut |text| out.push(text.to_owned())).then_some(out)
    }

    const POD: &str = r#"{"auditID":"1","verb":"create","requestURI":"/a?command=ls&command=id&x=a%20b+c",
        "sourceIPs":["10.0.0.1"],"objectRef":{"resource":"pods"},"responseObject":{"metadata":{"name":"web"}},
        "requestObject":{"spec":{"securityContext":{"runAsUser":7},
        "containers":[{"name":"a","image":"registry:5000/app:1@sha256:0","command":["sh","-c"],
          "ports":[{"hostPort":80},{"containerPort":81}],
          "securityContext":{"privileged":true,"capabilities":{"add":["SYS_ADMIN","NET_RAW"]}}},
         {"name":"b","image":"nginx","securityContext":{"runAsUser":9}}],
        "volumes":[{"name":"v","hostPath":{"path":"/etc/x"}},{"name":"w","emptyDir":{}}]}}}"#;

    fn list(items: &[&str]) -> Option<Vec<String>> {
        Some(items.iter().map(|s| (*s).to_owned()).collect())
    }

    #[test]
    fn there_are_100_fields_with_distinct_names() {
        let names: std::collections::BTreeSet<_> = FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), 100);
        assert_eq!(FIELDS.len(), 100);
    }

    #[test]
    fn ids_are_places() {
        for (id, (listed, pod)) in fields().enumerate() {
            assert_eq!(field(id as u32).map(|(found, pod)| (found.name, pod)), Some((listed.name, pod)));
        }
        assert_eq!(field(fields().count() as u32).map(|(found, _)| found.name), None);
    }

    #[test]
    fn pods_of_workloads_are_seen_by_the_additional_fields_only() {
        let pod = r#"{"hostPID":true,"securityContext":{"runAsUser":7},"volumes":[{"name":"v","hostPath":{"path":"/"}}],
            "containers":[{"name":"a","image":"nginx:1","securityContext":{"privileged":true}}]}"#;
        let all = Argument::default();
        for object in [
            format!(r#"{{"kind":"Deployment","spec":{{"type":"x","template":{{"spec":{pod}}}}}}}"#),
            format!(r#"{{"kind":"CronJob","spec":{{"jobTemplate":{{"spec":{{"template":{{"spec":{pod}}}}}}}}}}}"#),
            format!(r#"{{"kind":"PodTemplate","template":{{"spec":{pod}}}}}"#),
            format!(r#"{{"kind":"Pod","spec":{pod}}}"#),
        ] {
            let event = format!(r#"{{"auditID":"1","requestObject":{object}}}"#);
            let bare = object.contains("\"Pod\"");
            for (name, value) in [
                ("containers.image", "nginx:1"),
                ("containers.privileged", "true"),
                ("containers.eff_run_as_user", "7"),
                ("host_pid", "true"),
                ("volumes.hostpath", "/"),
            ] {
                assert_eq!(values(&event, &format!("ka.req.workload.{name}"), all), list(&[value]), "{event}");
                let old = values(&event, &format!("ka.req.pod.{name}"), all);
                assert_eq!(old, if bare { list(&[value]) } else { None }, "{event}");
            }
        }
    }

    #[test]
    fn containers_yield_one_value_each_or_the_indexed_one() {
        let all = Argument::default();
        let second = Argument { index: Some(1), ..all };
        assert_eq!(values(POD, "ka.req.pod.containers.image", all), list(&["registry:5000/app:1@sha256:0", "nginx"]));
        assert_eq!(values(POD, "ka.req.pod.containers.image.repository", all), list(&["registry:5000/app", "nginx"]));
        assert_eq!(values(POD, "ka.req.pod.containers.image", second), list(&["nginx"]));
        assert_eq!(values(POD, "ka.req.pod.containers.image", Argument { index: Some(2), ..all }), None);
        assert_eq!(values(POD, "ka.req.pod.containers.eff_run_as_user", all), list(&["7", "9"]));
        assert_eq!(values(POD, "ka.req.pod.containers.eff_run_as_group", all), list(&["0", "0"]));
        assert_eq!(values(POD, "ka.req.pod.containers.add_capabilities", all), list(&["SYS_ADMIN", "NET_RAW"]));
        assert_eq!(values(POD, "ka.req.pod.containers.host_port", all), list(&["80", "81"]));
        assert_eq!(values(POD, "ka.req.pod.containers.command", all), list(&["sh -c"]));
        assert_eq!(values(POD, "ka.req.container.privileged", all), list(&["true"]));
    }

    #[test]
    fn keyed_fields_compare_with_the_key() {
        let key = |key| Argument { key: Some(key), index: None };
        assert_eq!(values(POD, "ka.uri.param", key("command")), list(&["ls"]));
        assert_eq!(values(POD, "ka.uri.param", key("x")), list(&["a b c"]));
        assert_eq!(values(POD, "ka.uri.param", key("none")), None);
        assert_eq!(values(POD, "ka.req.volume.hostpath", key("/etc/*")), list(&["true"]));
        assert_eq!(values(POD, "ka.req.volume.hostpath", key("/etc")), list(&["false"]));
    }

    #[test]
    fn volumes_and_targets() {
        let all = Argument::default();
        assert_eq!(values(POD, "ka.req.pod.volumes.volume_type", all), list(&["hostPath", "emptyDir"]));
        assert_eq!(values(POD, "ka.req.pod.volumes.hostpath", all), list(&["/etc/x"]));
        assert_eq!(values(POD, "ka.target.pod.name", all), list(&["web"]));
        assert_eq!(values(POD, "ka.sourceips", all), list(&["10.0.0.1"]));
    }

    #[test]
    fn subjects_by_kind() {
        let json = r#"{"auditID":"1","requestObject":{"subjects":[{"kind":"User","name":"u"},
            {"kind":"ServiceAccount","name":"s","namespace":"n"},{"kind":"Group","name":"g"}]}}"#;
        let all = Argument::default();
        assert_eq!(values(json, "ka.req.binding.subjects.user_names", all), list(&["u"]));
        assert_eq!(values(json, "ka.req.binding.subjects.group_names", all), list(&["g"]));
        assert_eq!(values(json, "ka.req.binding.subjects.serviceaccount_ns_names", all), list(&["n:s"]));
        let key = Argument { key: Some("u"), index: None };
        assert_eq!(values(json, "ka.req.binding.subject.has_name", key), list(&["true"]));
    }

    #[test]
    fn what_is_no_audit_event_has_no_fields() {
        assert_eq!(values(r#"{"verb":"create"}"#, "ka.verb", Argument::default()), None);
    }
}
