//! What of a changed configuration takes effect at once, and what at the next start.

use crate::config::{LiveSettings, Node, OutputSettings, Settings};

/// Keys that a reload follows, with all below them. Everything else is read at the start only.
const FOLLOWED: [&str; 34] = [
    "alerts",
    "append_output",
    "base_syscalls",
    "buffer_format_base64",
    "buffered_outputs",
    "capture",
    "config_files",
    "enforcement",
    "file_output",
    "http_output",
    "json_include_message_property",
    "json_include_output_fields_property",
    "json_include_output_property",
    "json_include_tags_property",
    "json_output",
    "libs_logger",
    "log_format",
    "log_level",
    "log_stderr",
    "log_syslog",
    "output_timeout",
    "priority",
    "program_output",
    "rule_matching",
    "rules",
    "rules_file",
    "rules_files",
    "rules_load",
    "static_fields",
    "stdout_output",
    "syscall_event_drops",
    "syslog_output",
    "time_format_iso_8601",
    "watch_config_files",
];

/// The changed keys that take effect at the next start only: dotted, sorted; a list counts as one key.
pub(super) fn at_next_start(old: &Node, new: &Node) -> Vec<String> {
    let mut changed = Vec::new();
    differences(old, new, "", &mut changed);
    changed.sort();
    let followed = |path: &String| {
        FOLLOWED.iter().any(|key| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    changed.retain(|path| !followed(path));
    changed
}

fn differences(old: &Node, new: &Node, path: &str, found: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (old, new) {
        (old, new) if old == new => {}
        (Node::Map(entries), Node::Map(others)) => {
            let mut keys: Vec<&str> = entries.iter().chain(others).map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let side = |node: &Node| node.get(key).cloned().unwrap_or_default();
                differences(&side(old), &side(new), &below(key), found);
            }
        }
        // A section that comes or goes: its keys are named.
        (Node::Map(entries), Node::Null) | (Node::Null, Node::Map(entries)) if !entries.is_empty() => {
            entries.iter().for_each(|(key, node)| differences(node, &Node::Null, &below(key), found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// The settings that hold after a reload: the new ones, with the old ones where those of the start stay in force.
pub(super) fn in_force(old: &Settings, new: Settings) -> Settings {
    // Queues and spools are those of the start; what is in them may be much.
    let outputs = OutputSettings {
        spool: old.outputs.spool.clone(),
        queue_capacity: old.outputs.queue_capacity,
        queue_bytes: old.outputs.queue_bytes,
        group_bytes: old.outputs.group_bytes,
        ..new.outputs.clone()
    };
    Settings {
        engine: old.engine.clone(),
        live: LiveSettings { base: new.live.base.clone(), ..old.live.clone() },
        plugins: old.plugins.clone(),
        outputs,
        thread_table_size: old.thread_table_size,
        ..new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::KEYS;

    fn map(entries: &[(&str, Node)]) -> Node {
        Node::Map(entries.iter().map(|(key, node)| ((*key).to_owned(), node.clone())).collect())
    }

    fn text(text: &str) -> Node {
        Node::Scalar(text.to_owned())
    }

    #[test]
    fn what_is_not_followed_is_named_by_its_path() {
        let old = map(&[
            ("priority", text("debug")),
            ("rules_files", Node::Seq(vec![text("a")])),
            ("engine", map(&[("kind", text("kmod")), ("kmod", map(&[("buf_size_preset", text("4"))]))])),
        ]);
        let new = map(&[
            ("priority", text("error")),
            ("rules_files", Node::Seq(vec![text("b")])),
            ("engine", map(&[("kind", text("kmod")), ("kmod", map(&[("buf_size_preset", text("5"))]))])),
            ("http_output", map(&[("enabled", text("true")), ("url", text("x"))])),
            ("outputs_queue", map(&[("capacity", text("9"))])),
            ("webserver", map(&[("enabled", text("true")), ("listen_port", text("1"))])),
            ("plugins", Node::Seq(Vec::new())),
        ]);
        let named = [
            "engine.kmod.buf_size_preset",
            "outputs_queue.capacity",
            "plugins",
            "webserver.enabled",
            "webserver.listen_port",
        ];
        assert_eq!(at_next_start(&old, &new), named);
        assert_eq!(at_next_start(&new, &old), named);
        assert!(at_next_start(&new, &new).is_empty());
    }

    #[test]
    fn the_keys_that_are_followed_exist() {
        for key in FOLLOWED {
            let section = format!("{key}.");
            assert!(KEYS.iter().any(|known| known.path == key || known.path.starts_with(&section)), "{key}");
        }
    }
}
