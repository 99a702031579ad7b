//! Moving and renaming: the original goes when its copy is there, and not before.

use std::sync::{Arc, Mutex};

use casier::ErrorKind;
use casier::storage::CopyOptions;

use super::{keys, named, of_kind, put};
use crate::storage::bench::{PNG, metadata, on_bench};
use crate::storage::fake::{Answer, Fake};
use crate::support::within_limit;

#[test]
fn a_moved_file_is_in_one_place() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&files, PNG, "a.png", "file").await;
        let moved = files.move_to(&key, of_kind("image")).await.unwrap();
        assert_eq!(moved.key, bench.key("images/a.png"));
        assert_eq!(keys(&bench).await, std::slice::from_ref(&moved.key));
        let renamed = files.rename(&moved.key, "b é.png", true).await.unwrap();
        assert_eq!(keys(&bench).await, std::slice::from_ref(&renamed.key));
        assert_eq!(renamed.metadata, metadata(&[("title", "Éte\u{301} =?1"), ("pages", "2")]));
        // Onto itself, it stays.
        for options in [CopyOptions::default(), named("b é.png"), named("x/b e\u{301}.png")] {
            let stayed = files.move_to(&renamed.key, options).await.unwrap();
            assert_eq!(stayed.key, renamed.key);
        }
        let mut options = CopyOptions::default();
        options.metadata = Some(metadata(&[]));
        files.move_to(&renamed.key, options).await.unwrap();
        assert_eq!(files.read(&renamed.key, Default::default()).await.unwrap(), PNG);
        let error = files.rename(&key, "c.png", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileNotFound);
        bench
    });
}

/// A store whose file `a.txt` is of the tag `tag`, and which answers the deletion as told.
async fn store_that_deletes(tags: &'static [&'static str], deletion: Answer) -> Fake {
    let looks = Arc::new(Mutex::new(0));
    Fake::start(move |request| match request.method.as_str() {
        "HEAD" => {
            let mut look = looks.lock().unwrap();
            let tag = tags[(*look).min(tags.len() - 1)];
            *look += 1;
            Answer::Whole(200, format!("ETag: \"{tag}\"\r\nContent-Type: text/plain\r\n"), vec![])
        }
        "PUT" => Answer::Whole(
            200,
            String::new(),
            b"<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>".to_vec(),
        ),
        _ => deletion.clone(),
    })
    .await
}

#[test]
fn an_original_that_was_replaced_is_not_deleted() {
    within_limit(async {
        let fake = store_that_deletes(&["one", "two"], Answer::empty(204)).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("user_1/files/b.txt"), "{error}");
        assert!(fake.requests().iter().all(|request| request.method != "DELETE"));
        // Where the store sees it first.
        let fake = store_that_deletes(&["one"], Answer::error(412, "PreconditionFailed")).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        let delete = fake.requests().into_iter().find(|it| it.method == "DELETE").unwrap();
        let condition = delete.headers.iter().find(|(name, _)| name == "if-match").unwrap();
        assert_eq!(condition.1, "\"one\"");
    });
}

#[test]
fn an_original_that_cannot_be_deleted_is_told() {
    within_limit(async {
        let fake = store_that_deletes(&["one"], Answer::error(403, "AccessDenied")).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageDenied);
        assert!(error.message().contains("its original is not deleted"), "{error}");
    });
}

#[test]
fn a_store_without_conditional_deletes_still_moves() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "HEAD" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            "PUT" => Answer::Whole(
                200,
                String::new(),
                b"<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>".to_vec(),
            ),
            _ if request.headers.iter().any(|(name, _)| name == "if-match") => {
                Answer::error(501, "NotImplemented")
            }
            _ => Answer::empty(204),
        })
        .await;
        fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap();
        assert_eq!(fake.requests().iter().filter(|it| it.method == "DELETE").count(), 2);
    });
}

/// On a disk that ignores case, `a.TXT` and `a.txt` are one file.
#[test]
fn two_names_of_one_file_do_not_lose_it() {
    within_limit(async {
        let mark = Arc::new(Mutex::new(String::new()));
        let fake = Fake::start(move |request| match request.method.as_str() {
            "HEAD" => {
                let mark = mark.lock().unwrap();
                let headers = format!(
                    "ETag: \"e\"\r\nContent-Type: text/plain\r\nx-amz-meta-casier-upload: {mark}\r\n"
                );
                Answer::Whole(200, headers, vec![])
            }
            "PUT" => {
                let sent = request.headers.iter().find(|(n, _)| n == "x-amz-meta-casier-upload");
                *mark.lock().unwrap() = sent.unwrap().1.clone();
                Answer::Whole(
                    200,
                    String::new(),
                    b"<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>".to_vec(),
                )
            }
            _ => Answer::empty(204),
        })
        .await;
        let moved = fake.files().rename("user_1/files/a.TXT", "a.txt", true).await.unwrap();
        assert_eq!(moved.key, "user_1/files/a.txt");
        assert!(fake.requests().iter().all(|request| request.method != "DELETE"));
    });
}

/// Attack 109.
#[test]
fn a_copy_that_fails_behind_a_200_keeps_the_original() {
    within_limit(async {
        for body in ["<Error><Code>InternalError</Code></Error>", "<CopyObjectResult>", ""] {
            let fake = Fake::start(move |request| match request.method.as_str() {
                "HEAD" if request.target.contains("b.txt") => Answer::error(404, "NotFound"),
                "HEAD" => {
                    Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
                }
                _ => Answer::Whole(200, String::new(), body.into()),
            })
            .await;
            let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{body}");
            assert!(fake.requests().iter().all(|request| request.method != "DELETE"));
        }
    });
}

/// Attack 77, of copies.
#[test]
fn a_copy_whose_answer_was_lost_is_recognised() {
    within_limit(async {
        let mark = Arc::new(Mutex::new(String::new()));
        let fake = Fake::start(move |request| match request.method.as_str() {
            "HEAD" if request.target.contains("b.txt") => {
                let mark = mark.lock().unwrap();
                let headers = format!("ETag: \"c\"\r\nx-amz-meta-casier-upload: {mark}\r\n");
                Answer::Whole(200, headers, vec![])
            }
            "HEAD" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            "PUT" => {
                let sent = request.headers.iter().find(|(n, _)| n == "x-amz-meta-casier-upload");
                *mark.lock().unwrap() = sent.unwrap().1.clone();
                Answer::Hang
            }
            _ => Answer::empty(204),
        })
        .await;
        let moved = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap();
        assert_eq!(moved.etag.as_deref(), Some("c"));
        assert_eq!(fake.requests().iter().filter(|it| it.method == "DELETE").count(), 1);
    });
}
