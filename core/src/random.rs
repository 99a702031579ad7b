//! Random names.

use crate::{Error, ErrorKind, Result};

/// 128 bits from the system's generator, as 32 hexadecimal digits.
pub(crate) fn random_name() -> Result<String> {
    let mut bits = [0; 16];
    aws_lc_rs::rand::fill(&mut bits)
        .map_err(|_| Error::new(ErrorKind::Internal, "no random numbers from the system"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}
