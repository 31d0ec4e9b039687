//! Who opened the session that a process belongs to: `kubectl exec` and `attach`, as the audit log tells of them, brought
//! together with processes that were started from outside of their container. Best effort: nothing but container, command
//! and time connects the two.
//!
//! A process that comes into a container from outside is an *entry*; its children and theirs carry its number in the thread
//! field `exec_entry`. A session that is told of later than its process is thus known for all of them at once.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{CStr, CString};
use std::rc::Rc;

use lanner_k8s::exec::{Manner, Session};

use crate::info::text;

/// Entries that are known at most; the oldest go first.
const ENTRIES: usize = 4096;
/// Sessions that are known at most.
const SESSIONS: usize = 1024;
/// A process may seem to start so long before its session, as clocks differ.
const BEFORE: u64 = 2_000_000_000;
/// And so long after it: the image of a debug container is not pulled for `exec`, but a busy node takes its time.
const AFTER: u64 = 30_000_000_000;
/// Sessions of different people whose distance to a process differs by less cannot be told apart.
const CLOSE: u64 = 2_000_000_000;
/// The webhook of the audit log brings events together for up to half a minute; who has left by then is still asked about.
const LATE: u64 = 120_000_000_000;
/// Command lines of one process that are remembered: a runtime's own and what it then becomes.
const LINES: usize = 4;

/// A command line.
pub(crate) type Line = Vec<Box<[u8]>>;

/// Which container a process is in, in the words of Kubernetes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    pub(crate) namespace: &'p str,
    pub(crate) pod: &'p str,
    /// `None`: one of the pod.
    pub(crate) container: Option<&'p str>,
}

#[derive(Debug)]
struct Entry {
    container: CString,
    pod_uid: CString,
    lines: Vec<Line>,
    begin: u64,
    /// Threads that carry its number.
    threads: u32,
    /// When the last of them ended.
    end: Option<u64>,
    /// The session; several if it is one of them.
    sessions: Vec<Rc<Session>>,
    who: Option<Who>,
}

/// Who it is, as fields say it.
#[derive(Debug, Default)]
pub(crate) struct Who {
    pub(crate) user: CString,
    pub(crate) groups: Vec<CString>,
    pub(crate) impersonated: Option<CString>,
    pub(crate) audit_id: CString,
}

#[derive(Debug)]
struct Open {
    session: Rc<Session>,
    end: Option<u64>,
    /// It has its process.
    taken: bool,
}

/// Entries and sessions.
#[derive(Debug, Default)]
pub(crate) struct Execs {
    entries: BTreeMap<u64, Entry>,
    sessions: VecDeque<Open>,
    last: u64,
    /// Attached sessions that have not ended.
    attached: usize,
    /// Whether somebody tells of sessions.
    pub(crate) watched: bool,
    /// Sessions brought together with a process.
    pub(crate) matched: u64,
    /// Processes of which it cannot be told whose of several sessions they are.
    pub(crate) ambiguous: u64,
    /// Entries that were forgotten for lack of room.
    pub(crate) evicted: u64,
}

impl Execs {
    /// Whether a process that comes in from the container itself may belong to a session.
    pub(crate) fn is_attached(&self) -> bool {
        self.attached > 0
    }

    /// A process has come into a container from outside and is now what `line` says. `number`: what it was before.
    pub(crate) fn entered(
        &mut self,
        number: u64,
        container: &CStr,
        pod_uid: &CStr,
        line: Line,
        at: u64,
        place: Option<Place<'_>>,
    ) -> u64 {
        let number = match self.entries.get_mut(&number).filter(|entry| entry.container.as_c_str() == container) {
            Some(entry) => {
                if entry.lines.len() < LINES {
                    entry.lines.push(line);
                }
                number
            }
            None => self.enter(container, pod_uid, line, at),
        };
        self.settle(number, place);
        number
    }

    fn enter(&mut self, container: &CStr, pod_uid: &CStr, line: Line, at: u64) -> u64 {
        self.make_room(at);
        self.last += 1;
        let entry = Entry {
            container: container.to_owned(),
            pod_uid: pod_uid.to_owned(),
            lines: vec![line],
            begin: at,
            threads: 1,
            end: None,
            sessions: Vec::new(),
            who: None,
        };
        self.entries.insert(self.last, entry);
        self.last
    }

    fn make_room(&mut self, now: u64) {
        if self.entries.len() < ENTRIES {
            return;
        }
        self.entries.retain(|_, entry| entry.end.is_none_or(|end| now.saturating_sub(end) < LATE));
        while self.entries.len() >= ENTRIES {
            self.entries.pop_first();
            self.evicted += 1;
        }
    }

    /// A process inside has been started while sessions are attached to its container; 0 if none is.
    pub(crate) fn inside(&mut self, container: &CStr, at: u64, place: Option<Place<'_>>) -> u64 {
        let Some(place) = place else { return 0 };
        let open = |open: &&Open| {
            open.session.manner == Manner::Attach
                && open.end.is_none()
                && open.session.begin <= at.saturating_add(BEFORE)
                && is_at(&open.session, place)
        };
        let sessions: Vec<_> = self.sessions.iter().filter(open).map(|open| Rc::clone(&open.session)).collect();
        if sessions.is_empty() {
            return 0;
        }
        let number = self.enter(container, c"", Line::new(), at);
        self.give(number, sessions);
        number
    }

    /// A thread carries the number.
    pub(crate) fn inherited(&mut self, number: u64) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.threads = entry.threads.saturating_add(1);
            entry.end = None;
        }
    }

    /// A thread that carried the number has ended.
    pub(crate) fn ended(&mut self, number: u64, at: u64) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.threads = entry.threads.saturating_sub(1);
            if entry.threads == 0 {
                entry.end = Some(at);
            }
        }
    }

    /// More has become known of a container: what place its entries are at.
    pub(crate) fn located(&mut self, container: &CStr, place: Place<'_>) {
        let new = |(_, entry): &(&u64, &Entry)| entry.sessions.is_empty() && entry.container.as_c_str() == container;
        let numbers: Vec<u64> = self.entries.iter().filter(new).map(|(number, _)| *number).collect();
        for number in numbers {
            self.settle(number, Some(place));
        }
    }

    /// A stage of a session. `place`: of a container by its id, and of a pod by its uid.
    pub(crate) fn told<'p>(&mut self, mut session: Session, place: impl Fn(&CStr, &CStr) -> Option<Place<'p>>) {
        if let Some(open) = self.sessions.iter_mut().find(|open| open.session.audit_id == session.audit_id) {
            if session.end.is_some() && open.end.is_none() {
                open.end = session.end;
                self.attached -= usize::from(open.session.manner == Manner::Attach);
            }
            if session.failed {
                self.sessions.retain(|open| open.session.audit_id != session.audit_id || open.taken);
            }
            return;
        }
        if session.failed {
            return;
        }
        if self.sessions.len() >= SESSIONS
            && let Some(old) = self.sessions.pop_front()
        {
            self.attached -= usize::from(old.session.manner == Manner::Attach && old.end.is_none());
        }
        self.attached += usize::from(session.manner == Manner::Attach && session.end.is_none());
        // Command lines of processes are without words that are empty.
        session.command.retain(|word| !word.is_empty());
        let session = Rc::new(session);
        self.sessions.push_back(Open { session: Rc::clone(&session), end: session.end, taken: false });
        if session.manner == Manner::Exec {
            self.late(&session, place);
        }
    }

    /// Finds the process of a session that is told of after it has started.
    fn late<'p>(&mut self, session: &Rc<Session>, place: impl Fn(&CStr, &CStr) -> Option<Place<'p>>) {
        let mut free: Option<(u64, u64)> = None;
        let mut others = Vec::new();
        for (&number, entry) in &self.entries {
            let fits = place(&entry.container, &entry.pod_uid).is_some_and(|place| fits(session, entry, place));
            let distance = entry.begin.abs_diff(session.begin);
            if !fits {
                continue;
            }
            if entry.sessions.is_empty() {
                free = free.filter(|(_, nearest)| *nearest <= distance).or(Some((number, distance)));
            } else if distance < CLOSE && entry.sessions.iter().all(|other| other.user != session.user) {
                others.push(number);
            }
        }
        let mut all = vec![Rc::clone(session)];
        for number in &others {
            all.extend(self.entries.get(number).into_iter().flat_map(|entry| entry.sessions.iter().cloned()));
        }
        if let Some((number, _)) = free {
            self.give(number, all.clone());
        }
        for number in others {
            self.give(number, all.clone());
        }
    }

    /// Finds the session of an entry.
    fn settle(&mut self, number: u64, place: Option<Place<'_>>) {
        let (Some(entry), Some(place)) = (self.entries.get(&number), place) else { return };
        if !entry.sessions.is_empty() {
            return;
        }
        let fitting = || self.sessions.iter().filter(|open| !open.taken && fits(&open.session, entry, place));
        let distance = |open: &&Open| open.session.begin.abs_diff(entry.begin);
        let Some(nearest) = fitting().min_by_key(distance) else { return };
        let close = |open: &&Open| distance(open) < distance(&nearest).saturating_add(CLOSE);
        let others = fitting().filter(close).filter(|open| open.session.user != nearest.session.user);
        let sessions = std::iter::once(nearest).chain(others).map(|open| Rc::clone(&open.session)).collect();
        self.give(number, sessions);
    }

    fn give(&mut self, number: u64, mut sessions: Vec<Rc<Session>>) {
        sessions.sort_by(|a, b| (a.begin, &a.audit_id).cmp(&(b.begin, &b.audit_id)));
        sessions.dedup_by(|a, b| a.audit_id == b.audit_id);
        if let [only] = &sessions[..] {
            self.matched += 1;
            if let Some(open) = self.sessions.iter_mut().find(|open| open.session.audit_id == only.audit_id) {
                open.taken = open.session.manner == Manner::Exec;
            }
        } else {
            self.ambiguous += 1;
        }
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.who = Some(Who::of(&sessions));
            entry.sessions = sessions;
        }
    }

    /// Who opened the session of this number.
    pub(crate) fn who(&self, number: u64) -> Option<&Who> {
        self.entries.get(&number)?.who.as_ref()
    }

    /// Whether it may still become known, for a process of this number at this time.
    pub(crate) fn may_come(&self, number: u64, now: u64) -> bool {
        let new = |entry: &Entry| entry.who.is_none() && now.saturating_sub(entry.begin) < AFTER;
        self.watched && self.entries.get(&number).is_some_and(new)
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Who {
    /// Of several it is said that it is one of them, with the groups of all.
    fn of(sessions: &[Rc<Session>]) -> Self {
        let distinct = |texts: &mut dyn Iterator<Item = &str>| {
            let mut all: Vec<&str> = Vec::new();
            for text in texts {
                if !all.contains(&text) {
                    all.push(text);
                }
            }
            all.iter().map(|text| text.to_string()).collect::<Vec<_>>()
        };
        let users = distinct(&mut sessions.iter().map(|session| &*session.user));
        let groups = distinct(&mut sessions.iter().flat_map(|session| session.groups.iter().map(|group| &**group)));
        let others = distinct(&mut sessions.iter().filter_map(|session| session.impersonated_user.as_deref()));
        let ids = distinct(&mut sessions.iter().map(|session| &*session.audit_id));
        Self {
            user: text(&users.join(" or ")),
            groups: groups.iter().map(|group| text(group)).collect(),
            impersonated: (!others.is_empty()).then(|| text(&others.join(" or "))),
            audit_id: text(&ids.join(" or ")),
        }
    }
}

fn is_at(session: &Session, place: Place<'_>) -> bool {
    let container = match (&session.container, place.container) {
        (Some(asked), Some(is)) => &**asked == is,
        // The pod has one container, or the default one was meant: which that is, is not known here.
        _ => true,
    };
    container && &*session.namespace == place.namespace && &*session.pod == place.pod
}

fn fits(session: &Session, entry: &Entry, place: Place<'_>) -> bool {
    session.manner == Manner::Exec
        && entry.begin.saturating_add(BEFORE) >= session.begin
        && entry.begin <= session.begin.saturating_add(AFTER)
        && is_at(session, place)
        && entry.lines.iter().any(|line| is_command(line, &session.command))
}

/// Whether a process with this command line was asked for by this command. A script runs as its interpreter; a command line of
/// more than a page was cut.
fn is_command(line: &[Box<[u8]>], command: &[Box<str>]) -> bool {
    /// Bytes from which on a command line may have been cut.
    const CUT: usize = 4000;

    let Some((program, arguments)) = command.split_first() else { return false };
    let same = |line: &[Box<[u8]>]| line.iter().map(|word| &**word).eq(arguments.iter().map(|word| word.as_bytes()));
    let is_program = |word: &[u8]| {
        word == program.as_bytes() || word.strip_suffix(program.as_bytes()).is_some_and(|folder| folder.ends_with(b"/"))
    };
    // In front: nothing, an interpreter, or one with its option.
    let whole = (0..3).any(|skip| {
        let Some((first, rest)) = line.get(skip..).and_then(<[_]>::split_first) else { return false };
        (if skip == 0 { &**first == program.as_bytes() } else { is_program(first) }) && same(rest)
    });
    let cut = || {
        let length: usize = line.iter().map(|word| word.len() + 1).sum();
        let words = command.iter().map(|word| word.as_bytes());
        let begins = line
            .iter()
            .zip(words)
            .enumerate()
            .all(|(n, (is, asked))| if n + 1 == line.len() { asked.starts_with(is) } else { &**is == asked });
        length >= CUT && line.len() <= command.len() && begins
    };
    whole || cut()
}

#[cfg(test)]
#[path = "exec_tests.rs"]
mod tests;
