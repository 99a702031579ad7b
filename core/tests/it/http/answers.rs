//! What each route answers to a good request.

use std::time::Duration;

use casier::http::Routes;
use serde_json::{Value, json};

use super::bench::{ADAS, BENS, Reply, form, on_bench};
use crate::storage::bench::PNG;

/// The names of an object's members.
fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn data(reply: &Reply) -> &Value {
    assert_eq!(names(&reply.json)[0], "data");
    assert_eq!(reply.json["success"], true);
    assert!(reply.json["message"].as_str().is_some_and(|message| message.ends_with('.')));
    assert!(reply.json["timestamp"].as_str().is_some_and(|time| time.len() == 20));
    &reply.json["data"]
}

/// What an address hands out: status and bytes.
async fn fetch(url: &Value) -> (u16, Vec<u8>) {
    let answer = reqwest::get(url.as_str().unwrap()).await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

#[test]
fn lists_tell_of_each_file_what_clients_know() {
    on_bench(async |bench| {
        let files = bench.casier.storage_for("ada").unwrap();
        let stored = files.metadata(ADAS).await.unwrap();

        let reply = bench.get(Routes::Secure, "/files/list", "").await;
        let [file] = data(&reply).as_array().unwrap().as_slice() else { panic!("{reply:?}") };
        assert_eq!(
            names(file),
            [
                "content_type",
                "filename",
                "last_modified",
                "metadata",
                "mime_type",
                "s3_key",
                "size"
            ]
        );
        assert_eq!((&file["s3_key"], &file["filename"]), (&json!(ADAS), &json!("été 1.png")));
        assert_eq!((&file["content_type"], &file["size"]), (&json!("image"), &json!(PNG.len())));
        assert_eq!(file["last_modified"].as_str().unwrap().len(), 20);
        assert_eq!(reply.json["metadata"], json!({"next_cursor": null, "skipped": 0}));
        let full = bench.get(Routes::Secure, "/files/list", "with_metadata=true").await;
        assert_eq!(data(&full)[0]["mime_type"], "image/png");

        let bare = bench.get(Routes::S3, "/list", "with_metadata=1&content_type=image").await;
        assert_eq!(names(&bare.json), ["files", "next_cursor"]);
        let mut expected = data(&full)[0].clone();
        expected["bucket"] = bench.stack.bucket().into();
        expected["etag"] = stored.etag.into();
        assert_eq!(bare.json["files"], json!([expected]));

        let enveloped = bench.get(Routes::Files, "/list", "with_metadata=1").await;
        let files = json!({"files": [data(&full)[0]], "next_cursor": null});
        assert_eq!(data(&enveloped), &files);
        let none = bench.get(Routes::Files, "/list", "content_type=book").await;
        assert_eq!(data(&none)["files"], json!([]));
    });
}

#[test]
fn links_hand_out_the_file() {
    on_bench(async |bench| {
        let path = format!("/files/download/{ADAS}");
        let reply = bench.get(Routes::Secure, &path, "").await;
        let link = data(&reply);
        assert_eq!(names(link), ["download_url", "expires_in", "filename"]);
        assert_eq!((&link["expires_in"], &link["filename"]), (&json!(3600), &json!("été 1.png")));
        assert_eq!(fetch(&link["download_url"]).await, (200, PNG.to_vec()));

        let absent = "user_ada/books/none.pdf";
        let body = json!({"s3_keys": [ADAS, absent, ADAS]});
        let reply = bench.json(Routes::Secure, "POST", "/files/links", body).await;
        let links = data(&reply).as_array().unwrap();
        let keys: Vec<_> = links.iter().map(|link| link["s3_key"].as_str().unwrap()).collect();
        assert_eq!(keys, [ADAS, absent, ADAS]);
        assert_eq!(names(&links[0]), ["download_url", "expires_in", "filename", "s3_key"]);
        assert_eq!(fetch(&links[2]["download_url"]).await, (200, PNG.to_vec()));
        assert_eq!(fetch(&links[1]["download_url"]).await.0, 404);

        // Handed out again while most of its life is left, also in another second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let again = bench.get(Routes::Secure, &path, "").await;
        assert_eq!(data(&again)["download_url"], link["download_url"]);
        let left = data(&again)["expires_in"].as_u64().unwrap();
        assert!((2700..3600).contains(&left), "it says what is left of its life: {left}");
        let body = json!({"s3_keys": ["user_ada/books/other.pdf", ADAS]});
        let again = bench.json(Routes::Secure, "POST", "/files/links", body).await;
        assert_eq!(data(&again)[1]["download_url"], link["download_url"]);

        let body = json!({"s3_key": ADAS, "expires_in": 60});
        let bare = bench.json(Routes::S3, "POST", "/presigned-url", body.clone()).await;
        assert_eq!(names(&bare.json), ["expires_in", "url"]);
        assert_eq!(bare.json["expires_in"], 60);
        assert_eq!(fetch(&bare.json["url"]).await, (200, PNG.to_vec()));
        let enveloped = bench.json(Routes::Files, "POST", "/presigned-url", body).await;
        assert_eq!(names(data(&enveloped)), ["expires_in", "url"]);
        bench.assert_untouched().await;
    });
}

#[test]
fn uploads_are_listed_and_handed_out() {
    on_bench(async |bench| {
        let image = || form(&[("content_type", "image")], "../my {new}.png", PNG);
        let bare = bench.upload(Routes::S3, image()).await;
        assert_eq!((bare.status, names(&bare.json)), (201, vec!["bucket", "s3_key", "url"]));
        assert_eq!(bare.json["s3_key"], "user_ada/images/my _new_.png");
        assert_eq!(bare.json["bucket"], bench.stack.bucket());
        assert_eq!(fetch(&bare.json["url"]).await, (200, PNG.to_vec()));

        let at =
            form(&[("s3_key", "user_ada/files/b.png"), ("metadata", r#"{"a":"é"}"#)], "x", PNG);
        let enveloped = bench.upload(Routes::Files, at).await;
        assert_eq!(enveloped.status, 201);
        assert_eq!(names(data(&enveloped)), ["bucket", "s3_key", "url"]);
        assert_eq!(data(&enveloped)["s3_key"], "user_ada/files/b.png");
        let stored = bench.casier.storage_for("ada").unwrap();
        let stored = stored.metadata("user_ada/files/b.png").await.unwrap();
        assert_eq!(stored.metadata["a"], "é");
        assert_eq!(stored.content_type.as_deref(), Some("image/png"));
        assert_eq!(
            bench.keys().await,
            ["user_ada/files/b.png", "user_ada/images/my _new_.png", ADAS, BENS]
        );
    });
}

#[test]
fn deletes_delete_and_succeed_again() {
    on_bench(async |bench| {
        let path = format!("/files/delete/{ADAS}");
        for _ in 0..2 {
            let request = bench.ada("DELETE", &path);
            let reply = bench.send(Routes::Secure, request, Default::default()).await;
            assert_eq!(data(&reply), &json!({"s3_key": ADAS}));
            assert_eq!(bench.keys().await, [BENS]);
        }
        bench.upload(Routes::S3, form(&[("s3_key", ADAS)], "a.png", PNG)).await;
        let reply = bench.json(Routes::S3, "DELETE", "/delete", json!({"s3_key": ADAS})).await;
        assert_eq!((reply.status, &reply.json), (200, &json!({"success": true})));
        assert_eq!(bench.keys().await, [BENS]);
        let reply = bench.json(Routes::Files, "DELETE", "/delete", json!({"s3_key": ADAS})).await;
        assert_eq!(data(&reply), &json!({"s3_key": ADAS}));

        for (routes, path) in
            [(Routes::Secure, "/files/delete-many"), (Routes::Files, "/delete-many")]
        {
            bench.upload(Routes::S3, form(&[("s3_key", ADAS)], "a.png", PNG)).await;
            let absent = "user_ada/books/none.pdf";
            let body = json!({"s3_keys": [absent, ADAS]});
            let reply = bench.json(routes, "POST", path, body).await;
            let gone = |key| json!({"s3_key": key, "success": true});
            assert_eq!(data(&reply), &json!([gone(absent), gone(ADAS)]));
            assert_eq!(bench.keys().await, [BENS]);
        }
    });
}

#[test]
fn the_id_of_a_request_is_kept_when_it_is_plain() {
    on_bench(async |bench| {
        for (sent, kept) in [
            (vec!["trace-1.A_b"], true),
            (vec!["a b"], false),
            (vec!["a\r\nSet-Cookie: x=1"], false),
            (vec![""], false),
            (vec!["one", "two"], false),
        ] {
            let mut request = bench.ada("GET", "/files/list");
            for id in &sent {
                request.headers.push(("x-request-id".to_owned(), (*id).to_owned()));
            }
            let reply = bench.send(Routes::Secure, request, Default::default()).await;
            assert_eq!(reply.status, 200);
            let id = reply.header("X-Request-Id").unwrap();
            assert_eq!(id == sent[0], kept, "{sent:?}");
            assert!(kept || id.len() == 32);
        }
    });
}
