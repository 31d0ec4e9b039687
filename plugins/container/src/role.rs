//! What processes of a container are there for, by what they were started as: one of the commands by which a runtime asks whether
//! all is well, or the container's own work.

use std::ffi::CStr;

use lanner_plugin_api::sdk::{EntryView, TableError, TableReader};

use crate::exec;
use crate::fields::FieldId;
use crate::info::Probe;
use crate::owner::Probes;
use crate::track::{Category, Threads};

/// What a process was started as: `argv[0]`, and the arguments that are not empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    exe: Vec<u8>,
    args: Vec<Vec<u8>>,
}

impl Words {
    pub(crate) fn of(t: &Threads, thread: &EntryView<'_>, tables: &TableReader<'_>) -> Result<Self, TableError> {
        let mut args = Vec::new();
        thread.table(&t.args)?.for_each(tables, |arg| {
            args.extend(arg.read(&t.arg).ok().map(|a| a.to_bytes().to_vec()).filter(|a| !a.is_empty()));
            true
        })?;
        Ok(Self { exe: thread.read(&t.exe)?.to_bytes().to_vec(), args })
    }

    /// All of them, one after the other.
    pub(crate) fn into_line(self) -> exec::Line {
        std::iter::once(self.exe).chain(self.args).map(Vec::into_boxed_slice).collect()
    }

    fn is(&self, probe: &Probe) -> bool {
        probe.exe.as_bytes() == self.exe && probe.args.iter().map(String::as_bytes).eq(self.args.iter().map(|a| &a[..]))
    }

    /// Which of the container's probes this is.
    pub(crate) fn probe(&self, probes: &Probes) -> Category {
        let all = [
            (&probes.health, Category::HEALTHCHECK),
            (&probes.liveness, Category::LIVENESS_PROBE),
            (&probes.readiness, Category::READINESS_PROBE),
        ];
        let found = all.iter().find(|(probe, _)| probe.as_ref().is_some_and(|probe| self.is(probe)));
        found.map_or(Category::NONE, |(_, category)| *category)
    }
}

/// The probe that a field asks about, and what its processes are marked with.
pub(crate) fn asked(field: FieldId, probes: &Probes) -> (Option<&Probe>, Category) {
    match field {
        FieldId::ProcIsContainerHealthcheck => (probes.health.as_ref(), Category::HEALTHCHECK),
        FieldId::ProcIsContainerLivenessProbe => (probes.liveness.as_ref(), Category::LIVENESS_PROBE),
        _ => (probes.readiness.as_ref(), Category::READINESS_PROBE),
    }
}

/// A process of a container of which nothing is known yet, and those in it that it comes from: enough to say later what it was
/// there for.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The process itself is the first.
    all: Vec<Words>,
    /// Whether it comes from the container's first process, or is that.
    from_first: bool,
}

impl Line {
    /// The line of the process of this thread, as far as it is in the container with this id.
    pub(crate) fn of(t: &Threads, tables: &TableReader<'_>, thread: i64, id: &CStr) -> Result<Self, TableError> {
        /// A probe is a command and what that starts; ids used again can make rings of parents.
        const LONGEST: usize = 16;

        let mut line = Self::default();
        let mut next = thread;
        while line.all.len() < LONGEST {
            let Some(entry) = t.table.entry(tables, next).filter(|e| e.read(&t.container_id).is_ok_and(|of| of == id))
            else {
                break;
            };
            line.all.push(Words::of(t, &entry, tables)?);
            if entry.read(&t.vpid)? == 1 {
                line.from_first = true;
                break;
            }
            next = entry.read(&t.ptid)?;
        }
        Ok(line)
    }

    /// Whether the process is the probe that the field asks about, or was started by it; `None`: there is no such probe.
    pub(crate) fn is(&self, field: FieldId, probes: &Probes) -> Option<bool> {
        let (probe, category) = asked(field, probes);
        probe?;
        // Whatever a probe starts is part of it.
        let outermost = self.all.iter().rev().map(|words| words.probe(probes)).find(|found| *found != Category::NONE);
        Some(!self.from_first && outermost == Some(category))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_probe_starts_is_part_of_it_and_what_the_container_starts_is_not() {
        let words = |text: &str| {
            let mut words = text.split(' ').map(|word| word.as_bytes().to_vec());
            Words { exe: words.next().unwrap(), args: words.collect() }
        };
        let probe = |exe: &str, arg: &str| Some(Probe { exe: exe.into(), args: vec![arg.into()] });
        let probes = Probes { health: probe("sh", "/check"), liveness: probe("cat", "/alive"), readiness: None };
        let is = |line: &[&str], from_first, field| {
            Line { all: line.iter().map(|text| words(text)).collect(), from_first }.is(field, &probes)
        };
        let (health, live) = (FieldId::ProcIsContainerHealthcheck, FieldId::ProcIsContainerLivenessProbe);
        assert_eq!(is(&["sh /check"], false, health), Some(true));
        assert_eq!(is(&["cat /alive", "sh /check"], false, health), Some(true), "the outer one");
        assert_eq!(is(&["cat /alive", "sh /check"], false, live), Some(false));
        assert_eq!(is(&["sh /check"], true, health), Some(false), "the container's own");
        assert_eq!(is(&["sh /other"], false, health), Some(false));
        assert_eq!(is(&["sh /check"], false, FieldId::ProcIsContainerReadinessProbe), None, "there is none");
    }
}
