//! Pages of the program's file that are mapped though nobody needs them any more.
//!
//! The kernel maps sixteen pages wherever one is touched, and never takes one back while memory is plenty: of a program that has
//! parsed rules, loaded probes and compiled patterns, three quarters of what is mapped then are not touched again. What is
//! needed after all comes from the page cache, sixteen pages at a time: a hundred or two short faults.

use std::ffi::{c_int, c_void};

/// Lets go of all pages of the program that cannot have been changed: its code and its constants.
pub(super) fn forget_program() {
    // SAFETY: the callback has the signature that is asked for and wants no data.
    unsafe { libc::dl_iterate_phdr(Some(forget), std::ptr::null_mut()) };
}

/// Called for the program first, and ends the walk there: libraries are shared with other processes, and what those of others do
/// with their own code is unknown.
unsafe extern "C" fn forget(object: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
    const STOP: c_int = 1;
    // SAFETY: asks for a number.
    let Ok(page) = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) else { return STOP };
    // SAFETY: the caller lends a description of an object for the length of this call.
    let Some(object) = (unsafe { object.as_ref() }) else { return STOP };
    if object.dlpi_phdr.is_null() {
        return STOP;
    }
    // SAFETY: the description says how many headers there are, and they stay as long as the program is loaded.
    let headers = unsafe { std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)) };
    for header in headers {
        let Some((at, len)) = unchanged(header, object.dlpi_addr, page) else { continue };
        // SAFETY: whole pages of a segment of the program that is mapped from its file and was never writable, so they are as
        // the file has them, and the kernel brings them from there again whenever they are touched.
        let failed = unsafe { libc::madvise(at as *mut c_void, len, libc::MADV_DONTNEED) } != 0;
        if failed {
            // Locked memory: whoever wants all of the program resident gets it.
            crate::log::debug(format_args!("the program stays mapped: {}", std::io::Error::last_os_error()));
        }
    }
    STOP
}

/// Address and length of the whole pages of a segment that is loaded and not writable. What is writable while the program is
/// linked, and protected afterwards, says so in its header: it is left alone.
fn unchanged(header: &libc::Elf64_Phdr, base: u64, page: u64) -> Option<(u64, usize)> {
    if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
        return None;
    }
    let begin = base.checked_add(header.p_vaddr)?;
    let end = begin.checked_add(header.p_filesz)?;
    let (begin, end) = (begin.checked_next_multiple_of(page)?, end - end % page);
    let len = usize::try_from(end.checked_sub(begin)?).ok()?;
    (len > 0).then_some((begin, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u32, at: u64, len: u64) -> libc::Elf64_Phdr {
        libc::Elf64_Phdr {
            p_type: libc::PT_LOAD,
            p_flags: flags,
            p_offset: 0,
            p_vaddr: at,
            p_paddr: at,
            p_filesz: len,
            p_memsz: len,
            p_align: 4096,
        }
    }

    #[test]
    fn only_whole_pages_that_nobody_wrote_are_let_go_of() {
        let read_only = header(libc::PF_R, 0x100, 0x2f80);
        assert_eq!(unchanged(&read_only, 0x40_0000, 0x1000), Some((0x40_1000, 0x2000)));
        let code = header(libc::PF_R | libc::PF_X, 0x3000, 0x1800);
        assert_eq!(unchanged(&code, 0, 0x1000), Some((0x3000, 0x1000)));
        assert_eq!(unchanged(&header(libc::PF_R | libc::PF_W, 0x3000, 0x4000), 0, 0x1000), None);
        assert_eq!(unchanged(&libc::Elf64_Phdr { p_type: libc::PT_TLS, ..code }, 0, 0x1000), None);
        assert_eq!(unchanged(&header(libc::PF_R, 0x3100, 0x800), 0, 0x1000), None, "no whole page");
        assert_eq!(unchanged(&header(libc::PF_R, u64::MAX - 5, 9), 0, 0x1000), None);
    }

    #[test]
    fn the_program_goes_on_without_its_pages() {
        static TABLE: [u64; 4096] = {
            let mut table = [0; 4096];
            let mut n = 0;
            while n < table.len() {
                table[n] = n as u64 * 3;
                n += 1;
            }
            table
        };
        let sum = || TABLE.iter().map(|n| std::hint::black_box(*n)).sum::<u64>();
        let before = sum();
        forget_program();
        assert_eq!(sum(), before);
    }
}
