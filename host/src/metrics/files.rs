//! Which files the configuration and the rules came from, and what was in them.

use std::path::Path;

use sha2::{Digest as _, Sha256};

/// A file and the SHA-256 of what was in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its name without folders.
    pub name: String,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// All files of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprints {
    /// Of the configuration.
    pub config: Vec<Fingerprint>,
    /// Of the rules.
    pub rules: Vec<Fingerprint>,
}

impl Fingerprints {
    /// Reads the files. One that is gone or cannot be read any more is left out.
    pub fn of<'f>(config: impl Iterator<Item = &'f str>, rules: impl Iterator<Item = &'f str>) -> Self {
        Self { config: config.filter_map(fingerprint).collect(), rules: rules.filter_map(fingerprint).collect() }
    }
}

fn fingerprint(path: &str) -> Option<Fingerprint> {
    let bytes = std::fs::read(path).ok()?;
    let name = Path::new(path).file_name()?.to_string_lossy().into_owned();
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Some(Fingerprint { name, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.yaml");
        std::fs::write(&path, "abc").unwrap();
        let path = path.display().to_string();
        let found = Fingerprints::of(["/absent"].into_iter(), [path.as_str()].into_iter());
        assert_eq!(found.config, []);
        assert_eq!(found.rules[0].name, "r.yaml");
        assert_eq!(found.rules[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
