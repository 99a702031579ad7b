//! Every route, by whom it may be called.

use casier::http::{Api, ApiOptions, Body, Request, Route, Routes, Wanted};
use casier_local::TokenFault;
use serde_json::{Value, json};

use super::bench::{ADAS, ALL, BENS, Bench, Reply, on_bench, with};
use super::log::{NOTABLE, lines, logged};

fn all_routes() -> impl Iterator<Item = (Routes, &'static Route)> {
    ALL.into_iter().flat_map(|routes| routes.table().iter().map(move |route| (routes, route)))
}

/// Sends the good request of every route with these headers instead of a sign-in.
async fn send_all(bench: &Bench, headers: &[(&str, &str)], check: impl Fn(&Route, Reply)) {
    for (routes, route) in all_routes() {
        let (request, body) = bench.good(routes, route);
        check(route, bench.send(routes, with_all(request, headers), body).await);
    }
}

fn with_all(request: Request, headers: &[(&str, &str)]) -> Request {
    headers.iter().fold(request, |request, (name, value)| with(request, name, value))
}

#[test]
fn every_route_needs_a_good_token() {
    on_bench(async |bench| {
        send_all(bench, &[], |route, reply| {
            assert_eq!((reply.status, reply.code()), (401, "token-missing"), "{route:?}");
            assert_eq!(reply.header("WWW-Authenticate"), Some("Bearer"));
        })
        .await;

        let faulty = |fault| bench.bearer(|asked| asked.fault = Some(fault));
        let expired = faulty(TokenFault::Expired);
        let forged = faulty(TokenFault::TamperedSignature);
        let pending = faulty(TokenFault::PendingSession);
        for (bearer, code) in [
            ("Bearer a.b.c", "token-invalid"),
            ("Bearer nonsense", "token-invalid"),
            (&expired, "token-expired"),
            (&forged, "token-invalid-signature"),
            (&pending, "session-pending"),
        ] {
            send_all(bench, &[("Authorization", bearer)], |route, reply| {
                assert_eq!((reply.status, reply.code()), (401, code), "{route:?}");
                let challenge = reply.header("WWW-Authenticate");
                assert_eq!(challenge, Some("Bearer error=\"invalid_token\""));
            })
            .await;
        }
        let bearer = bench.bearer(|_| {});
        send_all(bench, &[("Authorization", &bearer), ("authorization", &bearer)], |_, reply| {
            assert_eq!(reply.code(), "token-invalid");
        })
        .await;
        bench.assert_untouched().await;
    });
}

#[test]
fn every_route_takes_its_own_user() {
    for routes in ALL {
        for route in routes.table() {
            on_bench(async |bench| {
                let (request, body) = bench.ready(routes, route).await;
                let reply = bench.send(routes, bench.of_ada(request), body).await;
                let created = ["/upload", "/uploads"].contains(&route.path);
                assert_eq!(reply.status, if created { 201 } else { 200 }, "{route:?} {reply:?}");
                assert!(bench.keys().await.contains(&BENS.to_owned()), "{route:?}");
            });
        }
    }
}

#[test]
fn by_cookie_another_site_may_only_read() {
    on_bench(async |bench| {
        let cookie = format!("__session={}", bench.mint(|_| {}));
        for from_afar in [
            &[("Origin", "https://evil.example"), ("Host", "app.example")][..],
            &[("Origin", "null"), ("Host", "app.example")],
            &[("Sec-Fetch-Site", "cross-site")],
            &[("Sec-Fetch-Site", "same-site")],
            &[("Origin", "https://evil.example"), ("X-Forwarded-Host", "evil.example")],
            &[("Host", "app.example")],
        ] {
            let headers = [&[("Cookie", cookie.as_str())][..], from_afar].concat();
            send_all(bench, &headers, |route, reply| match route.method {
                "GET" => assert_eq!(reply.status, 200, "{route:?} {from_afar:?}"),
                _ => assert_eq!(
                    (reply.status, reply.code()),
                    (403, "cross-site-request"),
                    "{route:?} {from_afar:?}"
                ),
            })
            .await;
        }
        bench.assert_untouched().await;
    });
}

#[test]
fn by_cookie_the_site_itself_may_change_things() {
    on_bench(async |bench| {
        let cookie = format!("__session={}", bench.mint(|_| {}));
        let own = [
            [("Origin", "https://app.example"), ("Sec-Fetch-Site", "cross-site")],
            [("Origin", "https://app.test"), ("Sec-Fetch-Site", "same-origin")],
            [("Origin", "https://app.test"), ("Host", "app.test")],
        ];
        for headers in own {
            let headers = [&[("Cookie", cookie.as_str())][..], &headers].concat();
            for (routes, route) in all_routes() {
                let (request, body) = bench.ready(routes, route).await;
                let request = with_all(request, &headers);
                let reply = bench.send(routes, request, body).await;
                assert!(reply.status < 300, "{route:?} {headers:?} {reply:?}");
            }
        }
    });
}

/// Attack 55: whoever acts in a user's place reaches that user's files, and leaves their name.
#[test]
fn an_impersonation_is_told_to_the_application_and_logged() {
    logged(async |bench| {
        let send = async |actor: Value, routes: Routes, route: &Route| {
            let bearer = bench.bearer(|asked| {
                asked.claims.insert("act".to_owned(), actor);
            });
            let (request, body) = bench.good(routes, route);
            let request = with(with(request, "Authorization", &bearer), "X-Request-Id", "id-1");
            let call = Api::new(bench.casier.clone(), routes, ApiOptions::default());
            let call = call.begin(request).await;
            let user = call.session().unwrap().user().clone();
            (user, call.answer(body).await)
        };
        let support = json!({"sub": "user_support", "iss": "https://dashboard.clerk.com"});
        for (place, (routes, route)) in all_routes().enumerate() {
            let (user, _) = send(support.clone(), routes, route).await;
            assert_eq!((user.user_id.as_str(), user.actor.as_ref()), ("ada", Some(&support)));
            let lines = lines(NOTABLE);
            assert_eq!(lines.len(), place + 1, "{route:?}");
            for part in [
                "authenticate",
                "user_id=\"ada\"",
                "user_support",
                "request_id=\"id-1\"",
                route.name,
            ] {
                assert!(lines[place].contains(part), "{part} {lines:?}");
            }
        }
        assert!(bench.keys().await.contains(&BENS.to_owned()));

        // An actor of an unusual form is told all the same, on one line.
        let list = Routes::S3.table().iter().find(|route| route.path == "/list").unwrap();
        let before = lines(NOTABLE).len();
        for actor in [json!("x\ncasier::audit forged"), json!({}), json!(false)] {
            let (user, answer) = send(actor.clone(), Routes::S3, list).await;
            assert_eq!((answer.status, user.actor.as_ref()), (200, Some(&actor)));
        }
        let (user, _) = send(Value::Null, Routes::S3, list).await;
        assert_eq!(user.actor, None);
        let lines = lines(NOTABLE);
        assert_eq!(lines.len(), before + 3, "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains('\n')), "{lines:?}");
    });
}

/// Attack 56: a tier lasts as long as the token that names it, and no longer.
#[test]
fn a_tier_that_was_taken_away_ends_with_its_token() {
    on_bench(async |bench| {
        let link = async |tier: &str, issued_at: i64| {
            let bearer = bench.bearer(|asked| {
                asked.tier = Some(tier.to_owned());
                asked.sid = Some("sess_1".to_owned());
                (asked.issued_at, asked.ttl) = (issued_at, 60);
            });
            let request = Request::new("POST", "/presigned-url");
            let body = json!({"s3_key": ADAS, "expires_in": 86_400});
            let request = with(request, "Authorization", &bearer);
            bench.send(Routes::S3, request, Body::Json(body.to_string().into())).await
        };
        let (a_day, an_hour) = (json!(86_400), json!(3600));
        assert_eq!(link("pro", -30).await.json["expires_in"], a_day);
        // The next token of the session counts at once, though the one before still lives.
        assert_eq!(link("free", 0).await.json["expires_in"], an_hour);
        let late = link("pro", -600).await;
        assert_eq!((late.status, late.code()), (401, "token-expired"));
        assert_eq!(link("free", 0).await.json["expires_in"], an_hour);
    });
}

#[test]
fn nothing_is_read_of_who_is_refused() {
    on_bench(async |bench| {
        for (routes, route) in all_routes() {
            let api = Api::new(bench.casier.clone(), routes, ApiOptions::default());
            let (request, _) = bench.good(routes, route);
            let call = api.begin(request).await;
            assert_eq!(call.wanted(), Wanted::Nothing, "{route:?}");
            assert!(call.session().is_none());
            // A body that comes all the same changes nothing.
            let answer = call.answer(bench.good(routes, route).1).await;
            assert_eq!(answer.status, 401);

            let (request, _) = bench.good(routes, route);
            let call = api.begin(bench.of_ada(request)).await;
            assert_eq!(call.session().unwrap().user().user_id, "ada");
            let wanted = call.wanted();
            match route.path {
                // The free tier's largest file is a video of 100 MiB.
                "/upload" => assert!(matches!(wanted, Wanted::Form { limit }
                    if (100 << 20..101 << 20).contains(&limit))),
                path if path.starts_with("/files/l") && route.method == "GET" => {
                    assert_eq!(wanted, Wanted::Nothing);
                }
                path if path.ends_with("{key}") || path == "/list" => {
                    assert_eq!(wanted, Wanted::Nothing);
                }
                path if path.ends_with("{id}") || path.ends_with("/complete") => {
                    assert_eq!(wanted, Wanted::Nothing);
                }
                _ => assert_eq!(wanted, Wanted::Json { limit: 1 << 20 }),
            }
        }
        bench.assert_untouched().await;
    });
}

#[test]
fn other_paths_and_methods_are_refused_before_anybody_signs_in() {
    on_bench(async |bench| {
        for path in ["", "/", "/nothing", "/upload/", "//upload", "/uploads/", "/files/list"] {
            for routes in [Routes::S3, Routes::Files] {
                let reply = bench.send(routes, Request::new("GET", path), Body::None).await;
                assert_eq!((reply.status, reply.code()), (404, "route-not-found"), "{path}");
            }
        }
        for (routes, route) in all_routes() {
            for method in ["PUT", "PATCH", "OPTIONS", "TRACE", "get", "head", "", "X\r\nY: z"] {
                let path = route.path.replace("{key}", ADAS).replace("{id}", "u1.x");
                let request = Request::new(method, path);
                let reply = bench.send(routes, request, Body::None).await;
                assert_eq!((reply.status, reply.code()), (405, "method-not-allowed"), "{method}");
                assert!(reply.header("Allow").unwrap().contains(route.method), "{route:?}");
            }
        }
        bench.assert_untouched().await;
    });
}

#[test]
fn head_is_answered_as_get_without_a_body() {
    on_bench(async |bench| {
        let request = bench.ada("HEAD", "/files/list");
        assert_eq!(bench.send(Routes::Secure, request, Body::None).await.status, 200);
        let request = Request::new("HEAD", "/files/list");
        assert_eq!(bench.send(Routes::Secure, request, Body::None).await.status, 401);
        let request = bench.ada("HEAD", "/nothing");
        assert_eq!(bench.send(Routes::Secure, request, Body::None).await.status, 404);
        let request = bench.ada("HEAD", "/delete");
        assert_eq!(bench.send(Routes::S3, request, Body::None).await.status, 405);
        bench.assert_untouched().await;
    });
}
