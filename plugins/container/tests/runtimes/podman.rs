//! Podman.

use std::path::Path;

use serde_json::json;

use crate::lab::podman::{IMAGE, Podman};
use crate::lab::{Runtime as _, with_container};
use crate::told::Told;

/// What is told of a container that was there before and of one that comes. `socket`: where it is looked for.
fn is_told(podman: &Podman, earlier: &str, socket: &Path) {
    let told = Told::start(&[("podman", socket)]);
    let values = |name: &str| {
        [
            ("/name", json!(name)),
            ("/type", json!(11)),
            ("/image", json!(IMAGE)),
            ("/imagerepo", json!("localhost/lab/web")),
            ("/imagetag", json!("7")),
            ("/labels/team", json!("blue")),
        ]
    };
    assert_eq!(told.of(earlier, &values("earlier"))["full_id"], earlier);
    let later = podman.run("later").unwrap();
    told.of(&later, &values("later"));
    for id in [earlier, &later] {
        podman.remove(id).unwrap();
        told.removed(id);
    }
}

#[test]
fn containers_of_podman() {
    let dir = tempfile::tempdir().unwrap();
    let Some((podman, earlier)) = with_container(dir.path(), Podman::start, "earlier") else { return };
    is_told(&podman, &earlier, &podman.socket());
}

#[test]
fn containers_of_a_users_podman() {
    let dir = tempfile::tempdir().unwrap();
    let Some((podman, earlier)) = with_container(dir.path(), Podman::start_as_user, "earlier") else { return };
    // Whichever user's it is.
    is_told(&podman, &earlier, &dir.path().join("run/user/*/podman/podman.sock"));
}
