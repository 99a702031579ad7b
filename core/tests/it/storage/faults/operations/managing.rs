//! Deleting, copying, moving and tagging files.

use casier::storage::CopyOptions;
use futures_util::FutureExt as _;

use super::{A, B, C, Content, D, NEW, OLD, OTHER, Operation, READS, World};
use crate::storage::bench::metadata;
use crate::storage::faults::world::COPY_PART_BYTES;

/// So long that it is copied in two parts.
const TWO_COPIED_PARTS: Content = Content::Large(COPY_PART_BYTES as usize + 1000);

const DELETES: Operation = Operation { then: &[(C, OLD)], ..READS };

pub(in crate::storage::faults) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "delete",
        variant: "",
        then: &[(B, OTHER), (C, OLD)],
        requests: &["DeleteObject"],
        call: |world| async { world.files.delete(&World::key(A)).await }.boxed(),
        ..DELETES
    },
    Operation {
        method: "delete_many",
        variant: "",
        call: |world| {
            async {
                let keys = vec![World::key(A), World::key(B)];
                let deletions = world.files.delete_many(keys.clone()).await?;
                assert_eq!(
                    deletions.iter().map(|it| &it.key).collect::<Vec<_>>(),
                    [&keys[0], &keys[1]]
                );
                deletions.into_iter().find_map(|it| it.error).map_or(Ok(()), Err)
            }
            .boxed()
        },
        ..DELETES
    },
    Operation {
        method: "copy",
        variant: "",
        then: &[(A, NEW), (B, OTHER), (C, OLD), (D, NEW)],
        requests: &["HeadObject", "CopyObject"],
        call: |world| {
            async {
                let copy = world.files.copy(&World::key(A), to_d()).await?;
                assert_eq!((copy.key.as_str(), copy.size), ("user_1/files/d.bin", 5000));
                assert_eq!(copy.metadata["color"], "blue");
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "copy",
        variant: "onto another",
        given: &[(A, NEW), (D, OLD)],
        then: &[(A, NEW), (D, NEW)],
        requests: &["HeadObject", "CopyObject"],
        call: |world| async { world.files.copy(&World::key(A), to_d()).await.map(drop) }.boxed(),
        ..READS
    },
    Operation {
        method: "copy",
        variant: "in parts",
        given: &[(A, TWO_COPIED_PARTS), (D, OLD)],
        then: &[(A, TWO_COPIED_PARTS), (D, TWO_COPIED_PARTS)],
        requests: &["HeadObject", "UploadPartCopy", "CompleteMultipartUpload"],
        call: |world| async { world.files.copy(&World::key(A), to_d()).await.map(drop) }.boxed(),
        ..READS
    },
    Operation {
        method: "move_to",
        variant: "",
        then: &[(B, OTHER), (C, OLD), (D, NEW)],
        repeatable: |_| false,
        requests: &["HeadObject", "CopyObject", "DeleteObject"],
        call: |world| {
            async {
                let moved = world.files.move_to(&World::key(A), to_d()).await?;
                assert_eq!((moved.key.as_str(), moved.size), ("user_1/files/d.bin", 5000));
                Ok(())
            }
            .boxed()
        },
        ..DELETES
    },
    Operation {
        method: "rename",
        variant: "that may not replace",
        then: &[(B, OTHER), (C, OLD), (D, NEW)],
        repeatable: |_| false,
        requests: &["HeadObject", "CopyObject", "DeleteObject"],
        call: |world| {
            async {
                let renamed = world.files.rename(&World::key(A), "d.bin", false).await?;
                assert_eq!((renamed.key.as_str(), renamed.size), ("user_1/files/d.bin", 5000));
                Ok(())
            }
            .boxed()
        },
        ..DELETES
    },
    Operation {
        method: "delete_all",
        variant: "",
        then: &[],
        open_uploads: [1, 0],
        requests: &["ListMultipartUploads", "ListObjectVersions", "DeleteObjects"],
        prepare: |world| world.begin_upload(A).boxed(),
        call: |world| {
            async {
                let receipt = world.files.delete_all().await?;
                receipt.failed.into_iter().find_map(|it| it.error).map_or(Ok(()), Err)
            }
            .boxed()
        },
        ..DELETES
    },
    Operation {
        method: "set_tags",
        variant: "",
        requests: &["PutObjectTagging"],
        call: |world| {
            async { world.files.set_tags(&World::key(A), metadata(&[("shelf", "2")])).await }
                .boxed()
        },
        ..READS
    },
    Operation {
        method: "set_tags",
        variant: "to none",
        prepare: |world| world.tag(A, "shelf", "2").boxed(),
        call: |world| async { world.files.set_tags(&World::key(A), metadata(&[])).await }.boxed(),
        ..READS
    },
];

fn to_d() -> CopyOptions {
    let mut options = CopyOptions::default();
    options.filename = Some("d.bin".to_owned());
    options
}
