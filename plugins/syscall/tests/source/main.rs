//! The live source as a whole: what it loses and what it never loses, whose events it leaves out, what it finds when it
//! starts.
//!
//! Other programs use the machine meanwhile: each test looks at its own processes only. Without root or kernel types nothing
//! can be watched, and the tests say so and pass; CI has both.

mod child;
mod enforce;
mod loss;
mod own;
mod places;
mod start;
mod unknown;
mod want;

use lanner_syscall::live::missing;

/// Whether the kernel can be watched here.
fn can_watch() -> bool {
    let missing = missing();
    if !missing.is_empty() {
        eprintln!("skipped: no live events here: {missing:?}");
    }
    missing.is_empty()
}
