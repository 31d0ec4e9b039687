//! The head of a capture that begins while events flow.

use std::io::{self, Write};

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::sdk::Error;
use lanner_plugin_api::wire::Event;

use super::Syscall;
use crate::capture::{Head, Keep};
use crate::state::census::Census;

/// Hands on what is written.
struct Pieces<'a>(&'a mut dyn FnMut(&[u8]));

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Syscall {
    /// Writes what is known now, in the order in which Falco writes it.
    pub(super) fn write_head(&mut self, keep_closing: bool, out: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        if !keep_closing {
            self.state.settle();
        }
        let mut head = Head::plain(Pieces(out)).map_err(Error::other)?;
        if let Some(machine) = &self.machine {
            head.machine(machine).map_err(Error::other)?;
        }
        head.interfaces(&self.interfaces).map_err(Error::other)?;
        head.users(&self.state.export_users(), &self.state.export_groups()).map_err(Error::other)?;
        head.processes(self.state.export_threads()).map_err(Error::other)?;
        for (tid, fds) in self.state.export_fds() {
            head.descriptors(tid, fds).map_err(Error::other)?;
        }
        self.write_container_users(&mut head.events())
    }

    /// Users and groups of containers: the lists are for those of the machine, so each is an event that tells of it.
    fn write_container_users<W: Write>(&self, out: &mut crate::capture::Events<W>) -> Result<(), Error> {
        let ts = self.state.current().ts;
        let mut writer = Census::default();
        let mut put = |event: Event<'_>| out.write(&event, 0, Keep::Whole).map_err(Error::other);
        for (container, user) in self.state.users.iter_users().filter(|(container, _)| !container.is_empty()) {
            put(writer.user(ts, EventType::USER_ADDED_E, user, container).map_err(Error::other)?)?;
        }
        for (container, group) in self.state.users.iter_groups().filter(|(container, _)| !container.is_empty()) {
            put(writer.group(ts, EventType::GROUP_ADDED_E, group, container).map_err(Error::other)?)?;
        }
        Ok(())
    }
}
