//! Days and their keys, and what an address looks like.

use super::super::day_key::{DayKey, second_and_day};
use super::*;

#[test]
fn times_are_told_in_utc() {
    let time = |seconds| {
        let (second, day) = second_and_day(at(seconds));
        DayKey::new(day, &keys("AKIA", "secret", None), "us-east-1", "s3").time(second)
    };
    assert_eq!(time(0), "19700101T000000Z");
    assert_eq!(time(1_369_353_662), "20130524T000102Z");
    assert_eq!(time(951_782_400 + 86_399), "20000229T235959Z");
    assert_eq!(time(253_402_300_799), "99991231T235959Z");
    let (second, day) = second_and_day(UNIX_EPOCH - Duration::from_secs(1));
    assert_eq!((second, day), (0, 0));
}

/// A key of yesterday's signs nothing today, nor the other way round.
#[test]
fn each_day_has_its_key() {
    let address = Address::resolve("bucket", "us-east-1", None, false).unwrap();
    let presign = |signer: &Signer, seconds| signer.presign(&read("user_1/a", &[], at(seconds)));
    let kept = Signer::new(address.clone(), keys("AKIA", "hush", None));
    for seconds in [86_399, 86_400, 86_399, 86_401, 172_800] {
        let fresh = Signer::new(address.clone(), keys("AKIA", "hush", None));
        assert_eq!(presign(&kept, seconds), presign(&fresh, seconds));
    }
}

/// Browsers send no port that is the scheme's own, and no upper case.
#[test]
fn addresses_are_those_that_clients_send() {
    for (endpoint, path_style, origin, folder) in [
        ("https://S3.Example.com:443", true, "https://s3.example.com", "/bucket"),
        ("http://s3.example.com:80/", false, "http://bucket.s3.example.com", ""),
        ("https://s3.example.com:80", true, "https://s3.example.com:80", "/bucket"),
        ("http://[0:0::1]:9000/base/", true, "http://[::1]:9000", "/base/bucket"),
    ] {
        let found = Address::resolve("bucket", "r", Some(endpoint), path_style).unwrap();
        assert_eq!((&*found.origin, &*found.folder), (origin, folder), "{endpoint}");
        let url = Signer::new(found, keys("AKIA", "hush", None)).presign(&read("a", &[], at(0)));
        assert!(url.starts_with(&format!("{origin}{folder}/a?X-Amz-")), "{url}");
    }
}

/// A directory bucket is signed for without a session.
#[test]
fn directory_buckets_have_a_service_of_their_own() {
    let found = Address::resolve("files--use1-az4--x-s3", "us-east-1", None, false).unwrap();
    assert_eq!(found.host, "files--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com");
    assert_eq!(found.service, "s3express");
}

/// Attack 86.
#[test]
fn a_signer_shows_no_key() {
    let address = Address::resolve("bucket", "us-east-1", None, false).unwrap();
    let signer = Signer::new(address, keys("AKIAHUSH", "hush", Some("hush")));
    signer.presign(&read("user_1/a", &[], at(0)));
    assert!(!format!("{signer:?}").to_lowercase().contains("hush"));
}
