//! Memory that has been freed goes back to the system.
//!
//! A start and a reload take many times what they leave: the kernel's types, the text of rules, plugins that rules are compiled with. The
//! allocator of the C library keeps such memory for later as long as anything small stands behind it, which is always so: of
//! 64 MB that an idle agent held, 46 were free.
#![allow(unsafe_code, reason = "a call of the C library that has no safe form")]

/// Gives back what is free. Takes milliseconds; other threads that allocate wait meanwhile.
pub(crate) fn give_back() {
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
