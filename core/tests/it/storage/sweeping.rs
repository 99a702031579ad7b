//! Sweeping uploads that were begun and never finished.

use std::time::Duration;

use casier::ErrorKind;
use casier::storage::{Storage, StorageConfig};

use super::bench::{Bench, on_bench};
use super::fake::{Answer, Fake, Request};
use crate::support::within_limit;

/// Within the 15 minutes by which a client's clock may differ from the store's.
const LIFE: Duration = Duration::from_secs(600);

fn short_lived(bench: &Bench) -> StorageConfig {
    let mut config = bench.config.clone();
    config.upload_life = LIFE;
    config
}

#[test]
fn more_than_a_page_of_uploads_is_swept() {
    on_bench(|bench| async move {
        let Some(clock) = bench.clock.clone() else { return bench };
        let files = bench.files_with(short_lived(&bench));
        for number in 0..1100 {
            // Several of one key, and keys that XML or a query could not carry as they are.
            bench.begin_upload(&bench.key(&format!("files/é+ &<{}", number / 3))).await;
        }
        let swept = files.sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (0, 1100));
        clock.advance(LIFE + Duration::from_secs(120));
        bench.begin_upload(&bench.key("files/live")).await;
        let swept = files.sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (1100, 1));
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, [bench.key("files/live")]);
        bench
    });
}

/// Attack 58. Attack 64.
#[test]
fn a_sweep_stays_in_its_scope() {
    on_bench(|bench| async move {
        let Some(clock) = bench.clock.clone() else { return bench };
        let config = short_lived(&bench);
        let own = bench.scope.prefix().trim_end_matches('/').to_owned();
        let neighbour = format!("{own}0/files/a");
        let odd = format!("{own}/files//a");
        let keys = [
            &*neighbour,
            &odd,
            &format!("{own}/files/a"),
            ".casier/incoming/a",
            "org_1/a",
            "user_guide",
        ];
        for key in keys {
            bench.begin_upload(key).await;
        }
        clock.advance(LIFE + Duration::from_secs(120));
        let swept = bench.files_with(config.clone()).sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (1, 0));
        let swept = Storage::new(config).unwrap().sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (2, 0));
        let mut left = bench.uploads_under("").await;
        left.sort();
        assert_eq!(left, ["org_1/a".to_owned(), "user_guide".to_owned(), odd]);
        bench
    });
}

/// Attack 64. Attack 115.
#[test]
fn a_store_that_lists_what_it_should_not_leads_nowhere() {
    let listing = move |uploads: &str, next: &str| {
        let body = format!(
            "<ListMultipartUploadsResult><IsTruncated>{}</IsTruncated>{next}{uploads}\
             </ListMultipartUploadsResult>",
            !next.is_empty()
        );
        Answer::Whole(200, "Date: Sun, 22 Nov 2026 05:00:00 GMT\r\n".to_owned(), body.into_bytes())
    };
    let upload = |key: &str| {
        format!(
            "<Upload><Key>{key}</Key><UploadId>id</UploadId>\
             <Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>"
        )
    };
    let versions = "<ListVersionsResult><IsTruncated>false</IsTruncated>\
        <Version><Key>user_1/files/a</Key><VersionId>1</VersionId>\
        <LastModified>2020-01-01T00:00:00.000Z</LastModified></Version>\
        <Version><Key>.casier/incoming/user_2/a</Key><VersionId>1</VersionId>\
        <LastModified>2020-01-01T00:00:00.000Z</LastModified></Version></ListVersionsResult>";
    // The store is asked whether it finds uploads by prefix, with one that is Casier's own.
    let answer = move |request: &Request, uploads: &str, next: &str| match &*request.method {
        "GET" if request.target.contains("versions") => {
            let date = "Date: Sun, 22 Nov 2026 05:00:00 GMT\r\n".to_owned();
            Answer::Whole(200, date, versions.as_bytes().to_vec())
        }
        "GET" => listing(uploads, next),
        "POST" => {
            let body = "<InitiateMultipartUploadResult><UploadId>probe</UploadId>\
                        </InitiateMultipartUploadResult>";
            Answer::Whole(200, String::new(), body.as_bytes().to_vec())
        }
        _ => Answer::empty(204),
    };
    within_limit(async {
        let foreign = upload("user_2/files/a") + &upload("user_10/files/a") + &upload("user_1//a");
        let fake = Fake::start(move |request| answer(request, &foreign, "")).await;
        let swept = fake.files().sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (0, 0));
        let requests = fake.requests();
        let mut changing = requests.iter().filter(|request| request.method != "GET");
        assert!(changing.all(|request| request.target.starts_with("/bucket/.casier/probe-")));

        let next = "<NextKeyMarker>user_1/files/a</NextKeyMarker>\
                    <NextUploadIdMarker>id</NextUploadIdMarker>";
        let fake = Fake::start(move |request| answer(request, "", next)).await;
        let error = fake.files().sweep_uploads().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
    });
}

#[test]
fn an_upload_that_cannot_be_aborted_does_not_keep_the_others() {
    on_bench(|bench| async move {
        use casier_local::{Fault, FaultRule};
        let (Some(clock), Some(faults)) = (bench.clock.clone(), bench.faults()) else {
            return bench;
        };
        let files = bench.files_with(short_lived(&bench));
        for name in ["a", "stuck", "z"] {
            bench.begin_upload(&bench.key(&format!("files/{name}"))).await;
        }
        clock.advance(LIFE + Duration::from_secs(120));
        let stuck = FaultRule::new(Fault::Unavailable).on("AbortMultipartUpload");
        faults.add(stuck.key_containing("stuck"));
        let error = files.sweep_uploads().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        faults.clear();
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, [bench.key("files/stuck")]);
        assert_eq!(files.sweep_uploads().await.unwrap().aborted, 1);
        bench
    });
}
