//! How far the inputs of a run get.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{env, fs};

/// How many inputs lie between two writings of the file.
const INTERVAL: u64 = 1024;

static INPUTS: AtomicU64 = AtomicU64::new(0);
static ARRIVED: AtomicU64 = AtomicU64::new(0);

/// Counts an input, and whether it got there. Where `CASIER_FUZZ_COUNTS` names a file, it holds how
/// many got there of how many, written anew every 1024 inputs.
pub fn count(has_arrived: bool) {
    let arrived = ARRIVED.fetch_add(u64::from(has_arrived), Relaxed) + u64::from(has_arrived);
    let inputs = INPUTS.fetch_add(1, Relaxed) + 1;
    if inputs.is_multiple_of(INTERVAL)
        && let Some(path) = env::var_os("CASIER_FUZZ_COUNTS")
    {
        fs::write(path, format!("{arrived} {inputs}\n")).expect("a file that can be written");
    }
}
