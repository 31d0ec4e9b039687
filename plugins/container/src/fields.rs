//! The 61 fields: one line each says name, type, argument, display name and what it is.
//!
//! The order is that of the plugin of this name that rules are written for; a field's position is its number.

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

        impl FieldId {
            /// Whether documents of containers can give it a value.
            #[must_use]
            pub fn is_documented(self) -> bool {
                match self {
                    $(Self::$id => fields!(@documented $use),)*
                }
            }
        }

        /// The descriptions, by number.
        pub static FIELDS: &[FieldDef] = &[$(FieldDef {
            name: $name,
            ty: fields!(@ty $ty),
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
    (@arg None) => { ArgSpec::NONE };
    (@arg Key) => { ArgSpec { required: true, key: true, ..ArgSpec::NONE } };
    (@arg IndexOrKey) => { ArgSpec { required: true, index: true, key: true, ..ArgSpec::NONE } };
    (@use Plain) => { FieldFlags::empty() };
    (@use Suggested) => { FieldFlags::FORMAT_SUGGESTED };
    // Never has a value. Not flagged as deprecated: the ABI of this field list has no such flag, and what people see
    // of a field must not depend on which build of the plugin describes it.
    (@documented Deprecated) => { false };
    (@documented $use:ident) => { true };
    (@use Deprecated) => { FieldFlags::empty() };
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
        "Replication controller that made the pod, as an annotation of old clusters names it.";
    K8sRcId, "k8s.rc.id", Str, None, Plain, "Replication Controller ID",
        "Its uid, from the same annotation.";
    K8sRcLabel, "k8s.rc.label", Str, Key, Deprecated, "[Deprecated] Replication Controller Label",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sRcLabels, "k8s.rc.labels", Str, None, Deprecated, "[Deprecated] Replication Controller Labels",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sSvcName, "k8s.svc.name", Str, None, Deprecated, "[Deprecated] Service Name",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sSvcId, "k8s.svc.id", Str, None, Deprecated, "[Deprecated] Service ID",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sSvcLabel, "k8s.svc.label", Str, Key, Deprecated, "[Deprecated] Service Label",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sSvcLabels, "k8s.svc.labels", Str, None, Deprecated, "[Deprecated] Service Labels",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sNsId, "k8s.ns.id", Str, None, Deprecated, "[Deprecated] Namespace ID",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sNsLabel, "k8s.ns.label", Str, Key, Deprecated, "[Deprecated] Namespace Label",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sNsLabels, "k8s.ns.labels", Str, None, Deprecated, "[Deprecated] Namespace Labels",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sRsName, "k8s.rs.name", Str, None, Plain, "Replica Set Name",
        "Replica set that made the pod: from its name and the label pod-template-hash, or an annotation of old clusters.";
    K8sRsId, "k8s.rs.id", Str, None, Plain, "Replica Set ID",
        "Its uid, as an annotation of old clusters names it.";
    K8sRsLabel, "k8s.rs.label", Str, Key, Deprecated, "[Deprecated] Replica Set Label",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sRsLabels, "k8s.rs.labels", Str, None, Deprecated, "[Deprecated] Replica Set Labels",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sDeploymentName, "k8s.deployment.name", Str, None, Plain, "Deployment Name",
        "Deployment that made the pod, from its name and the label pod-template-hash.";
    K8sDeploymentId, "k8s.deployment.id", Str, None, Deprecated, "[Deprecated] Deployment ID",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sDeploymentLabel, "k8s.deployment.label", Str, Key, Deprecated, "[Deprecated] Deployment Label",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
    K8sDeploymentLabels, "k8s.deployment.labels", Str, None, Deprecated, "[Deprecated] Deployment Labels",
        "Deprecated, always empty: known to the API of Kubernetes alone.";
}
