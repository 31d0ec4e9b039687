//! Memory of the process as a whole: what goes back to the system, and what a piece of work leaves allocated.
//!
//! A start and a reload take many times what they leave: the kernel's types, the text of rules, plugins that rules are compiled with. The
//! allocator of the C library keeps such memory for later as long as anything small stands behind it, which is always so: of
//! 64 MB that an idle agent held, 46 were free. And two thirds of the program that are mapped by then are what only a start needs.
#![allow(unsafe_code, reason = "calls of the C library and an allocator, which have no safe form")]

mod account;
mod pages;

pub use account::Accounting;
pub(crate) use account::Tally;

/// Gives back what is free, and what of the program itself is not in use just now. Takes milliseconds; other threads that allocate
/// wait meanwhile.
pub(crate) fn give_back() {
    pages::forget_program();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: takes no pointer and may be called at any time by any thread; it looks at free memory only.
        let given = unsafe { libc::malloc_trim(0) };
        crate::log::debug(if given == 1 {
            "free memory was given back"
        } else {
            "there was no free memory to give back"
        });
    }
}
