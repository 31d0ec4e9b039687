//! What is said while a recording is made, and at its end.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use super::super::cli::RecordArgs;
use crate::app::stats::Losses;
use crate::record::Kept;

/// Time between two looks at the line.
const STEP: Duration = Duration::from_millis(250);

/// A line on the terminal that changes; elsewhere a line when it begins and one when it ends.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    what: String,
    began: Instant,
    shown: Instant,
}

/// How many events were seen and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Recorded for rules to see.
    pub(super) whole: u64,
    /// Recorded for the state alone.
    pub(super) state_only: u64,
    /// Not recorded.
    pub(super) left_out: u64,
}

impl Progress {
    /// Says that recording begins.
    pub(super) fn start(args: &RecordArgs) -> Self {
        let what = match args.ring {
            None => format!("Recording to {}", args.write.display()),
            Some(_) => format!("Keeping the newest events in memory for {}", args.write.display()),
        };
        let bar = if args.quiet || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar
        };
        if !args.quiet && bar.is_hidden() {
            eprintln!("{what}");
        }
        let now = Instant::now();
        Self { bar, quiet: args.quiet, what, began: now, shown: now }
    }

    /// Shows how far it is, now and then; `bytes` on disk or in memory.
    pub(super) fn show(&mut self, counts: &Counts, bytes: u64) {
        if self.bar.is_hidden() || self.shown.elapsed() < STEP {
            return;
        }
        self.shown = Instant::now();
        let events = HumanCount(counts.whole + counts.state_only);
        let seconds = self.began.elapsed().as_secs();
        self.bar.set_message(format!("{}: {events} events, {}, {seconds} s", self.what, HumanBytes(bytes)));
        self.bar.tick();
    }

    /// A line that stays.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.bar.suspend(|| eprintln!("{text}"));
        }
    }

    /// How long it has gone on.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What came of it all; `losses` of a kernel that was watched.
    pub(super) fn end(&self, files: u32, kept: Option<&Kept>, counts: &Counts, losses: Option<&Losses>) {
        self.bar.finish_and_clear();
        if self.quiet {
            return;
        }
        let Some(kept) = kept else {
            eprintln!("Nothing was written: no event came.");
            return;
        };
        let to = match files {
            1 => kept.path.display().to_string(),
            n => format!("{n} files, the last {}", kept.path.display()),
        };
        let size = match kept.blocks == kept.bytes {
            true => HumanBytes(kept.bytes).to_string(),
            false => format!("{}, {} before compression", HumanBytes(kept.bytes), HumanBytes(kept.blocks)),
        };
        let seconds = self.began.elapsed().as_secs_f64();
        eprintln!("Recorded {} events in {seconds:.1} s to {to} ({size})", HumanCount(kept.events));
        if counts.state_only + counts.left_out > 0 {
            eprintln!(
                "The filter held for {}; {} others are in the file for the state alone, {} were left out",
                HumanCount(counts.whole),
                HumanCount(counts.state_only),
                HumanCount(counts.left_out)
            );
        }
        // A capture file loses nothing.
        match losses.map(Losses::warning) {
            None => {}
            Some(Some(warning)) => eprintln!("Warning: {warning}"),
            Some(None) => eprintln!("The kernel lost no event"),
        }
    }
}
