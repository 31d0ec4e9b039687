//! The world before the first step: users, containers, processes.

mod container;
mod descriptor;
mod process;
mod spec;
mod user;

use std::collections::HashMap;

use lanner_syscall::capture::{Group, Thread, User};

use crate::error::{ScriptError, did_you_mean};
use crate::read::Node;

pub(crate) use container::Container;
pub(crate) use spec::Spec;

/// When every script begins: 2026-01-01 12:00 UTC.
pub(crate) const START: u64 = 1_767_268_800_000_000_000;
pub(crate) const HOUR: u64 = 3_600_000_000_000;
/// When the machine was started.
pub(crate) const BOOT: u64 = START - 24 * HOUR;

/// Name and thread id of the process that is always there.
pub(crate) const INIT: &str = "init";
pub(crate) const INIT_TID: i64 = 1;

/// What is known before the first step.
pub(crate) struct World {
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
    pub(crate) containers: Vec<Container>,
    pub(crate) threads: Vec<Thread>,
    /// Processes by the names that the script gives them.
    pub(crate) names: HashMap<String, i64>,
    /// The process that acts when a step does not say.
    pub(crate) actor: i64,
    next_tid: i64,
}

impl World {
    /// A machine with root, a few system users and init.
    pub(crate) fn new() -> Self {
        let user = |uid, name: &str, home: &str, shell: &str| user::user(uid, uid, name, home, shell);
        let users = vec![
            user(0, "root", "/root", "/bin/bash"),
            user(1, "daemon", "/usr/sbin", "/usr/sbin/nologin"),
            user(33, "www-data", "/var/www", "/usr/sbin/nologin"),
            user(65534, "nobody", "/nonexistent", "/usr/sbin/nologin"),
        ];
        let groups = users.iter().map(|u| Group { gid: u.gid, name: u.name.clone() }).collect();
        let mut world = Self {
            users,
            groups,
            containers: Vec::new(),
            threads: Vec::new(),
            names: HashMap::new(),
            actor: INIT_TID,
            next_tid: 1000,
        };
        world.threads.push(process::init());
        world.names.insert(INIT.to_owned(), INIT_TID);
        world
    }

    pub(crate) fn read(&mut self, node: &Node<'_>) -> Result<(), ScriptError> {
        let fields = node.fields()?;
        let lists = ["users", "groups", "containers", "processes"].map(|key| fields.given(key));
        fields.finish()?;
        let [users, groups, containers, processes] = lists.map(|l| l.map_or(Ok(Vec::new()), |l| l.list()));
        for node in users? {
            self.read_user(&node)?;
        }
        for node in groups? {
            self.read_group(&node)?;
        }
        for node in containers? {
            let container = Container::read(&node)?;
            if self.containers.iter().any(|c| c.answers_to(&container.name) || c.answers_to(&container.id)) {
                return Err(node.error("there is a container of this name or id already"));
            }
            self.containers.push(container);
        }
        for node in processes? {
            self.read_process(&node)?;
        }
        Ok(())
    }

    /// A process by name, number, or (`None`) the acting one.
    pub(crate) fn process(&self, node: &Node<'_>) -> Result<i64, ScriptError> {
        if node.value.is_number() {
            return node.number();
        }
        let name = node.text()?;
        self.names.get(&name).copied().ok_or_else(|| {
            let hint = did_you_mean(&name, self.names.keys().map(String::as_str));
            node.error(format!("no process has the name \"{name}\"{hint}: name one with `as:`"))
        })
    }

    /// Remembers a name; it may be given again, and then means the later process.
    pub(crate) fn name(&mut self, name: String, tid: i64) {
        self.names.insert(name, tid);
    }

    /// A thread id that nothing has.
    pub(crate) fn free_tid(&mut self) -> i64 {
        self.next_tid += 1;
        self.next_tid
    }

    /// Keeps automatic ids away from one that the script has chosen.
    pub(crate) fn reserve(&mut self, tid: i64) {
        if (self.next_tid..1 << 22).contains(&tid) {
            self.next_tid = tid;
        }
    }

    /// A container by name or id; `None` for "host".
    pub(crate) fn container(&self, node: &Node<'_>) -> Result<Option<&Container>, ScriptError> {
        let name = node.text()?;
        if name == "host" {
            return Ok(None);
        }
        self.containers.iter().find(|c| c.answers_to(&name)).map(Some).ok_or_else(|| {
            let hint = did_you_mean(&name, self.containers.iter().map(|c| c.name.as_str()));
            node.error(format!("no container has the name \"{name}\"{hint}: describe it under given.containers"))
        })
    }
}
