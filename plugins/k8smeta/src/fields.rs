//! The fields: one line each says name, object, part, and what it is.
//!
//! The first 25 are those of the plugin of this name that rules are written for, in its order; a field's position is its number.

use lanner_k8s::Kind;
use lanner_plugin_api::sdk::{ArgSpec, FieldDef, FieldFlags};

/// What of an object a field gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its name.
    Name,
    /// Its uid.
    Uid,
    /// The label that the argument names.
    Label,
    /// All labels, as `key:value`.
    Labels,
    /// A pod's address.
    Ip,
    /// Kind of the maker of a pod.
    OwnerKind,
    /// Name of the maker of a pod.
    OwnerName,
    /// Uid of the maker of a pod.
    OwnerUid,
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Of which object.
    pub kind: Kind,
    /// What of it.
    pub part: Part,
    def: FieldDef,
}

const fn field(name: &'static str, kind: Kind, part: Part, display: &'static str, desc: &'static str) -> Field {
    let key = matches!(part, Part::Label);
    let list = matches!(part, Part::Labels) || matches!(kind, Kind::Service);
    // Shown by default, as by the plugin that rules are written for.
    let suggested = matches!(part, Part::Name) && matches!(kind, Kind::Pod | Kind::Namespace);
    let flags = if suggested { FieldFlags::FORMAT_SUGGESTED } else { FieldFlags::empty() };
    let arg = ArgSpec { required: key, key, ..ArgSpec::NONE };
    Field { kind, part, def: FieldDef { name, list, arg, display, desc, flags, ..FieldDef::EMPTY } }
}

macro_rules! fields {
    ($($name:literal, $kind:ident, $part:ident, $display:literal, $desc:literal;)*) => {
        /// All of them, by number.
        pub static FIELDS: &[Field] = &[$(field($name, Kind::$kind, Part::$part, $display, $desc),)*];
    };
}

fields! {
    "k8smeta.pod.name", Pod, Name, "Pod Name", "Name of the pod.";
    "k8smeta.pod.uid", Pod, Uid, "Pod UID", "Uid of the pod.";
    "k8smeta.pod.label", Pod, Label, "Pod Label", "One label of the pod, by key.";
    "k8smeta.pod.labels", Pod, Labels, "Pod Labels", "All labels of the pod, as key:value.";
    "k8smeta.pod.ip", Pod, Ip, "Pod Ip", "Address of the pod.";
    "k8smeta.ns.name", Namespace, Name, "Namespace Name", "Name of the pod's namespace.";
    "k8smeta.ns.uid", Namespace, Uid, "Namespace UID", "Uid of the pod's namespace.";
    "k8smeta.ns.label", Namespace, Label, "Namespace Label", "One label of the pod's namespace, by key.";
    "k8smeta.ns.labels", Namespace, Labels, "Namespace Labels", "All labels of the pod's namespace, as key:value.";
    "k8smeta.deployment.name", Deployment, Name, "Deployment Name", "Name of the deployment whose replica set made the pod.";
    "k8smeta.deployment.uid", Deployment, Uid, "Deployment UID", "Uid of the deployment.";
    "k8smeta.deployment.label", Deployment, Label, "Deployment Label", "One label of the deployment, by key.";
    "k8smeta.deployment.labels", Deployment, Labels, "Deployment Labels", "All labels of the deployment, as key:value.";
    "k8smeta.svc.name", Service, Name, "Services Name", "Names of the services that lead to the pod.";
    "k8smeta.svc.uid", Service, Uid, "Services UID", "Uids of the services that lead to the pod.";
    "k8smeta.svc.label", Service, Label, "Services Label", "One label, by key, of each service that leads to the pod and has it.";
    "k8smeta.svc.labels", Service, Labels, "Services Labels", "All labels of the services that lead to the pod, as key:value.";
    "k8smeta.rs.name", ReplicaSet, Name, "Replica Set Name", "Name of the replica set that made the pod.";
    "k8smeta.rs.uid", ReplicaSet, Uid, "Replica Set UID", "Uid of the replica set.";
    "k8smeta.rs.label", ReplicaSet, Label, "Replica Set Label", "One label of the replica set, by key.";
    "k8smeta.rs.labels", ReplicaSet, Labels, "Replica Set Labels", "All labels of the replica set, as key:value.";
    "k8smeta.rc.name", ReplicationController, Name, "Replication Controller Name", "Name of the replication controller that made the pod.";
    "k8smeta.rc.uid", ReplicationController, Uid, "Replication Controller UID", "Uid of the replication controller.";
    "k8smeta.rc.label", ReplicationController, Label, "Replication Controller Label", "One label of the replication controller, by key.";
    "k8smeta.rc.labels", ReplicationController, Labels, "Replication Controller Labels", "All labels of the replication controller, as key:value.";
    "k8smeta.ds.name", DaemonSet, Name, "Daemon Set Name", "Name of the daemon set that made the pod.";
    "k8smeta.ds.uid", DaemonSet, Uid, "Daemon Set UID", "Uid of the daemon set.";
    "k8smeta.ds.label", DaemonSet, Label, "Daemon Set Label", "One label of the daemon set, by key.";
    "k8smeta.ds.labels", DaemonSet, Labels, "Daemon Set Labels", "All labels of the daemon set, as key:value.";
    "k8smeta.sts.name", StatefulSet, Name, "Stateful Set Name", "Name of the stateful set that made the pod.";
    "k8smeta.sts.uid", StatefulSet, Uid, "Stateful Set UID", "Uid of the stateful set.";
    "k8smeta.sts.label", StatefulSet, Label, "Stateful Set Label", "One label of the stateful set, by key.";
    "k8smeta.sts.labels", StatefulSet, Labels, "Stateful Set Labels", "All labels of the stateful set, as key:value.";
    "k8smeta.job.name", Job, Name, "Job Name", "Name of the job that made the pod.";
    "k8smeta.job.uid", Job, Uid, "Job UID", "Uid of the job.";
    "k8smeta.job.label", Job, Label, "Job Label", "One label of the job, by key.";
    "k8smeta.job.labels", Job, Labels, "Job Labels", "All labels of the job, as key:value.";
    "k8smeta.cronjob.name", CronJob, Name, "Cron Job Name", "Name of the cron job whose job made the pod.";
    "k8smeta.cronjob.uid", CronJob, Uid, "Cron Job UID", "Uid of the cron job.";
    "k8smeta.cronjob.label", CronJob, Label, "Cron Job Label", "One label of the cron job, by key.";
    "k8smeta.cronjob.labels", CronJob, Labels, "Cron Job Labels", "All labels of the cron job, as key:value.";
    "k8smeta.node.name", Node, Name, "Node Name", "Name of the node that the pod is on.";
    "k8smeta.node.uid", Node, Uid, "Node UID", "Uid of the node.";
    "k8smeta.node.label", Node, Label, "Node Label", "One label of the node, by key.";
    "k8smeta.node.labels", Node, Labels, "Node Labels", "All labels of the node, as key:value.";
    "k8smeta.owner.kind", Pod, OwnerKind, "Owner Kind", "Kind of what made the pod in the end: Deployment rather than ReplicaSet, CronJob rather than Job.";
    "k8smeta.owner.name", Pod, OwnerName, "Owner Name", "Name of what made the pod in the end.";
    "k8smeta.owner.uid", Pod, OwnerUid, "Owner UID", "Uid of what made the pod in the end.";
}

impl Field {
    /// Its description.
    #[must_use]
    pub fn def(&self) -> FieldDef {
        self.def
    }
}
