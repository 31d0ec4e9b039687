//! An alert: what a rule's match becomes. Owned and complete, so that it can cross threads and wait in queues; the
//! event that caused it is long gone when it is delivered.

mod clock;
pub mod json;

use std::sync::Arc;

use lanner_engine::format::FormatValue;
use lanner_engine::load::Priority;

pub use clock::Clock;

use crate::config::AlertForm;
use json::Object;

/// The source of alerts that the program raises about itself. They have no tags, and fields of their own only.
pub const INTERNAL: &str = "internal";

/// What is the same for all alerts of a rule.
#[derive(Debug)]
pub struct RuleHead {
    /// The rule's name.
    pub rule: Box<str>,
    /// The source of its events.
    pub source: Box<str>,
    /// How grave it is.
    pub priority: Priority,
    /// Its tags, sorted.
    pub tags: Vec<Box<str>>,
}

/// One alert.
#[derive(Clone, Debug)]
pub struct Alert {
    /// When the event happened, nanoseconds since the epoch.
    pub time_ns: u64,
    /// The rule.
    pub head: Arc<RuleHead>,
    /// Where it was raised.
    pub hostname: Arc<str>,
    /// The rule's output with its fields filled in; bytes that were not UTF-8 are U+FFFD.
    pub message: String,
    /// The fields of the output and the extra ones, sorted by name.
    pub fields: Vec<(Arc<str>, FormatValue)>,
}

impl Alert {
    /// The line of text, without line feed: local time, priority, message; escaped as a JSON text is, so that one alert
    /// is one line whatever a process calls itself.
    pub fn text(&self, form: &AlertForm, clock: &mut Clock) -> String {
        if self.is_internal() {
            return self.internal_text(clock);
        }
        let mut line = String::with_capacity(self.message.len() + 64);
        self.push_output(form, clock, &mut line);
        line
    }

    /// The JSON object, without line feed.
    pub fn json(&self, form: &AlertForm, clock: &mut Clock) -> String {
        let mut out = String::with_capacity(3 * self.message.len() + 512);
        let mut object = Object::open(&mut out);
        object.string("hostname", &self.hostname);
        if self.is_internal() {
            object.string("output", &self.message);
            let fields = object.key("output_fields");
            let mut inner = Object::open(fields);
            self.fields.iter().for_each(|(key, value)| json::push_value(value, inner.key(key)));
            inner.close();
            object.string("priority", self.head.priority.name());
            object.string("rule", &self.head.rule);
            object.string("source", &self.head.source);
            self.push_time(clock, object.key("time"));
            object.close();
            return out;
        }
        if form.include_message {
            object.string("message", &self.message);
        }
        if form.include_output {
            let output = object.key("output");
            output.push('"');
            self.push_output(form, clock, output);
            output.push('"');
        }
        if form.include_output_fields {
            self.push_fields(form, object.key("output_fields"));
        }
        object.string("priority", self.head.priority.name());
        object.string("rule", &self.head.rule);
        object.string("source", &self.head.source);
        if form.include_tags {
            json::push_list(&self.head.tags, object.key("tags"), |tag, out| json::push_string(tag, out));
        }
        self.push_time(clock, object.key("time"));
        object.close();
        out
    }

    /// Bytes that it takes while it waits, with the line that is made of it.
    pub fn weight(&self) -> usize {
        fn of(value: &FormatValue) -> usize {
            match value {
                FormatValue::Text(text) => text.len(),
                FormatValue::List(list) => list.iter().map(|value| of(value) + 32).sum(),
                _ => 0,
            }
        }
        let fields: usize = self.fields.iter().map(|(name, value)| name.len() + of(value) + 64).sum();
        512 + 2 * (self.message.len() + fields)
    }

    fn is_internal(&self) -> bool {
        *self.head.source == *INTERNAL
    }

    /// As Falco writes alerts about itself: the fields in parentheses, the time always local.
    fn internal_text(&self, clock: &mut Clock) -> String {
        let mut line = String::with_capacity(2 * self.message.len() + 512);
        clock.time(self.time_ns, true, &mut line);
        line.extend([": ", self.head.priority.name(), " "]);
        json::push_escaped(&self.message, &mut line);
        line.push_str(" (");
        for (n, (key, value)) in self.fields.iter().enumerate() {
            line.extend([if n == 0 { "" } else { " " }, key, "="]);
            json::push_value(value, &mut line);
        }
        line.push(')');
        line
    }

    /// In the form that the configuration asks for.
    pub fn line(&self, form: &AlertForm, clock: &mut Clock) -> String {
        if form.json { self.json(form, clock) } else { self.text(form, clock) }
    }

    /// Time, priority and message, escaped: the first two have nothing to escape.
    fn push_output(&self, form: &AlertForm, clock: &mut Clock, out: &mut String) {
        if form.iso_8601 {
            clock.iso_8601(self.time_ns, "+0000", out);
        } else {
            clock.time(self.time_ns, true, out);
        }
        out.extend([": ", self.head.priority.name(), " "]);
        json::push_escaped(&self.message, out);
    }

    /// The time as a JSON string; it has nothing to escape.
    fn push_time(&self, clock: &mut Clock, out: &mut String) {
        out.push('"');
        clock.iso_8601(self.time_ns, "Z", out);
        out.push('"');
    }

    /// The fields, and among them, in its place, the time: under the name of the field that heads the line.
    fn push_fields(&self, form: &AlertForm, out: &mut String) {
        let time_key = if form.iso_8601 { "evt.time.iso8601" } else { "evt.time" };
        let mut object = Object::open(out);
        let mut timed = false;
        for (key, value) in &self.fields {
            if !timed && key.as_ref() >= time_key {
                json::push_value(&FormatValue::Uint(self.time_ns), object.key(time_key));
                timed = true;
            }
            if key.as_ref() != time_key {
                json::push_value(value, object.key(key));
            }
        }
        if !timed {
            json::push_value(&FormatValue::Uint(self.time_ns), object.key(time_key));
        }
        object.close();
    }
}

#[cfg(test)]
impl Alert {
    /// An alert for tests.
    pub(crate) fn sample() -> Self {
        Alert {
            time_ns: 1_795_257_384_808_075_606,
            head: Arc::new(RuleHead {
                rule: "R".into(),
                source: "syscall".into(),
                priority: Priority::Warning,
                tags: vec!["a".into(), "b".into()],
            }),
            hostname: "lab".into(),
            message: "file=\"a\\b\nc\"".into(),
            fields: vec![
                ("evt.num".into(), FormatValue::Uint(7)),
                ("evt.type".into(), FormatValue::Text("open\"at".into())),
                ("proc.name".into(), FormatValue::Null),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    const FORM: AlertForm = AlertForm {
        json: true,
        include_output: true,
        include_message: false,
        include_output_fields: true,
        include_tags: true,
        iso_8601: false,
        base64_buffers: false,
    };

    fn clock() -> Clock {
        Clock::new(TimeZone::UTC)
    }

    #[test]
    fn text_is_one_escaped_line() {
        assert_eq!(Alert::sample().text(&FORM, &mut clock()), r#"10:36:24.808075606: Warning file=\"a\\b\nc\""#);
        let iso = AlertForm { iso_8601: true, ..FORM };
        assert!(
            Alert::sample().text(&iso, &mut clock()).starts_with("2026-11-21T10:36:24.808075606+0000: Warning file")
        );
    }

    #[test]
    fn json_has_sorted_keys_and_the_time_in_its_place() {
        assert_eq!(
            Alert::sample().json(&FORM, &mut clock()),
            concat!(
                r#"{"hostname":"lab","output":"10:36:24.808075606: Warning file=\"a\\b\nc\"","output_fields":{"#,
                r#""evt.num":7,"evt.time":1795257384808075606,"evt.type":"open\"at","proc.name":null},"#,
                r#""priority":"Warning","rule":"R","source":"syscall","tags":["a","b"],"#,
                r#""time":"2026-11-21T10:36:24.808075606Z"}"#
            )
        );
    }

    #[test]
    fn properties_come_and_go_with_their_switches() {
        let form = AlertForm {
            include_output: false,
            include_message: true,
            include_output_fields: false,
            include_tags: false,
            ..FORM
        };
        assert_eq!(
            Alert::sample().json(&form, &mut clock()),
            concat!(
                r#"{"hostname":"lab","message":"file=\"a\\b\nc\"","priority":"Warning","rule":"R","#,
                r#""source":"syscall","time":"2026-11-21T10:36:24.808075606Z"}"#
            )
        );
        let iso = AlertForm { iso_8601: true, ..FORM };
        assert!(
            Alert::sample()
                .json(&iso, &mut clock())
                .contains(r#""evt.num":7,"evt.time.iso8601":1795257384808075606,"evt"#)
        );
    }

    #[test]
    fn the_time_is_there_once_even_if_the_output_names_it() {
        let mut alert = Alert::sample();
        alert.fields = vec![("evt.time".into(), FormatValue::Uint(1)), ("evt.time.s".into(), FormatValue::Uint(2))];
        let json = alert.json(&FORM, &mut clock());
        assert!(json.contains(r#""output_fields":{"evt.time":1795257384808075606,"evt.time.s":2}"#), "{json}");
        alert.fields.clear();
        assert!(alert.json(&FORM, &mut clock()).contains(r#""output_fields":{"evt.time":1795257384808075606}"#));
    }

    #[test]
    fn alerts_about_the_program_itself_have_falcos_form() {
        let mut alert = Alert::sample();
        alert.head = Arc::new(RuleHead {
            rule: "Falco internal: x".into(),
            source: INTERNAL.into(),
            priority: Priority::Debug,
            tags: Vec::new(),
        });
        alert.message = "Falco internal: x. 3 lost".to_owned();
        alert.fields = vec![("a".into(), FormatValue::Text("1".into())), ("b".into(), FormatValue::Text("2".into()))];
        let mut clock = Clock::new(TimeZone::UTC);
        assert_eq!(
            alert.text(&FORM, &mut clock),
            "10:36:24.808075606: Debug Falco internal: x. 3 lost (a=\"1\" b=\"2\")"
        );
        assert_eq!(
            alert.json(&FORM, &mut clock),
            "{\"hostname\":\"lab\",\"output\":\"Falco internal: x. 3 lost\",\"output_fields\":{\"a\":\"1\",\"b\":\"2\"},\
             \"priority\":\"Debug\",\"rule\":\"Falco internal: x\",\"source\":\"internal\",\
             \"time\":\"2026-11-21T10:36:24.808075606Z\"}"
        );
    }
}
