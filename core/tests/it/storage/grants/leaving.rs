//! Every way out of the scope, with keys that are good inside it.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use casier::storage::{Access, Scope};

use super::{client, grant, listed, neighbour, status};
use crate::storage::bench::{Bench, on_bench};

/// A bucket beside the bench's.
async fn with_other_bucket(bench: &Bench) -> String {
    let name = format!("other-{}", bench.scope.user_id());
    bench.raw.create_bucket().bucket(&name).send().await.unwrap();
    name
}

#[test]
fn reading_lists_and_reads_the_scope() {
    on_bench(|bench| async move {
        let Some(credentials) = grant(&bench.files(), Access::Read).await else { return bench };
        let (client, bucket) = (client(&credentials), bench.config.bucket.as_str());
        assert_eq!(credentials.bucket, bucket);
        assert_eq!(credentials.prefix, bench.scope.prefix());
        let own = bench.key("files/a b+c?.txt");
        bench.put_raw(&own, b"mine").await;
        let got = client.get_object().bucket(bucket).key(&own).send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"mine");
        client.head_object().bucket(bucket).key(&own).send().await.unwrap();
        for prefix in [bench.key(""), bench.key("files/"), bench.key("files/a")] {
            assert_eq!(listed(&client, bucket, &prefix).await, [own.as_str()]);
        }
        let page = client.list_objects_v2().bucket(bucket).prefix(bench.key("")).delimiter("/");
        let page = page.send().await.unwrap();
        assert_eq!(page.common_prefixes()[0].prefix(), Some(bench.key("files/").as_str()));
        bench
    });
}

#[test]
fn reading_changes_nothing() {
    on_bench(|bench| async move {
        let Some(credentials) = grant(&bench.files(), Access::Read).await else { return bench };
        let (client, bucket) = (client(&credentials), bench.config.bucket.as_str());
        let own = bench.key("files/a.txt");
        bench.put_raw(&own, b"mine").await;
        let id = bench.begin_upload(&own).await;
        let bytes = || b"changed".to_vec().into();

        let put = client.put_object().bucket(bucket).key(&own).body(bytes()).send().await;
        assert_eq!(status(&put), 403);
        let put = client.put_object().bucket(bucket).key(bench.key("new")).body(bytes());
        assert_eq!(status(&put.send().await), 403);
        let delete = client.delete_object().bucket(bucket).key(&own).send().await;
        assert_eq!(status(&delete), 403);
        let copy = client.copy_object().bucket(bucket).key(bench.key("files/b.txt"));
        let copy = copy.copy_source(format!("{bucket}/{own}")).send().await;
        assert_eq!(status(&copy), 403);
        let create = client.create_multipart_upload().bucket(bucket).key(&own).send().await;
        assert_eq!(status(&create), 403);
        let part = client.upload_part().bucket(bucket).key(&own).upload_id(&id).part_number(1);
        assert_eq!(status(&part.body(bytes()).send().await), 403);
        let parts = client.list_parts().bucket(bucket).key(&own).upload_id(&id).send().await;
        assert_eq!(status(&parts), 403);
        let abort = client.abort_multipart_upload().bucket(bucket).key(&own).upload_id(&id);
        assert_eq!(status(&abort.send().await), 403);
        let all = ObjectIdentifier::builder().key(&own).build().unwrap();
        let all = Delete::builder().objects(all).build().unwrap();
        let all = client.delete_objects().bucket(bucket).delete(all).send().await;
        assert!(all.map_or(true, |all| all.deleted().is_empty() && all.errors().len() == 1));

        assert_eq!(bench.bytes_of(&own).await, b"mine");
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, [own]);
        assert_eq!(bench.unfinished(bench.scope.prefix()).await.len(), 1);
        bench
    });
}

#[test]
fn writing_stores_and_deletes_in_the_scope() {
    on_bench(|bench| async move {
        let files = bench.files();
        let Some(credentials) = grant(&files, Access::ReadWrite).await else { return bench };
        let (client, bucket) = (client(&credentials), bench.config.bucket.as_str());
        let (a, b, c) = (bench.key("a"), bench.key("files/b.txt"), bench.key("files/c.txt"));
        for key in [&a, &b] {
            let put = client.put_object().bucket(bucket).key(key).body(b"mine".to_vec().into());
            put.send().await.unwrap();
        }
        let copy = client.copy_object().bucket(bucket).key(&c).copy_source(format!("{bucket}/{b}"));
        copy.send().await.unwrap();
        client.delete_object().bucket(bucket).key(&a).send().await.unwrap();

        let create = client.create_multipart_upload().bucket(bucket).key(&a).send().await.unwrap();
        let id = create.upload_id().unwrap();
        let part = client.upload_part().bucket(bucket).key(&a).upload_id(id).part_number(1);
        let part = part.body(b"in parts".to_vec().into()).send().await.unwrap();
        let parts = client.list_parts().bucket(bucket).key(&a).upload_id(id).send().await.unwrap();
        assert_eq!(parts.parts().len(), 1);
        let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let complete = client.complete_multipart_upload().bucket(bucket).key(&a).upload_id(id);
        complete.multipart_upload(parts).send().await.unwrap();
        assert_eq!(bench.bytes_of(&a).await, b"in parts");

        let create = client.create_multipart_upload().bucket(bucket).key(&a).send().await.unwrap();
        let abort = client.abort_multipart_upload().bucket(bucket).key(&a);
        abort.set_upload_id(create.upload_id).send().await.unwrap();
        let all = [&a, &b, &c].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
        let all = Delete::builder().set_objects(Some(all.to_vec())).build().unwrap();
        let all = client.delete_objects().bucket(bucket).delete(all).send().await.unwrap();
        assert_eq!((all.deleted().len(), all.errors().len()), (3, 0));
        bench.assert_nothing_left().await;
        bench
    });
}

#[test]
fn no_file_of_another_is_reached() {
    on_bench(|bench| async move {
        let files = bench.files();
        let Some(credentials) = grant(&files, Access::ReadWrite).await else { return bench };
        let (client, bucket) = (client(&credentials), bench.config.bucket.as_str());
        let own = bench.key("files/a.txt");
        bench.put_raw(&own, b"mine").await;
        let theirs = neighbour(&bench).await;
        let id = bench.begin_upload(&theirs).await;
        let scope = bench.scope.prefix().trim_end_matches('/').to_owned();
        let bytes = || b"changed".to_vec().into();

        for key in [
            theirs.clone(),
            format!("{scope}0/files/new.txt"),
            format!("{scope}*/files/a.txt"),
            format!("{scope}?/files/a.txt"),
            "*".to_owned(),
            scope.clone(),
            format!("{scope}\u{2215}files"),
            scope.to_uppercase() + "/files/a.txt",
            "user_/a".to_owned(),
            ".casier/incoming/a".to_owned(),
            "a.txt".to_owned(),
        ] {
            let get = client.get_object().bucket(bucket).key(&key).send().await;
            assert_eq!(status(&get), 403, "{key}");
            let head = client.head_object().bucket(bucket).key(&key).send().await;
            assert_eq!(status(&head), 403, "{key}");
            let put = client.put_object().bucket(bucket).key(&key).body(bytes()).send().await;
            assert_eq!(status(&put), 403, "{key}");
            let delete = client.delete_object().bucket(bucket).key(&key).send().await;
            assert_eq!(status(&delete), 403, "{key}");
            let create = client.create_multipart_upload().bucket(bucket).key(&key).send().await;
            assert_eq!(status(&create), 403, "{key}");
            let copy = client.copy_object().bucket(bucket).key(&key);
            let copy = copy.copy_source(format!("{bucket}/{own}")).send().await;
            assert_eq!(status(&copy), 403, "{key}");
        }
        for source in [
            format!("{bucket}/{theirs}"),
            format!("/{bucket}/{theirs}"),
            format!("{bucket}/{}", theirs.replace('/', "%2F")),
            format!("{bucket}/{}", theirs.replacen("user_", "%75ser_", 1)),
        ] {
            let key = bench.key("files/stolen.txt");
            let copy = client.copy_object().bucket(bucket).key(&key).copy_source(&source);
            assert_eq!(status(&copy.send().await), 403, "{source}");
            let create = client.create_multipart_upload().bucket(bucket).key(&key).send().await;
            let own_id = create.unwrap().upload_id.unwrap();
            let part = client.upload_part_copy().bucket(bucket).key(&key).upload_id(&own_id);
            let part = part.part_number(1).copy_source(&source).send().await;
            assert_eq!(status(&part), 403, "{source}");
            let abort = client.abort_multipart_upload().bucket(bucket).key(&key).upload_id(own_id);
            abort.send().await.unwrap();
        }
        let part = client.upload_part().bucket(bucket).key(&theirs).upload_id(&id).part_number(1);
        assert_eq!(status(&part.body(bytes()).send().await), 403);
        let parts = client.list_parts().bucket(bucket).key(&theirs).upload_id(&id).send().await;
        assert_eq!(status(&parts), 403);
        let abort = client.abort_multipart_upload().bucket(bucket).key(&theirs).upload_id(&id);
        assert_eq!(status(&abort.send().await), 403);
        // Their upload by a key of ours.
        let part = client.upload_part().bucket(bucket).key(&own).upload_id(&id).part_number(1);
        assert_ne!(status(&part.body(bytes()).send().await), 200);

        let both = [&own, &theirs].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
        let both = Delete::builder().set_objects(Some(both.to_vec())).build().unwrap();
        if let Ok(both) = client.delete_objects().bucket(bucket).delete(both).send().await {
            let failed: Vec<_> = both.errors().iter().map(|error| error.key()).collect();
            assert_eq!(failed, [Some(theirs.as_str())]);
        }
        assert_eq!(bench.bytes_of(&theirs).await, b"theirs");
        let folder = format!("{scope}0/");
        assert_eq!(bench.keys_under(&folder).await, [theirs]);
        assert_eq!(bench.unfinished(&folder).await.len(), 1);
        bench.delete_under(&folder).await;
        assert!(bench.keys_under(".casier/incoming/").await.is_empty());
        bench
    });
}

#[test]
fn no_listing_shows_more_than_the_scope() {
    on_bench(|bench| async move {
        let files = bench.files();
        let Some(credentials) = grant(&files, Access::ReadWrite).await else { return bench };
        let (client, bucket) = (client(&credentials), bench.config.bucket.as_str());
        let theirs = neighbour(&bench).await;
        let scope = bench.scope.prefix().trim_end_matches('/').to_owned();
        let list = client.list_objects_v2().bucket(bucket).send().await;
        assert_eq!(status(&list), 403);
        assert_eq!(status(&client.list_objects().bucket(bucket).send().await), 403);
        for prefix in [
            "",
            "user_",
            &scope,
            &format!("{scope}0"),
            &format!("{scope}0/"),
            &format!("{scope}*/"),
            &format!("{scope}?/"),
            "*",
            "/",
            ".casier/",
        ] {
            let list = client.list_objects_v2().bucket(bucket).prefix(prefix).send().await;
            assert_eq!(status(&list), 403, "{prefix}");
            let list = client.list_objects().bucket(bucket).prefix(prefix).send().await;
            assert_eq!(status(&list), 403, "{prefix}");
        }
        for prefix in [None, Some(""), Some(scope.as_str()), Some(theirs.as_str())] {
            let versions = client.list_object_versions().bucket(bucket);
            let versions = versions.set_prefix(prefix.map(str::to_owned)).send().await;
            assert_eq!(status(&versions), 403, "{prefix:?}");
        }
        // MinIO allows those of one's own by the right to list.
        let versions = client.list_object_versions().bucket(bucket).prefix(bench.key(""));
        if let Ok(versions) = versions.send().await {
            assert!(versions.versions().is_empty());
        }
        for prefix in [None, Some(bench.key(""))] {
            let uploads = client.list_multipart_uploads().bucket(bucket).set_prefix(prefix);
            assert_eq!(status(&uploads.send().await), 403);
        }
        bench.delete_under(&theirs).await;
        bench
    });
}

#[test]
fn no_other_bucket_is_reached_nor_this_one_changed() {
    on_bench(|bench| async move {
        let files = bench.files();
        let Some(credentials) = grant(&files, Access::ReadWrite).await else { return bench };
        let (client, bucket) = (client(&credentials), bench.config.bucket.as_str());
        let other = with_other_bucket(&bench).await;
        let key = bench.key("files/a.txt");
        bench.put_raw(&key, b"mine").await;
        let put = bench.raw.put_object().bucket(&other).key(&key).body(b"x".to_vec().into());
        put.send().await.unwrap();

        let get = client.get_object().bucket(&other).key(&key).send().await;
        assert_eq!(status(&get), 403);
        let put = client.put_object().bucket(&other).key(&key).body(b"y".to_vec().into());
        assert_eq!(status(&put.send().await), 403);
        let list = client.list_objects_v2().bucket(&other).prefix(bench.key("")).send().await;
        assert_eq!(status(&list), 403);
        let copy = client.copy_object().bucket(bucket).key(bench.key("files/b.txt"));
        let copy = copy.copy_source(format!("{other}/{key}")).send().await;
        assert_eq!(status(&copy), 403);
        // MinIO shows the buckets that one may list, as far as it can tell.
        if let Ok(buckets) = client.list_buckets().send().await {
            let names = buckets.buckets().iter().filter_map(|bucket| bucket.name());
            assert!(names.into_iter().all(|name| name == bucket));
        }
        let create = client.create_bucket().bucket(format!("{other}-new")).send().await;
        assert_eq!(status(&create), 403);
        assert_eq!(status(&client.delete_bucket().bucket(&other).send().await), 403);
        assert_eq!(status(&client.get_bucket_versioning().bucket(bucket).send().await), 403);
        let tags = client.get_object_tagging().bucket(bucket).key(&key).send().await;
        assert_eq!(status(&tags), 403);
        let of_version = client.get_object().bucket(&other).key(&key).version_id("null");
        assert_eq!(status(&of_version.send().await), 403);

        bench.raw.delete_object().bucket(&other).key(&key).send().await.unwrap();
        bench.raw.delete_bucket().bucket(&other).send().await.unwrap();
        bench
    });
}

#[test]
fn a_link_made_with_them_reaches_no_further() {
    on_bench(|bench| async move {
        let files = bench.files();
        let Some(credentials) = grant(&files, Access::Read).await else { return bench };
        let (client, bucket) = (client(&credentials), bench.config.bucket.as_str());
        let own = bench.key("files/a.txt");
        bench.put_raw(&own, b"mine").await;
        let theirs = neighbour(&bench).await;
        let week = || PresigningConfig::expires_in(Duration::from_secs(604_800)).unwrap();
        for (key, expected) in [(&own, 200), (&theirs, 403)] {
            let link = client.get_object().bucket(bucket).key(key).presigned(week()).await.unwrap();
            let answer = reqwest::get(link.uri()).await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{key}");
        }
        let put = client.put_object().bucket(bucket).key(&own).presigned(week()).await.unwrap();
        let put = reqwest::Client::new().put(put.uri()).body("changed").send().await.unwrap();
        assert_eq!(put.status().as_u16(), 403);
        assert_eq!(bench.bytes_of(&own).await, b"mine");
        bench.delete_under(&theirs).await;
        bench
    });
}

#[test]
fn user_ids_of_what_policies_are_made_of_reach_their_own_alone() {
    on_bench(|bench| async move {
        let bucket = bench.config.bucket.clone();
        let plain = bench.key("files/a.txt");
        bench.put_raw(&plain, b"theirs").await;
        let id = bench.scope.user_id().to_owned();
        for hostile in [
            "*".to_owned(),
            "?".to_owned(),
            format!("{}*", &id[..id.len() - 1]),
            format!("{}?", &id[..id.len() - 1]),
            format!("{id}/*"),
            format!("{id}\"],\"Resource\":[\"*"),
            "${aws:username}".to_owned(),
            "${s3:prefix}".to_owned(),
            "${*}".to_owned(),
            "../".to_owned(),
        ] {
            let scope = Scope::new(format!("{hostile}|{id}")).unwrap();
            let files = bench.files_of(&scope);
            let Some(credentials) = grant(&files, Access::ReadWrite).await else { return bench };
            let client = client(&credentials);
            let own = format!("{}files/a.txt", scope.prefix());
            let put = client.put_object().bucket(&bucket).key(&own).body(b"mine".to_vec().into());
            put.send().await.unwrap();
            assert_eq!(listed(&client, &bucket, scope.prefix()).await, [own.as_str()]);
            let get = client.get_object().bucket(&bucket).key(&plain).send().await;
            assert_eq!(status(&get), 403, "{hostile}");
            let list = client.list_objects_v2().bucket(&bucket).prefix(bench.key("")).send().await;
            assert_eq!(status(&list), 403, "{hostile}");
            client.delete_object().bucket(&bucket).key(&own).send().await.unwrap();
        }
        bench
    });
}
