//! What must not be shown to whoever looks over a shoulder: values of keys that are called like secrets, passwords in
//! URLs, tokens among parameters, and whatever a variable called like a secret holds.

use std::sync::LazyLock;

use regex::Regex;

/// What stands in place of a secret.
const MASK: &str = "***";

/// What names of keys and variables have in them whose values are secrets.
const NAMES: [&str; 12] = [
    "token",
    "secret",
    "passw",
    "passphrase",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "private_key",
    "privatekey",
    "credential",
    "authorization",
];

/// One of these is in each text in which [`INSIDE`] finds something. Most texts have none, and then nobody waits for the
/// expression to be compiled.
const SIGNS: [&str; 12] = [
    "://",
    "token",
    "secret",
    "passw",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "signature",
    "bearer",
    "authorization",
    "-----begin",
];

/// Names that end so hold a path or a number of secrets, no secret.
const HARMLESS: [&str; 6] = ["file", "path", "dir", "folder", "name", "url"];

/// A user in a URL, and a parameter called like a secret.
static INSIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let user = r#"(://)[^/\s@"']+@"#;
    let parameter = r#"((?:token|secret|passw[a-z]*|api_?key|access_?key|signature)[a-z_]*"?\s*[=:]\s*"?)[^&;,\s"']+"#;
    let header = r#"((?:bearer|authorization:\s*\w+)\s+)[^\s"']+"#;
    let key = r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]*";
    Regex::new(&format!("(?i){user}|{parameter}|{header}|{key}")).ok()
});

/// Whether what is called so is a secret.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    NAMES.iter().any(|name| lower.contains(name)) && !HARMLESS.iter().any(|tail| lower.ends_with(tail))
}

/// The value of `key` without its secrets. `variables`: those that were put into it.
pub(super) fn masked(key: &str, value: &str, variables: &[String]) -> String {
    if value.is_empty() {
        return String::new();
    }
    if is_secret(key) || variables.iter().any(|name| is_secret(name)) {
        return MASK.to_owned();
    }
    let lower = value.to_ascii_lowercase();
    if !SIGNS.iter().any(|sign| lower.contains(sign)) {
        return value.to_owned();
    }
    match INSIDE.as_ref() {
        Some(regex) => regex
            .replace_all(value, |found: &regex::Captures<'_>| {
                let kept = (1..).map_while(|n| (n < found.len()).then(|| found.get(n))).flatten().next();
                let behind = if found.get(1).is_some() { "@" } else { "" };
                format!("{}{MASK}{behind}", kept.map_or("", |kept| kept.as_str()))
            })
            .into_owned(),
        None => value.to_owned(),
    }
}

/// An argument of a command line without the secrets in it: the value of a key, a text, or what stands behind a blank in them.
pub(crate) fn masked_argument(argument: &str) -> String {
    match argument.split_once('=') {
        Some((key, value)) if !key.contains(char::is_whitespace) => {
            let name = key.trim_end_matches(']').rsplit(['.', '[']).next().unwrap_or(key);
            format!("{key}={}", masked(name, value, &[]))
        }
        _ => masked("", argument, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let plain = |key: &str, value: &str| masked(key, value, &[]);
        assert_eq!(plain("token", "abc"), MASK);
        assert_eq!(plain("apiKey", "abc"), MASK);
        assert_eq!(plain("token", ""), "");
        assert_eq!(plain("url", "https://me:pass@host/x"), "https://***@host/x");
        assert_eq!(plain("open_params", "http://h/?token=abc&x=1"), "http://h/?token=***&x=1");
        assert_eq!(plain("init_config", r#"{"secret": "abc", "n": 1}"#), r#"{"secret": "***", "n": 1}"#);
        assert_eq!(masked("filename", "/x", &["DB_PASSWORD".into()]), MASK);
        assert_eq!(
            plain("program", "curl -H 'Authorization: Bearer abc' http://h"),
            "curl -H 'Authorization: Bearer ***' http://h"
        );
        assert_eq!(plain("program", "x 'authorization: basic YTpi'"), "x 'authorization: basic ***'");
        assert_eq!(
            plain("text", "-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----"),
            "-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----"
        );
    }

    #[test]
    fn arguments_lose_their_secrets_too() {
        assert_eq!(masked_argument("plugins[0].init_config.token=abc"), "plugins[0].init_config.token=***");
        assert_eq!(masked_argument("http_output.url=http://a:b@c/"), "http_output.url=http://***@c/");
        assert_eq!(masked_argument("--option=http_output.url=http://a:b@c/"), "--option=http_output.url=http://***@c/");
        assert_eq!(
            masked_argument("plugins[0].init_config={token: abc, n: 1}"),
            "plugins[0].init_config={token: ***, n: 1}"
        );
        assert_eq!(masked_argument("-c"), "-c");
        assert_eq!(masked_argument("priority=debug"), "priority=debug");
    }

    #[test]
    fn what_is_no_secret_stays() {
        for (key, value) in [
            ("client_key", "/etc/ssl/client.key"),
            ("token_file", "/run/token"),
            ("filename", "./tokens.txt"),
            ("url", "https://host/path"),
            ("open_params", "https://host:9765/k8s-audit"),
        ] {
            assert_eq!(masked(key, value, &["HOST".into()]), value, "{key}");
        }
    }
}
