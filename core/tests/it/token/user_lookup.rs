//! Users whose tokens say too little, looked up over real HTTP.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use casier::token::{Issuers, TokenSource, User, UserLookup};
use casier_local::{Issuer, MintRequest};
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Reply};
use super::{config, issuers};
use crate::http::log::{lines, logged};
use crate::support::within_limit;

const SECRET: &str = "sk_test_do_not_show";

/// An issuer whose users are looked up at an endpoint of the test's own.
struct Bench {
    local: Issuer,
    clerk: Endpoint,
    issuers: Arc<Issuers>,
    start: SystemTime,
}

impl Bench {
    async fn new(reply: Reply) -> Self {
        let (local, clerk) = (Issuer::start(0).await.unwrap(), Endpoint::start(reply).await);
        let mut config = config(local.url(), format!("{}/.well-known/jwks.json", local.url()));
        let mut lookup = UserLookup::new(SECRET);
        lookup.api_url = clerk.url().trim_end_matches("/jwks").to_owned();
        config.user_lookup = Some(lookup);
        let issuers = Arc::new(issuers(vec![config]));
        Self { local, clerk, issuers, start: SystemTime::now() }
    }

    fn token(&self, user_id: &str) -> String {
        self.minted(&long(user_id))
    }

    fn minted(&self, request: &MintRequest) -> String {
        self.local.mint(request).unwrap()
    }

    async fn user(&self, token: &str, seconds: u64) -> Arc<User> {
        let now = self.start + Duration::from_secs(seconds);
        self.issuers.verify(token, now, TokenSource::Header).await.unwrap().user().clone()
    }

    async fn tier(&self, token: &str, seconds: u64) -> String {
        self.user(token, seconds).await.subscription.clone()
    }
}

fn long(user_id: &str) -> MintRequest {
    let mut request = MintRequest::new(user_id);
    request.ttl = 20_000;
    request
}

fn answer(id: &str, tier: &str) -> Value {
    json!({
        "id": id, "object": "user", "first_name": "Ada", "last_name": "Lovelace",
        "primary_email_address_id": "idn_1",
        "email_addresses": [
            {"id": "idn_1", "email_address": "ada@b.test", "verification": {"status": "verified"}},
        ],
        "phone_numbers": [], "public_metadata": {"subscription": tier, "role": "manager"},
        "private_metadata": {"subscription": "enterprise"},
        "unsafe_metadata": {"subscription": "enterprise", "role": "admin"},
    })
}

fn body(id: &str, tier: &str) -> Reply {
    Reply::Body(answer(id, tier).to_string())
}

#[test]
fn a_bare_token_is_completed_and_the_answer_kept_for_a_minute() {
    within_limit(async {
        let bench = Bench::new(body("user_1", "pro")).await;
        let token = bench.token("user_1");
        let user = bench.user(&token, 0).await;
        assert_eq!(user.email.as_deref(), Some("ada@b.test"));
        assert!(user.email_verified);
        assert_eq!(user.full_name.as_deref(), Some("Ada Lovelace"));
        assert_eq!((user.subscription.as_str(), user.role.as_str()), ("pro", "manager"));
        let asked = bench.clerk.requests();
        assert!(asked[0].starts_with("GET /v1/users/user_1 HTTP/1.1\r\n"), "{}", asked[0]);
        assert!(asked[0].contains(&format!("authorization: Bearer {SECRET}\r\n")));
        bench.clerk.set(body("user_1", "basic"));
        assert_eq!(bench.tier(&bench.token("user_1"), 59).await, "pro");
        assert_eq!(bench.clerk.requests().len(), 1);
        assert_eq!(bench.tier(&token, 60).await, "basic");
        assert_eq!(bench.clerk.requests().len(), 2);
    });
}

#[test]
fn a_token_that_says_something_is_left_as_it_is() {
    within_limit(async {
        let bench = Bench::new(body("user_1", "pro")).await;
        for (name, value) in [
            ("email", json!("a@b.test")),
            ("public_metadata", json!({})),
            ("publicMetadata", json!({})),
        ] {
            let mut request = long("user_1");
            request.claims.insert(name.to_owned(), value);
            assert_eq!(bench.tier(&bench.minted(&request), 0).await, "free", "{name}");
        }
        assert!(bench.clerk.requests().is_empty());
    });
}

#[test]
fn many_at_once_make_one_request() {
    within_limit(async {
        let reply = Reply::Late(Duration::from_millis(300), answer("user_1", "pro").to_string());
        let bench = Arc::new(Bench::new(reply).await);
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                let bench = Arc::clone(&bench);
                tokio::spawn(async move { bench.tier(&bench.token("user_1"), 0).await })
            })
            .collect();
        for one in waiting {
            assert_eq!(one.await.unwrap(), "pro");
        }
        assert_eq!(bench.clerk.requests().len(), 1);
    });
}

#[test]
fn a_caller_who_leaves_does_not_end_the_look_up() {
    within_limit(async {
        let reply = Reply::Late(Duration::from_millis(300), answer("user_1", "pro").to_string());
        let bench = Bench::new(reply).await;
        let token = bench.token("user_1");
        let impatient = tokio::time::timeout(Duration::from_millis(100), bench.user(&token, 0));
        assert!(impatient.await.is_err());
        assert_eq!(bench.tier(&token, 0).await, "pro");
        assert_eq!(bench.clerk.requests().len(), 1);
    });
}

/// What Clerk says badly leaves the user with the lowest tier, and Clerk in peace.
#[test]
fn an_answer_that_cannot_be_used_leaves_the_user_as_the_token_says() {
    within_limit(async {
        for reply in [
            Reply::Status("500 Internal Server Error", String::new()),
            Reply::Status("401 Unauthorized", String::new()),
            Reply::Status("429 Too Many Requests", "retry-after: 1\r\n".to_owned()),
            Reply::Status("204 No Content", String::new()),
            Reply::Body("<html>".to_owned()),
            Reply::Body("[]".to_owned()),
            body("user_2", "pro"),
            Reply::Body(r#"{"id":"user_2","id":"user_1","public_metadata":{}}"#.to_owned()),
            Reply::Endless,
        ] {
            let bench = Bench::new(reply).await;
            let token = bench.token("user_1");
            for _ in 0..5 {
                let user = bench.user(&token, 0).await;
                assert_eq!((user.subscription.as_str(), user.email.as_deref()), ("free", None));
            }
            assert_eq!(bench.tier(&bench.token("user_9"), 0).await, "free");
            assert_eq!(bench.clerk.requests().len(), 1, "one failure stands for all users");
            bench.clerk.set(body("user_1", "pro"));
            assert_eq!(bench.tier(&token, 30).await, "pro");
        }
    });
}

#[test]
fn a_user_whom_clerk_does_not_know_is_asked_for_once_a_minute() {
    within_limit(async {
        let bench = Bench::new(body("user_1", "pro")).await;
        let token = bench.token("user_1");
        assert_eq!(bench.tier(&token, 0).await, "pro");
        bench.clerk.set(Reply::Status("404 Not Found", String::new()));
        for seconds in [60, 61, 119] {
            assert_eq!(bench.tier(&token, seconds).await, "free");
        }
        assert_eq!(bench.clerk.requests().len(), 2);
    });
}

#[test]
fn what_is_known_serves_for_an_hour_while_clerk_is_down() {
    within_limit(async {
        let bench = Bench::new(body("user_1", "pro")).await;
        let token = bench.token("user_1");
        assert_eq!(bench.tier(&token, 0).await, "pro");
        bench.clerk.set(Reply::Status("503 Service Unavailable", String::new()));
        for seconds in [61, 1800, 3599] {
            assert_eq!(bench.tier(&token, seconds).await, "pro", "{seconds}");
        }
        assert_eq!(bench.tier(&token, 3700).await, "free");
        bench.clerk.set(body("user_1", "basic"));
        assert_eq!(bench.tier(&token, 3800).await, "basic");
    });
}

#[test]
fn the_secret_goes_to_one_server_alone() {
    within_limit(async {
        let elsewhere = Endpoint::start(body("user_1", "enterprise")).await;
        let location = format!("location: {}\r\n", elsewhere.url());
        let bench = Bench::new(Reply::Status("302 Found", location)).await;
        assert_eq!(bench.tier(&bench.token("user_1"), 0).await, "free");
        assert!(elsewhere.requests().is_empty());
        assert!(!format!("{:?}", bench.issuers).contains(SECRET));
    });
}

#[test]
fn an_id_stays_one_segment_of_the_path() {
    within_limit(async {
        for (id, path) in [
            ("a/../b?x=1#y", "a%2F%2E%2E%2Fb%3Fx%3D1%23y"),
            ("../jwks", "%2E%2E%2Fjwks"),
            ("a b\r\nx: y", "a%20b%0D%0Ax%3A%20y"),
            ("é%2e", "%C3%A9%252e"),
        ] {
            let bench = Bench::new(body(id, "pro")).await;
            assert_eq!(bench.tier(&bench.token(id), 0).await, "pro", "{id}");
            let asked = bench.clerk.requests();
            assert!(asked[0].starts_with(&format!("GET /v1/users/{path} HTTP/1.1\r\n")), "{id}");
        }
        let bench = Bench::new(body("..", "pro")).await;
        for id in [".", ".."] {
            assert_eq!(bench.tier(&bench.token(id), 0).await, "free", "{id}");
        }
        assert!(bench.clerk.requests().is_empty(), "a dot segment would name something else");
    });
}

#[test]
fn failures_are_warned_about_once_a_minute_and_a_refused_key_by_name() {
    logged(async |_| {
        let bench = Bench::new(Reply::Status("401 Unauthorized", String::new())).await;
        for (user, seconds) in [("user_1", 0), ("user_2", 31), ("user_3", 62), ("user_4", 93)] {
            bench.user(&bench.token(user), seconds).await;
        }
        assert_eq!(bench.clerk.requests().len(), 4);
        let warnings = lines("casier::token::user_lookup::directory WARN");
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("Clerk refuses CLERK_SECRET_KEY"), "{warnings:?}");
        assert!(!warnings.iter().any(|line| line.contains(SECRET)));
    });
}
