//! Certificates for tests: an authority, and what it issues, as files.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;

/// What a certificate is good for.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    /// To be shown by a server.
    Server,
    /// To be shown by a client.
    Client,
}

/// An authority, and certificates that it issued, as files.
#[derive(Debug)]
pub struct Authority<'a>(CertifiedIssuer<'a, KeyPair>);

impl Authority<'_> {
    /// A new one, which nobody trusts yet.
    ///
    /// # Panics
    /// If there is no randomness for its key.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its own certificate.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        self.0.der()
    }

    /// Its own certificate in a file.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> PathBuf {
        std::fs::write(path, self.0.pem()).expect("a file to write");
        path.to_owned()
    }

    /// Certificate and key of `name` in two files of a folder.
    ///
    /// # Panics
    /// If the name is none, or a file cannot be written.
    #[must_use]
    pub fn issue(&self, name: &str, dir: &Path, purpose: Use) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.extended_key_usages = vec![match purpose {
            Use::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Use::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let (certificate_file, key_file) = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
        std::fs::write(&certificate_file, certificate.pem()).expect("a file to write");
        std::fs::write(&key_file, key.serialize_pem()).expect("a file to write");
        (certificate_file, key_file)
    }
}

impl Default for Authority<'_> {
    fn default() -> Self {
        Self::new()
    }
}
