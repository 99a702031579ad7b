//! The fingerprint of RSA keys made by a generator that leaks its primes.

/// Whether a modulus bears the mark of CVE-2017-15361 (Nemec et al., "The Return of Coppersmith's
/// Attack", CCS 2017 §3): such a modulus is a power of 65537 modulo every small prime. A sound
/// modulus has the mark once in about a hundred million.
pub(crate) fn has_fingerprint(modulus: &[u8]) -> bool {
    (3..=167).filter(|number| is_prime(*number)).all(|prime| {
        let residue = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        is_power_of_65537(residue, prime)
    })
}

fn is_prime(number: u32) -> bool {
    (2..number).take_while(|divisor| divisor * divisor <= number).all(|d| !number.is_multiple_of(d))
}

fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        power = power * 65537 % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_the_generator_bear_the_mark() {
        assert!(has_fingerprint(&[1]));
        assert!(has_fingerprint(&[1, 0, 1]));
        assert!(has_fingerprint(&(65537u64 * 65537).to_be_bytes()));
        assert!(!has_fingerprint(&[3]));
        assert!(!has_fingerprint(&[0xff; 256]));
    }
}
