//! Uploads from forms: what s3s lets pass and AWS does not, beside the good twin.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use casier_local::{Clock, S3Server};
use serde_json::{Value, json};

use super::wire::{Wire, amz_date};
use super::{ACCESS_KEY, BUCKET, REGION, SECRET_KEY, client, config, limited};

/// A form before it is sent: its fields, and what its policy says.
#[derive(Clone)]
struct Form {
    fields: Vec<(String, String)>,
    conditions: Vec<Value>,
    expiration: SystemTime,
    region: String,
    time: SystemTime,
}

impl Form {
    fn new() -> Self {
        let now = SystemTime::now();
        Self {
            fields: Vec::new(),
            conditions: vec![json!({"bucket": BUCKET}), json!(["content-length-range", 1, 5])],
            expiration: now + Duration::from_secs(60),
            region: REGION.to_owned(),
            time: now,
        }
        .bound("key", "a/b.txt")
    }

    /// With a field that no condition is about.
    fn free(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a field that is bound to its value.
    fn bound(mut self, name: &str, value: &str) -> Self {
        self.conditions.push(json!({ (name): value }));
        self.free(name, value)
    }

    async fn send(&self, server: &S3Server, file: &str) -> String {
        let date = amz_date(self.time);
        let day = &date[..8];
        let credential = format!("{ACCESS_KEY}/{day}/{}/s3/aws4_request", self.region);
        let mut form = self
            .clone()
            .bound("x-amz-algorithm", "AWS4-HMAC-SHA256")
            .bound("x-amz-credential", &credential)
            .bound("x-amz-date", &date);
        let seconds = form.expiration.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let expiration = DateTime::from_secs(i64::try_from(seconds).unwrap());
        let expiration = expiration.fmt(DateTimeFormat::DateTime).unwrap();
        let policy = json!({"expiration": expiration, "conditions": form.conditions});
        let policy = BASE64.encode(policy.to_string());
        let mut key = format!("AWS4{SECRET_KEY}").into_bytes();
        for piece in [day, &self.region, "s3", "aws4_request", &policy] {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &key);
            key = hmac::sign(&secret, piece.as_bytes()).as_ref().to_vec();
        }
        let signature: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        form = form.free("policy", &policy).free("x-amz-signature", &signature);
        post(server, &form.fields, Some(file)).send().await.code()
    }
}

fn post(server: &S3Server, fields: &[(String, String)], file: Option<&str>) -> Wire {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    if let Some(file) = file {
        body += &format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.txt\"\r\n\r\n\
             {file}\r\n"
        );
    }
    body += "--edge--\r\n";
    Wire::new(server.addr(), "POST", &format!("/{BUCKET}"))
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(body.as_bytes())
}

async fn start() -> (S3Server, Clock) {
    let clock = Clock::system();
    let mut config = config();
    config.clock = clock.clone();
    (S3Server::start(config).await.unwrap(), clock)
}

#[tokio::test]
async fn the_good_twin_passes() {
    limited(async {
        let (server, clock) = start().await;
        let form = Form::new()
            .bound("Content-Type", "text/plain")
            .bound("x-amz-meta-a", "$ 5")
            .free("x-ignore-this", "x");
        assert_eq!(form.send(&server, "bytes").await, "204");
        let stored = client(&server).get_object().bucket(BUCKET).key("a/b.txt").send().await;
        let stored = stored.unwrap();
        assert_eq!(stored.content_type(), Some("text/plain"));
        assert_eq!(stored.metadata().unwrap()["a"], "$ 5");
        assert_eq!(stored.body.collect().await.unwrap().to_vec(), b"bytes");
        // A policy ends when it says, however long ago it was signed.
        let mut long = Form::new();
        long.expiration += Duration::from_secs(86_400);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(long.send(&server, "bytes").await, "204");
    })
    .await;
}

#[tokio::test]
async fn what_the_policy_does_not_say_is_refused() {
    limited(async {
        let (server, clock) = start().await;
        for (form, file, code) in [
            (Form::new(), "", "EntityTooSmall"),
            (Form::new(), "bytes!", "EntityTooLarge"),
            (Form::new().free("x-amz-meta-a", "x"), "bytes", "AccessDenied"),
            (Form::new().free("x-amz-server-side-encryption", "AES256"), "bytes", "AccessDenied"),
            (Form::new().free("submit", "x"), "bytes", "AccessDenied"),
            (Form::new().free("key", "other.txt"), "bytes", "InvalidArgument"),
            (Form::new().bound("x-amz-security-token", "x"), "bytes", "InvalidToken"),
            (Form::new().bound("x-amz-meta-a", "${filename}"), "bytes", "AccessDenied"),
            (Form { region: "us-east-1".to_owned(), ..Form::new() }, "bytes", "InvalidArgument"),
            (Form { fields: Vec::new(), ..Form::new() }, "bytes", "InvalidArgument"),
            (
                Form::new().bound("x-amz-meta-a", &"x".repeat(30_000)),
                "bytes",
                "MaxPostPreDataLengthExceededError",
            ),
        ] {
            assert_eq!(form.send(&server, file).await, code, "{:?}", form.fields);
        }
        let mut any_key = Form::new();
        any_key.conditions.push(json!(["starts-with", "$x-amz-meta-a", ""]));
        let any_key = any_key.free("x-amz-meta-a", "${filename}");
        assert_eq!(any_key.send(&server, "bytes").await, "NotImplemented");
        clock.advance(Duration::from_secs(61));
        assert_eq!(Form::new().send(&server, "bytes").await, "AccessDenied");
        let list = client(&server).list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert!(list.contents().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    limited(async {
        let (server, _) = start().await;
        let fields = [("key".to_owned(), "a".to_owned())];
        assert_eq!(post(&server, &fields, None).send().await.code(), "InvalidArgument");
        assert_eq!(post(&server, &fields, Some("x")).send().await.code(), "InvalidArgument");
        let cut = post(&server, &[], None).body(b"--edge\r\nContent-Dispo");
        assert_eq!(cut.send().await.code(), "MalformedPOSTRequest");
        let mut nowhere = post(&server, &fields, Some("x"));
        nowhere.headers[0].1 = "multipart/form-data".to_owned();
        assert_eq!(nowhere.send().await.code(), "MalformedPOSTRequest");
        let mut shouted = post(&server, &fields, Some("x"));
        shouted.headers[0].1 = "Multipart/Form-Data; boundary=edge".to_owned();
        assert_eq!(shouted.send().await.code(), "InvalidArgument");
        let more = post(&server, &fields, Some("x")).header("x-amz-acl", "public-read");
        assert_eq!(more.send().await.code(), "AccessDenied");
        assert_eq!(
            post(&server, &fields, Some("x")).signed().send().await.code(),
            "InvalidArgument"
        );
    })
    .await;
}
