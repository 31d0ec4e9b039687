//! Whom the server's certificate must be from, and who we say we are.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::HttpError;
use crate::config::HttpOutput;

/// TLS as `http_output` asks for it.
pub(super) fn config(settings: &HttpOutput) -> Result<TlsConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::clone(&provider))
        .disable_verification(settings.insecure);
    if settings.insecure {
        // Nothing is looked at, so nothing is read; the library wants to be told all the same.
        config = config.root_certs(RootCerts::Specific(Arc::default()));
    } else {
        let roots: Vec<Certificate<'static>> =
            roots(settings)?.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        config = config.root_certs(RootCerts::Specific(Arc::new(roots)));
    }
    if settings.mtls {
        config = config.client_cert(Some(identity(settings, provider)?));
    }
    Ok(config.build())
}

/// Nobody is trusted: without https there is TLS only on the way to a proxy, and no key says whom to trust there.
pub(super) fn none() -> TlsConfig {
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::default()))
        .build()
}

fn wrong(key: &'static str, path: &str, what: impl ToString) -> HttpError {
    HttpError::File { key, path: path.to_owned(), what: what.to_string() }
}

/// The certificates of the first of `ca_cert`, `ca_bundle` and `ca_path` that is given.
fn roots(settings: &HttpOutput) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    for (key, path) in [("ca_cert", &settings.ca_cert), ("ca_bundle", &settings.ca_bundle)] {
        if !path.is_empty() {
            return chain(key, path);
        }
    }
    let (key, path) = ("ca_path", settings.ca_path.as_str());
    let entries = std::fs::read_dir(path).map_err(|error| wrong(key, path, error))?;
    // Folders of certificates hold each of them under several names, and bundles of all beside them.
    let mut roots = HashSet::new();
    for file in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
        roots.extend(CertificateDer::pem_file_iter(&file).into_iter().flatten().flatten());
    }
    if roots.is_empty() {
        return Err(wrong(key, path, "no certificate in it; name the authority with http_output.ca_cert"));
    }
    Ok(roots.into_iter().collect())
}

/// All certificates of a file, of which there must be one.
fn chain(key: &'static str, path: &str) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(Path::new(path)).and_then(Iterator::collect);
    match chain {
        Ok(chain) if chain.is_empty() => Err(wrong(key, path, "no certificate in it (PEM is expected)")),
        Ok(chain) => Ok(chain),
        Err(error) => Err(wrong(key, path, error)),
    }
}

/// Our certificate and key. Whether they belong together is found out here and not with the first alert.
fn identity(settings: &HttpOutput, provider: Arc<rustls::crypto::CryptoProvider>) -> Result<ClientCert, HttpError> {
    let chain = chain("client_cert", &settings.client_cert)?;
    let failed = |error: &dyn std::fmt::Display| wrong("client_key", &settings.client_key, error);
    let key = PrivateKeyDer::from_pem_file(&settings.client_key).map_err(|error| failed(&error))?;
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(RootCertStore::empty())
        .with_client_auth_cert(chain.clone(), key)
        .map_err(|error| failed(&error))?;
    let pem = std::fs::read(&settings.client_key).map_err(|error| failed(&error))?;
    let key = PrivateKey::from_pem(&pem).map_err(|error| failed(&error))?;
    let chain: Vec<_> = chain.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    Ok(ClientCert::new_with_certs(&chain, key))
}
