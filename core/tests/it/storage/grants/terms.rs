//! How long they live, and for whom.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::Credentials;
use casier::ErrorKind;
use casier::storage::Access;

use super::{client, client_with, grant, options, status};
use crate::storage::bench::{on_bench, on_local_bench};

#[test]
fn they_live_as_long_as_they_may() {
    on_bench(|bench| async move {
        if grant(&bench.files(), Access::Read).await.is_none() {
            return bench;
        }
        for (tier, asked, lives) in [
            (None, None, 3600),
            (None, Some(900), 900),
            (None, Some(43_200), 43_200),
            (Some("free"), Some(43_200), 3600),
            (Some("basic"), Some(43_200), 21_600),
            (Some("pro"), Some(43_200), 43_200),
        ] {
            let files = tier.map_or_else(|| bench.files(), |tier| bench.files_in_tier(tier));
            let before = SystemTime::now() - Duration::from_secs(1);
            let granted = files.temporary_credentials(options(Access::Read, asked)).await.unwrap();
            let life = Duration::from_secs(lives);
            let after = SystemTime::now() + Duration::from_secs(1);
            assert!(granted.expires_at >= before + life, "{tier:?} {asked:?}");
            assert!(granted.expires_at <= after + life, "{tier:?} {asked:?}");
        }
        for asked in [0, 1, 899, 43_201, u64::MAX] {
            let wrong = options(Access::Read, Some(asked));
            let wrong = bench.files().temporary_credentials(wrong).await;
            assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
        bench
    });
}

/// Attack 80.
#[test]
fn once_they_have_ended_nothing_is_reached() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let granted = files.temporary_credentials(options(Access::Read, Some(900))).await.unwrap();
        let (client, bucket) = (client(&granted), bench.config.bucket.as_str());
        let own = bench.key("files/a.txt");
        bench.put_raw(&own, b"mine").await;
        let clock = bench.clock.clone().unwrap();
        clock.advance(Duration::from_secs(800));
        assert_eq!(status(&client.get_object().bucket(bucket).key(&own).send().await), 200);
        // Beyond what a signature may differ from the clock, the client would be told of that.
        clock.advance(Duration::from_secs(90));
        let link = client.get_object().bucket(bucket).key(&own);
        let life = Duration::from_secs(3600);
        let link = link
            .presigned(aws_sdk_s3::presigning::PresigningConfig::expires_in(life).unwrap())
            .await
            .unwrap();
        assert_eq!(reqwest::get(link.uri()).await.unwrap().status(), 200);
        clock.advance(Duration::from_secs(20));
        let answer = reqwest::get(link.uri()).await.unwrap();
        assert_eq!(answer.status(), 400);
        assert!(answer.text().await.unwrap().contains("<Code>ExpiredToken</Code>"));
        bench
    });
}

#[test]
fn the_keys_of_one_session_are_worth_nothing_with_another_token() {
    on_bench(|bench| async move {
        let files = bench.files();
        let Some(one) = grant(&files, Access::Read).await else { return bench };
        let other = grant(&files, Access::Read).await.unwrap();
        assert_ne!(one.access_key_id, other.access_key_id);
        let own = bench.key("files/a.txt");
        bench.put_raw(&own, b"mine").await;
        let with = |token: Option<&str>| {
            let (id, secret) = (&one.access_key_id, &one.secret_access_key);
            Credentials::new(id, secret, token.map(str::to_owned), None, "test")
        };
        for (token, is_good) in [
            (Some(one.session_token.as_str()), true),
            (None, false),
            (Some(other.session_token.as_str()), false),
            (Some("token"), false),
        ] {
            let client = client_with(&one, with(token));
            let get = client.get_object().bucket(&one.bucket).key(&own).send().await;
            assert_eq!(get.is_ok(), is_good);
        }
        bench
    });
}
