//! Forms that upload a file of a size within a range.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casier::ErrorKind;
use casier::storage::{PresignedPost, PresignedUploadOptions};
use reqwest::Client;
use serde_json::{Value, json};

use super::bench::{Bench, metadata, on_bench};

fn described() -> PresignedUploadOptions {
    let mut options = PresignedUploadOptions::default();
    options.metadata = metadata(&[("title", "Été"), ("price", "5 $ or less")]);
    options
}

async fn form(bench: &Bench) -> PresignedPost {
    bench.files().presigned_post("a b+$.txt", "file", 3..=5, described()).await.unwrap()
}

/// Sends the form as browsers do, the file last.
async fn send(url: &str, fields: &BTreeMap<String, String>, file: &str) -> u16 {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body += &format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"theirs.html\"\r\n\
         Content-Type: text/html\r\n\r\n{file}\r\n--edge--\r\n"
    );
    let request = Client::new().post(url).body(body);
    let request = request.header("content-type", "multipart/form-data; boundary=edge");
    request.send().await.unwrap().status().as_u16()
}

async fn assert_refused(
    bench: &Bench,
    form: &PresignedPost,
    fields: &BTreeMap<String, String>,
    file: &str,
) {
    let status = send(&form.url, fields, file).await;
    assert!(matches!(status, 400 | 403), "{status}: {fields:?}");
    assert!(bench.is_empty().await, "{fields:?}");
}

#[test]
fn a_form_uploads_the_file_that_it_describes() {
    on_bench(|bench| async move {
        let form = form(&bench).await;
        assert_eq!((form.key.as_str(), form.expires_in), (&*bench.key("files/a b+$.txt"), 900));
        for file in ["abc", "abcde"] {
            assert_eq!(send(&form.url, &form.fields, file).await, 204);
            assert_eq!(bench.bytes_of(&form.key).await, file.as_bytes());
        }
        let stored = bench.files().metadata(&form.key).await.unwrap();
        assert_eq!(stored.content_type.as_deref(), Some("text/plain"));
        assert_eq!(stored.metadata, described().metadata);
        bench
    });
}

/// Attack 81. Attack 73.
#[test]
fn a_changed_form_is_refused_by_the_store() {
    on_bench(|bench| async move {
        let form = form(&bench).await;
        for file in ["", "ab", "abcdef"] {
            assert_refused(&bench, &form, &form.fields, file).await;
        }
        for name in form.fields.keys() {
            let mut without = form.fields.clone();
            without.remove(name);
            assert_refused(&bench, &form, &without, "abc").await;
            let mut other = form.fields.clone();
            other.insert(name.clone(), format!("{}x", form.fields[name]));
            assert_refused(&bench, &form, &other, "abc").await;
        }
        for name in [
            "acl",
            "tagging",
            "Cache-Control",
            "success_action_redirect",
            "x-amz-meta-more",
            "x-amz-storage-class",
            "x-amz-server-side-encryption",
        ] {
            let mut more = form.fields.clone();
            more.insert(name.to_owned(), "https://example.com".to_owned());
            assert_refused(&bench, &form, &more, "abc").await;
        }
        let mut named = form.fields.clone();
        named.insert("key".to_owned(), bench.key("files/${filename}"));
        assert_refused(&bench, &form, &named, "abc").await;
        if let Some(clock) = &bench.clock {
            clock.advance(Duration::from_secs(901));
            assert_refused(&bench, &form, &form.fields, "abc").await;
        }
        bench
    });
}

/// Attack 82. Attack 83. Attack 79.
#[test]
fn no_form_is_issued_that_binds_less() {
    on_bench(|bench| async move {
        let form = form(&bench).await;
        let policy = STANDARD.decode(&form.fields["policy"]).unwrap();
        // S3 would read a bare one as the beginning of a field's name.
        assert!(!policy.contains(&b'$'));
        let policy: Value = serde_json::from_slice(&policy).unwrap();
        let conditions = policy["conditions"].as_array().unwrap();
        assert!(conditions.contains(&json!(["content-length-range", 3, 5])));
        assert!(conditions.contains(&json!({"bucket": bench.config.bucket})));
        let bound = form
            .fields
            .keys()
            .filter(|name| !matches!(name.as_str(), "policy" | "x-amz-signature"));
        for name in bound {
            assert!(conditions.contains(&json!({(name): form.fields[name]})), "{name}");
        }
        let files = bench.files();
        for (name, key) in
            [("${filename}", "$_filename_"), ("a/${filename}.txt", "$_filename_.txt")]
        {
            let form = files.presigned_post(name, "file", 0..=1, Default::default()).await.unwrap();
            assert_eq!(form.key, bench.key(&format!("files/{key}")));
        }
        let with = |change: fn(&mut PresignedUploadOptions)| {
            let mut options = PresignedUploadOptions::default();
            change(&mut options);
            options
        };
        use ErrorKind as K;
        for (name, sizes, options, expected) in [
            ("a.txt", RangeInclusive::new(2, 1), with(|_| {}), K::InvalidRequest),
            ("a.txt", 0..=(5 << 30) + 1, with(|_| {}), K::FileTooLarge),
            ("", 0..=1, with(|_| {}), K::InvalidFilename),
            ("a/", 0..=1, with(|_| {}), K::InvalidFilename),
            ("a.txt", 0..=1, with(|it| it.expires_in = Some(0)), K::InvalidRequest),
            ("a.txt", 0..=1, with(|it| it.expires_in = Some(901)), K::InvalidRequest),
            ("a.txt", 0..=1, with(|it| it.sha256 = Some([0; 32])), K::InvalidRequest),
            ("a.txt", 0..=1, with(|it| it.overwrite = false), K::StorageUnsupported),
            (
                "a.txt",
                0..=1,
                with(|it| it.metadata = metadata(&[("a", "x ${filename}")])),
                K::InvalidRequest,
            ),
        ] {
            let wrong = files.presigned_post(name, "file", sizes, options).await;
            assert_eq!(wrong.unwrap_err().kind(), expected, "{name}");
        }
        let free = bench.files_in_tier("free");
        let large = free.presigned_post("a.png", "image", 0..=11 << 20, Default::default()).await;
        assert_eq!(large.unwrap_err().kind(), K::FileTooLarge);
        bench
    });
}

/// Attack 86.
#[test]
fn a_form_shows_its_signature_to_nobody() {
    on_bench(|bench| async move {
        let form = form(&bench).await;
        let shown = format!("{form:?}");
        for name in ["policy", "x-amz-signature", "x-amz-credential"] {
            assert!(!shown.contains(&form.fields[name]), "{shown}");
        }
        bench
    });
}
