//! Plugins for tests: built when first asked for, kept in the target folder until their source changes.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use lanner::plugin::{LoadedLibrary, LogSink, PluginError, PluginSet, Services, Severity};

/// `tests/plugins` of this repository.
#[must_use]
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins")
}

/// Where built plugins are kept: in the target folder of the running test.
///
/// # Panics
/// If it cannot be written.
#[must_use]
pub fn built() -> PathBuf {
    let dir = target().map_or_else(|| std::env::temp_dir().join("lanner-tests"), |t| t.join("test-plugins"));
    std::fs::create_dir_all(&dir).expect("the target folder can be written");
    dir
}

/// The target folder of the running test.
fn target() -> Option<PathBuf> {
    let exe = std::env::current_exe().ok()?;
    let is_target = |dir: &&Path| dir.join("CACHEDIR.TAG").exists() || dir.join(".rustc_info.json").exists();
    exe.ancestors().find(is_target).map(Path::to_owned)
}

/// `lib<library>.so` of a crate that this one depends on: it was built with the running test and lies beside it.
///
/// # Panics
/// If it does not.
#[must_use]
pub fn sibling_plugin(library: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its file");
    let path = exe.with_file_name(format!("lib{library}.so"));
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// Builds a plugin of this workspace as its author does, in the target folder of the running test, where most of it lies already.
/// Returns `lib<library>.so`.
///
/// # Panics
/// If cargo refuses.
#[must_use]
pub fn workspace_plugin(package: &str, library: &str) -> PathBuf {
    let target = target().expect("a test lies in a target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").as_deref().unwrap_or(OsStr::new("cargo")));
    // What the runner tells a test about its own package would be news to build scripts that look at it (`ring`), and half of the
    // workspace would be built again, now and by the next build.
    let of_runner =
        |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "NEXTEST"].iter().any(|p| name.starts_with(p));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_runner)) {
        cargo.env_remove(name);
    }
    cargo.args(["build", "--quiet", "--offline", "-p", package, "--target-dir"]).arg(&target);
    run(cargo.current_dir(sources()));
    target.join("debug").join(format!("lib{library}.so"))
}

/// Builds `tests/plugins/c/<file>` as a shared object with these macros defined (`NAME` or `NAME=value`).
///
/// # Panics
/// If the C compiler is missing or refuses.
#[must_use]
pub fn c_plugin(file: &str, defines: &[&str]) -> PathBuf {
    let folder = sources().join("c");
    let source = folder.join(file);
    let mut hasher = DefaultHasher::new();
    for path in [&source, &folder.join("plugin_abi.h")] {
        std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).hash(&mut hasher);
    }
    defines.hash(&mut hasher);
    let name = format!("{}-{:016x}.so", file.trim_end_matches(".c"), hasher.finish());
    let target = built().join(&name);
    if target.exists() {
        return target;
    }
    // Tests run in parallel, each its own process: build aside, then put in place at once.
    let aside = built().join(format!("{name}.{}.tmp", std::process::id()));
    let mut cc = Command::new("cc");
    cc.args(["-std=gnu11", "-O1", "-Wall", "-Werror=implicit-function-declaration", "-fPIC", "-shared", "-pthread"]);
    cc.args(defines.iter().map(|d| format!("-D{d}")));
    cc.arg("-o").arg(&aside).arg(&source);
    run(&mut cc);
    std::fs::rename(&aside, &target).expect("a file in the target folder can be renamed");
    target
}

/// Builds the C program of `tests/<folder>` and returns its path.
///
/// # Panics
/// If the C compiler is missing or refuses.
#[must_use]
pub fn c_program(folder: &str) -> PathBuf {
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let mut sources: Vec<_> =
        entries.expect("a folder of tests").map(|entry| entry.expect("readable").path()).collect();
    sources.sort();
    let mut hasher = DefaultHasher::new();
    for path in &sources {
        std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).hash(&mut hasher);
    }
    let name = format!("{folder}-{:016x}", hasher.finish());
    let target = built().join(&name);
    if !target.exists() {
        let aside = built().join(format!("{name}.{}.tmp", std::process::id()));
        let mut cc = Command::new("cc");
        cc.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-pthread", "-o"]).arg(&aside);
        run(cc.args(sources.iter().filter(|path| path.extension() == Some(OsStr::new("c")))));
        std::fs::rename(&aside, &target).expect("a file in the target folder can be renamed");
    }
    target
}

/// Builds a crate of the cargo workspace in `tests/plugins/<folder>` and returns its shared object.
///
/// # Panics
/// If cargo refuses.
#[must_use]
pub fn rust_plugin(folder: &str, package: &str) -> PathBuf {
    let manifest = sources().join(folder).join("Cargo.toml");
    let target = built().join("cargo");
    let mut cargo = Command::new(std::env::var_os("CARGO").as_deref().unwrap_or(OsStr::new("cargo")));
    cargo.args(["build", "--quiet", "--locked", "-p", package, "--manifest-path"]).arg(&manifest);
    cargo.arg("--target-dir").arg(&target);
    // What the outer cargo set is about the outer build.
    for variable in ["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(variable);
    }
    run(&mut cargo);
    target.join("debug").join(format!("lib{}.so", package.replace('-', "_")))
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Log lines of plugins: component, message, severity.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<(String, String, Severity)>>>);

impl Lines {
    /// The lines so far.
    ///
    /// # Panics
    /// If a thread that logs has panicked.
    #[must_use]
    pub fn get(&self) -> Vec<(String, String, Severity)> {
        self.0.lock().expect("not poisoned").clone()
    }
}

impl LogSink for Lines {
    fn log(&self, component: &str, message: &str, severity: Severity) {
        self.0.lock().expect("not poisoned").push((component.to_owned(), message.to_owned(), severity));
    }
}

/// An empty set of plugins, and their log.
#[must_use]
pub fn empty_set() -> (PluginSet, Lines) {
    let lines = Lines::default();
    (PluginSet::new(Services { log: Arc::new(lines.clone()) }), lines)
}

/// Loads and initialises one plugin without configuration.
///
/// # Errors
/// Whatever is wrong with it.
pub fn set_of(path: &Path) -> Result<PluginSet, PluginError> {
    let library = LoadedLibrary::open(path)?;
    let (mut set, _) = empty_set();
    set.add(&library, "")?;
    Ok(set)
}
