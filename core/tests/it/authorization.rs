//! What a session grants by the claims of its token, whatever stands in them.

use std::time::{Duration, SystemTime};

use casier::access::{Requirement, Reverification};
use casier::{Casier, Session};
use casier_local::{LocalStack, MintRequest};
use serde_json::{Value, json};

/// A stack and a `Casier` over it.
struct Bench {
    stack: LocalStack,
    casier: Casier,
}

async fn on_bench(test: impl AsyncFnOnce(&Bench)) {
    let limited = tokio::time::timeout(Duration::from_secs(120), async {
        let stack = LocalStack::start().await.unwrap();
        let variables = stack.env().into_iter().map(|(name, value)| (name.into(), value.into()));
        let variables: Vec<_> = variables.collect();
        let casier = Casier::builder().variables(variables).unwrap().build().unwrap();
        let bench = Bench { stack, casier };
        test(&bench).await;
        bench.stack.shutdown().await;
    });
    limited.await.expect("the test takes too long");
}

impl Bench {
    fn token(&self, claims: &Value) -> String {
        let mut asked = MintRequest::new("ada");
        asked.sid = Some("sess_1".to_owned());
        for (name, value) in claims.as_object().unwrap() {
            asked.claims.insert(name.clone(), value.clone());
        }
        self.stack.mint(&asked).unwrap()
    }

    async fn session(&self, claims: Value) -> Session {
        self.casier.authenticate(&self.token(&claims)).await.unwrap()
    }
}

/// The claims of version 2 of an administrator.
fn admin() -> Value {
    json!({
        "v": 2, "fea": "o:teams,u:beta", "pla": "u:pro,o:team",
        "o": {"id": "org_1", "rol": "admin", "per": "read,manage", "fpm": "3,0"},
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut claims = admin();
    *claims.pointer_mut(path).unwrap() = value;
    claims
}

fn permissions(session: &Session) -> Vec<String> {
    let organization = session.user().organization.clone();
    organization.map(|active| active.permissions).unwrap_or_default()
}

/// Attack 44. The parts of `has` hold one by one, and fail together with one of them.
#[tokio::test]
async fn every_condition_must_hold() {
    on_bench(async |bench| {
        let session = bench.session(admin()).await;
        let all = Requirement::default()
            .with_role("org:admin")
            .with_permission("org:teams:manage")
            .with_feature("org:teams")
            .with_plan("user:pro")
            .with_reverification(Reverification::lax());
        assert!(session.has(&all));
        for (bad, code) in [
            (all.clone().with_role("member"), "role-required"),
            (all.clone().with_permission("teams:delete"), "permission-required"),
            (all.clone().with_feature("user:teams"), "feature-required"),
            (all.clone().with_plan("org:pro"), "plan-required"),
        ] {
            assert_eq!(session.require(&bad).unwrap_err().code(), code);
        }
        let mut long_ago = admin();
        long_ago["fva"] = json!([0, 2_000]);
        let session = bench.session(long_ago).await;
        assert_eq!(session.require(&all).unwrap_err().code(), "reverification-required");
        let nothing = session.require(&Requirement::default()).unwrap_err();
        assert_eq!(nothing.code(), "invalid-request");
    })
    .await;
}

/// Attack 45.
#[tokio::test]
async fn malformed_claims_grant_nothing() {
    on_bench(async |bench| {
        let odd = [json!(1), json!(true), json!([]), json!({}), json!(["u:pro"]), json!("")];
        for value in &odd {
            let session = bench.session(with("/o/rol", value.clone())).await;
            assert!(!session.has(&Requirement::default().with_role("admin")), "{value}");
            let session = bench.session(with("/o/per", value.clone())).await;
            assert_eq!(permissions(&session), Vec::<String>::new(), "{value}");
            let session = bench.session(with("/fea", value.clone())).await;
            assert!(!session.has_permission("teams:read"), "{value}");
            assert!(!session.has_feature("teams") && !session.has_feature("beta"), "{value}");
            let session = bench.session(with("/pla", value.clone())).await;
            assert!(!session.has_plan("pro") && !session.has_subscription("basic"), "{value}");
            let session = bench.session(with("/o", value.clone())).await;
            assert!(session.user().organization.is_none(), "{value}");
            assert!(!session.has_permission("teams:read"), "{value}");
        }
        // One element without a scope, and the claim is not understood.
        let session = bench.session(with("/pla", json!("u:pro,team"))).await;
        assert!(!session.has_plan("pro") && !session.has_plan("team"));
        for fva in [
            json!(null),
            json!([0]),
            json!([0, 0, 0]),
            json!(["0", "0"]),
            json!([-0.5, 0]),
            json!([-2, 0]),
            json!({}),
            json!(0),
            json!("0,0"),
            json!([0, 1e300]),
        ] {
            let mut claims = admin();
            claims["fva"] = fva.clone();
            let session = bench.session(claims).await;
            let lax = Requirement::default().with_reverification(Reverification::lax());
            assert_eq!(session.user().factor_verification_age, None, "{fva}");
            assert!(!session.has(&lax), "{fva}");
        }
    })
    .await;
}

/// Attack 46. Attack 47.
#[tokio::test]
async fn masks_are_exact_or_nothing() {
    on_bench(async |bench| {
        let names: Vec<String> = (0..60).map(|place| format!("p{place}")).collect();
        let mut claims = with("/o/per", json!(names.join(",")));
        for (mask, granted) in [
            ("9007199254740993", vec!["org:teams:p0", "org:teams:p53"]),
            ("9007199254740992", vec!["org:teams:p53"]),
            ("1152921504606846976", vec![]), // bit 60, past the list
            ("18446744073709551617", vec!["org:teams:p0"]),
            ("-1", vec![]),
            ("3.0", vec![]),
            ("0x3", vec![]),
            ("1e1", vec![]),
            ("３", vec![]),
            ("", vec![]),
        ] {
            claims["o"]["fpm"] = json!(mask);
            assert_eq!(permissions(&bench.session(claims.clone()).await), granted, "{mask}");
        }
        for fpm in [json!(3), json!([3]), json!(null), json!({})] {
            let session = bench.session(with("/o/fpm", fpm.clone())).await;
            assert_eq!(permissions(&session), Vec::<String>::new(), "{fpm}");
        }
    })
    .await;
}

/// Attack 48.
#[tokio::test]
async fn a_users_features_do_not_shift_the_masks() {
    on_bench(async |bench| {
        let mut claims = with("/fea", json!("u:x,o:y,x:w,u:v,o:z"));
        claims["o"]["fpm"] = json!("3,1,3,3,2");
        let session = bench.session(claims).await;
        assert_eq!(permissions(&session), ["org:y:read", "org:z:manage"]);
    })
    .await;
}

/// Attack 49. Attack 50.
#[tokio::test]
async fn a_version_has_its_own_claims_and_an_unknown_one_none() {
    on_bench(async |bench| {
        let v1 = json!({
            "org_id": "org_9", "org_role": "org:admin", "org_permissions": ["org:teams:manage"],
        });
        let mut both = json!({"v": 2, "fea": "u:x", "o": null});
        both.as_object_mut().unwrap().extend(v1.as_object().unwrap().clone());
        let session = bench.session(both.clone()).await;
        assert!(session.user().organization.is_none());
        assert!(!session.has_permission("teams:manage"));
        for version in [json!(3), json!("2"), json!(0), json!(2.5), json!([2]), json!(null)] {
            let mut claims = admin();
            claims.as_object_mut().unwrap().extend(v1.as_object().unwrap().clone());
            claims["v"] = version.clone();
            claims["fva"] = json!([0, 0]);
            let session = bench.session(claims).await;
            let user = session.user();
            assert!(user.organization.is_none(), "{version}");
            assert!(user.features.is_empty() && user.plans.is_empty(), "{version}");
            assert_eq!(user.factor_verification_age, None, "{version}");
            assert!(!session.has_plan("pro") && !session.has_permission("teams:manage"));
        }
    })
    .await;
}

/// Attack 53.
#[tokio::test]
async fn a_plan_is_its_whole_name_in_its_scope() {
    on_bench(async |bench| {
        let session = bench.session(with("/pla", json!("u:pro_plus,o:team"))).await;
        assert!(session.has_plan("pro_plus") && session.has_plan("org:team"));
        for plan in ["pro", "plus", "pro_plus,team", "u:team", "o:pro_plus", "x:team", "", "team "]
        {
            assert_eq!(session.require_plan(plan).unwrap_err().code(), "plan-required", "{plan}");
        }
        let session = bench.session(with("/pla", json!("x:team,uo:both"))).await;
        assert!(!session.has_plan("team"));
        assert!(session.has_plan("u:both") && session.has_plan("o:both"));
    })
    .await;
}

#[tokio::test]
async fn what_is_revoked_is_refused_at_once() {
    on_bench(async |bench| {
        let token = bench.token(&admin());
        assert!(bench.casier.authenticate(&token).await.is_ok());
        assert!(bench.casier.authenticate(&token).await.is_ok(), "from what is remembered");
        bench.casier.revoke("sess_1").await.unwrap();
        for token in [&token, &bench.token(&admin())] {
            let error = bench.casier.authenticate(token).await.unwrap_err();
            assert_eq!((error.code(), error.status()), ("session-revoked", 401));
        }
        let other = bench.token(&json!({"sid": "sess_2"}));
        assert!(bench.casier.authenticate(&other).await.is_ok());
        bench.casier.revoke_user("ada", SystemTime::now()).await.unwrap();
        let error = bench.casier.authenticate(&other).await.unwrap_err();
        assert_eq!(error.code(), "session-revoked");
        let ben = bench.stack.mint(&MintRequest::new("ben")).unwrap();
        assert!(bench.casier.authenticate(&ben).await.is_ok());
    })
    .await;
}
