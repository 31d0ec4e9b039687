//! The CloudTrail plugin with its sources in AWS, as `libcloudtrail.so`: buckets of S3, queues of SQS, and the event history
//! over LookupEvents. Fields and everything that needs no network are in the crate above.

mod bucket;
mod client;
mod lookup;
mod object;
mod queue;
mod units;

use lanner_cloudtrail::Shared;
use lanner_cloudtrail::config::Config;
use lanner_cloudtrail::place::Remote;
use lanner_intake::cloud::Feed;
use lanner_intake::cloud_plugin;
use lanner_plugin_api::sdk::Error;

fn remote(remote: Remote, shared: &Shared) -> Result<Box<dyn Feed<Config>>, Error> {
    match remote {
        Remote::Bucket { bucket, prefix } => bucket::open(bucket, &prefix, shared),
        Remote::Queue(queue) => queue::open(&queue, shared),
        Remote::Lookup { region } => lookup::open(&region, shared),
    }
}

cloud_plugin! {
    /// The plugin with a client for AWS.
    CloudTrail, Config, crate::remote
}
