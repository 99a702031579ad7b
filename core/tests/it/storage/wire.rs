//! What really goes over the wire, for hostile strings in every argument.

use std::path::PathBuf;

use bytes::Bytes;
use casier::storage::{CopyOptions, LinkOptions, ListOptions, Scope};
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization as _;

use super::fake::{Answer, Fake, Request, files_of};
use crate::support::within_limit;

const HOSTILE: &[&str] = &[
    "../user_2/a",
    "..%2fuser_2%2fa",
    "%252e%252e%252fa",
    "..\\user_2\\a",
    "\u{FF0E}\u{FF0E}\u{FF0F}a",
    "a/../../b",
    "user_2/a",
    "/",
    "?list-type=2&prefix=",
    "a?acl",
    "a#b",
    "a\r\nx-amz-acl: public-read",
    "*",
    "${filename}",
    "a%00b",
    "é+ %2B",
];

#[test]
fn hostile_strings_stay_inside_the_scope() {
    within_limit(async {
        let listing = "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>\
                       </ListBucketResult>";
        let fake = Fake::start(move |request| match request.method.as_str() {
            "GET" if request.target.contains("list-type") => {
                Answer::Whole(200, String::new(), listing.into())
            }
            "PUT" => Answer::Whole(200, "ETag: \"e\"\r\n".to_owned(), Vec::new()),
            "HEAD" if request.target == "/bucket/user_1/files/own.txt" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            _ => Answer::error(404, "NoSuchKey"),
        })
        .await;
        let files = fake.files();
        let mut strings: Vec<String> = HOSTILE.iter().map(|s| (*s).to_owned()).collect();
        // `tests/conformance` tries all of them, without a store.
        strings.extend(published().into_iter().step_by(20));
        for hostile in &strings {
            for key in [hostile.clone(), format!("user_1/{hostile}")] {
                let _ = files.metadata(&key).await;
                let _ = files.delete(&key).await;
                let _ = files.delete_many(vec![key.clone()]).await;
                let _ = files.rename(&key, "b.txt", true).await;
                let _ = files.tags(&key).await;
                let _ = files.set_tags(&key, Default::default()).await;
                if let Ok(link) = files.presigned_url(&key, LinkOptions::default()).await {
                    let target = link.url.strip_prefix(&fake.endpoint).unwrap();
                    assert_inside(target, "user_1/", hostile);
                }
            }
            for (filename, kind) in [(hostile.as_str(), "file"), ("a.txt", hostile.as_str())] {
                let text = Bytes::from_static(b"x");
                let _ = files.upload_file_object(text, filename, kind, Default::default()).await;
                let mut options = CopyOptions::default();
                (options.filename, options.kind) = (Some(filename.into()), Some(kind.into()));
                let _ = files.move_to("user_1/files/own.txt", options).await;
                let _ = files.newest(1, Some(kind)).await;
            }
            for (kind, cursor) in [(Some(hostile.clone()), None), (None, Some(hostile.clone()))] {
                let mut options = ListOptions::default();
                (options.kind, options.cursor) = (kind, cursor);
                options.search = Some(hostile.clone());
                let _ = files.list(options.clone()).await;
                let _ = files.list_all(options).next().await;
            }
            let mut options = LinkOptions::default();
            options.download_as = Some(hostile.clone());
            if let Ok(link) = files.presigned_url("user_1/a", options).await {
                assert_inside(link.url.strip_prefix(&fake.endpoint).unwrap(), "user_1/", hostile);
            }
            for request in fake.requests() {
                if let Some(keys) = keys_in(&request) {
                    assert_eq!(request.target, "/bucket/?delete");
                    keys.iter().for_each(|key| assert_inside(key, "user_1/", hostile));
                    continue;
                }
                assert_inside(&request.target, "user_1/", hostile);
                if let Some((_, source)) =
                    request.headers.iter().find(|(name, _)| name == "x-amz-copy-source")
                {
                    assert_inside(&format!("/{source}"), "user_1/", hostile);
                }
                assert!(!request.headers.iter().any(|(name, _)| name == "x-amz-acl"), "{hostile}");
            }
            fake.forget();

            if let Ok(scope) = Scope::new(hostile.clone()) {
                let prefix = scope.prefix().to_owned();
                assert!(prefix == "user_1/" || !prefix.starts_with("user_1/"));
                let files = files_of(hostile, fake.config());
                let _ = files.list(ListOptions::default()).await;
                let _ = files.metadata(&format!("{prefix}files/a")).await;
                let requests = fake.requests();
                assert_eq!(requests.len(), 2, "{hostile}");
                for request in requests {
                    assert_inside(&request.target, &prefix, hostile);
                }
                fake.forget();
            }
        }
    });
}

/// The key or the list prefix of a request lies in the scope: as it is, decoded once and twice,
/// with slashes for backslashes, in its NFKC form.
fn assert_inside(target: &str, prefix: &str, hostile: &str) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    assert!(!query.split('&').any(|p| matches!(p, "acl" | "policy")), "{hostile:?}: {target}");
    let listed = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
    let encoded = match listed {
        Some(listed) => listed,
        None => path.strip_prefix("/bucket/").unwrap_or_else(|| panic!("{hostile:?}: {target}")),
    };
    let mut text = percent_decode_str(encoded).decode_utf8().unwrap().into_owned();
    for _ in 0..3 {
        for form in [text.clone(), text.replace('\\', "/"), text.nfkc().collect()] {
            assert!(form.starts_with(prefix), "{hostile:?}: {target}");
            assert!(!form.split('/').any(|s| matches!(s, "." | "..")), "{hostile:?}: {target}");
        }
        text = percent_decode_str(&text).decode_utf8().unwrap().into_owned();
    }
}

/// The keys in the body of a DeleteObjects, as paths.
fn keys_in(request: &Request) -> Option<Vec<String>> {
    let body = str::from_utf8(&request.bytes).ok()?.strip_prefix("<Delete")?;
    let keys = body.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap());
    let unescaped = |key: &str| {
        let key = key.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        key.replace("&apos;", "'").replace("&amp;", "&").replace('%', "%25").replace('?', "%3F")
    };
    Some(keys.map(|key| format!("/bucket/{}", unescaped(key))).collect())
}

/// The strings of `CASIER_VECTORS`, where that is set.
fn published() -> Vec<String> {
    let Some(folder) = std::env::var_os("CASIER_VECTORS").map(PathBuf::from) else {
        println!("CASIER_VECTORS is not set: the published strings are left out");
        return Vec::new();
    };
    let mut strings = Vec::new();
    for name in ["path_traversal", "blns"] {
        let text = std::fs::read_to_string(folder.join(format!("keys/{name}.json"))).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = file["cases"].as_array().unwrap();
        strings.extend(cases.iter().map(|case| case["input"].as_str().unwrap().to_owned()));
    }
    strings
}
