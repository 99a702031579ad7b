//! What fails on the server's side: clients learn the code, the log learns why.

use casier::http::{Body, Routes};
use casier::{ErrorKind, Setting};
use casier_local::LocalStack;
use serde_json::json;

use super::bench::{ADAS, ALL, BENS, Bench, Reply, with};
use super::log::{lines, logged};
use crate::storage::fake::{self, Fake};

/// Sends the good request of every route that asks the store, each under an id of its own. The id of
/// an upload holds for one store and bucket.
async fn send_all(bench: &Bench, is_same_store: bool) -> Vec<(String, Reply)> {
    let mut replies = Vec::new();
    for routes in ALL {
        for route in routes.table() {
            let asks_the_store = (is_same_store || !route.path.contains("{id}"))
                && !route.name.contains("sign_upload_parts")
                && !route.name.contains("link")
                && !route.name.contains("download")
                && !route.name.contains("presigned");
            if asks_the_store {
                let id = format!("request-{}", replies.len());
                let (request, body) = bench.good(routes, route);
                let request = with(bench.of_ada(request), "X-Request-Id", &id);
                let reply = bench.send(routes, request, body).await;
                replies.push((id, reply));
            }
        }
    }
    assert!(replies.len() >= 9);
    replies
}

fn assert_hidden(bench: &Bench, replies: &[(String, Reply)], kind: ErrorKind) {
    let logged = lines("casier::http");
    for (id, reply) in replies {
        assert_eq!((reply.status, reply.code()), (kind.status(), kind.code()));
        let error = json!({"code": kind.code(), "message": kind.meaning()});
        assert_eq!(reply.json["error"], error);
        for hidden in ["S3_", "AWS_", "127.0.0.1", bench.stack.bucket(), "AccessDenied"] {
            assert!(!reply.body().contains(hidden), "{}", reply.body());
        }
        let about: Vec<_> =
            logged.iter().filter(|line| line.contains(&format!("{id:?}"))).collect();
        assert_eq!(about.len(), 1, "{id}: {logged:?}");
        assert!(about[0].contains("ERROR") && about[0].contains(kind.code()), "{about:?}");
    }
    for line in logged {
        for secret in ["Bearer", "eyJ", bench.stack.secret_access_key(), "X-Amz-Signature", "hush"]
        {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[test]
fn a_store_that_is_down_is_unavailable() {
    logged(async |bench| {
        // An address that nobody listens at any more.
        let other = LocalStack::start().await.unwrap();
        let endpoint = other.s3_endpoint().to_owned();
        other.shutdown().await;
        bench.configure(|builder| builder.set(Setting::EndpointUrl, endpoint));
        let replies = send_all(bench, false).await;
        assert_hidden(bench, &replies, ErrorKind::StorageUnavailable);
        assert!(lines("casier::http").iter().all(|line| line.contains("S3_ENDPOINT_URL")));
        bench.assert_untouched().await;
    });
}

#[test]
fn credentials_that_the_store_refuses_are_ours() {
    logged(async |bench| {
        bench.configure(|builder| builder.set(Setting::SecretAccessKey, "hush-hush"));
        let replies = send_all(bench, true).await;
        assert_hidden(bench, &replies, ErrorKind::StorageDenied);
        bench.assert_untouched().await;
    });
}

#[test]
fn a_bucket_that_is_not_there_is_a_wrong_setting() {
    logged(async |bench| {
        bench.configure(|builder| builder.set(Setting::Bucket, "other-bucket"));
        let replies = send_all(bench, false).await;
        for (_, reply) in &replies {
            assert!(!reply.body().contains("other-bucket"));
        }
        assert_hidden(bench, &replies, ErrorKind::ConfigInvalid);
    });
}

#[test]
fn of_many_files_each_has_its_own_outcome() {
    logged(async |bench| {
        let fake = Fake::start(|_| {
            let deleted = |key| format!("<Deleted><Key>user_ada/files/{key}.txt</Key></Deleted>");
            let locked =
                "<Error><Key>user_ada/files/locked.txt</Key><Code>AccessDenied</Code></Error>";
            let told =
                format!("<DeleteResult>{}{locked}{}</DeleteResult>", deleted("a"), deleted("b"));
            fake::Answer::Whole(200, String::new(), told.into_bytes())
        })
        .await;
        bench.configure(|builder| builder.set(Setting::EndpointUrl, &fake.endpoint));
        let keys = ["a", "locked", "b"].map(|name| format!("user_ada/files/{name}.txt"));
        let body = Body::Json(json!({"s3_keys": keys}).to_string().into());
        let request = with(bench.ada("POST", "/files/delete-many"), "X-Request-Id", "some-id");
        let reply = bench.send(Routes::Secure, request, body).await;
        let denied = ErrorKind::StorageDenied;
        let error = json!({"code": denied.code(), "message": denied.meaning()});
        let expected = json!([
            {"s3_key": keys[0], "success": true},
            {"s3_key": keys[1], "success": false, "error": error},
            {"s3_key": keys[2], "success": true},
        ]);
        assert_eq!((reply.status, &reply.json["data"]), (200, &expected));
        assert_eq!(reply.json["message"], "2 of 3 files are deleted.");
        let logged = lines("casier::http");
        assert!(logged.len() == 1 && logged[0].contains("some-id"), "{logged:?}");

        // Where nothing at all is deleted, nothing has succeeded.
        let body = json!({"s3_keys": [keys[1], keys[1]]});
        let reply = bench.json(Routes::Secure, "POST", "/files/delete-many", body).await;
        assert_eq!((reply.status, reply.code()), (502, "storage-denied"));
    });
}

#[test]
fn keys_that_cannot_be_fetched_are_no_reason_to_call_a_token_bad() {
    logged(async |bench| {
        let jwks = format!("{}/nothing-here", bench.stack.issuer_url());
        bench.configure(|builder| builder.set(Setting::JwksUrl, jwks));
        let request = with(bench.ada("GET", "/list"), "X-Request-Id", "one");
        let reply = bench.send(Routes::S3, request, Body::None).await;
        assert_eq!(reply.status, 503, "{reply:?}");
        assert!(reply.code().starts_with("jwk-remote-"));
        assert!(!reply.body().contains("nothing-here"));
        assert_eq!(lines("casier::http").len(), 1);
    });
}

#[test]
fn refusals_of_the_client_are_not_logged_as_faults() {
    logged(async |bench| {
        let reply = bench.json(Routes::S3, "DELETE", "/delete", json!({"s3_key": BENS})).await;
        assert_eq!(reply.status, 403);
        let reply = bench.json(Routes::S3, "DELETE", "/delete", json!({"s3_key": ADAS})).await;
        assert_eq!(reply.status, 200);
        assert_eq!(lines("casier::http"), Vec::<String>::new());
    });
}
