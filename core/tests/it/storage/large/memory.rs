//! How much memory a process takes, as Linux counts it.

use std::time::Instant;

use super::super::child::tell;

/// What some work took.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) seconds: f64,
    /// By how much the memory grew at its peak, in bytes.
    pub(super) growth: u64,
}

impl Measured {
    pub(super) fn parse(told: &str) -> Self {
        let (seconds, growth) = told.split_once(' ').unwrap();
        Self { seconds: seconds.parse().unwrap(), growth: growth.parse().unwrap() }
    }

    /// For the table: `31 s, 42 MiB`.
    pub(super) fn text(&self) -> String {
        format!("{:.0} s, {} MiB", self.seconds, self.growth.div_ceil(1024 * 1024))
    }
}

/// Does some work and tells the parent what it took.
pub(super) async fn measured(work: impl Future<Output = ()>) {
    let (begun, before) = (Instant::now(), status("VmRSS"));
    work.await;
    let growth = status("VmHWM").saturating_sub(before);
    tell(&format!("{} {growth}", begun.elapsed().as_secs_f64()));
}

/// A line of `/proc/self/status`, in bytes. `VmHWM` is the most that `VmRSS` has ever been.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: u64 = line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap();
    kib * 1024
}
