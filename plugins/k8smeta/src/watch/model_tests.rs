//! What is told about pods follows from what the API server says.

use super::super::objects::Maker;
use super::*;

fn meta(uid: &str, name: &str, labels: &[(&str, &str)], maker: Option<(&str, &str, &str)>) -> Meta {
    Meta {
        uid: uid.into(),
        name: name.into(),
        namespace: "shop".into(),
        labels: labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        maker: maker.map(|(api_version, kind, name)| Maker {
            api_version: api_version.into(),
            kind: kind.into(),
            name: name.into(),
            uid: format!("{name}-uid").into(),
        }),
    }
}

fn pod(uid: &str, maker: Option<(&str, &str, &str)>) -> Pod {
    Pod { meta: meta(uid, uid, &[("app", "web")], maker), ip: Some("10.0.0.1".into()), node: "n1".into() }
}

fn service(uid: &str, selector: &[(&str, &str)]) -> Service {
    let selector = selector.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Service { meta: meta(uid, uid, &[], None), selector }
}

/// Kind and uid of each document; `-`: gone.
fn told(model: &mut Model) -> Vec<String> {
    let sign = |word: &Word| if word.resource.is_none() { "-" } else { "" };
    model.words().iter().map(|word| format!("{}{} {}", sign(word), word.kind, word.uid)).collect()
}

fn answer(model: &mut Model, now: Instant, kind: Kind, found: impl Fn() -> Found) {
    for (need, _) in model.wanted(now) {
        let found = if need.kind == kind { found() } else { Found::Failed };
        model.found(&need, found, now, Duration::from_secs(600));
    }
}

#[test]
fn makers_are_known_by_name_before_they_are_read() {
    let (mut model, now) = (Model::default(), Instant::now());
    model.pods(Feed::All(vec![pod("p", Some(("apps/v1", "ReplicaSet", "web-1")))]));
    assert_eq!(told(&mut model), ["ReplicaSet web-1-uid", "Pod p"]);
    let wanted: Vec<_> = model.wanted(now).into_iter().map(|(need, again)| (need.kind, need.name, again)).collect();
    let need = |kind, name: &str| (kind, name.into(), false);
    assert_eq!(wanted, [need(Kind::Namespace, "shop"), need(Kind::ReplicaSet, "web-1"), need(Kind::Node, "n1")]);
    assert_eq!(model.wanted(now), [], "each is asked for once");
    let of = Need { kind: Kind::ReplicaSet, namespace: "shop".into(), name: "web-1".into(), uid: "web-1-uid".into() };
    let set = meta("web-1-uid", "web-1", &[], Some(("apps/v1", "Deployment", "web")));
    model.found(&of, Found::Is(set), now, Duration::from_secs(600));
    assert_eq!(told(&mut model), ["Deployment web-uid", "Pod p"]);
    let pod = model.told.get(&(Kind::Pod, "p".into())).unwrap();
    assert_eq!(pod.owner.as_ref().map(|owner| (&*owner.kind, &*owner.name)), Some(("Deployment", "web")));
    assert_eq!(pod.refs[&Kind::ReplicaSet], ["web-1-uid".into()]);
    assert_eq!(told(&mut model), [""; 0], "nothing new, nothing told");
}

#[test]
fn what_no_pod_needs_any_more_is_gone() {
    let (mut model, now) = (Model::default(), Instant::now());
    model.pods(Feed::Is(pod("p", Some(("batch/v1", "Job", "backup-7")))));
    model.services(Feed::All(vec![
        service("s1", &[("app", "web")]),
        service("s2", &[("app", "other")]),
        service("s3", &[]),
        service("s4", &[("app", "web"), ("tier", "x")]),
    ]));
    assert_eq!(told(&mut model), ["Job backup-7-uid", "Service s1", "Pod p"]);
    answer(&mut model, now, Kind::Namespace, || Found::Is(meta("ns-uid", "shop", &[("team", "a")], None)));
    assert_eq!(told(&mut model), ["Namespace ns-uid", "Pod p"]);
    model.services(Feed::Is(service("s1", &[("app", "new")])));
    assert_eq!(told(&mut model), ["-Service s1", "Pod p"]);
    model.services(Feed::Gone("s2".into()));
    assert_eq!(told(&mut model), [""; 0]);
    model.pods(Feed::All(Vec::new()));
    assert_eq!(told(&mut model), ["-Pod p", "-Namespace ns-uid", "-Job backup-7-uid"]);
    assert!(model.looked.is_empty() && model.told.is_empty());
}

#[test]
fn makers_of_other_groups_are_named_and_not_read() {
    let mut model = Model::default();
    model.pods(Feed::Is(pod("p", Some(("example.org/v1", "ReplicaSet", "theirs")))));
    assert_eq!(told(&mut model), ["Pod p"]);
    assert!(model.wanted(Instant::now()).iter().all(|(need, _)| need.kind != Kind::ReplicaSet));
    assert_eq!(model.told[&(Kind::Pod, "p".into())].owner.as_ref().map(|owner| &*owner.name), Some("theirs"));
}

#[test]
fn lookups_are_repeated_and_survive_failures() {
    let (mut model, start) = (Model::default(), Instant::now());
    let after = |seconds| start + Duration::from_secs(seconds);
    model.pods(Feed::Is(pod("p", None)));
    model.words();
    answer(&mut model, start, Kind::Namespace, || Found::Is(meta("ns-uid", "shop", &[], None)));
    assert_eq!(told(&mut model), ["Namespace ns-uid", "Pod p"]);
    assert_eq!(model.wanted(after(29)), []);
    let names =
        |wanted: Vec<(Need, bool)>| wanted.into_iter().map(|(need, again)| (need.kind, again)).collect::<Vec<_>>();
    let failed = model.wanted(after(30));
    for (need, _) in &failed {
        model.found(need, Found::Failed, after(30), Duration::from_secs(600));
    }
    assert_eq!(names(failed), [(Kind::Node, true)], "what failed is tried again");
    answer(&mut model, after(600), Kind::Namespace, || Found::Failed);
    assert_eq!(told(&mut model), [""; 0], "what was known stays");
    answer(&mut model, after(700), Kind::Namespace, || Found::Nothing);
    assert_eq!(told(&mut model), ["-Namespace ns-uid", "Pod p"]);
}

#[test]
fn what_the_host_does_not_take_comes_again() {
    let mut model = Model::default();
    model.pods(Feed::Is(pod("p", None)));
    let words = model.words();
    model.unsent(&words[0]);
    assert_eq!(told(&mut model), ["Pod p"]);
    model.pods(Feed::Gone("p".into()));
    let words = model.words();
    assert_eq!(words[0].resource, None);
    model.unsent(&words[0]);
    assert_eq!(told(&mut model), ["-Pod p"]);
    assert_eq!(told(&mut model), [""; 0]);
}
