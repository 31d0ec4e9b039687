//! Where records come from, behind one face.

use std::marker::PhantomData;
use std::path::Path;

use lanner_plugin_api::sdk::{Batch, Error, Next, OpenParam, Progress, Source, SourceInstance};

use crate::core::{Core, Shared};
use crate::files;

/// Events of one batch; enough to make the crossing cheap, few enough to keep memory flat.
pub const BATCH: usize = 128;
/// Bytes that are read at once.
pub const CHUNK: usize = 64 << 10;

/// A stream of records.
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

/// A place in AWS that records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// `s3://bucket[/prefix]`
    Bucket {
        /// Name of the bucket.
        bucket: String,
        /// What the keys begin with; may be empty.
        prefix: String,
    },
    /// `sqs://queue`: name of the queue.
    Queue(String),
    /// `lookup://[region]`: LookupEvents.
    Lookup {
        /// The region; empty: the configured one.
        region: String,
    },
}

/// Opens a place in AWS.
pub type RemoteOpener = fn(Remote, &Shared) -> Result<Box<dyn Feed>, Error>;

/// Why `open_params` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// Nothing given.
    #[error("open_params is empty: name a log file, a folder of them, s3://bucket/prefix, sqs://queue or lookup://")]
    Empty,
    /// A scheme without a name behind it.
    #[error("open_params '{0}' names no {1}")]
    Nameless(String, &'static str),
    /// Some other scheme.
    #[error("cannot open '{0}': use s3://bucket/prefix, sqs://queue, lookup://, a log file or a folder of them")]
    Scheme(String),
    /// A place in AWS, but this is the built-in plugin.
    #[error(
        "cannot open '{0}': the built-in cloudtrail plugin reads local files; for AWS install libcloudtrail.so beside lanner or \
         in /usr/share/lanner/plugins, and write `library_path: libcloudtrail.so`"
    )]
    BuiltIn(String),
}

/// The place in AWS that `open_params` names; `None`: a local path.
///
/// # Errors
/// Nothing is named, or something that no source is.
pub fn remote(params: &str) -> Result<Option<Remote>, ParamsError> {
    let params = params.trim();
    if params.is_empty() {
        return Err(ParamsError::Empty);
    }
    let Some((scheme, rest)) = params.split_once("://") else { return Ok(None) };
    let named = |what| if rest.is_empty() { Err(ParamsError::Nameless(params.to_owned(), what)) } else { Ok(()) };
    match scheme {
        "s3" => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(ParamsError::Nameless(params.to_owned(), "bucket"));
            }
            Ok(Some(Remote::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() }))
        }
        "sqs" => named("queue").map(|()| Some(Remote::Queue(rest.to_owned()))),
        "lookup" => Ok(Some(Remote::Lookup { region: rest.trim_end_matches('/').to_owned() })),
        _ => Err(ParamsError::Scheme(params.to_owned())),
    }
}

/// The opener of the built-in plugin, which brings no client for AWS.
///
/// # Errors
/// Always: with where the other one is to be had.
pub fn no_remote(remote: Remote, _: &Shared) -> Result<Box<dyn Feed>, Error> {
    let params = match remote {
        Remote::Bucket { bucket, .. } => format!("s3://{bucket}"),
        Remote::Queue(queue) => format!("sqs://{queue}"),
        Remote::Lookup { region } => format!("lookup://{region}"),
    };
    Err(Error::other(ParamsError::BuiltIn(params)))
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
        let feed = match remote(params).map_err(Error::other)? {
            Some(remote) => opener(remote, core.shared())?,
            None => Box::new(files::open(Path::new(params.trim()), core.shared()).map_err(Error::other)?),
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
        ("/var/log/cloudtrail", "a log file (json, json.gz), or a folder of them, read once"),
        ("s3://bucket/AWSLogs/111122223333/", "the log files of a bucket, read once"),
        ("sqs://queue", "the log files that a queue announces, and events that EventBridge puts into it"),
        ("lookup://", "the event history of a region, over LookupEvents"),
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
        let bucket = |bucket: &str, prefix: &str| Remote::Bucket { bucket: bucket.into(), prefix: prefix.into() };
        assert_eq!(remote("s3://b"), Ok(Some(bucket("b", ""))));
        assert_eq!(remote(" s3://b/AWSLogs/1/ "), Ok(Some(bucket("b", "AWSLogs/1/"))));
        assert_eq!(remote("sqs://q"), Ok(Some(Remote::Queue("q".into()))));
        assert_eq!(remote("lookup://eu-west-1/"), Ok(Some(Remote::Lookup { region: "eu-west-1".into() })));
        assert_eq!(remote("/var/log"), Ok(None));
        for (params, error) in
            [("", "is empty"), ("s3:///x", "no bucket"), ("sqs://", "no queue"), ("http://x", "cannot open")]
        {
            assert!(remote(params).unwrap_err().to_string().contains(error), "{params}");
        }
    }
}
