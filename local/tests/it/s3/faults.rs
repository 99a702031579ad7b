//! Faults on demand, as the reference client meets them.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use casier_local::{Clock, Fault, FaultRule, S3Server};

use super::wire::Wire;
use super::{BUCKET, code, config, limited, put};

/// A client that asks once and never again.
fn client(server: &S3Server) -> Client {
    let config = super::client(server).config().to_builder();
    Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
}

async fn start() -> (S3Server, Client) {
    let (server, _) = super::start().await;
    let client = client(&server);
    (server, client)
}

async fn keys(client: &Client) -> Vec<String> {
    let listed = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
}

fn always(fault: Fault) -> FaultRule {
    FaultRule::new(fault)
}

/// Whether the connection ended without a whole answer.
fn cut<T, E: std::fmt::Debug, R: std::fmt::Debug>(outcome: &Result<T, SdkError<E, R>>) -> bool {
    matches!(
        outcome,
        Err(SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | SdkError::TimeoutError(_))
    )
}

#[tokio::test]
async fn refusals_are_answered_and_nothing_is_done() {
    limited(async {
        let (server, client) = start().await;
        for (fault, expected) in [
            (Fault::Unavailable, "ServiceUnavailable"),
            (Fault::SlowDown, "SlowDown"),
            (Fault::InternalError, "InternalError"),
        ] {
            server.faults().add(always(fault).on("PutObject"));
            // Larger than what the connection holds: the client gets the answer all the same.
            let body = vec![1; 3 << 20].into();
            let refused = client.put_object().bucket(BUCKET).key("k").body(body).send().await;
            assert_eq!(code!(refused), expected);
            assert!(keys(&client).await.is_empty());
            server.faults().clear();
        }
        put(&client, "k", b"x").await;
    })
    .await;
}

#[tokio::test]
async fn a_rule_goes_by_operation_key_skip_and_times_and_all_is_counted() {
    limited(async {
        let (server, client) = start().await;
        let faults = server.faults();
        let rule = always(Fault::Unavailable).on("HeadObject").key_containing("user_1/");
        faults.add(rule.skip(1).times(2));
        let mut met = Vec::new();
        for key in ["user_2/a", "user_1/a", "user_1/b", "user_1/c é", "user_1/d"] {
            let head = client.head_object().bucket(BUCKET).key(key).send().await;
            met.push(head.unwrap_err().raw_response().unwrap().status().as_u16());
        }
        assert_eq!(met, [404, 404, 503, 503, 404]);
        let log = faults.log();
        let seen: Vec<_> = log.iter().map(|one| (one.operation, one.key.as_str())).collect();
        assert_eq!(seen, [("HeadObject", "user_1/b"), ("HeadObject", "user_1/c é")]);
        assert_eq!((faults.requests("HeadObject"), faults.total_requests()), (5, 5));
        put(&client, "k", b"x").await;
        assert_eq!((faults.requests("PutObject"), faults.total_requests()), (1, 6));
        assert_eq!(faults.rules().len(), 1);
        faults.clear();
        assert_eq!((faults.total_requests(), faults.log().len(), faults.rules().len()), (0, 0, 0));
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "there is no operation \"Upload\"")]
async fn a_rule_for_no_operation_is_a_mistake() {
    let (server, _) = start().await;
    server.faults().add(always(Fault::Stall).on("Upload"));
}

#[tokio::test]
async fn the_first_rule_that_is_left_decides() {
    limited(async {
        let (server, client) = start().await;
        server.faults().add(always(Fault::SlowDown).times(1));
        server.faults().add(always(Fault::Unavailable).skip(1).times(1));
        let mut codes = Vec::new();
        for _ in 0..4 {
            codes.push(code!(client.get_object().bucket(BUCKET).key("k").send().await));
        }
        assert_eq!(codes, ["SlowDown", "NoSuchKey", "ServiceUnavailable", "NoSuchKey"]);
    })
    .await;
}

#[tokio::test]
async fn an_error_in_a_200_did_nothing() {
    limited(async {
        let (server, client) = start().await;
        put(&client, "k", b"x").await;
        let upload = client.create_multipart_upload().bucket(BUCKET).key("m").send().await;
        let id = upload.unwrap().upload_id.unwrap();
        let part = client.upload_part().bucket(BUCKET).key("m").upload_id(&id).part_number(1);
        let etag = part.body(vec![1].into()).send().await.unwrap().e_tag;
        let part = CompletedPart::builder().part_number(1).set_e_tag(etag).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();

        server.faults().add(always(Fault::ErrorIn200));
        let copy = client.copy_object().bucket(BUCKET).key("c").copy_source(format!("{BUCKET}/k"));
        assert_eq!(code!(copy.send().await), "InternalError");
        let complete = client.complete_multipart_upload().bucket(BUCKET).key("m").upload_id(&id);
        let complete = complete.multipart_upload(parts);
        assert_eq!(code!(complete.clone().send().await), "InternalError");
        let delete = ObjectIdentifier::builder().key("k").build().unwrap();
        let delete = Delete::builder().objects(delete).build().unwrap();
        let deleted = client.delete_objects().bucket(BUCKET).delete(delete).send().await;
        assert_eq!(code!(deleted), "InternalError");
        assert_eq!(keys(&client).await, ["k"]);
        assert_eq!(server.faults().log().len(), 3);
        server.faults().clear();
        complete.send().await.unwrap();
        assert_eq!(keys(&client).await, ["k", "m"]);
    })
    .await;
}

#[tokio::test]
async fn a_cut_upload_is_not_stored() {
    limited(async {
        let (server, client) = start().await;
        for after_bytes in [0, 100_000, u64::MAX] {
            server.faults().add(always(Fault::Cut { after_bytes }).on("PutObject"));
            let body = vec![1; 3 << 20].into();
            let outcome = client.put_object().bucket(BUCKET).key("k").body(body).send().await;
            assert!(cut(&outcome), "{after_bytes}: {outcome:?}");
            assert!(keys(&client).await.is_empty());
            server.faults().clear();
        }
        server.faults().add(always(Fault::Cut { after_bytes: 0 }).on("GetObject"));
        assert!(cut(&client.get_object().bucket(BUCKET).key("k").send().await));
    })
    .await;
}

#[tokio::test]
async fn a_cut_answer_is_short() {
    limited(async {
        let (server, client) = start().await;
        let whole: Vec<u8> = (0..3 << 20).map(|at: u32| (at % 251) as u8).collect();
        put(&client, "k", &whole).await;
        for after_bytes in [0, 1, 1_000_000, u64::MAX] {
            server.faults().add(always(Fault::CutAnswer { after_bytes }).on("GetObject"));
            let got = client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
            assert_eq!(got.content_length(), Some(3 << 20));
            let (mut body, mut read) = (got.body, Vec::new());
            let ended = loop {
                match body.next().await {
                    Some(Ok(bytes)) => read.extend_from_slice(&bytes),
                    other => break other,
                }
            };
            assert!(matches!(ended, Some(Err(_))), "{after_bytes}");
            let expected = after_bytes.min((3 << 20) - 1);
            assert_eq!(read.len() as u64, expected);
            assert!(read == whole[..read.len()]);
            server.faults().clear();
        }
        server.faults().add(always(Fault::CutAnswer { after_bytes: 9 }));
        assert!(cut(&client.head_object().bucket(BUCKET).key("k").send().await));
        assert!(cut(&client.list_objects_v2().bucket(BUCKET).send().await));
        server.faults().clear();
        server.faults().add(always(Fault::CutAnswer { after_bytes: u64::MAX }));
        assert!(cut(&client.list_objects_v2().bucket(BUCKET).send().await));
        let put = client.put_object().bucket(BUCKET).key("done").send().await;
        assert!(cut(&put));
        server.faults().clear();
        assert_eq!(keys(&client).await, ["done", "k"]);
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_was_done() {
    limited(async {
        let (server, client) = start().await;
        server.faults().add(always(Fault::LostAnswer).times(2));
        assert!(cut(&client.put_object().bucket(BUCKET).key("k").send().await));
        assert!(cut(&client.head_object().bucket(BUCKET).key("k").send().await));
        assert_eq!(keys(&client).await, ["k"]);
    })
    .await;
}

#[tokio::test]
async fn a_stall_ends_with_the_client_the_rules_or_the_server() {
    limited(async {
        let (server, client) = start().await;
        put(&client, "k", &[7; 100_000]).await;
        server.faults().add(always(Fault::Stall).on("PutObject"));
        server.faults().add(always(Fault::StallAnswer { after_bytes: 10 }).on("GetObject"));
        let patience = TimeoutConfig::builder().operation_timeout(Duration::from_millis(200));
        let hasty = client.config().to_builder().timeout_config(patience.build()).build();
        let request = |client: &Client| {
            let body = vec![1; 3 << 20].into();
            client.put_object().bucket(BUCKET).key("new").body(body).send()
        };
        assert!(cut(&request(&Client::from_conf(hasty)).await));

        let stalled = tokio::spawn(request(&client));
        let mut got = client.get_object().bucket(BUCKET).key("k").send().await.unwrap().body;
        let mut read = 0;
        while read < 10 {
            read += got.next().await.unwrap().unwrap().len();
        }
        assert_eq!(read, 10);
        while server.faults().log().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.faults().clear();
        assert!(cut(&stalled.await.unwrap()));
        assert!(got.next().await.unwrap().is_err());
        assert_eq!(keys(&client).await, ["k"]);

        server.faults().add(always(Fault::Stall));
        let stalled = tokio::spawn(request(&client));
        while server.faults().log().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.shutdown().await;
        assert!(cut(&stalled.await.unwrap()));
    })
    .await;
}

#[tokio::test]
async fn slow_is_whole() {
    limited(async {
        let (server, client) = start().await;
        server.faults().add(always(Fault::Slow { bytes_per_second: 1_000_000 }));
        let whole: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
        put(&client, "k", &whole).await;
        let got = client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert!(got.body.collect().await.unwrap().to_vec() == whole);
    })
    .await;
}

#[tokio::test]
async fn a_corrupted_byte_is_refused_on_its_way_in_and_seen_on_its_way_out() {
    limited(async {
        let (server, client) = start().await;
        let request = |at: u64| {
            server.faults().clear();
            server.faults().add(always(Fault::CorruptRequest { at }).on("PutObject"));
            Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/k")).body(&[1; 1000]).signed()
        };
        for at in [0, 500, 999, u64::MAX] {
            assert_eq!(request(at).send().await.code(), "XAmzContentSHA256Mismatch", "{at}");
        }
        server.faults().clear();
        server.faults().add(always(Fault::CorruptRequest { at: 100_000 }).on("PutObject"));
        // The reference client sends a CRC behind its chunks.
        let body = vec![1; 300_000].into();
        let refused = client.put_object().bucket(BUCKET).key("k").body(body).send().await;
        assert!(refused.is_err(), "{refused:?}");
        assert!(keys(&client).await.is_empty());

        server.faults().clear();
        put(&client, "k", &[1; 1000]).await;
        server.faults().add(always(Fault::CorruptAnswer { at: 500 }).on("GetObject"));
        let got = Wire::new(server.addr(), "GET", &format!("/{BUCKET}/k")).signed().send().await;
        assert_eq!(
            (got.status, got.body.chars().filter(|one| *one == '\u{1}').count()),
            (200, 999)
        );
        let got = client.get_object().bucket(BUCKET).key("k");
        let got = got.checksum_mode(aws_sdk_s3::types::ChecksumMode::Enabled).send().await;
        assert!(got.unwrap().body.collect().await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_off_refuses_and_tells_its_time() {
    limited(async {
        let mut config = config();
        let clock = Clock::system();
        config.clock = clock.clone();
        let server = S3Server::start(config).await.unwrap();
        for (seconds, expected) in [(-3600, 403), (3600, 403), (800, 200), (-800, 200)] {
            server.faults().clear();
            server.faults().add(always(Fault::ClockOff { seconds }));
            let answer =
                Wire::new(server.addr(), "GET", &format!("/{BUCKET}")).signed().send().await;
            assert_eq!(answer.status, expected, "{seconds}");
            if expected == 403 {
                assert_eq!(answer.code(), "RequestTimeTooSkewed");
            }
            let date = answer.header("date").unwrap();
            let format = aws_sdk_s3::primitives::DateTimeFormat::HttpDate;
            let date = aws_sdk_s3::primitives::DateTime::from_str(date, format).unwrap();
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            let off = date.secs() - i64::try_from(now.as_secs()).unwrap();
            assert!((off - seconds).abs() < 60, "{off}");
        }
        // The reference client learns the time from the answer and signs anew.
        server.faults().clear();
        server.faults().add(always(Fault::ClockOff { seconds: 86_400 }));
        super::client(&server).list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!(server.faults().requests("ListObjectsV2"), 2);
        clock.advance(Duration::from_secs(86_400));
        server.faults().clear();
        assert_eq!(code!(client(&server).list_buckets().send().await), "RequestTimeTooSkewed");
    })
    .await;
}
