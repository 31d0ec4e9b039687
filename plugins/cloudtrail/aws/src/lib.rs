//! The CloudTrail plugin with its sources in AWS, as `libcloudtrail.so`: buckets of S3, queues of SQS, and the event history
//! over LookupEvents. Fields and everything that needs no network are in the crate above.

mod bucket;
mod client;
mod lookup;
mod object;
mod queue;
mod units;

use lanner_cloudtrail::core::Shared;
use lanner_cloudtrail::feed::{Feed, Remote};
use lanner_cloudtrail::sdk::Error;

fn remote(remote: Remote, shared: &Shared) -> Result<Box<dyn Feed>, Error> {
    match remote {
        Remote::Bucket { bucket, prefix } => bucket::open(bucket, &prefix, shared),
        Remote::Queue(queue) => queue::open(&queue, shared),
        Remote::Lookup { region } => lookup::open(&region, shared),
    }
}

lanner_cloudtrail::cloudtrail_plugin! {
    /// The plugin with a client for AWS.
    CloudTrail, crate::remote
}
