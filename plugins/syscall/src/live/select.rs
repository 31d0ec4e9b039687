//! From what rules ask for and what the user says (`base_syscalls`) to the calls that are observed.

use lanner_plugin_api::schema::{EventFlags, EventType, SYSCALLS, SyscallCategory, SyscallInfo};
use lanner_plugin_api::sdk::Wanted;

use super::Interest;
use super::interest::events_of;

/// What the user says about the calls that rules do not ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Base<'a> {
    /// Names of events instead of those that the state needs; with `!` in front: never.
    pub custom_set: &'a [String],
    /// Add what the state cannot do without, given what is observed, instead of all that it could follow.
    pub repair: bool,
    /// Leave in what comes by the million.
    pub all: bool,
}

/// What is observed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The calls that are observed.
    pub calls: Interest,
    /// Of these, those that nobody asks for: they are observed for the state alone, and only where they can change it.
    pub for_state: Interest,
    /// Of these, those that are observed whatever came of them; of the rest only what can change the state of calls that failed.
    pub failures: Interest,
    /// Those that rules ask for.
    pub by_rules: Interest,
    /// Those that the user named.
    pub custom: Interest,
    /// Those that the user ruled out.
    pub removed: Interest,
    /// Those left out for their number.
    pub ignored: Interest,
    /// Those added because the state cannot do without them.
    pub repaired: Interest,
    /// Names that are none of an event.
    pub unknown: Vec<String>,
}

/// What makes up a process: without these, nothing that is known of one is right.
const PROCESS: [&str; 22] = [
    "clone",
    "clone3",
    "fork",
    "vfork",
    "execve",
    "execveat",
    "fchdir",
    "chdir",
    "chroot",
    "capset",
    "setgid",
    "setgid32",
    "setpgid",
    "setresgid",
    "setresgid32",
    "setresuid",
    "setresuid32",
    "setsid",
    "setuid",
    "setuid32",
    "prctl",
    "sched_process_exit",
];

/// Without it, threads that have ended would be kept.
const ALWAYS: &str = "sched_process_exit";

impl Selection {
    /// `events`: those that rules can match; none: everything there is.
    pub fn new(events: Option<Wanted<'_>>, base: &Base<'_>) -> Self {
        let by_rules = events.map_or_else(Interest::all, Interest::of_events);
        let mut unknown = Vec::new();
        let (mut custom, mut removed) = (Interest::none(), Interest::none());
        for word in base.custom_set {
            let (set, name) = match word.strip_prefix('!') {
                Some(name) => (&mut removed, name),
                None => (&mut custom, word.as_str()),
            };
            let named = Interest::with(|call| is_named(call, name));
            if named.is_empty() {
                unknown.push(word.clone());
            }
            *set = set.clone().and(&named);
        }
        let mut calls = match (custom.is_empty(), base.repair) {
            (false, _) => by_rules.clone().and(&custom),
            (true, true) => by_rules.clone().and(&repair(&by_rules)),
            (true, false) => by_rules.clone().and(&Interest::of_state()),
        };
        calls = calls.minus(&removed);
        let heavy = Interest::with(is_ignored);
        let ignored = if base.all { Interest::none() } else { calls.common(&heavy) };
        calls = calls.minus(&ignored);
        let mut repaired = Interest::none();
        if base.repair && !base.custom_set.is_empty() {
            repaired = repair(&calls).minus(&calls);
            calls = calls.and(&repaired);
        }
        calls = calls.and(&Interest::with(|call| call.name == ALWAYS));
        let (for_state, failures) = match events.and_then(|wanted| wanted.failures) {
            // Somebody looks at whatever comes.
            None => (Interest::none(), calls.clone()),
            Some(failures) => {
                let failures = by_rules.common(&Interest::of_exits(failures)).and(&custom);
                (calls.minus(&by_rules).minus(&custom), calls.common(&failures))
            }
        };
        Self { calls, for_state, failures, by_rules, custom, removed, ignored, repaired, unknown }
    }

    /// What rules ask for and do not get.
    pub fn refused(&self) -> Interest {
        self.by_rules.minus(&self.calls)
    }
}

/// Whether a name that users write means this call: its own or its event's.
fn is_named(call: &SyscallInfo, name: &str) -> bool {
    let by_event = || events_of(call).filter(|event| *event != EventType::GENERIC_X).filter_map(EventType::info);
    call.name == name || by_event().any(|info| info.name == name)
}

fn is_about(call: &SyscallInfo, categories: &[SyscallCategory]) -> bool {
    call.exit.and_then(EventType::info).is_some_and(|event| categories.contains(&event.syscall_category))
}

/// Reads and writes that change nothing of the state: a machine makes more of them than of all others together.
fn is_ignored(call: &SyscallInfo) -> bool {
    use SyscallCategory::{IoRead, IoWrite};
    let changes = |event: EventType| event.info().is_some_and(|info| info.flags.contains(EventFlags::MODIFIES_STATE));
    is_about(call, &[IoRead, IoWrite]) && !call.exit.is_some_and(changes)
}

/// The least that the state needs if these calls are observed.
fn repair(calls: &Interest) -> Interest {
    use SyscallCategory::{File, IoOther, IoRead, IoWrite, Net};
    let any =
        |categories: &[SyscallCategory]| SYSCALLS.iter().any(|call| calls.has(call.code) && is_about(call, categories));
    let named = |names: &[&str]| Interest::with(|call| names.contains(&call.name));
    let mut least = named(&PROCESS);
    if any(&[Net]) {
        least = least.and(&named(&["socket", "getsockopt", "close"]));
    }
    if !calls.common(&named(&["accept", "accept4", "listen"])).is_empty() {
        least = least.and(&named(&["bind"]));
    }
    if any(&[File, IoRead, IoWrite, IoOther]) {
        least = least.and(&named(&["close"]));
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENS: [u16; 1] = [EventType::SYSCALL_OPENAT_2_X.0];

    fn select(events: &[u16], custom: &[&str], repair: bool, all: bool) -> Selection {
        let custom_set: Vec<String> = custom.iter().map(|name| (*name).to_owned()).collect();
        let wanted = Wanted { failures: Some(&[]), ..Wanted::of_codes(events) };
        Selection::new(Some(wanted), &Base { custom_set: &custom_set, repair, all })
    }

    fn has(selection: &Selection, name: &str) -> bool {
        selection.calls.names().contains(&name)
    }

    #[test]
    fn without_a_word_of_the_user_the_state_gets_what_it_follows() {
        let usual = select(&OPENS, &[], false, false);
        for name in ["openat", "execve", "dup3", "bind", "chdir", "sched_process_exit"] {
            assert!(has(&usual, name), "{name}");
        }
        let for_state = usual.for_state.names();
        assert!(for_state.contains(&"dup3") && !for_state.contains(&"openat"));
        assert!(!has(&usual, "read") && usual.unknown.is_empty() && usual.refused().is_empty());
    }

    #[test]
    fn a_custom_set_takes_the_place_of_what_the_state_follows() {
        let own = select(&OPENS, &["execve", "getpgid", "nonsense", "!openat", "!alsonot"], false, false);
        assert_eq!(own.calls.names(), ["execve", "getpgid", "sched_process_exit"]);
        assert_eq!(own.unknown, ["nonsense", "!alsonot"]);
        assert_eq!(own.for_state.names(), ["sched_process_exit"], "what the user names is sent as it is");
        assert_eq!(own.refused().names(), ["openat"]);
    }

    #[test]
    fn exclusions_alone_leave_the_rest_as_it_is() {
        let less = select(&OPENS, &["!dup3"], false, false);
        assert!(has(&less, "dup2") && has(&less, "openat") && !has(&less, "dup3"));
        assert!(has(&select(&[], &["!procexit"], false, false), "sched_process_exit"), "its end cannot be ruled out");
    }

    #[test]
    fn repair_adds_the_least() {
        let least = select(&OPENS, &[], true, false);
        assert!(has(&least, "openat") && has(&least, "close") && has(&least, "clone3") && has(&least, "prctl"));
        assert!(!has(&least, "dup3") && !has(&least, "socket") && !has(&least, "bind"));
        let network = select(&[EventType::SOCKET_ACCEPT4_6_X.0], &[], true, false);
        assert!(has(&network, "socket") && has(&network, "bind") && has(&network, "close"));
        let own = select(&OPENS, &["connect", "!clone"], true, false);
        assert!(has(&own, "socket") && has(&own, "clone"), "what was ruled out comes back if it is needed");
        assert!(own.repaired.names().contains(&"clone"));
    }

    #[test]
    fn what_comes_by_the_million_needs_a_word() {
        let codes = [EventType::SYSCALL_READ_X.0, EventType::SOCKET_SENDTO_X.0];
        let quiet = select(&codes, &[], false, false);
        assert_eq!((has(&quiet, "read"), has(&quiet, "sendto")), (false, true));
        assert_eq!(quiet.ignored.names(), ["read"]);
        assert!(has(&select(&codes, &[], false, true), "read"));
    }

    #[test]
    fn names_of_events_are_names() {
        let own = select(&[], &["signaldeliver", "pread"], false, true);
        assert_eq!(own.calls.names(), ["pread64", "sched_process_exit", "signal_deliver"]);
    }

    #[test]
    fn the_names_here_exist() {
        for name in PROCESS.iter().filter(|name| !name.ends_with("32")) {
            assert!(SYSCALLS.iter().any(|call| call.name == *name), "{name}");
        }
    }
}
