//! The rules for a token's claims, applied once its signature has proved to be right.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::json::{Json, Members};
use crate::token::issuer::{IssuerConfig, TokenSource};
use crate::token::jws::{Header, malformed};
use crate::token::provider::{Mark, Provider};
use crate::token::revocation::MAX_TOKEN_LIFE;
use crate::{Error, ErrorKind, Result};

/// The last second that a date may name: the end of the year 9999.
const MAX_DATE_SECONDS: u64 = 253_402_300_799;

/// The claims that every token is checked for.
#[derive(Debug)]
pub(crate) struct CheckedClaims {
    pub(crate) subject: String,
    pub(crate) dates: Dates,
}

/// The dates of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dates {
    pub(crate) issued_at: Option<SystemTime>,
    pub(crate) not_before: Option<SystemTime>,
    pub(crate) expires_at: SystemTime,
}

impl CheckedClaims {
    /// Checks the claims of a token whose signature is right. A claim of the wrong type is never
    /// taken as absent.
    pub(crate) fn check(
        all: &Members<'_>,
        header: &Header,
        issuer: &IssuerConfig,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<Self> {
        let subject = string(all, "sub")?.filter(|subject| !subject.is_empty());
        let subject = subject.ok_or_else(|| malformed("the token's sub is missing or empty"))?;
        if string(all, "iss")? != Some(&issuer.issuer) {
            return Err(Error::new(
                ErrorKind::TokenInvalidIssuer,
                "the token's issuer is not the configured one",
            ));
        }
        check_audience(all, issuer)?;
        check_authorized_party(all, issuer, source)?;
        let dates = Dates {
            expires_at: date(all, "exp")?.ok_or_else(|| malformed("the token's exp is missing"))?,
            not_before: date(all, "nbf")?,
            issued_at: date(all, "iat")?,
        };
        check_issued_at(&dates, issuer.provider)?;
        dates.check(now, issuer.clock_skew)?;
        check_kind(all, subject, issuer.provider)?;
        if issuer.provider == Provider::Clerk {
            check_session(all, header)?;
        }
        Ok(Self { subject: subject.to_owned(), dates })
    }
}

impl Dates {
    /// Whether the token holds as of `now`. The borders are those of Clerk: it is expired from `exp`
    /// plus the skew on.
    pub(crate) fn check(&self, now: SystemTime, skew: Duration) -> Result<()> {
        if self.expires_at + skew <= now {
            return Err(Error::new(ErrorKind::TokenExpired, "the token has expired"));
        }
        let is_ahead = |date: Option<SystemTime>| date.is_some_and(|date| date > now + skew);
        if is_ahead(self.not_before) {
            return Err(Error::new(ErrorKind::TokenNotActiveYet, "the token is not valid yet"));
        }
        if is_ahead(self.issued_at) {
            return Err(Error::new(
                ErrorKind::TokenIatInTheFuture,
                "the token was issued in the future",
            ));
        }
        let made = self.issued_at.unwrap_or(now + skew);
        if self.expires_at.duration_since(made).is_ok_and(|life| life > MAX_TOKEN_LIFE) {
            return Err(malformed("the token lives longer than 24 hours"));
        }
        Ok(())
    }
}

/// Without `iat` a token's life can only be judged by what is left of it, and one that lives for a
/// month would be taken on its last day, when no revocation of it is kept any more. OpenID Connect
/// Core §2 and RFC 9068 §2.2 demand the claim; Clerk writes it into every token.
fn check_issued_at(dates: &Dates, provider: Provider) -> Result<()> {
    if dates.issued_at.is_none() && provider != Provider::Clerk {
        return Err(malformed("the token's iat is missing"));
    }
    Ok(())
}

/// With an audience configured the token must name one of it. Clerk lets a missing or empty `aud`
/// pass; here it does not (RFC 8725 §3.9).
fn check_audience(all: &Members<'_>, issuer: &IssuerConfig) -> Result<()> {
    let wrong_type = || malformed("the token's aud is neither a string nor a list of strings");
    let accepted = &issuer.audience;
    let claim = issuer.provider.preset().audience_claims.iter().find_map(|name| all.get(name));
    let named: Vec<&str> = match claim {
        None => Vec::new(),
        Some(Json::Text(audience)) => vec![audience],
        Some(Json::List(list)) => {
            list.iter().map(Json::as_str).collect::<Option<_>>().ok_or_else(wrong_type)?
        }
        Some(_) => return Err(wrong_type()),
    };
    let is_meant = named.iter().any(|name| !name.is_empty() && accepted.iter().any(|a| a == name));
    if accepted.is_empty() || is_meant {
        return Ok(());
    }
    Err(Error::new(ErrorKind::TokenInvalidAudience, "the token is meant for another audience"))
}

fn check_authorized_party(
    all: &Members<'_>,
    issuer: &IssuerConfig,
    source: TokenSource,
) -> Result<()> {
    let parties = &issuer.authorized_parties;
    let is_authorized = match string(all, "azp")? {
        Some(party) => !party.is_empty() && parties.iter().any(|accepted| accepted == party),
        None => issuer.allow_missing_azp && source == TokenSource::Header,
    };
    if parties.is_empty() || is_authorized {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TokenInvalidAuthorizedParties,
        "the token's azp is not an authorized party",
    ))
}

/// Whether the token is of a kind that signs a user in, by what its provider says of its kinds.
fn check_kind(all: &Members<'_>, subject: &str, provider: Provider) -> Result<()> {
    let text = |name: &str| all.get(name).and_then(Json::as_str);
    let preset = provider.preset();
    let is_of_kind = preset
        .kind
        .is_none_or(|(claim, kinds)| text(claim).is_some_and(|kind| kinds.contains(&kind)));
    let bears = |mark: &Mark| match *mark {
        Mark::Has(claim) => all.contains_key(claim),
        Mark::Begins(claim, prefix) => text(claim).is_some_and(|text| text.starts_with(prefix)),
        Mark::SubjectIsClient(suffix) => subject.strip_suffix(suffix).is_some_and(|client| {
            ["azp", "client_id", "cid"].iter().any(|claim| text(claim) == Some(client))
        }),
    };
    if is_of_kind && !preset.no_session.iter().any(bears) {
        return Ok(());
    }
    Err(type_mismatch())
}

/// What Clerk says of its session tokens. One with a task left (`sts`) counts as signed out; so does
/// a status that is not known.
fn check_session(all: &Members<'_>, header: &Header) -> Result<()> {
    if !header.is_session_category {
        return Err(type_mismatch());
    }
    match string(all, "sts")? {
        None | Some("active") => Ok(()),
        Some(_) => Err(Error::new(ErrorKind::SessionPending, "the session is not active yet")),
    }
}

fn type_mismatch() -> Error {
    Error::new(ErrorKind::TokenTypeMismatch, "the token is not a session token")
}

fn string<'a>(all: &'a Members<'_>, name: &str) -> Result<Option<&'a str>> {
    match all.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(&format!("the token's {name} is not a string"))),
    }
}

/// A NumericDate (RFC 7519 §2), fractions included, from 1970 to the end of 9999, so that no sum
/// with it can overflow.
fn date(all: &Members<'_>, name: &str) -> Result<Option<SystemTime>> {
    let Some(value) = all.get(name) else { return Ok(None) };
    let since_epoch = match (value.as_u64(), value.as_f64()) {
        (Some(seconds), _) if seconds <= MAX_DATE_SECONDS => Some(Duration::from_secs(seconds)),
        (None, Some(seconds)) if (0.0..=MAX_DATE_SECONDS as f64).contains(&seconds) => {
            Duration::try_from_secs_f64(seconds).ok()
        }
        _ => None,
    };
    let since_epoch =
        since_epoch.ok_or_else(|| malformed(&format!("the token's {name} is not a date")))?;
    Ok(Some(UNIX_EPOCH + since_epoch))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::read_object;
    use crate::token::algorithm::Algorithm;
    use crate::token::issuer::KeySource;

    const NOW: u64 = 1_700_000_000;

    fn issuer() -> IssuerConfig {
        IssuerConfig::new("https://issuer.test", KeySource::Pem(String::new()))
    }

    fn base() -> Value {
        json!({"sub": "user_1", "iss": "https://issuer.test", "exp": NOW + 60})
    }

    fn check(claims: &Value, issuer: &IssuerConfig, source: TokenSource) -> Result<CheckedClaims> {
        let header =
            Header { algorithm: Algorithm::Rs256, key_id: None, is_session_category: true };
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let claims = claims.to_string();
        CheckedClaims::check(&read_object(&claims).unwrap(), &header, issuer, now, source)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = base();
        claims[name] = value;
        claims
    }

    fn kind(claims: &Value) -> Option<ErrorKind> {
        check(claims, &issuer(), TokenSource::Header).err().map(|error| error.kind())
    }

    #[test]
    fn plain_claims_pass() {
        let claims = with("iat", json!(NOW - 1));
        let claims = check(&claims, &issuer(), TokenSource::Cookie).unwrap();
        assert_eq!(claims.subject, "user_1");
        assert_eq!(claims.dates.expires_at, UNIX_EPOCH + Duration::from_secs(NOW + 60));
        assert_eq!(claims.dates.issued_at, Some(UNIX_EPOCH + Duration::from_secs(NOW - 1)));
        assert_eq!(claims.dates.not_before, None);
    }

    /// Attack 26.
    #[test]
    fn the_subject_is_a_text_with_something_in_it() {
        for sub in [json!(""), json!(null), json!(5), json!(["user_1"])] {
            assert_eq!(kind(&with("sub", sub)), Some(ErrorKind::TokenInvalid));
        }
        assert_eq!(kind(&with("sub", json!("mch_1"))), Some(ErrorKind::TokenTypeMismatch));
    }

    /// Attack 23.
    #[test]
    fn the_issuer_is_compared_byte_for_byte() {
        for iss in [
            "https://issuer.test/",
            "https://issuer.tes",
            "https://issuer.test.evil",
            "https://ISSUER.test",
            "https://іssuer.test",
            "",
        ] {
            assert_eq!(kind(&with("iss", json!(iss))), Some(ErrorKind::TokenInvalidIssuer));
        }
        for iss in [json!(["https://issuer.test"]), json!(null), json!({})] {
            assert_eq!(kind(&with("iss", iss)), Some(ErrorKind::TokenInvalid));
        }
    }

    /// Attack 21. Attack 22.
    #[test]
    fn the_borders_of_the_dates_are_exact() {
        let cases = [
            ("exp", json!(NOW - 4), None),
            ("exp", json!(NOW - 5), Some(ErrorKind::TokenExpired)),
            ("exp", json!(NOW as f64 - 4.5), None),
            ("exp", json!(0), Some(ErrorKind::TokenExpired)),
            ("nbf", json!(NOW + 5), None),
            ("nbf", json!(NOW + 6), Some(ErrorKind::TokenNotActiveYet)),
            ("nbf", json!(0), None),
            ("iat", json!(NOW + 5), None),
            ("iat", json!(NOW + 6), Some(ErrorKind::TokenIatInTheFuture)),
            ("iat", json!(NOW as f64 + 5.5), Some(ErrorKind::TokenIatInTheFuture)),
        ];
        for (name, value, expected) in cases {
            assert_eq!(kind(&with(name, value.clone())), expected, "{name} {value}");
        }
        let strict = IssuerConfig { clock_skew: Duration::ZERO, ..issuer() };
        let at_exp = check(&with("exp", json!(NOW)), &strict, TokenSource::Header);
        assert_eq!(at_exp.unwrap_err().kind(), ErrorKind::TokenExpired);
        assert!(check(&with("exp", json!(NOW + 1)), &strict, TokenSource::Header).is_ok());
    }

    /// Attack 19. Attack 20. Attack 22.
    #[test]
    fn a_date_of_another_type_or_age_is_refused() {
        for name in ["exp", "nbf", "iat"] {
            for value in [
                json!("1700000060"),
                json!(null),
                json!(true),
                json!({}),
                json!([NOW]),
                json!(-1),
                json!(i64::MIN),
                json!(1u64 << 63),
                json!(u64::MAX),
                json!(1e99),
                json!(-0.5),
                json!(MAX_DATE_SECONDS + 1),
            ] {
                assert_eq!(
                    kind(&with(name, value.clone())),
                    Some(ErrorKind::TokenInvalid),
                    "{name} {value}"
                );
            }
        }
        let mut claims = base();
        claims.as_object_mut().unwrap().remove("exp");
        assert_eq!(kind(&claims), Some(ErrorKind::TokenInvalid));
        let last = date(&read_object(r#"{"exp":253402300799}"#).unwrap(), "exp").unwrap();
        assert_eq!(last, Some(UNIX_EPOCH + Duration::from_secs(MAX_DATE_SECONDS)));
    }

    #[test]
    fn no_token_lives_longer_than_revocations_are_kept() {
        let day = MAX_TOKEN_LIFE.as_secs();
        let living = |iat: Option<u64>, exp: u64| {
            let mut claims = with("exp", json!(exp));
            if let Some(iat) = iat {
                claims["iat"] = json!(iat);
            }
            kind(&claims)
        };
        assert_eq!(living(Some(NOW), NOW + day), None);
        assert_eq!(living(Some(NOW), NOW + day + 1), Some(ErrorKind::TokenInvalid));
        assert_eq!(living(Some(NOW - day), NOW + 1), Some(ErrorKind::TokenInvalid));
        assert_eq!(living(None, NOW + day + 5), None, "the skew is counted in");
        assert_eq!(living(None, NOW + day + 6), Some(ErrorKind::TokenInvalid));
        assert_eq!(living(Some(NOW), NOW - 60), Some(ErrorKind::TokenExpired));
    }

    /// A token of a month without `iat` would be taken on its last day, its revocation long forgotten.
    #[test]
    fn only_clerk_may_leave_out_when_a_token_was_made() {
        for provider in Provider::ALL {
            let issuer = IssuerConfig { provider: *provider, ..issuer() };
            let made = |claims: &Value| {
                check(claims, &issuer, TokenSource::Header)
                    .is_err_and(|error| error.message() == "the token's iat is missing")
            };
            assert_eq!(made(&base()), *provider != Provider::Clerk, "{provider}");
            assert!(!made(&with("iat", json!(NOW))), "{provider}");
        }
    }

    #[test]
    fn a_clock_before_1970_does_not_panic() {
        let header =
            Header { algorithm: Algorithm::Rs256, key_id: None, is_session_category: true };
        let now = UNIX_EPOCH - Duration::from_secs(1);
        let mut claims = base();
        claims["iat"] = json!(0);
        claims["exp"] = json!(60);
        let claims = claims.to_string();
        let all = read_object(&claims).unwrap();
        assert!(CheckedClaims::check(&all, &header, &issuer(), now, TokenSource::Header).is_ok());
    }

    /// Attack 24.
    #[test]
    fn the_audience_must_be_named_once_it_is_configured() {
        let kind = |aud: Option<Value>| {
            let issuer = IssuerConfig { audience: vec!["app".into(), "api".into()], ..issuer() };
            let claims = aud.map_or_else(base, |aud| with("aud", aud));
            check(&claims, &issuer, TokenSource::Header).err().map(|error| error.kind())
        };
        for aud in [json!("app"), json!(["x", "api"]), json!(["app", ""])] {
            assert_eq!(kind(Some(aud)), None);
        }
        for aud in [json!("ap"), json!("appl"), json!(""), json!([]), json!(["", ""]), json!("APP")]
        {
            assert_eq!(kind(Some(aud)), Some(ErrorKind::TokenInvalidAudience));
        }
        assert_eq!(kind(None), Some(ErrorKind::TokenInvalidAudience));
        for aud in [json!(null), json!(1), json!({"app": true}), json!(["app", 1])] {
            assert_eq!(kind(Some(aud)), Some(ErrorKind::TokenInvalid));
        }
    }

    /// Attack 25.
    #[test]
    fn the_authorized_party_must_match_and_be_there() {
        let kind = |azp: Option<Value>, allow_missing_azp, source| {
            let issuer = IssuerConfig {
                authorized_parties: vec![String::new(), "https://app.test".into()],
                allow_missing_azp,
                ..issuer()
            };
            let claims = azp.map_or_else(base, |azp| with("azp", azp));
            check(&claims, &issuer, source).err().map(|error| error.kind())
        };
        let wrong = Some(ErrorKind::TokenInvalidAuthorizedParties);
        use TokenSource::{Cookie, Header};
        assert_eq!(kind(Some(json!("https://app.test")), false, Cookie), None);
        for azp in ["https://app.tes", "https://app.test.evil", "HTTPS://app.test", ""] {
            assert_eq!(kind(Some(json!(azp)), true, Header), wrong, "{azp}");
        }
        assert_eq!(kind(None, false, Header), wrong);
        assert_eq!(kind(None, true, Cookie), wrong);
        assert_eq!(kind(None, true, Header), None);
        assert_eq!(kind(Some(json!(null)), true, Header), Some(ErrorKind::TokenInvalid));
    }

    #[test]
    fn a_session_that_is_not_active_counts_as_signed_out() {
        assert_eq!(kind(&with("sts", json!("active"))), None);
        assert_eq!(kind(&with("sts", json!("pending"))), Some(ErrorKind::SessionPending));
        assert_eq!(kind(&with("sts", json!("Active"))), Some(ErrorKind::SessionPending));
        assert_eq!(kind(&with("sts", json!(null))), Some(ErrorKind::TokenInvalid));
    }
}
