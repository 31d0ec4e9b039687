//! What an API server needs in order to send its audit events here, and a test that they arrive.

mod client;

use std::fmt::Write as _;
use std::path::PathBuf;

pub use client::{Answer, Client, ClientError};

use crate::address::Address;

/// The audit policy that is printed.
pub const POLICY: &str = include_str!("policy.yaml");

/// What is known of the place where the API server posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The webhook as the API server sees it.
    pub address: Address,
    /// The authority that issued the webhook's certificate.
    pub ca: Option<PathBuf>,
    /// The certificate that the API server shows.
    pub client_certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub client_key: Option<PathBuf>,
    /// The token that the API server shows.
    pub token_file: Option<PathBuf>,
}

impl Setup {
    /// The policy, the kubeconfig of the webhook and the flags of kube-apiserver, with the place of each.
    ///
    /// # Errors
    /// The token's file cannot be read: the kubeconfig holds the token itself.
    pub fn text(&self) -> std::io::Result<String> {
        let mut out = String::new();
        out += "# 1. /etc/kubernetes/audit/policy.yaml on each control plane node\n";
        out += POLICY;
        out +=
            "\n# 2. /etc/kubernetes/audit/webhook.yaml on each control plane node; readable for the API server only\n";
        out += &self.kubeconfig()?;
        out += "\n# 3. flags of kube-apiserver (in /etc/kubernetes/manifests/kube-apiserver.yaml; mount /etc/kubernetes/audit)\n";
        out += FLAGS;
        Ok(out)
    }

    fn kubeconfig(&self) -> std::io::Result<String> {
        let mut out = String::from("apiVersion: v1\nkind: Config\nclusters:\n- name: lanner\n  cluster:\n");
        let _ = writeln!(out, "    server: {}", quoted(&self.address.to_string()));
        if let Some(ca) = &self.ca {
            let _ = writeln!(out, "    certificate-authority: {}", quoted(&ca.display().to_string()));
        }
        out += "users:\n- name: kube-apiserver\n  user:";
        let mut user = String::new();
        if let Some(token) = &self.token_file {
            let _ = writeln!(user, "    token: {}", quoted(std::fs::read_to_string(token)?.trim()));
        }
        if let (Some(certificate), Some(key)) = (&self.client_certificate, &self.client_key) {
            let _ = writeln!(user, "    client-certificate: {}", quoted(&certificate.display().to_string()));
            let _ = writeln!(user, "    client-key: {}", quoted(&key.display().to_string()));
        }
        out += &if user.is_empty() { " {}\n".to_owned() } else { format!("\n{user}") };
        out += "contexts:\n- name: audit\n  context: {cluster: lanner, user: kube-apiserver}\ncurrent-context: audit\n";
        Ok(out)
    }

    /// Posts a sample event and returns the answer. 200 means that it arrived and was evaluated.
    ///
    /// # Errors
    /// Nobody answers, or certificates do not fit.
    pub fn round_trip(&self) -> Result<Answer, ClientError> {
        let client = Client {
            address: self.address.clone(),
            ca: self.ca.clone(),
            identity: self.client_certificate.clone().zip(self.client_key.clone()),
            token: self.token_file.as_ref().map(client::read).transpose()?,
        };
        client.post(sample().into_bytes())
    }
}

/// Flags of kube-apiserver. Batches are kept far below webhookMaxBatchSize and sent within a second; what cannot be sent waits in a
/// larger buffer than by default.
const FLAGS: &str = "--audit-policy-file=/etc/kubernetes/audit/policy.yaml
--audit-webhook-config-file=/etc/kubernetes/audit/webhook.yaml
--audit-webhook-mode=batch
--audit-webhook-batch-max-size=100
--audit-webhook-batch-max-wait=1s
--audit-webhook-batch-buffer-size=50000
--audit-webhook-initial-backoff=2s
--audit-webhook-truncate-enabled=true
--audit-webhook-truncate-max-batch-size=8388608
--audit-webhook-truncate-max-event-size=262144
";

/// An event as an API server writes it, that no rule about attacks looks for.
fn sample() -> String {
    let now = jiff::Timestamp::now();
    format!(
        r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{{"level":"Metadata","auditID":"lanner-setup-{}","stage":"ResponseComplete","requestURI":"/lanner/setup","verb":"get","user":{{"username":"lanner-setup","groups":["system:authenticated"]}},"sourceIPs":["127.0.0.1"],"userAgent":"lanner","responseStatus":{{"metadata":{{}},"code":200}},"requestReceivedTimestamp":"{now:.6}","stageTimestamp":"{now:.6}","annotations":{{"authorization.k8s.io/decision":"allow"}}}}]}}"#,
        now.as_microsecond()
    )
}

/// A YAML string; JSON's form is one of its forms.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            c if c.is_control() => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
