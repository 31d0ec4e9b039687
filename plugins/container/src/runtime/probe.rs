//! Commands by which a runtime asks whether a container is well.

use serde::Deserialize;

use crate::info::Probe;

fn probe(command: &[String]) -> Option<Probe> {
    let (exe, args) = command.split_first()?;
    Some(Probe { exe: exe.clone(), args: args.to_vec() })
}

/// The health check of docker: how to call it, then the command.
pub(super) fn of_docker(test: &[String]) -> Option<Probe> {
    let (way, command) = test.split_first()?;
    match way.as_str() {
        "CMD" => probe(command),
        "CMD-SHELL" => probe(&["/bin/sh".to_owned(), "-c".to_owned(), command.first()?.clone()]),
        _ => None,
    }
}

/// The annotation in which `kubectl apply` leaves what was applied: the only place on a node where a pod's probes can be
/// read, since the interface of its runtime has no word for them.
pub(super) const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

#[derive(Deserialize)]
struct Applied {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    containers: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    liveness_probe: Option<Check>,
    readiness_probe: Option<Check>,
}

#[derive(Deserialize)]
struct Check {
    exec: Option<Exec>,
}

#[derive(Deserialize)]
struct Exec {
    #[serde(default)]
    command: Vec<String>,
}

/// The liveness and the readiness probe of the container of this name.
pub(super) fn of_pod(applied: &str, container: &str) -> (Option<Probe>, Option<Probe>) {
    let Ok(Applied { spec }) = serde_json::from_str(applied) else { return (None, None) };
    let Some(found) = spec.containers.into_iter().find(|c| c.name == container) else { return (None, None) };
    let command = |check: Option<Check>| probe(&check?.exec?.command);
    (command(found.liveness_probe), command(found.readiness_probe))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(exe: &str, args: &[&str]) -> Option<Probe> {
        Some(Probe { exe: exe.into(), args: args.iter().map(|&a| a.into()).collect() })
    }

    #[test]
    fn health_checks_of_docker() {
        let test = |words: &[&str]| of_docker(&words.iter().map(|&w| w.into()).collect::<Vec<String>>());
        assert_eq!(test(&["CMD", "/bin/check", "-q"]), made("/bin/check", &["-q"]));
        assert_eq!(test(&["CMD-SHELL", "check || exit 1"]), made("/bin/sh", &["-c", "check || exit 1"]));
        assert_eq!((test(&["NONE"]), test(&[]), test(&["CMD"])), (None, None, None));
    }

    #[test]
    fn probes_of_pods() {
        let applied = r#"{"kind":"Pod","spec":{"containers":[{"name":"a"},{"name":"b","image":"i",
            "livenessProbe":{"exec":{"command":["/bin/live","-v"]},"periodSeconds":5},
            "readinessProbe":{"httpGet":{"path":"/"}}}]}}"#;
        assert_eq!(of_pod(applied, "b"), (made("/bin/live", &["-v"]), None));
        assert_eq!(of_pod(applied, "a"), (None, None));
        assert_eq!(of_pod("no JSON", "a"), (None, None));
    }
}
