//! Pages, and the files of others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use casier::http::{Body, Request, Routes};
use serde_json::{Value, json};

use super::bench::{ADAS, BENS, Bench, Reply, on_bench, with};
use super::log::{NOTABLE, lines, logged};

async fn list(bench: &Bench, routes: Routes, role: Option<&str>, query: &str) -> Reply {
    let bearer = bench.bearer(|asked| asked.role = role.map(str::to_owned));
    let mut request = with(Request::new("GET", "/list"), "Authorization", &bearer);
    request.query = query.to_owned();
    bench.send(routes, request, Body::None).await
}

fn keys(files: &Value) -> Vec<String> {
    let files = files.as_array().unwrap().iter();
    files.map(|file| file["s3_key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_lead_to_each_other() {
    on_bench(async |bench| {
        let files = bench.casier.storage_for("ada").unwrap();
        for place in 0..4 {
            let text = Bytes::from_static(b"x");
            let name = format!("{place}+%.txt");
            files.upload_file_object(text, &name, "file", Default::default()).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for round in 0.. {
            assert!(round < 5, "the pages do not end");
            let query = format!("limit=2&cursor={cursor}");
            let reply = bench.get(Routes::Secure, "/files/list", &query).await;
            seen.extend(keys(&reply.json["data"]));
            let bare = list(bench, Routes::S3, None, &query).await;
            assert_eq!(keys(&bare.json["files"]), keys(&reply.json["data"]));
            assert_eq!(bare.json["next_cursor"], reply.json["metadata"]["next_cursor"]);
            match reply.json["metadata"]["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted() && seen.contains(&ADAS.to_owned()));
    });
}

/// Attack 65: a cursor is good in every scope, and leads out of none.
#[test]
fn the_cursor_of_another_leads_into_ones_own_files() {
    on_bench(async |bench| {
        bench.put_raw("user_ben/images/a.png").await;
        bench.put_raw("user_ben/images/z.png").await;
        let by = |user_id: &str| {
            let bearer = bench.bearer(|asked| asked.user_id = user_id.to_owned());
            move |path: &str, query: String| {
                let mut request = with(Request::new("GET", path), "Authorization", &bearer);
                request.query = query;
                request
            }
        };
        let (ben, ada) = (by("ben"), by("ada"));
        let first = bench.send(Routes::S3, ben("/list", "limit=1".to_owned()), Body::None).await;
        assert_eq!(keys(&first.json["files"]), ["user_ben/images/a.png"]);
        let of_ben = first.json["next_cursor"].as_str().unwrap().to_owned();
        let forged = |relative: &str| URL_SAFE_NO_PAD.encode(format!("\u{1}{relative}"));
        for cursor in [
            of_ben,
            forged("../user_ben/"),
            forged("../user_ben/images/"),
            forged("/user_ben/images/a.png"),
            forged(BENS),
            forged("\0"),
        ] {
            let routes =
                [(Routes::Secure, "/files/list"), (Routes::S3, "/list"), (Routes::Files, "/list")];
            for (routes, path) in routes {
                let request = ada(path, format!("cursor={cursor}"));
                let reply = bench.send(routes, request, Body::None).await;
                assert_eq!(reply.status, 200, "{reply:?}");
                assert!(!reply.body().contains("user_ben"), "{reply:?}");
            }
        }
        // It goes on in Ada's files from where it stood in Ben's.
        let request = ada("/list", format!("cursor={}", forged("images/a.png")));
        let reply = bench.send(Routes::S3, request, Body::None).await;
        assert_eq!(keys(&reply.json["files"]), [ADAS]);
    });
}

#[test]
fn another_user_is_listed_only_by_an_admin_and_only_when_switched_on() {
    on_bench(async |bench| {
        for routes in [Routes::S3, Routes::Files] {
            for switched_on in [false, true] {
                bench.options.admin_may_list = switched_on;
                for role in [None, Some("user"), Some("manager"), Some("admin"), Some("org:admin")]
                {
                    for named in ["ben", "nobody", "ada%20", "Ada", "user_ada"] {
                        let reply = list(bench, routes, role, &format!("user_id={named}")).await;
                        let may = switched_on && role == Some("admin");
                        let expected = if may { (200, "none") } else { (403, "not-owner") };
                        assert_eq!((reply.status, reply.code()), expected, "{role:?} {named}");
                    }
                    for own in ["user_id=ada", "user_id=", ""] {
                        let reply = list(bench, routes, role, own).await;
                        let files = reply.json.get("files").unwrap_or(&reply.json["data"]["files"]);
                        assert_eq!(keys(files), [ADAS], "{role:?} {own}");
                    }
                }
            }
        }
        let reply = list(bench, Routes::S3, Some("admin"), "user_id=ben&user_id=ada").await;
        assert_eq!(reply.code(), "invalid-request");
        let reply = list(bench, Routes::S3, Some("admin"), "user_id=ben").await;
        assert_eq!(keys(&reply.json["files"]), [BENS]);
        // The secure routes know no other user.
        let bearer = bench.bearer(|asked| asked.role = Some("admin".to_owned()));
        let mut request = with(Request::new("GET", "/files/list"), "Authorization", &bearer);
        request.query = "user_id=ben".to_owned();
        let reply = bench.send(Routes::Secure, request, Body::None).await;
        assert_eq!(keys(&reply.json["data"]), [ADAS]);
    });
}

#[test]
fn where_there_is_one_role_nobody_is_an_admin() {
    on_bench(async |bench| {
        bench.options.admin_may_list = true;
        bench.with_policy("version = 1\nroles = ['user']");
        for role in [None, Some("user"), Some("admin")] {
            let reply = list(bench, Routes::S3, role, "user_id=ben").await;
            assert_eq!((reply.status, reply.code()), (403, "not-owner"), "{role:?}");
        }
        bench.with_policy("version = 1\nroles = ['guest', 'owner']");
        let reply = list(bench, Routes::S3, Some("admin"), "user_id=ben").await;
        assert_eq!(reply.status, 403);
        let reply = list(bench, Routes::S3, Some("owner"), "user_id=ben").await;
        assert_eq!(keys(&reply.json["files"]), [BENS]);
    });
}

#[test]
fn each_look_into_anothers_files_is_logged() {
    logged(async |bench| {
        bench.options.admin_may_list = true;
        list(bench, Routes::S3, Some("admin"), "user_id=ada").await;
        assert_eq!(lines(NOTABLE), Vec::<String>::new());
        list(bench, Routes::S3, Some("user"), "user_id=ben").await;
        let refused = lines(NOTABLE);
        assert_eq!(refused.len(), 1, "{refused:?}");
        for part in ["list-user", "allowed=false", "code=\"not-owner\"", "target=\"ben\""] {
            assert!(refused[0].contains(part), "{part} {refused:?}");
        }
        let bearer = bench.bearer(|asked| asked.role = Some("admin".to_owned()));
        for user_id in ["ben", "x%0Acasier::audit+forged"] {
            let request = with(Request::new("GET", "/list"), "Authorization", &bearer);
            let mut request = with(request, "X-Request-Id", "look-1");
            request.query = format!("user_id={user_id}");
            assert_eq!(bench.send(Routes::S3, request, Body::None).await.status, 200);
        }
        let lines = &lines(NOTABLE)[1..];
        assert_eq!(lines.len(), 2, "{lines:?}");
        for part in ["allowed=true", "user_id=\"ada\"", "target=\"ben\"", "request_id=\"look-1\""] {
            assert!(lines[0].contains(part), "{part} {lines:?}");
        }
        assert!(!lines[1].contains('\n') && lines[1].contains("target=\"x\\\\n"), "{lines:?}");
    });
}

#[test]
fn what_cannot_be_read_is_counted() {
    on_bench(async |bench| {
        bench.put_raw("user_ada/images/").await;
        let reply = bench.get(Routes::Secure, "/files/list", "").await;
        assert_eq!(reply.json["metadata"], json!({"next_cursor": null, "skipped": 1}));
        assert_eq!(keys(&reply.json["data"]), [ADAS]);
    });
}
