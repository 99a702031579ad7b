//! What the store under test can do, found by asking it with a plain S3 client, and written into
//! the table of `docs/stores.md`, one column for each store that the suite runs on.
//! `CASIER_STORE` names the column; without it, it is the local store's.
//!
//! Other tests write what they measured into a second table there.
//!
//! Only these tables tell stores apart by their names. All other tests, like Casier itself, learn what
//! a store lacks by trying, or from `storage-unsupported`.

mod answer;
mod checksums;
mod grants;
mod keys;
mod manage;
mod multipart;
mod reads;
mod table;
mod writes;

use aws_sdk_s3::Client;

use super::bench::{Bench, on_bench};

/// One line of the table.
struct Row {
    capability: &'static str,
    /// What Casier does with it, and without it.
    needed_for: &'static str,
    finding: String,
}

fn row(capability: &'static str, needed_for: &'static str, finding: impl Into<String>) -> Row {
    Row { capability, needed_for, finding: finding.into() }
}

/// The store, and a place in its bucket that no other test shares.
struct Probe<'a> {
    bench: &'a Bench,
    client: &'a Client,
    bucket: &'a str,
}

impl Probe<'_> {
    fn key(&self, name: &str) -> String {
        self.bench.key(name)
    }

    async fn put(&self, name: &str, body: &'static str) -> String {
        let key = self.key(name);
        self.bench.put_raw(&key, body.as_bytes()).await;
        key
    }

    async fn text(&self, key: &str) -> String {
        String::from_utf8(self.bench.bytes_of(key).await).unwrap()
    }
}

/// What tests that take long measured of this store: name, limit, measurement.
#[cfg(target_os = "linux")]
pub(super) fn note_measurement(name: &'static str, limit: &'static str, measured: String) {
    table::write_measurements(&[row(name, limit, measured)]);
}

#[test]
fn docs_say_what_this_store_can() {
    on_bench(|bench| async move {
        let probe =
            Probe { bench: &bench, client: &bench.raw, bucket: bench.config.bucket.as_str() };
        let rows: Vec<Row> = [
            writes::find(&probe).await,
            multipart::find(&probe).await,
            checksums::find(&probe).await,
            reads::find(&probe).await,
            manage::find(&probe).await,
            keys::find(&probe).await,
            grants::find(&probe).await,
        ]
        .into_iter()
        .flatten()
        .collect();
        table::check_or_write_column(&rows);
        bench
    });
}
