//! `lanner k8saudit`: what an API server needs in order to send its audit events here.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use lanner_k8saudit::address::Address;
use lanner_k8saudit::setup::Setup;

use super::error::AppError;
use super::process::print_stdout;

/// What to do about Kubernetes audit events.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum K8sAuditCommand {
    /// Print the audit policy, the webhook's kubeconfig and the flags of kube-apiserver, and test that events arrive
    #[command(after_help = "Examples:\n  \
        lanner k8saudit setup --address http://10.0.0.5:9765/k8s-audit\n  \
        lanner k8saudit setup --address https://lanner.example.com:9765/k8s-audit --ca ca.pem --token-file token\n\n\
        Exit code: 0 if the sample event arrived and was evaluated, 1 if not.")]
    Setup(SetupArgs),
}

/// Arguments of `lanner k8saudit setup`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct SetupArgs {
    /// The webhook as the API server reaches it: http(s)://host:port/path
    #[arg(long, value_name = "URL")]
    address: String,
    /// Certificate of the authority that issued the webhook's (PEM)
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Certificate that the API server shows (PEM), if webhookClientCA is set
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// File with the token that the API server shows, if webhookTokenFile is set
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Only print, post nothing
    #[arg(long)]
    no_test: bool,
}

/// The whole command.
pub(super) fn run(command: &K8sAuditCommand) -> Result<(), AppError> {
    let K8sAuditCommand::Setup(args) = command;
    let address = Address::parse(&args.address).map_err(|error| AppError::K8sAudit(error.to_string()))?;
    let setup = Setup {
        address,
        ca: args.ca.clone(),
        client_certificate: args.client_cert.clone(),
        client_key: args.client_key.clone(),
        token_file: args.token_file.clone(),
    };
    print_stdout(&setup.text().map_err(|error| AppError::K8sAudit(format!("cannot read the token: {error}")))?);
    if args.no_test {
        return Ok(());
    }
    let answer =
        setup.round_trip().map_err(|error| AppError::K8sAudit(format!("the sample event did not arrive: {error}")))?;
    if answer.status == 200 {
        let version = if answer.http2 { "HTTP/2" } else { "HTTP/1.1" };
        print_stdout(&format!(
            "\n# A sample event was posted to {} ({version}): it arrived and was evaluated.\n",
            setup.address
        ));
        return Ok(());
    }
    Err(AppError::K8sAudit(format!(
        "the sample event was refused by {} with {}: {}",
        setup.address,
        answer.status,
        answer.text.trim()
    )))
}
