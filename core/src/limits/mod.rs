//! How much of what a tier limits is taken.

mod ledger;
mod record;

pub(crate) use ledger::{CountFiles, Counted, Ledger, Reservation, ReservationId};
pub(crate) use record::KeyHash;

#[cfg(test)]
mod tests;
