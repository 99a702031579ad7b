//! Keys of others and keys that lead away, on every route that takes one.

use casier::http::{Body, Routes};
use serde_json::json;

use super::bench::{ADAS, BENS, Bench, Reply, form, on_bench};
use crate::storage::bench::PNG;

/// What every route answers that takes a key.
async fn send_all(bench: &Bench, key: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    for (method, path) in [("GET", "/files/download/"), ("DELETE", "/files/delete/")] {
        let request = bench.ada(method, &format!("{path}{key}"));
        replies.push(bench.send(Routes::Secure, request, Body::None).await);
    }
    for path in ["/files/links", "/files/delete-many"] {
        for keys in [json!([key]), json!([ADAS, key]), json!([key, ADAS])] {
            replies.push(bench.json(Routes::Secure, "POST", path, json!({"s3_keys": keys})).await);
        }
    }
    for routes in [Routes::S3, Routes::Files] {
        let body = json!({"s3_key": key});
        replies.push(bench.json(routes, "POST", "/presigned-url", body.clone()).await);
        replies.push(bench.json(routes, "DELETE", "/delete", body).await);
        if !key.is_empty() {
            // An empty field counts as absent.
            replies.push(bench.upload(routes, form(&[("s3_key", key)], "a.png", PNG)).await);
        }
    }
    let body = json!({"s3_keys": [ADAS, key]});
    replies.push(bench.json(Routes::Files, "POST", "/delete-many", body).await);
    replies
}

/// Attack 58. Attack 67.
#[test]
fn the_key_of_another_is_refused_whether_or_not_it_exists() {
    on_bench(async |bench| {
        for key in [
            BENS,
            "user_ben/images/there-is-none.png",
            "user_adam/images/a.png",
            "user_ad/images/a.png",
            "user_Ada/images/a.png",
            "user_%61da/images/a.png",
            "user_ada%2Fimages%2Fa.png",
            " user_ada/images/a.png",
            ".casier/incoming/a.png",
            "org_ada/images/a.png",
            "images/a.png",
            "a.png",
        ] {
            for reply in send_all(bench, key).await {
                assert_eq!((reply.status, reply.code()), (403, "not-owner"), "{key} {reply:?}");
            }
        }
        // A client cannot tell from the answer whether the file of another is there.
        let shown = |reply: &Reply| {
            let (code, message) = (reply.code(), reply.json["error"]["message"].clone());
            (reply.status, code.to_owned(), message)
        };
        let there = send_all(bench, BENS).await;
        let not_there = send_all(bench, "user_ben/images/there-is-none.png").await;
        assert_eq!(
            there.iter().map(shown).collect::<Vec<_>>(),
            not_there.iter().map(shown).collect::<Vec<_>>()
        );
        bench.assert_untouched().await;
    });
}

/// Attack 59. Attack 60. Attack 61. Attack 62.
#[test]
fn a_key_that_leads_away_is_refused() {
    on_bench(async |bench| {
        for key in [
            "",
            "/",
            "user_ada",
            "user_ada/",
            "/user_ada/images/a.png",
            "user_ada/../user_ben/images/secret.png",
            "user_ben/../user_ada/images/a.png",
            "user_ada/%2e%2e/user_ben/images/secret.png",
            "user_ada/%252e%252e/user_ben/images/secret.png",
            "user_ada/%252e%252e%252fuser_ben",
            "user_ada/images/..%2f..%2fuser_ben",
            "user_ada//images/a.png",
            "user_ada/./images/a.png",
            "user_ada\\images\\a.png",
            "user_ada/images/%5c..%5ca.png",
            "user_ada/images/a.png\0",
            "user_ada/images/a%00.png",
            "user_ada/images/a\r\nX-Evil: 1",
            "user_ada/images/a%0d%0aX-Evil:1",
            "user_ada/images/\u{202E}gnp.a",
            "user_ada/\u{FF0E}\u{FF0E}/user_ben",
            "user_ada/images/%ff",
            &format!("user_ada/images/{}", "a".repeat(1024)),
        ] {
            for reply in send_all(bench, key).await {
                assert_eq!((reply.status, reply.code()), (400, "invalid-key"), "{key:?} {reply:?}");
                assert!(!reply.body().contains("user_ben"), "{reply:?}");
            }
        }
        bench.assert_untouched().await;
    });
}
