//! Uploads, also those that are gone on with, looked at and given up.

use bytes::Bytes;
use casier::ErrorKind;
use casier::storage::{PresignedUploadOptions, ResumeOptions, UploadContents, UploadOptions};
use futures_util::FutureExt as _;
use futures_util::stream;

use super::{A, B, Content, LARGE, NEW, OLD, OTHER, Operation, READS, TWO_PARTS, World};
use crate::storage::bench::metadata;

/// One that puts a file into the place of another.
const REPLACES: Operation = Operation {
    given: &[(A, OLD), (B, OTHER)],
    then: &[(A, NEW), (B, OTHER)],
    requests: &["PutObject"],
    ..READS
};

/// One that goes on with an upload that has broken off.
const GOES_ON: Operation = Operation {
    given: &[(B, OTHER)],
    then: &[(B, OTHER)],
    open_uploads: [1, 0],
    requests: &["ListParts"],
    prepare: |world| world.break_off("a.bin", LARGE, blue(world)).boxed(),
    ..REPLACES
};

const EMPTY: Content = Content::Large(0);

/// One that completes what a client has sent.
const COMPLETES: Operation = Operation {
    open_uploads: [1, 0],
    requests: &["ListParts", "CompleteMultipartUpload", "HeadObject", "GetObject"],
    prepare: |world| world.send_as_client("a.bin", NEW).boxed(),
    call: |world| {
        async {
            let file = world.files.complete_upload(&world.handle()).await?;
            assert_eq!((file.key.as_str(), file.size), ("user_1/files/a.bin", 5000));
            Ok(())
        }
        .boxed()
    },
    ..REPLACES
};

pub(in crate::storage::faults) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "upload_file_object",
        variant: "small",
        call: |world| {
            async {
                let bytes = Bytes::from_static(NEW.bytes());
                let file =
                    world.files.upload_file_object(bytes, "a.bin", "file", blue(world)).await?;
                assert_eq!((file.key.as_str(), file.size), ("user_1/files/a.bin", 5000));
                Ok(())
            }
            .boxed()
        },
        ..REPLACES
    },
    Operation {
        method: "upload_file_object",
        variant: "that may not replace",
        given: &[(B, OTHER)],
        repeatable: |_| false,
        call: |world| {
            async {
                let mut options = blue(world);
                options.overwrite = false;
                let bytes = Bytes::from_static(NEW.bytes());
                world.files.upload_file_object(bytes, "a.bin", "file", options).await?;
                Ok(())
            }
            .boxed()
        },
        ..REPLACES
    },
    Operation {
        method: "presigned_upload",
        variant: "that may not replace",
        requests: &["PutObject"],
        call: |world| {
            async {
                let mut options = PresignedUploadOptions::default();
                options.overwrite = false;
                let link = world.files.presigned_upload("a.bin", "file", 5000, options).await?;
                assert_eq!(link.key, "user_1/files/a.bin");
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "upload_file",
        variant: "small",
        given_locally: &[("a.bin", NEW)],
        then_locally: &[("a.bin", NEW)],
        call: |world| {
            async {
                let path = world.folder.path().join("a.bin");
                let file = world.files.upload_file(path, "file", blue(world)).await?;
                assert_eq!((file.key.as_str(), file.size), ("user_1/files/a.bin", 5000));
                Ok(())
            }
            .boxed()
        },
        ..REPLACES
    },
    Operation {
        method: "upload_file",
        variant: "in parts",
        then: &[(A, LARGE), (B, OTHER)],
        given_locally: &[("a.bin", LARGE)],
        then_locally: &[("a.bin", LARGE)],
        requests: &["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"],
        call: |world| {
            async {
                let path = world.folder.path().join("a.bin");
                let file = world.files.upload_file(path, "file", blue(world)).await?;
                assert_eq!(file.size, LARGE.bytes().len() as u64);
                Ok(())
            }
            .boxed()
        },
        ..REPLACES
    },
    Operation {
        method: "upload_file_object",
        variant: "of unknown length, that may not replace",
        given: &[(B, OTHER)],
        then: &[(A, TWO_PARTS), (B, OTHER)],
        repeatable: |_| false,
        requests: &["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"],
        call: |world| {
            async {
                let pieces = TWO_PARTS.bytes().chunks(100_000).map(|it| Ok(it.into()));
                let contents = UploadContents::stream(stream::iter(pieces), None);
                let mut options = blue(world);
                options.overwrite = false;
                world.files.upload_file_object(contents, "a.bin", "file", options).await?;
                Ok(())
            }
            .boxed()
        },
        ..REPLACES
    },
    Operation {
        method: "resume_upload",
        variant: "",
        then: &[(A, LARGE), (B, OTHER)],
        given_locally: &[("a.bin", LARGE)],
        then_locally: &[("a.bin", LARGE)],
        // Any other failure aborts it.
        repeatable: |failed| {
            let passing = [ErrorKind::StorageUnavailable, ErrorKind::Timeout];
            failed.is_none_or(|kind| passing.contains(&kind))
        },
        requests: &["ListParts", "UploadPart", "CompleteMultipartUpload", "HeadObject"],
        call: |world| {
            async {
                let path = world.folder.path().join("a.bin");
                let mut options = ResumeOptions::default();
                options.deadline = Some(world.deadline());
                let file = world.files.resume_upload(&world.handle(), path, options).await?;
                assert_eq!(file.size, LARGE.bytes().len() as u64);
                Ok(())
            }
            .boxed()
        },
        ..GOES_ON
    },
    Operation {
        method: "begin_upload",
        variant: "",
        then: &[(A, OLD), (B, OTHER)],
        open_uploads: [0, 1],
        requests: &["HeadObject", "CreateMultipartUpload"],
        call: |world| {
            async {
                let begun = world.files.begin_upload("a.bin", "file", 5000, Default::default());
                let begun = begun.await?;
                assert_eq!((begun.key.as_str(), begun.part_count), ("user_1/files/a.bin", 1));
                Ok(())
            }
            .boxed()
        },
        ..REPLACES
    },
    Operation {
        method: "complete_upload",
        variant: "of a new file",
        given: &[(B, OTHER)],
        ..COMPLETES
    },
    Operation {
        method: "complete_upload",
        variant: "that replaces a file",
        requests: &[
            "ListParts",
            "CompleteMultipartUpload",
            "HeadObject",
            "GetObject",
            "CopyObject",
            "DeleteObject",
        ],
        ..COMPLETES
    },
    Operation {
        method: "complete_upload",
        variant: "of an empty file",
        given: &[(B, OTHER)],
        then: &[(A, EMPTY), (B, OTHER)],
        requests: &["ListParts", "PutObject", "AbortMultipartUpload", "HeadObject"],
        prepare: |world| world.send_as_client("a.bin", EMPTY).boxed(),
        call: |world| {
            async {
                let file = world.files.complete_upload(&world.handle()).await?;
                assert_eq!((file.key.as_str(), file.size), ("user_1/files/a.bin", 0));
                Ok(())
            }
            .boxed()
        },
        ..COMPLETES
    },
    Operation {
        method: "abort_upload",
        variant: "whose parts a client sends",
        then: &[(A, OLD), (B, OTHER)],
        requests: &["ListParts", "AbortMultipartUpload", "HeadObject"],
        call: |world| async { world.files.abort_upload(&world.handle()).await }.boxed(),
        ..COMPLETES
    },
    Operation {
        method: "upload_state",
        variant: "",
        open_uploads: [1, 1],
        call: |world| {
            async {
                let state = world.files.upload_state(&world.handle()).await?;
                assert_eq!((state.parts.as_slice(), state.sent), ([3].as_slice(), 1000));
                Ok(())
            }
            .boxed()
        },
        ..GOES_ON
    },
    Operation {
        method: "abort_upload",
        variant: "",
        requests: &["ListParts", "AbortMultipartUpload"],
        call: |world| async { world.files.abort_upload(&world.handle()).await }.boxed(),
        ..GOES_ON
    },
    Operation {
        method: "sweep_uploads",
        variant: "",
        open_uploads: [1, 1],
        requests: &["ListMultipartUploads"],
        prepare: |world| world.begin_upload(A).boxed(),
        call: |world| {
            async {
                let swept = world.files.sweep_uploads().await?;
                assert_eq!((swept.aborted, swept.live), (0, 1));
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
];

fn blue(world: &World) -> UploadOptions {
    let mut options = UploadOptions::default();
    options.metadata = metadata(&[("color", "blue")]);
    options.deadline = Some(world.deadline());
    options
}
