//! Host names of addresses, for printing.
//!
//! An event must never wait for the network, so names come from the hosts file alone: it is read once, when the first
//! name is asked for. An address that is not in it has no name.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// As much of the file as is read.
const MAX_FILE: u64 = 1 << 20;

/// Names by address.
#[derive(Debug, Default)]
pub(crate) struct Hosts(OnceCell<HashMap<IpAddr, Box<str>, FxBuildHasher>>);

impl Hosts {
    /// The first name of an address.
    pub(crate) fn name(&self, ip: IpAddr) -> Option<&str> {
        self.0.get_or_init(|| parse(&read("/etc/hosts"))).get(&ip).map(|name| &**name)
    }
}

/// The file's text; a file that cannot be read names nobody.
fn read(path: &str) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn parse(text: &str) -> HashMap<IpAddr, Box<str>, FxBuildHasher> {
    let mut names = HashMap::default();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        if let Some(ip) = words.next().and_then(|word| word.parse::<IpAddr>().ok())
            && let Some(name) = words.next()
        {
            names.entry(ip).or_insert_with(|| name.into());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_an_address_counts() {
        let names = parse("127.0.0.1 localhost lo # mine\n# 10.0.0.1 no\n::1\tip6-localhost\n127.0.0.1 other\nbad x\n");
        assert_eq!(names.get(&"127.0.0.1".parse::<IpAddr>().unwrap()).map(|n| &**n), Some("localhost"));
        assert_eq!(names.get(&"::1".parse::<IpAddr>().unwrap()).map(|n| &**n), Some("ip6-localhost"));
        assert_eq!(names.len(), 2);
    }
}
