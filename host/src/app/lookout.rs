//! When what the kernel lost, and what it did untold, is looked at: once a second, together with whoever else asks the plugins
//! then, since each question costs calls into the kernel.

const SECOND: u64 = 1_000_000_000;

/// The times of looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookout {
    /// From then on a look comes with a question that is asked anyway.
    early: u64,
    /// From then on it comes by itself.
    late: u64,
    /// How long after a look that is.
    patience: u64,
}

impl Lookout {
    /// For a source that is looked after, if it is. `asked`: somebody else asks about once a second.
    pub(super) fn new(looks: bool, asked: bool) -> Self {
        let late = if looks { 0 } else { u64::MAX };
        Self { early: late, late, patience: if asked { SECOND / 2 * 3 } else { SECOND } }
    }

    /// Whether a look cannot wait.
    #[inline]
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.late
    }

    /// Whether to look now that the plugins are asked for somebody else, or that a look cannot wait; the next one comes a
    /// second later.
    pub(super) fn claim(&mut self, now: u64, asked: bool) -> bool {
        let looks = self.is_due(now) || asked && now >= self.early;
        if looks && self.late != u64::MAX {
            (self.early, self.late) = (now + SECOND / 4 * 3, now + self.patience);
        }
        looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks, and questions asked of the plugins, within so many seconds with somebody else who asks each `period` ns.
    fn run(seconds: u64, period: Option<u64>) -> (u64, u64) {
        let mut lookout = Lookout::new(true, period.is_some());
        let (mut looks, mut questions) = (0, 0);
        for now in (SECOND..SECOND * (seconds + 1)).step_by(10_000_000) {
            let asked = period.is_some_and(|period| now % period == 0);
            if asked || lookout.is_due(now) {
                questions += 1;
                looks += u64::from(lookout.claim(now, asked));
            }
        }
        (looks, questions)
    }

    #[test]
    fn one_question_a_second_serves_all() {
        assert_eq!(run(60, Some(SECOND)), (60, 60));
        assert_eq!(run(60, None), (60, 60));
    }

    #[test]
    fn looks_come_once_a_second_however_often_somebody_asks() {
        assert_eq!(run(60, Some(SECOND / 10)), (75, 600));
        // Who asks seldom is not waited for.
        let (looks, _) = run(60, Some(60 * SECOND));
        assert!((40..=41).contains(&looks), "{looks}");
    }

    #[test]
    fn what_needs_no_look_gets_none() {
        let mut none = Lookout::new(false, true);
        assert!(!none.is_due(u64::MAX - 1) && !none.claim(SECOND, true) && !none.claim(9 * SECOND, true));
    }
}
