//! `program_output`: alerts on the standard input of a program, started by the shell.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, PipeReader};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::unwritten::Unwritten;
use super::{Delivery, Output, OutputError};
use crate::config::ProgramOutput;
use crate::log;

/// How long a program that was started for one alert may take: those that post somewhere wait for a network.
const LIMIT: Duration = Duration::from_secs(60);

/// A program that is to stay and is not there any more after this time cannot be run at all.
const SETTLE: Duration = Duration::from_millis(50);

/// How often the one that stays is looked after.
const TENDED: Duration = Duration::from_millis(250);

/// A program: one for each alert, or with `keep_alive` one for all of them.
pub(super) struct Program {
    program: String,
    keep_alive: bool,
    timeout: Duration,
    running: Option<Running>,
    /// The pipe outlives the program: what it had not read when it died is read by its successor.
    pipe: Option<(PipeReader, File)>,
    text: Vec<u8>,
    unwritten: Unwritten,
}

struct Running(Child);

impl Running {
    /// Waits until it ends, for so long.
    fn wait(&mut self, patience: Duration) -> std::io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        loop {
            let ended = self.0.try_wait()?;
            if ended.is_some() || Instant::now() >= deadline {
                return Ok(ended);
            }
            std::thread::sleep(pause.min(deadline.saturating_duration_since(Instant::now())));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

impl Program {
    pub(super) fn new(settings: &ProgramOutput, timeout: Duration) -> Self {
        Self {
            program: settings.program.clone(),
            keep_alive: settings.keep_alive,
            timeout,
            running: None,
            pipe: None,
            text: Vec::new(),
            unwritten: Unwritten::default(),
        }
    }

    /// A pipe whose end that is written to never blocks: a second handle on it by way of `/proc`, because whether writing blocks
    /// is a property of the handle.
    fn new_pipe() -> std::io::Result<(PipeReader, File)> {
        let (reader, writer) = std::io::pipe()?;
        let path = format!("/proc/self/fd/{}", writer.as_raw_fd());
        let writer = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        Ok((reader, writer))
    }

    fn start(&self, stdin: OwnedFd) -> Result<Running, OutputError> {
        // A group of its own: who stops us with the keyboard does not stop the program before it has read everything.
        let child =
            Command::new("/bin/sh").args(["-c", &self.program]).stdin(Stdio::from(stdin)).process_group(0).spawn();
        child.map(Running).map_err(|source| OutputError::Start { program: self.program.clone(), source })
    }

    /// Has the program that stays run, with the pipe as its input.
    fn stay(&mut self) -> Result<(), OutputError> {
        if let Some(running) = &mut self.running {
            match running.0.try_wait()? {
                None => return Ok(()),
                Some(status) => {
                    self.running = None;
                    log::warning(format_args!(
                        "program output: '{}' ended ({status}), starting it again",
                        self.program
                    ));
                }
            }
        }
        loop {
            let (reader, writer) = self.pipe.take().map_or_else(Self::new_pipe, Ok)?;
            let (before, stdin) = (unread(&reader), reader.try_clone());
            self.pipe = Some((reader, writer));
            let mut running = self.start(stdin?.into())?;
            let Some(status) = running.wait(SETTLE)? else {
                self.running = Some(running);
                return Ok(());
            };
            // One that dies young but has read something is as good as one that stays.
            if self.unread() >= before? {
                return Err(OutputError::Ended { program: self.program.clone(), status });
            }
        }
    }

    /// Bytes in the pipe.
    fn unread(&self) -> u64 {
        self.pipe.as_ref().and_then(|(reader, _)| unread(reader).ok()).unwrap_or_default()
    }

    /// Waits until the program has ended; if it died with something left to read, it is started once more, as long as that makes
    /// it less.
    fn read_out(&mut self, reader: &PipeReader) -> Result<(), OutputError> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let mut before = u64::MAX;
        loop {
            let Some(status) = running.wait(self.timeout)? else {
                log::warning(format_args!("program output: '{}' still runs after the end of its input", self.program));
                return Ok(());
            };
            let left = unread(reader)?;
            if left == 0 {
                return Ok(());
            }
            if left >= before {
                log::error(format_args!("program output: {left} bytes of alerts were never read"));
                return Err(OutputError::Ended { program: self.program.clone(), status });
            }
            before = left;
            running = self.start(reader.try_clone()?.into())?;
        }
    }

    /// Writes the line; a pipe that stays full for the whole timeout is an error.
    fn write(&mut self, to: &mut File) -> Result<(), OutputError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            match self.unwritten.write(to, &self.text) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if Instant::now() >= deadline {
                        return Err(OutputError::Blocked(self.timeout));
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                result => return Ok(result?),
            }
        }
    }

    /// A program for this one alert.
    fn once(&mut self) -> Result<(), OutputError> {
        let (reader, mut writer) = Self::new_pipe()?;
        let mut running = self.start(reader.into())?;
        self.unwritten.start_over();
        match self.write(&mut writer) {
            // It did its work without reading all of its input, as programs may.
            Err(OutputError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => self.unwritten.start_over(),
            Err(error) => {
                end(&mut running);
                return Err(error);
            }
            Ok(()) => {}
        }
        drop(writer);
        match running.wait(LIMIT)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => {
                log::debug(format_args!("program output: '{}' ended ({status})", self.program));
                Ok(())
            }
            None => {
                end(&mut running);
                Err(OutputError::Hung { program: self.program.clone(), limit: LIMIT })
            }
        }
    }
}

/// Bytes that nobody has read yet.
fn unread(pipe: &PipeReader) -> std::io::Result<u64> {
    Ok(rustix::io::ioctl_fionread(pipe)?)
}

/// Kills what does not end by itself. It may just have ended.
fn end(running: &mut Running) {
    let _ = running.0.kill();
    let _ = running.0.wait();
}

impl Output for Program {
    fn name(&self) -> &'static str {
        "program"
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        self.text.clear();
        self.text.extend_from_slice(delivery.line.as_bytes());
        self.text.push(b'\n');
        if !self.keep_alive {
            return self.once();
        }
        self.stay()?;
        let (reader, mut writer) = self.pipe.take().map_or_else(Self::new_pipe, Ok)?;
        let written = self.write(&mut writer);
        self.pipe = Some((reader, writer));
        written
    }

    fn reopen(&mut self) -> Result<(), OutputError> {
        self.close();
        if self.keep_alive { self.stay() } else { Ok(()) }
    }

    fn tended_every(&self) -> Option<Duration> {
        self.keep_alive.then_some(TENDED)
    }

    /// A program that died has its successor at once, and not with the next alert, if something is left for it to read.
    fn tend(&mut self) -> Result<(), OutputError> {
        let dead = match &mut self.running {
            Some(running) => running.0.try_wait()?.is_some(),
            None => false,
        };
        if dead && self.unread() > 0 { self.stay() } else { Ok(()) }
    }

    fn close(&mut self) {
        self.unwritten.start_over();
        let Some((reader, writer)) = self.pipe.take() else { return };
        // Nothing more will come: the program sees the end of its input once it has read everything.
        drop(writer);
        if let Err(error) = self.read_out(&reader) {
            log::error(format_args!("program output: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::load::Priority;

    fn program(program: String, keep_alive: bool, timeout_ms: u64) -> Program {
        Program::new(&ProgramOutput { program, keep_alive }, Duration::from_millis(timeout_ms))
    }

    fn deliver(output: &mut Program, line: &str) -> Result<(), OutputError> {
        output.deliver(&Delivery { priority: Priority::Warning, json: false, line })
    }

    #[test]
    fn each_alert_has_its_program_or_all_have_one() {
        let dir = tempfile::tempdir().unwrap();
        for (keep_alive, expected) in [(false, "one\nend\ntwo\nend\n"), (true, "one\ntwo\nend\n")] {
            let out = dir.path().join(format!("{keep_alive}"));
            let mut output = program(format!("(cat; echo end) >> {}", out.display()), keep_alive, 60_000);
            deliver(&mut output, "one").unwrap();
            deliver(&mut output, "two").unwrap();
            output.close();
            assert_eq!(std::fs::read_to_string(&out).unwrap(), expected);
        }
    }

    #[test]
    fn what_a_program_had_not_read_when_it_died_is_read_by_its_successor() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        // Reads one line at a time, as a shell does from a pipe, and dies after it.
        let mut output = program(format!("read -r line && echo \"$line\" >> {}", out.display()), true, 60_000);
        let text = |out: &std::path::Path| std::fs::read_to_string(out).unwrap_or_default();
        for n in 0..4 {
            let line = format!("line {n}");
            while deliver(&mut output, &line).is_err() {}
        }
        output.close();
        assert_eq!(text(&out), "line 0\nline 1\nline 2\nline 3\n");
    }

    #[test]
    fn a_program_that_is_none_is_named_with_its_end() {
        let mut output = program("/absent/program 2>/dev/null".into(), true, 1000);
        // The shell may take what is written before it finds out that there is no such program.
        let error = std::iter::repeat_with(|| deliver(&mut output, "one")).find_map(Result::err).unwrap();
        assert_eq!(error.to_string(), "'/absent/program 2>/dev/null' ended (exit status: 127)");
    }

    #[test]
    fn a_program_that_reads_nothing_does_not_hold_the_output() {
        let mut output = program("exec sleep 1000".into(), true, 20);
        let long = "x".repeat(1000);
        let error = std::iter::repeat_with(|| deliver(&mut output, &long)).find_map(Result::err).unwrap();
        assert!(matches!(error, OutputError::Blocked(_)), "{error}");
        end(output.running.as_mut().unwrap());
        // One that does not look at its input has done what it wanted.
        let mut output = program("exit 3".into(), false, 20_000);
        deliver(&mut output, &"x".repeat(1_000_000)).unwrap();
    }
}
