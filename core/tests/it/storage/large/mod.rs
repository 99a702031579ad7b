//! Large files and long listings, by a process that does nothing else: its memory is bounded by
//! what is on its way, whatever the size.
//!
//! They take minutes, so `make test` leaves them out and `make test-engines` runs them. With
//! `CASIER_UPDATE_DOCS` set, what they measure goes into `docs/stores.md`.

mod listing;
mod memory;
mod pattern;
mod transfer;

use casier::storage::UserStorage;

use self::memory::Measured;
use super::bench::Bench;
use super::child::Child;

/// What a child does for a test of this room.
pub(super) async fn do_job(job: &str, files: UserStorage) {
    match job {
        "upload" => transfer::upload(files).await,
        "list" => listing::list(files).await,
        "download" => transfer::download(files).await,
        _ => panic!("there is no job {job}"),
    }
}

/// Has a child do a job, whose memory may not grow beyond the limit.
async fn in_a_child(
    bench: &Bench,
    job: &str,
    arguments: &[(&str, &str)],
    max_growth: u64,
) -> Measured {
    let mut child = Child::start(bench, job, arguments);
    let measured = Measured::parse(&child.told().await.expect("the child fails"));
    child.end().await;
    println!("{job}: {}", measured.text());
    assert!(measured.growth < max_growth, "{job}: {measured:?}");
    measured
}
