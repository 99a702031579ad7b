//! The contests of one thread: tokens that nobody has seen, and tokens that come again.

use std::hint::black_box;
use std::time::SystemTime;

use casier::access::Policy;
use casier::token::{IssuerConfig, TokenSource, TokenVerifier, VerifierOptions};
use casier::{Casier, ErrorKind, Setting};
use serde_json::{Value, json};

use crate::Result;
use crate::mint::{ISSUER, Kind};
use crate::peers::{self, Raw};
use crate::rounds::{BATCH, Contest, Outcome, Turn, Wanted, threaded, timed};
use crate::server::serve_keys;

/// Tokens of which each comes once.
pub(crate) fn distinct(kind: &Kind, jwk: &Value, tokens: &[String]) -> Result<Outcome> {
    let algorithm = kind.algorithm;
    let contest = Contest::new(kind.title)
        .with("aws-lc-rs, the signature alone", Raw::new(algorithm, jwk)?.turn())
        .with("Casier, cache off", verify(verifier(algorithm, jwk, false)?))
        .wanting(kind.wanted.map(|[without, _]| Wanted::Ratio(without)))
        .with("Casier", verify(verifier(algorithm, jwk, true)?))
        .wanting(kind.wanted.map(|[_, with]| Wanted::Ratio(with)))
        .with("Casier, `authenticate`", authenticate(algorithm, jwk, &tokens[0])?)
        .with("jsonwebtoken", peers::jsonwebtoken(algorithm, jwk)?);
    Ok(contest.run(tokens.chunks_exact(BATCH)))
}

/// A thousand tokens that come again and again.
pub(crate) fn repeated(kind: &Kind, jwk: &Value, tokens: &[String]) -> Result<Outcome> {
    let (algorithm, again) = (kind.algorithm, &tokens[..1000]);
    let contest = Contest::new("RS256, tokens that come again")
        .with("aws-lc-rs, the signature alone", Raw::new(algorithm, jwk)?.turn())
        .with("Casier", verify(verifier(algorithm, jwk, true)?))
        .wanting(Some(Wanted::PerSecond(2e6)))
        .with("Casier, `authenticate`", authenticate(algorithm, jwk, &tokens[0])?);
    Ok(contest.run(std::iter::repeat_n(again, 100)))
}

/// Tokens of which each comes once, in one thread and in two: first what the machine makes of a
/// second thread, then what Casier does.
pub(crate) fn two_threads(kind: &Kind, jwk: &Value, tokens: &[String]) -> Result<[Outcome; 3]> {
    let raw = |count| -> Result<Turn<'_>> {
        let raw = Raw::new(kind.algorithm, jwk)?;
        Ok(Box::new(move |tokens| {
            threaded(count, &raw.prepare(tokens), |signed| raw.check(signed))
        }))
    };
    let casier = |count, has_cache| -> Turn<'_> {
        Box::new(move |tokens| {
            // A new one each time, since a batch comes twice.
            let verifier = verifier(kind.algorithm, jwk, has_cache).expect("it was built before");
            threaded(count, tokens, |tokens| accept(&verifier, tokens))
        })
    };
    let batches = || tokens.chunks_exact(16 * BATCH).chain(tokens.chunks_exact(16 * BATCH));
    let machine = Contest::new("RS256, the signature alone in two threads")
        .with("aws-lc-rs, one thread", raw(1)?)
        .with("aws-lc-rs, two threads", raw(2)?);
    let without = Contest::new("RS256, Casier in two threads, cache off")
        .with("Casier, one thread", casier(1, false))
        .with("Casier, two threads", casier(2, false));
    let with = Contest::new("RS256, Casier in two threads")
        .with("Casier, one thread", casier(1, true))
        .with("Casier, two threads", casier(2, true));
    Ok([machine.run(batches()), without.run(batches()), with.run(batches())])
}

/// Verifies each token once with a verifier that knows none of them.
pub(crate) fn pass(kind: &Kind, jwk: &Value, tokens: &[String], has_cache: bool) -> Result<()> {
    accept(&verifier(kind.algorithm, jwk, has_cache)?, tokens);
    Ok(())
}

fn verifier(algorithm: &str, jwk: &Value, has_cache: bool) -> Result<TokenVerifier> {
    let mut options = VerifierOptions::default();
    options.issuer = ISSUER.to_owned();
    options.jwk = Some(jwk.to_string());
    options.algorithms = Some(vec![algorithm.to_owned()]);
    options.token_cache = Some(has_cache);
    Ok(TokenVerifier::new(IssuerConfig::try_from(options)?, Policy::builtin().into())?)
}

fn verify<'a>(verifier: TokenVerifier) -> Turn<'a> {
    Box::new(move |tokens| timed(|| accept(&verifier, tokens)))
}

/// A full user for each token, dropped before the next one.
fn accept(verifier: &TokenVerifier, tokens: &[String]) {
    for token in tokens {
        let verified = verifier.verify(token, SystemTime::now(), TokenSource::Header);
        assert!(black_box(verified).is_ok(), "Casier accepts the token");
    }
}

/// A session for each token, with keys that are fetched from an endpoint before it begins.
fn authenticate<'a>(algorithm: &str, jwk: &Value, token: &str) -> Result<Turn<'a>> {
    let casier = Casier::builder()
        .set(Setting::Issuer, ISSUER)
        .set(Setting::JwksUrl, serve_keys(json!({"keys": [jwk]}).to_string())?)
        .set(Setting::Algorithms, algorithm)
        .set(Setting::Local, "1")
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A forged token, since a good one would come for the second time in its round.
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    let refusal = runtime.block_on(casier.authenticate(&forged)).map(drop).map_err(|e| e.kind());
    if refusal != Err(ErrorKind::TokenInvalidSignature) {
        return Err(format!("a forged token gives {refusal:?}").into());
    }
    Ok(Box::new(move |tokens| {
        timed(|| {
            runtime.block_on(async {
                for token in tokens {
                    let session = casier.authenticate(token).await;
                    assert!(black_box(session).is_ok(), "Casier accepts the token");
                }
            });
        })
    }))
}
