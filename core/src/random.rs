//! Random names.

use crate::{Error, ErrorKind, Result};

/// 128 bits from the system's generator, as 32 hexadecimal digits.
pub(crate) fn random_name() -> Result<String> {
    let mut bits = [0; 16];
    aws_lc_rs::rand::fill(&mut bits)
        .map_err(|_| Error::new(ErrorKind::Internal, "no random numbers from the system"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}

/// Whether [`random_name`] could have given this.
pub(crate) fn is_random_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

/// From 0 up to 1, for waits that are not to coincide; a half when the system has no random numbers.
pub(crate) fn random_fraction() -> f64 {
    let mut bits = [0; 4];
    match aws_lc_rs::rand::fill(&mut bits) {
        Ok(()) => f64::from(u32::from_le_bytes(bits)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}
