//! What rules about audit events cost, by how many there are: all of them are about one kind of event, so that values alone lead to
//! the rules that an event can reach.

use std::fmt::Write as _;

use lanner_plugin_api::raw::PluginApi;
use serde_json::json;

use super::recording::compile_for;
use super::scaling::{Judged, judge};

/// Events, some of which the first rules match.
const EVENTS: usize = 2000;

/// A source of audit events: what gives them, rules in the forms that people write, and events in a file.
struct Cloud {
    source: &'static str,
    plugin: &'static PluginApi,
    head: &'static str,
    forms: &'static [&'static str],
    file: fn() -> String,
}

static KUBERNETES: Cloud = Cloud {
    source: "k8s_audit",
    plugin: &lanner_k8saudit::PLUGIN_API,
    head: "
- list: system_users
  items: [system:kube-scheduler, system:kube-controller-manager, system:apiserver]
- macro: changes
  condition: (ka.verb in (create, update, patch) and not ka.user.name in (system_users))
- macro: reads
  condition: (ka.verb in (get, list, watch) and not ka.user.name in (system_users))
",
    forms: &[
        "changes and ka.target.resource = configmaps and ka.target.name = settings{n}",
        "changes and ka.target.resource = secrets and ka.target.namespace = team{n}",
        "reads and ka.target.resource = secrets and ka.target.name in (token{n}, key{n})",
        "changes and ka.user.name = robot{n}",
        "reads and ka.uri startswith /apis/group{n}/",
        "ka.verb = create and ka.target.resource = pods and ka.req.pod.containers.image intersects (registry/app{n})",
        "ka.verb = create and ka.target.subresource = exec and ka.target.name startswith shell{n}-",
        "changes and ka.useragent contains tool{n}/",
        "ka.verb = delete and ka.target.namespace = prod and ka.target.name endswith -db{n}",
        "ka.response.code = 403 and ka.user.name = guest{n} and not ka.verb = watch",
        "ka.verb = create and ka.target.resource = rolebindings and ka.req.binding.role = admin{n}",
        "ka.user.groups intersects (group{n}) and ka.verb != get",
    ],
    file: || {
        const VERBS: [&str; 6] = ["create", "update", "patch", "get", "list", "delete"];
        const RESOURCES: [&str; 5] = ["pods", "secrets", "configmaps", "rolebindings", "deployments"];
        (0..EVENTS).fold(String::new(), |mut lines, n| {
            let (verb, resource) = (VERBS[n % VERBS.len()], RESOURCES[n % RESOURCES.len()]);
            let event = json!({
                "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": n.to_string(),
                "stage": "ResponseComplete", "verb": verb, "requestURI": format!("/apis/group{}/v1/{resource}", n % 50),
                "user": {"username": format!("robot{}", n % 90), "groups": [format!("group{}", n % 70), "all"]},
                "userAgent": format!("tool{}/1.0", n % 40), "sourceIPs": ["10.0.0.1"],
                "objectRef": {
                    "resource": resource, "namespace": format!("team{}", n % 60), "name": format!("settings{}", n % 80),
                },
                "responseStatus": {"code": if n % 9 == 0 { 403 } else { 200 }},
                "stageTimestamp": "2026-11-21T10:00:00.000001Z",
            });
            let _ = writeln!(lines, "{event}");
            lines
        })
    },
};

static AWS: Cloud = Cloud {
    source: "aws_cloudtrail",
    plugin: &lanner_cloudtrail::PLUGIN_API,
    head: "
- list: services
  items: [autoscaling.amazonaws.com, config.amazonaws.com]
- macro: by_people
  condition: (not ct.user in (services) and not ct.error exists)
",
    forms: &[
        "ct.name = PutObject and s3.bucket = bucket{n} and by_people",
        "ct.name = GetObject and s3.uri startswith s3://vault{n}/",
        "ct.name = ConsoleLogin and ct.user = person{n}",
        "ct.name in (CreateUser, DeleteUser) and ct.request.username = account{n} and by_people",
        "ct.name = RunInstances and ct.region = region-{n}",
        "ct.name startswith Delete and ct.src = service{n}.amazonaws.com",
        "ct.error = AccessDenied and ct.user = person{n} and ct.useragent contains tool{n}/",
        "ct.name = Call{n} and by_people",
        "ct.srcip = 10.{h}.{l}.7 and not ct.name in (ListBuckets, DescribeInstances)",
        "ct.user.arn endswith :user/deputy{n} and ct.readonly = false",
    ],
    file: || {
        const NAMES: [&str; 7] =
            ["PutObject", "GetObject", "ConsoleLogin", "CreateUser", "RunInstances", "DeleteBucket", "ListBuckets"];
        let record = |n: usize| {
            let name =
                if n.is_multiple_of(11) { format!("Call{}", n % 200) } else { NAMES[n % NAMES.len()].to_owned() };
            json!({
                "eventVersion": "1.08", "eventTime": "2026-11-21T10:00:00Z", "eventName": name, "eventID": n.to_string(),
                "eventSource": format!("service{}.amazonaws.com", n % 30), "awsRegion": format!("region-{}", n % 20),
                "sourceIPAddress": format!("10.0.{}.7", n % 100), "userAgent": format!("tool{}/2", n % 40),
                "eventType": "AwsApiCall", "readOnly": n.is_multiple_of(2),
                "userIdentity": {
                    "type": "IAMUser", "userName": format!("person{}", n % 90),
                    "arn": format!("arn:aws:iam::1:user/deputy{}", n % 90),
                },
                "requestParameters": {"bucketName": format!("bucket{}", n % 60), "key": "a/b", "userName": "account9"},
            })
        };
        json!({"Records": (0..EVENTS).map(record).collect::<Vec<_>>()}).to_string()
    },
};

impl Cloud {
    /// What events are asked by so many rules, each with a comparison of its own.
    fn judged(&self, rules: usize) -> Judged {
        let mut text = self.head.to_owned();
        for n in 0..rules {
            let form = self.forms[n % self.forms.len()];
            let (high, low) = ((n / 256 % 256).to_string(), (n % 256).to_string());
            let condition = form.replace("{n}", &n.to_string()).replace("{h}", &high).replace("{l}", &low);
            let source = self.source;
            let _ = writeln!(
                text,
                "- {{rule: Rule {n}, desc: d, condition: '{condition}', output: o, priority: INFO, source: {source}}}"
            );
        }
        let compiled = compile_for(self.source, &[self.plugin], &[], &[("synthetic".to_owned(), text)]);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("events.json");
        std::fs::write(&file, (self.file)()).unwrap();
        let judged = judge(compiled, &file.display().to_string(), false);
        assert!(judged.events == EVENTS as u64 && judged.matches > 100, "{} {}", judged.events, judged.matches);
        judged
    }

    fn costs_no_more_with_more_rules(&self) {
        let [few, many, most] = [100, 1000, 10_000].map(|rules| self.judged(rules).asked);
        println!("{}: {few} questions by 100 rules, {many} by 1,000, {most} by 10,000", self.source);
        assert!(many <= 3 * few && most <= 3 * few);
    }
}

#[test]
fn ten_thousand_rules_about_kubernetes_cost_at_most_three_times_what_a_hundred_cost() {
    KUBERNETES.costs_no_more_with_more_rules();
}

#[test]
fn ten_thousand_rules_about_aws_cost_at_most_three_times_what_a_hundred_cost() {
    AWS.costs_no_more_with_more_rules();
}
