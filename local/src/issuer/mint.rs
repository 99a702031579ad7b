//! From a mint request to a token.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims;
use super::fault::{Seal, TokenFault};
use super::json::Members;
use super::keys::{Signing, SigningKey, signing_input};
use crate::{Error, Result};

/// What a token shall say, and what shall be wrong with it.
///
/// Everything but `user_id` may be left out; in JSON an unknown field is refused. The claims are
/// those of Clerk's session token, version 1 or 2
/// (<https://clerk.com/docs/guides/sessions/session-tokens>).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MintRequest {
    /// The user, `sub`. Required.
    pub user_id: String,
    /// The version of Clerk's session token, 1 or 2. Defaults to 2.
    pub version: u8,
    /// The tier, as `public_metadata.subscription`. Defaults to none.
    pub tier: Option<String>,
    /// The application role, as `public_metadata.role`. Defaults to none.
    pub role: Option<String>,
    /// The claim `email`. Defaults to none.
    pub email: Option<String>,
    /// The claim `first_name`. Defaults to none.
    pub first_name: Option<String>,
    /// The claim `last_name`. Defaults to none.
    pub last_name: Option<String>,
    /// The claim `username`. Defaults to none.
    pub username: Option<String>,
    /// The claim `image_url`. Defaults to none.
    pub image_url: Option<String>,
    /// The authorized party, the origin of the front end that asked. Defaults to none.
    pub azp: Option<String>,
    /// The audience: one is written as a string, several as an array. Defaults to none.
    pub aud: Vec<String>,
    /// The session id. Defaults to a random one.
    pub sid: Option<String>,
    /// Seconds from `iat` to `exp`. Defaults to 60, as at Clerk.
    pub ttl: i64,
    /// Seconds from now to `iat`; negative is the past. Defaults to 0.
    pub issued_at: i64,
    /// The organization that is active. Defaults to none.
    pub organization: Option<MintOrganization>,
    /// Plans with their scope, for example `u:pro`. Version 2 only. Defaults to none.
    pub plans: Vec<String>,
    /// Features with their scope, for example `o:dashboard`. Version 2 only. Defaults to none.
    pub features: Vec<String>,
    /// The published key that signs. Defaults to the newest.
    pub kid: Option<String>,
    /// Claims to leave out. Defaults to none.
    pub omit: Vec<String>,
    /// More claims; they replace those above. Defaults to none.
    pub claims: Map<String, Value>,
    /// More header fields; they replace the usual ones. Defaults to none.
    pub header: Map<String, Value>,
    /// The header's exact text, signed as it stands. Not beside `fault`. Defaults to none.
    pub raw_header: Option<String>,
    /// The payload's exact text, signed as it stands. Not beside `fault`. Defaults to none.
    pub raw_payload: Option<String>,
    /// What is wrong with the token. Defaults to nothing.
    pub fault: Option<TokenFault>,
}

impl MintRequest {
    /// A sound token of version 2 for `user_id`, without a tier, valid for 60 seconds.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self { user_id: user_id.into(), ..Self::default() }
    }

    /// The same for a user of that tier.
    #[must_use]
    pub fn with_tier(mut self, tier: impl Into<String>) -> Self {
        self.tier = Some(tier.into());
        self
    }

    /// The same for a user of that application role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// The same with something wrong.
    #[must_use]
    pub fn with_fault(mut self, fault: TokenFault) -> Self {
        self.fault = Some(fault);
        self
    }
}

impl Default for MintRequest {
    fn default() -> Self {
        Self {
            user_id: String::new(),
            version: 2,
            tier: None,
            role: None,
            email: None,
            first_name: None,
            last_name: None,
            username: None,
            image_url: None,
            azp: None,
            aud: Vec::new(),
            sid: None,
            ttl: 60,
            issued_at: 0,
            organization: None,
            plans: Vec::new(),
            features: Vec::new(),
            kid: None,
            omit: Vec::new(),
            claims: Map::new(),
            header: Map::new(),
            raw_header: None,
            raw_payload: None,
            fault: None,
        }
    }
}

/// The organization of a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MintOrganization {
    /// The organization's id, for example `org_1`.
    pub id: String,
    /// Its slug. Defaults to none.
    pub slug: Option<String>,
    /// The member's role there, with or without `org:`. Defaults to none.
    pub role: Option<String>,
    /// The member's permissions, each `org:feature:permission`. Version 2 writes them into `fea`,
    /// `o.per` and `o.fpm`, and adds the features. Defaults to none.
    pub permissions: Vec<String>,
}

/// Who signs, and when.
pub(super) struct Signer<'a> {
    pub(super) issuer: &'a str,
    pub(super) key: &'a SigningKey,
    /// A key that is never published.
    pub(super) stranger: &'a SigningKey,
    pub(super) now: SystemTime,
}

pub(super) fn mint(request: &MintRequest, signer: &Signer<'_>) -> Result<String> {
    check(request)?;
    let mut draft = Draft {
        header: session_header(request.version, signer.key.id()),
        claims: claims::session(request, signer.issuer, seconds(signer.now)?)?,
        seal: Seal::Sign(Signing::Rs256),
    };
    if let Some(fault) = request.fault {
        fault.apply(&mut draft);
    }
    draft.claims.merge(&request.claims);
    draft.header.merge(&request.header);
    for name in &request.omit {
        draft.claims.remove(name);
    }
    let header = request.raw_header.clone().unwrap_or_else(|| draft.header.to_json());
    let payload = request.raw_payload.clone().unwrap_or_else(|| draft.claims.to_json());
    seal(draft, header.as_bytes(), payload.as_bytes(), signer)
}

/// A token before its signature.
pub(super) struct Draft {
    pub(super) header: Members,
    pub(super) claims: Members,
    pub(super) seal: Seal,
}

fn check(request: &MintRequest) -> Result<()> {
    let wrong = |what: &str| Err(Error::Mint(what.into()));
    if request.user_id.is_empty() {
        return wrong("`user_id` is missing");
    }
    if !matches!(request.version, 1 | 2) {
        return wrong("`version` is 1 or 2");
    }
    if request.version == 1 && !(request.plans.is_empty() && request.features.is_empty()) {
        return wrong("`plans` and `features` need version 2");
    }
    if request.fault.is_some() && (request.raw_header.is_some() || request.raw_payload.is_some()) {
        return wrong("`raw_header` and `raw_payload` do not go with `fault`");
    }
    Ok(())
}

fn session_header(version: u8, kid: &str) -> Members {
    let mut header = Members::default();
    header.set("alg", Signing::Rs256.name());
    if version == 2 {
        header.set("cat", claims::SESSION_CATEGORY);
    }
    header.set("kid", kid);
    header.set("typ", "JWT");
    header
}

fn seal(mut draft: Draft, header: &[u8], payload: &[u8], signer: &Signer<'_>) -> Result<String> {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let input = signing_input(header, payload);
    match draft.seal {
        Seal::Sign(how) => signer.key.token(how, header, payload),
        Seal::Stranger => signer.stranger.token(Signing::Rs256, header, payload),
        Seal::Nothing => Ok(format!("{input}.")),
        Seal::HmacWithPublicKey => {
            let secret = signer.key.public_pem()?;
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let tag = hmac::sign(&secret, input.as_bytes());
            Ok(format!("{input}.{}", encode(tag.as_ref())))
        }
        Seal::OfAnotherPayload => {
            let signature = signer.key.sign(Signing::Rs256, input.as_bytes())?;
            draft.claims.set("sub", "user_intruder");
            let forged = signing_input(header, draft.claims.to_json().as_bytes());
            Ok(format!("{forged}.{}", encode(&signature)))
        }
        Seal::Damaged => {
            let mut signature = signer.key.sign(Signing::Rs256, input.as_bytes())?;
            if let Some(byte) = signature.last_mut() {
                *byte ^= 1;
            }
            Ok(format!("{input}.{}", encode(&signature)))
        }
    }
}

fn seconds(now: SystemTime) -> Result<i64> {
    now.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .ok_or_else(|| Error::Mint("the clock stands before 1970".into()))
}
