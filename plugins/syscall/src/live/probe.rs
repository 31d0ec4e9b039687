//! The probes in the kernel: loaded, told what to report, attached.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{Seek as _, SeekFrom};
use std::os::fd::AsFd as _;

use aya::maps::{Array, ArrayOfMaps, MapData, ProgramArray};
use aya::programs::{BtfTracePoint, Program};
use aya::{Btf, Ebpf, EbpfLoader};
use lanner_plugin_api::schema::{Arch, SYSCALLS, SyscallInfo};
use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};

use super::clock::Clock;
use super::counters::CounterReader;
use super::cpus::Cpus;
use super::enforce::{self, EnforcedReader};
use super::footprint::{self, FootprintReader};
use super::foreign::{self, AFTER_CALLS, SOCKETCALL};
use super::interest::{Interest, is_vital};
use super::matter::may_wait;
use super::merge::Rings;
use super::ring::Ring;
use super::settings::Settings;
use super::tracepoint::{SWITCH_DROP_FAILED, TRACEPOINTS, Tracepoint};
use super::{LiveError, Selection, feature, object};

/// Bits of `struct call_info` in bpf/base.bpf.h.
const WANT_EXIT: u64 = 1;
const WANT_ENTER: u64 = 2;
const WAITS: u64 = 4;
/// `struct entry` of bpf/base.bpf.h: a call by its own number, and by its number in the table for 32-bit programs.
type Entry = [u64; 2];
/// `NR_CALLS + SOCKETCALLS` there.
const ENTRIES: usize = AFTER_CALLS + 32;

/// The program by which the probes learn which process the agent is.
const MEET: &str = "meet";
/// A file that is there wherever probes can be loaded.
const BTF: &str = "/sys/kernel/btf/vmlinux";
/// Buffers of each group of processors: one for what comes by the million, one for what must not be lost.
const RINGS_PER_GROUP: u32 = 2;

/// How many ring buffers this machine has when so many processors share one; 0: all of them.
pub fn ring_count(cpus_for_each_buffer: u16) -> u32 {
    Cpus::of_machine(cpus_for_each_buffer).groups * RINGS_PER_GROUP
}

/// Type number of ring buffers.
const RINGBUF: u32 = 27;

/// The loaded probes. Dropping them detaches everything.
pub(super) struct Probe {
    bpf: Ebpf,
    /// The kernel's types, while programs are loaded: some 12 MB that nobody needs afterwards.
    btf: Option<Btf>,
    calls: Array<MapData, Entry>,
    /// What `calls` holds.
    entries: Vec<Entry>,
    switches: Array<MapData, u32>,
    counts: CounterReader,
    footprint: FootprintReader,
    exits: ProgramArray<MapData>,
    enters: ProgramArray<MapData>,
    /// Holds the buffers (a map of maps keeps what is put into it) and who uses which.
    _maps: (ArrayOfMaps<MapData>, Array<MapData, u32>),
    attached: Vec<&'static str>,
    /// Programs that this kernel does not take, and why; what they are for goes on without them.
    refused: Vec<(String, String)>,
    /// Rules that kill, and what is counted of them.
    enforced: Option<(enforce::Maps, EnforcedReader)>,
    arch: Arch,
}

fn map<T>(bpf: &mut Ebpf, name: &'static str) -> Result<T, LiveError>
where
    T: TryFrom<aya::maps::Map, Error = aya::maps::MapError>,
{
    let map = bpf.take_map(name).ok_or(LiveError::Lacks(name))?;
    T::try_from(map).map_err(|error| LiveError::Map { name, error })
}

impl Probe {
    /// Loads the probes. Nothing is reported before [`Probe::want`] says so.
    pub(super) fn load(settings: &Settings, clock: Clock) -> Result<(Self, Rings), LiveError> {
        let arch = Arch::HOST.filter(|_| object::is_there()).ok_or(LiveError::Architecture)?;
        feature::require()?;
        raise_locked_memory();
        let btf = Btf::from_sys_fs()?;
        let cpus = Cpus::of_machine(settings.cpus_for_each_buffer);
        let greeting = greeting();
        let enforcing = settings.enforce.as_ref().map_or(0_u32, |enforce| if enforce.dry_run { 2 } else { 1 });
        let mut bpf = EbpfLoader::new()
            .btf(Some(&btf))
            .override_global("boot_epoch_ns", &clock.boot, true)
            .override_global("greeting", &greeting, true)
            .override_global("enforcing", &enforcing, true)
            .override_global("snaplen", &settings.snaplen, true)
            .map_max_entries("scratches", cpus.possible())
            .map_max_entries("groups", cpus.possible())
            .map_max_entries("rings", cpus.groups * RINGS_PER_GROUP)
            .load(&object::with_rings_of(settings.ring_bytes())?)?;
        let footprint = FootprintReader::new(&mut bpf)?;
        let mut ring_maps: ArrayOfMaps<MapData> = map(&mut bpf, "rings")?;
        let (mut rings, mut ring_bytes) = (Vec::new(), Some(0));
        for at in 0..cpus.groups * RINGS_PER_GROUP {
            let (ring, bytes) = ring(&mut ring_maps, at, settings.ring_bytes())?;
            rings.push(ring);
            ring_bytes = ring_bytes.zip(bytes).map(|(sum, bytes)| sum + bytes);
        }
        let mut groups: Array<MapData, u32> = map(&mut bpf, "groups")?;
        for (cpu, group) in (0..).zip(&cpus.group_of) {
            groups.set(cpu, group, 0).map_err(|error| LiveError::Map { name: "groups", error })?;
        }
        let enforced = settings.enforce.as_ref().map(|what| enforce::write(&mut bpf, what)).transpose()?;
        let mut probe = Self {
            enforced,
            calls: map(&mut bpf, "calls")?,
            entries: vec![[0; 2]; ENTRIES],
            switches: map(&mut bpf, "switches")?,
            counts: CounterReader::new(map(&mut bpf, "counts")?, map(&mut bpf, "losses")?),
            footprint: footprint.with_rings(ring_bytes),
            exits: map(&mut bpf, "exits")?,
            enters: map(&mut bpf, "enters")?,
            _maps: (ring_maps, groups),
            attached: Vec::new(),
            refused: Vec::new(),
            bpf,
            btf: Some(btf),
            arch,
        };
        probe.switch(SWITCH_DROP_FAILED, settings.drop_failed_exit)?;
        probe.meet(greeting)?;
        Ok((probe, Rings::new(rings)))
    }

    /// Lets the probes learn which process the agent is, by the call that only it can make.
    fn meet(&mut self, greeting: u64) -> Result<(), LiveError> {
        let refused = |error| LiveError::refused(MEET, error);
        let program = self.program(MEET, "sys_enter")?.ok_or(LiveError::Lacks(MEET))?;
        let link = program.attach().map_err(refused)?;
        // Where this file would be read from does not matter, and is refused as often as not: the call counts.
        let _ = fs::File::open(BTF)?.seek(SeekFrom::Start(greeting));
        program.detach(link).map_err(refused)?;
        program.unload().map_err(refused)?;
        self.footprint.drop_programs();
        let met: Array<MapData, u32> = map(&mut self.bpf, "met")?;
        match met.get(&0, 0).map_err(|error| LiveError::Map { name: "met", error })? {
            0 => Err(LiveError::Unheard),
            _ => Ok(()),
        }
    }

    /// Changes what is reported: from now on exactly these calls, and of them what somebody can make use of. What was wanted before
    /// and still is goes on meanwhile.
    pub(super) fn want(&mut self, selection: &Selection) -> Result<(), LiveError> {
        let mut entries = vec![[0; 2]; ENTRIES];
        for call in SYSCALLS.iter().filter(|call| selection.calls.has(call.code)) {
            let own = call.native(self.arch).map(usize::from);
            let foreign = foreign::numbers(call, self.arch);
            let Some(any) = own.or(foreign.first().copied()) else { continue };
            // The programs of a call come before the wish, or its first events would be taken for generic ones.
            let mut wants = 0;
            let has_exit = self.bind("x_", call, "sys_exit")?;
            if has_exit || call.exit.is_some() {
                wants |= WANT_EXIT;
            }
            if self.bind("e_", call, "sys_enter")? {
                wants |= WANT_ENTER;
            }
            let vital = u64::from(is_vital(call));
            let only = selection.only(call);
            // The program of the exit sends what waits.
            if has_exit && wants & WANT_ENTER != 0 && may_wait(call) {
                wants |= WAITS;
            }
            let info = wants
                | vital << 8
                | u64::from(call.code.0) << 16
                | (own.unwrap_or(any) as u64) << 32
                | (only as u64) << 48;
            let places = own.map(|at| (at, 0)).into_iter().chain(foreign.into_iter().map(|at| (at, 1)));
            for (at, table) in places {
                let Some(entry) = entries.get_mut(at) else { continue };
                entry[table] = info;
                if at > AFTER_CALLS {
                    entries[SOCKETCALL][1] |= wants;
                }
            }
        }
        for (at, entry) in (0_u32..).zip(&entries) {
            if self.entries.get(at as usize) != Some(entry) {
                self.calls.set(at, entry, 0).map_err(|error| LiveError::Map { name: "calls", error })?;
            }
        }
        self.entries = entries;
        // Whoever is given a place for what waits gives it back when it ends.
        self.attach("sched_exit", "sched_process_exit")?;
        self.attach("sys_exit", "sys_exit")?;
        self.attach("sys_enter", "sys_enter")?;
        let done = self.want_tracepoints(&selection.calls);
        self.btf = None;
        done
    }

    fn want_tracepoints(&mut self, interest: &Interest) -> Result<(), LiveError> {
        let wanted = |name: &str| SYSCALLS.iter().any(|call| call.name == name && interest.has(call.code));
        let is_on = |t: &Tracepoint| t.is_wanted(wanted);
        for t in TRACEPOINTS.iter().filter(|t| is_on(t)) {
            match self.attach(t.program, t.tracepoint) {
                Err(error) if !t.needed => self.refuse(t.program, &error),
                result => result?,
            }
        }
        for t in &TRACEPOINTS {
            self.switch(t.switch, TRACEPOINTS.iter().any(|other| other.switch == t.switch && is_on(other)))?;
        }
        Ok(())
    }

    fn refuse(&mut self, program: &str, error: &LiveError) {
        if !self.refused.iter().any(|(name, _)| name == program) {
            self.refused.push((program.to_owned(), error.to_string()));
        }
    }

    /// Programs that this kernel does not take, and why. Calls whose program is among them are reported without arguments,
    /// tracepoints not at all.
    pub(super) fn refused(&self) -> &[(String, String)] {
        &self.refused
    }

    fn switch(&mut self, at: u32, on: bool) -> Result<(), LiveError> {
        self.switches.set(at, u32::from(on), 0).map_err(|error| LiveError::Map { name: "switches", error })
    }

    /// The program of this name, loaded; `None` if there is none.
    fn program(&mut self, name: &str, tracepoint: &str) -> Result<Option<&mut BtfTracePoint>, LiveError> {
        let Some(Program::BtfTracePoint(program)) = self.bpf.program_mut(name) else { return Ok(None) };
        if program.fd().is_err() {
            let refused = |error| LiveError::refused(name, error);
            let btf = match &mut self.btf {
                Some(btf) => btf,
                none => none.insert(Btf::from_sys_fs()?),
            };
            program.load(tracepoint, btf).map_err(refused)?;
            self.footprint.add_program(program);
        }
        Ok(Some(program))
    }

    /// Puts the program of a call into the table of its dispatcher. `false`: there is none.
    fn bind(&mut self, kind: &str, call: &SyscallInfo, dispatcher: &str) -> Result<bool, LiveError> {
        let name = format!("{kind}{}", call.name);
        let refused = |error| LiveError::refused(&name, error);
        let fd = match self.program(&name, dispatcher) {
            Ok(None) => return Ok(false),
            Ok(Some(program)) => program.fd().and_then(|fd| fd.try_clone().map_err(Into::into)).map_err(refused)?,
            Err(error) => {
                self.refuse(&name, &error);
                return Ok(false);
            }
        };
        let (table, map) =
            if dispatcher == "sys_exit" { (&mut self.exits, "exits") } else { (&mut self.enters, "enters") };
        table.set(u32::from(call.code.0), &fd, 0).map_err(|error| LiveError::Map { name: map, error })?;
        Ok(true)
    }

    fn attach(&mut self, name: &'static str, tracepoint: &str) -> Result<(), LiveError> {
        if self.attached.contains(&name) {
            return Ok(());
        }
        let refused = |error| LiveError::refused(name, error);
        if let Some(program) = self.program(name, tracepoint)? {
            program.attach().map_err(refused)?;
            self.attached.push(name);
        }
        Ok(())
    }

    /// Where they count what rules that kill did.
    pub(super) fn enforced(&self) -> Option<&EnforcedReader> {
        self.enforced.as_ref().map(|(_, reader)| reader)
    }

    /// What they take of the kernel's memory.
    pub(super) fn footprint(&self) -> &FootprintReader {
        &self.footprint
    }

    /// Where the probes count.
    pub(super) fn counters(&self) -> &CounterReader {
        &self.counts
    }
}

/// A number that nobody guesses, and that can stand for a place in a file.
fn greeting() -> u64 {
    let random = RandomState::new().build_hasher().finish();
    random >> 1 | 1
}

/// A buffer of so many bytes, and what it takes of the kernel's memory.
fn ring(into: &mut ArrayOfMaps<MapData>, at: u32, bytes: u32) -> Result<(Ring, Option<u64>), LiveError> {
    let failed = |error| LiveError::Map { name: "rings", error };
    let map = aya_obj::Map::new_from_params(RINGBUF, 0, 0, bytes, 0);
    let map = MapData::create(map, "events", None).map_err(failed)?;
    into.set(at, &map, 0).map_err(failed)?;
    // Linux 5.11 to 6.3 says nothing of what a ring has.
    let taken = footprint::of_fd(map.fd().as_fd()).map(|taken| taken.max(u64::from(bytes)));
    Ring::new(map.fd().as_fd(), bytes).map(|ring| (ring, taken)).map_err(|error| LiveError::Ring { bytes, error })
}

/// Kernels before 5.11 count maps as locked memory, of which the usual limit is too small.
fn raise_locked_memory() {
    // Where it is refused, the loading tells.
    let _ = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
}
