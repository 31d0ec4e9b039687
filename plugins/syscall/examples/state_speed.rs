//! What following the state costs: `state_speed FILE [ROUNDS]` copies a capture into memory, reads it, and reads it with a state
//! behind it. Each round prints a line; what one step costs is the difference to the one before.

use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use lanner_syscall::capture::{CaptureError, CaptureReader, Step};
use lanner_syscall::state::{Limits, Mode, State};

fn run(path: &Path, mut state: Option<&mut State>) -> Result<u64, CaptureError> {
    let mut reader = CaptureReader::open(path)?;
    let mut events = 0;
    loop {
        match reader.step()? {
            Step::End => return Ok(events),
            Step::Section(initial) => {
                if let Some(state) = &mut state {
                    state.load(&initial);
                }
            }
            Step::Events(batch) => {
                for (ev, meta) in batch.iter() {
                    match &mut state {
                        Some(state) => state.on_event(&ev, meta.cpu, meta.num),
                        None => drop(black_box(ev.ts())),
                    }
                    events += 1;
                }
            }
        }
    }
}

/// Copies the file as the reader does, a piece at a time.
fn copy(path: &Path) -> std::io::Result<()> {
    let (mut file, mut piece) = (File::open(path)?, vec![0; 256 << 10]);
    while file.read(&mut piece)? > 0 {
        black_box(&piece);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let path = Path::new(args.first().ok_or("usage: state_speed FILE [ROUNDS]")?);
    let rounds: u32 = args.get(1).map_or(Ok(3), |n| n.parse())?;
    for _ in 0..rounds {
        let start = Instant::now();
        copy(path)?;
        let copied = start.elapsed();
        let start = Instant::now();
        let events = run(path, None)?;
        let read = start.elapsed();
        let mut state = State::new(Mode::Capture, Limits::default());
        let start = Instant::now();
        run(path, Some(&mut state))?;
        let both = start.elapsed();
        let ns = |d: std::time::Duration| d.as_nanos() as f64 / events as f64;
        println!(
            "{events} events: copying {:.1} ns, decoding {:.1} ns, state {:.1} ns each; {} threads, {:?}",
            ns(copied),
            ns(read) - ns(copied),
            ns(both) - ns(read),
            state.len(),
            state.stats()
        );
    }
    Ok(())
}
