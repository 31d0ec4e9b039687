//! The `ka.*` fields: one entry a field, 100 of them Falco's. Extraction reads the rule; `get_fields` and the documentation read the rest.
//!
//! Names, list-ness, arguments and paths are those of Falco's k8saudit plugin 0.18, so that its rule files work here.

use std::sync::LazyLock;

use crate::extract::{Part, Pod, Rule, Volume};

/// What may stand in the brackets behind a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// Nothing.
    None,
    /// Optionally, the index of an element.
    Index,
    /// A key; required.
    Key,
}

/// One field. All are strings; a list field is a list of strings.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name as rules write it.
    pub name: &'static str,
    /// Yields a list.
    pub list: bool,
    /// What the brackets may hold.
    pub arg: Arg,
    /// Where the value comes from.
    pub rule: Rule,
    /// One line for `--list`.
    pub desc: &'static str,
}

/// The fields of pods once more, for pods wherever a request has them: `ka.req.workload.X` is `ka.req.pod.X` of a bare pod or
/// of the template in a Deployment, DaemonSet, StatefulSet, ReplicaSet, Job, CronJob or PodTemplate.
static WORKLOAD: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let of_pods = FIELDS.iter().filter_map(|field| Some((field.name.strip_prefix("ka.req.pod.")?, field)));
    of_pods
        .map(|(rest, field)| Field {
            // Made once per process; names of fields live as long as it.
            name: Box::leak(format!("ka.req.workload.{rest}").into_boxed_str()),
            desc: Box::leak(format!("{}; also in pod templates", field.desc).into_boxed_str()),
            ..*field
        })
        .collect()
});

/// All fields in the order of their ids, and whose pod each looks at.
pub fn fields() -> impl Iterator<Item = (&'static Field, Pod)> {
    FIELDS.iter().map(|field| (field, Pod::Bare)).chain(WORKLOAD.iter().map(|field| (field, Pod::Anywhere)))
}

/// The field with this id.
pub fn field(id: u32) -> Option<(&'static Field, Pod)> {
    let id = id as usize;
    match FIELDS.get(id) {
        Some(field) => Some((field, Pod::Bare)),
        None => WORKLOAD.get(id - FIELDS.len()).map(|field| (field, Pod::Anywhere)),
    }
}

/// Falco's fields; a field's id in the plugin ABI is its place here.
pub const FIELDS: &[Field] = &[
    Field {
        name: "ka.auditid",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["auditID"]),
        desc: "unique id of the audit event",
    },
    Field {
        name: "ka.stage",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["stage"]),
        desc: "stage of the request, such as ResponseComplete",
    },
    Field {
        name: "ka.auth.decision",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["annotations", "authorization.k8s.io/decision"]),
        desc: "decision of the authorizer",
    },
    Field {
        name: "ka.auth.reason",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["annotations", "authorization.k8s.io/reason"]),
        desc: "reason of the authorizer",
    },
    Field {
        name: "ka.auth.openshift.decision",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["annotations", "authentication.openshift.io/decision"]),
        desc: "decision of OpenShift authentication",
    },
    Field {
        name: "ka.auth.openshift.username",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["annotations", "authentication.openshift.io/username"]),
        desc: "user name seen by OpenShift authentication",
    },
    Field {
        name: "ka.validations.admission.policy.failure",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["annotations", "validation.policy.admission.k8s.io/validation_failure"]),
        desc: "failed validating admission policies",
    },
    Field {
        name: "ka.security.pod.violations",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["annotations", "pod-security.kubernetes.io/audit-violations"]),
        desc: "violations of the pod security standard",
    },
    Field {
        name: "ka.user.name",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["user", "username"]),
        desc: "user who made the request",
    },
    Field {
        name: "ka.user.groups",
        list: true,
        arg: Arg::None,
        rule: Rule::Items(&["user", "groups"]),
        desc: "groups of the user",
    },
    Field {
        name: "ka.impuser.name",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["impersonatedUser", "username"]),
        desc: "user who is impersonated",
    },
    Field { name: "ka.verb", list: false, arg: Arg::None, rule: Rule::Path(&["verb"]), desc: "action, such as create" },
    Field {
        name: "ka.uri",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestURI"]),
        desc: "request URI as sent to the server",
    },
    Field {
        name: "ka.uri.param",
        list: false,
        arg: Arg::Key,
        rule: Rule::UriParam,
        desc: "first value of the named query parameter of the request URI",
    },
    Field {
        name: "ka.target.name",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["objectRef", "name"]),
        desc: "name of the target object",
    },
    Field {
        name: "ka.target.namespace",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["objectRef", "namespace"]),
        desc: "namespace of the target object",
    },
    Field {
        name: "ka.target.resource",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["objectRef", "resource"]),
        desc: "resource of the target object",
    },
    Field {
        name: "ka.target.subresource",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["objectRef", "subresource"]),
        desc: "subresource of the target object",
    },
    Field {
        name: "ka.target.pod.name",
        list: false,
        arg: Arg::None,
        rule: Rule::TargetPod,
        desc: "name of the target pod, for requests on pods themselves",
    },
    Field {
        name: "ka.req.binding.subjects",
        list: true,
        arg: Arg::None,
        rule: Rule::Items(&["requestObject", "subjects"]),
        desc: "subjects of a binding, each as JSON",
    },
    Field {
        name: "ka.req.binding.subjects.user_names",
        list: true,
        arg: Arg::None,
        rule: Rule::Subjects { kind: "User", with_namespace: false },
        desc: "user names among the subjects of a binding",
    },
    Field {
        name: "ka.req.binding.subjects.serviceaccount_names",
        list: true,
        arg: Arg::None,
        rule: Rule::Subjects { kind: "ServiceAccount", with_namespace: false },
        desc: "service account names among the subjects of a binding",
    },
    Field {
        name: "ka.req.binding.subjects.serviceaccount_ns_names",
        list: true,
        arg: Arg::None,
        rule: Rule::Subjects { kind: "ServiceAccount", with_namespace: true },
        desc: "service accounts among the subjects of a binding, as namespace:name",
    },
    Field {
        name: "ka.req.binding.subjects.group_names",
        list: true,
        arg: Arg::None,
        rule: Rule::Subjects { kind: "Group", with_namespace: false },
        desc: "group names among the subjects of a binding",
    },
    Field {
        name: "ka.req.binding.role",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "roleRef", "name"]),
        desc: "role that a binding refers to",
    },
    Field {
        name: "ka.req.binding.subject.has_name",
        list: false,
        arg: Arg::Key,
        rule: Rule::SubjectHasName,
        desc: "deprecated: true when a subject of the binding has the given name",
    },
    Field {
        name: "ka.req.configmap.name",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["objectRef", "name"]),
        desc: "name of the config map of the request",
    },
    Field {
        name: "ka.req.configmap.obj",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "data"]),
        desc: "data of the config map as JSON",
    },
    Field {
        name: "ka.req.container.image",
        list: false,
        arg: Arg::None,
        rule: Rule::FirstImage { repository: false },
        desc: "deprecated: image of the first container",
    },
    Field {
        name: "ka.req.container.image.repository",
        list: false,
        arg: Arg::None,
        rule: Rule::FirstImage { repository: true },
        desc: "deprecated: image repository of the first container",
    },
    Field {
        name: "ka.req.container.host_network",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "hostNetwork"]),
        desc: "deprecated: hostNetwork of the pod",
    },
    Field {
        name: "ka.req.container.privileged",
        list: false,
        arg: Arg::None,
        rule: Rule::AnyPrivileged,
        desc: "deprecated: true when any container is privileged",
    },
    Field {
        name: "ka.req.pod.containers.name",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Name),
        desc: "names of the containers",
    },
    Field {
        name: "ka.req.pod.containers.image",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Image),
        desc: "images of the containers",
    },
    Field {
        name: "ka.req.pod.containers.image.repository",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Repository),
        desc: "image repositories of the containers",
    },
    Field {
        name: "ka.req.pod.containers.command",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Command),
        desc: "commands of the containers",
    },
    Field {
        name: "ka.req.pod.containers.args",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Args),
        desc: "arguments of the containers",
    },
    Field {
        name: "ka.req.pod.containers.host_port",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::HostPort),
        desc: "host ports of the containers; the container port where none is set",
    },
    Field {
        name: "ka.req.pod.containers.privileged",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Security("privileged")),
        desc: "privileged flags of the containers",
    },
    Field {
        name: "ka.req.pod.containers.allow_privilege_escalation",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Security("allowPrivilegeEscalation")),
        desc: "allowPrivilegeEscalation of the containers",
    },
    Field {
        name: "ka.req.pod.containers.read_only_fs",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Security("readOnlyRootFilesystem")),
        desc: "readOnlyRootFilesystem of the containers",
    },
    Field {
        name: "ka.req.pod.containers.run_as_user",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Security("runAsUser")),
        desc: "runAsUser of the containers",
    },
    Field {
        name: "ka.req.pod.containers.run_as_group",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Security("runAsGroup")),
        desc: "runAsGroup of the containers",
    },
    Field {
        name: "ka.req.pod.containers.eff_run_as_user",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Effective("runAsUser")),
        desc: "effective user of the containers: their own, else of the pod, else 0",
    },
    Field {
        name: "ka.req.pod.containers.eff_run_as_group",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Effective("runAsGroup")),
        desc: "effective group of the containers: their own, else of the pod, else 0",
    },
    Field {
        name: "ka.req.pod.containers.proc_mount",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::Security("procMount")),
        desc: "procMount of the containers",
    },
    Field {
        name: "ka.req.pod.containers.add_capabilities",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("containers", Part::AddedCapabilities),
        desc: "capabilities added to the containers",
    },
    Field {
        name: "ka.req.pod.initContainers.name",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Name),
        desc: "names of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.image",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Image),
        desc: "images of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.image.repository",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Repository),
        desc: "image repositories of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.command",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Command),
        desc: "commands of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.args",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Args),
        desc: "arguments of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.host_port",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::HostPort),
        desc: "host ports of the init containers; the container port where none is set",
    },
    Field {
        name: "ka.req.pod.initContainers.privileged",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Security("privileged")),
        desc: "privileged flags of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.allow_privilege_escalation",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Security("allowPrivilegeEscalation")),
        desc: "allowPrivilegeEscalation of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.read_only_fs",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Security("readOnlyRootFilesystem")),
        desc: "readOnlyRootFilesystem of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.run_as_user",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Security("runAsUser")),
        desc: "runAsUser of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.run_as_group",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Security("runAsGroup")),
        desc: "runAsGroup of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.eff_run_as_user",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Effective("runAsUser")),
        desc: "effective user of the init containers: their own, else of the pod, else 0",
    },
    Field {
        name: "ka.req.pod.initContainers.eff_run_as_group",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Effective("runAsGroup")),
        desc: "effective group of the init containers: their own, else of the pod, else 0",
    },
    Field {
        name: "ka.req.pod.initContainers.proc_mount",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::Security("procMount")),
        desc: "procMount of the init containers",
    },
    Field {
        name: "ka.req.pod.initContainers.add_capabilities",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("initContainers", Part::AddedCapabilities),
        desc: "capabilities added to the init containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.name",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Name),
        desc: "names of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.image",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Image),
        desc: "images of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.image.repository",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Repository),
        desc: "image repositories of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.command",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Command),
        desc: "commands of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.args",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Args),
        desc: "arguments of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.privileged",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Security("privileged")),
        desc: "privileged flags of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.allow_privilege_escalation",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Security("allowPrivilegeEscalation")),
        desc: "allowPrivilegeEscalation of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.read_only_fs",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Security("readOnlyRootFilesystem")),
        desc: "readOnlyRootFilesystem of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.run_as_user",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Security("runAsUser")),
        desc: "runAsUser of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.run_as_group",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Security("runAsGroup")),
        desc: "runAsGroup of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.eff_run_as_user",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Effective("runAsUser")),
        desc: "effective user of the ephemeral containers: their own, else of the pod, else 0",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.eff_run_as_group",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Effective("runAsGroup")),
        desc: "effective group of the ephemeral containers: their own, else of the pod, else 0",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.proc_mount",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::Security("procMount")),
        desc: "procMount of the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.ephemeralContainers.add_capabilities",
        list: true,
        arg: Arg::Index,
        rule: Rule::Container("ephemeralContainers", Part::AddedCapabilities),
        desc: "capabilities added to the ephemeral containers",
    },
    Field {
        name: "ka.req.pod.host_ipc",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "hostIPC"]),
        desc: "hostIPC of the pod",
    },
    Field {
        name: "ka.req.pod.host_network",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "hostNetwork"]),
        desc: "hostNetwork of the pod",
    },
    Field {
        name: "ka.req.pod.host_pid",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "hostPID"]),
        desc: "hostPID of the pod",
    },
    Field {
        name: "ka.req.pod.run_as_user",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "securityContext", "runAsUser"]),
        desc: "runAsUser of the pod security context",
    },
    Field {
        name: "ka.req.pod.run_as_group",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "securityContext", "runAsGroup"]),
        desc: "runAsGroup of the pod security context",
    },
    Field {
        name: "ka.req.pod.fs_group",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "securityContext", "fsGroup"]),
        desc: "fsGroup of the pod security context",
    },
    Field {
        name: "ka.req.pod.supplemental_groups",
        list: true,
        arg: Arg::None,
        rule: Rule::Items(&["requestObject", "spec", "securityContext", "supplementalGroups"]),
        desc: "supplemental groups of the pod",
    },
    Field {
        name: "ka.req.role.rules",
        list: true,
        arg: Arg::None,
        rule: Rule::Items(&["requestObject", "rules"]),
        desc: "rules of a role, each as JSON",
    },
    Field {
        name: "ka.req.role.rules.apiGroups",
        list: true,
        arg: Arg::Index,
        rule: Rule::RoleRules("apiGroups"),
        desc: "API groups of the rules of a role",
    },
    Field {
        name: "ka.req.role.rules.nonResourceURLs",
        list: true,
        arg: Arg::Index,
        rule: Rule::RoleRules("nonResourceURLs"),
        desc: "non-resource URLs of the rules of a role",
    },
    Field {
        name: "ka.req.role.rules.verbs",
        list: true,
        arg: Arg::Index,
        rule: Rule::RoleRules("verbs"),
        desc: "verbs of the rules of a role",
    },
    Field {
        name: "ka.req.role.rules.resources",
        list: true,
        arg: Arg::Index,
        rule: Rule::RoleRules("resources"),
        desc: "resources of the rules of a role",
    },
    Field {
        name: "ka.req.pod.volumes.hostpath",
        list: true,
        arg: Arg::Index,
        rule: Rule::Volumes(Volume::HostPath),
        desc: "host paths of the volumes of the pod",
    },
    Field {
        name: "ka.req.pod.volumes.flexvolume_driver",
        list: true,
        arg: Arg::Index,
        rule: Rule::Volumes(Volume::FlexDriver),
        desc: "flex volume drivers of the volumes of the pod",
    },
    Field {
        name: "ka.req.pod.volumes.volume_type",
        list: true,
        arg: Arg::Index,
        rule: Rule::Volumes(Volume::Type),
        desc: "types of the volumes of the pod",
    },
    Field {
        name: "ka.req.volume.hostpath",
        list: false,
        arg: Arg::Key,
        rule: Rule::HasHostPath,
        desc: "deprecated: true when a volume mounts the given host path; a trailing * matches any rest",
    },
    Field {
        name: "ka.req.service.type",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["requestObject", "spec", "type"]),
        desc: "type of the service",
    },
    Field {
        name: "ka.req.service.ports",
        list: true,
        arg: Arg::Index,
        rule: Rule::ServicePorts,
        desc: "ports of the service, each as JSON",
    },
    Field {
        name: "ka.resp.name",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["responseObject", "metadata", "name"]),
        desc: "name of the object in the response",
    },
    Field {
        name: "ka.response.code",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["responseStatus", "code"]),
        desc: "response code",
    },
    Field {
        name: "ka.response.reason",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["responseStatus", "reason"]),
        desc: "reason of the response, on failure",
    },
    Field {
        name: "ka.useragent",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["userAgent"]),
        desc: "user agent of the client",
    },
    Field {
        name: "ka.sourceips",
        list: true,
        arg: Arg::Index,
        rule: Rule::SourceIps,
        desc: "addresses of the client and of proxies on the way",
    },
    Field {
        name: "ka.cluster.name",
        list: false,
        arg: Arg::None,
        rule: Rule::Path(&["annotations", "cluster_name"]),
        desc: "name of the cluster",
    },
];
