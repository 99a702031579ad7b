//! The ways in which a token can be wrong on purpose.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::claims::{MACHINE_CATEGORY, TEMPLATE_CATEGORY};
use super::keys::Signing;
use super::mint::Draft;

/// What is wrong with a token. In JSON the names are kebab-case, for example `other-key`.
///
/// A fault of the claims or the header is signed genuinely, so that a verifier can only refuse it
/// for that fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TokenFault {
    /// It expired an hour ago.
    Expired,
    /// It becomes valid in an hour (`nbf`).
    NotYetValid,
    /// It says that it was issued in an hour (`iat`).
    IssuedInTheFuture,
    /// Another key signed it, under the key id of the published one.
    OtherKey,
    /// Another key signed it, under a key id that was never published.
    UnknownKid,
    /// It names an issuer that is not this one.
    OtherIssuer,
    /// Its `sub` was changed after signing.
    TamperedPayload,
    /// A bit of its signature was changed.
    TamperedSignature,
    /// `alg` is `none`, and there is no signature.
    AlgNone,
    /// `alg` is `HS256`, with the PEM public key as the secret.
    AlgHs256PublicKey,
    /// `alg` is `rs256`.
    AlgLowercase,
    /// The published key signed it, but with RS512.
    AlgMismatch,
    /// It has no `exp`.
    MissingExp,
    /// It has no `sub`.
    MissingSub,
    /// `exp` is a string of digits.
    StringExp,
    /// `sub` stands twice, with two users.
    DuplicateClaim,
    /// It demands an extension that nobody knows (`crit`, RFC 7515 section 4.1.11).
    Crit,
    /// It comes from a JWT template: a genuine token, but no session's.
    TemplateCategory,
    /// It is a machine-to-machine token.
    MachineCategory,
    /// The session still has a task to finish (`sts` is `pending`).
    PendingSession,
    /// It is an OAuth access token (`typ` is `at+jwt`).
    AccessTokenType,
}

impl TokenFault {
    /// Every fault.
    pub const ALL: &'static [Self] = &[
        Self::Expired,
        Self::NotYetValid,
        Self::IssuedInTheFuture,
        Self::OtherKey,
        Self::UnknownKid,
        Self::OtherIssuer,
        Self::TamperedPayload,
        Self::TamperedSignature,
        Self::AlgNone,
        Self::AlgHs256PublicKey,
        Self::AlgLowercase,
        Self::AlgMismatch,
        Self::MissingExp,
        Self::MissingSub,
        Self::StringExp,
        Self::DuplicateClaim,
        Self::Crit,
        Self::TemplateCategory,
        Self::MachineCategory,
        Self::PendingSession,
        Self::AccessTokenType,
    ];

    pub(super) fn apply(self, draft: &mut Draft) {
        let Draft { header, claims, seal } = draft;
        match self {
            Self::Expired => {
                let life = time(draft, "exp").saturating_sub(time(draft, "iat"));
                for name in ["iat", "nbf", "exp"] {
                    shift(draft, name, life.saturating_add(HOUR).saturating_neg());
                }
            }
            Self::NotYetValid => {
                shift(draft, "nbf", HOUR);
                shift(draft, "exp", HOUR);
            }
            Self::IssuedInTheFuture => {
                shift(draft, "iat", HOUR);
                shift(draft, "exp", HOUR);
            }
            Self::OtherKey => *seal = Seal::Stranger,
            Self::UnknownKid => {
                header.set("kid", "ins_unknown");
                *seal = Seal::Stranger;
            }
            Self::OtherIssuer => claims.set("iss", "https://other-issuer.example"),
            Self::TamperedPayload => *seal = Seal::OfAnotherPayload,
            Self::TamperedSignature => *seal = Seal::Damaged,
            Self::AlgNone => {
                header.set("alg", "none");
                *seal = Seal::Nothing;
            }
            Self::AlgHs256PublicKey => {
                header.set("alg", "HS256");
                *seal = Seal::HmacWithPublicKey;
            }
            Self::AlgLowercase => header.set("alg", "rs256"),
            Self::AlgMismatch => {
                header.set("alg", Signing::Rs512.name());
                *seal = Seal::Sign(Signing::Rs512);
            }
            Self::MissingExp => claims.remove("exp"),
            Self::MissingSub => claims.remove("sub"),
            Self::StringExp => {
                let text = claims.value("exp").map(ToString::to_string).unwrap_or_default();
                claims.set("exp", text);
            }
            Self::DuplicateClaim => claims.repeat("sub", "user_intruder"),
            Self::Crit => {
                header.set("crit", json!(["urn:casier:unknown"]));
                header.set("urn:casier:unknown", true);
            }
            Self::TemplateCategory => header.set("cat", TEMPLATE_CATEGORY),
            Self::MachineCategory => {
                header.set("cat", MACHINE_CATEGORY);
                claims.set("sub", "mch_local");
            }
            Self::PendingSession => claims.set("sts", "pending"),
            Self::AccessTokenType => header.set("typ", "at+jwt"),
        }
    }
}

/// How a token gets its signature.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seal {
    /// By the published key.
    Sign(Signing),
    /// By a key that was never published.
    Stranger,
    /// Not at all.
    Nothing,
    /// By HMAC, keyed with the public key's PEM.
    HmacWithPublicKey,
    /// By the published key, over what the payload was before `sub` changed.
    OfAnotherPayload,
    /// By the published key, then one bit is turned.
    Damaged,
}

const HOUR: i64 = 3600;

fn shift(draft: &mut Draft, name: &str, seconds: i64) {
    draft.claims.set(name, time(draft, name).saturating_add(seconds));
}

fn time(draft: &Draft, name: &str) -> i64 {
    draft.claims.value(name).and_then(serde_json::Value::as_i64).unwrap_or_default()
}
