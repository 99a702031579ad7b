//! Uploads whose parts a client sends to the store itself, to addresses that it is given.

mod attacks;
mod endings;
mod faulty;
mod stories;

use casier::Result;
use casier::storage::{BeginUploadOptions, BegunUpload, PartUrl, StoredFile, UserStorage};
use reqwest::StatusCode;

use super::bench::Bench;

/// The size of every part but the last.
const PART: usize = 8 << 20;

/// Two parts.
const SIZE: usize = PART + 1000;

/// Bytes in which no two parts are the same.
fn bytes(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at % 251) as u8 ^ (at >> 20) as u8).collect()
}

/// Begins an upload of a file that has no type of its own.
async fn begin(files: &UserStorage, name: &str, size: usize) -> BegunUpload {
    files.begin_upload(name, "file", size as u64, Default::default()).await.unwrap()
}

/// The address of one part.
async fn url_of(files: &UserStorage, upload: &BegunUpload, number: u32) -> PartUrl {
    files.part_urls(&upload.upload_id, &[number]).await.unwrap().remove(0)
}

/// Sends bytes to the address of a part, as a client does that knows nothing of S3.
async fn put(part: &PartUrl, bytes: &[u8]) -> StatusCode {
    assert_eq!(part.headers["content-length"], part.size.to_string());
    let mut put = reqwest::Client::new().put(&part.url).body(bytes.to_vec());
    for (name, value) in &part.headers {
        put = put.header(name, value);
    }
    put.send().await.unwrap().status()
}

/// Sends parts of a file.
async fn send(files: &UserStorage, upload: &BegunUpload, numbers: &[u32], bytes: &[u8]) {
    for part in files.part_urls(&upload.upload_id, numbers).await.unwrap() {
        let start = (part.part_number as usize - 1) * PART;
        let bytes = &bytes[start..start + part.size as usize];
        assert_eq!(put(&part, bytes).await, StatusCode::OK, "part {}", part.part_number);
    }
}

/// Begins an upload and sends all of its parts.
async fn sent(files: &UserStorage, name: &str, bytes: &[u8]) -> BegunUpload {
    let upload = begin(files, name, bytes.len()).await;
    let numbers: Vec<u32> = (1..=upload.part_count).collect();
    send(files, &upload, &numbers, bytes).await;
    upload
}

async fn uploaded(files: &UserStorage, name: &str, bytes: &[u8]) -> Result<StoredFile> {
    files.complete_upload(&sent(files, name, bytes).await.upload_id).await
}

fn without_overwriting() -> BeginUploadOptions {
    let mut options = BeginUploadOptions::default();
    options.overwrite = false;
    options
}

/// Whether the completion of an upload can promise to overwrite nothing: not on every store.
async fn creates_only(bench: &Bench) -> bool {
    let begun = bench.files().begin_upload("probe", "file", 1, without_overwriting()).await;
    if let Ok(begun) = &begun {
        bench.files().abort_upload(&begun.upload_id).await.unwrap();
    }
    begun.is_ok()
}
