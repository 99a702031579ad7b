//! Uploads that a client sends part by part.

use casier::http::{Body, Request, Routes};
use serde_json::{Value, json};

use super::bench::{ADAS, BEGUN, BENS, Bench, Reply, on_bench, send_part, with};
use crate::storage::bench::PNG;

const BOTH: [Routes; 2] = [Routes::Secure, Routes::Files];

async fn post(bench: &Bench, routes: Routes, path: &str, body: Value) -> Reply {
    bench.json(routes, "POST", path, body).await
}

async fn ask(bench: &Bench, routes: Routes, method: &str, path: &str) -> Reply {
    bench.send(routes, bench.ada(method, path), Body::None).await
}

/// A picture that is to be called `new.png`, with one member in place of another.
fn picture(name: &str, value: Value) -> Value {
    let mut body = json!({"filename": "new.png", "content_type": "image", "size": PNG.len()});
    body[name] = value;
    body
}

/// Begins an upload, sends its only part, and gives its path and the part's address.
async fn sent(bench: &Bench, begin: Value, bytes: &'static [u8]) -> (String, String) {
    let begun = post(bench, Routes::Files, "/uploads", begin).await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let path = format!("/uploads/{}", begun.json["data"]["upload_id"].as_str().unwrap());
    let parts = format!("{path}/parts");
    let signed = post(bench, Routes::Files, &parts, json!({"part_numbers": [1]})).await;
    let url = signed.json["data"]["parts"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(send_part(&url, bytes).await, 200);
    (path, url)
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn an_upload_is_begun_sent_looked_at_and_completed() {
    for routes in BOTH {
        on_bench(async |bench| {
            let size = PNG.len();
            let mut body = picture("metadata", json!({"title": "Été"}));
            body["mime_type"] = json!("image/png");
            let begun = post(bench, routes, "/uploads", body).await;
            let data = &begun.json["data"];
            let expected = ["expires_at", "part_count", "part_size", "s3_key", "upload_id"];
            assert_eq!((begun.status, names(data)), (201, expected.to_vec()));
            assert_eq!(data["s3_key"], "user_ada/images/new.png");
            assert_eq!(data["part_count"], 1);
            assert!(data["part_size"].as_u64().unwrap() >= 5 << 20);
            assert_eq!(bench.keys().await, [ADAS, BENS], "nothing exists before it is completed");
            let path = format!("/uploads/{}", data["upload_id"].as_str().unwrap());

            let parts = format!("{path}/parts");
            let signed = post(bench, routes, &parts, json!({"part_numbers": [1]})).await;
            let part = &signed.json["data"]["parts"][0];
            assert_eq!(names(part), ["headers", "part_number", "size", "url"]);
            assert_eq!((&part["part_number"], &part["size"]), (&json!(1), &json!(size)));
            assert_eq!(part["headers"], json!({"content-length": size.to_string()}));

            let state = ask(bench, routes, "GET", &path).await;
            assert_eq!(state.json["data"]["parts"], json!([]));
            let incomplete = ask(bench, routes, "POST", &format!("{path}/complete")).await;
            assert_eq!((incomplete.status, incomplete.code()), (409, "upload-incomplete"));
            let details = json!({"limit": size, "used": 0});
            assert_eq!(incomplete.json["error"]["details"], details);

            let url = part["url"].as_str().unwrap();
            assert_eq!(send_part(url, PNG).await, 200);
            let state = ask(bench, routes, "GET", &path).await;
            let mut expected = data.clone();
            expected.as_object_mut().unwrap().remove("upload_id");
            for (name, value) in [
                ("filename", json!("new.png")),
                ("content_type", json!("image")),
                ("size", json!(size)),
                ("parts", json!([1])),
                ("sent", json!(size)),
            ] {
                expected[name] = value;
            }
            assert_eq!(state.json["data"], expected);

            let stored = ask(bench, routes, "POST", &format!("{path}/complete")).await;
            assert_eq!(stored.status, 200, "{stored:?}");
            let file = &stored.json["data"];
            assert_eq!((&file["s3_key"], &file["size"]), (&data["s3_key"], &json!(size)));
            assert_eq!(
                (&file["content_type"], &file["mime_type"]),
                (&json!("image"), &json!("image/png"))
            );
            assert_eq!(file["metadata"], json!({"title": "Été"}));

            // What is over is over: asked again it says the same, and the address changes nothing.
            let again = ask(bench, routes, "POST", &format!("{path}/complete")).await;
            assert_eq!((again.status, &again.json["data"]), (200, file));
            assert_eq!(send_part(url, PNG).await, 404);
            assert_eq!(ask(bench, routes, "GET", &path).await.code(), "upload-not-found");
            assert_eq!(ask(bench, routes, "DELETE", &path).await.status, 200);
            assert_eq!(bench.keys().await, ["user_ada/images/new.png", ADAS, BENS]);
            assert_eq!(bench.uploads().await, [BEGUN]);
        });
    }
}

#[test]
fn an_upload_that_is_given_up_leaves_nothing() {
    on_bench(async |bench| {
        let (path, url) = sent(bench, picture("overwrite", json!(false)), PNG).await;
        let given_up = ask(bench, Routes::Files, "DELETE", &path).await;
        assert_eq!(given_up.status, 200, "{given_up:?}");
        assert_eq!(given_up.json["data"]["upload_id"], path.strip_prefix("/uploads/").unwrap());
        bench.assert_untouched().await;
        assert_eq!(send_part(&url, PNG).await, 404);
        for (method, path) in [("GET", path.clone()), ("POST", format!("{path}/complete"))] {
            let reply = ask(bench, Routes::Files, method, &path).await;
            assert_eq!((reply.status, reply.code()), (404, "upload-not-found"));
        }
        assert_eq!(ask(bench, Routes::Files, "DELETE", &path).await.status, 200);
        bench.assert_untouched().await;
    });
}

/// Attack 58. Attack 59. Whoever is not the upload's user learns nothing of it, and no id is a path.
#[test]
fn the_upload_of_another_and_what_is_no_upload_are_not_found() {
    on_bench(async |bench| {
        let own = bench.upload_id.clone();
        let bens = bench.bearer(|asked| "ben".clone_into(&mut asked.user_id));
        let other = if own.as_bytes()[20] == b'A' { "B" } else { "A" };
        let flipped = format!("{}{other}{}", &own[..20], &own[21..]);
        let adas = bench.bearer(|_| {});
        for (bearer, id) in [
            (&bens, own.as_str()),
            (&adas, &own[..own.len() - 1]),
            (&adas, &flipped),
            (&adas, &own.to_uppercase()),
            (&adas, "u1."),
            (&adas, ".."),
            (&adas, "%2e%2e"),
            (&adas, "u1.\u{0}"),
            (&adas, BEGUN.split('/').next_back().unwrap()),
            (&adas, &"A".repeat(100_000)),
        ] {
            for routes in BOTH {
                for (method, end) in
                    [("GET", ""), ("DELETE", ""), ("POST", "/parts"), ("POST", "/complete")]
                {
                    let request = Request::new(method, format!("/uploads/{id}{end}"));
                    let body = match end {
                        "/parts" => Body::Json(r#"{"part_numbers":[1]}"#.into()),
                        _ => Body::None,
                    };
                    let request = with(request, "Authorization", bearer);
                    let reply = bench.send(routes, request, body).await;
                    assert_eq!((reply.status, reply.code()), (404, "upload-not-found"), "{id:.80}");
                    assert!(reply.json["error"].get("details").is_none());
                }
            }
        }
        bench.assert_untouched().await;
    });
}

/// Attack 70. Attack 71. Attack 73.
#[test]
fn what_may_not_be_stored_is_not_begun() {
    on_bench(async |bench| {
        for (name, value, status, code) in [
            ("filename", json!("a.png.php"), 400, "invalid-filename"),
            ("filename", json!(".."), 400, "invalid-filename"),
            ("filename", json!(""), 400, "invalid-filename"),
            ("filename", json!(1), 400, "invalid-request"),
            ("filename", json!(null), 400, "invalid-request"),
            ("content_type", json!("Image"), 400, "invalid-kind"),
            ("content_type", json!("../x"), 400, "invalid-kind"),
            ("content_type", json!("image/png"), 400, "invalid-kind"),
            ("content_type", json!(["image"]), 400, "invalid-request"),
            ("mime_type", json!("text/html"), 415, "type-not-allowed"),
            ("mime_type", json!("image/png\r\nX-Amz-Acl: public-read"), 415, "type-not-allowed"),
            ("mime_type", json!("application/pdf"), 415, "type-not-allowed"),
            ("mime_type", json!(1), 400, "invalid-request"),
            ("size", json!(null), 400, "invalid-request"),
            ("size", json!(-1), 400, "invalid-request"),
            ("size", json!(1.5), 400, "invalid-request"),
            ("size", json!("1"), 400, "invalid-request"),
            ("size", json!((1_u64 << 53) + 1), 400, "invalid-request"),
            ("size", json!(1_u64 << 53), 413, "file-too-large"),
            ("size", json!((10 << 20) + 1), 413, "file-too-large"),
            ("metadata", json!("{}"), 400, "invalid-request"),
            ("metadata", json!({"a": 1}), 400, "invalid-request"),
            ("metadata", json!({"casier-mark": "x"}), 400, "invalid-request"),
            ("metadata", json!({"a": "x".repeat(2048)}), 400, "metadata-too-large"),
            ("overwrite", json!("false"), 400, "invalid-request"),
            ("overwrite", json!(0), 400, "invalid-request"),
            ("unguessable", json!("yes"), 400, "invalid-request"),
            ("s3_key", json!(BENS), 400, "invalid-request"),
            ("user_id", json!("ben"), 400, "invalid-request"),
            ("upload_id", json!("x"), 400, "invalid-request"),
        ] {
            for routes in BOTH {
                let reply = post(bench, routes, "/uploads", picture(name, value.clone())).await;
                assert_eq!((reply.status, reply.code()), (status, code), "{name} {value}");
            }
        }
        let taken = json!({"filename": "été 1.png", "content_type": "image", "size": 1, "overwrite": false});
        let reply = post(bench, Routes::Secure, "/uploads", taken).await;
        assert_eq!((reply.status, reply.code()), (409, "file-exists"));
        bench.assert_untouched().await;

        let unguessable = picture("unguessable", json!(true));
        let reply = post(bench, Routes::Secure, "/uploads", unguessable).await;
        let key = reply.json["data"]["s3_key"].as_str().unwrap();
        assert_eq!(key.len(), "user_ada/images/new-.png".len() + 32, "{key}");
    });
}

#[test]
fn anything_but_one_known_object_is_refused() {
    on_bench(async |bench| {
        let text = |text: &'static str| Body::Json(text.into());
        for path in ["/uploads", &format!("/uploads/{}/parts", bench.upload_id)] {
            for body in [
                Body::None,
                Body::TooLarge,
                Body::Unreadable,
                text(""),
                text("null"),
                text("[]"),
                text("{}"),
                text("{}{}"),
                text(r#"{"part_numbers":[1],"part_numbers":[1]}"#),
                text(r#"{"filename":"a.png","content_type":"image","size":1,"size":1}"#),
                text(r#"{"filename":"a.png","content_type":"image","size":NaN}"#),
                text(r#"{"filename":"a.png","content_type":"image","size":1,"Size":1}"#),
            ] {
                for routes in BOTH {
                    let reply = bench.send(routes, bench.ada("POST", path), body.clone()).await;
                    assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{body:?}");
                }
            }
        }
        bench.assert_untouched().await;
    });
}

#[test]
fn parts_are_signed_for_by_their_numbers() {
    on_bench(async |bench| {
        let path = format!("/uploads/{}/parts", bench.upload_id);
        for value in [
            json!([]),
            json!(1),
            json!(null),
            json!("1"),
            json!(["1"]),
            json!([1.0]),
            json!([0]),
            json!([-1]),
            json!([2]),
            json!([10_001]),
            json!([1, 1]),
            json!([4_294_967_297_u64]),
            json!(vec![1; 1001]),
        ] {
            for routes in BOTH {
                let reply = post(bench, routes, &path, json!({"part_numbers": value})).await;
                assert_eq!((reply.status, reply.code()), (400, "invalid-request"), "{value}");
            }
        }
        for body in [json!({}), json!({"part_numbers": [1], "size": 1})] {
            let reply = post(bench, Routes::Files, &path, body).await;
            assert_eq!((reply.status, reply.code()), (400, "invalid-request"));
        }
        bench.assert_untouched().await;
    });
}

/// Attack 72.
#[test]
fn what_is_of_another_type_is_deleted_and_replaces_nothing() {
    on_bench(async |bench| {
        const PAGE: &[u8] = b"<!doctype html><script>alert(1)</script>";
        for name in ["new.png", "été 1.png"] {
            let mut begin = picture("filename", json!(name));
            begin["size"] = json!(PAGE.len());
            let (path, _) = sent(bench, begin, PAGE).await;
            let reply = ask(bench, Routes::Files, "POST", &format!("{path}/complete")).await;
            assert_eq!((reply.status, reply.code()), (415, "content-mismatch"), "{name}");
            bench.assert_untouched().await;
        }
        let files = bench.casier.storage_for("ada").unwrap();
        assert_eq!(files.read(ADAS, Default::default()).await.unwrap(), PNG);
    });
}

/// Attack 57.
#[test]
fn uploads_under_way_count_against_what_the_tier_stores() {
    on_bench(async |bench| {
        bench.with_policy("version = 1\ntiers = ['free']\n[tier.free]\nstored_bytes = '1 KiB'");
        let of = |name: &str, size: u64| json!({"filename": name, "content_type": "image", "size": size});
        let stored = PNG.len() as u64;
        let begun = post(bench, Routes::Files, "/uploads", of("a.png", 1000 - stored)).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        let refused = post(bench, Routes::Files, "/uploads", of("b.png", 25)).await;
        assert_eq!((refused.status, refused.code()), (403, "quota-exceeded"));
        let details = json!({"limit": 1024, "used": 1000});
        assert_eq!(refused.json["error"]["details"], details);
        assert_eq!(bench.uploads().await, ["user_ada/images/a.png", BEGUN]);

        let path = format!("/uploads/{}", begun.json["data"]["upload_id"].as_str().unwrap());
        assert_eq!(ask(bench, Routes::Files, "DELETE", &path).await.status, 200);
        bench.assert_untouched().await;
        let begun = post(bench, Routes::Files, "/uploads", of("b.png", 1024 - stored)).await;
        assert_eq!(begun.status, 201, "{begun:?}");
    });
}
