//! The fields: one line each says name, type, argument, display name and what it is.
//!
//! The first 61 are those of the plugin of this name that rules are written for, in its order; a field's position is its number.

use lanner_plugin_api::raw::FieldType;
use lanner_plugin_api::sdk::{ArgSpec, FieldDef, FieldFlags};

macro_rules! fields {
    ($($id:ident, $name:literal, $ty:ident, $arg:ident, $use:ident, $display:literal, $desc:literal;)*) => {
        /// A field.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the table below says what each is")]
        pub enum FieldId {
            $($id,)*
        }

        impl FieldId {
            /// Every field, by number.
            pub const ALL: &'static [Self] = &[$(Self::$id,)*];

            /// The field with this number.
            #[must_use]
            pub fn from_number(number: u32) -> Option<Self> {
                Self::ALL.get(number as usize).copied()
            }
        }

        /// The descriptions, by number.
        pub static FIELDS: &[FieldDef] = &[$(FieldDef {
            name: $name,
            ty: fields!(@ty $ty),
            list: fields!(@list $arg),
            arg: fields!(@arg $arg),
            display: $display,
            desc: $desc,
            flags: fields!(@use $use),
            ..FieldDef::EMPTY
        },)*];
    };
    (@ty Str) => { FieldType::STRING };
    (@ty Bool) => { FieldType::BOOL };
    (@ty AbsTime) => { FieldType::ABSTIME };
    (@ty RelTime) => { FieldType::RELTIME };
    (@list List) => { true };
    (@list $arg:ident) => { false };
    (@arg None) => { ArgSpec::NONE };
    (@arg List) => { ArgSpec::NONE };
    (@arg Key) => { ArgSpec { required: true, key: true, ..ArgSpec::NONE } };
    (@arg IndexOrKey) => { ArgSpec { required: true, index: true, key: true, ..ArgSpec::NONE } };
    (@use Plain) => { FieldFlags::empty() };
    (@use Suggested) => { FieldFlags::FORMAT_SUGGESTED };
}

fields! {
    ContainerId, "container.id", Str, None, Suggested, "Container ID",
        "12-char id, \"host\" on the host, empty if unknown.";
    ContainerFullId, "container.full_id", Str, None, Plain, "Container ID",
        "Full id.";
    ContainerName, "container.name", Str, None, Suggested, "Container Name",
        "Container name.";
    ContainerImage, "container.image", Str, None, Plain, "Image Name",
        "Image reference.";
    ContainerImageId, "container.image.id", Str, None, Plain, "Image ID",
        "Image id.";
    ContainerType, "container.type", Str, None, Plain, "Type",
        "Engine word (docker, cri-o, containerd, podman, lxc ...).";
    ContainerPrivileged, "container.privileged", Bool, None, Plain, "Privileged",
        "Privileged flag.";
    ContainerMounts, "container.mounts", Str, None, Plain, "Mounts",
        "All mounts as source:dest:mode:rdwr:propagation joined by comma.";
    ContainerMount, "container.mount", Str, IndexOrKey, Plain, "Mount",
        "One mount by index or by source pattern.";
    ContainerMountSource, "container.mount.source", Str, IndexOrKey, Plain, "Mount Source",
        "Source of mount by index or destination pattern.";
    ContainerMountDest, "container.mount.dest", Str, IndexOrKey, Plain, "Mount Destination",
        "Destination of mount by index or source pattern.";
    ContainerMountMode, "container.mount.mode", Str, IndexOrKey, Plain, "Mount Mode",
        "Mode of mount.";
    ContainerMountRdwr, "container.mount.rdwr", Str, IndexOrKey, Plain, "Mount Read/Write",
        "Writable flag of mount.";
    ContainerMountPropagation, "container.mount.propagation", Str, IndexOrKey, Plain, "Mount Propagation",
        "Propagation of mount.";
    ContainerImageRepository, "container.image.repository", Str, None, Suggested, "Repository",
        "Image repository.";
    ContainerImageTag, "container.image.tag", Str, None, Suggested, "Image Tag",
        "Image tag.";
    ContainerImageDigest, "container.image.digest", Str, None, Plain, "Registry Digest",
        "Image digest.";
    ContainerHealthcheck, "container.healthcheck", Str, None, Plain, "Health Check",
        "Command line of the health check; absent without one.";
    ContainerLivenessProbe, "container.liveness_probe", Str, None, Plain, "Liveness",
        "Command line of the liveness probe; absent without one that is a command.";
    ContainerReadinessProbe, "container.readiness_probe", Str, None, Plain, "Readiness",
        "Command line of the readiness probe; absent without one that is a command.";
    ContainerStartTs, "container.start_ts", AbsTime, None, Plain, "Container Start",
        "Thread's pid-namespace init start time (not the engine's creation time).";
    ContainerDuration, "container.duration", RelTime, None, Plain, "Container Duration",
        "Event time minus start_ts.";
    ContainerIp, "container.ip", Str, None, Plain, "Container ip address",
        "Container (or sandbox) address.";
    ContainerCniJson, "container.cni.json", Str, None, Plain, "Container's / pod's CNI result json",
        "Raw CNI result.";
    ContainerHostPid, "container.host_pid", Bool, None, Plain, "Host PID Namespace",
        "Shares host pid ns.";
    ContainerHostNetwork, "container.host_network", Bool, None, Plain, "Host Network Namespace",
        "Shares host net ns.";
    ContainerHostIpc, "container.host_ipc", Bool, None, Plain, "Host IPC Namespace",
        "Shares host ipc ns.";
    ContainerLabel, "container.label", Str, Key, Plain, "Container Label",
        "One label by key.";
    ContainerLabels, "container.labels", Str, None, Plain, "Container Labels",
        "All labels joined.";
    ProcIsContainerHealthcheck, "proc.is_container_healthcheck", Bool, None, Plain, "Process Is Container Healthcheck",
        "Whether the process is the health check of its container or was started by it; absent where the container has none.";
    ProcIsContainerLivenessProbe, "proc.is_container_liveness_probe", Bool, None, Plain, "Process Is Container Liveness",
        "Whether the process is the liveness probe of its container or was started by it; absent where the container has none.";
    ProcIsContainerReadinessProbe, "proc.is_container_readiness_probe", Bool, None, Plain, "Process Is Container Readiness",
        "Whether the process is the readiness probe of its container or was started by it; absent where the container has none.";
    K8sPodName, "k8s.pod.name", Str, None, Suggested, "Pod Name",
        "Label io.kubernetes.pod.name.";
    K8sNsName, "k8s.ns.name", Str, None, Suggested, "Namespace Name",
        "Label io.kubernetes.pod.namespace.";
    K8sPodId, "k8s.pod.id", Str, None, Plain, "Legacy Pod UID",
        "Legacy alias: pod uid.";
    K8sPodUid, "k8s.pod.uid", Str, None, Plain, "Pod UID",
        "Label io.kubernetes.pod.uid.";
    K8sPodSandboxId, "k8s.pod.sandbox_id", Str, None, Plain, "Pod / Sandbox ID",
        "Sandbox id, short.";
    K8sPodFullSandboxId, "k8s.pod.full_sandbox_id", Str, None, Plain, "Pod / Sandbox ID",
        "Sandbox id, full.";
    K8sPodLabel, "k8s.pod.label", Str, Key, Plain, "Pod Label",
        "One sandbox label by key.";
    K8sPodLabels, "k8s.pod.labels", Str, None, Plain, "Pod Labels",
        "All sandbox labels.";
    K8sPodIp, "k8s.pod.ip", Str, None, Plain, "Pod Ip",
        "Pod address.";
    K8sPodCniJson, "k8s.pod.cni.json", Str, None, Plain, "Pod CNI result json",
        "CNI result of the pod.";
    K8sRcName, "k8s.rc.name", Str, None, Plain, "Replication Controller Name",
        "Replication controller that made the pod: as the API of Kubernetes tells, or an annotation of old clusters.";
    K8sRcId, "k8s.rc.id", Str, None, Plain, "Replication Controller ID",
        "Its uid, from the same.";
    K8sRcLabel, "k8s.rc.label", Str, Key, Plain, "Replication Controller Label",
        "One label of the replication controller, by key, as the API of Kubernetes tells.";
    K8sRcLabels, "k8s.rc.labels", Str, None, Plain, "Replication Controller Labels",
        "All labels of the replication controller, as the API of Kubernetes tells.";
    K8sSvcName, "k8s.svc.name", Str, None, Plain, "Service Name",
        "Names of the services that lead to the pod, as the API of Kubernetes tells.";
    K8sSvcId, "k8s.svc.id", Str, None, Plain, "Service ID",
        "Uids of the services that lead to the pod, as the API of Kubernetes tells.";
    K8sSvcLabel, "k8s.svc.label", Str, Key, Plain, "Service Label",
        "One label, by key, of the services that lead to the pod, as the API of Kubernetes tells.";
    K8sSvcLabels, "k8s.svc.labels", Str, None, Plain, "Service Labels",
        "All labels of the services that lead to the pod, as the API of Kubernetes tells.";
    K8sNsId, "k8s.ns.id", Str, None, Plain, "Namespace ID",
        "Uid of the pod's namespace, as the API of Kubernetes tells.";
    K8sNsLabel, "k8s.ns.label", Str, Key, Plain, "Namespace Label",
        "One label of the pod's namespace, by key, as the API of Kubernetes tells.";
    K8sNsLabels, "k8s.ns.labels", Str, None, Plain, "Namespace Labels",
        "All labels of the pod's namespace, as the API of Kubernetes tells.";
    K8sRsName, "k8s.rs.name", Str, None, Plain, "Replica Set Name",
        "Replica set that made the pod: as the API of Kubernetes tells, or from its name and the label pod-template-hash, or an annotation of old clusters.";
    K8sRsId, "k8s.rs.id", Str, None, Plain, "Replica Set ID",
        "Its uid, as the API of Kubernetes or an annotation of old clusters tells.";
    K8sRsLabel, "k8s.rs.label", Str, Key, Plain, "Replica Set Label",
        "One label of the replica set, by key, as the API of Kubernetes tells.";
    K8sRsLabels, "k8s.rs.labels", Str, None, Plain, "Replica Set Labels",
        "All labels of the replica set, as the API of Kubernetes tells.";
    K8sDeploymentName, "k8s.deployment.name", Str, None, Plain, "Deployment Name",
        "Deployment that made the pod: as the API of Kubernetes tells, or from its name and the label pod-template-hash.";
    K8sDeploymentId, "k8s.deployment.id", Str, None, Plain, "Deployment ID",
        "Uid of the deployment, as the API of Kubernetes tells.";
    K8sDeploymentLabel, "k8s.deployment.label", Str, Key, Plain, "Deployment Label",
        "One label of the deployment, by key, as the API of Kubernetes tells.";
    K8sDeploymentLabels, "k8s.deployment.labels", Str, None, Plain, "Deployment Labels",
        "All labels of the deployment, as the API of Kubernetes tells.";
    K8sExecUser, "k8s.exec.user", Str, None, Plain, "Exec User",
        "Who opened the session (kubectl exec, attach) that the process belongs to, as the audit log tells; of several that it may be: all, with \"or\" between.";
    K8sExecGroups, "k8s.exec.groups", Str, List, Plain, "Exec Groups",
        "Groups of that user.";
    K8sExecImpersonatedUser, "k8s.exec.impersonated_user", Str, None, Plain, "Exec Impersonated User",
        "As whom that user opened the session; absent if as himself.";
    K8sExecAuditId, "k8s.exec.auditid", Str, None, Plain, "Exec Audit ID",
        "Id of the audit events of that session, as in ka.auditid.";
}
