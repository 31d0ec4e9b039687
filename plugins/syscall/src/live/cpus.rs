//! Which processors share which buffers.

use std::fs;

/// How many processors are on.
pub(crate) fn online() -> usize {
    numbers(&fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default()).len().max(1)
}

/// The group of buffers that each possible processor writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cpus {
    /// By number of the processor, those included that are not there or switched off.
    pub(super) group_of: Vec<u32>,
    /// How many groups there are.
    pub(super) groups: u32,
}

impl Cpus {
    /// As the machine is now; `share` processors have one group, 0: all of them.
    pub(super) fn of_machine(share: u16) -> Self {
        let read = |name: &str| fs::read_to_string(format!("/sys/devices/system/cpu/{name}")).unwrap_or_default();
        Self::new(&read("possible"), &read("online"), share)
    }

    /// Groups of processors that are on. The kernel allots a buffer's memory at once, so those that are off get none of
    /// their own; but if one is switched on later its events go to a group that is there, and nothing is lost.
    fn new(possible: &str, online: &str, share: u16) -> Self {
        let online = numbers(online);
        let last = numbers(possible).into_iter().chain(online.iter().copied()).max().unwrap_or(0);
        let count = u32::try_from(online.len()).unwrap_or(u32::MAX).max(1);
        let share = match u32::from(share) {
            0 => count,
            n => n.min(count),
        };
        let groups = count.div_ceil(share);
        let mut group_of: Vec<u32> = (0..=last).map(|cpu| cpu % groups).collect();
        for (n, cpu) in (0..).zip(&online) {
            if let Some(group) = group_of.get_mut(*cpu as usize) {
                *group = n / share;
            }
        }
        Self { group_of, groups }
    }

    /// Size of tables by processor.
    pub(super) fn possible(&self) -> u32 {
        u32::try_from(self.group_of.len()).unwrap_or(u32::MAX)
    }
}

/// Highest number of a processor that a list is believed to have.
const MAX: u32 = 1 << 16;

/// The numbers of a list like `0-3,8,10-11`, ascending.
fn numbers(list: &str) -> Vec<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u32>().ok().filter(|n| *n < MAX);
        Some(number(first)?..=number(last)?)
    };
    let mut all: Vec<u32> = list.split(',').filter_map(range).flatten().collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_in_a_row_share_buffers() {
        let cpus = Cpus::new("0-4\n", "0-4\n", 2);
        assert_eq!((cpus.group_of.as_slice(), cpus.groups), (&[0, 0, 1, 1, 2][..], 3));
        assert_eq!(Cpus::new("0-4\n", "0-4\n", 0).groups, 1);
        assert_eq!(Cpus::new("0-4\n", "0-4\n", 1).groups, 5);
    }

    #[test]
    fn processors_that_are_off_cost_no_buffer_and_have_one_when_they_come() {
        let cpus = Cpus::new("0-127\n", "0,2,5-6\n", 2);
        assert_eq!((cpus.groups, cpus.possible()), (2, 128));
        assert_eq!([0, 2, 5, 6].map(|cpu| cpus.group_of[cpu]), [0, 0, 1, 1]);
        assert!(cpus.group_of.iter().all(|group| *group < cpus.groups));
    }

    #[test]
    fn a_list_that_is_none_is_one_processor() {
        assert_eq!(Cpus::new("", "", 2), Cpus { group_of: vec![0], groups: 1 });
        assert_eq!(numbers("3,x,1-0,4-5,99999999"), [3, 4, 5]);
    }
}
