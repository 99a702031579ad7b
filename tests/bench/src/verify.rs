//! The contests of one thread: tokens that nobody has seen, and tokens that come again.

use std::hint::black_box;
use std::time::SystemTime;

use casier::access::Policy;
use casier::token::{IssuerConfig, TokenSource, TokenVerifier, VerifierOptions};
use serde_json::Value;

use crate::mint::{ISSUER, Kind};
use crate::rounds::{BATCH, Contest, Outcome, Turn, timed};
use crate::{Result, peers};

/// Tokens of which each comes once.
pub(crate) fn distinct(kind: &'static Kind, jwk: &Value, tokens: &[String]) -> Result<Outcome> {
    let algorithm = kind.algorithm;
    let contest = Contest::new(kind.name)
        .with("aws-lc-rs, the signature alone", peers::raw(algorithm, jwk)?)
        .with("casier", casier(verifier(algorithm, jwk)?))
        .with("jsonwebtoken", peers::jsonwebtoken(algorithm, jwk)?);
    Ok(contest.run(tokens.chunks_exact(BATCH)))
}

fn verifier(algorithm: &str, jwk: &Value) -> Result<TokenVerifier> {
    let mut options = VerifierOptions::default();
    options.issuer = ISSUER.to_owned();
    options.jwk = Some(jwk.to_string());
    options.algorithms = Some(vec![algorithm.to_owned()]);
    Ok(TokenVerifier::new(IssuerConfig::try_from(options)?, Policy::builtin().into())?)
}

/// A full user for each token, dropped before the next one.
fn casier<'a>(verifier: TokenVerifier) -> Turn<'a> {
    Box::new(move |tokens| {
        timed(|| {
            for token in tokens {
                let verified = verifier.verify(token, SystemTime::now(), TokenSource::Header);
                assert!(black_box(verified).is_ok(), "casier accepts the token");
            }
        })
    })
}
