//! Links: how long they live, and what is signed into them.

use std::time::{Duration, SystemTime};

use casier::ErrorKind;
use casier::storage::LinkOptions;
use futures_util::FutureExt as _;

use super::bench::on_bench;
use super::fake::files;
use crate::support::within_limit;

fn options(expires_in: Option<u64>, download_as: Option<&str>) -> LinkOptions {
    let mut options = LinkOptions::default();
    (options.expires_in, options.download_as) = (expires_in, download_as.map(str::to_owned));
    options
}

/// Attack 79.
#[test]
fn a_link_lives_as_long_as_it_may() {
    on_bench(|bench| async move {
        let key = bench.key("files/a.txt");
        for (tier, asked, lives) in [
            (None, None, 3600),
            (None, Some(1), 1),
            (None, Some(604_800), 604_800),
            (Some("free"), Some(60), 60),
            (Some("free"), Some(604_800), 3600),
            (Some("pro"), Some(604_800), 86_400),
            (Some("enterprise"), Some(604_800), 604_800),
            (Some("unheard-of"), Some(604_800), 3600),
        ] {
            let files = tier.map_or_else(|| bench.files(), |tier| bench.files_in_tier(tier));
            let now = SystemTime::now();
            let link = files.presigned_url_at(&key, options(asked, None), now).await.unwrap();
            assert_eq!(link.expires_in, lives, "{tier:?} {asked:?}");
            assert_eq!(link.expires_at, now + Duration::from_secs(lives));
            assert!(link.url.contains(&format!("X-Amz-Expires={lives}&")), "{}", link.url);
        }
        for asked in [0, 604_801, u64::MAX] {
            let wrong = bench.files().presigned_url(&key, options(Some(asked), None)).await;
            assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
        bench
    });
}

#[test]
fn an_expired_link_is_refused_by_the_store() {
    on_bench(|bench| async move {
        let key = bench.key("files/a.txt");
        bench.put_raw(&key, b"x").await;
        let files = bench.files();
        let past = SystemTime::now() - Duration::from_secs(120);
        let link = files.presigned_url_at(&key, options(Some(60), None), past).await.unwrap();
        // AWS says 403; others take it for a malformed request.
        let status = reqwest::get(&link.url).await.unwrap().status().as_u16();
        assert!(matches!(status, 400 | 403), "{status}");
        let link = files.presigned_url_at(&key, options(Some(600), None), past).await.unwrap();
        assert_eq!(reqwest::get(&link.url).await.unwrap().status(), 200);
        bench
    });
}

/// Attack 81.
#[test]
fn a_changed_link_is_refused_by_the_store() {
    on_bench(|bench| async move {
        let key = bench.key("files/a.txt");
        bench.put_raw(&key, b"x").await;
        bench.put_raw(&bench.key("files/b.txt"), b"y").await;
        let link = bench.files().presigned_url(&key, options(Some(60), None)).await.unwrap();
        for (from, to) in [
            ("a.txt?", "b.txt?"),
            ("X-Amz-Expires=60", "X-Amz-Expires=600"),
            ("response-content-type=text%2Fplain", "response-content-type=text%2Fhtml"),
            ("response-content-disposition=inline", "response-content-disposition=attachment"),
        ] {
            assert!(link.url.contains(from), "{from}");
            let changed = link.url.replace(from, to);
            assert_eq!(reqwest::get(&changed).await.unwrap().status(), 403, "{to}");
        }
        let put = reqwest::Client::new().put(&link.url).body("z").send().await.unwrap();
        assert_eq!(put.status(), 403);
        let delete = reqwest::Client::new().delete(&link.url).send().await.unwrap();
        assert_eq!(delete.status(), 403);
        bench
    });
}

/// Attack 84 among the names.
#[test]
fn type_and_name_are_signed_in() {
    on_bench(|bench| async move {
        let files = bench.files();
        for (name, download_as, content_type, disposition) in [
            ("a.png", None, "image/png", "inline; filename=\"a.png\""),
            ("a.txt", None, "text/plain; charset=utf-8", "inline; filename=\"a.txt\""),
            ("a.svg", None, "application/octet-stream", "attachment; filename=\"a.svg\""),
            ("a.html", None, "application/octet-stream", "attachment; filename=\"a.html\""),
            ("a", None, "application/octet-stream", "attachment; filename=\"a\""),
            ("a.pdf", Some("x/y.pdf"), "application/pdf", "attachment; filename=\"y.pdf\""),
            (
                "b.pdf",
                Some("été \"1\".pdf"),
                "application/pdf",
                "attachment; filename=\"_t_ _1_.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9%20_1_.pdf",
            ),
        ] {
            let key = bench.key(&format!("files/{name}"));
            bench.put_raw(&key, b"x").await;
            let link = files.presigned_url(&key, options(None, download_as)).await.unwrap();
            let answer = reqwest::get(&link.url).await.unwrap();
            assert_eq!(answer.status(), 200, "{name}");
            assert_eq!(answer.headers()["content-type"], content_type, "{name}");
            assert_eq!(answer.headers()["content-disposition"], disposition, "{name}");
        }
        for name in ["a\r\nX: y", "..", "", "a.html", "a\u{202E}b.pdf", "%2e%2e"] {
            let wrong = files.presigned_url(&bench.key("a.pdf"), options(None, Some(name))).await;
            assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidFilename, "{name:?}");
        }
        bench
    });
}

/// Attack 86.
#[test]
fn a_link_shows_its_signature_to_nobody() {
    on_bench(|bench| async move {
        let link = bench.files().presigned_url(&bench.key("a"), options(None, None)).await.unwrap();
        assert!(link.url.contains("X-Amz-Signature="));
        let shown = format!("{link:?}");
        assert!(!shown.contains("Signature") && !shown.contains("Credential"), "{shown}");
        bench
    });
}

#[test]
fn several_links_are_signed_together_or_none() {
    on_bench(|bench| async move {
        let (files, own) = (bench.files(), [bench.key("files/a.txt"), bench.key("files/b.txt")]);
        let links = files.presigned_urls(&own, options(Some(60), None)).await.unwrap();
        assert_eq!(links.len(), 2);
        for (link, key) in links.iter().zip(&own) {
            assert!(link.url.split('?').next().unwrap().ends_with(key));
            assert_eq!(link.expires_in, 60);
        }
        let none: [&str; 0] = [];
        assert!(files.presigned_urls(&none, options(None, None)).await.unwrap().is_empty());
        let mixed = [&own[0], "user_another/files/a.txt"];
        let refused = files.presigned_urls(&mixed, options(None, None)).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotOwner);
        bench
    });
}

/// A binding asks for a link without leaving its thread.
#[test]
fn a_link_is_ready_at_once_and_outside_of_a_runtime() {
    let mut config =
        super::bench::config("bucket", "http://127.0.0.1:1".into(), "AKIA", "hush", None);
    config.credentials.as_mut().unwrap().session_token = Some("token".to_owned());
    let files = files(config);
    let link = files.presigned_url("user_1/a.txt", LinkOptions::default()).now_or_never();
    assert!(link.unwrap().unwrap().url.contains("X-Amz-Security-Token=token&"));
    let links = files.presigned_urls(&["user_1/a.txt"], LinkOptions::default()).now_or_never();
    assert_eq!(links.unwrap().unwrap().len(), 1);
}

/// Attack 116, for links.
#[test]
fn links_are_signed_without_a_store_for_the_public_endpoint() {
    within_limit(async {
        // A port that nobody listens on: nothing is asked.
        let mut config =
            super::bench::config("bucket", "http://127.0.0.1:1".into(), "AKIA", "hush", None);
        config.public_endpoint = Some("https://files.example.com".into());
        let files = files(config);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let link = files.presigned_url_at("user_1/é +.txt", options(None, None), now).await;
        let url = link.unwrap().url;
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, "https://files.example.com/bucket/user_1/%C3%A9%20%2B.txt");
        assert!(query.contains("X-Amz-Date=20130524T000000Z"));
        assert!(query.contains("X-Amz-SignedHeaders=host&"));
        assert!(query.contains("X-Amz-Credential=AKIA%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"));
        assert!(!url.contains("hush"));

        let year = Duration::from_secs(366 * 24 * 3600);
        for then in [SystemTime::UNIX_EPOCH - year, SystemTime::UNIX_EPOCH + year * 9000] {
            let link = files.presigned_url_at("user_1/a.txt", options(None, None), then).await;
            assert_eq!(link.unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
    });
}
