//! `lanner live`: whether this machine can be watched, and what is missing.

use lanner_syscall::live::{Live, Settings, features};

/// A line for each thing looked at, and whether live events can be had. The probes are loaded for a moment as a trial; nothing is
/// reported meanwhile that would be lost.
pub(crate) fn report() -> (String, bool) {
    let features = features();
    let mut possible = true;
    let mut text = String::new();
    for feature in &features {
        let state = match (&feature.remedy, feature.needed) {
            (None, _) => "ok",
            (Some(_), true) => "MISSING",
            (Some(_), false) => "lacking",
        };
        possible &= state != "MISSING";
        text += &line(feature.name, state, &feature.found);
        if let Some(remedy) = &feature.remedy {
            text += &line("", "", &format!("-> {remedy}"));
        }
    }
    if !possible {
        text += &line("probes", "-", "not tried");
        return (text, false);
    }
    // The smallest buffers: none of the events is read.
    match Live::open(&Settings { buf_size_preset: 1, ..Settings::default() }) {
        Ok(live) if live.refused().is_empty() => text += &line("probes", "ok", "the kernel takes them all"),
        Ok(live) => {
            for (program, why) in live.refused() {
                text += &line("probes", "lacking", &format!("not '{program}': {why}"));
            }
        }
        Err(error) => {
            possible = false;
            text += &line("probes", "MISSING", &error.to_string());
        }
    }
    (text, possible)
}

fn line(name: &str, state: &str, what: &str) -> String {
    format!("{name:<14}{state:<9}{what}\n")
}
