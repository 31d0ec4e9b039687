//! What conditions ask of the machine: ports by service name, addresses by host name.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use lanner_engine::scheme::{HostLookup, ServiceLookup};

/// `/etc/services`, read once when first asked.
#[derive(Debug, Default)]
pub struct Services(OnceLock<HashMap<String, u16>>);

impl ServiceLookup for Services {
    fn port(&self, name: &str) -> Option<u16> {
        let table = self.0.get_or_init(|| parse(&std::fs::read_to_string("/etc/services").unwrap_or_default()));
        table.get(name).copied()
    }
}

/// Name and aliases of each line with their port; of two lines with one name the first counts (TCP before UDP).
fn parse(text: &str) -> HashMap<String, u16> {
    let mut table = HashMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(name), Some(port)) = (words.next(), words.next()) else { continue };
        let Some(port) = port.split('/').next().and_then(|port| port.parse().ok()) else { continue };
        for name in std::iter::once(name).chain(words) {
            table.entry(name.to_owned()).or_insert(port);
        }
    }
    table
}

/// How long an answer is used before the name is asked for again.
const FRESH: Duration = Duration::from_secs(300);
/// Questions under way; more wait for the next event that asks.
const PENDING: usize = 64;

/// Names resolved in the background: the event that asks first gets no answer yet, later ones get the known one.
#[derive(Debug)]
pub struct Hosts {
    known: &'static Mutex<HashMap<String, Known>>,
    questions: OnceLock<Sender<String>>,
}

#[derive(Debug)]
struct Known {
    addresses: Vec<IpAddr>,
    asked: Instant,
}

impl Default for Hosts {
    fn default() -> Self {
        static KNOWN: OnceLock<Mutex<HashMap<String, Known>>> = OnceLock::new();
        Self { known: KNOWN.get_or_init(Mutex::default), questions: OnceLock::new() }
    }
}

impl HostLookup for Hosts {
    fn lookup(&self, name: &str, out: &mut Vec<IpAddr>) {
        // The lock is held for a map access only, by this thread or the resolver's.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get_mut(name) {
            out.extend_from_slice(&entry.addresses);
            if entry.asked.elapsed() < FRESH {
                return;
            }
            entry.asked = Instant::now();
        } else {
            known.insert(name.to_owned(), Known { addresses: Vec::new(), asked: Instant::now() });
        }
        drop(known);
        let questions = self.questions.get_or_init(|| resolver(self.known));
        if questions.try_send(name.to_owned()).is_err() {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        }
    }
}

/// Starts the thread that asks the system's resolver. It ends when the sender is dropped; a question that hangs holds
/// up only other questions.
fn resolver(known: &'static Mutex<HashMap<String, Known>>) -> Sender<String> {
    let (sender, questions) = bounded::<String>(PENDING);
    let spawned = std::thread::Builder::new().name("resolver".into()).spawn(move || {
        for name in questions {
            let found = (name.as_str(), 0).to_socket_addrs();
            let addresses = found.map(|list| list.map(|address| address.ip()).collect()).unwrap_or_default();
            let entry = Known { addresses, asked: Instant::now() };
            known.lock().unwrap_or_else(PoisonError::into_inner).insert(name, entry);
        }
    });
    if let Err(error) = spawned {
        crate::log::error(format_args!("no thread for host names: {error}"));
    }
    sender
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_name_and_alias() {
        let table = parse("# x\nhttp 80/tcp www # WorldWideWeb\nhttp 81/udp\nbroken\nntp 123/udp\n");
        assert_eq!(table.get("http"), Some(&80));
        assert_eq!(table.get("www"), Some(&80));
        assert_eq!(table.get("ntp"), Some(&123));
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn a_host_is_known_after_a_while_and_asking_does_not_wait() {
        let hosts = Hosts::default();
        let mut found = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        while found.is_empty() && Instant::now() < deadline {
            hosts.lookup("localhost", &mut found);
            std::thread::yield_now();
        }
        assert!(found.iter().any(IpAddr::is_loopback), "{found:?}");
    }
}
