//! What `open_params` names.

use std::path::Path;

use lanner_intake::cloud::{self, Feed};
use lanner_plugin_api::sdk::Error;

use crate::Shared;
use crate::config::Config;

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its project.
    pub project: String,
    /// Its id.
    pub id: String,
}

impl std::fmt::Display for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "projects/{}/subscriptions/{}", self.project, self.id)
    }
}

/// Why `open_params` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// Nothing given.
    #[error("open_params is empty: name a subscription of Pub/Sub, or the path of a file or folder of log entries")]
    Empty,
    /// Neither a subscription nor a path.
    #[error(
        "open_params '{0}' is neither the id of a subscription (letters, digits, -._~+%, 3 to 255 of them), nor \
         projects/PROJECT/subscriptions/ID, nor the path of a file or folder (./{0} if it lies here)"
    )]
    Name(String),
    /// A subscription's id without its project.
    #[error(
        "open_params '{0}' names a subscription, but no project: set project_id in init_config, or write \
         projects/PROJECT/subscriptions/{0}; the path of a file or folder has a slash (./{0})"
    )]
    Project(String),
    /// A subscription, but this is the built-in plugin.
    #[error(
        "cannot open the subscription '{0}': the built-in gcpaudit plugin reads local files; for Pub/Sub install libgcpaudit.so \
         beside lanner or in /usr/share/lanner/plugins, and write `library_path: libgcpaudit.so`; the path of a file or folder has \
         a slash (./{0})"
    )]
    BuiltIn(String),
}

/// What `open_params` names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place<'a> {
    File(&'a Path),
    /// Project, if it is told, and id.
    Subscription(Option<&'a str>, &'a str),
}

/// What `params` names; a subscription that is named alone is one of `project`.
///
/// # Errors
/// Nothing is named, or a subscription of no project.
pub(crate) fn named(params: &str, project: &str) -> Result<cloud::Place<Subscription>, ParamsError> {
    match place(params)? {
        Place::File(path) => Ok(cloud::Place::Files(path.to_owned())),
        Place::Subscription(None, id) if project.is_empty() => Err(ParamsError::Project(id.to_owned())),
        Place::Subscription(named, id) => {
            let project = named.unwrap_or(project).to_owned();
            Ok(cloud::Place::Remote(Subscription { project, id: id.to_owned() }))
        }
    }
}

fn place(params: &str) -> Result<Place<'_>, ParamsError> {
    let params = params.trim();
    if params.is_empty() {
        return Err(ParamsError::Empty);
    }
    let parts: Vec<&str> = params.split('/').collect();
    match parts[..] {
        ["projects", project, "subscriptions", id] if is_id(id) && !project.is_empty() => {
            Ok(Place::Subscription(Some(project), id))
        }
        [id] if is_id(id) => Ok(Place::Subscription(None, id)),
        [name] => Err(ParamsError::Name(name.to_owned())),
        _ => Ok(Place::File(Path::new(params))),
    }
}

/// As Google has them.
fn is_id(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+%".contains(&byte);
    (3..=255).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(good)
}

/// The opener of the built-in plugin, which brings no client for Google Cloud.
///
/// # Errors
/// Always: with where the other one is to be had.
pub(crate) fn no_remote(subscription: Subscription, _: &Shared) -> Result<Box<dyn Feed<Config>>, Error> {
    Err(Error::other(ParamsError::BuiltIn(subscription.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_name_places() {
        assert_eq!(place("falco-sub"), Ok(Place::Subscription(None, "falco-sub")));
        assert_eq!(place(" projects/p-1/subscriptions/s.1 "), Ok(Place::Subscription(Some("p-1"), "s.1")));
        for path in ["/var/log", "./audit.json", "projects/p/topics/t", "projects//subscriptions/abc"] {
            assert_eq!(place(path), Ok(Place::File(Path::new(path))), "{path}");
        }
        assert_eq!(place("  "), Err(ParamsError::Empty));
        for name in ["ab", "1abc", "a b c", ".."] {
            assert_eq!(place(name), Err(ParamsError::Name(name.to_owned())), "{name}");
        }
    }
}
