//! Something that is done for real, and the alerts that it raises.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use lanner_tests::live::{Alert, MARK};
use lanner_tests::plugins::c_program;

/// Programs that are played: `act` under their names.
const PLAYED: &[&str] = &[
    "apt-get", "auditd", "crontab", "curl", "dig", "docker", "java", "kubectl", "linpeas", "mysqld", "nc", "nginx",
    "nmap", "node", "npm", "nsenter", "pkexec", "restic", "runc", "scp", "setcap", "ssh", "sshd", "su", "sudoedit",
    "ufw", "useradd", "wget", "xmrig",
];
/// Where an action takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the machine itself, in a control group that no container has, wherever the tests run.
    Host,
    /// Where changes of the system's folders are seen by the action alone.
    Stage,
    /// There, in a control group as containers have them.
    Container,
}

/// An action by its name.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    name: &'static str,
    place: Place,
    /// What is done, as a script of `sh`. `$T` is a folder, `$PORT` a TCP port of 127.0.0.1 that ends shells; in expected values `$ID` is
    /// the container's id.
    does: &'static str,
    /// All rules that it raises, with fields of one of their alerts; a value may begin or end with `*`.
    raises: Vec<(&'static str, &'static [(&'static str, &'static str)])>,
}

/// An action that raises nothing until [`Action::raises`] says so.
pub(crate) const fn action(name: &'static str, place: Place, does: &'static str) -> Action {
    Action { name, place, does, raises: Vec::new() }
}

impl Action {
    pub(crate) fn raises(mut self, rule: &'static str, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.raises.push((rule, fields));
        self
    }

    /// Whether it waits for the time to pass.
    pub(crate) fn is_slow(&self) -> bool {
        self.does.contains("read-late 6")
    }

    /// The rules that it is about.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.raises.iter().map(|(rule, _)| *rule)
    }

    /// What is wrong with its alerts, one line each.
    pub(crate) fn judge(&self, theatre: &Theatre, alerts: &[Alert]) -> Vec<String> {
        let mark = Theatre::mark(self.name);
        let mine: Vec<&Alert> = alerts.iter().filter(|alert| alert.mark().as_deref() == Some(&mark)).collect();
        let mut wrong = Vec::new();
        for (rule, fields) in &self.raises {
            let of_rule: Vec<&&Alert> = mine.iter().filter(|alert| alert.rule == *rule).collect();
            let fits = |alert: &Alert| {
                fields.iter().all(|(name, want)| alert.field(name).is_some_and(|is| like(&theatre.fill(want), &is)))
            };
            if !of_rule.iter().any(|alert| fits(alert)) {
                let seen: Vec<&str> = of_rule.iter().map(|alert| alert.output.as_str()).collect();
                wrong.push(format!("{}: {rule:?} with {fields:?} was not raised; of it: {seen:#?}", self.name));
            }
        }
        for alert in mine {
            if !self.rules().any(|rule| rule == alert.rule) {
                wrong.push(format!("{}: {:?} was raised: {}", self.name, alert.rule, alert.output));
            }
            wrong.extend(self.lacks(theatre, alert).map(|what| format!("{}: {what}: {}", self.name, alert.output)));
        }
        wrong
    }

    /// What every alert must know, whatever its rule.
    fn lacks(&self, theatre: &Theatre, alert: &Alert) -> impl Iterator<Item = String> {
        const KNOWN: [&str; 7] =
            ["evt.type", "proc.name", "proc.exepath", "proc.cmdline", "proc.pname", "user.uid", "container.id"];
        let lacking = KNOWN.iter().filter(|name| matches!(alert.field(name).as_deref(), None | Some("" | "<NA>")));
        let container = alert.field("container.id").unwrap_or_default();
        let expected = if self.place == Place::Container { &theatre.container } else { "host" };
        let elsewhere = container != expected;
        lacking.map(|name| format!("no {name}")).chain(elsewhere.then(|| format!("container.id is {container}")))
    }
}

fn like(want: &str, is: &str) -> bool {
    match (want.strip_prefix('*'), want.strip_suffix('*')) {
        (Some(_), Some(_)) => is.contains(want.trim_matches('*')),
        (Some(end), None) => is.ends_with(end),
        (None, Some(start)) => is.starts_with(start),
        (None, None) => is == want,
    }
}

/// What actions need: a folder, a peer, a control group. All of it is gone with this.
pub(crate) struct Theatre {
    folder: tempfile::TempDir,
    /// Control groups of actions on the host and in a container.
    groups: [PathBuf; 2],
    /// The container's short id.
    container: String,
    port: u16,
    /// Actions so far.
    deeds: AtomicU32,
}

impl Drop for Theatre {
    fn drop(&mut self) {
        // A group can be removed when its processes have ended, which all have been waited for.
        self.groups.iter().for_each(|group| drop(fs::remove_dir(group)));
    }
}

impl Theatre {
    pub(crate) fn new() -> Self {
        // No other name: rules look for hyphens in command lines, and for what lies below /tmp.
        let folder = tempfile::Builder::new().prefix("lannertest").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        ["stage", "deeds"].iter().for_each(|name| fs::create_dir(folder.path().join(name)).unwrap());
        let act = folder.path().join("act");
        fs::copy(c_program("act"), &act).unwrap();
        for name in PLAYED {
            fs::hard_link(&act, folder.path().join(name)).unwrap();
        }
        let groups = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].into_iter().map(Path::new);
        let root = groups.into_iter().find(|path| path.join("cgroup.procs").exists()).expect("control groups");
        // Below the root, since only there every controller is at work by default. The number keeps runs apart.
        let run = std::process::id();
        let id = format!("{run:08x}{}", "e2e0c0de".repeat(7));
        // As docker names them when it manages groups through systemd.
        let groups = [format!("lannertest{run}.slice"), format!("docker-{id}.scope")].map(|name| root.join(name));
        groups.iter().for_each(|group| fs::create_dir(group).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut peer in listener.incoming().map_while(Result::ok) {
                let _ = peer.write_all(b"exit\n");
            }
        });
        Self { folder, groups, container: id[..12].to_owned(), port, deeds: AtomicU32::new(0) }
    }

    /// What the alerts of an action carry.
    pub(crate) fn mark(name: &str) -> String {
        format!("{}-{name}", std::process::id())
    }

    fn fill(&self, text: &str) -> String {
        text.replace("$T", self.folder.path().to_str().unwrap())
            .replace("$PORT", &self.port.to_string())
            .replace("$ID", &self.container)
    }

    /// Begins an action.
    pub(crate) fn perform(&self, action: &Action) -> Child {
        let folder = self.folder.path();
        let act = folder.join("act");
        let [host, container] = self.groups.each_ref().map(|group| [OsStr::new("in-group"), group.as_os_str()]);
        let inner = folder.join("stage");
        let stage = [OsStr::new("stage"), inner.as_os_str()];
        let places: &[_] = match action.place {
            Place::Host => &[&host],
            Place::Stage => &[&host, &stage],
            Place::Container => &[&host, &stage, &container],
        };
        let mut words: Vec<OsString> = Vec::new();
        for place in places {
            words.push(act.clone().into_os_string());
            words.extend(place.iter().map(Into::into));
        }
        // As a file, since a command line would name what is done before it is done.
        let script = folder.join("deeds").join(self.deeds.fetch_add(1, Ordering::Relaxed).to_string());
        fs::write(&script, action.does).unwrap();
        words.extend(["/bin/sh".into(), script.into_os_string()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().current_dir(folder).stdin(Stdio::null());
        command.env(MARK, Self::mark(action.name)).env("PORT", self.port.to_string()).env("T", folder);
        command.env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", folder.display()));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits for the end of an action and of all that it started; what it complains of if it failed.
    pub(crate) fn finish(action: &Action, child: Child) -> Option<String> {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        (!output.status.success()).then(|| format!("{}: {}: {told}", action.name, output.status))
    }
}
