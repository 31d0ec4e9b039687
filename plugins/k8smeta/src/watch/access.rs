//! Where the API server is, and who we are to it.

use std::path::{Path, PathBuf};

use kube::config::{KubeConfigOptions, Kubeconfig};

/// Folder of the service account of a pod.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Why there is no way to the API server.
#[derive(Debug, thiserror::Error)]
pub(super) enum AccessError {
    /// The file cannot be used.
    #[error("kubeconfig {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<kube::config::KubeconfigError>,
    },
    /// The service account of the pod cannot be used.
    #[error("service account of this pod: {0}")]
    Account(Box<kube::config::InClusterError>),
}

/// What leads to the API server.
pub(super) enum Way {
    /// The service account of the pod that this runs in.
    Account,
    /// A file.
    File(PathBuf),
}

impl Way {
    /// The configured file, else the service account, else the file that people have. `None`: there is none of them.
    pub(super) fn find(configured: &Path, env: impl Fn(&str) -> Option<PathBuf>) -> Option<Self> {
        let set = |name| env(name).filter(|path| !path.as_os_str().is_empty());
        if !configured.as_os_str().is_empty() {
            return Some(Self::File(configured.to_owned()));
        }
        if set("KUBERNETES_SERVICE_HOST").is_some() && Path::new(SERVICE_ACCOUNT).exists() {
            return Some(Self::Account);
        }
        let own = || set("HOME").map(|home| home.join(".kube/config")).filter(|path| path.exists());
        set("KUBECONFIG").or_else(own).map(Self::File)
    }

    /// What the client needs to know.
    pub(super) async fn config(&self) -> Result<kube::Config, AccessError> {
        match self {
            Self::Account => kube::Config::incluster().map_err(|source| AccessError::Account(Box::new(source))),
            Self::File(path) => {
                let failed = |source| AccessError::File { path: path.clone(), source: Box::new(source) };
                let file = Kubeconfig::read_from(path).map_err(failed)?;
                kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.map_err(failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_counts_most() {
        let found = |configured: &str, env: &[(&str, &str)]| {
            let way = Way::find(Path::new(configured), |name| {
                env.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
            });
            match way {
                Some(Way::File(path)) => path.display().to_string(),
                Some(Way::Account) => "account".to_owned(),
                None => "none".to_owned(),
            }
        };
        assert_eq!(found("/etc/k", &[("KUBECONFIG", "/b")]), "/etc/k");
        assert_eq!(found("", &[("KUBECONFIG", "/b"), ("HOME", "/nobody")]), "/b");
        assert_eq!(found("", &[("KUBECONFIG", ""), ("HOME", "/nobody")]), "none");
    }
}
