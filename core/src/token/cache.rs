//! The tokens that have been verified already: a client sends the same one with each of its
//! requests for as long as it lives.

use std::fmt;
use std::hash::{Hash, Hasher};

use foldhash::quality::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};

use super::issuer::TokenSource;
use super::verified::VerifiedToken;

/// What all entries may take together, in bytes: some 15,000 of Clerk's tokens.
const MAX_BYTES: u64 = 64 << 20;
/// How much of a token's end is hashed.
const HASHED_BYTES: usize = 64;
/// What an entry takes beside its texts, about.
const ENTRY_BYTES: u64 = 1_024;
/// How many bytes an entry takes for each byte of its token, about: the token, its claims, the user.
const BYTES_PER_TOKEN_BYTE: u64 = 3;

/// Tokens that passed every check, under the rules of the verifier that this cache belongs to.
///
/// An entry is found by a hash of the token's end under a random key, and is the right one only if
/// the whole token is the same. Only tokens with a right signature get in, so that nobody fills it
/// with junk. An entry answers nothing by itself: dates, key and revocation are judged anew by
/// whoever asks.
pub(crate) struct VerifiedTokens(Cache<Token<Box<str>>, VerifiedToken, Weight, RandomState>);

impl VerifiedTokens {
    pub(crate) fn new() -> Self {
        let typical = ENTRY_BYTES + 1_000 * BYTES_PER_TOKEN_BYTE;
        Self(Cache::with(
            (MAX_BYTES / typical) as usize,
            MAX_BYTES,
            Weight,
            RandomState::default(),
            DefaultLifecycle::default(),
        ))
    }

    /// The token that passed when it came in this way.
    pub(crate) fn get(&self, token: &str, source: TokenSource) -> Option<VerifiedToken> {
        self.0.get(&Token(token)).filter(|known| known.source() == source)
    }

    /// Remembers a token that passed; the last way in which it came counts.
    pub(crate) fn insert(&self, token: &str, verified: VerifiedToken) {
        self.0.insert(Token(token.into()), verified);
    }
}

impl fmt::Debug for VerifiedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedTokens").field("tokens", &self.0.len()).finish_non_exhaustive()
    }
}

/// A token, of which only the end is hashed: the end of a signature, which nobody chooses.
struct Token<T>(T);

impl<T: AsRef<str>> Hash for Token<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let bytes = self.0.as_ref().as_bytes();
        state.write(&bytes[bytes.len().saturating_sub(HASHED_BYTES)..]);
    }
}

impl PartialEq for Token<Box<str>> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Token<Box<str>> {}

impl Equivalent<Token<Box<str>>> for Token<&str> {
    fn equivalent(&self, known: &Token<Box<str>>) -> bool {
        *self.0 == *known.0
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Token<Box<str>>, VerifiedToken> for Weight {
    fn weight(&self, token: &Token<Box<str>>, _: &VerifiedToken) -> u64 {
        ENTRY_BYTES + token.0.len() as u64 * BYTES_PER_TOKEN_BYTE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use serde_json::json;

    use super::*;
    use crate::access::Policy;
    use crate::token::tests::keys::rsa;
    use crate::token::{IssuerConfig, KeySource, TokenVerifier};
    use crate::{ErrorKind, Result};

    const ISSUER: &str = "https://issuer.test";

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second)
    }

    fn token(subject: &str) -> String {
        rsa().token(&json!({
            "sub": subject, "iss": ISSUER, "azp": "https://app.test",
            "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_000_060,
        }))
    }

    fn verifier(change: impl FnOnce(&mut IssuerConfig)) -> TokenVerifier {
        let mut config = IssuerConfig::new(ISSUER, KeySource::Jwk(rsa().jwk("key-1").to_string()));
        change(&mut config);
        TokenVerifier::new(config, Arc::new(Policy::builtin())).unwrap()
    }

    fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn a_token_that_passed_is_known_and_no_other() {
        let (verifier, token) = (verifier(|_| ()), token("user_1"));
        let header = TokenSource::Header;
        assert!(verifier.verify_cached(&token, at(0), header).is_none());
        let first = verifier.verify(&token, at(0), header).unwrap();
        let again = verifier.verify_cached(&token, at(1), header).unwrap().unwrap();
        assert!(Arc::ptr_eq(first.user(), again.user()));
        let last = if token.ends_with('A') { 'B' } else { 'A' };
        let forged = format!("{}{last}", &token[..token.len() - 1]);
        for other in [forged.as_str(), &token[..token.len() - 1], &format!("{token}A"), ""] {
            assert!(verifier.verify_cached(other, at(1), header).is_none());
            assert!(verifier.verify(other, at(1), header).is_err());
        }
    }

    #[test]
    fn the_dates_are_judged_anew() {
        let (verifier, token) = (verifier(|_| ()), token("user_1"));
        let verify = |second| verifier.verify(&token, at(second), TokenSource::Header);
        assert_eq!(kind(verify(0)), None);
        assert_eq!(kind(verify(64)), None);
        assert_eq!(kind(verify(65)), Some(ErrorKind::TokenExpired));
        let early = at(0) - Duration::from_secs(6);
        let early = verifier.verify(&token, early, TokenSource::Header);
        assert_eq!(kind(early), Some(ErrorKind::TokenNotActiveYet));
        assert_eq!(kind(verify(64)), None);
    }

    #[test]
    fn a_token_of_a_header_is_not_known_from_a_cookie() {
        let verifier = verifier(|config| {
            config.authorized_parties = vec!["https://app.test".to_owned()];
            config.allow_missing_azp = true;
        });
        let bare = rsa().token(&json!({
            "sub": "user_1", "iss": ISSUER, "iat": 1_700_000_000, "exp": 1_700_000_060,
        }));
        assert!(verifier.verify(&bare, at(0), TokenSource::Header).is_ok());
        assert!(verifier.verify_cached(&bare, at(0), TokenSource::Cookie).is_none());
        let by_cookie = verifier.verify(&bare, at(0), TokenSource::Cookie);
        assert_eq!(kind(by_cookie), Some(ErrorKind::TokenInvalidAuthorizedParties));
    }

    #[test]
    fn what_failed_is_not_remembered_and_off_is_off() {
        let header = TokenSource::Header;
        let (strict, token) = (verifier(|c| c.audience = vec!["api".to_owned()]), token("user_1"));
        assert!(strict.verify(&token, at(0), header).is_err());
        assert!(strict.verify_cached(&token, at(0), header).is_none());
        let off = verifier(|config| config.token_cache = false);
        assert!(off.verify(&token, at(0), header).is_ok());
        assert!(off.verify_cached(&token, at(0), header).is_none());
    }

    #[test]
    fn the_room_is_bounded() {
        let cache = VerifiedTokens::new();
        let token = verifier(|_| ()).verify(&token("user_1"), at(0), TokenSource::Header).unwrap();
        for number in 0..10_000 {
            let text = format!("{}.{number:064}", "x".repeat(16_000));
            cache.insert(&text, token.clone());
        }
        assert!(cache.0.weight() <= MAX_BYTES);
        assert!(cache.0.len() > 500);
    }
}
