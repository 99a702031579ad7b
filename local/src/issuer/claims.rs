//! The claims of Clerk's session token, version 1 and 2.

use serde_json::{Map, Value, json};

use super::json::Members;
use super::mint::{MintOrganization, MintRequest};
use crate::{Error, Result, random};

/// The header's `cat` of a session token.
pub(super) const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
/// The header's `cat` of a token made from a JWT template.
pub(super) const TEMPLATE_CATEGORY: &str = "cl_B7d4PD222AAA";
/// The header's `cat` of a machine-to-machine token.
pub(super) const MACHINE_CATEGORY: &str = "cl_B7d4PD333AAA";

/// How long before `iat` a Clerk token is valid, in seconds.
const NOT_BEFORE_MARGIN: i64 = 10;

pub(super) fn session(request: &MintRequest, issuer: &str, now: i64) -> Result<Members> {
    let overflow = || Error::Mint("`issued_at` or `ttl` is out of range".into());
    let issued = now.checked_add(request.issued_at).ok_or_else(overflow)?;
    let expires = issued.checked_add(request.ttl).ok_or_else(overflow)?;
    let not_before = issued.checked_sub(NOT_BEFORE_MARGIN).ok_or_else(overflow)?;
    let sid = match &request.sid {
        Some(sid) => sid.clone(),
        None => format!("sess_{}", random::hex(14)?),
    };

    let mut claims = Members::default();
    claims.set_some("aud", audience(&request.aud));
    claims.set_some("azp", request.azp.as_deref());
    claims.set("exp", expires);
    claims.set("fva", json!([0, -1]));
    claims.set("iat", issued);
    claims.set("iss", issuer);
    claims.set("nbf", not_before);
    claims.set("sid", sid);
    claims.set("sub", request.user_id.as_str());
    if request.version == 1 {
        version_1(request, &mut claims);
    } else {
        version_2(request, &mut claims)?;
    }
    custom(request, &mut claims);
    Ok(claims)
}

fn audience(aud: &[String]) -> Option<Value> {
    match aud {
        [] => None,
        [one] => Some(one.as_str().into()),
        several => Some(several.into()),
    }
}

fn version_1(request: &MintRequest, claims: &mut Members) {
    let Some(organization) = &request.organization else { return };
    claims.set("org_id", organization.id.as_str());
    claims.set_some("org_slug", organization.slug.as_deref());
    let role = organization.role.as_deref().map(|role| format!("org:{}", bare(role)));
    claims.set_some("org_role", role);
    claims.set("org_permissions", organization.permissions.as_slice());
}

fn version_2(request: &MintRequest, claims: &mut Members) -> Result<()> {
    claims.set("v", 2);
    claims.set("jti", random::hex(10)?);
    claims.set("sts", "active");
    let mut features = request.features.clone();
    if let Some(organization) = &request.organization {
        claims.set("o", compact_organization(organization, &mut features)?);
    }
    if !features.is_empty() {
        claims.set("fea", features.join(","));
    }
    if !request.plans.is_empty() {
        claims.set("pla", request.plans.join(","));
    }
    Ok(())
}

/// The claim `o`: `per` lists the permissions, and the n-th number of `fpm` has a bit for each of
/// them that the n-th feature of `fea` grants, the first permission in the lowest bit.
fn compact_organization(
    organization: &MintOrganization,
    features: &mut Vec<String>,
) -> Result<Value> {
    let mut compact = Map::new();
    compact.insert("id".into(), organization.id.as_str().into());
    if let Some(slug) = &organization.slug {
        compact.insert("slg".into(), slug.as_str().into());
    }
    if let Some(role) = &organization.role {
        compact.insert("rol".into(), bare(role).into());
    }
    let mut permissions: Vec<&str> = Vec::new();
    let mut granted: Vec<(String, usize)> = Vec::new();
    for full in &organization.permissions {
        let (feature, permission) = bare(full).split_once(':').ok_or_else(|| {
            Error::Mint("an organization's permission reads `org:feature:permission`".into())
        })?;
        let feature = format!("o:{feature}");
        if !features.contains(&feature) {
            features.push(feature.clone());
        }
        let bit = permissions.iter().position(|known| *known == permission).unwrap_or_else(|| {
            permissions.push(permission);
            permissions.len() - 1
        });
        granted.push((feature, bit));
    }
    if permissions.len() > 64 {
        return Err(Error::Mint("at most 64 different permissions fit".into()));
    }
    if !permissions.is_empty() {
        let mask = |feature: &String| {
            let bits = granted.iter().filter(|(owner, _)| owner == feature);
            bits.fold(0_u64, |mask, (_, bit)| mask | 1 << bit).to_string()
        };
        let masks: Vec<String> = features.iter().map(mask).collect();
        compact.insert("per".into(), permissions.join(",").into());
        compact.insert("fpm".into(), masks.join(",").into());
    }
    Ok(compact.into())
}

/// What the product's own session-token template adds to Clerk's claims.
fn custom(request: &MintRequest, claims: &mut Members) {
    claims.set_some("email", request.email.as_deref());
    claims.set_some("first_name", request.first_name.as_deref());
    claims.set_some("last_name", request.last_name.as_deref());
    claims.set_some("username", request.username.as_deref());
    claims.set_some("image_url", request.image_url.as_deref());
    let mut metadata = Map::new();
    if let Some(tier) = &request.tier {
        metadata.insert("subscription".into(), tier.as_str().into());
    }
    if let Some(role) = &request.role {
        metadata.insert("role".into(), role.as_str().into());
    }
    if !metadata.is_empty() {
        claims.set("public_metadata", metadata);
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("org:").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: u8) -> MintRequest {
        MintRequest {
            version,
            tier: Some("pro".into()),
            sid: Some("sess_1".into()),
            organization: Some(MintOrganization {
                id: "org_1".into(),
                slug: Some("acme".into()),
                role: Some("org:admin".into()),
                permissions: vec![
                    "org:dashboard:manage".into(),
                    "org:dashboard:read".into(),
                    "org:teams:read".into(),
                ],
            }),
            ..MintRequest::new("user_1")
        }
    }

    #[test]
    fn version_1_spells_the_organization_out() {
        let claims = session(&request(1), "https://issuer.example", 1_000_000).unwrap();
        let parsed: Value = serde_json::from_str(&claims.to_json()).unwrap();
        assert_eq!(
            parsed,
            json!({
                "exp": 1_000_060, "fva": [0, -1], "iat": 1_000_000, "nbf": 999_990,
                "iss": "https://issuer.example", "sid": "sess_1", "sub": "user_1",
                "org_id": "org_1", "org_slug": "acme", "org_role": "org:admin",
                "org_permissions":
                    ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"],
                "public_metadata": {"subscription": "pro"},
            })
        );
    }

    /// The figures are the example of Clerk's documentation of the version 2 token.
    #[test]
    fn version_2_packs_the_organization() {
        let mut request = request(2);
        request.features = vec!["u:backup".into(), "o:dashboard".into()];
        request.plans = vec!["u:free".into(), "o:team".into()];
        let claims = session(&request, "https://issuer.example", 1_000_000).unwrap();
        assert_eq!(claims.value("v"), Some(&json!(2)));
        assert_eq!(claims.value("sts"), Some(&json!("active")));
        assert_eq!(claims.value("fea"), Some(&json!("u:backup,o:dashboard,o:teams")));
        assert_eq!(claims.value("pla"), Some(&json!("u:free,o:team")));
        assert_eq!(
            claims.value("o"),
            Some(&json!({
                "id": "org_1", "slg": "acme", "rol": "admin",
                "per": "manage,read", "fpm": "0,3,2",
            }))
        );
        assert_eq!(claims.value("org_id"), None);
    }

    #[test]
    fn extremes_are_refused_without_overflow() {
        for (issued_at, ttl) in [(i64::MAX, 1), (i64::MIN, 1), (0, i64::MAX)] {
            let request = MintRequest { issued_at, ttl, ..MintRequest::new("user_1") };
            assert!(session(&request, "https://issuer.example", 5).is_err());
        }
    }
}
