//! `init_config`. Keys and defaults of Falco's plugin, and ours behind them.

use lanner_intake::QuarantineConfig;

/// Configuration.
#[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Config {
    /// Objects that are downloaded at the same time.
    pub s3_download_concurrency: u32,
    /// Which log files of a bucket are read, by the time in their names: `5d`, `5d-2d`, times in UTC. Empty: all.
    pub s3_interval: String,
    /// Accounts of an organisation trail, with commas between. Empty: all that are found.
    pub s3_account_list: Accounts,
    /// Delete a message of the queue once all its events have been evaluated. `false` leaves it in the queue.
    pub sqs_delete: bool,
    /// Account that owns the queue, if it is another one.
    pub sqs_owner_account: Accounts,
    /// Was needed to tell notifications of S3 from those of CloudTrail; has no effect, their shape tells.
    #[serde(rename = "useS3SNS")]
    pub use_s3_sns: bool,
    /// Was a switch of the Go implementation; has no effect.
    pub use_async: bool,
    /// How AWS is reached.
    pub aws: Aws,
    /// What becomes of a message that can never be read: `leave` it to the queue's dead-letter queue, or `delete` it.
    pub sqs_poison: Poison,
    /// Seconds for which a message is hidden from other readers; extended as long as it is being worked on.
    pub sqs_visibility: u32,
    /// The largest event in bytes; a larger one goes on without its largest parts.
    pub max_event_size: u32,
    /// Bytes that may come out of a compressed file.
    pub max_expanded_size: u64,
    /// Where it is kept what has been evaluated, so that a restart goes on there. Empty: files and buckets are read from the
    /// start, `lookup://` from now on.
    pub state_file: String,
    /// How far back `lookup://` begins without a stored position: a duration like `1h`, or a time.
    pub lookup_start: String,
    /// Seconds between looks of `lookup://`.
    pub lookup_interval: u32,
    /// Where payloads that are no events are kept.
    pub quarantine: Option<QuarantineConfig>,
}

/// How AWS is reached. What is empty comes from the standard chain: environment, shared files, web identity, the metadata
/// services of ECS and EC2.
#[derive(Debug, Clone, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Aws {
    /// Profile of the shared files.
    pub profile: String,
    /// Region.
    pub region: String,
    /// The shared file `config`.
    pub config: String,
    /// The shared file `credentials`.
    pub credentials: String,
    /// Address instead of AWS's own, for all services; objects are then addressed by path.
    pub endpoint: String,
    /// A role to assume.
    pub role_arn: String,
    /// The external id that the role asks for.
    pub external_id: String,
}

/// Ids of accounts. A single one looks like a number in YAML.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Accounts {
    /// Ids with commas between, or none.
    Text(String),
    /// One id; leading zeros were lost.
    Number(u64),
}

impl Default for Accounts {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Accounts {
    /// The ids as text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => format!("{number:012}"),
        }
    }
}

/// What becomes of a message that can never be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Poison {
    /// It becomes visible again, until the queue moves it to its dead-letter queue.
    #[default]
    Leave,
    /// It is deleted. With a quarantine folder it is kept there.
    Delete,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            s3_download_concurrency: 32,
            s3_interval: String::new(),
            s3_account_list: Accounts::default(),
            sqs_delete: true,
            sqs_owner_account: Accounts::default(),
            use_s3_sns: false,
            use_async: true,
            aws: Aws::default(),
            sqs_poison: Poison::default(),
            sqs_visibility: 120,
            max_event_size: 1 << 20,
            max_expanded_size: 1 << 30,
            state_file: String::new(),
            lookup_start: String::new(),
            lookup_interval: 60,
            quarantine: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_falco_are_read() {
        let text = r#"{"s3DownloadConcurrency": 64, "s3Interval": "5d", "sqsDelete": false, "useAsync": false, "useS3SNS": true,
            "s3AccountList": "111122223333", "sqsOwnerAccount": "444455556666",
            "aws": {"profile": "p", "region": "r", "config": "c", "credentials": "d"}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        assert_eq!((config.s3_download_concurrency, config.sqs_delete, config.use_s3_sns), (64, false, true));
        assert_eq!((config.aws.profile.as_str(), config.aws.region.as_str()), ("p", "r"));
        let number: Config = serde_json::from_str(r#"{"s3AccountList": 11122223333}"#).unwrap();
        assert_eq!(
            (config.s3_account_list.text().as_str(), number.s3_account_list.text().as_str()),
            ("111122223333", "011122223333")
        );
        println!(
            "SCHEMA {}",
            serde_json::to_string(
                &schemars::generate::SchemaSettings::draft07().into_generator().into_root_schema_for::<Config>()
            )
            .unwrap()
        );
        let plain: Config = serde_json::from_str("{}").unwrap();
        assert_eq!((plain.s3_download_concurrency, plain.sqs_delete, plain.sqs_poison), (32, true, Poison::Leave));
    }
}
