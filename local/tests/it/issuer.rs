use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casier_local::{Issuer, MintRequest, TokenFault};
use serde_json::{Value, json};

use crate::http::{get, post, send};
use crate::jwt;

const JWKS: &str = "/.well-known/jwks.json";

async fn jwks(issuer: &Issuer) -> Value {
    let reply = get(issuer.url(), JWKS).await;
    assert_eq!(reply.status, 200);
    reply.json()
}

#[tokio::test]
async fn a_token_minted_over_http_is_signed_by_the_published_key() {
    let issuer = Issuer::start(0).await.unwrap();
    let body = json!({"user_id": "user_1", "tier": "pro", "role": "admin", "azp": "http://a.test"});
    let reply = post(issuer.url(), "/mint", issuer.mint_bearer(), &body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let token = jwt::parse(reply.json()["token"].as_str().unwrap());

    assert!(token.is_genuine(&jwks(&issuer).await));
    assert_eq!(token.header["alg"], "RS256");
    assert_eq!(token.header["typ"], "JWT");
    assert_eq!(token.header["cat"], "cl_B7d4PD111AAA");
    assert_eq!(token.claims["iss"], issuer.url());
    assert_eq!(token.claims["sub"], "user_1");
    assert_eq!(token.claims["v"], 2);
    assert_eq!(token.claims["azp"], "http://a.test");
    assert_eq!(token.claims["public_metadata"], json!({"subscription": "pro", "role": "admin"}));
    let [exp, iat] = ["exp", "iat"].map(|name| token.claims[name].as_i64().unwrap());
    assert_eq!(exp - iat, 60);
    issuer.shutdown().await;
}

#[tokio::test]
async fn discovery_names_the_issuer_and_its_keys() {
    let issuer = Issuer::start(0).await.unwrap();
    let reply = get(issuer.url(), "/.well-known/openid-configuration").await;
    assert_eq!(reply.json()["issuer"], issuer.url());
    assert_eq!(reply.json()["jwks_uri"], format!("{}{JWKS}", issuer.url()));
    assert!(!reply.head.contains("access-control"));
    assert_eq!(get(issuer.url(), "/").await.status, 404);
}

#[tokio::test]
async fn every_start_has_its_own_key_and_bearer() {
    let one = Issuer::start(0).await.unwrap();
    let two = Issuer::start(0).await.unwrap();
    assert_ne!(jwks(&one).await, jwks(&two).await);
    assert_ne!(one.mint_bearer(), two.mint_bearer());
    let reply = post(one.url(), "/mint", two.mint_bearer(), r#"{"user_id":"user_1"}"#).await;
    assert_eq!(reply.status, 401);
    assert!(reply.head.contains("www-authenticate: bearer"));
}

#[tokio::test]
async fn minting_is_closed_to_pages_and_rebound_names() {
    let issuer = Issuer::start(0).await.unwrap();
    let host = issuer.url().strip_prefix("http://").unwrap().to_owned();
    let bearer = issuer.mint_bearer().to_owned();
    let attempt = |method: &str, host: &str, extra: &str| {
        let body = r#"{"user_id":"user_1"}"#;
        format!(
            "{method} /mint HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             authorization: Bearer {bearer}\r\ncontent-type: application/json\r\n{extra}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let cases = [
        ("POST", host.as_str(), "", 200),
        ("POST", "rebound.example", "", 403),
        ("POST", &host, "origin: https://evil.example\r\n", 403),
        ("POST", &host, "sec-fetch-site: cross-site\r\n", 403),
        ("OPTIONS", &host, "origin: https://evil.example\r\n", 403),
        ("OPTIONS", &host, "", 405),
        ("GET", &host, "", 405),
    ];
    for (method, host, extra, status) in cases {
        let reply = send(issuer.url(), attempt(method, host, extra).as_bytes()).await;
        assert_eq!(reply.status, status, "{method} {host} {extra}");
        assert!(!reply.head.contains("access-control"), "{}", reply.head);
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_strict() {
    let issuer = Issuer::start(0).await.unwrap();
    let mint = async |body: &str| post(issuer.url(), "/mint", issuer.mint_bearer(), body).await;
    let cases = [
        ("", 400),
        ("{}", 400),
        ("[]", 400),
        (r#"{"user_id":"u","surprise":1}"#, 400),
        (r#"{"user_id":"u","user_id":"v"}"#, 400),
        (r#"{"user_id":"u","version":3}"#, 400),
        (r#"{"user_id":"u","fault":"no-such-fault"}"#, 400),
        (r#"{"user_id":"u","version":1,"plans":["u:pro"]}"#, 400),
        (r#"{"user_id":"u","kid":"unheard-of"}"#, 400),
        (r#"{"user_id":"u","ttl":9223372036854775807}"#, 400),
        (r#"{"user_id":"u","raw_payload":"{}","fault":"expired"}"#, 400),
    ];
    for (body, status) in cases {
        let reply = mint(body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.body);
        assert!(reply.json()["error"].is_string());
    }
    let long = format!(r#"{{"user_id":"{}"}}"#, "u".repeat(300 * 1024));
    assert_eq!(mint(&long).await.status, 413);
}

#[tokio::test]
async fn exact_bytes_are_signed_as_they_stand() {
    let issuer = Issuer::start(0).await.unwrap();
    let payload = r#"{ "sub":"a", "sub":"b" }"#;
    let request = MintRequest { raw_payload: Some(payload.into()), ..MintRequest::new("user_1") };
    let token = jwt::parse(&issuer.mint(&request).unwrap());
    assert_eq!(token.payload, payload);
    assert!(token.is_genuine(&jwks(&issuer).await));

    let request = MintRequest {
        omit: vec!["nbf".into()],
        claims: json!({"exp": 1e300, "extra": null}).as_object().unwrap().clone(),
        header: json!({"kid": 7}).as_object().unwrap().clone(),
        ..MintRequest::new("user_1")
    };
    let token = jwt::parse(&issuer.mint(&request).unwrap());
    assert_eq!(token.header["kid"], 7);
    assert_eq!(token.claims.get("nbf"), None);
    assert_eq!(token.claims["exp"], 1e300);
    assert_eq!(token.claims["extra"], Value::Null);
}

#[tokio::test]
async fn rotation_replaces_or_joins_the_keys() {
    let issuer = Issuer::start(0).await.unwrap();
    let old = issuer.mint(&MintRequest::new("user_1")).unwrap();
    let first = issuer.key().unwrap().id().to_owned();

    let added = issuer.add_key().unwrap();
    let both = jwks(&issuer).await;
    assert_eq!(both["keys"].as_array().unwrap().len(), 2);
    assert!(jwt::parse(&old).is_genuine(&both));
    let by_newest = jwt::parse(&issuer.mint(&MintRequest::new("user_1")).unwrap());
    assert_eq!(by_newest.header["kid"], added);
    let by_first = MintRequest { kid: Some(first.clone()), ..MintRequest::new("user_1") };
    assert_eq!(jwt::parse(&issuer.mint(&by_first).unwrap()).header["kid"], first);

    let reply = post(issuer.url(), "/rotate", issuer.mint_bearer(), "{}").await;
    let kid = reply.json()["kid"].clone();
    let keys = jwks(&issuer).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["kid"], kid);
    assert!(!jwt::parse(&old).is_genuine(&keys));
    assert_eq!(post(issuer.url(), "/rotate", "wrong", "{}").await.status, 401);
}

#[tokio::test]
async fn the_key_set_can_fail_and_counts_its_fetches() {
    let issuer = Issuer::start(0).await.unwrap();
    assert_eq!(issuer.jwks_fetches(), 0);
    jwks(&issuer).await;
    issuer.fail_jwks(Some(503));
    assert_eq!(get(issuer.url(), JWKS).await.status, 503);
    issuer.fail_jwks(None);
    jwks(&issuer).await;
    assert_eq!(issuer.jwks_fetches(), 3);
}

/// Each fault alone: everything else about the token stays sound.
#[tokio::test]
async fn faults_are_what_they_say() {
    let issuer = Issuer::start(0).await.unwrap();
    let keys = jwks(&issuer).await;
    let now = SystemTime::now();
    let seconds = i64::try_from(now.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    for &fault in TokenFault::ALL {
        let request = MintRequest { ttl: 7200, ..MintRequest::new("user_1").with_fault(fault) };
        let token = issuer.mint_at(&request, now).unwrap();
        let token = jwt::parse(&token);
        let genuine = token.is_genuine(&keys);
        let signed_falsely = matches!(
            fault,
            TokenFault::OtherKey
                | TokenFault::UnknownKid
                | TokenFault::TamperedPayload
                | TokenFault::TamperedSignature
                | TokenFault::AlgNone
                | TokenFault::AlgHs256PublicKey
                | TokenFault::AlgMismatch
        );
        assert_eq!(genuine, !signed_falsely, "{fault:?}");
        let time = |name: &str| token.claims[name].as_i64().unwrap() - seconds;
        let sound = !genuine
            || matches!(fault, TokenFault::MissingExp | TokenFault::StringExp)
            || (time("exp") > 0 && time("iat") <= 0 && time("nbf") <= 0);
        let wrong_time = matches!(
            fault,
            TokenFault::Expired | TokenFault::NotYetValid | TokenFault::IssuedInTheFuture
        );
        assert_eq!(sound, !wrong_time, "{fault:?}");
        match fault {
            TokenFault::Expired => assert_eq!(time("exp"), -3600),
            TokenFault::NotYetValid => assert!(time("nbf") > 3000 && time("iat") <= 0),
            TokenFault::IssuedInTheFuture => assert!(time("iat") == 3600 && time("nbf") <= 0),
            TokenFault::OtherKey => assert_eq!(token.header["kid"], keys["keys"][0]["kid"]),
            TokenFault::UnknownKid => assert_eq!(token.header["kid"], "ins_unknown"),
            TokenFault::OtherIssuer => assert_ne!(token.claims["iss"], issuer.url()),
            TokenFault::TamperedPayload => assert_eq!(token.claims["sub"], "user_intruder"),
            TokenFault::AlgNone => assert!(token.signature.is_empty()),
            TokenFault::AlgHs256PublicKey => assert_eq!(token.signature.len(), 32),
            TokenFault::AlgLowercase => assert_eq!(token.header["alg"], "rs256"),
            TokenFault::AlgMismatch => assert_eq!(token.header["alg"], "RS512"),
            TokenFault::MissingExp => assert_eq!(token.claims.get("exp"), None),
            TokenFault::MissingSub => assert_eq!(token.claims.get("sub"), None),
            TokenFault::StringExp => assert!(token.claims["exp"].is_string()),
            TokenFault::DuplicateClaim => assert_eq!(token.payload.matches(r#""sub":"#).count(), 2),
            TokenFault::Crit => assert_eq!(token.header["crit"][0], "urn:casier:unknown"),
            TokenFault::TemplateCategory => assert_eq!(token.header["cat"], "cl_B7d4PD222AAA"),
            TokenFault::MachineCategory => assert_eq!(token.claims["sub"], "mch_local"),
            TokenFault::PendingSession => assert_eq!(token.claims["sts"], "pending"),
            TokenFault::AccessTokenType => assert_eq!(token.header["typ"], "at+jwt"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn shutting_down_frees_the_port_and_closes_connections() {
    let issuer = Issuer::start(0).await.unwrap();
    let url = issuer.url().to_owned();
    let address = url.strip_prefix("http://").unwrap().to_owned();
    let mut idle = tokio::net::TcpStream::connect(&address).await.unwrap();
    get(&url, JWKS).await;
    issuer.shutdown().await;
    let mut rest = Vec::new();
    let closed = tokio::io::AsyncReadExt::read_to_end(&mut idle, &mut rest);
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.is_ok(), "the idle connection stayed open");

    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let again = Issuer::start(port).await.unwrap();
    assert_eq!(again.url(), url);
    let busy = Issuer::start(port).await.unwrap_err();
    assert!(busy.to_string().contains(&address), "{busy}");
}
