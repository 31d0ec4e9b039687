//! Where entries come from, behind one face.

use std::marker::PhantomData;
use std::path::Path;

use lanner_plugin_api::sdk::{Batch, Error, Next, OpenParam, Progress, Source, SourceInstance};

use crate::core::{Core, Shared};
use crate::files;

/// Events of one batch; enough to make the crossing cheap, few enough to keep memory flat.
pub const BATCH: usize = 128;

/// A stream of entries.
pub trait Feed {
    /// Puts the next events into `batch`. Being asked says that those of the previous batch have been evaluated.
    ///
    /// # Errors
    /// The stream is broken and ends.
    fn next(&mut self, core: &mut Core, batch: &mut Batch<'_>) -> Result<Next, Error>;

    /// How much of a finite stream has been read.
    fn progress(&mut self) -> Option<Progress> {
        None
    }
}

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

/// Opens a subscription.
pub type RemoteOpener = fn(Subscription, &Shared) -> Result<Box<dyn Feed>, Error>;

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
pub fn no_remote(subscription: Subscription, _: &Shared) -> Result<Box<dyn Feed>, Error> {
    Err(Error::other(ParamsError::BuiltIn(subscription.id)))
}

/// An opened stream of the plugin `P`.
pub struct Stream<P> {
    feed: Box<dyn Feed>,
    _plugin: PhantomData<fn(P)>,
}

impl<P> Stream<P> {
    /// Opens what `params` names.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(core: &Core, params: &str, opener: RemoteOpener) -> Result<Self, Error> {
        let feed = match place(params).map_err(Error::other)? {
            Place::Subscription(project, id) => {
                let project = project.unwrap_or(&core.shared().config.project_id);
                if project.is_empty() {
                    return Err(Error::other(ParamsError::Project(id.to_owned())));
                }
                opener(Subscription { project: project.to_owned(), id: id.to_owned() }, core.shared())?
            }
            Place::File(path) => Box::new(files::open(path, core.shared()).map_err(Error::other)?),
        };
        Ok(Self { feed, _plugin: PhantomData })
    }
}

impl<P: Source<Instance = Self> + AsMut<Core>> SourceInstance for Stream<P> {
    type Plugin = P;

    fn next_batch<'i>(&'i mut self, plugin: &mut P, batch: &mut Batch<'i>) -> Result<Next, Error> {
        lanner_json::forget_ahead();
        self.feed.next(plugin.as_mut(), batch)
    }

    fn progress(&mut self) -> Option<Progress> {
        self.feed.progress()
    }
}

/// Suggestions for `open_params`.
#[must_use]
pub fn open_params() -> Vec<OpenParam> {
    let suggestions = [
        ("falco", "a subscription of Pub/Sub that a log sink feeds, in the project project_id"),
        ("projects/my-project/subscriptions/falco", "the same with its project"),
        ("/var/log/gcp", "a file of log entries (json, jsonl, plain or gzip), or a folder of them, read once"),
    ];
    let param = |(value, desc): (&str, &str)| OpenParam {
        value: value.to_owned(),
        desc: desc.to_owned(),
        separator: String::new(),
    };
    suggestions.map(param).to_vec()
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
