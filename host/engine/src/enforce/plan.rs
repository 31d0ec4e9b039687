//! The programs of all rules put together: each comparison once, alternatives as sets of bits. And what the decider does with
//! it, as a model that the tests hold against the engine.

use thiserror::Error;

use super::program::{Program, Subject, Test};

/// How much fits.
#[derive(Debug, Clone, Copy)]
pub struct Bounds;

impl Bounds {
    /// Distinct comparisons.
    pub const TESTS: usize = 64;
    /// Texts of all comparisons.
    pub const TEXTS: usize = 256;
    /// Alternatives of all rules and events.
    pub const ALTERNATIVES: usize = 1024;
    /// Alternatives of all rules at one event.
    pub const AT_EVENT: usize = 128;
    /// Rules.
    pub const RULES: usize = 256;
    /// Bytes of a text.
    pub const TEXT: usize = 255;
}

/// A rule that no longer fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is room for {most} {what} over all rules that kill")]
pub struct Full {
    /// Of what there are too many.
    pub what: &'static str,
    /// How many there may be.
    pub most: usize,
}

/// What becomes of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is killed.
    Kill,
    /// It is one of those that are never killed.
    Spare,
}

/// An alternative of a rule at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Bits of the comparisons that must hold.
    pub yes: u64,
    /// Bits of those that must not.
    pub no: u64,
    /// The rule's number.
    pub rule: u16,
}

/// The alternatives at one event, in the order of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its code.
    pub code: u16,
    /// They.
    pub alternatives: Vec<Rule>,
}

/// Everything together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The comparisons; the position is the number of the bit.
    pub tests: Vec<Test>,
    /// By code.
    pub events: Vec<Event>,
    /// Bits of the comparisons that spare a process.
    pub protect: u64,
    /// How many rules there are.
    pub rules: u16,
}

impl Plan {
    /// Whether there is nothing to enforce.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Never kill what one of these holds for.
    ///
    /// # Errors
    /// There is no more room.
    pub fn protect(&mut self, tests: Vec<Test>) -> Result<(), Full> {
        for test in tests {
            let bit = self.bit(&test)?;
            self.protect |= bit;
        }
        Ok(())
    }

    /// Adds a rule; its number comes back.
    ///
    /// # Errors
    /// There is no more room; nothing has changed then.
    pub fn add(&mut self, program: &Program) -> Result<u16, Full> {
        let mut with = self.clone();
        let rule = with.rules;
        if usize::from(rule) >= Bounds::RULES {
            return Err(Full { what: "rules", most: Bounds::RULES });
        }
        for (code, alternatives) in &program.events {
            for alternative in alternatives {
                let (mut yes, mut no) = (0, 0);
                for literal in &alternative.literals {
                    let bit = with.bit(&literal.test)?;
                    *(if literal.holds { &mut yes } else { &mut no }) |= bit;
                }
                with.event(*code).alternatives.push(Rule { yes, no, rule });
            }
        }
        let count = |event: &Event| event.alternatives.len();
        if with.events.iter().any(|event| count(event) > Bounds::AT_EVENT) {
            return Err(Full { what: "alternatives at one event", most: Bounds::AT_EVENT });
        }
        if with.events.iter().map(count).sum::<usize>() > Bounds::ALTERNATIVES {
            return Err(Full { what: "alternatives", most: Bounds::ALTERNATIVES });
        }
        with.rules += 1;
        *self = with;
        Ok(rule)
    }

    fn event(&mut self, code: u16) -> &mut Event {
        let at = match self.events.binary_search_by_key(&code, |event| event.code) {
            Ok(at) => at,
            Err(at) => {
                self.events.insert(at, Event { code, alternatives: Vec::new() });
                at
            }
        };
        &mut self.events[at]
    }

    fn bit(&mut self, test: &Test) -> Result<u64, Full> {
        let at = match self.tests.iter().position(|known| known == test) {
            Some(at) => at,
            None => {
                self.tests.push(test.clone());
                self.tests.len() - 1
            }
        };
        if at >= Bounds::TESTS {
            return Err(Full { what: "distinct comparisons", most: Bounds::TESTS });
        }
        if self.tests.iter().map(|test| test.texts.len()).sum::<usize>() > Bounds::TEXTS {
            return Err(Full { what: "texts", most: Bounds::TEXTS });
        }
        Ok(1 << at)
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// As the decider sees it.
    pub value: Vec<u8>,
    /// Of a file's path: as the program gave it, if that is a whole path without `.`, `..` and doubled slashes.
    pub given: Option<Vec<u8>>,
}

/// The values at an event, by number of the subject; `None` for what cannot be had.
pub type Views = [Option<View>; Subject::ALL.len()];

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The rule.
    pub rule: u16,
    /// What is done.
    pub action: Action,
}

impl Plan {
    /// What the decider does at an event with these values: the model of the programs in the kernel.
    pub fn decide(&self, code: u16, views: &Views) -> Option<Verdict> {
        let event = self.events.iter().find(|event| event.code == code)?;
        let (mut known, mut truth, mut given) = (0_u64, 0_u64, 0_u64);
        for (at, test) in self.tests.iter().enumerate() {
            let Some(Some(view)) = views.get(usize::from(test.subject.number())) else { continue };
            let holds = |value: &[u8]| test.texts.iter().any(|text| test.how.holds(value, text));
            known |= 1 << at;
            truth |= u64::from(holds(&view.value)) << at;
            given |= u64::from(view.given.as_deref().is_some_and(holds)) << at;
        }
        let found = event.alternatives.iter().find(|rule| {
            // A path is spared by what it is and by what it was called.
            (rule.yes | rule.no) & !known == 0 && truth & rule.yes == rule.yes && (truth | given) & rule.no == 0
        })?;
        let action = if truth & self.protect != 0 { Action::Spare } else { Action::Kill };
        Some(Verdict { rule: found.rule, action })
    }
}
