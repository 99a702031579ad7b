//! What s3s lets pass and AWS does not, each beside its good twin.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::ByteStream;
use casier_local::{Clock, S3Server};

use super::wire::{Signer, Wire};
use super::{BUCKET, client, config, limited};

const MINUTE: Duration = Duration::from_secs(60);

async fn start() -> (S3Server, Clock) {
    let clock = Clock::system();
    let mut config = config();
    config.clock = clock.clone();
    let server = S3Server::start(config).await.unwrap();
    let put = client(&server).put_object().bucket(BUCKET).key("file");
    put.body(ByteStream::from_static(b"bytes")).send().await.unwrap();
    (server, clock)
}

fn get(addr: SocketAddr) -> Wire {
    Wire::new(addr, "GET", &format!("/{BUCKET}/file"))
}

/// Sends a request signed in its header.
async fn by_header(wire: Wire, change: impl FnOnce(&mut Signer)) -> String {
    wire.signer(change).signed().send().await.code()
}

/// Sends a presigned request.
async fn by_link(wire: Wire, change: impl FnOnce(&mut Signer)) -> String {
    wire.signer(change).presigned().send().await.code()
}

#[tokio::test]
async fn the_good_twins_pass() {
    limited(async {
        let (server, _) = start().await;
        let header = get(server.addr()).signed().send().await;
        assert_eq!((header.status, header.body.as_str()), (200, "bytes"));
        assert_eq!(header.header("x-amz-request-id").map(str::len), Some(16));
        let link = get(server.addr()).presigned().send().await;
        assert_eq!((link.status, link.body.as_str()), (200, "bytes"));
    })
    .await;
}

#[tokio::test]
async fn nobody_and_anybody_else_are_refused() {
    limited(async {
        let (server, _) = start().await;
        let wire = get(server.addr());
        assert_eq!(wire.send().await.code(), "AccessDenied");
        let head = Wire::new(server.addr(), "HEAD", &wire.path).send().await;
        assert_eq!((head.status, head.body.as_str()), (403, ""));
        let other = |signer: &mut Signer| signer.access_key = "AKIASOMEBODY".to_owned();
        assert_eq!(by_header(wire.clone(), other).await, "InvalidAccessKeyId");
        assert_eq!(by_link(wire.clone(), other).await, "InvalidAccessKeyId");
        let wrong = |signer: &mut Signer| signer.secret_key = "wrong".to_owned();
        assert_eq!(by_header(wire.clone(), wrong).await, "SignatureDoesNotMatch");
        assert_eq!(by_link(wire, wrong).await, "SignatureDoesNotMatch");
    })
    .await;
}

#[tokio::test]
async fn signature_version_2_is_refused() {
    limited(async {
        let (server, _) = start().await;
        let wire = get(server.addr());
        let header = wire.clone().header("date", "Sat, 21 Nov 2026 20:00:00 GMT");
        let header = header.header("authorization", "AWS AKIALOCALTEST:c2lnbmF0dXJl");
        assert_eq!(header.send().await.code(), "InvalidRequest");
        let link = wire
            .query("AWSAccessKeyId", "AKIALOCALTEST")
            .query("Expires", "4102444800")
            .query("Signature", "c2lnbmF0dXJl");
        let answer = link.send().await;
        assert_eq!(answer.code(), "InvalidRequest");
        assert!(answer.body.contains("Please use AWS4-HMAC-SHA256."));
    })
    .await;
}

#[tokio::test]
async fn another_region_service_or_day_is_refused() {
    limited(async {
        let (server, _) = start().await;
        for change in [
            (|signer: &mut Signer| signer.region = "us-east-1".to_owned()) as fn(&mut Signer),
            |signer| signer.region = String::new(),
            |signer| signer.service = "sts".to_owned(),
            |signer| signer.service = "execute-api".to_owned(),
        ] {
            let wire = get(server.addr());
            assert_eq!(by_header(wire.clone(), change).await, "AuthorizationHeaderMalformed");
            assert_eq!(by_link(wire, change).await, "AuthorizationQueryParametersError");
        }
        let region = |signer: &mut Signer| signer.region = "us-east-1".to_owned();
        let answer = get(server.addr()).signer(region).signed().send().await;
        assert!(answer.body.contains("<Region>eu-west-3</Region>"), "{}", answer.body);
        let mut yesterday = get(server.addr()).presigned();
        let today = super::wire::amz_date(SystemTime::now())[..8].to_owned();
        for (name, value) in &mut yesterday.query {
            if name == "X-Amz-Credential" {
                *value = value.replace(&today, "20200101");
            }
        }
        assert_eq!(yesterday.send().await.code(), "AuthorizationQueryParametersError");
    })
    .await;
}

#[tokio::test]
async fn lives_outside_seven_days_are_refused() {
    limited(async {
        let (server, _) = start().await;
        for good in ["1", "604800"] {
            let life = |signer: &mut Signer| signer.expires = good.to_owned();
            assert_eq!(by_link(get(server.addr()), life).await, "200", "{good}");
        }
        for bad in ["0", "-1", "604801", "4294967295", "4294967296", "week", "", "1e3"] {
            let life = |signer: &mut Signer| signer.expires = bad.to_owned();
            let code = by_link(get(server.addr()), life).await;
            assert_eq!(code, "AuthorizationQueryParametersError", "{bad}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_link_ends_with_its_life() {
    limited(async {
        let (server, clock) = start().await;
        let link = get(server.addr()).presigned();
        assert_eq!(link.send().await.code(), "200");
        clock.advance(MINUTE / 2);
        assert_eq!(link.send().await.code(), "200");
        clock.advance(MINUTE);
        let answer = link.send().await;
        assert_eq!(answer.code(), "AccessDenied");
        assert!(answer.body.contains("<Message>Request has expired</Message>"));
        assert!(!answer.body.contains("Signature"), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn a_link_begins_with_its_date() {
    limited(async {
        let (server, _) = start().await;
        let ahead = |minutes: u32| {
            move |signer: &mut Signer| signer.time = SystemTime::now() + MINUTE * minutes
        };
        assert_eq!(by_link(get(server.addr()), ahead(14)).await, "200");
        assert_eq!(by_link(get(server.addr()), ahead(16)).await, "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn a_request_must_be_of_now() {
    limited(async {
        let (server, clock) = start().await;
        let at = |time: SystemTime| move |signer: &mut Signer| signer.time = time;
        let now = SystemTime::now();
        for (time, code) in [
            (now + MINUTE * 14, "200"),
            (now - MINUTE * 14, "200"),
            (now + MINUTE * 16, "RequestTimeTooSkewed"),
            (now - MINUTE * 16, "RequestTimeTooSkewed"),
        ] {
            assert_eq!(by_header(get(server.addr()), at(time)).await, code);
        }
        let wire = get(server.addr()).signed();
        clock.advance(MINUTE * 16);
        assert_eq!(wire.send().await.code(), "RequestTimeTooSkewed");
        let no_date = get(server.addr()).header("x-amz-date", "yesterday").signed();
        assert_eq!(no_date.send().await.code(), "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn unsigned_amz_headers_are_refused() {
    limited(async {
        let (server, _) = start().await;
        let path = format!("/{BUCKET}/other");
        let put = || Wire::new(server.addr(), "PUT", &path).body(b"x");
        let with = || put().header("x-amz-meta-owner", "me").header("x-amz-acl", "private");
        let without = |signer: &mut Signer| signer.leave_out = vec!["x-amz-meta-owner"];
        assert_eq!(by_header(with(), |_| {}).await, "200");
        assert_eq!(by_link(with(), |_| {}).await, "200");
        assert_eq!(by_header(with(), without).await, "AccessDenied");
        assert_eq!(by_link(with(), without).await, "AccessDenied");
        let late = put().presigned().header("x-amz-meta-owner", "mallory").send().await;
        assert_eq!(late.code(), "AccessDenied");
        assert!(late.body.contains("<HeadersNotSigned>x-amz-meta-owner</HeadersNotSigned>"));
    })
    .await;
}

#[tokio::test]
async fn the_host_must_be_signed_and_the_list_must_be_true() {
    limited(async {
        let (server, _) = start().await;
        let hostless = |signer: &mut Signer| {
            signer.leave_out = vec!["host"];
            signer.claim = vec!["x-amz-never"];
        };
        assert_eq!(by_header(get(server.addr()), hostless).await, "AccessDenied");
        assert_eq!(by_link(get(server.addr()), hostless).await, "AccessDenied");
        let claims = |signer: &mut Signer| signer.claim = vec!["x-amz-never"];
        assert_eq!(by_header(get(server.addr()), claims).await, "SignatureDoesNotMatch");
        assert_eq!(by_link(get(server.addr()), claims).await, "SignatureDoesNotMatch");
    })
    .await;
}

#[tokio::test]
async fn session_tokens_that_nobody_issued_are_refused() {
    limited(async {
        let (server, _) = start().await;
        let header = get(server.addr()).header("x-amz-security-token", "token");
        assert_eq!(header.clone().signed().send().await.code(), "InvalidToken");
        assert_eq!(header.presigned().send().await.code(), "InvalidToken");
        let query = get(server.addr()).query("X-Amz-Security-Token", "token");
        assert_eq!(query.clone().presigned().send().await.code(), "InvalidToken");
        assert_eq!(query.signed().send().await.code(), "InvalidToken");
        let lower = get(server.addr()).query("x-amz-security-token", "token");
        assert_eq!(lower.presigned().send().await.code(), "InvalidToken");
    })
    .await;
}

#[tokio::test]
async fn only_one_mechanism_is_allowed() {
    limited(async {
        let (server, _) = start().await;
        let both = get(server.addr()).presigned();
        let authorization = get(server.addr()).signed();
        let value = &authorization.headers.iter().find(|(name, _)| name == "authorization");
        let value = &value.unwrap().1;
        assert_eq!(
            both.clone().header("authorization", value).send().await.code(),
            "InvalidArgument"
        );
        let twice = authorization.clone().header("authorization", value).send().await;
        assert_eq!(twice.code(), "InvalidArgument");
        let old = both.query("AWSAccessKeyId", "AKIALOCALTEST").send().await;
        assert_eq!(old.code(), "InvalidArgument");
        let basic = get(server.addr()).header("authorization", "Basic dTpw").send().await;
        assert_eq!(basic.code(), "InvalidArgument");
    })
    .await;
}

#[tokio::test]
async fn a_link_needs_each_parameter_once() {
    limited(async {
        let (server, _) = start().await;
        let link = get(server.addr()).presigned();
        for index in 0..link.query.len() {
            let name = link.query[index].0.clone();
            let mut less = link.clone();
            less.query.remove(index);
            let code = less.send().await.code();
            assert_eq!(code, "AuthorizationQueryParametersError", "without {name}");
            let mut more = link.clone();
            more.query.push(link.query[index].clone());
            let code = more.send().await.code();
            assert_eq!(code, "AuthorizationQueryParametersError", "two of {name}");
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_is_changed_after_signing_is_refused() {
    limited(async {
        let (server, _) = start().await;
        let link = get(server.addr()).query("response-content-type", "text/plain").presigned();
        let good = link.send().await;
        assert_eq!(good.code(), "200");
        assert_eq!(good.header("content-type"), Some("text/plain"));
        let mut method = link.clone();
        method.method = "DELETE";
        let mut path = link.clone();
        path.path = format!("/{BUCKET}/file2");
        let mut query = link.clone();
        query.query[0].1 = "text/html".to_owned();
        let mut life = link.clone();
        life.query.iter_mut().find(|(name, _)| name == "X-Amz-Expires").unwrap().1 = "61".into();
        let added = link.clone().query("response-content-disposition", "inline");
        for changed in [method, path, query, life, added] {
            assert_eq!(changed.send().await.code(), "SignatureDoesNotMatch");
        }
        let put = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/new")).body(b"one").signed();
        let other = put.clone().body(b"two").send().await;
        assert_eq!(other.code(), "XAmzContentSHA256Mismatch");
        let nothing = Wire::new(server.addr(), "GET", &format!("/{BUCKET}/new")).signed();
        assert_eq!(nothing.send().await.code(), "NoSuchKey");
    })
    .await;
}

#[tokio::test]
async fn delete_objects_needs_its_digest() {
    limited(async {
        let (server, _) = start().await;
        let xml = b"<Delete><Object><Key>file</Key></Object></Delete>";
        let post = || {
            Wire::new(server.addr(), "POST", &format!("/{BUCKET}")).query("delete", "").body(xml)
        };
        assert_eq!(post().signed().send().await.code(), "InvalidRequest");
        let wrong = post().header("content-md5", "XUFAKrxLKna5cZ2REBfFkg==");
        assert_eq!(wrong.signed().send().await.code(), "BadDigest");
        assert_eq!(get(server.addr()).signed().send().await.code(), "200");
        let right = post().header("x-amz-checksum-crc32", "L572DQ==").signed().send().await;
        assert_eq!(right.code(), "200");
        assert_eq!(get(server.addr()).signed().send().await.code(), "NoSuchKey");
    })
    .await;
}

#[tokio::test]
async fn a_refused_upload_gets_its_answer() {
    limited(async {
        let (server, _) = start().await;
        let wrong = |signer: &mut Signer| signer.secret_key = "wrong".to_owned();
        let put = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/k")).body(&[0; 8 << 20]);
        assert_eq!(put.send().await.code(), "AccessDenied");
        assert_eq!(by_header(put.clone(), wrong).await, "SignatureDoesNotMatch");
        let asking = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/k"));
        let asking = asking.header("expect", "100-continue").header("content-length", "1000000");
        assert_eq!(asking.send_unmeasured().await.code(), "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn documents_that_are_none_are_refused() {
    limited(async {
        let (server, client) = super::start().await;
        super::put(&client, "k", b"x").await;
        for (path, query) in
            [(format!("/{BUCKET}"), "versioning"), (format!("/{BUCKET}/k"), "tagging")]
        {
            for body in ["<", "<Odd/>", "<Tagging><TagSet><Tag/></TagSet></Tagging>"] {
                let put = Wire::new(server.addr(), "PUT", &path).query(query, "");
                let answer = put.body(body.as_bytes()).signed().send().await;
                let known = ["MalformedXML", "IllegalVersioningConfigurationException"];
                let code = answer.code();
                assert!(known.contains(&code.as_str()), "{query} {body:?}: {code}");
            }
        }
        for query in ["cors", "lifecycle"] {
            let put = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}")).query(query, "");
            let put = put.header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==");
            let code = put.signed().send().await.code();
            assert!(["MalformedXML", "MissingRequestBodyError"].contains(&code.as_str()), "{code}");
        }
    })
    .await;
}
