//! Every operation: what is there before it and after it, and a call that checks its own answer.

use std::fmt;

use bytes::Bytes;
use casier::storage::{
    ByteRange, CopyOptions, DownloadOptions, ListOptions, ReadOptions, ResumeOptions, StoredFile,
    UploadContents, UploadOptions,
};
use casier::{ErrorKind, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;

use super::world::{COPY_PART_BYTES, Content, Files, World};
use crate::storage::bench::metadata;

pub(super) struct Operation {
    /// The method of `UserStorage` that it calls.
    pub(super) method: &'static str,
    /// Tells it from others of the same method.
    pub(super) variant: &'static str,
    pub(super) group: &'static str,
    pub(super) given: Files,
    pub(super) then: Files,
    pub(super) given_locally: Files,
    pub(super) then_locally: Files,
    /// How many uploads are open before it, and after it.
    pub(super) open_uploads: [usize; 2],
    /// Whether it can be done again where it has been done, or has failed in this way.
    pub(super) repeatable: fn(Option<ErrorKind>) -> bool,
    /// Requests that it makes for sure.
    pub(super) requests: &'static [&'static str],
    /// What is done before anything fails.
    pub(super) prepare: for<'a> fn(&'a World) -> BoxFuture<'a, ()>,
    pub(super) call: for<'a> fn(&'a World) -> BoxFuture<'a, Result<()>>,
}

impl Operation {
    pub(super) fn is_large(&self) -> bool {
        self.then.iter().any(|(_, content)| content.bytes().len() >= TWO_PARTS.bytes().len())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.variant)
    }
}

const A: &str = "files/a.bin";
const B: &str = "files/b.bin";
const C: &str = "files/c.bin";
const D: &str = "files/d.bin";
const OLD: Content = Content::Small("red");
const NEW: Content = Content::Small("blue");
const OTHER: Content = Content::Small("yellow");

/// Above 16 MiB, so that it goes in three parts and comes in three ranges.
const LARGE: Content = Content::Large(16 * 1024 * 1024 + 1000);
const TWO_PARTS: Content = Content::Large(8 * 1024 * 1024 + 1000);

/// So long that it is copied in two parts.
const TWO_COPIED_PARTS: Content = Content::Large(COPY_PART_BYTES as usize + 1000);

const THREE: Files = &[(A, NEW), (B, OTHER), (C, OLD)];

/// One that reads and changes nothing.
const READS: Operation = Operation {
    method: "",
    variant: "",
    group: "reads",
    given: THREE,
    then: THREE,
    given_locally: &[],
    then_locally: &[],
    open_uploads: [0, 0],
    repeatable: |_| true,
    requests: &[],
    prepare: |_| async {}.boxed(),
    call: |_| async { Ok(()) }.boxed(),
};

/// One that puts a file into the place of another.
const REPLACES: Operation = Operation {
    group: "uploads",
    given: &[(A, OLD), (B, OTHER)],
    then: &[(A, NEW), (B, OTHER)],
    requests: &["PutObject"],
    ..READS
};

const LISTS: Operation = Operation { group: "listings", requests: &["ListObjectsV2"], ..READS };

const DELETES: Operation = Operation { group: "managing", then: &[(C, OLD)], ..READS };

/// One that goes on with an upload that has broken off.
const GOES_ON: Operation = Operation {
    given: &[(B, OTHER)],
    then: &[(B, OTHER)],
    open_uploads: [1, 0],
    requests: &["ListParts"],
    prepare: |world| world.break_off("a.bin", LARGE, blue(world)).boxed(),
    ..REPLACES
};

fn blue(world: &World) -> UploadOptions {
    let mut options = UploadOptions::default();
    options.metadata = metadata(&[("color", "blue")]);
    options.deadline = Some(world.deadline());
    options
}

fn in_time(world: &World) -> DownloadOptions {
    let mut options = DownloadOptions::default();
    options.deadline = Some(world.deadline());
    options
}

fn to_d() -> CopyOptions {
    let mut options = CopyOptions::default();
    options.filename = Some("d.bin".to_owned());
    options
}

fn names(files: &[StoredFile]) -> Vec<&str> {
    files.iter().map(|file| file.filename.as_str()).collect()
}

pub(super) const OPERATIONS: &[Operation] = &[
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
        group: "uploads",
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
    Operation {
        method: "read",
        variant: "",
        requests: &["GetObject"],
        call: |world| {
            async {
                let bytes = world.files.read(&World::key(A), ReadOptions::default()).await?;
                assert!(bytes == NEW.bytes());
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "download",
        variant: "small",
        given_locally: &[("a.bin", OLD)],
        then_locally: &[("a.bin", NEW)],
        requests: &["GetObject"],
        call: |world| {
            async {
                let path = world.folder.path().join("a.bin");
                let file = world.files.download(&World::key(A), path, in_time(world)).await?;
                assert_eq!(file.size, 5000);
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "read",
        variant: "a part",
        requests: &["GetObject"],
        call: |world| {
            async {
                let mut options = ReadOptions::default();
                options.range = Some(ByteRange::new(1000, Some(2000)));
                let bytes = world.files.read(&World::key(A), options).await?;
                // No store keeps a checksum of a part: where a byte was changed on its way back,
                // only the encryption of the connection would have noticed.
                assert_eq!(bytes.len(), 2000);
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "stream",
        variant: "",
        requests: &["GetObject"],
        call: |world| {
            async {
                let mut options = ReadOptions::default();
                options.deadline = Some(world.deadline());
                let mut stream = world.files.stream(&World::key(A), options).await?;
                let mut bytes = Vec::new();
                while let Some(piece) = stream.next().await {
                    bytes.extend_from_slice(&piece?);
                }
                assert!(bytes == NEW.bytes());
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "download",
        variant: "in ranges",
        given: &[(A, LARGE)],
        then: &[(A, LARGE)],
        given_locally: &[],
        then_locally: &[("a.bin", LARGE)],
        requests: &["GetObject"],
        call: |world| {
            async {
                let path = world.folder.path().join("a.bin");
                let file = world.files.download(&World::key(A), path, in_time(world)).await?;
                assert_eq!(file.size, LARGE.bytes().len() as u64);
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "list",
        variant: "a page",
        call: |world| {
            async {
                let page = world.files.list(ListOptions::default()).await?;
                assert_eq!(names(&page.items), ["a.bin", "b.bin", "c.bin"]);
                assert_eq!(page.next_cursor, None);
                Ok(())
            }
            .boxed()
        },
        ..LISTS
    },
    Operation {
        method: "list",
        variant: "with metadata",
        requests: &["ListObjectsV2", "HeadObject"],
        call: |world| {
            async {
                let mut options = ListOptions::default();
                options.with_metadata = true;
                let page = world.files.list(options).await?;
                assert_eq!(names(&page.items), ["a.bin", "b.bin", "c.bin"]);
                let colors: Vec<_> = page.items.iter().map(|it| &it.metadata["color"]).collect();
                assert_eq!(colors, ["blue", "yellow", "red"]);
                Ok(())
            }
            .boxed()
        },
        ..LISTS
    },
    Operation {
        method: "metadata",
        variant: "",
        requests: &["HeadObject"],
        call: |world| {
            async {
                let file = world.files.metadata(&World::key(A)).await?;
                assert_eq!((file.size, file.metadata["color"].as_str()), (5000, "blue"));
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "exists",
        variant: "yes",
        requests: &["HeadObject"],
        call: |world| {
            async {
                assert!(world.files.exists(&World::key(A)).await?);
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "exists",
        variant: "no",
        requests: &["HeadObject", "HeadBucket"],
        call: |world| {
            async {
                assert!(!world.files.exists(&World::key("files/none.bin")).await?);
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
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
        method: "list_all",
        variant: "in pages of one",
        call: |world| {
            async {
                let mut options = ListOptions::default();
                options.limit = 1;
                let mut list = world.files.list_all(options);
                let mut files = Vec::new();
                while let Some(file) = list.next().await {
                    files.push(file?);
                }
                assert_eq!(names(&files), ["a.bin", "b.bin", "c.bin"]);
                Ok(())
            }
            .boxed()
        },
        ..LISTS
    },
    Operation {
        method: "newest",
        variant: "",
        call: |world| {
            async {
                let newest = world.files.newest(3, None).await?;
                assert_eq!(newest.len(), 3);
                Ok(())
            }
            .boxed()
        },
        ..LISTS
    },
    Operation {
        method: "usage",
        variant: "",
        call: |world| {
            async {
                let usage = world.files.usage().await?;
                assert_eq!((usage.files, usage.bytes), (3, 15_000));
                Ok(())
            }
            .boxed()
        },
        ..LISTS
    },
    Operation {
        method: "copy",
        variant: "",
        group: "managing",
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
        group: "managing",
        given: &[(A, NEW), (D, OLD)],
        then: &[(A, NEW), (D, NEW)],
        requests: &["HeadObject", "CopyObject"],
        call: |world| async { world.files.copy(&World::key(A), to_d()).await.map(drop) }.boxed(),
        ..READS
    },
    Operation {
        method: "copy",
        variant: "in parts",
        group: "managing",
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
        method: "tags",
        variant: "",
        requests: &["GetObjectTagging"],
        prepare: |world| world.tag(A, "shelf", "2").boxed(),
        call: |world| {
            async {
                let tags = world.files.tags(&World::key(A)).await?;
                assert_eq!(tags, metadata(&[("shelf", "2")]));
                Ok(())
            }
            .boxed()
        },
        ..READS
    },
    Operation {
        method: "set_tags",
        variant: "",
        group: "managing",
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
        group: "managing",
        prepare: |world| world.tag(A, "shelf", "2").boxed(),
        call: |world| async { world.files.set_tags(&World::key(A), metadata(&[])).await }.boxed(),
        ..READS
    },
];
