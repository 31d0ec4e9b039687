//! The way to Pub/Sub: credentials, address, TLS, and a first look at the subscription.

use std::path::Path;
use std::time::Duration;

use google_cloud_auth::credentials::{
    Builder, Credentials, anonymous, external_account, impersonated, service_account, user_account,
};
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
use google_cloud_pubsub::client::{Subscriber, SubscriptionAdmin};
use google_cloud_pubsub::model::Subscription;
use lanner_gcpaudit::Shared;
use lanner_gcpaudit::config::{Config, Poison};

use crate::error::{PubSubError, causes, is_answer};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const GOOGLE: &str = "https://pubsub.googleapis.com";

/// The clients for one subscription.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) subscriber: Subscriber,
    admin: SubscriptionAdmin,
    endpoint: String,
    /// `projects/PROJECT/subscriptions/ID`
    pub(crate) name: String,
}

impl Client {
    /// Finds credentials and makes the clients; nothing is asked of Google yet. To be called on a thread of the runtime.
    pub(crate) async fn new(config: &Config, name: String) -> Result<Self, PubSubError> {
        // Fails if one has been chosen, which is then the same: this library has its own copy of the setting.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulator = std::env::var("PUBSUB_EMULATOR_HOST").ok().filter(|host| !host.is_empty());
        let (endpoint, credentials) = match (&emulator, config.credentials_file.as_str()) {
            (Some(host), _) => (format!("http://{host}"), anonymous::Builder::new().build()),
            (None, file) => {
                let endpoint = if config.endpoint.is_empty() { GOOGLE } else { &config.endpoint };
                (endpoint.to_owned(), if file.is_empty() { standard()? } else { of_file(Path::new(file))? })
            }
        };
        let refused = |error: &(dyn std::error::Error + 'static)| PubSubError::Client {
            endpoint: endpoint.clone(),
            text: causes(error),
        };
        let (subscriber, admin) = (Subscriber::builder(), SubscriptionAdmin::builder());
        // Google's own address is left to the clients, which know other universes than googleapis.com.
        let (subscriber, admin) = if endpoint == GOOGLE {
            (subscriber, admin)
        } else {
            (subscriber.with_endpoint(&endpoint), admin.with_endpoint(&endpoint))
        };
        let subscriber = subscriber.with_credentials(credentials.clone()).build().await.map_err(|e| refused(&e))?;
        let admin = admin.with_credentials(credentials).build().await.map_err(|e| refused(&e))?;
        Ok(Self { subscriber, admin, endpoint, name })
    }

    async fn look(&self) -> Result<Subscription, Option<Error>> {
        // A hiccup is passed over; more would hide the cause behind a silence.
        let answer = self
            .admin
            .get_subscription()
            .set_subscription(&self.name)
            .with_retry_policy(Aip194Strict.with_attempt_limit(3))
            .with_idempotency(true)
            .send();
        tokio::time::timeout(PATIENCE, answer).await.map_err(|_| None)?.map_err(Some)
    }

    /// Looks at the subscription, so that what is wrong with it is told now. The right to look is not needed.
    pub(crate) async fn check(&self, shared: &Shared) -> Result<(), PubSubError> {
        let subscription = match self.look().await {
            Ok(subscription) => subscription,
            Err(Some(error)) if error.status().is_some_and(|status| status.code == Code::PermissionDenied) => {
                shared.log.info(format!(
                    "{}: lanner may not look at the subscription (roles/pubsub.viewer); it is pulled from without a look",
                    self.name
                ));
                return Ok(());
            }
            Err(Some(error)) if is_answer(&error) || error.is_authentication() => {
                return Err(PubSubError::refused(&self.name, &error));
            }
            Err(error) => return Err(self.unreachable(error)),
        };
        if subscription.push_config.is_some_and(|push| !push.push_endpoint.is_empty()) {
            return Err(PubSubError::Pushes(self.name.clone()));
        }
        if shared.config.poison == Poison::Leave && subscription.dead_letter_policy.is_none() {
            shared.log.warning(format!(
                "{}: poison is 'leave', but the subscription has no dead-letter topic: a message that can never be read comes again \
                 until the subscription forgets it; add a topic (gcloud pubsub subscriptions update --dead-letter-topic) or set \
                 poison: ack",
                self.name
            ));
        }
        Ok(())
    }

    /// Whether Google answers at all.
    pub(crate) async fn reach(&self) -> Result<(), PubSubError> {
        match self.look().await {
            Err(Some(error)) if !is_answer(&error) => Err(self.unreachable(Some(error))),
            Err(None) => Err(self.unreachable(None)),
            _ => Ok(()),
        }
    }

    fn unreachable(&self, error: Option<Error>) -> PubSubError {
        let text = error.map_or_else(|| format!("no answer within {PATIENCE:?}"), |error| causes(&error));
        PubSubError::Unreachable { endpoint: self.endpoint.clone(), text }
    }
}

/// Credentials of the standard places.
fn standard() -> Result<Credentials, PubSubError> {
    Builder::default().build().map_err(|error| PubSubError::Credentials(causes(&error)))
}

/// Credentials of a file, which may be of any kind that the standard places know.
fn of_file(path: &Path) -> Result<Credentials, PubSubError> {
    let wrong = |text: String| PubSubError::File { path: path.to_owned(), text };
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let built = match json.get("type").and_then(serde_json::Value::as_str) {
        Some("service_account") => service_account::Builder::new(json).build(),
        Some("authorized_user") => user_account::Builder::new(json).build(),
        Some("external_account") => external_account::Builder::new(json).build(),
        Some("impersonated_service_account") => impersonated::Builder::new(json).build(),
        Some(other) => return Err(wrong(format!("credentials of the unknown type '{other}'"))),
        None => return Err(wrong("the member 'type' is missing".to_owned())),
    };
    built.map_err(|error| wrong(causes(&error)))
}
