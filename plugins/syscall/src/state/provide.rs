//! Changes that other plugins make through the tables.

use super::State;
use super::fd::Fd;

impl State {
    /// A descriptor of the process that thread `tid` belongs to, to change fields that a plugin may write.
    pub(crate) fn fd_mut(&mut self, tid: i64, fd: i64) -> Option<&mut Fd> {
        let owner = self.owner_of_fds(self.threads.find(tid)?)?;
        let thread = self.threads.at_mut(owner);
        let mut at = self.fds.find(thread.fds, fd)?;
        self.fds.get_mut(&mut thread.fds, &mut thread.fds_inherited, &mut at)
    }
}
