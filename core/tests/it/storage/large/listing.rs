//! A listing of 100,000 files.

use std::time::{Duration, Instant};

use casier::storage::{ListOptions, UserStorage};
use futures_util::stream::{self, StreamExt as _};

use super::super::bench::Bench;
use super::super::capabilities::note_measurement;
use super::in_a_child;
use super::memory::measured;
use crate::support::within;

const FILES: usize = 100_000;
const PARALLEL_PUTS: usize = 64;
const MAX_GROWTH: u64 = 32 * 1024 * 1024;
const LIMIT: &str = "memory grows by less than 32 MiB";
const TIME_LIMIT: Duration = Duration::from_secs(900);

#[test]
#[ignore = "takes minutes: make test-engines"]
fn a_hundred_thousand_files_are_listed_in_little_memory() {
    within(TIME_LIMIT, async {
        let bench = Bench::new().await;
        let begun = Instant::now();
        let puts = (0..FILES).map(|number| {
            let key = bench.key(&format!("files/{number:06}.txt"));
            let bench = &bench;
            async move { bench.put_raw(&key, b"x").await }
        });
        stream::iter(puts).buffer_unordered(PARALLEL_PUTS).collect::<Vec<()>>().await;
        println!("{FILES} files put: {} s", begun.elapsed().as_secs());

        let listed = in_a_child(&bench, "list", &[], MAX_GROWTH).await;
        note_measurement("100,000 files listed", LIMIT, listed.text());
        bench.clean_up().await;
    });
}

pub(super) async fn list(files: UserStorage) {
    measured(async {
        let mut all = files.list_all(ListOptions::default());
        let mut count = 0;
        while let Some(file) = all.next().await {
            file.unwrap();
            count += 1;
        }
        assert_eq!(count, FILES);
    })
    .await;
}
