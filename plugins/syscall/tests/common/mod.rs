//! What the tests share: where the recorded captures are, and how to read what Falco said about them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

/// The folder with captures and expected results; `None` (and a word about it) where it is not there.
pub fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("LANNER_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    // A worktree lies one folder deeper than the main checkout.
    let deeper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared");
    let found = [path, deeper].into_iter().find(|p| p.join("captures").is_dir());
    if found.is_none() {
        println!("skipped: ../shared is absent");
    }
    found
}

/// Every capture in the given folders of `captures/`, in order.
pub fn captures(folders: &[&str]) -> Vec<PathBuf> {
    let Some(shared) = shared() else { return Vec::new() };
    let mut files = Vec::new();
    for folder in folders {
        let dir = shared.join("captures").join(folder);
        let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        files
            .extend(entries.map(|e| e.expect("readable").path()).filter(|p| p.to_string_lossy().ends_with(".scap.gz")));
    }
    files.sort();
    assert!(!files.is_empty(), "no captures in {}", shared.display());
    files
}

/// A file that stands beside a capture: `attack.scap.gz` -> `attack.count`.
pub fn beside(capture: &Path, ending: &str) -> PathBuf {
    let name = capture.file_name().expect("a file").to_string_lossy();
    capture.with_file_name(name.replace(".scap.gz", ending))
}

/// Number of events that reach the rules.
pub fn expected_count(capture: &Path) -> u64 {
    let file = beside(capture, ".count");
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.trim().parse().expect("a number")
}

/// The decompressed bytes of a capture.
pub fn unpack(capture: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = File::open(capture).unwrap_or_else(|e| panic!("{}: {e}", capture.display()));
    MultiGzDecoder::new(BufReader::new(file)).read_to_end(&mut bytes).expect("gzip");
    bytes
}

/// The lines of `NAME.fields.jsonl.gz`.
pub fn field_lines(capture: &Path) -> impl Iterator<Item = String> + use<> {
    let path = beside(capture, ".fields.jsonl.gz");
    let file = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    BufReader::new(MultiGzDecoder::new(BufReader::new(file))).lines().map(|l| l.expect("text"))
}

/// Small numbers that are the same on every run.
pub struct Dice(pub u64);

impl Dice {
    /// The next number below `n`.
    pub fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

/// A block: type, length, body, padding, length.
pub fn block(code: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    let total = (12 + body.len() + padding) as u32;
    let mut block = [code.to_le_bytes(), total.to_le_bytes()].concat();
    block.extend(body);
    block.extend(vec![0; padding]);
    block.extend(total.to_le_bytes());
    block
}

/// The section header every capture begins with.
pub fn section() -> Vec<u8> {
    let mut body = 0x1A2B_3C4Du32.to_le_bytes().to_vec();
    body.extend([1, 0, 2, 0]);
    body.extend(u64::MAX.to_le_bytes());
    block(0x0A0D_0D0A, &body)
}

/// An event block of the given type; `flags` for the types that have them.
pub fn event_block(code: u32, flags: Option<u32>, event: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 0];
    body.extend(flags.iter().flat_map(|f| f.to_le_bytes()));
    body.extend(event);
    block(code, &body)
}
