//! Cookies, and Clerk's choice between its session cookies.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use percent_encoding::percent_decode_str;

use super::extract::RequestRules;
use crate::Result;
use crate::json::Json;
use crate::token::jws::{CompactJws, MAX_TOKEN_BYTES, UnverifiedToken, malformed};

/// The session token.
const SESSION: &str = "__session";
/// When the browser's user was last updated; `0` is signed out.
const CLIENT_UAT: &str = "__client_uat";

/// The cookies of a request that concern this instance of Clerk.
pub(crate) struct Cookies<'a>(BTreeMap<&'a str, Cow<'a, str>>);

impl<'a> Cookies<'a> {
    /// Reads `Cookie` headers (RFC 6265 §5.4): split first, then percent-decoded. Two cookies of
    /// one name and different values are refused: one may have been planted by a sibling domain,
    /// and their order proves nothing.
    pub(crate) fn parse(
        headers: impl Iterator<Item = &'a str>,
        suffix: Option<&str>,
    ) -> Result<Self> {
        let mut cookies = BTreeMap::new();
        for pair in headers.flat_map(|header| header.split(';')) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let name = name.trim_matches([' ', '\t']);
            if !is_read(name, suffix) {
                continue;
            }
            let value = decode(value.trim_matches([' ', '\t']));
            if cookies.get(name).is_some_and(|earlier| *earlier != value) {
                return Err(malformed("the request has two different cookies of one name"));
            }
            cookies.insert(name, value);
        }
        Ok(Self(cookies))
    }

    /// A cookie with something in it.
    fn value(&self, name: &str, suffix: Option<&str>) -> Option<&str> {
        let value = match suffix {
            None => self.0.get(name),
            Some(suffix) => self.0.get(format!("{name}_{suffix}").as_str()),
        };
        value.map(AsRef::as_ref).filter(|value| !value.is_empty())
    }
}

/// The session token that Clerk would take: the plain cookie or the one with the instance's suffix.
///
/// Several instances can share a domain, and older front ends write only the plain cookie; the rules
/// decide which of the two is this instance's newest. Where they choose the suffixed one and it is
/// not there, the plain one is left to the verifier, which knows all issuers.
pub(crate) fn session_cookie<'a>(
    cookies: &'a Cookies<'_>,
    rules: &RequestRules,
    now: SystemTime,
) -> Option<&'a str> {
    let plain = cookies.value(SESSION, None);
    let Some(suffix) = rules.cookie_suffix.as_deref() else { return plain };
    let suffixed = cookies.value(SESSION, Some(suffix));
    let choice = Choice {
        plain: plain.map(Peek::at),
        suffixed: suffixed.map(Peek::at),
        plain_uat: cookies.value(CLIENT_UAT, None),
        suffixed_uat: cookies.value(CLIENT_UAT, Some(suffix)),
    };
    if choice.takes_suffixed(rules, now) { suffixed.or(plain) } else { plain }
}

/// What two session tokens say of themselves, which only chooses between them.
struct Choice<'a> {
    plain: Option<Peek>,
    suffixed: Option<Peek>,
    plain_uat: Option<&'a str>,
    suffixed_uat: Option<&'a str>,
}

impl Choice<'_> {
    fn takes_suffixed(&self, rules: &RequestRules, now: SystemTime) -> bool {
        if let Some(plain) = &self.plain {
            let Some(issuer) = &plain.issuer else { return false };
            if rules.issuer.as_ref().is_some_and(|own| own != issuer) {
                return true;
            }
        }
        if self.suffixed.is_none() && self.suffixed_uat.is_none() {
            return false;
        }
        let is_out = |uat: Option<&str>| uat == Some("0");
        match (is_out(self.suffixed_uat), is_out(self.plain_uat)) {
            (false, false) if self.is_plain_newer() => return false,
            (true, false) => return false,
            (false, true) if rules.is_development && self.is_suffixed_expired(now) => return false,
            _ => {}
        }
        self.suffixed.is_none() || self.suffixed_uat.is_some()
    }

    fn is_plain_newer(&self) -> bool {
        let issued_at = |peek: &Option<Peek>| peek.as_ref().map_or(0.0, |peek| peek.issued_at);
        issued_at(&self.plain) > issued_at(&self.suffixed)
    }

    fn is_suffixed_expired(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        self.suffixed.as_ref().is_some_and(|peek| peek.expires_at.is_some_and(|exp| exp <= now))
    }
}

/// Claims of a token that nobody has verified.
#[derive(Default)]
struct Peek {
    issuer: Option<String>,
    issued_at: f64,
    expires_at: Option<f64>,
}

impl Peek {
    fn at(token: &str) -> Self {
        let Ok(jws) = CompactJws::split(token) else { return Self::default() };
        let Ok(token) = UnverifiedToken::read(&jws) else { return Self::default() };
        Self {
            issuer: token.issuer().map(str::to_owned),
            issued_at: token.claim("iat").and_then(Json::as_f64).unwrap_or(0.0),
            expires_at: token.claim("exp").and_then(Json::as_f64),
        }
    }
}

/// Whether the choice between session tokens looks at a cookie of this name.
fn is_read(name: &str, suffix: Option<&str>) -> bool {
    let rest = name.strip_prefix(SESSION).or_else(|| name.strip_prefix(CLIENT_UAT));
    rest.is_some_and(|rest| rest.is_empty() || suffix.is_some() && rest.strip_prefix('_') == suffix)
}

/// A value without its quotes, percent-decoded where that gives text. One too long to be a token,
/// with each letter encoded, is left as it is, and refused later.
fn decode(value: &str) -> Cow<'_, str> {
    let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    if bare.len() > 3 * MAX_TOKEN_BYTES {
        return Cow::Borrowed(bare);
    }
    percent_decode_str(bare).decode_utf8().unwrap_or(Cow::Borrowed(bare))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::token::algorithm::Algorithm;
    use crate::token::tests::keys::rsa;

    const NOW: u64 = 1_700_000_000;

    fn token(iss: Option<&str>, iat: u64) -> String {
        let mut claims = json!({"sub": "user_1", "iat": iat, "exp": iat + 60});
        if let Some(iss) = iss {
            claims["iss"] = json!(iss);
        }
        rsa().token_of(Algorithm::Rs256, r#"{"alg":"RS256"}"#, &claims.to_string())
    }

    fn choose(header: &str, is_development: bool) -> Option<String> {
        let rules = RequestRules {
            cookie_suffix: Some("sfx".to_owned()),
            issuer: Some("https://own.test".to_owned()),
            is_development,
            ..RequestRules::default()
        };
        let cookies = Cookies::parse([header].into_iter(), Some("sfx")).unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        session_cookie(&cookies, &rules, now).map(str::to_owned)
    }

    #[test]
    fn values_are_split_unquoted_and_decoded() {
        let cookies = Cookies::parse(
            ["x; __session=\"a%2Eb\"; =1; __session_s = c=d ;y", "__client_uat=%zz;;"].into_iter(),
            Some("s"),
        )
        .unwrap();
        assert_eq!(cookies.value(SESSION, None), Some("a.b"));
        assert_eq!(cookies.value(SESSION, Some("s")), Some("c=d"));
        assert_eq!(cookies.value(CLIENT_UAT, None), Some("%zz"));
        assert_eq!(cookies.value("y", None), None);
        // An encoded semicolon does not begin another cookie.
        let header = "a=1%3B__session=evil; __session=b";
        let cookies = Cookies::parse([header].into_iter(), None).unwrap();
        assert_eq!(cookies.value(SESSION, None), Some("b"));
    }

    /// Attack 28. However many and long they are, no more is kept than four cookies.
    #[test]
    fn cookies_of_nobodys_concern_are_not_kept() {
        let header: String =
            (0..10_000).map(|i| format!("__session{i}=1; __session_{i}=1;")).collect();
        let header =
            format!("{header} __session=a; __session_s=b; __client_uat=1; __client_uat_s=2");
        let kept = |suffix| Cookies::parse([header.as_str()].into_iter(), suffix).unwrap().0.len();
        assert_eq!((kept(Some("s")), kept(None)), (4, 2));
        let long = format!("__session={}", "%41".repeat(MAX_TOKEN_BYTES + 1));
        let cookies = Cookies::parse([long.as_str()].into_iter(), None).unwrap();
        assert!(matches!(cookies.0.get(SESSION), Some(Cow::Borrowed(_))));
        let twice = "__session_x=1; __session_x=2; __session_s=a; __session_s=a";
        assert!(Cookies::parse([twice].into_iter(), Some("s")).is_ok(), "not of this instance");
        assert!(Cookies::parse([twice].into_iter(), Some("x")).is_err());
    }

    /// The rules of Clerk in their order, one case each.
    #[test]
    fn the_choice_follows_clerks_rules() {
        let own = |iat| token(Some("https://own.test"), iat);
        let (old, new, none) = (own(NOW - 50), own(NOW - 10), token(None, NOW));
        let (other, expired) = (token(Some("https://other.test"), NOW), own(NOW - 600));
        let cases = [
            (
                "no issuer",
                format!("__session={none}; __session_sfx={new}; __client_uat_sfx=1"),
                &none,
            ),
            (
                "junk",
                format!("__session=junk; __session_sfx={new}; __client_uat_sfx=1"),
                &"junk".to_owned(),
            ),
            ("another instance's", format!("__session={other}; __session_sfx={new}"), &new),
            ("no suffixed", format!("__session={old}; __client_uat=1"), &old),
            (
                "plain is newer",
                format!("__session={new}; __session_sfx={old}; __client_uat=1; __client_uat_sfx=1"),
                &new,
            ),
            (
                "suffixed is newer",
                format!("__session={old}; __session_sfx={new}; __client_uat=1; __client_uat_sfx=1"),
                &new,
            ),
            (
                "suffixed signed out",
                format!("__session={old}; __session_sfx={new}; __client_uat=1; __client_uat_sfx=0"),
                &old,
            ),
            (
                "plain signed out",
                format!(
                    "__session={old}; __session_sfx={expired}; __client_uat=0; __client_uat_sfx=1"
                ),
                &expired,
            ),
            ("no suffixed uat", format!("__session={old}; __session_sfx={new}"), &old),
            ("suffixed alone", format!("__session_sfx={new}; __client_uat_sfx=1"), &new),
        ];
        for (name, header, expected) in cases {
            assert_eq!(choose(&header, false).as_ref(), Some(expected), "{name}");
        }
        let downgraded =
            format!("__session={old}; __session_sfx={expired}; __client_uat=0; __client_uat_sfx=1");
        assert_eq!(choose(&downgraded, true).as_ref(), Some(&old), "development");
        assert_eq!(choose(&format!("__session_sfx={new}"), false), None);
        assert_eq!(choose(&format!("__session={other}"), false), Some(other));
        assert_eq!(choose("__session_xyz=a", false), None);
    }
}
