//! Both servers as one.

use casier_local::{LocalStack, MintRequest};

use crate::http::get;
use crate::jwt;

#[tokio::test]
async fn the_environment_leads_to_both_servers() {
    let stack = LocalStack::start().await.unwrap();
    let env: std::collections::HashMap<_, _> = stack.env().into_iter().collect();
    assert_eq!(env["CLERK_ISSUER"], stack.issuer_url());
    assert_eq!(env["CASIER_LOCAL"], "1");
    assert_eq!(env["S3_ENDPOINT_URL"], stack.s3_endpoint());
    assert_eq!(env["S3_BUCKET_NAME"], "casier-local");
    assert_eq!(env["AWS_REGION"], "us-east-1");
    assert_eq!(env["CASIER_LOCAL_MINT_TOKEN"].len(), 64);
    assert_eq!(env["CASIER_LOCAL_FAULTS_URL"], stack.faults_url());
    assert_eq!(env["CASIER_SECRET"].len(), 64);
    assert_eq!(env["STS_ENDPOINT_URL"], stack.s3_endpoint());
    assert_eq!(env["S3_GRANT_ROLE_ARN"], stack.role_arn());
    assert_eq!(env.len(), 13);
    for value in env.values() {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b":/.-".contains(&b);
        assert!(value.bytes().all(plain), "{value} needs quoting");
    }
    // Without a signature S3 answers, and refuses.
    assert_eq!(get(stack.s3_endpoint(), "/casier-local/a").await.status, 403);
    let token = jwt::parse(&stack.mint(&MintRequest::new("user_1")).unwrap());
    let keys = get(stack.issuer_url(), "/.well-known/jwks.json").await.json();
    assert!(token.is_genuine(&keys));
    stack.shutdown().await;
}

#[tokio::test]
async fn two_stacks_share_nothing() {
    let one = LocalStack::start().await.unwrap();
    let two = LocalStack::start().await.unwrap();
    for ((name, a), (_, b)) in one.env().into_iter().zip(two.env()) {
        let same = ["CASIER_LOCAL", "S3_BUCKET_NAME", "AWS_REGION", "S3_GRANT_ROLE_ARN"];
        assert_eq!(a == b, same.contains(&name.as_str()), "{name}");
    }
}

#[tokio::test]
async fn secrets_stay_out_of_debug() {
    let stack = LocalStack::start().await.unwrap();
    let shown = format!("{stack:?}");
    assert!(!shown.contains(stack.secret_access_key()), "{shown}");
    assert!(!shown.contains(stack.issuer().mint_bearer()), "{shown}");
}

#[tokio::test]
async fn a_failed_start_leaves_nothing_running() {
    let error = LocalStack::builder().bucket("No Such Name").start().await.unwrap_err();
    assert!(error.to_string().contains("No Such Name"), "{error}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = LocalStack::builder().s3_port(port).start().await.unwrap_err();
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}
