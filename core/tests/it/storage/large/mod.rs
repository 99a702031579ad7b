//! Large files and long listings, by a process that does nothing else: its memory is bounded by
//! what is on its way, whatever the size.
//!
//! They take minutes, so `make test` leaves them out and `make test-engines` runs them. With
//! `CASIER_UPDATE_DOCS` set, what they measure goes into `docs/stores.md`.

mod memory;
mod pattern;
mod transfer;

use casier::storage::UserStorage;

/// What a child does for a test of this room.
pub(super) async fn do_job(job: &str, files: UserStorage) {
    match job {
        "upload" => transfer::upload(files).await,
        "download" => transfer::download(files).await,
        _ => panic!("there is no job {job}"),
    }
}
