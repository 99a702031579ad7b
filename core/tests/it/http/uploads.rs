//! Uploads that are refused leave nothing behind.

use std::time::Duration;

use bytes::Bytes;
use casier::Setting;
use casier::http::{Api, ApiOptions, Body, Contents, Form, FormFile, Routes};
use serde_json::json;

use super::bench::{ADAS, Bench, form, on_bench, with};
use crate::storage::bench::PNG;
use crate::storage::fake::{self, Fake};
use crate::support::Folder;

const MIB: usize = 1 << 20;

/// Attack 73.
#[test]
fn a_tier_takes_what_it_takes() {
    on_bench(async |bench| {
        let large = || {
            let contents = Contents::Memory(Bytes::from(vec![b'a'; 30 * MIB]));
            let fields = vec![("content_type".to_owned(), "document".to_owned())];
            Body::Form(Form::new(fields, Some(FormFile::new("a.txt", None, contents))))
        };
        for routes in [Routes::S3, Routes::Files] {
            let reply = bench.send(routes, bench.ada("POST", "/upload"), large()).await;
            assert_eq!((reply.status, reply.code()), (413, "file-too-large"));
            let details = json!({"limit": 25 * MIB, "used": 30 * MIB});
            assert_eq!(reply.json["error"]["details"], details);
            let reply = bench.send(routes, bench.ada("POST", "/upload"), Body::TooLarge).await;
            assert_eq!((reply.status, reply.code()), (413, "file-too-large"));
            assert_eq!(reply.json["error"]["details"], json!({"limit": 100 * MIB}));
        }
        bench.assert_untouched().await;

        let bearer = bench.bearer(|asked| asked.tier = Some("pro".to_owned()));
        let request = casier::http::Request::new("POST", "/upload");
        let reply = bench.send(Routes::S3, with(request, "Authorization", &bearer), large()).await;
        assert_eq!(
            (reply.status, &reply.json["s3_key"]),
            (201, &json!("user_ada/documents/a.txt"))
        );
    });
}

/// Attack 70. Attack 72. And others.
#[test]
fn what_is_no_upload_is_refused() {
    on_bench(async |bench| {
        let image = ("content_type", "image");
        for (form, status, code) in [
            (form(&[], "a.png", PNG), 400, "invalid-request"),
            (form(&[image, ("s3_key", ADAS)], "a.png", PNG), 400, "invalid-request"),
            (form(&[image, image], "a.png", PNG), 400, "invalid-request"),
            (form(&[image, ("user_id", "ben")], "a.png", PNG), 400, "invalid-request"),
            (form(&[image, ("metadata", "{")], "a.png", PNG), 400, "invalid-request"),
            (form(&[image, ("metadata", r#"{"A":"b"}"#)], "a.png", PNG), 400, "invalid-request"),
            (form(&[image, ("overwrite", "perhaps")], "a.png", PNG), 400, "invalid-request"),
            (form(&[image], "", PNG), 400, "invalid-request"),
            (form(&[image], "..", PNG), 400, "invalid-filename"),
            (form(&[image], "a\r\nX-Evil: 1.png", PNG), 400, "invalid-filename"),
            (form(&[image], "a.png.php", PNG), 400, "invalid-filename"),
            (form(&[("content_type", "../ben")], "a.png", PNG), 400, "invalid-kind"),
            (form(&[("content_type", "unheard-of")], "a.png", PNG), 400, "invalid-kind"),
            (form(&[image], "a.pdf", PNG), 415, "type-not-allowed"),
            (form(&[image], "a.png", b"<html>"), 415, "content-mismatch"),
            (form(&[image, ("overwrite", "false")], "été 1.png", PNG), 409, "file-exists"),
            (form(&[("s3_key", "user_ada/a.png")], "a.png", PNG), 400, "invalid-key"),
            (form(&[("s3_key", "user_ada/images/a/b.png")], "a", PNG), 400, "invalid-key"),
            (form(&[("s3_key", "user_ada/images/a#b.png")], "a", PNG), 400, "invalid-key"),
            (form(&[("s3_key", "user_ada/images/e\u{301}.png")], "a", PNG), 400, "invalid-key"),
            (form(&[("s3_key", "user_ada/files/a.html")], "a", PNG), 400, "invalid-filename"),
        ] {
            for routes in [Routes::S3, Routes::Files] {
                let reply = bench.upload(routes, form.clone()).await;
                assert_eq!((reply.status, reply.code()), (status, code), "{form:?} {reply:?}");
                assert!(!reply.body().contains("X-Evil: 1.png\r\n"));
            }
        }
        let no_file = Form::new(vec![("content_type".to_owned(), "image".to_owned())], None);
        assert_eq!(bench.upload(Routes::S3, no_file).await.code(), "invalid-request");
        for body in [Body::None, Body::Unreadable, Body::Json(Bytes::from_static(b"{}"))] {
            let reply = bench.send(Routes::S3, bench.ada("POST", "/upload"), body).await;
            assert_eq!((reply.status, reply.code()), (400, "invalid-request"));
        }
        bench.assert_untouched().await;
    });
}

/// Attack 71.
#[test]
fn a_browsers_word_on_the_type_is_checked() {
    on_bench(async |bench| {
        let typed = |content_type: &str| {
            let contents = Contents::Memory(Bytes::from_static(PNG));
            let file = FormFile::new("a.png", Some(content_type.to_owned()), contents);
            Form::new(vec![("content_type".to_owned(), "image".to_owned())], Some(file))
        };
        for refused in ["text/html", "image/svg+xml", "image/jpeg", "image/png\r\nX-Evil: 1", "png"]
        {
            let reply = bench.upload(Routes::S3, typed(refused)).await;
            assert_eq!((reply.status, reply.code()), (415, "type-not-allowed"), "{refused}");
        }
        bench.assert_untouched().await;
        for taken in ["image/png", "IMAGE/PNG; x=y", "application/octet-stream", ""] {
            assert_eq!(bench.upload(Routes::S3, typed(taken)).await.status, 201, "{taken}");
        }
    });
}

#[test]
fn a_form_may_keep_its_file_on_disk() {
    on_bench(async |bench| {
        let folder = Folder::new();
        let on_disk = |name: &str| {
            let contents = Contents::Disk(folder.path().join(name));
            let file = FormFile::new("mine.png", Some("image/png".to_owned()), contents);
            Body::Form(Form::new(vec![("content_type".to_owned(), "image".to_owned())], Some(file)))
        };
        folder.write("upload-4711", PNG);
        let request = bench.ada("POST", "/upload");
        let reply = bench.send(Routes::Files, request, on_disk("upload-4711")).await;
        assert_eq!(reply.json["data"]["s3_key"], "user_ada/images/mine.png");
        let files = bench.casier.storage_for("ada").unwrap();
        assert_eq!(files.read("user_ada/images/mine.png", Default::default()).await.unwrap(), PNG);
        // It is the caller's to remove.
        assert_eq!(folder.names(), ["upload-4711"]);

        let request = bench.ada("POST", "/upload");
        let reply = bench.send(Routes::Files, request, on_disk("not-there")).await;
        assert_eq!((reply.status, reply.code()), (500, "io-failed"));
        assert!(!reply.body().contains("not-there"));
    });
}

/// Attack 76.
#[test]
fn of_forms_that_race_to_create_a_file_one_wins() {
    on_bench(async |bench| {
        let contents = |place: usize| Bytes::from([PNG, &[u8::try_from(place).unwrap()]].concat());
        let send = async |place: usize| {
            let file = FormFile::new("new.png", None, Contents::Memory(contents(place)));
            let fields = [("content_type", "image"), ("overwrite", "false")];
            let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            bench.upload(Routes::Files, Form::new(fields, Some(file))).await
        };
        let replies = futures_util::future::join_all((0..8).map(send)).await;
        let winners: Vec<_> = (0..8).filter(|place| replies[*place].status == 201).collect();
        assert_eq!(winners.len(), 1, "{replies:?}");
        for (place, reply) in replies.iter().enumerate() {
            if place != winners[0] {
                assert_eq!((reply.status, reply.code()), (409, "file-exists"), "{reply:?}");
            }
        }
        let files = bench.casier.storage_for("ada").unwrap();
        let stored = files.read("user_ada/images/new.png", Default::default()).await.unwrap();
        assert_eq!(stored, contents(winners[0]));
    });
}

#[test]
fn a_call_may_change_threads_and_be_given_up() {
    on_bench(async |bench| {
        let begin = async |bench: &Bench| {
            let api = Api::new(bench.casier.clone(), Routes::S3, ApiOptions::default());
            let request = bench.ada("POST", "/upload");
            tokio::spawn(async move { api.begin(request).await }).await.unwrap()
        };
        let body = || Body::Form(form(&[("content_type", "image")], "new.png", PNG));

        drop(begin(bench).await);
        drop(begin(bench).await.answer(body()));
        bench.assert_untouched().await;
        let answer = tokio::spawn(begin(bench).await.answer(body())).await.unwrap();
        assert_eq!(answer.status, 201);

        let silent = Fake::start(|_| fake::Answer::Silence).await;
        bench.configure(|builder| builder.set(Setting::EndpointUrl, &silent.endpoint));
        let waiting = tokio::spawn(begin(bench).await.answer(body()));
        while silent.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
    });
}
