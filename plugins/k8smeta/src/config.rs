//! Configuration, in the form that `falco.yaml` gives it. The first six keys are Falco's, the others ours.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// `init_config` of the plugin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Config {
    /// Host of the collector that Falco's plugin needs. Not needed here, has no effect.
    pub collector_hostname: String,
    /// Its port. Not needed here, has no effect.
    pub collector_port: u64,
    /// Name of the node that this runs on, or a variable of the environment that has it, as in `${NODE_NAME}`. Empty: the
    /// variable NODE_NAME, else the name of the machine.
    pub node_name: String,
    /// From which severity on the plugin writes to the log.
    pub verbosity: Verbosity,
    /// Certificates for the connection to the collector. Not needed here, has no effect.
    #[serde(rename = "caPEMBundle")]
    pub ca_pem_bundle: String,
    /// Has had no effect for long.
    pub host_proc: String,
    /// Where the API server is and who we are to it. Empty: the service account of the pod that this runs in, else the file
    /// that KUBECONFIG names, else `~/.kube/config`.
    pub kubeconfig: PathBuf,
    /// Seconds after which namespaces, the node and makers of pods are read again; pods and services are followed.
    #[schemars(range(min = 10))]
    pub refresh_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            collector_hostname: String::new(),
            collector_port: 0,
            node_name: String::new(),
            verbosity: Verbosity::Info,
            ca_pem_bundle: String::new(),
            host_proc: String::new(),
            kubeconfig: PathBuf::new(),
            refresh_seconds: 600,
        }
    }
}

/// Severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "named as in logs everywhere")]
pub enum Verbosity {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

impl Config {
    /// Name of the node, with variables from `env` and the machine's name from `host`.
    ///
    /// # Errors
    /// The name of the variable that `nodeName` asks for and that is not set.
    pub fn node(
        &self,
        env: impl Fn(&str) -> Option<String>,
        host: impl FnOnce() -> Option<String>,
    ) -> Result<String, String> {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        if let Some(name) = self.node_name.strip_prefix("${").and_then(|name| name.strip_suffix('}')) {
            return set(name).ok_or_else(|| name.to_owned());
        }
        if !self.node_name.is_empty() {
            return Ok(self.node_name.clone());
        }
        // Kubelets take the machine's name in lower case.
        let host = || host().map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty());
        set("NODE_NAME").or_else(host).ok_or_else(|| "NODE_NAME".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_configuration_of_falco_is_taken() {
        let config = config(
            r#"{"collectorHostname":"localhost","collectorPort":45000,"nodeName":"${N}","verbosity":"info",
               "caPEMBundle":"/etc/ca.pem","hostProc":"/host"}"#,
        );
        assert_eq!((config.collector_port, config.refresh_seconds), (45000, 600));
        assert!(serde_json::from_str::<Config>(r#"{"nodename":"n"}"#).is_err());
    }

    #[test]
    fn the_node_is_named_by_configuration_environment_or_machine() {
        let env = |name: &str| match name {
            "N" => Some("worker-1".to_owned()),
            "NODE_NAME" => Some("worker-2".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let node = |json: &str| config(json).node(env, || Some("Host\n".to_owned()));
        assert_eq!(node(r#"{"nodeName":"${N}"}"#).unwrap(), "worker-1");
        assert_eq!(node(r#"{"nodeName":"n3"}"#).unwrap(), "n3");
        assert_eq!(node("{}").unwrap(), "worker-2");
        assert_eq!(node(r#"{"nodeName":"${EMPTY}"}"#).unwrap_err(), "EMPTY");
        assert_eq!(config("{}").node(|_| None, || Some("Host\n".to_owned())).unwrap(), "host");
        assert_eq!(config("{}").node(|_| None, || None).unwrap_err(), "NODE_NAME");
    }
}
