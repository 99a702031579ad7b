//! Uploads in parts that must not overwrite.

use casier::ErrorKind;
use casier::storage::UploadOptions;

use super::{SMALL, bytes};
use crate::storage::bench::on_bench;

fn create_only() -> UploadOptions {
    let mut options = UploadOptions::default();
    options.overwrite = false;
    options
}

/// Attack 76, for uploads in parts.
#[test]
fn large_creators_that_race_leave_one_winner() {
    on_bench(|bench| async move {
        let files = bench.files();
        let racers = (1..=3).map(|more| {
            files.upload_file_object(bytes(SMALL + more), "a.bin", "file", create_only())
        });
        let answers = futures_util::future::join_all(racers).await;
        let stored: Vec<_> = answers.iter().filter_map(|it| it.as_ref().ok()).collect();
        let errors: Vec<_> = answers.iter().filter_map(|it| it.as_ref().err()).collect();
        let uploads = bench.raw.list_multipart_uploads().bucket(&bench.config.bucket);
        let left = uploads.prefix(bench.scope.prefix()).send().await.unwrap();
        assert!(left.uploads().is_empty(), "{left:?}");
        assert!(bench.keys_under(".casier/probe-").await.is_empty());
        if errors.iter().any(|error| error.kind() == ErrorKind::StorageUnsupported) {
            assert!(stored.is_empty());
            println!("the store does not honour If-None-Match where an upload is completed");
            bench.assert_nothing_left().await;
            return bench;
        }
        assert_eq!(stored.len(), 1, "{answers:?}");
        assert!(
            errors
                .iter()
                .all(|it| matches!(it.kind(), ErrorKind::FileExists | ErrorKind::Conflict))
        );
        let found = files.metadata(&stored[0].key).await.unwrap();
        assert_eq!((found.size, &found.etag), (stored[0].size, &stored[0].etag));
        let again = files.upload_file_object(bytes(SMALL + 9), "a.bin", "file", create_only());
        assert_eq!(again.await.unwrap_err().kind(), ErrorKind::FileExists);
        bench
    });
}
