//! Memory that sockets take: what they are called is put together for who asks, so a server with thousands of connections keeps no
//! text for any of them.

use super::counting::asked;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_syscall::capture::{InitialState, Thread};
use lanner_syscall::state::{Limits, Mode, State};

const SERVER: i64 = 7;
const CONNECTIONS: u16 = 3000;

/// A state that follows one process, and what its events are built with.
struct Watch {
    state: State,
    builder: EventBuilder,
    ts: u64,
}

impl Watch {
    fn new() -> Self {
        let thread = Thread { tid: SERVER, pid: SERVER, ptid: 1, comm: (*b"server").into(), ..Thread::default() };
        let mut state = State::new(Mode::Capture, Limits::default());
        state.load(&InitialState { threads: vec![thread], ..InitialState::default() });
        Self { state, builder: EventBuilder::new(), ts: 1 }
    }

    /// Follows an event; returns how often the state asked for memory.
    fn event(&mut self, code: EventType, params: &[&[u8]]) -> u64 {
        self.ts += 1000;
        self.builder.begin(self.ts, SERVER, code, params.len());
        for param in params {
            self.builder.push(param);
        }
        let event = self.builder.finish().unwrap();
        let before = asked();
        self.state.on_event(&event, 0, 1);
        asked() - before
    }

    /// Accepts a connection from a port of its own and answers a datagram on it.
    fn serve(&mut self, fd: i64, port: u16) -> u64 {
        let end = |ip: u8, port: u16| [&[10, 0, 0, ip][..], &port.to_le_bytes()].concat();
        let tuple = [&[2][..], &end(9, port), &end(1, 443)].concat();
        let number = fd.to_le_bytes();
        let accepted = self.event(EventType::SOCKET_ACCEPT4_6_X, &[&number, &tuple, &[0], &[0; 4], &[0; 4], &[0; 4]]);
        assert_eq!(self.state.current_fd().unwrap().name(), format!("10.0.0.9:{port}->10.0.0.1:443").as_bytes());
        accepted
            + self.event(EventType::SOCKET_SENDTO_X, &[&4i64.to_le_bytes(), &[0; 4], &number, &[4, 0, 0, 0], &tuple])
    }

    fn close(&mut self, fd: i64) -> u64 {
        self.event(EventType::SYSCALL_CLOSE_X, &[&[0; 8], &fd.to_le_bytes()])
    }
}

#[test]
fn connections_that_stay_open_take_no_memory_for_their_names() {
    let mut watch = Watch::new();
    let mut taken = [0; 2];
    // The first round makes the table of descriptors.
    for (round, taken) in (0..).zip(&mut taken) {
        for n in 0..CONNECTIONS {
            *taken += watch.serve(10 + i64::from(n), 1000 + round * CONNECTIONS + n);
        }
        assert_eq!(watch.state.fds(), u64::from(CONNECTIONS));
        for n in 0..CONNECTIONS {
            *taken += watch.close(10 + i64::from(n));
        }
        watch.event(EventType::SYSCALL_CLOSE_X, &[&(-9i64).to_le_bytes(), &[0; 8]]);
        assert_eq!(watch.state.fds(), 0);
    }
    assert!(taken[0] > 0, "the table of descriptors");
    assert_eq!(taken[1], 0, "of {CONNECTIONS} connections");
}
