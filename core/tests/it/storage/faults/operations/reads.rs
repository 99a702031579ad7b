//! Reading files, and what is known of them.

use casier::storage::{ByteRange, DownloadOptions, ReadOptions};
use futures_util::FutureExt as _;

use super::{A, LARGE, NEW, OLD, Operation, READS, World};
use crate::storage::bench::metadata;

pub(in crate::storage::faults) const OPERATIONS: &[Operation] = &[
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
];

fn in_time(world: &World) -> DownloadOptions {
    let mut options = DownloadOptions::default();
    options.deadline = Some(world.deadline());
    options
}
