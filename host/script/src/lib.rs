//! A short script becomes a capture: a small world (users, containers, processes with what they have open) and a list of
//! steps, each a system call of one of the processes.
//!
//! The capture is a real one: lists of the machine's state, events with every parameter that the probe records, events
//! about containers and users. It is read like any file, so that a test of a rule takes the way that a recording takes.
//! While it is written, the same state machine that will read it ([`lanner_syscall::state`]) follows along: what a
//! script leaves out (the next free descriptor, the executable after an exec, the name behind a descriptor) is what the
//! reader will believe.
//!
//! ```
//! use serde_json::json;
//! let given = json!({"processes": [{"as": "shell", "exe": "/bin/bash", "tty": 34816}]});
//! let events = [json!({"openat": {"name": "/etc/shadow", "flags": "O_RDONLY"}})];
//! let recording = lanner_script::record(&given, &events)?;
//! assert_eq!(recording.steps.len(), 1);
//! # Ok::<(), lanner_script::ScriptError>(())
//! ```

mod addr;
mod error;
pub mod keys;
mod machine;
mod names;
mod read;
pub mod schema;
mod step;
mod value;
mod world;

use std::ops::Range;

use serde_json::Value;

pub use error::{Part, Place, ScriptError, Segment};
pub use step::words::{event_of, step_names};

use error::Place as At;
use machine::Machine;
use read::Node;
use world::World;

/// A script that has become a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The capture, plain.
    pub bytes: Vec<u8>,
    /// Numbers (`evt.num`) of the events of each step. A step may be several events; those that only carry state are
    /// never seen by rules.
    pub steps: Vec<Range<u64>>,
}

/// Turns a script into a capture. `given` is the map of the world (`null`: an empty one), each of `events` one step.
///
/// # Errors
/// The first mistake of the script, with its place.
pub fn record(given: &Value, events: &[Value]) -> Result<Recording, ScriptError> {
    let mut world = World::new();
    world.read(&Node::new(given, At::new(Part::Given)))?;
    let unwritable = |e: std::io::Error| ScriptError {
        place: At::new(Part::Given),
        message: format!("the world cannot be written into a capture: {e}"),
    };
    let mut machine = Machine::start(world).map_err(unwritable)?;
    let steps = events.iter().enumerate().map(|(n, step)| {
        let place = At::new(Part::Events).with(Segment::Index(n));
        machine.step(&Node::new(step, place))
    });
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    Ok(Recording { bytes: machine.finish().map_err(unwritable)?, steps })
}
