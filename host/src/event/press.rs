//! Making alerts of rules that match.

use std::sync::Arc;

use lanner_engine::compile::{RuleSet, Scratch};
use lanner_engine::format::{FormatValue, OutputFormat, Shown, ShownMemory};
use lanner_engine::value::{Extract, SlotId, Values};

use super::enforce;
use super::rules::{How, RuleAlert};
use crate::alert::Alert;

/// Answers about an event that has just been evaluated: what its rules have asked already is at hand.
pub(super) struct Told<'a, E> {
    pub(super) set: &'a RuleSet,
    pub(super) scratch: &'a Scratch,
    pub(super) extract: E,
}

impl<E: Extract> Extract for Told<'_, E> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        self.set.told(self.scratch, slot, out) || self.extract.extract(slot, out)
    }
}

/// Makes alerts.
pub(super) struct Press<'p> {
    pub(super) shown: &'p mut ShownMemory,
    pub(super) bytes: &'p mut Vec<u8>,
    pub(super) how: &'p How,
}

impl Press<'_> {
    /// The alert of a rule; `done`: what was done for it where the event happened.
    pub(super) fn alert(
        &mut self,
        rule: &RuleAlert,
        extract: &mut dyn Extract,
        time_ns: u64,
        done: Option<&'static str>,
    ) -> Alert {
        let (how, bytes) = (self.how, &mut *self.bytes);
        let mut event = Shown::new(self.shown, extract);
        let mut message = text(&rule.output, &mut event, how, bytes);
        enforce::tell(done, &mut message);
        let mut fields: Vec<(Arc<str>, FormatValue)> = Vec::new();
        // Text lines show no fields, and making them costs more than the rest of the alert.
        if how.fields {
            fields.reserve_exact(rule.output.keys().len() + rule.extra.len() + 1);
            rule.output.values(&mut event, how.render, &mut |key, value| fields.push((Arc::clone(key), value)));
            for extra in &rule.extra {
                let value = if extra.raw {
                    let mut found = FormatValue::Null;
                    extra.format.values(&mut event, how.render, &mut |_, value| found = value);
                    found
                } else {
                    FormatValue::Text(text(&extra.format, &mut event, how, bytes))
                };
                put(&mut fields, &extra.key, value);
            }
            if let Some(done) = done {
                put(&mut fields, &enforce::KEY.into(), FormatValue::Text(done.to_owned()));
            }
        }
        Alert { time_ns, head: Arc::clone(&rule.head), hostname: Arc::clone(&how.hostname), message, fields }
    }
}

/// Puts a field into its place among sorted ones; what has its name goes.
fn put(fields: &mut Vec<(Arc<str>, FormatValue)>, key: &Arc<str>, value: FormatValue) {
    match fields.binary_search_by(|(known, _)| known.cmp(key)) {
        Ok(at) => fields[at].1 = value,
        Err(at) => fields.insert(at, (Arc::clone(key), value)),
    }
}

fn text(format: &OutputFormat, event: &mut Shown<'_>, how: &How, bytes: &mut Vec<u8>) -> String {
    bytes.clear();
    format.render(event, how.render, bytes);
    // Nearly always it is text, and to see that is a tenth of the work of repairing it.
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::check::Condition;
    use lanner_engine::compile::RuleMatching;
    use lanner_engine::format::RenderOptions;
    use lanner_engine::scheme::{EventKind, FieldInfo, FieldType, Scheme};
    use lanner_engine::value::SlotTable;

    /// Has a value for every field, another one each time.
    struct Counting(u8);

    impl Extract for &mut Counting {
        fn extract(&mut self, _: SlotId, out: &mut Values) -> bool {
            self.0 += 1;
            out.push_bytes(&[b'a' + self.0]);
            true
        }
    }

    #[test]
    fn an_alert_shows_what_its_rule_has_compared() {
        let mut builder = Scheme::builder("syscall");
        for name in ["t.one", "t.two", "t.three"] {
            builder.field(FieldInfo::new(name, FieldType::Charbuf)).unwrap();
        }
        builder.event(EventKind { code: 1, name: "open".into(), dynamic: false, every_rule: false }).unwrap();
        let scheme = builder.build();
        let mut slots = SlotTable::new();
        let output = OutputFormat::compile("%t.two %t.three %t.two %t.one", &scheme, &mut slots).unwrap();
        let expr = lanner_engine::parse::parse("t.one = b and t.two = c", 0).unwrap();
        let condition = Condition::check(&expr, &scheme).unwrap();
        let set = RuleSet::compile(&[&condition], scheme, slots);
        let (mut scratch, mut hits, mut host) = (set.scratch(), Vec::new(), Counting(0));
        set.evaluate(&mut scratch, 1, &mut &mut host, RuleMatching::First, &mut hits);
        assert_eq!(hits, [0]);
        let head = Alert::sample().head;
        let rule = RuleAlert { id: 0, head, output, extra: Vec::new(), enforced: None };
        let how = How {
            matching: RuleMatching::First,
            render: RenderOptions::default(),
            fields: true,
            hold: std::time::Duration::ZERO,
            hostname: "lab".into(),
        };
        let (mut shown, mut bytes) = (ShownMemory::default(), Vec::new());
        let mut told = Told { set: &set, scratch: &scratch, extract: &mut host };
        let alert =
            Press { shown: &mut shown, bytes: &mut bytes, how: &how }.alert(&rule, &mut told, 7, Some("killed"));
        assert_eq!(alert.message, "c d c b enforce_action=killed");
        let text = |text: &str| FormatValue::Text(text.to_owned());
        let fields = [("enforce.action", "killed"), ("t.one", "b"), ("t.three", "d"), ("t.two", "c")];
        assert_eq!(alert.fields, fields.map(|(name, value)| (name.into(), text(value))));
        assert_eq!(host.0, 3, "one question for each field");
    }

    #[test]
    fn a_field_takes_the_place_of_what_has_its_name() {
        let mut fields = Vec::new();
        for (key, value) in [("b", 1), ("a", 2), ("c", 3), ("b", 4)] {
            put(&mut fields, &key.into(), FormatValue::Uint(value));
        }
        let expected = [("a", 2), ("b", 4), ("c", 3)].map(|(key, value)| (key.into(), FormatValue::Uint(value)));
        assert_eq!(fields, expected);
    }
}
