//! Byte sizes as people write them.

/// The units, largest first within each family; the names are exact.
const UNITS: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
];

/// Reads a size: a whole number, at most one space, and one of `KiB`, `MiB`, `GiB`, `TiB` (powers
/// of 1024) or `kB`, `MB`, `GB`, `TB` (powers of 1000), for example `10 MiB`. Returns bytes.
///
/// # Errors
/// What is wrong with the text, in words.
pub(super) fn parse_size(text: &str) -> std::result::Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let unit = rest.strip_prefix(' ').unwrap_or(rest);
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(String::from(
            "a size is a whole number and one of KiB, MiB, GiB, TiB, kB, MB, GB, TB, \
             as in \"10 MiB\", or an integer of bytes without quotes",
        ));
    };
    if number.is_empty() {
        return Err(String::from("a size begins with a whole number, as in \"10 MiB\""));
    }
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(*factor))
        .filter(|bytes| i64::try_from(*bytes).is_ok())
        .ok_or_else(|| String::from("the size is larger than 8 EiB"))
}

/// Writes a size exactly: by the largest power of 1024 that divides it (`10 MiB`, as a policy file
/// takes it), else in bytes.
pub fn format_size(bytes: u64) -> String {
    let unit = UNITS[..4].iter().find(|(_, factor)| bytes != 0 && bytes.is_multiple_of(*factor));
    match unit {
        Some((name, factor)) => format!("{} {name}", bytes / factor),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_counts_as_it_is_defined() {
        for (text, bytes) in [
            ("1KiB", 1024),
            ("25 MiB", 26_214_400),
            ("5 GiB", 5_368_709_120),
            ("1 TiB", 1_099_511_627_776),
            ("1 kB", 1_000),
            ("1MB", 1_000_000),
            ("2 GB", 2_000_000_000),
            ("3 TB", 3_000_000_000_000),
            ("0 MiB", 0),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            " ",
            "10",
            "MiB",
            "10  MiB",
            " 10 MiB",
            "10 MiB ",
            "1.5 GiB",
            "-1 MiB",
            "+1 MiB",
            "10 mib",
            "10 KB",
            "10 kb",
            "1_000 kB",
            "10 PiB",
            "1e3 MB",
            "٣ MiB",
            "10\tMiB",
            "8388608 TiB",
            "99999999999999999999 kB",
        ] {
            assert!(parse_size(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = parse_size(&text);
        }

        #[test]
        fn number_times_unit(number in 0u64..8_000_000, unit in 0usize..8) {
            let (name, factor) = UNITS[unit];
            prop_assert_eq!(parse_size(&format!("{number} {name}")), Ok(number * factor));
        }

        #[test]
        fn formatted_sizes_are_read_back(number in 1u64..1_000_000, unit in 0usize..4) {
            let bytes = number * UNITS[unit].1;
            prop_assert_eq!(parse_size(&format_size(bytes)), Ok(bytes));
        }
    }
}
