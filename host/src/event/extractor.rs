//! Answers to the engine's questions about one event.

use std::sync::Arc;

use lanner_engine::value::{Extract, MAX_KEYS, SlotId, SlotTable, Values, Want};
use lanner_plugin_api::raw::FieldType;
use lanner_plugin_api::schema::{EventCategory, EventType};
use lanner_plugin_api::wire::Event;

use super::generic::{Facts, Generic};
use super::scheme::{Provider, SourceScheme};
use crate::alert::Clock;
use crate::plugin::{Absent, EventRef, FieldRequest, PluginError, PluginIdx, Plugins, Prepared, Value};

/// How one slot is answered; prepared once.
#[derive(Debug)]
enum Answer {
    Generic(Generic),
    /// The time of the event as a number.
    Nanoseconds,
    Static(Box<str>),
    Plugin(Prepared),
}

impl Answer {
    fn request(&self) -> Option<&Prepared> {
        match self {
            Self::Plugin(request) => Some(request),
            _ => None,
        }
    }
}

/// The answers of one source's slots.
#[derive(Debug)]
pub struct Answers {
    answers: Vec<Answer>,
    /// The plugin whose keys of an event are asked for: the first that decides any answer by them.
    keys: Option<PluginIdx>,
    /// Which of its keys decides each answer.
    decided: Vec<Option<u8>>,
}

impl Answers {
    /// Prepares a request for every slot.
    ///
    /// # Errors
    /// What the plugin says of an argument that the engine let through.
    pub fn prepare(slots: &SlotTable, scheme: &SourceScheme, plugins: &Plugins) -> Result<Self, PluginError> {
        let answers = slots.slots().iter().map(|slot| match scheme.provider(slot.field) {
            _ if slot.want == Want::Nanoseconds => Ok(Answer::Nanoseconds),
            Some(Provider::Generic(field)) => Ok(Answer::Generic(*field)),
            Some(Provider::Static(text)) => Ok(Answer::Static(text.clone())),
            Some(Provider::Plugin(plugin, field)) => {
                let request = FieldRequest {
                    plugin: *plugin,
                    field: *field,
                    arg: slot.arg.as_deref(),
                    ty: Some(FieldType(u32::from(slot.ty as u8))),
                    list: slot.list || slot.want == Want::All,
                };
                plugins.prepare(request).map(Answer::Plugin)
            }
            None => Ok(Answer::Static("".into())),
        });
        let answers: Vec<Answer> = answers.collect::<Result<_, _>>()?;
        let all = || plugins.iter().map(|(plugin, _)| plugin);
        let by = |plugin| answers.iter().map(|answer| key_by(plugin, answer, plugins)).collect::<Vec<_>>();
        let found = all().map(|plugin| (plugin, by(plugin))).find(|(_, decided)| decided.iter().any(Option::is_some));
        let (keys, decided) = found.map_or((None, Vec::new()), |(plugin, decided)| (Some(plugin), decided));
        Ok(Self { answers, keys, decided })
    }

    /// The request to a plugin by which a slot is answered, if it is.
    pub(super) fn request(&self, slot: SlotId) -> Option<&Prepared> {
        self.answers.get(slot.index())?.request()
    }

    /// The key of an event that decides the values of a slot, if one does.
    pub fn key_of(&self, slot: SlotId) -> Option<u8> {
        *self.decided.get(slot.index())?
    }
}

/// The key among those of a plugin that decides an answer: one of the plugin's own, or one for what another plugin has written into
/// the event's thread.
fn key_by(plugin: PluginIdx, answer: &Answer, plugins: &Plugins) -> Option<u8> {
    let request = answer.request()?;
    match request.key() {
        Some((own, key)) => (own == plugin).then_some(key),
        None => plugins.thread_key(plugin, request.thread_field()?),
    }
}

/// What a thread that evaluates events keeps between them.
#[derive(Debug)]
pub struct Context {
    clock: Clock,
    text: String,
    first_ts: Option<u64>,
    hostname: Arc<str>,
    /// What the event at hand was asked for and did not have.
    pub(super) missing: Missing,
}

/// Values that plugins said are on their way or unknown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Missing {
    /// Whether any is on its way.
    pub(super) awaited: bool,
    /// A plugin that said either.
    pub(super) of: Option<PluginIdx>,
    /// Whether texts among them read [`UNKNOWN`], as in alerts, rather than being absent, as in conditions.
    pub(super) shown: bool,
}

/// What alerts show for a text that nobody knows: not what they show for one that there is not.
pub(super) const UNKNOWN: &str = "<unknown>";

impl Missing {
    /// What is shown is not what is judged.
    pub(super) const SHOWN: Self = Self { awaited: false, of: None, shown: true };

    /// Takes note of a value that is not there. Whether a text stands for it.
    #[cold]
    fn note(&mut self, request: &Prepared, why: Absent) -> bool {
        self.awaited |= why == Absent::Awaited;
        self.of = Some(request.plugin());
        self.shown && request.is_text()
    }
}

impl Context {
    /// A context for events of this machine.
    pub fn new(hostname: Arc<str>) -> Self {
        let missing = Missing::default();
        Self { clock: Clock::default(), text: String::new(), first_ts: None, hostname, missing }
    }

    /// Takes note of an event's time, for relative times.
    #[inline]
    pub fn see(&mut self, ts: u64) {
        if self.first_ts.is_none() {
            self.first_ts = Some(ts);
        }
    }
}

/// Answers for one event.
pub struct Extractor<'a, 'e> {
    /// The answers of the event's source.
    pub answers: &'a Answers,
    /// The plugins that read the event.
    pub plugins: &'a mut Plugins,
    /// The event.
    pub event: &'a EventRef<'e>,
    /// What the thread keeps.
    pub context: &'a mut Context,
}

#[inline]
pub(super) fn push(out: &mut Values, value: Value<'_>) {
    match value {
        Value::U64(number) => out.push_u64(number),
        Value::Bool(truth) => out.push_bool(truth),
        Value::Str(bytes) | Value::Bytes(bytes) => out.push_bytes(bytes),
    }
}

impl Extract for Extractor<'_, '_> {
    #[inline]
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        match self.answers.answers.get(slot.index()) {
            Some(Answer::Plugin(request)) => match request.each(self.plugins, self.event, |value| push(out, value)) {
                Ok(()) => true,
                Err(Absent::None) => false,
                Err(why) => {
                    let shown = self.context.missing.note(request, why);
                    if shown {
                        out.push_str(UNKNOWN);
                    }
                    shown
                }
            },
            Some(Answer::Generic(field)) => self.generic(*field, out),
            Some(Answer::Nanoseconds) => {
                out.push_u64(self.event.ts());
                true
            }
            Some(Answer::Static(text)) => {
                out.push_str(text);
                true
            }
            None => false,
        }
    }

    fn awaited(&mut self, slot: SlotId) -> bool {
        let Some(request) = self.answers.request(slot) else { return false };
        request.each(self.plugins, self.event, |_| ()) == Err(Absent::Awaited)
    }

    #[inline]
    fn keys(&mut self, wanted: u32, keys: &mut [u64; MAX_KEYS]) {
        if let Some(plugin) = self.answers.keys {
            self.plugins.event_keys(plugin, self.event, wanted, keys);
        }
    }
}

impl Extractor<'_, '_> {
    fn generic(&mut self, field: Generic, out: &mut Values) -> bool {
        if field == Generic::PluginInfo {
            let text = self.plugins.event_to_string(self.event);
            text.iter().for_each(|text| out.push_str(text));
            return text.is_some();
        }
        // What few of the fields are about is looked at for these alone.
        let plugin = match field {
            Generic::PluginName => owner(self.plugins, self.event),
            _ => None,
        };
        let async_name = match field {
            Generic::IsAsync | Generic::AsyncType => async_name(self.event),
            _ => None,
        };
        let source = match field {
            Generic::Source => self.event.source().and_then(|source| self.plugins.source_name(source)),
            _ => None,
        };
        let ts = self.event.ts();
        let facts = Facts {
            num: self.event.num(),
            ts,
            first_ts: self.context.first_ts.unwrap_or(ts),
            source: source.unwrap_or_default(),
            async_name,
            plugin,
            hostname: &self.context.hostname,
        };
        field.extract(&facts, &mut self.context.clock, &mut self.context.text, out)
    }
}

/// The name of the plugin whose event it is, if it is a plugin's.
fn owner<'p>(plugins: &'p Plugins, event: &EventRef<'_>) -> Option<&'p str> {
    let wire = Event::parse(event.bytes()).ok().filter(|wire| wire.event_type().is_plugin_or_async())?;
    let id = wire.u32(0).filter(|&id| id != 0)?;
    let (_, plugin) = plugins.iter().find(|(_, plugin)| plugin.info().id() == id)?;
    Some(plugin.info().name.as_str())
}

/// The name of an asynchronous event, `None` for others.
fn async_name<'e>(event: &EventRef<'e>) -> Option<&'e [u8]> {
    let code = EventType(event.ty());
    let info = code.info()?;
    if code == EventType::ASYNCEVENT_E {
        let wire = Event::parse(event.bytes()).ok();
        return Some(wire.and_then(|event| event.text(1)).unwrap_or(info.name.as_bytes()));
    }
    (info.category == EventCategory::Metaevent).then_some(info.name.as_bytes())
}
