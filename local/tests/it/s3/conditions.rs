//! Conditional reads and writes, ranges, and races.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use tokio::task::JoinSet;

use super::wire::Wire;
use super::{BUCKET, code, limited, put, start};

#[tokio::test]
async fn of_racing_creators_one_wins() {
    limited(async {
        let (_server, client) = start().await;
        for round in 0..5 {
            let mut racers = JoinSet::new();
            for racer in 0..12_u8 {
                let request = client.put_object().bucket(BUCKET).key(format!("race-{round}"));
                let request = request.if_none_match("*").body(vec![racer; 1000].into());
                racers.spawn(async move { request.send().await.map(|_| racer) });
            }
            let mut winners = Vec::new();
            while let Some(outcome) = racers.join_next().await {
                match outcome.unwrap() {
                    Ok(racer) => winners.push(racer),
                    lost => assert_eq!(code!(lost), "PreconditionFailed"),
                }
            }
            assert_eq!(winners.len(), 1, "round {round}");
            let got = client.get_object().bucket(BUCKET).key(format!("race-{round}"));
            let bytes = got.send().await.unwrap().body.collect().await.unwrap().to_vec();
            assert_eq!(bytes, vec![winners[0]; 1000]);
        }
    })
    .await;
}

#[tokio::test]
async fn writes_compare_and_swap() {
    limited(async {
        let (_server, client) = start().await;
        let write = |body: &'static [u8]| {
            client.put_object().bucket(BUCKET).key("k").body(ByteStream::from_static(body))
        };
        assert_eq!(code!(write(b"1").if_match("\"none\"").send().await), "NoSuchKey");
        let first = write(b"1").send().await.unwrap().e_tag.unwrap();
        let second = write(b"2").if_match(&first).send().await.unwrap().e_tag.unwrap();
        assert_eq!(code!(write(b"3").if_match(&first).send().await), "PreconditionFailed");
        write(b"3").if_match(second.trim_matches('"')).send().await.unwrap();
        assert_eq!(code!(write(b"4").if_none_match("*").send().await), "PreconditionFailed");
        assert_eq!(code!(write(b"4").if_none_match(&first).send().await), "NotImplemented");
        assert_eq!(code!(write(b"4").if_match("*").send().await), "NotImplemented");
        let delete = || client.delete_object().bucket(BUCKET).key("k");
        assert_eq!(code!(delete().if_match(&first).send().await), "PreconditionFailed");
        delete().if_match("*").send().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn reads_are_conditional() {
    limited(async {
        let (_server, client) = start().await;
        let etag = put(&client, "k", b"0123456789").await;
        let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        let date = *head.last_modified().unwrap();
        let before = DateTime::from_secs(date.secs() - 10);
        let get = || client.get_object().bucket(BUCKET).key("k");
        get().if_match(&etag).send().await.unwrap();
        get().if_none_match("\"other\"").send().await.unwrap();
        get().if_modified_since(before).send().await.unwrap();
        get().if_unmodified_since(date).send().await.unwrap();
        get().if_match(&etag).if_unmodified_since(before).send().await.unwrap();
        get().if_none_match("\"other\"").if_modified_since(date).send().await.unwrap();
        assert_eq!(code!(get().if_match("\"other\"").send().await), "PreconditionFailed");
        assert_eq!(code!(get().if_unmodified_since(before).send().await), "PreconditionFailed");
        let unchanged = get().if_none_match(&etag).send().await.unwrap_err();
        let raw = unchanged.raw_response().unwrap();
        assert_eq!(raw.status().as_u16(), 304);
        assert_eq!(raw.headers().get("etag"), Some(etag.as_str()));
        let unchanged = get().if_modified_since(date).send().await.unwrap_err();
        assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);
        let head = client.head_object().bucket(BUCKET).key("k");
        let unchanged = head.clone().if_none_match(&etag).send().await.unwrap_err();
        assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);
        let failed = head.if_match("\"other\"").send().await.unwrap_err();
        assert_eq!(failed.raw_response().unwrap().status().as_u16(), 412);
    })
    .await;
}

#[tokio::test]
async fn ranges_are_cut_out() {
    limited(async {
        let (_server, client) = start().await;
        put(&client, "k", b"0123456789").await;
        put(&client, "empty", b"").await;
        let get = |key: &str, range: &str| client.get_object().bucket(BUCKET).key(key).range(range);
        for (range, content_range, bytes) in [
            ("bytes=2-4", "bytes 2-4/10", "234"),
            ("bytes=7-", "bytes 7-9/10", "789"),
            ("bytes=-2", "bytes 8-9/10", "89"),
            ("bytes=0-1000", "bytes 0-9/10", "0123456789"),
        ] {
            let got = get("k", range).send().await.unwrap();
            assert_eq!(got.content_range(), Some(content_range));
            assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes.as_bytes());
        }
        assert_eq!(code!(get("k", "bytes=10-").send().await), "InvalidRange");
        assert_eq!(code!(get("empty", "bytes=0-").send().await), "InvalidRange");
        let head = client.head_object().bucket(BUCKET).key("k").range("bytes=2-4");
        assert_eq!(head.send().await.unwrap().content_length(), Some(3));
    })
    .await;
}

#[tokio::test]
async fn a_link_ignores_ranges_that_s3_ignores() {
    limited(async {
        let (server, client) = start().await;
        put(&client, "k", b"0123456789").await;
        let link = Wire::new(server.addr(), "GET", &format!("/{BUCKET}/k")).presigned();
        for (range, status, bytes) in [
            ("bytes=2-4", 206, "234"),
            ("bytes=0-1,3-4", 200, "0123456789"),
            ("bytes=4-2", 200, "0123456789"),
            ("lines=1-2", 200, "0123456789"),
        ] {
            let answer = link.clone().header("range", range).send().await;
            assert_eq!((answer.status, answer.body.as_str()), (status, bytes), "{range}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reader_is_not_disturbed_by_writers() {
    limited(async {
        let (_server, client) = start().await;
        let old = vec![1_u8; 3 << 20];
        put(&client, "k", &old).await;
        let got = client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
        put(&client, "k", b"new").await;
        client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), old);
    })
    .await;
}
