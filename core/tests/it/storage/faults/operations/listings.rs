//! Listing files, and counting them.

use casier::storage::{ListOptions, StoredFile};
use futures_util::FutureExt as _;

use super::{Operation, READS};

const LISTS: Operation = Operation { requests: &["ListObjectsV2"], ..READS };

pub(in crate::storage::faults) const OPERATIONS: &[Operation] = &[
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
];

fn names(files: &[StoredFile]) -> Vec<&str> {
    files.iter().map(|file| file.filename.as_str()).collect()
}
