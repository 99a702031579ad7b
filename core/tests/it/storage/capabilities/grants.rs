//! Temporary credentials.

use casier::ErrorKind;

use super::answer::YES;
use super::{Probe, Row, row};

pub(super) async fn find(probe: &Probe<'_>) -> Vec<Row> {
    let granted = probe.bench.files().temporary_credentials(Default::default()).await;
    let finding = match granted {
        Ok(_) => YES.to_owned(),
        Err(error) if error.kind() == ErrorKind::StorageUnsupported => "no".to_owned(),
        Err(error) => panic!("{error}"),
    };
    let needed_for = "`temporary_credentials`, else `storage-unsupported`";
    vec![row("`AssumeRole` (STS) whose session policy the store keeps", needed_for, finding)]
}
