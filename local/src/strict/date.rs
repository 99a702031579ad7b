//! `YYYYMMDD'T'HHMMSS'Z'`, the date of a signature, to and from a time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: u64 = 86_400;

/// Reads a signature's date; `None` unless it is exactly of that form, from 1970 on.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
    if bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0_u64, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    if year < 1970 || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if day == 0 || day > days_of_month(year, month) {
        return None;
    }
    let days = days_before_year(year)
        + (1..month).map(|month| days_of_month(year, month)).sum::<u64>()
        + day
        - 1;
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Writes a time as `YYYY-MM-DD'T'HH:MM:SS'Z'`, as error bodies show it.
pub(crate) fn show(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (mut days, rest) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let mut year = 1970 + days / 366;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    days -= days_before_year(year);
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
}

/// Days from 1 January 1970 to 1 January of `year`.
fn days_before_year(year: u64) -> u64 {
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969)
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(400) => 29,
        2 if year.is_multiple_of(4) && !year.is_multiple_of(100) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_dates() {
        for (text, seconds, shown) in [
            ("19700101T000000Z", 0, "1970-01-01T00:00:00Z"),
            ("20130524T000000Z", 1_369_353_600, "2013-05-24T00:00:00Z"),
            ("20240229T235959Z", 1_709_251_199, "2024-02-29T23:59:59Z"),
            ("20001231T235959Z", 978_307_199, "2000-12-31T23:59:59Z"),
            ("21000301T000000Z", 4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(parse(text), Some(time), "{text}");
            assert_eq!(show(time), shown);
        }
    }

    #[test]
    fn other_forms_are_none() {
        for bad in [
            "",
            "20130524T000000",
            "2013-05-24T00:00:00Z",
            "20130524T000000z",
            "20131324T000000Z",
            "20130532T000000Z",
            "20230229T000000Z",
            "20130524T240000Z",
            "20130524T006000Z",
            "20130524T000060Z",
            "19691231T235959Z",
            "2013052+T000000Z",
            "２0130524T0000Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(seconds in 0_u64..253_402_300_800) {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            prop_assert_eq!(parse(&show(time).replace(['-', ':'], "")), Some(time));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,20}") {
            if let Some(time) = parse(&text) {
                prop_assert_eq!(show(time).replace(['-', ':'], ""), text);
            }
        }
    }
}
