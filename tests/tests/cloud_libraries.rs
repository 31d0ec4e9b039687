//! The libraries of the plugins for clouds keep the plugin API: what a host looks up by name is there and answers, so that they
//! load in Falco as well. Nothing here needs the network.

use std::process::Command;

use lanner::plugin::LoadedLibrary;
use lanner_tests::plugins::sibling_plugin;
use lanner_tests::program::golden;

/// Functions of the API that a library exports, by name.
fn exported(library: &std::path::Path) -> Vec<String> {
    let nm = Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(library).output();
    let nm = nm.unwrap_or_else(|e| panic!("nm (binutils): {e}"));
    assert!(nm.status.success(), "{}", String::from_utf8_lossy(&nm.stderr));
    let text = String::from_utf8(nm.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next());
    // Our own additions to the API are optional, and others do not know them.
    let of_all = |name: &&str| name.starts_with("plugin_") && !name.starts_with("plugin_lanner_");
    let mut names: Vec<String> = names.filter(of_all).map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn each_exports_what_a_host_looks_up_and_says_what_falcos_plugin_says() {
    for (library, expected) in [
        ("cloudtrail", "cloudtrail 0.17.1 id 2, source aws_cloudtrail, 73 fields"),
        ("gcpaudit", "gcpaudit 0.8.1 id 12, source gcp_auditlog, 25 fields"),
    ] {
        let path = sibling_plugin(library);
        // Both have the same capabilities, and so the same symbols.
        golden("plugin_symbols.txt", &(exported(&path).join("\n") + "\n"));
        let library = LoadedLibrary::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let info = library.info();
        let source = info.event_source().unwrap_or_default();
        let said =
            format!("{} {} id {}, source {source}, {} fields", info.name, info.version, info.id(), info.fields.len());
        assert_eq!(said, expected);
    }
}
