//! Signing what somebody else will send: AWS's Signature Version 4 in the query of an address or in
//! the fields of a form. Pure: no network, no clock, no runtime.

mod address;
mod canonical;
mod day_key;
mod encode;
mod post_policy;
mod signer;
#[cfg(test)]
mod tests;

pub(in crate::storage) use address::Address;
pub(in crate::storage) use encode::in_path;
pub(in crate::storage) use post_policy::PostPolicy;
pub(in crate::storage) use signer::{Presign, Signer};
