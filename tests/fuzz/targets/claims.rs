//! Headers and payloads that are signed after their mutation, so that what lies behind the
//! signature is reached. An input is two bytes that choose the rules and the time, the header, a
//! NUL and the payload.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use casier::access::{Action, Facts, Policy, Requirement, Reverification};
use casier::token::{Algorithm, IssuerConfig, KeySource, TokenSource, TokenVerifier, User};
use casier_fuzz::keys::{KEYS, Sort};
use casier_fuzz::model::{self, Signed};
use casier_fuzz::quiet::assert_quiet;
use casier_fuzz::{ISSUER, NOW, at, counts, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use serde_json::Value;

static VERIFIERS: LazyLock<Vec<(IssuerConfig, TokenVerifier)>> = LazyLock::new(verifiers);
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::builtin()));

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
    let (issuer, verifier) = &VERIFIERS[usize::from(options >> 1) % VERIFIERS.len()];
    let now = NOW.wrapping_add_signed(i64::from(seconds as i8));
    let sort = sort_of(header);
    let token = KEYS.token(sort, header, payload);
    let signed = Signed { token: &token, header, payload, sort };

    let verdict = verifier.verify(&token, at(now), source);
    let again = verifier.verify(&token, at(now), source);
    let expected = model::accepts(&signed, issuer, now, source);
    counts::count(model::reaches_the_claims(&signed, issuer));
    match (&verdict, &again) {
        (Ok(verified), Ok(again)) => {
            assert!(expected, "accepted against the rules");
            assert_eq!(verified.user(), again.user());
            model::assert_faithful(verified, &signed, issuer, &POLICY);
            assert_all_parts_count(verified.user());
        }
        (Err(error), Err(again)) => {
            assert!(!expected, "refused against the rules: {error}");
            assert_eq!(error.code(), again.code());
            let is_early = BEFORE_THE_CLAIMS.contains(&error.code());
            assert!(!(is_early && model::reaches_the_claims(&signed, issuer)), "{error}");
            assert_quiet(error, &token);
        }
        _ => panic!("two verdicts on one token"),
    }
    assert_bound(verifier, &token, now, source, data);
});

/// No token but the signed one verifies: one character is changed, by the input's own bytes.
fn assert_bound(verifier: &TokenVerifier, token: &str, now: u64, source: TokenSource, data: &[u8]) {
    let sum = data.iter().fold(data.len(), |sum, byte| sum.wrapping_mul(31) ^ usize::from(*byte));
    if !sum.is_multiple_of(4) {
        return;
    }
    let mut forged = token.as_bytes().to_vec();
    let place = (sum / 4) % forged.len();
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    let verdict = verifier.verify(&forged, at(now), source);
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

fn verifiers() -> Vec<(IssuerConfig, TokenVerifier)> {
    let jwks = || KeySource::Jwks(KEYS.jwks());
    let config = |keys, change: fn(&mut IssuerConfig)| {
        let mut config = IssuerConfig::new(ISSUER, keys);
        config.algorithms = vec![Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];
        change(&mut config);
        let verifier = TokenVerifier::new(config.clone(), POLICY.clone());
        (config, verifier.expect("a configuration that is accepted"))
    };
    vec![
        config(jwks(), |_| {}),
        config(jwks(), |own| {
            own.authorized_parties = vec![String::new(), "https://app.example.com".to_owned()];
        }),
        config(jwks(), |own| {
            own.authorized_parties = vec!["https://app.example.com".to_owned()];
            own.allow_missing_azp = true;
            own.audience = vec!["app".to_owned(), "api".to_owned()];
        }),
        config(jwks(), |own| {
            own.namespace = Some("acme".to_owned());
            own.audience = vec!["app".to_owned()];
            own.clock_skew = Duration::ZERO;
        }),
        config(jwks(), |own| {
            own.public_metadata_claim = Some("claim".to_owned());
            own.token_types = vec!["at+jwt".to_owned(), "JWT".to_owned()];
        }),
        config(KeySource::Jwk(KEYS.jwk(Sort::Ed25519).to_string()), |own| {
            own.clock_skew = Duration::from_secs(300);
        }),
    ]
}
