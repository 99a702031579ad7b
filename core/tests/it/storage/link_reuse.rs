//! Links that are handed out again.

use std::time::{Duration, SystemTime};

use casier::storage::{LinkOptions, UserStorage};

use super::fake::files;
use crate::support::within_limit;

fn reused() -> LinkOptions {
    let mut options = LinkOptions::default();
    options.reuse = true;
    options
}

fn a_storage() -> UserStorage {
    files(super::bench::config("bucket", "http://127.0.0.1:1".into(), "AKIA", "hush", None))
}

/// Life, key, name and time of a link.
async fn link(files: &UserStorage, seconds: u64, options: &LinkOptions) -> (String, u64) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
    let link = files.presigned_url_at("user_1/a.txt", options.clone(), now).await.unwrap();
    assert_eq!(link.expires_at, now + Duration::from_secs(link.expires_in));
    (link.url, link.expires_in)
}

#[test]
fn a_link_is_handed_out_again_while_three_quarters_are_left() {
    within_limit(async {
        let files = a_storage();
        let (url, life) = link(&files, 0, &reused()).await;
        assert_eq!(life, 3600);
        assert_eq!(link(&files, 1, &reused()).await, (url.clone(), 3599));
        assert_eq!(link(&files, 900, &reused()).await, (url.clone(), 2700));
        let (later, life) = link(&files, 901, &reused()).await;
        assert!(later != url && life == 3600);
        assert_eq!(link(&files, 902, &reused()).await, (later.clone(), 3599));
        // A clock that steps back makes no link that lives longer than asked.
        let (before, life) = link(&files, 500, &reused()).await;
        assert!(before != later && life == 3600);
    });
}

#[test]
fn only_the_same_link_is_handed_out_again() {
    within_limit(async {
        let files = a_storage();
        let (url, _) = link(&files, 0, &reused()).await;
        let mut named = reused();
        named.download_as = Some("b.txt".to_owned());
        let mut short = reused();
        short.expires_in = Some(60);
        for other in [named, short, LinkOptions::default()] {
            assert_ne!(link(&files, 1, &other).await.0, url);
        }
        assert_eq!(link(&files, 2, &reused()).await.0, url);
        // Another storage signs by itself, and one of another user never sees this key's link.
        assert_ne!(link(&a_storage(), 3, &reused()).await.0, url);
        let foreign = files.presigned_url("user_2/a.txt", reused()).await;
        assert_eq!(foreign.unwrap_err().kind(), casier::ErrorKind::NotOwner);
    });
}
