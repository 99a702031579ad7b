//! Ranges of IPv4 addresses.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// A range of addresses, in CIDR notation ([RFC 4632](https://www.rfc-editor.org/rfc/rfc4632)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IpRange {
    address: Ipv4Addr,
    /// How many leading bits are the same in the whole range, 0 to 32.
    bits: u32,
}

impl FromStr for IpRange {
    type Err = Error;

    /// Reads `192.0.2.0/24`, or one address alone.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why| Error::new(ErrorKind::InvalidRequest, format!("the IP range {why}"));
        let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
        let address: Ipv4Addr =
            address.parse().map_err(|_| wrong("is not of IPv4, as `192.0.2.0/24` is"))?;
        let is_number = bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits = bits.parse().ok().filter(|bits| is_number && *bits <= 32);
        let bits: u32 = bits.ok_or_else(|| wrong("has a prefix length that is not 0 to 32"))?;
        let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
        if address.to_bits() & rest != 0 {
            return Err(wrong("does not begin at its first address"));
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_single_addresses_are_read() {
        for (text, written) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.1/32", "192.0.2.1/32"),
            ("10.0.0.0/08", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(text.parse::<IpRange>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "/",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/+8",
            "192.0.2.0/24/24",
            "192.0.2.1/24",
            "192.0.2",
            "192.0.2.01",
            " 192.0.2.0/24",
            "192.0.2.0/24\"}",
            "192.0.2.*",
            "2001:db8::/32",
            "::ffff:192.0.2.1",
            "localhost",
        ] {
            let error = text.parse::<IpRange>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{text}");
        }
    }
}
