//! Every way out of the scope, on every argument.

use bytes::Bytes;
use casier::storage::{CdnOptions, CopyOptions, LinkOptions, ListOptions, UserStorage};
use casier::{Error, ErrorKind};

use super::bench::on_bench;
use crate::support::Folder;

/// What every operation that takes a key answers.
async fn all_refusals(files: &UserStorage, key: &str, folder: &Folder) -> Vec<Error> {
    vec![
        files.metadata(key).await.unwrap_err(),
        files.exists(key).await.unwrap_err(),
        files.read(key, Default::default()).await.unwrap_err(),
        files.stream(key, Default::default()).await.unwrap_err(),
        files.download(key, folder.path().join("a"), Default::default()).await.unwrap_err(),
        files.delete(key).await.unwrap_err(),
        files.delete_many(vec![key.to_owned()]).await.unwrap_err(),
        files.copy(key, CopyOptions::default()).await.unwrap_err(),
        files.move_to(key, CopyOptions::default()).await.unwrap_err(),
        files.rename(key, "a.txt", true).await.unwrap_err(),
        files.tags(key).await.unwrap_err(),
        files.set_tags(key, Default::default()).await.unwrap_err(),
        files.presigned_url(key, LinkOptions::default()).await.unwrap_err(),
        files.presigned_urls(&[key], LinkOptions::default()).await.unwrap_err(),
        files.cdn_url(key, CdnOptions::default()).unwrap_err(),
    ]
}

/// Attack 58. Attack 66.
#[test]
fn no_operation_takes_the_key_of_another() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        let own = bench.scope.prefix().trim_end_matches('/').to_owned();
        // Another user, whose id goes on where this one ends, really has a file.
        let neighbour = format!("{own}0/files/a.txt");
        bench.put_raw(&neighbour, b"theirs").await;
        for key in [
            neighbour.clone(),
            format!("{own}0/files/there-is-none.txt"),
            "user_/files/a".to_owned(),
            format!("{}/files/a", own.to_uppercase()),
            format!("{own} /files/a"),
            format!(" {own}/files/a"),
            format!("{own}%2Ffiles%2Fa"),
            own.replace("user_", "us\u{435}r_") + "/files/a",
            own.replace("user_", "\u{FF55}ser_") + "/files/a",
            own.replace("user_", "org_") + "/files/a",
            ".casier/incoming/a".to_owned(),
            "files/a.txt".to_owned(),
        ] {
            for error in all_refusals(&files, &key, &folder).await {
                assert_eq!(error.kind(), ErrorKind::NotOwner, "{key}");
            }
        }
        assert_eq!(bench.keys_under(&neighbour).await, std::slice::from_ref(&neighbour));
        assert!(folder.names().is_empty());
        let delete = bench.raw.delete_object().bucket(&bench.config.bucket).key(neighbour);
        delete.send().await.unwrap();
        bench
    });
}

/// Attack 59. Attack 60. Attack 61. Attack 62.
#[test]
fn no_operation_takes_a_key_that_leads_away() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        for rest in [
            "",
            "/",
            "../user_2/files/a",
            "files/../../user_2/files/a",
            "files/..",
            "./a",
            "files//a",
            "/etc/passwd",
            "%2e%2e/user_2/files/a",
            "%2E%2E%2Fuser_2%2Ffiles%2Fa",
            "%252e%252e%252fuser_2",
            "%25252e%25252e/a",
            "%2525252525252e/a",
            "..%c0%af..%c0%afa",
            "..\\user_2\\files\\a",
            "..%5cuser_2",
            "\u{FF0E}\u{FF0E}/user_2",
            "\u{2025}/user_2",
            "\u{FF0E}\u{FF0E}\u{FF0F}user_2",
            "a\0",
            "a%00.png",
            "a\r\nHost: other",
            "a\u{202E}b",
            "a\u{85}",
            &"a".repeat(1025),
        ] {
            for error in all_refusals(&files, &bench.key(rest), &folder).await {
                assert_eq!(error.kind(), ErrorKind::InvalidKey, "{rest:?}");
            }
        }
        for error in all_refusals(&files, "", &folder).await {
            assert_eq!(error.kind(), ErrorKind::InvalidKey);
        }
        assert!(folder.names().is_empty());
        bench
    });
}

/// Attack 59, in filenames.
#[test]
fn filenames_stay_in_the_folder_of_their_kind() {
    on_bench(|bench| async move {
        let files = bench.files();
        for name in [
            "../../user_2/files/a.txt",
            "/etc/a.txt",
            "%2e%2e%2fa.txt",
            "a%2f..%2f..%2fb.txt",
            "..;/a.txt",
            "....//a.txt",
            "user_2/files/a.txt",
            "\u{FF0F}a.txt",
        ] {
            let text = Bytes::from_static(b"x");
            let own = bench.key("files/own.txt");
            bench.put_raw(&own, b"x").await;
            let mut options = CopyOptions::default();
            options.filename = Some(name.to_owned());
            if let Ok(begun) = files.begin_upload(name, "file", 1, <_>::default()).await {
                let rest = begun.key.strip_prefix(&bench.key("files/")).unwrap();
                assert!(!rest.contains(['/', '%', '\\']), "{name}");
                files.abort_upload(&begun.upload_id).await.unwrap();
            }
            for stored in [
                files.upload_file_object(text, name, "file", Default::default()).await,
                files.copy(&own, options).await,
                files.rename(&own, name, true).await,
            ] {
                let Ok(stored) = stored else { continue };
                let rest = stored.key.strip_prefix(&bench.key("files/")).unwrap().to_owned();
                assert!(!rest.contains(['/', '%', '\\']), "{name}");
                assert_eq!(files.read(&stored.key, Default::default()).await.unwrap(), "x");
            }
            let put = files.presigned_upload(name, "file", 1, Default::default()).await;
            let post = files.presigned_post(name, "file", 0..=1, Default::default()).await;
            for key in [put.map(|link| link.key), post.map(|form| form.key)] {
                let Ok(key) = key else { continue };
                let rest = key.strip_prefix(&bench.key("files/")).unwrap();
                assert!(!rest.contains(['/', '%', '\\']), "{name}");
            }
        }
        bench
    });
}

/// Attack 68.
#[test]
fn two_users_never_see_each_other() {
    on_bench(|bench| async move {
        let one = bench.files();
        let other_id = format!("{}|x", bench.scope.user_id());
        let other = bench.storage.scoped(
            casier::storage::Scope::new(other_id).unwrap(),
            None,
            std::sync::Arc::new(casier::access::Policy::builtin()),
        );
        let put = |files: UserStorage, text: &'static str| async move {
            let text = Bytes::from_static(text.as_bytes());
            files.upload_file_object(text, "a.txt", "file", Default::default()).await.unwrap().key
        };
        let ours = put(one.clone(), "ours").await;
        let theirs = put(other.clone(), "theirs").await;
        assert_eq!(one.read(&ours, Default::default()).await.unwrap(), "ours");
        assert_eq!(other.read(&theirs, Default::default()).await.unwrap(), "theirs");
        assert_eq!(
            one.read(&theirs, Default::default()).await.unwrap_err().kind(),
            ErrorKind::NotOwner
        );
        assert_eq!(other.delete(&ours).await.unwrap_err().kind(), ErrorKind::NotOwner);
        for files in [&one, &other] {
            assert_eq!(files.list(ListOptions::default()).await.unwrap().items.len(), 1);
        }
        assert_eq!(one.usage().await.unwrap().files, 1);
        assert_eq!(one.newest(10, None).await.unwrap().len(), 1);
        // A cursor of one leads nowhere but into the scope of the other.
        let mut options = ListOptions::default();
        options.limit = 1;
        put(other.clone(), "theirs").await;
        let cursor = other.list(options.clone()).await.unwrap().next_cursor;
        options.cursor = cursor;
        let page = one.list(options).await.unwrap();
        assert!(page.items.iter().all(|item| item.key == ours));
        other.delete_all().await.unwrap();
        assert_eq!(one.read(&ours, Default::default()).await.unwrap(), "ours");
        bench
    });
}
