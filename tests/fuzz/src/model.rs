//! The rules for a session token once more, written from `docs/tokens.md` over what serde_json reads,
//! to be compared with Casier's.

use std::time::{SystemTime, UNIX_EPOCH};

use casier::access::{Policy, Tier};
use casier::token::{IssuerConfig, KeySource, TokenSource, User, VerifiedToken};
use serde_json::{Map, Value};

use crate::json::strict_object;
use crate::keys::Sort;

const MAX_TOKEN_BYTES: usize = 16 * 1024;
const MAX_KEY_ID_BYTES: usize = 256;
const MAX_DATE: f64 = 253_402_300_799.0;
const MAX_LIFE: f64 = 86_400.0;
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";

type Object = Map<String, Value>;

/// A token whose signature is right, before any rule.
pub struct Signed<'a> {
    pub token: &'a str,
    pub header: &'a [u8],
    pub payload: &'a [u8],
    /// The key that signed.
    pub sort: Sort,
}

/// Whether a token signs its user in, as of `now`, in seconds since 1970.
pub fn accepts(signed: &Signed<'_>, issuer: &IssuerConfig, now: u64, source: TokenSource) -> bool {
    let (Some(header), Some(claims)) =
        (strict_object(signed.header), strict_object(signed.payload))
    else {
        return false;
    };
    signed.token.len() <= MAX_TOKEN_BYTES
        && is_good_header(&header, signed.sort, issuer)
        && is_meant_for_us(&claims, issuer, source)
        && is_current(&claims, issuer, now as f64)
        && is_session(&claims, issuer)
}

/// Whether nothing but the claims can still be wrong with a token: what comes before the signature
/// is right.
pub fn reaches_the_claims(signed: &Signed<'_>, issuer: &IssuerConfig) -> bool {
    let header = strict_object(signed.header).map(|mut header| {
        header.remove("cat");
        header
    });
    let claims = strict_object(signed.payload);
    signed.token.len() <= MAX_TOKEN_BYTES
        && header.is_some_and(|header| is_good_header(&header, signed.sort, issuer))
        && claims.is_some_and(|claims| claims.get("iss").is_some_and(|iss| *iss == issuer.issuer))
}

fn is_good_header(header: &Object, sort: Sort, issuer: &IssuerConfig) -> bool {
    let is_ours = match (&issuer.keys, header.get("kid")) {
        (KeySource::Pem(_), None) => true,
        (KeySource::Pem(_), Some(kid)) => {
            kid.as_str().is_some_and(|kid| kid.len() <= MAX_KEY_ID_BYTES)
        }
        // The one key that is given as JWK is the Ed25519 one.
        (KeySource::Jwk(_), _) if sort != Sort::Ed25519 => false,
        (_, kid) => kid.is_some_and(|kid| kid == sort.id()),
    };
    let token_type = header.get("typ").map_or(Some("JWT"), Value::as_str);
    is_ours
        && header.get("alg").is_some_and(|alg| {
            alg == sort.algorithm() && issuer.algorithms.iter().any(|own| alg == own.as_str())
        })
        && token_type.is_some_and(|typ| issuer.token_types.iter().any(|own| own == typ))
        && ["crit", "b64", "zip", "cty", "enc"].iter().all(|name| !header.contains_key(*name))
        && header.get("cat").is_none_or(|category| category == SESSION_CATEGORY)
}

fn is_meant_for_us(claims: &Object, issuer: &IssuerConfig, source: TokenSource) -> bool {
    let audience = match claims.get("aud") {
        None => Some(vec![]),
        Some(Value::String(one)) => Some(vec![one.as_str()]),
        Some(Value::Array(list)) => list.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    let is_for_audience = audience.is_some_and(|named| {
        issuer.audience.is_empty()
            || named
                .iter()
                .any(|name| !name.is_empty() && issuer.audience.iter().any(|a| a == name))
    });
    let parties = &issuer.authorized_parties;
    let is_for_party = match claims.get("azp") {
        None => parties.is_empty() || issuer.allow_missing_azp && source == TokenSource::Header,
        Some(Value::String(azp)) => parties.is_empty() || !azp.is_empty() && parties.contains(azp),
        Some(_) => false,
    };
    claims.get("iss").is_some_and(|iss| *iss == issuer.issuer) && is_for_audience && is_for_party
}

fn is_current(claims: &Object, issuer: &IssuerConfig, now: f64) -> bool {
    let skew = issuer.clock_skew.as_secs_f64();
    let date = |name| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let number = value.as_f64().filter(|number| (0.0..=MAX_DATE).contains(number));
            number.map(Some).ok_or(())
        }
    };
    let (Ok(Some(exp)), Ok(nbf), Ok(iat)) = (date("exp"), date("nbf"), date("iat")) else {
        return false;
    };
    let has_begun = |date: Option<f64>| date.is_none_or(|date| date <= now + skew);
    let life = exp - iat.unwrap_or(now + skew);
    exp + skew > now && has_begun(nbf) && has_begun(iat) && life <= MAX_LIFE
}

fn is_session(claims: &Object, issuer: &IssuerConfig) -> bool {
    let text = |name| claims.get(name).and_then(Value::as_str);
    let is_text_or_absent = |name| claims.get(name).is_none_or(Value::is_string);
    text("sub").is_some_and(|sub| {
        !sub.is_empty()
            && !sub.starts_with("mch_")
            && (issuer.namespace.is_some() || !names_namespace(sub))
    }) && is_text_or_absent("sid")
        && claims.get("sts").is_none_or(|status| status == "active")
}

/// Whether the text looks like the id of a secondary issuer's user.
fn names_namespace(sub: &str) -> bool {
    sub.find("::").is_some_and(|end| {
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        (1..=32).contains(&end) && sub[..end].chars().all(is_letter)
    })
}

/// Fails where what Casier made of an accepted token is not what the token says.
pub fn assert_faithful(
    verified: &VerifiedToken,
    signed: &Signed<'_>,
    issuer: &IssuerConfig,
    policy: &Policy,
) {
    let header = strict_object(signed.header).expect("an accepted header");
    let claims = strict_object(signed.payload).expect("accepted claims");
    let text = |name| claims.get(name).and_then(Value::as_str);
    let user = verified.user();
    let read: &Object = verified.claims();
    assert_eq!(*read, claims, "the claims");
    assert_eq!(verified.key_id(), header.get("kid").and_then(Value::as_str), "kid");
    assert_eq!(verified.session_id(), text("sid"), "sid");
    let subject = text("sub").expect("a subject");
    let user_id = issuer.namespace.as_ref().map(|namespace| format!("{namespace}::{subject}"));
    assert_eq!(user.user_id, user_id.unwrap_or_else(|| subject.to_owned()), "the user's id");
    assert_date(Some(verified.expires_at()), claims.get("exp"));
    assert_date(verified.not_before(), claims.get("nbf"));
    assert_date(verified.issued_at(), claims.get("iat"));
    let ages = claims.get("fva").and_then(Value::as_array).map(|ages| {
        let age = |value: &Value| value.as_i64().filter(|age| *age >= -1);
        ages.iter().map(age).collect::<Option<Vec<_>>>()
    });
    let ages = ages.flatten().filter(|ages| ages.len() == 2 && !is_of_unknown_version(&claims));
    assert_eq!(user.factor_verification_age.map(|ages| ages.to_vec()), ages, "fva");
    assert_standing(user, &claims, issuer, policy);
    assert_organization(user, &claims);
}

fn assert_date(date: Option<SystemTime>, claim: Option<&Value>) {
    let since_1970 = |date: SystemTime| date.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (date, claim) =
        (date.map(|date| since_1970(date).as_secs_f64()), claim.and_then(Value::as_f64));
    let is_same = match (date, claim) {
        (Some(date), Some(claim)) => (date - claim).abs() < 1e-6,
        (date, claim) => date.is_none() && claim.is_none(),
    };
    assert!(is_same, "the date {date:?} is not {claim:?}");
}

/// Tier and role are the policy's, and come from nothing that users write.
fn assert_standing(user: &User, claims: &Object, issuer: &IssuerConfig, policy: &Policy) {
    let own = issuer.public_metadata_claim.as_deref();
    let names = own.into_iter().chain(["public_metadata", "publicMetadata"]);
    let metadata = names.filter_map(|name| claims.get(name)?.as_object()).next();
    let named = |name| metadata.and_then(|metadata| metadata.get(name));
    let tiers: Vec<&str> = policy.tiers().iter().map(Tier::name).collect();
    let known = |value: &Value, among: &[&str]| {
        among.iter().position(|name| value == name).unwrap_or_default()
    };
    let tier = match named("subscription") {
        Some(value) => known(value, &tiers),
        None => {
            let plans = scoped(claims, "pla");
            let ranks = plans.iter().filter_map(|plan| {
                tiers.iter().position(|tier| plan.strip_prefix("u:") == Some(tier))
            });
            ranks.max().unwrap_or_default()
        }
    };
    assert_eq!(user.subscription, tiers[tier], "the tier");
    let roles: Vec<&str> = policy.roles().iter().map(String::as_str).collect();
    let role = named("role").map_or(0, |value| known(value, &roles));
    assert_eq!(user.role, roles[role], "the role");
    assert_eq!(*user.metadata, metadata.cloned().unwrap_or_default(), "the metadata");
    assert_eq!(user.plans, scoped(claims, "pla"), "the plans");
    assert_eq!(user.features, scoped(claims, "fea"), "the features");
}

fn is_version(claims: &Object, version: u64) -> bool {
    claims.get("v").and_then(Value::as_u64) == Some(version)
}

fn is_of_unknown_version(claims: &Object) -> bool {
    claims.contains_key("v") && !is_version(claims, 1) && !is_version(claims, 2)
}

/// The elements of `fea` or `pla` of a version 2 token: scope and name; none if one is malformed.
fn elements<'a>(claims: &'a Object, name: &str) -> Vec<(&'a str, &'a str)> {
    let text = claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if !is_version(claims, 2) || text.trim().is_empty() {
        return vec![];
    }
    let split = text.split(',').map(|element| element.trim().split_once(':'));
    split.collect::<Option<_>>().unwrap_or_default()
}

fn scoped(claims: &Object, name: &str) -> Vec<String> {
    let mut names = vec![];
    for (scope, name) in elements(claims, name).iter().filter(|(_, name)| !name.is_empty()) {
        match *scope {
            "u" => names.push(format!("u:{name}")),
            "o" => names.push(format!("o:{name}")),
            "uo" | "ou" => names.extend([format!("u:{name}"), format!("o:{name}")]),
            _ => {}
        }
    }
    names
}

fn assert_organization(user: &User, claims: &Object) {
    let permissions = user.organization.as_ref().map(|own| own.permissions.clone());
    let id = user.organization.as_ref().map(|own| own.id.as_str());
    let filled = |value: Option<&'_ Value>| {
        value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if is_version(claims, 2) {
        let organization = claims.get("o").and_then(Value::as_object);
        let own_id = filled(organization.and_then(|own| own.get("id")));
        assert_eq!(id, own_id.as_deref(), "the organization");
        let granted = organization.map(|own| granted(claims, own));
        assert_eq!(permissions, granted.filter(|_| own_id.is_some()), "the permissions");
    } else if !is_of_unknown_version(claims) {
        let own_id = filled(claims.get("org_id"));
        assert_eq!(id, own_id.as_deref(), "the organization");
        let listed = claims.get("org_permissions").and_then(Value::as_array);
        let listed: Option<Vec<String>> = listed.map_or(Some(vec![]), |list| {
            list.iter().map(|item| Some(item.as_str()?.to_owned())).collect()
        });
        assert_eq!(permissions, own_id.map(|_| listed.unwrap_or_default()), "the permissions");
    } else {
        assert_eq!(id, None, "the organization of a version that nobody knows");
    }
}

/// What `fpm` grants, by halving each decimal number as one would on paper.
fn granted(claims: &Object, organization: &Object) -> Vec<String> {
    let list = |name| organization.get(name).and_then(Value::as_str).unwrap_or_default();
    if list("per").is_empty() {
        return vec![];
    }
    let permissions: Vec<&str> = list("per").split(',').map(str::trim).collect();
    let mut granted = vec![];
    for ((scope, feature), mask) in elements(claims, "fea").iter().zip(list("fpm").split(',')) {
        let mut digits = mask.trim().to_owned().into_bytes();
        if !matches!(*scope, "o" | "uo" | "ou") || digits.is_empty() {
            continue;
        }
        if digits.iter().any(|digit| !digit.is_ascii_digit()) {
            continue;
        }
        for permission in &permissions {
            let mut rest = 0;
            for digit in &mut digits {
                let value = rest * 10 + (*digit - b'0');
                *digit = b'0' + value / 2;
                rest = value % 2;
            }
            if rest == 1 {
                granted.push(format!("org:{feature}:{permission}"));
            }
        }
    }
    granted
}
