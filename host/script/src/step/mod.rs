//! Steps: each is one call of one process, with all the events that the probe would have recorded.

mod clone;
mod defaults;
pub(crate) mod exec;
mod exit;
mod plain;
pub(crate) mod socket;
pub(crate) mod words;

use std::ops::Range;

use lanner_plugin_api::schema::{Arch, EventType, Sc};
use lanner_syscall::capture::Keep;

use crate::error::{ScriptError, did_you_mean};
use crate::machine::{Machine, TICK};
use crate::names;
use crate::read::Node;
use crate::value;
use words::Call;

/// Keys that every step may have.
const COMMON: [&str; 4] = ["by", "after", "as", "result"];

/// Longest time between two steps: times must stay times.
const LONGEST: u64 = 3650 * 24 * crate::world::HOUR;

/// A step as it is read, before its body.
pub(crate) struct Act<'a> {
    /// What stands behind the step's name.
    body: Node<'a>,
    /// The process that acts.
    tid: i64,
    /// Name that the step gives to what it makes.
    name: Option<Node<'a>>,
    result: Option<Node<'a>>,
}

impl Act<'_> {
    /// The result that the script asks for.
    fn result(&self) -> Result<Option<i64>, ScriptError> {
        self.result.as_ref().map(names::result).transpose()
    }

    fn refuse_name(&self) -> Result<(), ScriptError> {
        match &self.name {
            Some(name) => Err(name.error("this step makes nothing that could have a name")),
            None => Ok(()),
        }
    }

    fn refuse_result(&self) -> Result<(), ScriptError> {
        match &self.result {
            Some(result) => Err(result.error("events of this kind have no result")),
            None => Ok(()),
        }
    }
}

impl Machine {
    /// Runs one step; gives the numbers of its events.
    pub(crate) fn step(&mut self, node: &Node<'_>) -> Result<Range<u64>, ScriptError> {
        let f = node.fields()?;
        let [by, after, name, result] = COMMON.map(|key| f.given(key));
        let words: Vec<&str> = f.keys().filter(|k| !COMMON.contains(k)).collect();
        let [word] = words[..] else {
            return Err(node.error(match words[..] {
                [] => "a step needs the name of an event, such as `openat: {name: /etc/passwd}`".to_owned(),
                _ => format!("a step is one event, this one has several: {}", words.join(", ")),
            }));
        };
        let Some(body) = f.get(word) else { return Err(node.expected("a map")) };
        let Some(call) = words::find(word) else {
            let known = words::step_names();
            let hint = did_you_mean(word, known.into_iter().chain(COMMON));
            return Err(body.error(format!("unknown event \"{word}\"{hint}")));
        };
        let tid = match &by {
            Some(by) => self.world.process(by)?,
            None => self.world.actor,
        };
        if self.state.thread(tid).is_none_or(|t| t.is_dead()) {
            let place = by.as_ref().unwrap_or(node);
            return Err(
                place.error(format!("process {tid} is not there, or no longer: say with `by:` which process acts"))
            );
        }
        let after = after.map_or(Ok(TICK), |n| match names::duration(&n)? {
            span if span > LONGEST => Err(n.error("a step cannot be more than ten years after the one before")),
            span => Ok(span),
        })?;
        self.advance(after);
        // The word lets a test's parameter stand for what the call returns when it goes well.
        let result = result.filter(|node| node.value != "success");
        let act = Act { body, tid, name, result };
        self.numbers(|machine| match call {
            Call::Exec(code) => machine.exec(&act, code),
            Call::Clone(code) => machine.clone(&act, code),
            Call::Spawn => machine.spawn(&act),
            Call::Exit => machine.exit(&act),
            Call::Generic(code) => machine.generic(&act, code),
            Call::Plain(code) => machine.plain(&act, code),
        })
    }

    fn generic(&mut self, act: &Act<'_>, code: Option<Sc>) -> Result<(), ScriptError> {
        act.refuse_name()?;
        act.refuse_result()?;
        let f = act.body.fields()?;
        let code = match (code, f.given("syscall").or_else(|| f.given("ID"))) {
            (Some(code), None) => code,
            (None, Some(node)) => Sc(value::syscall_code(&node)?),
            (Some(_), Some(node)) => return Err(node.error("the step's name says already which call it is")),
            (None, None) => return Err(f.error("write the name of the call: `generic: {syscall: name}`")),
        };
        let native = f.number::<u16>("nativeID")?;
        f.finish()?;
        let native = native.or_else(|| code.info()?.native(Arch::X86_64)).unwrap_or(0);
        let params = [code.0.to_le_bytes().to_vec(), native.to_le_bytes().to_vec()];
        self.emit(&act.body, EventType::GENERIC_X, act.tid, &params, Keep::Whole)
    }
}
