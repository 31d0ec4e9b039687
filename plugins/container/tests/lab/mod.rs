//! Real container runtimes, each started by a test with state, storage and a socket of its own: what they have in common, and what
//! a test of one does to its containers. Tests of the plugin and of the whole program share it.

use std::path::{Path, PathBuf};

pub(crate) mod containerd;
mod cri;
pub(crate) mod daemon;
pub(crate) mod docker;
mod image;
pub(crate) mod podman;

/// A runtime, running.
pub(crate) trait Runtime {
    /// Name of the engine in the plugin's configuration.
    const ENGINE: &'static str;

    /// Its socket.
    fn socket(&self) -> PathBuf;

    /// Runs a container that sleeps for ten minutes, with the label `team=blue`, or an app's in a pod; its whole id.
    ///
    /// # Errors
    /// What the runtime says.
    fn run(&self, name: &str) -> Result<String, String>;

    /// Starts a shell with a terminal in a container, as a person would; it ends by itself.
    ///
    /// # Errors
    /// What the runtime says.
    fn shell(&self, id: &str) -> Result<(), String>;

    /// Ends and removes a container.
    ///
    /// # Errors
    /// What the runtime says.
    fn remove(&self, id: &str) -> Result<(), String>;
}

/// The engine's runtime with a first container in it, by this name; `None`, said why, where it cannot be run.
pub(crate) fn with_container<R: Runtime>(
    folder: &Path,
    start: impl FnOnce(&Path) -> Result<R, String>,
    name: &str,
) -> Option<(R, String)> {
    let first = start(folder).and_then(|runtime| runtime.run(name).map(|id| (runtime, id)));
    first.map_err(|why| eprintln!("skipped: {} cannot run a container here: {why}", R::ENGINE)).ok()
}
