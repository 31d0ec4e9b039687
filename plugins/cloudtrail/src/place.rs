//! What `open_params` names.

use lanner_intake::cloud::Feed;
use lanner_plugin_api::sdk::Error;

use crate::Shared;
use crate::config::Config;

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
pub(crate) fn no_remote(remote: Remote, _: &Shared) -> Result<Box<dyn Feed<Config>>, Error> {
    let params = match remote {
        Remote::Bucket { bucket, .. } => format!("s3://{bucket}"),
        Remote::Queue(queue) => format!("sqs://{queue}"),
        Remote::Lookup { region } => format!("lookup://{region}"),
    };
    Err(Error::other(ParamsError::BuiltIn(params)))
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
