//! The connection to AWS: credentials, region, TLS, proxies, and threads that wait for answers.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
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

async fn load(aws: &Aws, region: &str) -> SdkConfig {
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
    let config = loader.load().await;
    if aws.role_arn.is_empty() {
        return config;
    }
    let mut role = AssumeRoleProvider::builder(&aws.role_arn).session_name("lanner").configure(&config);
    if !aws.external_id.is_empty() {
        role = role.external_id(&aws.external_id);
    }
    let provider = role.build().await;
    config.into_builder().credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(provider)).build()
}
