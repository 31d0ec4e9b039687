//! The connection to AWS: credentials, region, TLS, proxies, and threads that wait for answers.

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvideCredentialsFuture;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use lanner_cloudtrail::config::Aws;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

/// What keeps a source in AWS from being opened or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AwsError {
    /// Threads cannot be started.
    #[error("cannot start the threads of the client for AWS: {0}")]
    Runtime(#[from] std::io::Error),
    /// No region is configured.
    #[error("no AWS region: set aws.region in init_config, AWS_REGION, or a region in the profile")]
    Region,
    /// A call failed after all attempts.
    #[error("{what}: {text}")]
    Call {
        /// What was attempted.
        what: String,
        /// What AWS says.
        text: String,
    },
    /// The source is being closed.
    #[error("the source is being closed")]
    Stopped,
}

impl AwsError {
    /// An error of the SDK.
    pub(crate) fn call(what: impl Into<String>, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Call { what: what.into(), text: causes(error) }
    }
}

/// What an error of the SDK says about its causes, each once: the outermost says only "service error".
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = cause.source();
    }
    said.join(": ")
}

/// A way to AWS that can be used on any thread. Calls fail with [`AwsError::Stopped`] once [`Connection`] is gone.
#[derive(Clone)]
pub(crate) struct Client {
    handle: Handle,
    config: SdkConfig,
    by_path: bool,
}

/// Keeps the threads behind the clients alive.
pub(crate) struct Connection {
    runtime: Option<Runtime>,
    client: Client,
}

impl Connection {
    /// Finds credentials and region. `region` counts more than the configuration's.
    pub(crate) fn new(aws: &Aws, region: &str) -> Result<Self, AwsError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("cloudtrail-aws")
            .enable_all()
            .build()?;
        let config = runtime.block_on(load(aws, region));
        if config.region().is_none() {
            return Err(AwsError::Region);
        }
        let client = Client { handle: runtime.handle().clone(), config, by_path: !aws.endpoint.is_empty() };
        Ok(Self { runtime: Some(runtime), client })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Ends all calls that are under way.
    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waits for its threads, since the library may be unloaded next.
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Client {
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.by_path).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    pub(crate) fn cloudtrail(&self) -> aws_sdk_cloudtrail::Client {
        aws_sdk_cloudtrail::Client::new(&self.config)
    }

    pub(crate) fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }

    /// Starts `work` on the threads of the connection.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(work));
    }

    /// Waits for the outcome of `work`, on a thread that is none of the connection's.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, AwsError> {
        let (sender, receiver) = oneshot::channel();
        self.spawn(async move {
            // Nobody waits any more when the source is being closed.
            let _ = sender.send(work.await);
        });
        receiver.blocking_recv().map_err(|_| AwsError::Stopped)
    }

    /// Waits for a call of the SDK; `what` says what it does.
    pub(crate) fn call<T: Send + 'static, E: std::error::Error + Send + Sync + 'static>(
        &self,
        what: &dyn Display,
        call: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, AwsError> {
        self.wait(call)?.map_err(|error| AwsError::call(what.to_string(), &error))
    }

    /// Sleeps; ends at once when the source is being closed.
    pub(crate) fn sleep(&self, time: Duration) -> Result<(), AwsError> {
        // Made where it is waited for: a timer belongs to the threads of the connection.
        self.wait(async move { tokio::time::sleep(time).await })
    }
}

/// How long credentials hold that do not say so themselves: keys in a file, which somebody may replace.
const HOLD: Duration = Duration::from_secs(300);

/// Credentials from the standard places, looked up from the start each time they are asked for: the providers of the SDK read
/// shared files once and never again.
#[derive(Debug)]
struct Anew {
    aws: Aws,
    region: String,
}

impl ProvideCredentials for Anew {
    fn provide_credentials<'a>(&'a self) -> ProvideCredentialsFuture<'a>
    where
        Self: 'a,
    {
        ProvideCredentialsFuture::new(async {
            let config = loader(&self.aws, &self.region).load().await;
            let provider = config.credentials_provider();
            let provider = provider.ok_or_else(|| CredentialsError::not_loaded("no place for credentials"))?;
            let mut credentials = provider.provide_credentials().await?;
            credentials.expiry_mut().get_or_insert_with(|| SystemTime::now() + HOLD);
            Ok(credentials)
        })
    }
}

fn loader(aws: &Aws, region: &str) -> ConfigLoader {
    let http = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    });
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(10)).build());
    let region = if region.is_empty() { &aws.region } else { region };
    if !region.is_empty() {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if !aws.profile.is_empty() {
        loader = loader.profile_name(&aws.profile);
    }
    if !aws.endpoint.is_empty() {
        loader = loader.endpoint_url(&aws.endpoint);
    }
    if !aws.config.is_empty() || !aws.credentials.is_empty() {
        let mut files = EnvConfigFiles::builder()
            .include_default_config_file(aws.config.is_empty())
            .include_default_credentials_file(aws.credentials.is_empty());
        if !aws.config.is_empty() {
            files = files.with_file(EnvConfigFileKind::Config, &aws.config);
        }
        if !aws.credentials.is_empty() {
            files = files.with_file(EnvConfigFileKind::Credentials, &aws.credentials);
        }
        loader = loader.profile_files(files.build());
    }
    loader
}

async fn load(aws: &Aws, region: &str) -> SdkConfig {
    let config = loader(aws, region).load().await;
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let anew = SharedCredentialsProvider::new(Anew { aws: aws.clone(), region });
    let config = config.into_builder().credentials_provider(anew).build();
    if aws.role_arn.is_empty() {
        return config;
    }
    let mut role = AssumeRoleProvider::builder(&aws.role_arn).session_name("lanner").configure(&config);
    if !aws.external_id.is_empty() {
        role = role.external_id(&aws.external_id);
    }
    let provider = role.build().await;
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_a_file_that_was_replaced_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let (config, credentials) = (dir.path().join("config"), dir.path().join("credentials"));
        std::fs::write(&config, "").unwrap();
        let text = |path: &std::path::Path| path.display().to_string();
        let aws = Aws { config: text(&config), credentials: text(&credentials), ..Aws::default() };
        let write = |key: &str| {
            let keys = format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\n");
            std::fs::write(&credentials, keys).unwrap();
        };
        write("FIRST");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let provider = runtime.block_on(load(&aws, "eu-west-1")).credentials_provider().unwrap();
        let now = || runtime.block_on(provider.provide_credentials()).unwrap();
        let first = now();
        let left = first.expiry().unwrap().duration_since(SystemTime::now()).unwrap();
        assert!(left <= HOLD && left > HOLD / 2, "{left:?}");
        write("SECOND");
        assert_eq!((first.access_key_id(), now().access_key_id()), ("FIRST", "SECOND"));
    }
}
