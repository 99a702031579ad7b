//! Headers and payloads that are signed after their mutation, so that what lies behind the
//! signature is reached. An input is two bytes that choose the rules and the time, the header, a
//! NUL and the payload.
#![no_main]

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use casier::access::{Action, Facts, Policy, Requirement, Reverification};
use casier::token::{
    Algorithm, IssuerConfig, Issuers, KeySource, TokenSource, TokenVerifier, User, VerifiedToken,
};
use casier_fuzz::keys::{KEYS, Sort};
use casier_fuzz::model::{self, Signed};
use casier_fuzz::quiet::assert_quiet;
use casier_fuzz::{ISSUER, NOW, at, counts, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use serde_json::Value;

static VERIFIERS: LazyLock<Vec<Verifiers>> = LazyLock::new(verifiers);
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::builtin()));

type Verdict = casier::Result<VerifiedToken>;

/// What a token is refused with before its signature is right.
const BEFORE_THE_CLAIMS: [&str; 4] = [
    "token-invalid-algorithm",
    "token-invalid-issuer",
    "token-invalid-signature",
    "jwk-kid-mismatch",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mutated = (!seed.is_multiple_of(8)).then(|| mutate::mutated(&data[..size], seed)).flatten();
    match mutated.filter(|mutated| mutated.len() <= max_size) {
        Some(mutated) => {
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

fuzz_target!(|data: &[u8]| {
    let Some(([options, seconds], header, payload)) = mutate::split(data) else { return };
    let source = if options & 1 == 0 { TokenSource::Header } else { TokenSource::Cookie };
    let verifiers = &VERIFIERS[usize::from(options >> 1) % VERIFIERS.len()];
    let now = NOW.wrapping_add_signed(i64::from(seconds as i8));
    let sort = sort_of(header);
    let token = KEYS.token(sort, header, payload);
    let signed = Signed { token: &token, header, payload, sort };

    let is_right = model::reaches_the_claims(&signed, &verifiers.issuer);
    counts::count(is_right);
    let verdict = verifiers.plain.verify(&token, at(now), source);
    let expected = model::accepts(&signed, &verifiers.issuer, now, source);
    match &verdict {
        Ok(verified) => {
            assert!(expected, "accepted against the rules");
            model::assert_faithful(verified, &signed, &verifiers.issuer, &POLICY);
            assert_all_parts_count(verified.user());
        }
        Err(error) => {
            assert!(!expected, "refused against the rules: {error}");
            assert!(!(is_right && BEFORE_THE_CLAIMS.contains(&error.code())), "{error}");
            assert_quiet(error, &token);
        }
    }
    verifiers.assert_agreed(&verdict, &token, now, source);
    if verdict.is_ok() {
        assert_bound(verifiers, &token, now, source, data);
    }
});

/// The same rules with and without the cache of verified tokens, and by way of the issuer.
struct Verifiers {
    issuer: IssuerConfig,
    plain: TokenVerifier,
    cached: TokenVerifier,
    issuers: Issuers,
}

impl Verifiers {
    fn new(mut issuer: IssuerConfig) -> Self {
        let verifier = |issuer: &IssuerConfig| {
            TokenVerifier::new(issuer.clone(), POLICY.clone()).expect("a good configuration")
        };
        let cached = verifier(&issuer);
        let issuers = Issuers::new(vec![issuer.clone()], POLICY.clone());
        issuer.token_cache = false;
        Self {
            plain: verifier(&issuer),
            cached,
            issuers: issuers.expect("a good configuration"),
            issuer,
        }
    }

    /// All give the verdict of the plain one: the first time, from the cache, and at other times and
    /// from the other source once it is there.
    fn assert_agreed(&self, verdict: &Verdict, token: &str, now: u64, source: TokenSource) {
        for _ in 0..2 {
            assert_same(verdict, &self.cached.verify(token, at(now), source));
            assert_same(verdict, &self.of_issuers(token, now, source));
        }
        if verdict.is_err() {
            return;
        }
        let other = match source {
            TokenSource::Header => TokenSource::Cookie,
            _ => TokenSource::Header,
        };
        for (now, source) in [(now - 70, source), (now + 70, source), (now, other)] {
            let verdict = self.plain.verify(token, at(now), source);
            assert_same(&verdict, &self.cached.verify(token, at(now), source));
            assert_same(&verdict, &self.of_issuers(token, now, source));
        }
    }

    /// With keys that are given there is nothing to wait for.
    fn of_issuers(&self, token: &str, now: u64, source: TokenSource) -> Verdict {
        let mut answer = pin!(self.issuers.verify(token, at(now), source));
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(verdict) => verdict,
            Poll::Pending => panic!("it waits"),
        }
    }
}

fn assert_same(one: &Verdict, other: &Verdict) {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.user(), other.user());
            assert_eq!(one.expires_at(), other.expires_at());
            assert_eq!(one.key_id(), other.key_id());
        }
        (Err(one), Err(other)) => assert_eq!(one.code(), other.code()),
        _ => panic!("two verdicts on one token: {one:?}, {other:?}"),
    }
}

/// No token but the signed one verifies: one character is changed, by the input's own bytes.
fn assert_bound(verifiers: &Verifiers, token: &str, now: u64, source: TokenSource, data: &[u8]) {
    let sum = data.iter().fold(data.len(), |sum, byte| sum.wrapping_mul(31) ^ usize::from(*byte));
    let mut forged = token.as_bytes().to_vec();
    let place = sum % forged.len();
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    let verdict = verifiers.cached.verify(&forged, at(now), source);
    assert!(verdict.is_err(), "a forged token is accepted: {forged}");
}

/// `has` grants several things together only where it grants each of them.
fn assert_all_parts_count(user: &User) {
    let any = Requirement::default;
    let parts = [
        any().with_role("org:admin"),
        any().with_permission("org:dashboard:read"),
        any().with_feature("dashboard"),
        any().with_plan("u:pro"),
        any().with_reverification(Reverification::strict()),
    ];
    let all = any()
        .with_role("org:admin")
        .with_permission("org:dashboard:read")
        .with_feature("dashboard")
        .with_plan("u:pro")
        .with_reverification(Reverification::strict());
    let has = |wanted: Requirement| {
        POLICY.decide(user, &Action::Has(wanted), &Facts::default(), at(NOW)).is_allowed()
    };
    assert!(!has(any()), "nothing asked for is granted");
    let has_each = parts.map(has);
    assert_eq!(has(all), has_each == [true; 5]);
    let has_organization = user.organization.is_some();
    assert!(has_organization || !(has_each[0] || has_each[1]), "granted without an organization");
}

/// The key for the algorithm that the header names, so that most mutations keep a right signature.
fn sort_of(header: &[u8]) -> Sort {
    let header = serde_json::from_slice::<Value>(header).unwrap_or_default();
    Sort::of_algorithm(header["alg"].as_str())
}

fn verifiers() -> Vec<Verifiers> {
    let jwks = || KeySource::Jwks(KEYS.jwks());
    let verifiers = |keys, change: fn(&mut IssuerConfig)| {
        let mut issuer = IssuerConfig::new(ISSUER, keys);
        issuer.algorithms = vec![Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];
        change(&mut issuer);
        Verifiers::new(issuer)
    };
    vec![
        verifiers(jwks(), |_| {}),
        verifiers(jwks(), |own| {
            own.authorized_parties = vec![String::new(), "https://app.example.com".to_owned()];
        }),
        verifiers(jwks(), |own| {
            own.authorized_parties = vec!["https://app.example.com".to_owned()];
            own.allow_missing_azp = true;
            own.audience = vec!["app".to_owned(), "api".to_owned()];
        }),
        verifiers(jwks(), |own| {
            own.namespace = Some("acme".to_owned());
            own.audience = vec!["app".to_owned()];
            own.clock_skew = Duration::ZERO;
        }),
        verifiers(jwks(), |own| {
            own.public_metadata_claim = Some("claim".to_owned());
            own.token_types = vec!["at+jwt".to_owned(), "JWT".to_owned()];
        }),
        verifiers(KeySource::Jwk(KEYS.jwk(Sort::Ed25519).to_string()), |own| {
            own.clock_skew = Duration::from_secs(300);
        }),
    ]
}
