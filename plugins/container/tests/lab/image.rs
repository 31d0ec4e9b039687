//! An image without a registry: busybox, and what it is called by.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command and gives out what it printed; if it fails, why.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let out = command.output().map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned());
    }
    Err(format!("{}: {}", command.get_program().display(), said.lines().last().unwrap_or("failed")))
}

/// Whether a runtime that needs these programs can be run here.
///
/// # Errors
/// Why not: for want of rights or of a program.
pub(crate) fn can_run(programs: &[&str]) -> Result<(), String> {
    let found = |name: &&&str| std::env::split_paths(&path()).any(|folder| folder.join(name).is_file());
    match programs.iter().find(|name| !found(name)) {
        Some(program) => Err(format!("there is no {program} here")),
        None if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) => Err("it needs root".to_owned()),
        None => Ok(()),
    }
}

/// Where programs are: a test may run with a search path without those of administrators.
pub(crate) fn path() -> String {
    format!("{}:/usr/local/sbin:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// A root file system as a tar: a shell, and `sleep` to keep a container alive.
///
/// # Panics
/// If it cannot be written.
pub(crate) fn root_file_system(folder: &Path) -> Result<PathBuf, String> {
    let root = folder.join("rootfs");
    std::fs::create_dir_all(root.join("bin")).expect("a temporary folder");
    for (file, line) in [("passwd", "root:x:0:0::/:/bin/sh\n"), ("group", "root:x:0:\n")] {
        std::fs::create_dir_all(root.join("etc")).expect("a temporary folder");
        std::fs::write(root.join("etc").join(file), line).expect("a temporary folder");
    }
    std::fs::copy("/bin/busybox", root.join("bin/busybox")).map_err(|e| format!("/bin/busybox: {e}"))?;
    for name in ["sh", "sleep", "id"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).expect("a temporary folder");
    }
    let tar = folder.join("rootfs.tar");
    output(Command::new("tar").args(["--owner=0", "--group=0", "-C"]).arg(&root).arg("-cf").arg(&tar).arg("."))?;
    Ok(tar)
}

/// The same as an archive of an image that has this name.
pub(crate) fn archive(folder: &Path, layer: &Path, name: &str, file: &str) -> Result<PathBuf, String> {
    let parts = folder.join(format!("{file}.parts"));
    std::fs::create_dir_all(&parts).expect("a temporary folder");
    let digest = output(Command::new("sha256sum").arg(layer))?;
    let digest = digest.split(' ').next().unwrap_or_default();
    let config = serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux", "history": [],
        // Images of the same content are one image: the label makes them two.
        "config": {"Cmd": ["/bin/sleep", "600"], "Labels": {"name": name}},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
    });
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]);
    let write = |name: &str, text: String| std::fs::write(parts.join(name), text).expect("a temporary folder");
    write("config.json", config.to_string());
    write("manifest.json", manifest.to_string());
    std::fs::copy(layer, parts.join("layer.tar")).expect("a temporary folder");
    let tar = folder.join(file);
    output(Command::new("tar").arg("-C").arg(&parts).arg("-cf").arg(&tar).args([
        "config.json",
        "manifest.json",
        "layer.tar",
    ]))?;
    Ok(tar)
}
