//! A file of 2 GiB, up and down.

use std::path::PathBuf;
use std::time::Duration;

use casier::storage::{UploadOptions, UserStorage};

use super::super::bench::Bench;
use super::super::capabilities::note_measurement;
use super::super::child::argument;
use super::in_a_child;
use super::memory::measured;
use super::pattern::{BLOCK, Pattern};
use crate::support::{Folder, within};

const BLOCKS: u64 = 2048;
const MAX_GROWTH: u64 = 96 * 1024 * 1024;
const LIMIT: &str = "memory grows by less than 96 MiB";
const TIME_LIMIT: Duration = Duration::from_secs(900);

#[test]
#[ignore = "takes minutes: make test-engines"]
fn a_file_of_2_gib_comes_back_through_little_memory() {
    within(TIME_LIMIT, async {
        let folder = Folder::new();
        let bench = Bench::on_disk(&folder).await;
        let (path, copy) = (folder.path().join("large.bin"), folder.path().join("copy.bin"));
        let mut pattern = Pattern::new();
        pattern.write(&path, BLOCKS);
        let key = bench.key("files/large.bin");

        let up =
            in_a_child(&bench, "upload", &[("path", path.to_str().unwrap())], MAX_GROWTH).await;
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, [key.as_str()]);
        assert!(bench.uploads_under(bench.scope.prefix()).await.is_empty());
        for number in [0, 1, 15, 16, 1000, BLOCKS - 1] {
            let from = number * BLOCK as u64;
            let range = format!("bytes={from}-{}", from + BLOCK as u64 - 1);
            let get = bench.raw.get_object().bucket(&bench.config.bucket).key(&key).range(range);
            let got = get.send().await.unwrap().body.collect().await.unwrap().to_vec();
            assert!(got == pattern.block(number), "block {number}");
        }
        std::fs::remove_file(path).unwrap();

        let arguments = [("key", key.as_str()), ("path", copy.to_str().unwrap())];
        let down = in_a_child(&bench, "download", &arguments, MAX_GROWTH).await;
        pattern.assert_file(&copy, BLOCKS);
        note_measurement("2 GiB up", LIMIT, up.text());
        note_measurement("2 GiB down", LIMIT, down.text());
        bench.clean_up().await;
    });
}

pub(super) async fn upload(files: UserStorage) {
    let path = PathBuf::from(argument("path"));
    measured(async {
        let stored = files.upload_file(path, "file", UploadOptions::default()).await.unwrap();
        assert_eq!(stored.size, BLOCKS * BLOCK as u64 + 1);
    })
    .await;
}

pub(super) async fn download(files: UserStorage) {
    let path = PathBuf::from(argument("path"));
    measured(async {
        let stored = files.download(&argument("key"), path, Default::default()).await.unwrap();
        assert_eq!(stored.size, BLOCKS * BLOCK as u64 + 1);
    })
    .await;
}
