//! What is told of decisions, and what is never told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use casier::access::{Requirement, Reverification};
use casier::observe::{AuditEvent, AuditHook};
use casier::storage::{LinkOptions, UploadOptions};
use casier::token::RequestHead;
use casier::{Casier, CasierBuilder, Session};
use casier_local::{LocalStack, MintRequest, TokenFault};
use serde_json::{Value, json};

/// A stack, a `Casier` over it, and the events that its hook has been given.
struct Bench {
    stack: LocalStack,
    casier: Casier,
    events: Arc<Mutex<Vec<AuditEvent>>>,
}

async fn on_bench(test: impl AsyncFnOnce(&Bench)) {
    let limited = tokio::time::timeout(Duration::from_secs(120), async {
        let stack = LocalStack::start().await.unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&events);
        let hook = AuditHook::new(move |event| kept.lock().unwrap().push(event.clone()));
        let casier = builder(&stack).audit(hook).build().unwrap();
        let bench = Bench { stack, casier, events };
        test(&bench).await;
        bench.stack.shutdown().await;
    });
    limited.await.expect("the test takes too long");
}

fn builder(stack: &LocalStack) -> CasierBuilder {
    let variables = stack.env().into_iter().map(|(name, value)| (name.into(), value.into()));
    Casier::builder().variables(variables.collect::<Vec<_>>()).unwrap()
}

impl Bench {
    /// A token of ada's, in an organization, as a member of support who acts in her place.
    fn token(&self, change: impl FnOnce(&mut MintRequest)) -> String {
        let mut asked = MintRequest::new("ada");
        asked.tier = Some("pro".to_owned());
        asked.sid = Some("sess_1".to_owned());
        let organization = json!({"id": "org_1", "rol": "member", "per": "read", "fpm": "1"});
        asked.claims.insert("o".to_owned(), organization);
        asked.claims.insert("fea".to_owned(), json!("o:teams,u:beta"));
        asked.claims.insert("pla".to_owned(), json!("u:pro"));
        change(&mut asked);
        self.stack.mint(&asked).unwrap()
    }

    async fn session(&self) -> Session {
        self.casier.authenticate(&self.token(|_| {})).await.unwrap()
    }

    /// The events since the last call.
    fn events(&self) -> Vec<AuditEvent> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    /// The only event since the last call.
    fn event(&self) -> AuditEvent {
        let mut events = self.events();
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }
}

fn request(token: &str, headers: &[(&str, &str)]) -> RequestHead {
    let bearer = format!("Bearer {token}");
    let own = [("Authorization", bearer.as_str())];
    let headers = own.iter().chain(headers);
    let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut request = RequestHead::new("GET", headers.collect());
    request.address = Some("203.0.113.7".to_owned());
    request
}

#[tokio::test]
async fn a_sign_in_tells_who_and_on_which_request() {
    on_bench(async |bench| {
        let token = bench.token(|_| {});
        let headers = [("X-Request-Id", "req-1"), ("User-Agent", "curl/8 \"x\"")];
        let session = bench.casier.authenticate_request(&request(&token, &headers)).await.unwrap();
        let event = bench.event();
        assert_eq!((event.action, event.allowed, event.code), ("authenticate", true, None));
        assert_eq!(event.user_id.as_deref(), Some("ada"));
        assert_eq!(event.session_id.as_deref(), Some("sess_1"));
        assert_eq!(event.organization_id.as_deref(), Some("org_1"));
        assert_eq!(event.issuer.as_deref(), session.claims()["iss"].as_str());
        assert!(event.key_id.is_some());
        assert_eq!(event.request_id.as_deref(), Some("req-1"));
        assert_eq!(event.address.as_deref(), Some("203.0.113.7"));
        assert_eq!(event.user_agent.as_deref(), Some("curl/8 \"x\""));
        assert_eq!((&event.actor, &event.target, &event.required), (&None, &None, &None));

        // Later decisions of the session are of the same request.
        assert!(session.has_subscription("basic"));
        let later = bench.event();
        assert_eq!((later.action, later.required.as_deref()), ("subscription", Some("basic")));
        for (early, late) in [
            (&event.user_id, &later.user_id),
            (&event.key_id, &later.key_id),
            (&event.request_id, &later.request_id),
            (&event.address, &later.address),
            (&event.user_agent, &later.user_agent),
        ] {
            assert_eq!(early, late);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_sign_in_tells_why_and_nothing_of_the_token() {
    on_bench(async |bench| {
        for fault in TokenFault::ALL {
            let token = bench.token(|asked| asked.fault = Some(*fault));
            let headers = [("X-Request-Id", "req-1")];
            let refused = bench.casier.authenticate_request(&request(&token, &headers)).await;
            let event = bench.event();
            assert_eq!(event.code, refused.err().map(|error| error.code()), "{fault:?}");
            assert_eq!((event.action, event.allowed), ("authenticate", event.code.is_none()));
            if !event.allowed {
                let of_token = [&event.user_id, &event.session_id, &event.issuer, &event.key_id];
                assert!(of_token.iter().all(|field| field.is_none()), "{event:?}");
            }
            assert_eq!(event.request_id.as_deref(), Some("req-1"));
        }
        let nobody = RequestHead::new("GET", Vec::new());
        assert!(bench.casier.authenticate_request(&nobody).await.is_err());
        assert_eq!(bench.event().code, Some("token-missing"));
    })
    .await;
}

/// Attack 55.
#[tokio::test]
async fn an_impersonation_is_told_with_every_decision() {
    on_bench(async |bench| {
        let token = bench.token(|asked| {
            asked.claims.insert("act".to_owned(), json!({"sub": "user_support"}));
        });
        let session = bench.casier.authenticate(&token).await.unwrap();
        let _ = session.require_role("admin");
        let events = bench.events();
        assert_eq!(events.len(), 2);
        for event in events {
            assert_eq!(event.actor.as_deref(), Some("{\"sub\":\"user_support\"}"));
        }
    })
    .await;
}

#[tokio::test]
async fn each_decision_is_told_with_what_it_took_and_what_there_was() {
    on_bench(async |bench| {
        let session = bench.session().await;
        bench.events();
        let strict = Requirement::default()
            .with_permission("teams:read")
            .with_reverification(Reverification::strict());
        let told = |refused: casier::Result<()>| {
            let event = bench.event();
            assert_eq!(event.code, refused.as_ref().err().map(|error| error.code()));
            assert_eq!(event.allowed, refused.is_ok());
            if let Err(error) = refused {
                assert_eq!(event.actual, error.details().actual);
            }
            let of = |text: Option<String>| text.unwrap_or_default();
            (event.action, event.allowed, of(event.required), of(event.target))
        };
        let expect = |action, allowed, required: &str, target: &str| {
            (action, allowed, required.to_owned(), target.to_owned())
        };
        for (got, wanted) in [
            (told(session.require_subscription("pro")), expect("subscription", true, "pro", "")),
            (
                told(session.require_subscription("premium")),
                expect("subscription", false, "premium", ""),
            ),
            (told(session.require_role("admin")), expect("role", false, "admin", "")),
            (told(session.require_feature("u:beta")), expect("feature", true, "u:beta", "")),
            (told(session.require_feature("videos")), expect("feature", false, "videos", "")),
            (told(session.require_plan("pro")), expect("plan", true, "pro", "")),
            (told(session.require_plan("o:pro")), expect("plan", false, "o:pro", "")),
            (
                told(session.require_permission("teams:read")),
                expect("permission", true, "teams:read", ""),
            ),
            (
                told(session.require_permission("teams:manage")),
                expect("permission", false, "teams:manage", ""),
            ),
            (
                told(session.require(&strict)),
                expect("has", true, "permission teams:read, second_factor within 10 minutes", ""),
            ),
            (
                told(session.require(&strict.clone().with_role("admin"))),
                expect("has", false, "admin", ""),
            ),
            (told(session.require_owner("ada")), expect("owner", true, "", "ada")),
            (told(session.require_owner("ben")), expect("owner", false, "", "ben")),
        ] {
            assert_eq!(got, wanted);
        }
        assert!(!session.has_role("admin") && !session.owns("ben") && session.has(&strict));
        assert_eq!(bench.events().len(), 3);
    })
    .await;
}

/// Whose the record is stays on the server.
#[tokio::test]
async fn a_refusal_does_not_tell_the_client_whose_the_record_is() {
    on_bench(async |bench| {
        let error = bench.session().await.require_owner("ben").unwrap_err();
        assert_eq!((&error.details().required, &error.details().actual), (&None, &None));
        assert!(!format!("{error} {error:?}").contains("ben"));
    })
    .await;
}

#[tokio::test]
async fn files_tell_what_the_policy_says_and_whose_keys_are_refused() {
    on_bench(async |bench| {
        let files = bench.session().await.files().unwrap();
        bench.events();
        let options = UploadOptions::default;
        files
            .upload_file_object(Bytes::from_static(b"%PDF-1.7 x"), "a.pdf", "book", options())
            .await
            .unwrap();
        let event = bench.event();
        assert_eq!((event.action, event.allowed), ("upload", true));
        assert_eq!(event.target.as_deref(), Some("user_ada/books/a.pdf"));
        assert_eq!(event.required.as_deref(), Some("book"));
        assert_eq!(event.session_id.as_deref(), Some("sess_1"));

        let refused =
            files.upload_file_object(Bytes::from_static(b"x"), "a.png", "book", options()).await;
        assert!(refused.is_err());
        let event = bench.event();
        assert_eq!((event.action, event.code), ("upload", Some("type-not-allowed")));

        files.presigned_url("user_ada/books/a.pdf", LinkOptions::default()).await.unwrap();
        let event = bench.event();
        assert_eq!((event.action, event.allowed), ("link", true));
        assert_eq!(event.target.as_deref(), Some("user_ada/books/a.pdf"));

        for (key, code) in [("user_ben/books/b.pdf", "not-owner"), ("../x", "invalid-key")] {
            assert!(files.delete(key).await.is_err());
            let event = bench.event();
            assert_eq!((event.action, event.code), ("key", Some(code)));
            assert_eq!(event.target.as_deref(), Some(key));
            assert_eq!(event.user_id.as_deref(), Some("ada"));
        }
        let keys = vec!["user_ada/books/a.pdf".to_owned(), "user_ben/books/b.pdf".to_owned()];
        assert!(files.delete_many(keys).await.is_err());
        assert_eq!(bench.event().target.as_deref(), Some("user_ben/books/b.pdf"));

        // Keys that the store lists are nobody's request.
        files.list(Default::default()).await.unwrap();
        assert!(bench.events().is_empty());

        let server = bench.casier.storage_for("ada").unwrap();
        assert!(server.delete("user_ben/books/b.pdf").await.is_err());
        let event = bench.event();
        assert_eq!((event.action, event.user_id), ("key", None));
    })
    .await;
}

#[tokio::test]
async fn revocations_are_told() {
    on_bench(async |bench| {
        bench.casier.revoke("sess_1").await.unwrap();
        let event = bench.event();
        assert_eq!((event.action, event.allowed), ("revoke", true));
        assert_eq!((event.target.as_deref(), &event.user_id), (Some("sess_1"), &None));
        bench.casier.revoke_user("ada", SystemTime::now()).await.unwrap();
        let event = bench.event();
        assert_eq!((event.action, event.target.as_deref()), ("revoke-user", Some("ada")));
        assert!(bench.casier.revoke("").await.is_err());
        assert_eq!(bench.event().code, Some("invalid-request"));
        let later = SystemTime::now() + Duration::from_secs(400);
        let error = bench.casier.revoke_user("ada", later).await.unwrap_err();
        assert_eq!(error.code(), "invalid-request");
        assert_eq!(bench.event().code, Some("invalid-request"));
        assert_eq!(
            bench.casier.revoke_user("", later).await.unwrap_err().code(),
            "invalid-user-id"
        );
    })
    .await;
}

/// Attack 29. No part of a token reaches an event, whatever is wrong with it and wherever it stands.
#[tokio::test]
async fn no_part_of_a_token_is_in_an_event() {
    on_bench(async |bench| {
        let mut tokens = vec![bench.token(|_| {})];
        tokens
            .extend(TokenFault::ALL.iter().map(|fault| bench.token(|it| it.fault = Some(*fault))));
        tokens.push(format!("{}.{}", tokens[0], "A".repeat(20_000)));
        tokens.push(tokens[0].replace('.', "_"));
        for token in &tokens {
            for name in ["Authorization", "X-Clerk-Auth-Token", "Cookie"] {
                let value = match name {
                    "Authorization" => format!("Bearer {token}"),
                    "Cookie" => format!("__session={token}"),
                    _ => token.clone(),
                };
                let head = RequestHead::new("GET", vec![(name.to_owned(), value)]);
                if let Ok(session) = bench.casier.authenticate_request(&head).await {
                    let _ = session.require_role("admin");
                    let files = session.files().unwrap();
                    let link = files.presigned_url("user_ada/x/y.txt", Default::default()).await;
                    let url = link.unwrap().url;
                    let signature = url.split_once("X-Amz-Signature=").unwrap().1;
                    let signature = signature.split('&').next().unwrap();
                    assert!(!told(&bench.events.lock().unwrap()).contains(signature));
                }
            }
        }
        let told = told(&bench.events());
        assert!(told.contains("authenticate"));
        for part in tokens.iter().flat_map(|token| token.split('.')).filter(|part| part.len() > 8) {
            assert!(!told.contains(part), "{part:.20}");
        }
    })
    .await;
}

/// Everything that can be read from events.
fn told(events: &[AuditEvent]) -> String {
    let json = serde_json::to_string(events).unwrap();
    format!("{json} {events:?}")
}

#[tokio::test]
async fn what_clients_write_is_cut_and_on_one_line() {
    on_bench(async |bench| {
        let agent = format!("x\r\n\u{202e}\\n{}", "é".repeat(1_000));
        let token = bench.token(|_| {});
        for (id, kept) in [("a b", None), ("a\nb", None), ("", None), ("a.b", Some("a.b"))] {
            let head = request(&token, &[("User-Agent", agent.as_str()), ("X-Request-Id", id)]);
            bench.casier.authenticate_request(&head).await.unwrap();
            let event = bench.event();
            assert_eq!(event.request_id.as_deref(), kept, "{id:?}");
            let shown = event.user_agent.unwrap();
            assert!(shown.starts_with("x\\r\\n\\u{202e}\\\\né"), "{shown}");
            assert!(shown.chars().count() < 300, "{shown}");
        }
        let twice = [("X-Request-Id", "a"), ("X-Request-Id", "b")];
        bench.casier.authenticate_request(&request(&token, &twice)).await.unwrap();
        assert_eq!(bench.event().request_id, None);
    })
    .await;
}

#[tokio::test]
async fn a_hook_that_panics_takes_no_call_down() {
    on_bench(async |bench| {
        let hook = AuditHook::new(|_| panic!("on purpose"));
        let casier = builder(&bench.stack).audit(hook).build().unwrap();
        let session = casier.authenticate(&bench.token(|_| {})).await.unwrap();
        assert!(session.has_subscription("pro"));
        assert!(!session.has_subscription("premium"));
        assert_eq!(casier.authenticate("x").await.unwrap_err().code(), "token-invalid");
        let shown = format!("{casier:?}");
        assert!(shown.contains("AuditHook"), "{shown}");
    })
    .await;
}

/// The form in which other languages take an event.
#[tokio::test]
async fn an_event_is_plain_json() {
    on_bench(async |bench| {
        bench.session().await.has_role("admin");
        let events = bench.events();
        let json = serde_json::to_value(&events[1]).unwrap();
        let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut wanted = [
            "time",
            "action",
            "allowed",
            "code",
            "user_id",
            "session_id",
            "organization_id",
            "actor",
            "issuer",
            "key_id",
            "required",
            "actual",
            "target",
            "request_id",
            "address",
            "user_agent",
        ];
        wanted.sort_unstable();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, wanted);
        assert_eq!(json["action"], "role");
        assert_eq!((&json["allowed"], &json["code"]), (&json!(false), &json!("role-required")));
        assert_eq!((&json["required"], &json["actual"]), (&json!("admin"), &json!("user")));
        assert_eq!(json["target"], Value::Null);
        let time = json["time"].as_str().unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
        assert!(events[1].time > UNIX_EPOCH);
    })
    .await;
}
