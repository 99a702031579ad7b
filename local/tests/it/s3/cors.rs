//! Cross-origin rules, and what browsers are answered by them.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_bucket_cors::PutBucketCorsError;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule, CreateBucketConfiguration};
use casier_local::S3Server;

use super::wire::{Answer, Wire};
use super::{BUCKET, REGION, TempDir, client, code, config, limited, put, start};

const PAGE: &str = "https://app.example";

fn rule(origins: &[&str], methods: &[&str], headers: &[&str]) -> CorsRule {
    let all = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    CorsRule::builder()
        .set_allowed_origins(all(origins))
        .set_allowed_methods(all(methods))
        .set_allowed_headers(all(headers))
        .expose_headers("ETag")
        .max_age_seconds(600)
        .build()
        .unwrap()
}

async fn set(client: &Client, rules: Vec<CorsRule>) -> Result<(), SdkError<PutBucketCorsError>> {
    let rules = CorsConfiguration::builder().set_cors_rules(Some(rules)).build().unwrap();
    let request = client.put_bucket_cors().bucket(BUCKET).cors_configuration(rules);
    request.send().await.map(drop)
}

async fn ask(server: &S3Server, origin: &str, method: &str, headers: &str) -> Answer {
    let mut question = Wire::new(server.addr(), "OPTIONS", &format!("/{BUCKET}/k"));
    for (name, value) in [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ] {
        if !value.is_empty() {
            question = question.header(name, value);
        }
    }
    question.send().await
}

#[tokio::test]
async fn without_rules_there_is_no_cors() {
    limited(async {
        let (server, client) = start().await;
        client.delete_bucket_cors().bucket(BUCKET).send().await.unwrap();
        put(&client, "k", b"x").await;
        let none = client.get_bucket_cors().bucket(BUCKET).send().await;
        assert_eq!(code!(none), "NoSuchCORSConfiguration");
        let answer = ask(&server, PAGE, "PUT", "").await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "AccessForbidden"));
        let get = Wire::new(server.addr(), "GET", &format!("/{BUCKET}/k"));
        let got = get.header("origin", PAGE).presigned().send().await;
        assert_eq!(got.status, 200);
        assert!(!got.head.contains("access-control"), "{}", got.head);
    })
    .await;
}

#[tokio::test]
async fn pages_of_this_machine_need_no_rules() {
    limited(async {
        let folder = TempDir::new();
        let start = || {
            let mut config = config();
            config.data_dir = Some(folder.path().to_owned());
            S3Server::start(config)
        };
        let server = start().await.unwrap();
        for (origin, status) in [
            ("http://127.0.0.1:5000", 200),
            ("http://localhost:3000", 200),
            ("https://localhost:3000", 200),
            ("http://[::1]:8000", 200),
            ("http://127.0.0.1.evil.test", 403),
            ("http://localhost.evil.test:3000", 403),
            ("http://192.168.0.2:3000", 403),
            ("null", 403),
            (PAGE, 403),
        ] {
            let answer = ask(&server, origin, "PUT", "content-type, x-amz-meta-a").await;
            assert_eq!(answer.status, status, "{origin}");
        }
        assert_eq!(ask(&server, "http://localhost:3000", "DELETE", "").await.status, 403);

        // Other buckets are as on AWS, and so is this one once its rules are gone.
        let client = client(&server);
        let here = CreateBucketConfiguration::builder().location_constraint(REGION.into()).build();
        let create = client.create_bucket().bucket("other").create_bucket_configuration(here);
        create.send().await.unwrap();
        let none = client.get_bucket_cors().bucket("other").send().await;
        assert_eq!(code!(none), "NoSuchCORSConfiguration");
        client.delete_bucket_cors().bucket(BUCKET).send().await.unwrap();
        server.shutdown().await;
        let server = start().await.unwrap();
        assert_eq!(ask(&server, "http://127.0.0.1:5000", "PUT", "").await.status, 403);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_a_rule_allows_may_upload_and_read() {
    limited(async {
        let (server, client) = start().await;
        let other = rule(&["https://other.example"], &["GET"], &[]);
        let rules =
            vec![other, rule(&["https://*.example"], &["PUT", "GET"], &["content-*", "X-A"])];
        set(&client, rules).await.unwrap();
        let kept = client.get_bucket_cors().bucket(BUCKET).send().await.unwrap();
        assert_eq!(kept.cors_rules()[1].allowed_headers(), ["content-*", "X-A"]);

        let answer = ask(&server, PAGE, "PUT", "Content-Type, x-a").await;
        assert_eq!(answer.status, 200);
        for (name, expected) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-methods", "PUT, GET"),
            ("access-control-allow-headers", "content-type, x-a"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "ETag"),
            ("access-control-max-age", "600"),
        ] {
            assert_eq!(answer.header(name), Some(expected), "{name}");
        }
        assert!(answer.header("vary").unwrap().contains("Origin"));
        for (origin, method, headers, status) in [
            (PAGE, "DELETE", "", 403),
            (PAGE, "PUT", "x-b", 403),
            ("https://evil.test", "PUT", "", 403),
            ("http://app.example", "PUT", "", 403),
            (PAGE, "PATCH", "", 400),
            (PAGE, "", "", 400),
            ("", "PUT", "", 400),
        ] {
            let answer = ask(&server, origin, method, headers).await;
            assert_eq!(answer.status, status, "{origin} {method} {headers}");
            assert!(!answer.head.contains("access-control"), "{}", answer.head);
        }

        let wire = |method: &'static str, origin: &str| {
            let wire = Wire::new(server.addr(), method, &format!("/{BUCKET}/k"));
            wire.header("origin", origin)
        };
        let done = wire("PUT", PAGE).body(b"x").signed().send().await;
        assert_eq!(done.header("access-control-allow-origin"), Some(PAGE));
        // A page learns of a refusal too.
        let refused = wire("GET", PAGE).send().await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "AccessDenied"));
        assert_eq!(refused.header("access-control-allow-origin"), Some(PAGE));
        let strange = wire("GET", "https://evil.test").signed().send().await;
        assert_eq!((strange.status, strange.header("access-control-allow-origin")), (200, None));

        set(&client, vec![rule(&["*"], &["GET"], &["*"])]).await.unwrap();
        let answer = ask(&server, PAGE, "GET", "anything").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        client.delete_bucket_cors().bucket(BUCKET).send().await.unwrap();
        assert_eq!(ask(&server, PAGE, "GET", "").await.status, 403);
    })
    .await;
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused() {
    limited(async {
        let (server, client) = start().await;
        for (bad, expected) in [
            (rule(&["https://*.*.example"], &["GET"], &[]), "InvalidRequest"),
            (rule(&["*"], &["PATCH"], &[]), "InvalidRequest"),
            (rule(&["*"], &["GET"], &["*-*"]), "InvalidRequest"),
            (rule(&["*"], &[], &[]), "MalformedXML"),
            (rule(&[], &["GET"], &[]), "MalformedXML"),
        ] {
            assert_eq!(code!(set(&client, vec![bad]).await), expected);
        }
        let many = vec![rule(&["*"], &["GET"], &[]); 101];
        assert_eq!(code!(set(&client, many).await), "MalformedXML");
        let put = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}")).query("cors", "");
        let bare = put.body(b"<CORSConfiguration></CORSConfiguration>").signed().send().await;
        assert_eq!(bare.code(), "InvalidRequest");
    })
    .await;
}
