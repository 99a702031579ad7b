//! Calls that ask the store many times have one end for all of it: the deadline, and a tenth of a
//! second more for each file. The store here stalls so that the end falls between two of its files.

use std::time::Duration;

use casier::ErrorKind;
use casier::storage::ListOptions;

use super::fake::{Answer, Fake, files};
use crate::support::within_limit;

const DEADLINE: Duration = Duration::from_millis(1800);

#[test]
fn many_deletions_end_together() {
    within_limit(async {
        // The batch is not known to the store, and it keeps silent to each key.
        let fake = Fake::start(|request| match request.method.as_str() {
            "POST" => Answer::error(501, "NotImplemented"),
            _ => Answer::Silence,
        })
        .await;
        let mut config = fake.config();
        config.deadline = DEADLINE;
        let keys: Vec<_> = (1..=17).map(|n| format!("user_1/files/{n}.txt")).collect();
        let deletions = files(config).delete_many(keys.clone()).await.unwrap();
        assert_eq!(deletions.iter().map(|it| &it.key).collect::<Vec<_>>(), Vec::from_iter(&keys));
        for deletion in &deletions {
            assert_eq!(deletion.error.as_ref().unwrap().kind(), ErrorKind::Timeout, "{deletion:?}");
        }
        let asked = |key: &String| fake.requests().iter().any(|it| it.target.contains(key));
        assert!(asked(&keys[0]), "{:?}", fake.requests());
        assert!(!asked(&keys[16]), "it is not even begun");
    });
}

#[test]
fn a_list_with_metadata_ends_as_a_whole() {
    within_limit(async {
        let contents: String = (10..34)
            .map(|n| format!("<Contents><Key>user_1/files/{n}.txt</Key><Size>1</Size></Contents>"))
            .collect();
        let page = format!(
            "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>\
             {contents}</ListBucketResult>"
        );
        // Three times eight answers that each come within the deadline, but not in time for all.
        let too_slow = Duration::from_millis(1500);
        for (wait, expected) in [(Duration::ZERO, None), (too_slow, Some(ErrorKind::Timeout))] {
            let page = page.clone().into_bytes();
            let fake = Fake::start(move |request| match request.method.as_str() {
                "HEAD" => Answer::Late(wait),
                _ => Answer::Whole(200, String::new(), page.clone()),
            })
            .await;
            let mut config = fake.config();
            config.deadline = DEADLINE;
            let mut options = ListOptions::default();
            options.with_metadata = true;
            let answer = files(config).list(options).await;
            assert_eq!(answer.as_ref().err().map(casier::Error::kind), expected, "{answer:?}");
            assert!(answer.is_err() || answer.is_ok_and(|page| page.items.len() == 24));
        }
    });
}
