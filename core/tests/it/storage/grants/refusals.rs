//! What STS and the store answer that is not as it should be, and settings that are not.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use casier::storage::{Access, StorageConfig};
use casier::{Error, ErrorKind};

use super::options;
use crate::storage::bench::on_bench;
use crate::storage::fake::{Answer, Fake, Request, files};
use crate::support::within_limit;

const HOUR: &str = "DurationSeconds=3600";

pub(in crate::storage) fn is_sts(request: &Request) -> bool {
    request.method == "POST" && request.target == "/"
}

fn body(request: &Request) -> String {
    String::from_utf8(request.bytes.clone()).unwrap()
}

pub(in crate::storage) fn error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>hush</Message></Error></ErrorResponse>"
    );
    Answer::Whole(status, "Content-Type: text/xml\r\n".to_owned(), body.into_bytes())
}

pub(in crate::storage) fn session([id, secret, token, expiration]: [&str; 4]) -> Answer {
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleResult><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}\
         </SecretAccessKey><SessionToken>{token}</SessionToken><Expiration>{expiration}\
         </Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    let headers = "Content-Type: text/xml\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\n";
    Answer::Whole(200, headers.to_owned(), body.into_bytes())
}

pub(in crate::storage) const GOOD: [&str; 4] =
    ["ASIAHUSH", "hush-secret", "hush-token", "2030-01-01T01:00:00Z"];

/// What a store answers that keeps the session policy.
pub(in crate::storage) fn confined(request: &Request) -> Answer {
    let of_session = request.header("x-amz-security-token").is_some();
    match request.method.as_str() {
        "GET" if of_session && request.target.contains("prefix=user_1%2F") => listing(),
        _ if of_session => Answer::error(403, "AccessDenied"),
        _ => Answer::empty(200),
    }
}

fn listing() -> Answer {
    Answer::Whole(200, String::new(), b"<ListBucketResult></ListBucketResult>".to_vec())
}

/// What comes of it when STS answers so, and the store refuses all that the session asks.
async fn refused(answer: Answer) -> Error {
    let fake = Fake::start(move |request| match is_sts(request) {
        true => answer.clone(),
        false => Answer::error(403, "AccessDenied"),
    })
    .await;
    let error = fake.files().temporary_credentials(Default::default()).await.unwrap_err();
    assert!(!error.to_string().contains("hush") && !format!("{error:?}").contains("hush"));
    error
}

/// Attack 86.
#[test]
fn what_sts_refuses_has_a_code_and_shows_no_secret() {
    within_limit(async {
        use ErrorKind as K;
        for (status, code, expected) in [
            (403, "AccessDenied", K::StorageDenied),
            (403, "InvalidClientTokenId", K::StorageDenied),
            (403, "SignatureDoesNotMatch", K::StorageDenied),
            (403, "ExpiredToken", K::StorageDenied),
            (403, "RegionDisabledException", K::ConfigInvalid),
            (400, "ValidationError", K::ConfigInvalid),
            (400, "MalformedPolicyDocument", K::StorageUnsupported),
            (400, "PackedPolicyTooLarge", K::StorageUnsupported),
            (400, "InvalidParameterValue", K::StorageUnsupported),
            (400, "InvalidAction", K::StorageUnsupported),
            (400, "Unheard", K::Internal),
        ] {
            let error = refused(error(status, code)).await;
            assert_eq!(error.kind(), expected, "{code}");
            assert!(error.message().contains(code), "{error}");
        }
        for (status, code) in [(503, "ServiceUnavailable"), (500, "InternalFailure")] {
            assert_eq!(refused(error(status, code)).await.kind(), K::StorageUnavailable, "{code}");
        }
        assert_eq!(refused(error(400, "Throttling")).await.kind(), K::StorageUnavailable);
    });
}

#[test]
fn what_is_no_sts_is_unsupported() {
    within_limit(async {
        let page = Answer::Whole(404, String::new(), b"<html>no such page</html>".to_vec());
        for answer in [
            Answer::error(400, "InvalidRequest"),
            Answer::error(403, "AccessDenied"),
            Answer::error(405, "MethodNotAllowed"),
            Answer::error(501, "NotImplemented"),
            Answer::empty(404),
            page,
        ] {
            let shown = format!("{answer:?}");
            assert_eq!(refused(answer).await.kind(), ErrorKind::StorageUnsupported, "{shown}");
        }
        let mut config = StorageConfig::new("bucket", Some("http://127.0.0.1:1".to_owned()));
        config.credentials = Some(casier::storage::StaticCredentials::new("AKIA", "hush"));
        config.grant_role_arn = Some("arn:aws:iam::123456789012:role/files".to_owned());
        let error = files(config).temporary_credentials(Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        assert!(error.message().contains("STS_ENDPOINT_URL"), "{error}");
    });
}

#[test]
fn keys_that_are_not_whole_or_live_too_long_are_not_handed_out() {
    within_limit(async {
        let [id, secret, token, _] = GOOD;
        for (keys, expected) in [
            (["", secret, token, GOOD[3]], ErrorKind::StorageUnavailable),
            ([id, "", token, GOOD[3]], ErrorKind::StorageUnavailable),
            ([id, secret, "", GOOD[3]], ErrorKind::StorageUnavailable),
            ([id, secret, token, "2030-01-01T00:00:00Z"], ErrorKind::StorageUnavailable),
            ([id, secret, token, "1970-01-01T00:00:00Z"], ErrorKind::StorageUnavailable),
            ([id, secret, token, "soon"], ErrorKind::StorageUnavailable),
            ([id, secret, token, "2030-01-01T12:00:00Z"], ErrorKind::StorageUnsupported),
        ] {
            assert_eq!(refused(session(keys)).await.kind(), expected, "{keys:?}");
        }
        let half = b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A".to_vec();
        let half = Answer::Whole(200, String::new(), half);
        assert_eq!(refused(half).await.kind(), ErrorKind::StorageUnavailable);
    });
}

/// A session of a role that was assumed by a role lives an hour, and so do those of most roles.
#[test]
fn where_sts_gives_an_hour_an_hour_is_taken() {
    within_limit(async {
        let fake = Fake::start(|request| match is_sts(request) {
            true if body(request).contains(HOUR) => session(GOOD),
            true => error(400, "ValidationError"),
            false => confined(request),
        })
        .await;
        let twelve = options(Access::ReadWrite, Some(43_200));
        let granted = fake.files().temporary_credentials(twelve).await.unwrap();
        assert_eq!(granted.secret_access_key, "hush-secret");
        let asked: Vec<_> = fake.requests().into_iter().filter(is_sts).collect();
        assert_eq!(asked.len(), 2);
        assert!(body(&asked[0]).contains("DurationSeconds=43200"));
        assert!(body(&asked[0]).contains("RoleSessionName=user_1&"));
    });
}

/// Keys that would reach the whole bucket are never handed out, and the probe leaves nothing.
#[test]
fn a_store_that_overlooks_the_policy_is_unsupported() {
    within_limit(async {
        // The look at an object of nobody's scope, and the listing of the whole bucket.
        for overlooked in [[200, 200], [200, 403], [404, 403], [403, 200]] {
            let fake = Fake::start(move |request| {
                let [object, list] = overlooked;
                match (is_sts(request), request.method.as_str()) {
                    (true, _) => session(GOOD),
                    (_, "GET") if request.target.contains(".casier") => Answer::empty(object),
                    (_, "GET") if list == 200 => listing(),
                    _ => confined(request),
                }
            })
            .await;
            let files = fake.files();
            for _ in 0..2 {
                let error = files.temporary_credentials(Default::default()).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageUnsupported, "{overlooked:?}");
            }
            let count = |method| fake.requests().iter().filter(|it| it.method == method).count();
            assert_eq!((count("POST"), count("PUT"), count("DELETE")), (2, 1, 1));
        }
    });
}

/// Keys that the store does not know are no proof that it keeps the policy.
#[test]
fn keys_that_are_not_good_for_the_scope_are_not_handed_out() {
    within_limit(async {
        let fake = Fake::start(|request| match is_sts(request) {
            true => session(GOOD),
            false if request.header("x-amz-security-token").is_some() => {
                Answer::error(403, "InvalidAccessKeyId")
            }
            false => Answer::empty(200),
        })
        .await;
        let files = fake.files();
        for _ in 0..2 {
            let error = files.temporary_credentials(Default::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageDenied);
        }
        assert_eq!(fake.requests().iter().filter(|it| it.method == "PUT").count(), 2);
    });
}

#[test]
fn without_a_role_or_an_arn_of_the_bucket_nothing_is_asked() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.grant_role_arn = None;
        let error = bench.files_with(config.clone());
        let error = error.temporary_credentials(Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().contains("S3_GRANT_ROLE_ARN"));
        config.grant_role_arn = bench.config.grant_role_arn.clone();
        config.endpoint = Some("http://127.0.0.1:1".to_owned());
        for bucket in ["files--use1-az4--x-s3", "files-abcdef-s3alias"] {
            config.bucket = bucket.to_owned();
            let files = bench.files_with(config.clone());
            let error = files.temporary_credentials(Default::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnsupported, "{bucket}");
        }
        bench
    });
}

#[test]
fn what_is_asked_is_told_to_nobody_but_sts() {
    within_limit(async {
        let seen: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let heard = Arc::clone(&seen);
        let sts = Fake::start(move |request| {
            heard.lock().unwrap().push_back(body(request));
            session(GOOD)
        })
        .await;
        let store = Fake::start(confined).await;
        let mut config = store.config();
        config.sts_endpoint = Some(sts.endpoint.clone());
        files(config).temporary_credentials(Default::default()).await.unwrap();
        assert!(store.requests().iter().all(|request| !is_sts(request)));
        assert_eq!(seen.lock().unwrap().len(), 1);
        assert!(!seen.lock().unwrap()[0].contains("hush"));
    });
}
