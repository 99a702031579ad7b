//! `Casier` as an application holds it: configuration in, sessions and files out.

use std::time::Duration;

use casier::storage::LinkOptions;
use casier::token::RequestHead;
use casier::{Casier, CasierBuilder, ErrorKind, Session, Setting};
use casier_local::{Issuer, LocalStack, MintRequest};

use crate::support::Folder;

/// Runs a test on a local stack, within a time limit.
async fn on_stack(test: impl AsyncFnOnce(&LocalStack)) {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, async {
        let stack = LocalStack::start().await.unwrap();
        test(&stack).await;
        stack.shutdown().await;
    })
    .await
    .unwrap();
}

fn builder(stack: &LocalStack) -> CasierBuilder {
    let variables = stack.env().into_iter().map(|(name, value)| (name.into(), value.into()));
    Casier::builder().variables(variables.collect::<Vec<_>>()).unwrap()
}

fn token(stack: &LocalStack) -> String {
    stack.mint(&MintRequest::new("user_1")).unwrap()
}

async fn request(
    casier: &Casier,
    method: &str,
    headers: &[(&str, &str)],
) -> casier::Result<Session> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    casier.authenticate_request(&RequestHead::new(method, headers.collect())).await
}

#[tokio::test]
async fn a_request_signs_in_by_header_or_by_cookie() {
    on_stack(async |stack| {
        let casier = builder(stack).build().unwrap();
        let token = token(stack);
        let (bearer, cookie) = (format!("Bearer {token}"), format!("__session={token}"));
        for header in [
            ("Authorization", bearer.as_str()),
            ("Authorization", token.as_str()),
            ("X-Clerk-Auth-Token", token.as_str()),
            ("Cookie", cookie.as_str()),
        ] {
            let session = request(&casier, "GET", &[header]).await.unwrap();
            assert_eq!(session.user().user_id, "user_1", "{}", header.0);
        }

        let forged = [("Cookie", cookie.as_str()), ("Origin", "https://evil.example")];
        let error = request(&casier, "POST", &forged).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CrossSiteRequest);
        let own = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "same-origin")];
        assert!(request(&casier, "POST", &own).await.is_ok());

        let error = request(&casier, "GET", &[]).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::TokenMissing, 401));
        // The first source that is there decides: a bad bearer is not saved by a good cookie.
        let headers = [("Authorization", "Bearer a.b.c"), ("Cookie", cookie.as_str())];
        let error = request(&casier, "GET", &headers).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenInvalid);
    })
    .await;
}

#[tokio::test]
async fn only_a_header_may_bring_a_token_without_its_party() {
    on_stack(async |stack| {
        let casier = builder(stack)
            .set(Setting::AuthorizedParties, "https://app.example")
            .set(Setting::AllowMissingAzp, "true")
            .build()
            .unwrap();
        let token = token(stack);
        assert!(casier.authenticate(&token).await.is_ok());
        let (bearer, cookie) = (format!("Bearer {token}"), format!("__session={token}"));
        assert!(request(&casier, "GET", &[("Authorization", &bearer)]).await.is_ok());
        let error = request(&casier, "GET", &[("Cookie", &cookie)]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenInvalidAuthorizedParties);
    })
    .await;
}

#[tokio::test]
async fn a_given_pem_key_needs_no_network() {
    on_stack(async |stack| {
        let pem = stack.issuer().key().unwrap().public_pem().unwrap();
        let casier = builder(stack).set(Setting::JwtKey, pem).build().unwrap();
        assert!(casier.authenticate(&token(stack)).await.is_ok());
        assert_eq!(stack.issuer().jwks_fetches(), 0);
    })
    .await;
}

#[tokio::test]
async fn fetched_keys_serve_every_later_token() {
    on_stack(async |stack| {
        let casier = builder(stack).build().unwrap();
        for _ in 0..20 {
            casier.clone().authenticate(&token(stack)).await.unwrap();
        }
        assert_eq!(stack.issuer().jwks_fetches(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_further_issuer_has_users_of_its_own() {
    on_stack(async |stack| {
        let second = Issuer::start(0).await.unwrap();
        let folder = Folder::new();
        let table = format!(
            "[[issuer]]\nissuer = '{}'\nnamespace = 'partner'\naudience = ['api']\n",
            second.url()
        );
        let path = folder.write("casier.toml", table.as_bytes());
        let path = path.to_str().unwrap();
        let casier = builder(stack).set(Setting::ConfigFile, path).build().unwrap();

        let mut asked = MintRequest::new("user_1");
        let error = casier.authenticate(&second.mint(&asked).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenInvalidAudience);
        asked.claims.insert("aud".to_owned(), "api".into());
        let theirs = casier.authenticate(&second.mint(&asked).unwrap()).await.unwrap();
        let ours = casier.authenticate(&token(stack)).await.unwrap();

        assert_eq!(theirs.user().user_id, "partner::user_1");
        assert_eq!(ours.user().user_id, "user_1");
        assert_eq!(theirs.files().unwrap().scope().prefix(), "user_partner.3A.3Auser_1/");
        assert!(!theirs.owns("user_1") && theirs.owns("partner::user_1"));
        second.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn a_session_answers_and_refuses() {
    on_stack(async |stack| {
        let casier = builder(stack).build().unwrap();
        let asked = MintRequest::new("user_1").with_tier("pro").with_role("manager");
        let token = stack.mint(&asked).unwrap();
        let session = casier.authenticate(&token).await.unwrap();

        assert!(session.has_subscription("basic") && session.has_subscription("pro"));
        let error = session.require_subscription("premium").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SubscriptionRequired);
        assert_eq!(error.details().required.as_deref(), Some("premium"));
        assert_eq!(error.details().actual.as_deref(), Some("pro"));
        assert!(session.has_role("user") && session.has_role("manager"));
        assert_eq!(session.require_role("admin").unwrap_err().kind(), ErrorKind::RoleRequired);
        assert!(session.has_feature("books") && !session.has_feature("videos"));
        assert_eq!(session.require_owner("user_10").unwrap_err().kind(), ErrorKind::NotOwner);
        assert!(session.require_owner("user_1").is_ok());
        // A name that nobody has is a mistake of the application, and opens nothing.
        let error = session.require_subscription("gold").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(!session.has_subscription("gold"));

        let shown = format!("{session:?} {casier:?}");
        assert!(!shown.contains(token.split('.').nth(1).unwrap()), "a token is shown");
        assert!(!shown.contains(stack.secret_access_key()), "a secret key is shown");
    })
    .await;
}

#[tokio::test]
async fn server_code_reaches_the_same_files_as_their_user() {
    on_stack(async |stack| {
        let casier = builder(stack).build().unwrap();
        let session = casier.authenticate(&token(stack)).await.unwrap();
        let job = casier.storage_for("user_1").unwrap();
        let bytes = b"made by a job".as_slice();
        let stored = job
            .upload_file_object(bytes, "report.txt", "document", Default::default())
            .await
            .unwrap();
        assert_eq!(
            session.files().unwrap().read(&stored.key, Default::default()).await.unwrap(),
            "made by a job"
        );
        let error = casier.storage_for("").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidUserId);
    })
    .await;
}

#[tokio::test]
async fn a_tier_limits_the_session_and_not_server_code() {
    on_stack(async |stack| {
        let casier = builder(stack).build().unwrap();
        let session = casier.authenticate(&token(stack)).await.unwrap();
        let mut week = LinkOptions::default();
        week.expires_in = Some(604_800);
        let key = "user_user_1/files/a.txt";
        let link = session.files().unwrap().presigned_url(key, week.clone()).await.unwrap();
        assert_eq!(link.expires_in, 3600);
        let job = casier.storage_for("user_1").unwrap();
        assert_eq!(job.presigned_url(key, week).await.unwrap().expires_in, 604_800);
    })
    .await;
}
