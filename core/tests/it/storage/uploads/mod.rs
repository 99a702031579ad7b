//! Uploads of every size and source, and what comes of those that fail or are given up.

mod creating;
mod faulty;
mod giving_up;
mod refusals;
mod sources;
mod spoilt;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use casier::storage::{OnProgress, UploadOptions};
use casier_local::Faults;

use super::bench::Bench;

const MIB: usize = 1024 * 1024;

/// The largest file that goes in one PUT.
const SMALL: usize = 16 * MIB;

/// Bytes in which no two parts are the same.
fn bytes(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at % 251) as u8 ^ (at >> 20) as u8).collect()
}

/// Bytes moved, and bytes in all.
type Progress = (u64, Option<u64>);

/// What a listener was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Progress>>>);

impl Told {
    fn options(&self) -> UploadOptions {
        let heard = Arc::clone(&self.0);
        let mut options = UploadOptions::default();
        options.on_progress =
            Some(OnProgress::new(move |moved, total| heard.lock().unwrap().push((moved, total))));
        options
    }

    /// Asserts that the numbers never fell, and that all of `size` bytes came last. Of a size that
    /// is known, they came once.
    fn assert_grew_to(&self, size: u64, known: bool) {
        let told = self.0.lock().unwrap();
        assert!(told.windows(2).all(|two| two[0].0 <= two[1].0), "{told:?}");
        let (last, before) = told.split_last().unwrap();
        assert_eq!(*last, (size, Some(size)));
        let total = known.then_some(size);
        assert!(before.iter().all(|it| it.1 == total && (it.0 < size || !known)), "{told:?}");
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// The faults of the local server.
fn faults(bench: &Bench) -> &Faults {
    bench.faults().unwrap()
}

/// Waits until the scope holds neither an object nor an upload that was begun.
async fn nothing_is_left(bench: &Bench) {
    while !bench.is_empty().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
