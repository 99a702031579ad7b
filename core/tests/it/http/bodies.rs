//! Bodies and queries that are not what a route asks for.

use bytes::Bytes;
use casier::http::{Body, Form, Routes};
use serde_json::{Value, json};

use super::bench::{ADAS, Bench, on_bench};

const JSON_ROUTES: [(Routes, &str, &str, &str); 7] = [
    (Routes::Secure, "POST", "/files/delete-many", "s3_keys"),
    (Routes::Secure, "POST", "/files/links", "s3_keys"),
    (Routes::S3, "POST", "/presigned-url", "s3_key"),
    (Routes::S3, "DELETE", "/delete", "s3_key"),
    (Routes::Files, "POST", "/presigned-url", "s3_key"),
    (Routes::Files, "DELETE", "/delete", "s3_key"),
    (Routes::Files, "POST", "/delete-many", "s3_keys"),
];

/// What is wrong with this body, on every route that takes JSON, which must all say the same.
async fn refuse_all(bench: &Bench, body: impl Fn(&str) -> Body) -> String {
    let mut messages = Vec::new();
    for (routes, method, path, member) in JSON_ROUTES {
        let reply = bench.send(routes, bench.ada(method, path), body(member)).await;
        assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{path} {reply:?}");
        messages.push(reply.json["error"]["message"].as_str().unwrap().replace(member, "it"));
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    messages.remove(0)
}

fn text(text: impl Into<String>) -> Body {
    Body::Json(text.into().into())
}

#[test]
fn anything_but_the_object_that_is_asked_for_is_refused() {
    on_bench(async |bench| {
        let good = |member: &str| match member {
            "s3_key" => json!(ADAS),
            _ => json!([ADAS]),
        };
        for body in ["", "null", "[]", "{", "\"user_ada/images/a.png\"", "{}{}", "NaN", "{}\u{0}"] {
            assert!(refuse_all(bench, |_| text(body)).await.contains("JSON object"), "{body}");
        }
        for bytes in [&b"{\"s3_key\":\"\xff\"}"[..], b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0"] {
            refuse_all(bench, |_| Body::Json(Bytes::from_static(bytes))).await;
        }
        for body in [Body::None, Body::Unreadable, Body::Form(Form::default())] {
            refuse_all(bench, |_| body.clone()).await;
        }
        refuse_all(bench, |_| Body::TooLarge).await;

        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        refuse_all(bench, |member| text(format!("{{\"{member}\":{deep}}}"))).await;
        let twice = |member: &str| {
            let value = good(member);
            text(format!("{{\"{member}\":{value},\"{member}\":{value}}}"))
        };
        refuse_all(bench, twice).await;
        let many = |member: &str| {
            let others: String = (0..20_000).map(|n| format!("\"{n}\":0,")).collect();
            text(format!("{{{others}\"{member}\":{}}}", good(member)))
        };
        refuse_all(bench, many).await;

        assert!(refuse_all(bench, |_| text("{}")).await.contains("missing"));
        for value in [json!(1), json!({}), json!(null), json!([1]), json!([[ADAS]]), json!([])] {
            refuse_all_values(bench, value).await;
        }
        bench.assert_untouched().await;
    });
}

/// A value of another type: the messages differ by the type that is asked for.
async fn refuse_all_values(bench: &Bench, value: Value) {
    for (routes, method, path, member) in JSON_ROUTES {
        let reply = bench.json(routes, method, path, json!({member: value})).await;
        assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{path} {value}");
    }
}

#[test]
fn an_unknown_member_is_named_and_its_value_never_shown() {
    on_bench(async |bench| {
        let body = |member: &str| {
            let value = if member == "s3_key" { json!(ADAS) } else { json!([ADAS]) };
            text(json!({member: value, "user_id": "hush-hush"}).to_string())
        };
        let message = refuse_all(bench, body).await;
        assert_eq!(message, "the body has an unknown member `user_id`");
        bench.assert_untouched().await;
    });
}

#[test]
fn too_many_keys_are_refused() {
    on_bench(async |bench| {
        for path in ["/files/links", "/files/delete-many"] {
            let body = json!({"s3_keys": vec![ADAS; 1001]});
            let reply = bench.json(Routes::Secure, "POST", path, body).await;
            assert_eq!((reply.status, reply.code()), (400, "invalid-request"));
            assert_eq!(reply.json["error"]["details"], json!({"limit": 1000, "used": 1001}));
        }
        bench.assert_untouched().await;
    });
}

/// Attack 79.
#[test]
fn the_life_of_a_link_is_a_whole_number_of_seconds() {
    on_bench(async |bench| {
        for life in [json!(0), json!(-1), json!(1.5), json!("60"), json!(604_801), json!(true)] {
            let body = json!({"s3_key": ADAS, "expires_in": life});
            let reply = bench.json(Routes::S3, "POST", "/presigned-url", body).await;
            assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{life}");
        }
        for (life, granted) in [(json!(60), 60), (json!(604_800), 3600), (json!(null), 3600)] {
            let body = json!({"s3_key": ADAS, "expires_in": life});
            let reply = bench.json(Routes::S3, "POST", "/presigned-url", body).await;
            assert_eq!(reply.json["expires_in"], granted, "the free tier's links live an hour");
        }
    });
}

/// Attack 63 among them.
#[test]
fn a_query_says_each_thing_once_and_well() {
    on_bench(async |bench| {
        for (routes, path) in
            [(Routes::Secure, "/files/list"), (Routes::S3, "/list"), (Routes::Files, "/list")]
        {
            for (query, code) in [
                ("limit=0", "invalid-request"),
                ("limit=1001", "invalid-request"),
                ("limit=-1", "invalid-request"),
                ("limit=ten", "invalid-request"),
                ("limit=1&limit=2", "invalid-request"),
                ("limit=99999999999999999999", "invalid-request"),
                ("with_metadata=maybe", "invalid-request"),
                ("content_type=image&content_type=book", "invalid-request"),
                ("content_type=%ff", "invalid-request"),
                ("content_type=..%2Fuser_ben", "invalid-kind"),
                ("content_type=Image", "invalid-kind"),
                ("cursor=nonsense", "invalid-cursor"),
                ("cursor=..%2F..%2Fuser_ben", "invalid-cursor"),
            ] {
                let reply = bench.get(routes, path, query).await;
                assert_eq!((reply.status, reply.code()), (400, code), "{path}?{query}");
            }
            let reply = bench.get(routes, path, "utm_source=mail&content_type=&_=1").await;
            assert_eq!(reply.status, 200);
        }
    });
}
