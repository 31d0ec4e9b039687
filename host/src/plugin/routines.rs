//! Routines: functions of a plugin that run again and again beside the event loop.
//!
//! Each has its own thread. A pool of fixed size, as upstream has, lets a routine that blocks keep others from running;
//! the bound on their number does what the pool's size does there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use lanner_plugin_api::raw::{self, PluginState, Rc, Routine, RoutineFn, RoutineState, RoutineVtable};

use super::owner::Owner;
use super::tables::scope::CallScope;

/// Routines that one plugin may run at a time.
const MAX_ROUTINES: usize = 64;
/// A routine that returns at once would take a whole processor; it is called this much later.
const PAUSE: Duration = Duration::from_millis(1);
/// How long ending one routine waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// What counts as "at once".
const BRIEF: Duration = Duration::from_micros(100);

pub(super) const VTABLE: RoutineVtable = RoutineVtable { subscribe: Some(subscribe), unsubscribe: Some(unsubscribe) };

/// The routines of one plugin.
#[derive(Default)]
pub(super) struct Routines {
    running: Mutex<Vec<Running>>,
    next_id: AtomicU64,
}

struct Running {
    id: u64,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// What a routine's thread needs.
struct Task {
    run: RoutineFn,
    state: *mut PluginState,
    routine_state: *mut RoutineState,
}

// SAFETY: the contract of routines: the function is called on threads of the host with these two pointers, and the
// plugin guards what is behind them.
unsafe impl Send for Task {}

impl Task {
    fn run(self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            let begin = Instant::now();
            let again = {
                let _scope = CallScope::enter();
                // SAFETY: the plugin's state lives until all routines have ended, see `Routines::purge`.
                unsafe { (self.run)(self.state, self.routine_state) }.get()
            };
            if !again {
                return;
            }
            if begin.elapsed() < BRIEF {
                thread::sleep(PAUSE);
            }
        }
    }
}

impl Routines {
    fn start(&self, plugin: &str, task: Task) -> Result<u64, String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // Routines that have ended by themselves make room.
        running.retain(|r| !r.thread.is_finished());
        if running.len() >= MAX_ROUTINES {
            return Err(format!("more than {MAX_ROUTINES} routines"));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name(format!("routine-{plugin}"))
            .spawn(move || task.run(&seen))
            .map_err(|e| e.to_string())?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed) + 1;
        running.push(Running { id, stop, thread });
        Ok(id)
    }

    /// Ends a routine and waits for it, so that the plugin may free what it works on; but not if the routine itself
    /// asks, and not for ever: the plugin may hold a lock that the routine waits for (upstream does not wait at all).
    fn stop(&self, id: u64) -> bool {
        let found = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.iter().position(|r| r.id == id).map(|at| running.swap_remove(at))
        };
        let Some(routine) = found else { return false };
        routine.stop.store(true, Ordering::Release);
        if routine.thread.thread().id() != thread::current().id() {
            let begin = Instant::now();
            while !routine.thread.is_finished() && begin.elapsed() < PATIENCE {
                thread::sleep(PAUSE);
            }
        }
        if !routine.thread.is_finished() {
            // Kept so that `purge` waits for it.
            self.running.lock().unwrap_or_else(PoisonError::into_inner).push(Running { id: 0, ..routine });
        }
        true
    }

    /// Ends all routines and waits for them.
    pub(super) fn purge(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for routine in &running {
            routine.stop.store(true, Ordering::Release);
        }
        for routine in running {
            join(routine.thread, thread::current().id());
        }
    }

    /// Number of routines that run.
    pub(super) fn count(&self) -> usize {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().filter(|r| !r.thread.is_finished()).count()
    }
}

fn join(thread: JoinHandle<()>, caller: ThreadId) {
    if thread.thread().id() != caller {
        // A panic of ours in the thread has been reported by the panic hook; there is nothing to add.
        drop(thread.join());
    }
}

unsafe extern "C" fn subscribe(o: *mut raw::Owner, f: Option<RoutineFn>, i: *mut RoutineState) -> *mut Routine {
    // SAFETY: the plugin passes the owner that it was given.
    let Some(owner) = (unsafe { o.cast::<Owner>().as_ref() }) else { return std::ptr::null_mut() };
    let Some(run) = f else { return std::ptr::null_mut() };
    match owner.routines.start(owner.name(), Task { run, state: owner.state(), routine_state: i }) {
        // The id itself is the handle: never dereferenced, never 0.
        Ok(id) => std::ptr::without_provenance_mut(usize::try_from(id).unwrap_or(usize::MAX)),
        Err(reason) => {
            owner.log().log(owner.name(), &format!("cannot start a routine: {reason}"), raw::LogSeverity::ERROR);
            std::ptr::null_mut()
        }
    }
}

unsafe extern "C" fn unsubscribe(o: *mut raw::Owner, r: *mut Routine) -> Rc {
    // SAFETY: the plugin passes the owner that it was given.
    let Some(owner) = (unsafe { o.cast::<Owner>().as_ref() }) else { return Rc::FAILURE };
    if owner.routines.stop(r.addr() as u64) { Rc::SUCCESS } else { Rc::FAILURE }
}
