//! A machine whose clock is off.

use std::time::{Duration, SystemTime};

use casier::ErrorKind;
use casier::storage::ListOptions;

use super::fake::{Answer, Fake, Request};
use crate::support::within_limit;

const KEY: &str = "user_1/files/a.txt";

/// A store whose clock shows another time, and which says why it refuses only where it has a body
/// to say it in.
fn two_hours_ahead(request: &Request) -> Answer {
    let now = SystemTime::now() + Duration::from_secs(7200);
    let date = format!("Date: {}\r\n", httpdate(now));
    let signed = request.headers.iter().find(|(name, _)| name == "x-amz-date").unwrap();
    // The hour is near enough, be it the one that has just ended.
    let right = [now, now - Duration::from_secs(60)].map(hour).contains(&signed.1[..11].to_owned());
    match (right, request.method.as_str()) {
        (true, _) => Answer::Whole(200, format!("{date}ETag: \"e\"\r\n"), Vec::new()),
        (false, "HEAD") => Answer::Whole(403, date, Vec::new()),
        (false, _) => {
            let code =
                if request.target.contains("odd") { "Oddly" } else { "RequestTimeTooSkewed" };
            let body = format!("<Error><Code>{code}</Code></Error>").into_bytes();
            Answer::Whole(403, date, body)
        }
    }
}

fn format_time(time: SystemTime, format: aws_sdk_s3::primitives::DateTimeFormat) -> String {
    aws_sdk_s3::primitives::DateTime::from(time).fmt(format).unwrap()
}

fn httpdate(time: SystemTime) -> String {
    format_time(time, aws_sdk_s3::primitives::DateTimeFormat::HttpDate)
}

/// As `20130524T00`.
fn hour(time: SystemTime) -> String {
    let time = format_time(time, aws_sdk_s3::primitives::DateTimeFormat::DateTime);
    time[..13].replace('-', "")
}

/// Attack 113.
#[test]
fn it_is_corrected_once_and_for_all() {
    within_limit(async {
        for first in ["read", "exists", "delete", "odd"] {
            let fake = Fake::start(two_hours_ahead).await;
            let files = fake.files();
            match first {
                "read" => files.read(KEY, Default::default()).await.map(drop).unwrap(),
                "exists" => assert!(files.exists(KEY).await.unwrap()),
                "delete" => files.delete(KEY).await.unwrap(),
                _ => drop(files.read("user_1/files/odd.txt", Default::default()).await.unwrap()),
            }
            assert_eq!(fake.requests().len(), 2, "{first}");
            files.read(KEY, Default::default()).await.unwrap();
            assert!(files.exists(KEY).await.unwrap());
            assert_eq!(fake.requests().len(), 4, "{first}: the next calls know");
        }
    });
}

/// Attack 113.
#[test]
fn a_refusal_that_has_nothing_to_do_with_it_is_not_tried_for_ever() {
    within_limit(async {
        let fake = Fake::start(|_| {
            let date = httpdate(SystemTime::now() - Duration::from_secs(7200));
            let body = b"<Error><Code>AccessDenied</Code></Error>".to_vec();
            Answer::Whole(403, format!("Date: {date}\r\n"), body)
        })
        .await;
        let files = fake.files();
        let error = files.list(ListOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageDenied);
        assert_eq!(fake.requests().len(), 2);
        assert_eq!(files.exists(KEY).await.unwrap_err().kind(), ErrorKind::StorageDenied);
        assert_eq!(fake.requests().len(), 3);
    });
}
