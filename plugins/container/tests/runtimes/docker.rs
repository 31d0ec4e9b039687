//! Docker.

use serde_json::json;

use crate::lab::docker::{Docker, IMAGE};
use crate::lab::{Runtime as _, with_container};
use crate::told::Told;

#[test]
fn containers_of_docker() {
    let dir = tempfile::tempdir().unwrap();
    let Some((mut docker, earlier)) = with_container(dir.path(), Docker::start, "earlier") else { return };
    let told = Told::start(&[("docker", &docker.socket())]);
    let values = |name: &str| {
        [
            ("/name", json!(name)),
            ("/type", json!(0)),
            ("/image", json!(IMAGE)),
            ("/imagerepo", json!("lab/web")),
            ("/imagetag", json!("1.35")),
            ("/labels/team", json!("blue")),
            ("/privileged", json!(false)),
        ]
    };
    let document = told.of(&earlier, &values("earlier"));
    assert_eq!(document["full_id"], earlier);
    assert!(document["created_time"].as_i64().unwrap() > 1_700_000_000, "{document}");
    let later = docker.run("later").unwrap();
    told.of(&later, &values("later"));
    docker.remove(&later).unwrap();
    told.removed(&later);

    // A container that no runtime has: asked about, and given up.
    told.open();
    told.metric("docker_lookups", 1);
    told.metric("docker_lookups_not_found", 1);

    // What goes and comes while the runtime is not followed is noticed when it is again.
    docker.stop();
    told.metric("docker_sockets_connected", 0);
    docker.resume().unwrap();
    let again = docker.run("again").unwrap();
    docker.remove(&earlier).unwrap();
    told.of(&again, &values("again"));
    told.removed(&earlier);
    told.metric("docker_containers", 1);
    docker.remove(&again).unwrap();
}
