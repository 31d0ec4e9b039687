//! `init_config`. Keys and documented defaults of Falco's plugin, and ours behind them.

use lanner_intake::QuarantineConfig;

/// Configuration.
#[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Project of the subscription; needed unless `open_params` names the subscription in full.
    pub project_id: String,
    /// A file with credentials, as the console or `gcloud` writes them. Empty: the standard places, which are
    /// GOOGLE_APPLICATION_CREDENTIALS, the file of `gcloud auth application-default login`, and the metadata server.
    pub credentials_file: String,
    /// Streams that pull from the subscription at the same time. 0: as many as by default.
    pub num_goroutines: u32,
    /// Messages that may be held without having been acknowledged, over all streams. 0: as many as by default; below: no limit.
    pub max_outstanding_messages: i64,
    /// Was a switch of the Go implementation; has no effect.
    #[serde(rename = "useAsync")]
    pub use_async: bool,
    /// Bytes of messages that may be held without having been acknowledged, over all streams.
    pub max_outstanding_bytes: u64,
    /// Seconds after which Google gives a message of a killed instance to another one, 10 to 600; extended as long as it is held.
    pub ack_deadline: u32,
    /// Address instead of Google's own, such as `https://europe-west1-pubsub.googleapis.com`. PUBSUB_EMULATOR_HOST counts more.
    pub endpoint: String,
    /// What becomes of a message that can never be read: `ack` it, or `leave` it to the subscription's dead-letter policy.
    pub poison: Poison,
    /// The largest event in bytes; a larger one goes on without its largest parts.
    pub max_event_size: u32,
    /// Bytes that may come out of a compressed file.
    pub max_expanded_size: u64,
    /// Where it is kept what of files has been evaluated, so that a restart goes on there. Empty: they are read from the start.
    pub state_file: String,
    /// Where payloads that are no events are kept.
    pub quarantine: Option<QuarantineConfig>,
}

/// What becomes of a message that can never be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Poison {
    /// It is acknowledged. With a quarantine folder it is kept there.
    #[default]
    Ack,
    /// It is given back, until the subscription moves it to its dead-letter topic. Without such a topic it comes again for ever.
    Leave,
}

/// Documented default of `num_goroutines`.
const STREAMS: u32 = 10;
/// Documented default of `max_outstanding_messages`.
const OUTSTANDING: i64 = 1000;

impl Default for Config {
    fn default() -> Self {
        Self {
            project_id: String::new(),
            credentials_file: String::new(),
            num_goroutines: STREAMS,
            max_outstanding_messages: OUTSTANDING,
            use_async: true,
            max_outstanding_bytes: 100 << 20,
            ack_deadline: 60,
            endpoint: String::new(),
            poison: Poison::default(),
            max_event_size: 1 << 20,
            max_expanded_size: 1 << 30,
            state_file: String::new(),
            quarantine: None,
        }
    }
}

impl Config {
    /// Streams to open, at least one.
    #[must_use]
    pub fn streams(&self) -> u32 {
        if self.num_goroutines == 0 { STREAMS } else { self.num_goroutines }
    }

    /// Messages that one stream may hold; 0: no limit.
    #[must_use]
    pub fn messages_of_a_stream(&self) -> i64 {
        let all = match self.max_outstanding_messages {
            0 => OUTSTANDING,
            limit => limit,
        };
        if all < 0 { 0 } else { (all / i64::from(self.streams())).max(1) }
    }

    /// Bytes that one stream may hold.
    #[must_use]
    pub fn bytes_of_a_stream(&self) -> i64 {
        // Google hands over a message that is larger all the same, if it holds no other.
        i64::try_from(self.max_outstanding_bytes / u64::from(self.streams())).unwrap_or(i64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_falco_are_read() {
        let text = r#"{"project_id": "p", "credentials_file": "/f", "num_goroutines": 4, "max_outstanding_messages": 30,
            "useAsync": false}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        assert_eq!((config.project_id.as_str(), config.credentials_file.as_str()), ("p", "/f"));
        assert_eq!((config.streams(), config.messages_of_a_stream()), (4, 7));
        let plain: Config = serde_json::from_str("{}").unwrap();
        assert_eq!((plain.streams(), plain.messages_of_a_stream()), (10, 100));
        assert_eq!((plain.bytes_of_a_stream(), plain.poison), (10 << 20, Poison::Ack));
        let zero: Config = serde_json::from_str(r#"{"num_goroutines": 0, "max_outstanding_messages": 0}"#).unwrap();
        assert_eq!((zero.streams(), zero.messages_of_a_stream()), (10, 100));
        let few: Config = serde_json::from_str(r#"{"max_outstanding_messages": 3}"#).unwrap();
        assert_eq!(few.messages_of_a_stream(), 1);
        let free: Config = serde_json::from_str(r#"{"max_outstanding_messages": -1}"#).unwrap();
        assert_eq!(free.messages_of_a_stream(), 0);
    }
}
