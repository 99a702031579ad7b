//! Where the parts of a file come from, in their order.

use std::mem;

use bytes::{Bytes, BytesMut};

use super::contents::Inflow;
use super::local_file::UploadFile;
use super::piece::Contents;
use super::plan::PartPlan;
use crate::Result;

pub(super) enum Source {
    Bytes(Bytes),
    File(UploadFile),
    /// What has come of the next part, and where the rest comes from.
    Inflow(BytesMut, Inflow),
}

/// The parts of a file that have not been taken yet.
pub(super) struct Parts {
    source: Source,
    plan: PartPlan,
    taken: u32,
}

impl Parts {
    pub(super) fn new(source: Source, plan: PartPlan) -> Self {
        Self { source, plan, taken: 0 }
    }

    /// The next part and its number, counted from 1; none after the last. Given up midway, it goes
    /// on from there the next time.
    ///
    /// # Errors
    /// Those of the source.
    pub(super) async fn next(&mut self) -> Result<Option<(u32, Contents)>> {
        let number = self.taken + 1;
        let contents = match &mut self.source {
            Source::Bytes(bytes) => {
                let range = self.plan.range(number, bytes.len() as u64);
                if range.is_empty() {
                    return Ok(None);
                }
                let offset = |at| usize::try_from(at).unwrap_or(usize::MAX);
                Contents::Memory(bytes.slice(offset(range.start)..offset(range.end)))
            }
            Source::File(file) => {
                let range = self.plan.range(number, file.size());
                if range.is_empty() {
                    return Ok(None);
                }
                Contents::Disk(file.clone(), range)
            }
            Source::Inflow(buffer, inflow) => {
                if buffer.is_empty() && inflow.at_end().await? {
                    return Ok(None);
                }
                let wanted = usize::try_from(self.plan.part_size).unwrap_or(usize::MAX);
                buffer.reserve(wanted - buffer.len());
                inflow.fill(buffer, wanted).await?;
                Contents::Memory(mem::take(buffer).freeze())
            }
        };
        self.taken = number;
        Ok(Some((number, contents)))
    }
}
