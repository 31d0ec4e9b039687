//! A sender of many posts to a webhook, and how long their answers took.
//!
//!     load http://127.0.0.1:9765/k8s-audit [POSTS_PER_SECOND [SECONDS [CONNECTIONS [BYTES]]]]
//!
//! Each post holds one event of about BYTES bytes. Posts are due at fixed times, and an answer's time counts from when its post was
//! due: a sender that waits for a slow server would otherwise measure less than its users feel. With `events N BYTES` instead of
//! an address, N such events are printed, one a line.

use std::io::{BufWriter, Write as _};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use lanner_k8saudit::address::Address;

/// An event as kube-apiserver writes it when a deployment is made; `bytes` long by its annotations.
fn event(number: u64, bytes: usize) -> String {
    let mut text = format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"5a7cf7e2-8c2f-4d1a-9a35-{number:012x}","stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/shop/deployments?fieldManager=kubectl-client-side-apply","verb":"create","user":{{"username":"system:serviceaccount:ci:deployer","uid":"0b4f0d4b-6b0e-4b43-9d0a-5e8f0f3a9c11","groups":["system:serviceaccounts","system:serviceaccounts:ci","system:authenticated"]}},"sourceIPs":["10.20.4.17"],"userAgent":"kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0","objectRef":{{"resource":"deployments","namespace":"shop","name":"cart-{number}","apiGroup":"apps","apiVersion":"v1"}},"responseStatus":{{"metadata":{{}},"code":201}},"requestObject":{{"kind":"Deployment","apiVersion":"apps/v1","metadata":{{"name":"cart-{number}","namespace":"shop","labels":{{"app":"cart"}}}},"spec":{{"replicas":3,"selector":{{"matchLabels":{{"app":"cart"}}}},"template":{{"metadata":{{"labels":{{"app":"cart"}}}},"spec":{{"containers":[{{"name":"cart","image":"registry.example.com:5000/shop/cart:1.42.0","ports":[{{"containerPort":8080,"protocol":"TCP"}}],"env":[{{"name":"LOG_LEVEL","value":"info"}}],"resources":{{"limits":{{"cpu":"500m","memory":"256Mi"}}}},"securityContext":{{"runAsUser":1000,"allowPrivilegeEscalation":false}}}}]}}}}}}}},"requestReceivedTimestamp":"2026-11-21T10:00:00.123456Z","stageTimestamp":"2026-11-21T10:00:00.134567Z","annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"deployer/shop\" of Role \"deployer\" to ServiceAccount \"deployer/ci\"""#
    );
    let mut filler = 0;
    while text.len() + 60 < bytes {
        text += &format!(r#","audit.example.com/note-{filler}":"what a webhook of the cluster remarked""#);
        filler += 1;
    }
    text + "}}"
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| args.get(at).map_or(Ok(default), |text| text.parse::<u64>());
    if args.first().is_some_and(|first| first == "events") {
        let (count, bytes) = (number(1, 1000)?, number(2, 2000)? as usize);
        let mut out = BufWriter::new(std::io::stdout().lock());
        (0..count).try_for_each(|number| writeln!(out, "{}", event(number, bytes)))?;
        return Ok(());
    }
    let address = Address::parse(args.first().ok_or("an address is needed")?)?;
    let (rate, seconds, connections, bytes) = (number(1, 5000)?, number(2, 10)?, number(3, 50)?, number(4, 2000)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut times = runtime.block_on(run(&address, rate, seconds, connections, bytes as usize))?;
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1)));
    println!("{} posts answered with 200 in {seconds} s over {connections} connections", times.len());
    for (name, share) in [("median", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1.0)] {
        println!("{name:8} {:?}", at(share).copied().unwrap_or_default());
    }
    Ok(())
}

async fn run(
    address: &Address,
    rate: u64,
    seconds: u64,
    connections: u64,
    bytes: usize,
) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let begin = Instant::now() + Duration::from_millis(200);
    let mut tasks = Vec::new();
    for connection in 0..connections {
        let address = address.clone();
        tasks.push(tokio::spawn(async move {
            let posts = (connection..rate * seconds).step_by(connections as usize);
            sender(&address, posts, begin, rate, bytes).await.map_err(|error| error.to_string())
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    Ok(times)
}

async fn sender(
    address: &Address,
    posts: impl Iterator<Item = u64>,
    begin: Instant,
    rate: u64,
    bytes: usize,
) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let stream = tokio::net::TcpStream::connect((address.host.as_str(), address.port)).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut times = Vec::new();
    for post in posts {
        let due = begin + Duration::from_nanos(post * 1_000_000_000 / rate);
        tokio::time::sleep_until(due.into()).await;
        let request = Request::post(&address.path)
            .header("host", address.authority())
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(event(post, bytes))))?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        if status != StatusCode::OK {
            return Err(format!("a post was answered with {status}").into());
        }
        times.push(due.elapsed());
    }
    Ok(times)
}
