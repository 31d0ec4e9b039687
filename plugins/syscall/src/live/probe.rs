//! The probes in the kernel: loaded, told what to report, attached.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{Seek as _, SeekFrom};
use std::os::fd::AsFd as _;

use aya::maps::{Array, ArrayOfMaps, MapData, ProgramArray};
use aya::programs::{BtfTracePoint, Program};
use aya::{Btf, Ebpf, EbpfLoader};
use lanner_plugin_api::schema::{Arch, SYSCALLS};
use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};

use super::clock::Clock;
use super::counters::CounterReader;
use super::cpus::Cpus;
use super::interest::{Interest, is_vital};
use super::merge::Rings;
use super::ring::Ring;
use super::settings::Settings;
use super::{LiveError, feature};

/// The object that build.rs compiled; empty where there are no probes for the architecture.
#[repr(C, align(8))]
struct Aligned<T: ?Sized>(T);
static OBJECT: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/probe.o")));

/// Bits of `struct call_info` in bpf/base.bpf.h.
const WANT_EXIT: u32 = 1;
const WANT_ENTER: u32 = 2;
/// Entries of the map `switches` and the programs that they turn on.
const SWITCHES: [(u32, &str, &str, &[&str]); 4] = [
    (0, "sched_exec", "sched_process_exec", &["execve", "execveat"]),
    (1, "sched_fork", "sched_process_fork", &["clone", "clone3", "fork", "vfork"]),
    (2, "sched_exit", "sched_process_exit", &["sched_process_exit"]),
    (3, "signal_deliver", "signal_deliver", &["signal_deliver"]),
];
const SWITCH_DROP_FAILED: u32 = 5;
/// The program by which the probes learn which process the agent is.
const MEET: &str = "meet";
/// A file that is there wherever probes can be loaded.
const BTF: &str = "/sys/kernel/btf/vmlinux";
/// Buffers of each group of processors: one for what comes by the million, one for what must not be lost.
const RINGS_PER_GROUP: u32 = 2;
/// Type number of ring buffers.
const RINGBUF: u32 = 27;

/// The loaded probes. Dropping them detaches everything.
pub(super) struct Probe {
    bpf: Ebpf,
    btf: Btf,
    calls: Array<MapData, u32>,
    switches: Array<MapData, u32>,
    counts: CounterReader,
    exits: ProgramArray<MapData>,
    enters: ProgramArray<MapData>,
    /// Holds the buffers (a map of maps keeps what is put into it) and who uses which.
    _maps: (ArrayOfMaps<MapData>, Array<MapData, u32>),
    attached: Vec<&'static str>,
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
        let arch = Arch::HOST.filter(|_| !OBJECT.0.is_empty()).ok_or(LiveError::Architecture)?;
        feature::require()?;
        raise_locked_memory();
        let btf = Btf::from_sys_fs()?;
        let cpus = Cpus::of_machine(settings.cpus_for_each_buffer);
        let greeting = greeting();
        let mut bpf = EbpfLoader::new()
            .btf(Some(&btf))
            .override_global("boot_epoch_ns", &clock.boot, true)
            .override_global("greeting", &greeting, true)
            .override_global("snaplen", &settings.snaplen, true)
            .map_max_entries("scratches", cpus.possible())
            .map_max_entries("groups", cpus.possible())
            .map_max_entries("rings", cpus.groups * RINGS_PER_GROUP)
            .load(&OBJECT.0)?;
        let mut ring_maps: ArrayOfMaps<MapData> = map(&mut bpf, "rings")?;
        let mut rings = Vec::new();
        for at in 0..cpus.groups * RINGS_PER_GROUP {
            rings.push(ring(&mut ring_maps, at, settings.ring_bytes())?);
        }
        let mut groups: Array<MapData, u32> = map(&mut bpf, "groups")?;
        for (cpu, group) in (0..).zip(&cpus.group_of) {
            groups.set(cpu, group, 0).map_err(|error| LiveError::Map { name: "groups", error })?;
        }
        let mut probe = Self {
            calls: map(&mut bpf, "calls")?,
            switches: map(&mut bpf, "switches")?,
            counts: CounterReader::new(map(&mut bpf, "counts")?, map(&mut bpf, "losses")?),
            exits: map(&mut bpf, "exits")?,
            enters: map(&mut bpf, "enters")?,
            _maps: (ring_maps, groups),
            attached: Vec::new(),
            bpf,
            btf,
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
        let met: Array<MapData, u32> = map(&mut self.bpf, "met")?;
        match met.get(&0, 0).map_err(|error| LiveError::Map { name: "met", error })? {
            0 => Err(LiveError::Unheard),
            _ => Ok(()),
        }
    }

    /// Changes what is reported: from now on exactly these calls. What was wanted before and still is goes on meanwhile.
    pub(super) fn want(&mut self, interest: &Interest) -> Result<(), LiveError> {
        for call in SYSCALLS.iter() {
            let Some(native) = call.native(self.arch).map(u32::from) else { continue };
            let mut wants = 0;
            if interest.has(call.code) {
                // The programs of a call come before the wish, or its first events would be taken for generic ones.
                if self.bind(&format!("x_{}", call.name), "sys_exit", native)? || call.exit.is_some_and(|e| e.0 == 1) {
                    wants |= WANT_EXIT;
                }
                if self.bind(&format!("e_{}", call.name), "sys_enter", native)? {
                    wants |= WANT_ENTER;
                }
            }
            let info = wants | u32::from(is_vital(call)) << 8 | u32::from(call.code.0) << 16;
            if native < self.calls.len() {
                self.calls.set(native, info, 0).map_err(|error| LiveError::Map { name: "calls", error })?;
            }
        }
        let wanted = |name: &str| SYSCALLS.iter().any(|call| call.name == name && interest.has(call.code));
        for (at, program, tracepoint, calls) in SWITCHES {
            let on = calls.iter().any(|name| wanted(name));
            self.switch(at, on)?;
            if on {
                self.attach(program, tracepoint)?;
            }
        }
        self.attach("sys_exit", "sys_exit")?;
        self.attach("sys_enter", "sys_enter")
    }

    fn switch(&mut self, at: u32, on: bool) -> Result<(), LiveError> {
        self.switches.set(at, u32::from(on), 0).map_err(|error| LiveError::Map { name: "switches", error })
    }

    /// The program of this name, loaded; `None` if there is none.
    fn program(&mut self, name: &str, tracepoint: &str) -> Result<Option<&mut BtfTracePoint>, LiveError> {
        let Some(Program::BtfTracePoint(program)) = self.bpf.program_mut(name) else { return Ok(None) };
        if program.fd().is_err() {
            let refused = |error| LiveError::refused(name, error);
            program.load(tracepoint, &self.btf).map_err(refused)?;
        }
        Ok(Some(program))
    }

    /// Puts the program of a call into the table of its dispatcher. `false`: there is none.
    fn bind(&mut self, name: &str, dispatcher: &str, native: u32) -> Result<bool, LiveError> {
        let refused = |error| LiveError::refused(name, error);
        let Some(program) = self.program(name, dispatcher)? else { return Ok(false) };
        let fd = program.fd().and_then(|fd| fd.try_clone().map_err(Into::into)).map_err(refused)?;
        let (table, map) =
            if dispatcher == "sys_exit" { (&mut self.exits, "exits") } else { (&mut self.enters, "enters") };
        table.set(native, &fd, 0).map_err(|error| LiveError::Map { name: map, error })?;
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

fn ring(into: &mut ArrayOfMaps<MapData>, at: u32, bytes: u32) -> Result<Ring, LiveError> {
    let failed = |error| LiveError::Map { name: "rings", error };
    let map = aya_obj::Map::new_from_params(RINGBUF, 0, 0, bytes, 0);
    let map = MapData::create(map, "events", None).map_err(failed)?;
    into.set(at, &map, 0).map_err(failed)?;
    Ring::new(map.fd().as_fd(), bytes).map_err(|error| LiveError::Ring { bytes, error })
}

/// Kernels before 5.11 count maps as locked memory, of which the usual limit is too small.
fn raise_locked_memory() {
    // Where it is refused, the loading tells.
    let _ = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
}
