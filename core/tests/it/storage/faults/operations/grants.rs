//! Giving temporary credentials.

use futures_util::FutureExt as _;

use super::{Operation, READS};
use crate::storage::faults::world::SCOPE;

pub(in crate::storage::faults) const OPERATIONS: &[Operation] = &[Operation {
    method: "temporary_credentials",
    requests: &["AssumeRole", "PutObject", "ListObjectsV2", "GetObject", "DeleteObject"],
    call: |world| {
        async {
            let granted = world.files.temporary_credentials(Default::default()).await?;
            assert_eq!(granted.prefix, SCOPE);
            Ok(())
        }
        .boxed()
    },
    ..READS
}];
