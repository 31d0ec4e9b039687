//! Who may read.

use lanner_tests::aws::ids;
use lanner_tests::cloud::{alerts, numbers};
use lanner_tests::program::{Run, run};
use serde_json::{Value, json};

use crate::{Lab, bucket, put};

fn allow(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}).to_string()
}

/// A user who may do nothing but assume a role reads a bucket as that role, with keys from a file.
#[test]
fn a_role_is_assumed_with_the_keys_of_a_file() {
    let lab = Lab::new();
    let trust = json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
    let made = lab.moto.calls(&json!([
        ["iam", "create_user", {"UserName": "lanner"}],
        ["iam", "put_user_policy", {"UserName": "lanner", "PolicyName": "p", "PolicyDocument": allow("sts:AssumeRole")}],
        ["iam", "create_access_key", {"UserName": "lanner"}],
        ["iam", "create_role", {"RoleName": "audit", "AssumeRolePolicyDocument": trust.to_string()}],
        ["iam", "put_role_policy", {"RoleName": "audit", "PolicyName": "p", "PolicyDocument": allow("s3:*")}],
        bucket("logs"),
        put("logs", "a.json.gz", &lab.log("a", 0..10)),
    ]));
    lab.moto.ask_for_rights();
    let key = |name: &str| made[2]["AccessKey"][name].as_str().unwrap().to_owned();
    let keys = format!(
        "[audit]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        key("AccessKeyId"),
        key("SecretAccessKey")
    );
    std::fs::write(lab.path("credentials"), keys).unwrap();
    std::fs::write(lab.path("config"), "[profile audit]\nregion = eu-west-1\n").unwrap();
    let read = |more: &Value| -> Run {
        let mut aws = json!({"profile": "audit", "credentials": lab.path("credentials"), "config": lab.path("config")});
        more.as_object().into_iter().flatten().for_each(|(key, value)| aws[key] = value.clone());
        let mut lanner = lab.command("s3://logs/", &json!({"aws": aws}));
        run(lanner.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env_remove("AWS_REGION"))
    };
    let refused = read(&json!({}));
    assert!(refused.code != Some(0) && refused.stderr.contains("AccessDenied"), "{}", refused.stderr);
    let role = made[3]["Role"]["Arn"].as_str().unwrap();
    let ran = read(&json!({"roleArn": role, "externalId": "shop"})).good();
    assert_eq!(ids(&alerts(&ran)), numbers(0..10));
}
