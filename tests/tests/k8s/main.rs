//! Pods in alerts, and the people who open sessions in them, through the whole program.

mod live;
mod told;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

const RULES: &str = r#"
- rule: Ran in pod
  desc: A program ran in a pod.
  condition: evt.type in (execve, execveat) and evt.dir = < and k8smeta.pod.name exists
  output: >
    ran pod=%k8smeta.pod.name ip=%k8smeta.pod.ip labels=%k8smeta.pod.labels app=%k8smeta.pod.label[app] ns=%k8smeta.ns.name
    team=%k8smeta.ns.label[team] rs=%k8smeta.rs.name deployment=%k8smeta.deployment.name services=%k8smeta.svc.name
    node=%k8smeta.node.name owner=%k8smeta.owner.kind/%k8smeta.owner.name user=%k8s.exec.user groups=%k8s.exec.groups
    audit=%k8s.exec.auditid cmd=%proc.cmdline
  priority: NOTICE
- rule: Shell by a person
  desc: Somebody of the developers opened a shell.
  condition: evt.type in (execve, execveat) and evt.dir = < and proc.name = sh and k8s.exec.groups intersects (developers)
  output: shell by %k8s.exec.user
  priority: WARNING
"#;
