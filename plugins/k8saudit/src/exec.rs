//! Sessions that somebody opens in a pod, told to the source of system calls: who looks at the processes of this machine then
//! learns which person they are of.
//!
//! The host makes one plugin for each source that one is used with: the one of the audit events sees a session, the one beside
//! the system calls may send events there. Both are of one program, so that what the one sees is handed to the other by a list
//! of the program's.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lanner_json::Value;
use lanner_k8s::EXEC_EVENT;
use lanner_k8s::exec::{Manner, Session, Told};
use lanner_plugin_api::sdk::{AsyncEvent, AsyncHandle};

/// Who is told, by number.
static LISTENERS: Mutex<Vec<(u64, AsyncHandle)>> = Mutex::new(Vec::new());
/// How many are told: nothing is looked for when there is nobody.
static LISTENING: AtomicUsize = AtomicUsize::new(0);
/// Open sources of audit events as they happen.
static STREAMS: AtomicUsize = AtomicUsize::new(0);
static NUMBERS: AtomicU64 = AtomicU64::new(0);
/// Stages of sessions that were told.
static SESSIONS: AtomicU64 = AtomicU64::new(0);
/// Those of them that somebody did not take.
static UNSENT: AtomicU64 = AtomicU64::new(0);

fn listeners() -> MutexGuard<'static, Vec<(u64, AsyncHandle)>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is told of sessions as long as it lives.
pub(crate) struct Listener(u64);

impl Listener {
    /// Tells `handle` from now on.
    pub(crate) fn new(handle: AsyncHandle) -> Self {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        if STREAMS.load(Ordering::Relaxed) > 0 {
            send(&handle, &Told::Watching);
        }
        listeners().push((number, handle));
        LISTENING.fetch_add(1, Ordering::Relaxed);
        Self(number)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        listeners().retain(|(number, _)| *number != self.0);
        LISTENING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A source of audit events as they happen; it counts as one as long as this lives.
pub(crate) struct Stream(());

impl Stream {
    pub(crate) fn open() -> Self {
        STREAMS.fetch_add(1, Ordering::Relaxed);
        tell(&Told::Watching);
        Self(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        STREAMS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether somebody is to be told of sessions, and there is somebody who sees them.
pub(crate) fn wanted() -> bool {
    LISTENING.load(Ordering::Relaxed) > 0 && STREAMS.load(Ordering::Relaxed) > 0
}

/// Tells of a stage of a session.
pub(crate) fn seen(session: Session) {
    SESSIONS.fetch_add(1, Ordering::Relaxed);
    tell(&Told::Session(Box::new(session)));
}

/// Stages told, and how often one was not taken.
pub(crate) fn counts() -> (u64, u64) {
    (SESSIONS.load(Ordering::Relaxed), UNSENT.load(Ordering::Relaxed))
}

fn tell(told: &Told) {
    listeners().iter().for_each(|(_, handle)| send(handle, told));
}

fn send(handle: &AsyncHandle, told: &Told) {
    let event = AsyncEvent { ts: None, tid: None, name: EXEC_EVENT, data: &told.to_json() };
    // The source of system calls may be closing; audit events go on without it.
    if handle.send(&event).is_err() {
        UNSENT.fetch_add(1, Ordering::Relaxed);
    }
}

/// The session that an audit event is about, if it is about one.
pub(crate) fn session(event: Value<'_>) -> Option<Session> {
    let object = event.get("objectRef")?;
    let manner = object.get("subresource").and_then(|sub| match () {
        () if sub.is("exec") => Some(Manner::Exec),
        () if sub.is("attach") => Some(Manner::Attach),
        () => None,
    })?;
    if !object.get("resource").is_some_and(|resource| resource.is("pods")) {
        return None;
    }
    let text = |value: Option<Value<'_>>| value.and_then(|value| value.as_str()).map(|text| Box::<str>::from(&*text));
    let time = |name| text(event.get(name)).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let nanoseconds = |time: jiff::Timestamp| u64::try_from(time.as_nanosecond()).ok();
    let stage_time = time("stageTimestamp").and_then(nanoseconds);
    let uri = text(event.get("requestURI")).unwrap_or_default();
    let over = event.get("stage").is_some_and(|stage| stage.is("ResponseComplete") || stage.is("Panic"));
    let user = event.get("user")?;
    let mut session = Session {
        audit_id: text(event.get("auditID"))?,
        manner,
        namespace: text(object.get("namespace"))?,
        pod: text(object.get("name"))?,
        container: None,
        command: Vec::new(),
        user: text(user.get("username"))?,
        groups: user.get("groups").into_iter().flat_map(Value::items).filter_map(|group| text(Some(group))).collect(),
        impersonated_user: text(event.at(&["impersonatedUser", "username"])),
        begin: time("requestReceivedTimestamp").and_then(nanoseconds).or(stage_time)?,
        end: stage_time.filter(|_| over),
        failed: event.at(&["responseStatus", "code"]).and_then(Value::as_u64).is_some_and(|code| code >= 400),
    };
    let (_, query) = uri.split_once('?').unwrap_or_default();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "command" if manner == Manner::Exec => session.command.push(decoded(value)),
            "container" => session.container = Some(decoded(value)).filter(|name| !name.is_empty()),
            _ => {}
        }
    }
    Some(session)
}

/// A value of a query.
fn decoded(text: &str) -> Box<str> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        let escaped = (*first == b'%').then(|| Some((digit(more.first())? << 4) | digit(more.get(1))?)).flatten();
        match escaped.and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = more.get(2..).unwrap_or_default();
            }
            None => bytes.push(if *first == b'+' { b' ' } else { *first }),
        }
    }
    String::from_utf8_lossy(&bytes).into()
}

#[cfg(test)]
mod tests {
    use lanner_json::read_ahead;

    use super::*;

    fn of(json: &str) -> Option<Session> {
        read_ahead(json, |event| (false, session(event))).unwrap().1
    }

    const EXEC: &str = r#"{"kind":"Event","auditID":"a1","stage":"ResponseStarted","verb":"create",
        "requestURI":"/api/v1/namespaces/shop/pods/web-0/exec?command=sh&command=-c&command=echo+%22a%26b%22%20%e2%82%ac%zz&container=web&stdin=true",
        "user":{"username":"jane","groups":["dev","system:authenticated"]},
        "impersonatedUser":{"username":"ops"},
        "objectRef":{"resource":"pods","namespace":"shop","name":"web-0","subresource":"exec"},
        "responseStatus":{"code":101},
        "requestReceivedTimestamp":"2026-11-21T10:00:00.000001Z","stageTimestamp":"2026-11-21T10:00:00.100000Z"}"#;

    #[test]
    fn a_session_is_read_from_its_request() {
        let session = of(EXEC).unwrap();
        assert_eq!(session.command.iter().map(|word| &**word).collect::<Vec<_>>(), ["sh", "-c", "echo \"a&b\" €%zz"]);
        assert_eq!((&*session.user, session.groups.len(), session.container.as_deref()), ("jane", 2, Some("web")));
        assert_eq!(session.impersonated_user.as_deref(), Some("ops"));
        assert_eq!((session.begin, session.end, session.failed), (1_795_255_200_000_001_000, None, false));
        let over = of(&EXEC.replace("ResponseStarted", "ResponseComplete").replace("101", "403")).unwrap();
        assert_eq!((over.end, over.failed), (Some(1_795_255_200_100_000_000), true));
        let attached = of(&EXEC.replace("\"exec\"", "\"attach\"")).unwrap();
        assert_eq!((attached.manner, attached.command.len()), (Manner::Attach, 0));
    }

    #[test]
    fn what_is_no_session_is_none() {
        for (from, to) in [
            ("\"exec\"", "\"log\""),
            ("\"pods\"", "\"nodes\""),
            ("\"auditID\"", "\"x\""),
            ("\"username\":\"jane\"", "\"username\":7"),
            ("\"objectRef\"", "\"object\""),
        ] {
            assert_eq!(of(&EXEC.replace(from, to)), None, "{from}");
        }
    }
}
