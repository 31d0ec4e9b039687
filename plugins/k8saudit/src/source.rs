//! The stream of audit events, wherever they come from.

use std::net::SocketAddr;
use std::time::Duration;

use lanner_intake::{Confirm, Reason, expand};
use lanner_json::forget_ahead;
use lanner_plugin_api::sdk::{Batch, Error, Next, Progress, SourceInstance};
use tokio::sync::oneshot;

use crate::address::Target;
use crate::exec;
use crate::files::{FileError, Line, Lines, Place};
use crate::follow::{Follow, Grown, Position};
use crate::payload::Payload;
use crate::plugin::K8sAudit;
use crate::webhook::{Post, Room, Verdict, Webhook};

/// Events of one batch and bytes of their payloads: enough to make crossings and stored positions cheap, few enough to keep
/// memory flat and answers quick.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 4 << 20;
/// How long to wait for something when there is nothing. The host cannot stop us meanwhile.
const WAIT: Duration = Duration::from_millis(10);

/// An open stream.
pub struct AuditStream {
    // Fields are dropped in this order: unanswered posts first, so that the webhook can tell their senders.
    open: Option<Open>,
    confirm: Confirm<Token>,
    input: Input,
    /// Unless files are read that were written before.
    _live: Option<exec::Stream>,
}

enum Input {
    Files(Lines),
    Follow(Follow),
    Webhook(Webhook),
}

/// A payload whose events are being handed out.
struct Open {
    payload: Payload,
    origin: Origin,
    token: Token,
}

/// Where a payload is from, for log lines.
enum Origin {
    Line(Place),
    Before(u64),
    Peer(SocketAddr),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(place) => write!(f, "{place}"),
            Self::Before(offset) => write!(f, "the line that ends at byte {offset}"),
            Self::Peer(peer) => write!(f, "a post of {peer}"),
        }
    }
}

/// What to do when the events of a payload have been evaluated.
enum Token {
    /// Nothing.
    None,
    /// Remember the position.
    Position(Position),
    /// Answer the post.
    Answer { sender: oneshot::Sender<Verdict>, verdict: Verdict, room: Room },
}

impl AuditStream {
    /// Opens what `open_params` names.
    ///
    /// # Errors
    /// It cannot be opened; the error says what to do.
    pub(crate) fn open(plugin: &K8sAudit, params: &str) -> Result<Self, Error> {
        let input = match Target::parse(params).map_err(Error::other)? {
            Target::Files(path) => {
                Input::Files(Lines::open(&path, plugin.config.max_expanded_size).map_err(Error::other)?)
            }
            Target::Follow(path) => {
                let position = plugin.config.position_file.as_deref();
                let follow = Follow::open(&path, position, plugin.log.clone()).map_err(Error::other)?;
                if position.is_none() {
                    plugin.log.info(format!(
                        "following {} from its end: without positionFile in init_config, events written while this is \
                         not running are not evaluated",
                        path.display()
                    ));
                }
                Input::Follow(follow)
            }
            Target::Webhook(address) => {
                let counters = plugin.counters.clone();
                Input::Webhook(Webhook::open(&address, &plugin.config, counters, &plugin.log).map_err(Error::other)?)
            }
        };
        let live = (!matches!(input, Input::Files(_))).then(exec::Stream::open);
        Ok(Self { open: None, confirm: Confirm::default(), input, _live: live })
    }

    /// The events up to here have been evaluated.
    fn confirm(&mut self) -> Result<(), Error> {
        let mut reached = None;
        for token in self.confirm.confirmed() {
            match token {
                Token::None => {}
                Token::Position(position) => reached = Some(position),
                Token::Answer { sender, verdict, room } => {
                    // Who has the answer may post again at once, and finds room.
                    drop(room);
                    // The sender may have given up; then it sends again.
                    let _ = sender.send(verdict);
                }
            }
        }
        match (&self.input, reached) {
            (Input::Follow(follow), Some(position)) => follow.save(Some(position)).map_err(Error::other),
            _ => Ok(()),
        }
    }

    /// Opens the next payload.
    fn advance(&mut self, plugin: &K8sAudit, wait: bool) -> Result<Advance, Error> {
        let max = usize::try_from(plugin.config.max_event_size).unwrap_or(usize::MAX);
        let open = match &mut self.input {
            Input::Files(lines) => match lines.next_line() {
                Ok(Some((place, Line::Payload(line)))) => {
                    Open { payload: Payload::new(line.to_vec(), max), origin: Origin::Line(place), token: Token::None }
                }
                Ok(Some((place, Line::TooLong(head)))) => match Payload::cut(head, max) {
                    Some(payload) => {
                        plugin.rejects.slimmed();
                        Open { payload, origin: Origin::Line(place), token: Token::None }
                    }
                    None => {
                        plugin.rejects.reject(Reason::TooLong, &place, b"");
                        return Ok(Advance::Again);
                    }
                },
                Ok(None) => return Ok(Advance::End),
                Err(FileError::Io { path, source }) => {
                    // One file that cannot be read does not end the others.
                    plugin.log.error(format!("cannot read on in {}: {source}", path.display()));
                    plugin.rejects.reject(expand::reason(&source), &path.display(), b"");
                    return Ok(Advance::Again);
                }
            },
            Input::Follow(follow) => match follow.next_line().map_err(Error::other)? {
                Grown::Line(line, position) => Open {
                    payload: Payload::new(line, max).live(),
                    origin: Origin::Before(position.offset),
                    token: Token::Position(position),
                },
                Grown::TooLong(head, position) => match Payload::cut(&head, max) {
                    Some(payload) => {
                        plugin.rejects.slimmed();
                        Open { payload, origin: Origin::Before(position.offset), token: Token::Position(position) }
                    }
                    None => {
                        plugin.rejects.reject(Reason::TooLong, &Origin::Before(position.offset), b"");
                        self.confirm.hand(Token::Position(position));
                        return Ok(Advance::Again);
                    }
                },
                Grown::Nothing => {
                    if wait {
                        std::thread::sleep(WAIT);
                    }
                    return Ok(Advance::Nothing);
                }
            },
            Input::Webhook(webhook) => match webhook.queue().take(if wait { WAIT } else { Duration::ZERO }) {
                Some(Post { body, peer, answer, room }) => Open {
                    payload: Payload::new(body, max).live(),
                    origin: Origin::Peer(peer),
                    token: Token::Answer { sender: answer, verdict: Verdict { events: 0, rejected: None }, room },
                },
                None if webhook.broken() => return Err(Error::other("the webhook's thread has ended")),
                None => return Ok(Advance::Nothing),
            },
        };
        self.open = Some(open);
        Ok(Advance::Again)
    }
}

enum Advance {
    Again,
    Nothing,
    End,
}

impl SourceInstance for AuditStream {
    type Plugin = K8sAudit;

    fn next_batch<'i>(&'i mut self, plugin: &mut K8sAudit, batch: &mut Batch<'i>) -> Result<Next, Error> {
        forget_ahead();
        self.confirm()?;
        let (mut bytes, mut finished) = (0, false);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            if let Some(open) = &mut self.open {
                if let Some(event) = open.payload.next(&plugin.rejects, &open.origin) {
                    bytes += event.payload.len();
                    batch.payload_at(event.time, event.payload.as_bytes())?;
                    if let Some(session) = event.session {
                        exec::seen(*session);
                    }
                    continue;
                }
                if let Some(Open { payload, mut token, .. }) = self.open.take() {
                    if let Token::Answer { verdict, .. } = &mut token {
                        *verdict = Verdict { events: payload.events(), rejected: payload.rejected() };
                    }
                    self.confirm.hand(token);
                    finished = true;
                }
            }
            // A payload without events must not wait for others: its sender wants an answer.
            match self.advance(plugin, batch.is_empty() && !finished)? {
                Advance::Again => {}
                Advance::Nothing if batch.is_empty() => return Ok(Next::Wait),
                Advance::Nothing => return Ok(Next::More),
                Advance::End => return Ok(Next::End),
            }
        }
        Ok(Next::More)
    }

    fn progress(&mut self) -> Option<Progress> {
        let Input::Files(lines) = &self.input else { return None };
        let (read, total) = lines.progress();
        let share = if total == 0 { 1.0 } else { (read as f64 / total as f64).min(1.0) };
        Some(Progress { share, text: format!("{:.1}% ({read} of {total} bytes)", share * 100.0) })
    }
}
