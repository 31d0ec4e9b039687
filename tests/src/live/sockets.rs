//! Which container runtimes the program asks.

use std::path::Path;

/// Settings with which only the runtimes at these sockets, by names of engines, are asked; other engines look where nothing can be.
#[must_use]
pub fn only_sockets(sockets: &[(&str, &Path)]) -> Vec<String> {
    let engine = |name: &str| {
        let socket = sockets.iter().find(|(engine, _)| *engine == name);
        let path = socket.map_or("/dev/null/none".to_owned(), |(_, path)| path.display().to_string());
        [
            format!("plugins[0].init_config.engines.{name}.enabled=true"),
            format!("plugins[0].init_config.engines.{name}.sockets[0]={path}"),
        ]
    };
    let asked = ["docker", "podman", "cri", "containerd"].into_iter().flat_map(engine);
    let others = ["lxc", "libvirt_lxc", "bpm"];
    asked.chain(others.map(|name| format!("plugins[0].init_config.engines.{name}.enabled=true"))).collect()
}
