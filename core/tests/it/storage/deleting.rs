//! Deleting many files at once.

use casier::ErrorKind;

use super::bench::on_bench;
use super::fake::{Answer, Fake};

#[test]
fn each_key_is_answered_in_order() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = |place: usize| bench.key(&format!("files/{place}.txt"));
        for place in 0..20 {
            bench.put_raw(&key(place), b"x").await;
        }
        // One that is not there, one that stands twice, and one that stays.
        let mut keys: Vec<String> = (0..19).map(key).collect();
        keys.extend([bench.key("files/there-is-none.txt"), key(3)]);
        let deletions = files.delete_many(keys.clone()).await.unwrap();
        assert!(deletions.iter().all(|deletion| deletion.error.is_none()));
        assert_eq!(deletions.into_iter().map(|deletion| deletion.key).collect::<Vec<_>>(), keys);
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, [key(19)]);
        assert!(files.delete_many(Vec::new()).await.unwrap().is_empty());
        bench
    });
}

/// Attack 67.
#[test]
fn one_bad_key_and_nothing_is_sent() {
    on_bench(|bench| async move {
        let files = bench.files();
        let own = bench.key("files/a.txt");
        bench.put_raw(&own, b"mine").await;
        for (bad, expected) in [
            ("user_2/files/a.txt".to_owned(), ErrorKind::NotOwner),
            (bench.key("../user_2/files/a.txt"), ErrorKind::InvalidKey),
        ] {
            let error = files.delete_many(vec![own.clone(), bad]).await.unwrap_err();
            assert_eq!(error.kind(), expected);
        }
        let error = files.delete_many(vec![own.clone(); 1001]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!((error.details().limit, error.details().used), (Some(1000), Some(1001)));
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, [own]);
        bench
    });
}

#[test]
fn a_file_that_stays_does_not_keep_the_others() {
    crate::support::within_limit(async {
        let fake = Fake::start(|request| match request.target.contains("locked") {
            true => Answer::error(403, "AccessDenied"),
            false => Answer::empty(204),
        })
        .await;
        let keys = ["a.txt", "locked.txt", "b.txt"].map(|name| format!("user_1/files/{name}"));
        let deletions = fake.files().delete_many(keys.to_vec()).await.unwrap();
        let kinds = deletions.iter().map(|it| it.error.as_ref().map(casier::Error::kind));
        assert_eq!(kinds.collect::<Vec<_>>(), [None, Some(ErrorKind::StorageDenied), None]);
        assert!(fake.requests().iter().all(|request| request.method == "DELETE"));
        assert_eq!(fake.requests().len(), 3);
    });
}
