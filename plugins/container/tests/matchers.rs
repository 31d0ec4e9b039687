//! Cgroup paths in, container ids out: each layout of each engine, alone and in the order in which engines are tried.

use lanner_container::config::Config;
use lanner_container::matcher::{Engine, Matchers};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SHORT: &str = "0123456789ab";

fn find(cgroup: &str) -> Option<String> {
    let mut matchers = Matchers::new(&Config::default());
    let first = matchers.find(cgroup.as_bytes()).map(|m| m.id.to_str().unwrap().to_owned());
    let second = matchers.find(cgroup.as_bytes()).map(|m| m.id.to_str().unwrap().to_owned());
    assert_eq!(first, second, "the remembered answer differs for {cgroup}");
    first
}

#[test]
fn every_layout_with_a_full_id_gives_its_first_twelve_characters() {
    let cases: &[(Engine, &str)] = &[
        (Engine::Podman, "/system.slice/libpod-{}"),
        (Engine::Podman, "/system.slice/libpod-{}.scope"),
        (Engine::Podman, "/machine.slice/libpod-{}.scope/container"),
        (Engine::Podman, "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{}.scope"),
        (Engine::Podman, "/system.slice/ceph@mon.service/libpod-payload-{}"),
        (Engine::Podman, "/system.slice/ceph@mon.service/libpod-payload-{}.scope"),
        (Engine::Podman, "/system.slice/ceph@mon.service/libpod-payload-{}.scope/container"),
        (Engine::Docker, "/docker/{}"),
        (Engine::Docker, "/docker.slice/docker-{}.scope"),
        (Engine::Cri, "/kubepods/besteffort/podac04f3f2-1f2c-11e9-b015-1ebee232acfa/{}"),
        (Engine::Cri, "/kubepods/besteffort/pod63b3ebfc-2890-11e9-8154-16bf8ef8d9dc/crio-{}"),
        (Engine::Cri, "/kubepods.slice/kubepods-besteffort.slice/crio-{}.scope"),
        (Engine::Cri, "/kubepods.slice/kubepods-burstable.slice/cri-containerd-{}.scope"),
        (Engine::Cri, "/kubepods-burstable-podbd12dd33.slice:cri-containerd:{}"),
        (Engine::Cri, "/kubepods.slice/docker-{}.scope"),
        (Engine::Cri, "/system.slice/nerdctl-{}.scope"),
        (Engine::Containerd, "/default/{}"),
    ];
    for (engine, layout) in cases {
        let cgroup = layout.replace("{}", ID);
        assert_eq!(engine.id(&cgroup), Some(SHORT), "{engine:?} alone on {cgroup}");
        assert_eq!(find(&cgroup).as_deref(), Some(SHORT), "all engines on {cgroup}");
    }
}

#[test]
fn engines_with_free_names() {
    use Engine::{Bpm, Containerd, LibvirtLxc, Lxc};
    let cases: &[(Engine, &str, &str)] = &[
        (Containerd, "/default/test_container", "test_contain"),
        (Containerd, "/my_very_long_namespace-1.5/test_container", "test_contain"),
        (Containerd, "/k8s.io/my-test_container", "my-test_cont"),
        (Containerd, "/default/a", "a"),
        (Containerd, "/default/service.container", "service.cont"),
        (Lxc, "/lxc/web", "web"),
        (Lxc, "/lxc/web/init.scope", "web"),
        (Lxc, "/lxc.payload/web/system.slice", "web"),
        (Lxc, "/lxc.payload.web/system.slice/cron.service", "web"),
        (LibvirtLxc, "/machine/web.libvirt-lxc", "web"),
        (LibvirtLxc, "/machine.slice/machine-lxc\\x2d1234\\x2dweb.scope/libvirt", "1234\\x2dweb"),
        (LibvirtLxc, "/machine.slice/machine-lxc\\x2dweb.scope", "web"),
        (LibvirtLxc, "/libvirt/lxc/web.service", "web.service"),
        (Bpm, "/system.slice/runc-bpm-job.web.scope", "job.web"),
    ];
    for (engine, cgroup, id) in cases {
        assert_eq!(engine.id(cgroup), Some(*id), "{engine:?} on {cgroup}");
    }
}

/// containerd's layout is so wide that it takes what is lxc's, unless a suffix of systemd tells otherwise. The order
/// is that of the plugin of this name that rules are written for: an id must not depend on who computes it.
#[test]
fn the_first_engine_that_matches_counts() {
    assert_eq!(find("/lxc/a-web-server-of-ours").as_deref(), Some("a-web-server"));
    assert_eq!(find("/lxc/a-web-server-of-ours/init.scope").as_deref(), Some("a-web-server-of-ours"));
    assert_eq!(find("/default/test_container").as_deref(), Some("test_contain"));
    assert_eq!(find("/system.slice/runc-bpm-job.web.scope").as_deref(), Some("job.web"));
}

#[test]
fn what_is_no_container() {
    let too_long = format!("/user.slice/user@1000.service/libpod-{ID}{ID}");
    let cases = [
        "",
        "/",
        "/user.slice/user-1000.slice/user@1000.service/init.scope",
        "/system.slice/cron.service",
        "/default/some_short_id.service",
        "/default/some_short_id.slice",
        "/default/some_short_id.scope",
        "/namespace/.scope",
        "/lxc/",
        "/system.slice/bpm-.scope",
        "/system.slice/bpm-a b.scope",
        &too_long,
    ];
    for cgroup in cases {
        assert_eq!(find(cgroup), None, "{cgroup:?}");
    }
    assert!(Matchers::new(&Config::default()).find(b"/docker/\xff\xfe").is_none());
    for engine in [Engine::Podman, Engine::Docker, Engine::Cri] {
        for layout in ["/libpod-{}", "/{}", "/crio-{}"] {
            assert_eq!(engine.id(&layout.replace("{}", &format!("g{}", &ID[1..]))), None, "{engine:?} on {layout}");
            assert_eq!(engine.id(&layout.replace("{}", &ID[1..])), None, "{engine:?} on {layout}");
        }
    }
}

#[test]
fn engines_can_be_switched_off() {
    let on = |engines: &[&str]| {
        let all = ["docker", "podman", "containerd", "cri", "lxc", "libvirt_lxc", "bpm"];
        let engines: serde_json::Map<_, _> =
            all.iter().map(|e| ((*e).to_owned(), serde_json::json!({ "enabled": engines.contains(e) }))).collect();
        let config = serde_json::json!({ "engines": engines });
        Matchers::new(&serde_json::from_value(config).unwrap())
    };
    let lxc = "/lxc/web";
    assert!(on(&["lxc"]).find(lxc.as_bytes()).is_some());
    assert!(on(&["docker", "podman"]).find(lxc.as_bytes()).is_none());
    let docker = format!("/docker/{ID}");
    assert!(on(&["docker"]).find(docker.as_bytes()).is_some());
    assert!(on(&["podman", "lxc", "bpm"]).find(docker.as_bytes()).is_none());
}

#[test]
fn engines_that_cannot_be_asked_tell_all_at_once() {
    let mut matchers = Matchers::new(&Config::default());
    let info = matchers.find(b"/lxc/web/init.scope").unwrap().info.clone().unwrap();
    assert_eq!((info.id.to_str(), info.doc.kind.word().to_str()), (Ok("web"), Ok("lxc")));
    assert!(matchers.find(format!("/docker/{ID}").as_bytes()).unwrap().info.is_none());
}

#[test]
fn the_static_engine_takes_every_thread() {
    let config = serde_json::json!({ "engines": {
        "docker": {"enabled": true, "sockets": []}, "podman": {"enabled": false}, "containerd": {"enabled": false},
        "cri": {"enabled": false}, "lxc": {"enabled": false}, "libvirt_lxc": {"enabled": false},
        "bpm": {"enabled": false},
        "static": {"enabled": true, "container_id": "fargate", "container_name": "web",
                   "container_image": "reg.example:5000/team/web:1.2@sha256:abc"},
    }});
    let mut matchers = Matchers::new(&serde_json::from_value(config).unwrap());
    for cgroup in ["/", &format!("/docker/{ID}")] {
        let found = matchers.find(cgroup.as_bytes()).unwrap();
        assert_eq!(found.id.to_str(), Ok("fargate"));
        let info = found.info.clone().unwrap();
        assert_eq!(info.imagerepo.to_str(), Ok("reg.example:5000/team/web"));
        assert_eq!(info.imagetag.to_str(), Ok("1.2"));
        assert_eq!(info.imagedigest.to_str(), Ok("sha256:abc"));
        assert_eq!(info.doc.kind.word().to_str(), Ok(""));
    }
}
