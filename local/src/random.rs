//! Random text for ids and secrets.

use crate::{Error, Result};

/// `bytes` random bytes in lower-case hexadecimal, safe in a shell, a URL and a header.
pub(crate) fn hex(bytes: usize) -> Result<String> {
    let mut random = vec![0_u8; bytes];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| Error::Crypto("the system has no randomness to give".into()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
