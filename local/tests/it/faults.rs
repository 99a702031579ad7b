//! Faults on demand over HTTP, for the tests of other languages.

use casier_local::{Fault, FaultRule, Issuer, LocalStack};
use serde_json::{Value, json};

use crate::http::{Reply, get, send};

async fn ask(stack: &LocalStack, method: &str, body: &str) -> Reply {
    request(stack, method, stack.issuer().mint_bearer(), "", body).await
}

async fn request(stack: &LocalStack, method: &str, bearer: &str, more: &str, body: &str) -> Reply {
    let base = stack.faults_url();
    let base = base.strip_suffix("/faults").unwrap();
    let host = base.strip_prefix("http://").unwrap();
    let host = if more.starts_with("host:") { String::new() } else { format!("host: {host}\r\n") };
    let length = body.len();
    let head = format!(
        "{method} /faults HTTP/1.1\r\n{host}connection: close\r\n{more}\
         authorization: Bearer {bearer}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    send(base, head.as_bytes()).await
}

#[tokio::test]
async fn rules_are_added_told_of_and_cleared() {
    let stack = LocalStack::start().await.unwrap();
    let rule = json!({"fault": "cut", "after_bytes": 5, "operation": "PutObject", "times": 2});
    let added = ask(&stack, "POST", &rule.to_string()).await;
    assert_eq!(added.status, 200, "{}", added.body);
    let rule = FaultRule::new(Fault::Cut { after_bytes: 5 }).on("PutObject").times(2);
    assert_eq!(stack.faults().rules(), [rule]);

    stack.faults().add(FaultRule::new(Fault::SlowDown).key_containing("b").times(1));
    assert_eq!(get(stack.s3_endpoint(), "/a/b").await.status, 503);
    assert_eq!(get(stack.s3_endpoint(), "/a/b").await.status, 403);
    let told = ask(&stack, "GET", "").await.json();
    assert_eq!(told["requests"], json!({"GetObject": 2}));
    let injected = json!([{"fault": "slow-down", "operation": "GetObject", "key": "b"}]);
    assert_eq!(told["injected"], injected);
    assert_eq!(told["rules"][1]["times"], 0);

    let cleared = ask(&stack, "DELETE", "").await;
    assert_eq!(cleared.status, 200);
    assert_eq!(cleared.json(), json!({"rules": [], "injected": [], "requests": {}}));
    assert!(stack.faults().rules().is_empty());
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let stack = LocalStack::start().await.unwrap();
    for body in [
        "",
        "[]",
        "{}",
        r#"{"fault":"no-such-fault"}"#,
        r#"{"fault":"stall","operation":"Upload"}"#,
        r#"{"fault":"error-in-200","operation":"PutObject"}"#,
        r#"{"fault":"slow","bytes_per_second":0}"#,
        r#"{"fault":"stall","surprise":1}"#,
    ] {
        let reply = ask(&stack, "POST", body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(matches!(reply.json()["error"], Value::String(_)));
    }
    assert!(stack.faults().rules().is_empty());
}

#[tokio::test]
async fn faults_are_closed_to_pages_rebound_names_and_strangers() {
    let stack = LocalStack::start().await.unwrap();
    let bearer = stack.issuer().mint_bearer();
    for method in ["GET", "POST", "DELETE"] {
        for (bearer, more, status) in [
            ("wrong", "", 401),
            (bearer, "origin: https://evil.example\r\n", 403),
            (bearer, "sec-fetch-site: cross-site\r\n", 403),
            (bearer, "host: rebound.example\r\n", 403),
        ] {
            let reply = request(&stack, method, bearer, more, r#"{"fault":"stall"}"#).await;
            assert_eq!(reply.status, status, "{method} {more}");
            assert!(!reply.head.contains("access-control"), "{}", reply.head);
        }
    }
    let reply = ask(&stack, "PUT", r#"{"fault":"stall"}"#).await;
    assert_eq!(reply.status, 405);
    assert!(reply.head.contains("allow: get, post, delete"), "{}", reply.head);
    assert!(stack.faults().rules().is_empty());
    let alone = Issuer::start(0).await.unwrap();
    assert_eq!(get(alone.url(), "/faults").await.status, 404);
}
