//! Values of a script as parameters of events: the schema says which type is wanted.

mod dynamic;
mod number;

use lanner_plugin_api::schema::{FlagTable, ParamExtra, ParamInfo, ParamType as T, PrintFormat, SYSCALLS, SyscallKind};

use crate::addr::{Addr, socktuple};
use crate::error::{ScriptError, did_you_mean};
use crate::machine::Machine;
use crate::names;
use crate::read::{Node, parse_int};

/// Descriptor that stands for the working directory.
pub(crate) const AT_FDCWD: i64 = -100;

/// A text with its NUL.
pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
    [bytes, b"\0"].concat()
}

/// The bytes of `param` that a script writes as `node`. Nothing (`null`) is a parameter without value. `tid`: who acts.
pub(crate) fn encode(machine: &Machine, tid: i64, param: &ParamInfo, node: &Node<'_>) -> Result<Vec<u8>, ScriptError> {
    if node.value.is_null() {
        return Ok(Vec::new());
    }
    let table = match param.extra {
        ParamExtra::Flags(table) => Some(table),
        _ => None,
    };
    if let Some(table) = table {
        let octal = matches!(param.ty, T::Mode) || param.format == PrintFormat::Oct;
        return number::sized(param.ty, flags(table, octal, node)?.into(), node);
    }
    if let ParamExtra::Dyn(variants) = param.extra {
        return dynamic::encode(machine, tid, variants, node);
    }
    Ok(match param.ty {
        T::Charbuf | T::Fspath | T::Fsrelpath => text(node.text()?.as_bytes()),
        T::Bytebuf | T::Charbufarray | T::CharbufPairArray => buffer(node)?,
        T::Errno => names::result(node)?.to_le_bytes().to_vec(),
        T::Fd | T::Fd32 => number::sized(param.ty, fd(machine, tid, node)?.into(), node)?,
        T::Pid | T::Pid32 => number::sized(param.ty, machine.world.process(node)?.into(), node)?,
        T::Uid => machine.world.user(node)?.0.to_le_bytes().to_vec(),
        T::Gid => machine.world.group(node)?.to_le_bytes().to_vec(),
        T::Uint32 if param.name == "uid" => machine.world.user(node)?.0.to_le_bytes().to_vec(),
        T::Uint32 if param.name == "gid" => machine.world.group(node)?.to_le_bytes().to_vec(),
        T::Sigtype => vec![names::signal_number(node)?],
        T::Reltime => names::duration(node)?.to_le_bytes().to_vec(),
        T::Syscallid => syscall_code(node)?.to_le_bytes().to_vec(),
        T::Sockaddr => Addr::read(node)?.sockaddr(),
        T::Socktuple => tuple(node)?,
        T::Fdlist => fd_list(machine, tid, node)?,
        ty if param.format == PrintFormat::Oct => number::sized(ty, octal(node)?, node)?,
        ty => number::sized(ty, node.int()?, node)?,
    })
}

/// Bytes: a text as it is, or a list of texts with a NUL after each, or a list of numbers.
fn buffer(node: &Node<'_>) -> Result<Vec<u8>, ScriptError> {
    if node.value.is_array() {
        let items = node.list()?;
        if !items.is_empty() && items.iter().all(|n| n.value.is_number()) {
            return items.iter().map(Node::number).collect();
        }
        return items.iter().map(|n| Ok(text(n.text()?.as_bytes()))).collect::<Result<Vec<_>, _>>().map(|l| l.concat());
    }
    Ok(node.text()?.into_bytes())
}

/// A descriptor by number, by the name that a step gave it, by `stdin`, `stdout`, `stderr`, `AT_FDCWD`, or by what it
/// shows as its name (the path of an open file).
pub(crate) fn fd(machine: &Machine, tid: i64, node: &Node<'_>) -> Result<i64, ScriptError> {
    let Some(name) = node.value.as_str().filter(|s| parse_int(s).is_none()) else { return node.number() };
    let standard = ["stdin", "stdout", "stderr"].iter().position(|s| *s == name).map(|n| n as i64);
    if let Some(fd) = standard.or_else(|| (name == "AT_FDCWD").then_some(AT_FDCWD)) {
        return Ok(fd);
    }
    if let Some(fd) = machine.fd_names.get(name) {
        return Ok(*fd);
    }
    let thread = machine.state.thread(tid);
    let open = thread.and_then(|t| machine.state.fds_of(t).find(|(_, f)| f.name() == name.as_bytes()));
    open.map(|(fd, _)| fd).ok_or_else(|| {
        let hint = did_you_mean(name, machine.fd_names.keys().map(String::as_str));
        node.error(format!(
            "no descriptor has the name \"{name}\"{hint}: name the step that opens it with `as:`, or write its number"
        ))
    })
}

/// `A|B`, a list of names, or a number. A mode may be octal digits ("0644").
pub(crate) fn flags(table: &FlagTable, is_octal: bool, node: &Node<'_>) -> Result<u32, ScriptError> {
    if node.value.is_array() {
        return node.list()?.iter().try_fold(0, |all, n| Ok(all | flags(table, is_octal, n)?));
    }
    let Some(words) = node.value.as_str() else { return node.number() };
    if is_octal && let Some(n) = octal_digits(words) {
        return Ok(n);
    }
    let mut all = 0;
    for word in words.split(['|', ',']).map(str::trim).filter(|w| !w.is_empty()) {
        let exact = |word: &str| table.entries.iter().find(|e| e.name == word).map(|e| e.value);
        // Some tables have names without the prefix that C gives them: BIND for MS_BIND.
        let named = exact(word).or_else(|| exact(word.split_once('_')?.1));
        let number = || parse_int(word).and_then(|n| u32::try_from(n).ok());
        all |= named.or_else(number).ok_or_else(|| {
            let hint = did_you_mean(word, table.entries.iter().map(|e| e.name));
            node.error(format!("\"{word}\" is not one of {}{hint}", table.name))
        })?;
    }
    Ok(all)
}

fn octal_digits(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten()
}

fn octal(node: &Node<'_>) -> Result<i128, ScriptError> {
    node.value.as_str().and_then(octal_digits).map_or_else(|| node.int(), |n| Ok(i128::from(n)))
}

/// A system call by name or code.
pub(crate) fn syscall_code(node: &Node<'_>) -> Result<u16, ScriptError> {
    if node.value.is_number() {
        return node.number();
    }
    let name = node.text()?;
    let known = || SYSCALLS.iter().filter(|s| s.kind != SyscallKind::None);
    known().find(|s| s.name == name).map(|s| s.code.0).ok_or_else(|| {
        let hint = did_you_mean(&name, known().map(|s| s.name));
        node.error(format!("unknown system call \"{name}\"{hint}"))
    })
}

/// `from->to`.
fn tuple(node: &Node<'_>) -> Result<Vec<u8>, ScriptError> {
    let text = node.text()?;
    let ends = text.split_once("->").and_then(|(a, b)| Some((Addr::parse(a.trim())?, Addr::parse(b.trim())?)));
    let bytes = ends.and_then(|(from, to)| socktuple(&from, &to));
    bytes.ok_or_else(|| node.error(format!("\"{text}\" is not a tuple: write \"10.0.0.5:41234->1.2.3.4:443\"")))
}

/// Descriptors, each alone or as `{fd:, events:}`.
fn fd_list(machine: &Machine, tid: i64, node: &Node<'_>) -> Result<Vec<u8>, ScriptError> {
    let items = node.one_or_list()?;
    let count = u16::try_from(items.len()).map_err(|_| node.error("too many descriptors"))?;
    let mut out = count.to_le_bytes().to_vec();
    for item in items {
        let (fd, events) = if item.value.is_object() {
            let f = item.fields()?;
            let fd_node = f.get("fd").ok_or_else(|| f.error("an entry needs `fd`"))?;
            let entry = (fd(machine, tid, &fd_node)?, f.number::<i16>("events")?.unwrap_or(1));
            f.finish()?;
            entry
        } else {
            (fd(machine, tid, &item)?, 1)
        };
        out.extend(fd.to_le_bytes());
        out.extend(events.to_le_bytes());
    }
    Ok(out)
}

pub(crate) use number::sized as sized_number;
