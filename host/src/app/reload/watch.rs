//! The files that a configuration is made of: what is in them, and when that changes.
//!
//! Folders are watched rather than files: editors put a new file in the place of the old one, and a Kubernetes ConfigMap
//! changes by one link (`..data`) that every file of it leads through. So each link on the way to a file counts as much as the
//! file. Files are watched as well, for one that is mounted by itself has no folder that tells of it. That something happened
//! is only a reason to look: what decides is whether the content is another one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use crate::log;

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// A file or folder of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whether it is about rules: in a folder of rules only `.yaml` and `.yml` count.
    pub(crate) rules: bool,
}

impl Entry {
    fn counts(&self, name: &OsStr) -> bool {
        let name = name.as_encoded_bytes();
        !self.rules || name.ends_with(b".yaml") || name.ends_with(b".yml")
    }

    /// Whether it is this file, or has it.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.path == path || path.parent() == Some(&self.path)
    }

    /// The file, or the files of the folder that count.
    fn files(&self) -> Vec<PathBuf> {
        if !self.path.is_dir() {
            return vec![self.path.clone()];
        }
        let entries = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        let files = entries.filter(|entry| self.counts(&entry.file_name())).map(|entry| entry.path());
        files.filter(|path| path.is_file()).collect()
    }
}

/// What is in each file, as a number; `None`: it cannot be read.
pub(crate) type Snapshot = BTreeMap<PathBuf, Option<u64>>;

/// Reads all files.
pub(crate) fn snapshot(entries: &[Entry]) -> Snapshot {
    let content = |path: PathBuf| {
        let number = std::fs::read(&path).ok().map(|bytes| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            hasher.finish()
        });
        (path, number)
    };
    entries.iter().flat_map(Entry::files).map(content).collect()
}

/// Names in a folder that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    these: BTreeSet<OsString>,
    /// All of them, or all that rules can be in.
    files: Option<Entry>,
}

/// The folders in which something about these entries can change, with what of them matters; an entry without names is a file.
fn places(entries: &[Entry]) -> BTreeMap<PathBuf, Names> {
    let mut places: BTreeMap<PathBuf, Names> = BTreeMap::new();
    for entry in entries {
        for path in std::iter::once(entry.path.clone()).chain(entry.files()) {
            for (folder, name) in steps(&path) {
                places.entry(folder).or_default().these.insert(name);
            }
            if let (true, Ok(real)) = (path.is_file(), path.canonicalize()) {
                places.entry(real).or_default();
            }
        }
        if let (true, Ok(real)) = (entry.path.is_dir(), entry.path.canonicalize()) {
            let files = &mut places.entry(real).or_default().files;
            // Of two uses of one folder the one that minds every name counts.
            if files.as_ref().is_none_or(|other| other.rules) {
                *files = Some(entry.clone());
            }
        }
    }
    places
}

/// The links on the way to a file and the file itself, each as a folder and a name in it. A way that ends somewhere ends with the
/// first name that is missing.
fn steps(path: &Path) -> Vec<(PathBuf, OsString)> {
    let mut found = Vec::new();
    let mut links = 0;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut here = PathBuf::from("/");
    let mut left: Vec<OsString> = names(&absolute).rev().collect();
    while let Some(name) = left.pop() {
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&name);
        if let (Ok(target), true) = (next.read_link(), links < MAX_LINKS) {
            links += 1;
            found.push((here.clone(), name));
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            left.extend(names(&target).rev());
            continue;
        }
        if left.is_empty() || !next.exists() {
            found.push((here, name));
            return found;
        }
        here = next;
    }
    found
}

fn names(path: &Path) -> impl DoubleEndedIterator<Item = OsString> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

type Watches = Arc<Mutex<HashMap<WatchDescriptor, Names>>>;

/// Tells when something happens to files.
pub(crate) struct Watcher {
    inotify: Arc<Inotify>,
    watches: Watches,
}

impl Watcher {
    /// Watches nothing yet. `changed` is called for each change, on a thread that ends with the process.
    ///
    /// # Errors
    /// What the system refuses.
    pub(crate) fn start(changed: impl Fn() + Send + 'static) -> Result<Self, std::io::Error> {
        let inotify = Arc::new(Inotify::init(InitFlags::IN_CLOEXEC)?);
        let watches = Watches::default();
        let (source, known) = (Arc::clone(&inotify), Arc::clone(&watches));
        let work = move || {
            loop {
                let events = match source.read_events() {
                    Ok(events) => events,
                    Err(Errno::EINTR) => continue,
                    Err(error) => return log::error(format_args!("files are not watched any more: {error}")),
                };
                let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                if events.iter().any(|event| concerns(&known, event)) {
                    changed();
                }
            }
        };
        std::thread::Builder::new().name("watch".into()).spawn(work)?;
        Ok(Self { inotify, watches })
    }

    /// Watches these entries as they are now, and nothing else.
    pub(crate) fn watch(&self, entries: &[Entry]) {
        let flags = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF;
        // Held meanwhile: what happens to a new watch is looked at when it is known.
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now: HashMap<WatchDescriptor, Names> = HashMap::new();
        for (place, names) in places(entries) {
            match self.inotify.add_watch(&place, flags) {
                Ok(watch) => {
                    log::debug(format_args!("Watching '{}'", place.display()));
                    now.insert(watch, names);
                }
                Err(error) => log::warning(format_args!(
                    "changes of '{}' are not noticed: {error}; SIGHUP reloads all the same{}",
                    place.display(),
                    if error == Errno::ENOSPC { " (the limit is fs.inotify.max_user_watches)" } else { "" }
                )),
            }
        }
        let kept: HashSet<WatchDescriptor> = now.keys().copied().collect();
        for old in watches.keys().filter(|watch| !kept.contains(watch)) {
            // It may have gone with its file.
            let _ = self.inotify.rm_watch(*old);
        }
        *watches = now;
    }
}

/// Whether an event is about a name that matters.
fn concerns(watches: &HashMap<WatchDescriptor, Names>, event: &InotifyEvent) -> bool {
    if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
        return true;
    }
    let Some(names) = watches.get(&event.wd) else { return false };
    match &event.name {
        // The file or the folder itself.
        None => !event.mask.contains(AddWatchFlags::IN_IGNORED),
        Some(name) => names.these.contains(name) || names.files.as_ref().is_some_and(|entry| entry.counts(name)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use super::*;

    fn rules(path: &Path) -> Entry {
        Entry { path: path.to_owned(), rules: true }
    }

    fn watching(entries: &[Entry]) -> (Watcher, Receiver<()>) {
        let (tell, told) = channel();
        let watcher = Watcher::start(move || tell.send(()).unwrap_or_default()).unwrap();
        watcher.watch(entries);
        (watcher, told)
    }

    fn tells(told: &Receiver<()>) -> bool {
        let first = told.recv_timeout(Duration::from_secs(20)).is_ok();
        while told.recv_timeout(Duration::from_millis(50)).is_ok() {}
        first
    }

    fn is_quiet(told: &Receiver<()>) -> bool {
        told.recv_timeout(Duration::from_millis(300)).is_err()
    }

    #[test]
    fn each_link_on_the_way_counts() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        std::fs::create_dir(dir.join("..v1")).unwrap();
        std::fs::write(dir.join("..v1/a.yaml"), "1").unwrap();
        symlink("..v1", dir.join("..data")).unwrap();
        symlink("..data/a.yaml", dir.join("a.yaml")).unwrap();
        let step = |folder: &str, name: &str| (dir.join(folder), OsString::from(name));
        let all = steps(&dir.join("a.yaml"));
        assert_eq!(all, [(dir.clone(), "a.yaml".into()), (dir.clone(), "..data".into()), step("..v1", "a.yaml")]);
        assert_eq!(steps(&dir.join("no/where")), [(dir.clone(), OsString::from("no"))]);
    }

    #[test]
    fn a_config_map_that_is_exchanged_is_noticed_and_has_other_content() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for version in ["..v1", "..v2"] {
            std::fs::create_dir(at(version)).unwrap();
            std::fs::write(at(version).join("a.yaml"), version).unwrap();
        }
        symlink("..v1", at("..data")).unwrap();
        symlink("..data/a.yaml", at("a.yaml")).unwrap();
        let entries = [rules(&at("a.yaml"))];
        let before = snapshot(&entries);
        let (_watcher, told) = watching(&entries);
        symlink("..v2", at("..data_tmp")).unwrap();
        std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert!(tells(&told));
        assert_ne!(snapshot(&entries), before);
    }

    #[test]
    fn what_rules_cannot_be_in_is_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let entries = [rules(dir.path()), rules(&dir.path().join("later/b.yaml"))];
        let (watcher, told) = watching(&entries);
        std::fs::write(dir.path().join(".a.yaml.swp"), "x").unwrap();
        assert!(is_quiet(&told));
        std::fs::write(dir.path().join("a.yaml"), "x").unwrap();
        assert!(tells(&told));
        std::fs::create_dir(dir.path().join("later")).unwrap();
        assert!(tells(&told), "a folder on the way to a file comes");
        watcher.watch(&entries);
        std::fs::write(dir.path().join("later/b.yaml"), "x").unwrap();
        assert!(tells(&told));
        std::fs::remove_file(dir.path().join("a.yaml")).unwrap();
        assert!(tells(&told));
    }
}
