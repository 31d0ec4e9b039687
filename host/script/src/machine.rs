//! The machine while the script runs: the capture that is being written, and the state that its reader will have.

use std::collections::HashMap;
use std::ops::Range;

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_syscall::capture::{
    Events, Head, InitialState, Interface, InterfaceAddr, Keep, Machine as Hardware, Thread,
};
use lanner_syscall::state::fd::Fd;
use lanner_syscall::state::{Limits, Mode, State};

use crate::error::ScriptError;
use crate::read::Node;
use crate::world::{BOOT, START, World};

/// Time from one step to the next when the script does not say, ns.
pub(crate) const TICK: u64 = 1_000_000;
/// Time from one event of a step to the next, ns.
const WITHIN: u64 = 1_000;
/// What the container plugin's events carry as their plugin.
const CONTAINER_PLUGIN: u32 = 0;

/// World, state and capture.
pub(crate) struct Machine {
    pub(crate) world: World,
    pub(crate) state: State,
    /// Descriptors by the names that steps give them.
    pub(crate) fd_names: HashMap<String, i64>,
    /// The descriptor that each process opened last.
    pub(crate) last_fd: HashMap<i64, i64>,
    /// Time of the next event.
    pub(crate) now: u64,
    /// Time at which the step began.
    step_began: u64,
    events: Events<Vec<u8>>,
    count: u64,
    next_ino: u64,
    builder: EventBuilder,
}

impl Machine {
    /// Writes the world; the state is that of its reader from then on.
    pub(crate) fn start(world: World) -> Result<Self, std::io::Error> {
        let hardware = Hardware {
            cpus: 4,
            memory: 8 << 30,
            max_pid: 1 << 22,
            hostname: b"script".as_slice().into(),
            boot_ts: BOOT,
        };
        let eth0 = Interface {
            name: b"eth0".as_slice().into(),
            addr: InterfaceAddr::V4 {
                addr: [10, 0, 0, 5].into(),
                mask: [255, 255, 255, 0].into(),
                broadcast: [10, 0, 0, 255].into(),
            },
            link_speed: 0,
        };
        let initial = InitialState {
            machine: Some(hardware),
            interfaces: vec![eth0],
            users: world.users.clone(),
            groups: world.groups.clone(),
            threads: world.threads.clone(),
        };
        let mut head = Head::plain(Vec::new())?;
        head.state(&initial)?;
        let mut state = State::new(Mode::Capture, Limits::default());
        state.load(&initial);
        let mut machine = Self {
            world,
            state,
            fd_names: HashMap::new(),
            last_fd: HashMap::new(),
            now: START,
            step_began: START,
            events: head.events(),
            count: 0,
            next_ino: 700_000,
            builder: EventBuilder::new(),
        };
        machine.tell_containers()?;
        // Ends the head: what comes before the first other event is taken for state, whatever it is.
        let getpid = [16_u16.to_le_bytes().to_vec(), 39_u16.to_le_bytes().to_vec()];
        machine.write(EventType::GENERIC_X, crate::world::INIT_TID, &getpid, Keep::StateOnly)?;
        Ok(machine)
    }

    /// Events about containers and the users in them, as they stand at the head of recordings.
    fn tell_containers(&mut self) -> std::io::Result<()> {
        let text = |t: &[u8]| [t, b"\0"].concat();
        let number = |n: u32| n.to_le_bytes().to_vec();
        for at in 0..self.world.containers.len() {
            let container = &self.world.containers[at];
            let (id, json) = (text(container.id.as_bytes()), text(&container.json));
            let params = [number(CONTAINER_PLUGIN), text(b"container"), json];
            self.write(EventType::ASYNCEVENT_E, -1, &params, Keep::Whole)?;
            for n in 0..self.world.users.len() {
                let u = &self.world.users[n];
                let params = [number(u.uid), number(u.gid), text(&u.name), text(&u.home), text(&u.shell), id.clone()];
                self.write(EventType::USER_ADDED_E, -1, &params, Keep::Whole)?;
            }
            for n in 0..self.world.groups.len() {
                let g = &self.world.groups[n];
                let params = [number(g.gid), text(&g.name), id.clone()];
                self.write(EventType::GROUP_ADDED_E, -1, &params, Keep::Whole)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, code: EventType, tid: i64, params: &[Vec<u8>], keep: Keep) -> std::io::Result<()> {
        self.builder.begin(self.now, tid, code, params.len());
        params.iter().for_each(|p| _ = self.builder.push(p));
        let event = self.builder.finish().map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidInput, e))?;
        self.events.write(&event, 0, keep)?;
        self.count += 1;
        self.state.on_event(&event, 0, self.count);
        self.now = self.now.saturating_add(WITHIN);
        Ok(())
    }

    /// Writes an event; the state follows.
    ///
    /// # Errors
    /// A parameter is longer than events can hold.
    pub(crate) fn emit(
        &mut self,
        node: &Node<'_>,
        code: EventType,
        tid: i64,
        params: &[Vec<u8>],
        keep: Keep,
    ) -> Result<(), ScriptError> {
        self.write(code, tid, params, keep).map_err(|e| node.error(format!("the event cannot be written: {e}")))
    }

    /// Numbers of the events that `act` makes.
    pub(crate) fn numbers<E>(&mut self, act: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<Range<u64>, E> {
        let first = self.count + 1;
        act(self)?;
        Ok(first..self.count + 1)
    }

    pub(crate) fn finish(self) -> std::io::Result<Vec<u8>> {
        self.events.finish()
    }

    /// The next step begins `after` the one before. Time does not run backwards: a step of many events takes as long as
    /// they do.
    pub(crate) fn advance(&mut self, after: u64) {
        self.step_began = self.step_began.saturating_add(after).max(self.now);
        self.now = self.step_began;
    }

    /// An inode that nothing has.
    pub(crate) fn fresh_ino(&mut self) -> u64 {
        self.next_ino += 1;
        self.next_ino
    }

    /// The lowest descriptor that a process can open.
    pub(crate) fn free_fd(&self, tid: i64) -> i64 {
        self.free_fds(tid)[0]
    }

    /// The two lowest descriptors that a process can open.
    pub(crate) fn free_fds(&self, tid: i64) -> [i64; 2] {
        let Some(thread) = self.state.thread(tid) else { return [3, 4] };
        let mut free = (0..).filter(|fd| self.state.fd_of(thread, *fd).is_none());
        [free.next().unwrap_or(3), free.next().unwrap_or(4)]
    }

    pub(crate) fn fd(&self, tid: i64, fd: i64) -> Option<&Fd> {
        self.state.fd_of(self.state.thread(tid)?, fd)
    }

    /// A process as it is now, in the shape of a list entry.
    pub(crate) fn snapshot(&self, tid: i64) -> Option<Thread> {
        let listed = self.state.listed(tid)?;
        let groups = self.state.thread(tid)?.cgroups.pairs().flat_map(|(subsystem, path)| {
            // The state knows these by the names of version 1, events by those of version 2; both texts end with their NUL.
            let subsystem = subsystem.strip_suffix(b"\0").unwrap_or(subsystem);
            [if subsystem == b"blkio" { b"io" } else { subsystem }, b"=", path].concat()
        });
        Some(Thread { cgroups: groups.collect(), ..listed })
    }
}
