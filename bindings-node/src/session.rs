//! The verified user of one request.

use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::access::requirement;
use crate::call::now;
use crate::convert::{Js, date, json, text};
use crate::storage::UserStorage;
use crate::token::User;

/// The verified user of one request.
///
/// Each `has…` answers yes or no; its `require…` twin throws what was required and what the user
/// has. A name that the policy does not know is never granted.
#[napi]
#[derive(Debug)]
pub struct Session(pub(crate) casier::Session);

#[napi]
impl Session {
    /// Who this is.
    #[napi(getter)]
    pub fn user(&self) -> User {
        User(self.0.user().clone())
    }

    /// The token's claims, as they stood in it. A copy.
    #[napi(getter, ts_return_type = "Record<string, unknown>")]
    pub fn claims(&self, env: Env) -> napi::Result<Js> {
        json(&env, self.0.claims())
    }

    /// When the token expires. Clerk's session tokens live for 60 seconds.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at())
    }

    /// Whether the user's tier is `tier` or a higher one.
    #[napi(ts_args_type = "tier: string")]
    pub fn has_subscription(&self, env: Env, tier: Unknown<'_>) -> napi::Result<bool> {
        now(&env, || Ok(self.0.has_subscription(&text(tier, "tier")?)))
    }

    /// Returns when the user's tier is `tier` or a higher one.
    ///
    /// @throws {CasierError} `subscription-required`; `config-invalid` when the policy has no such
    /// tier.
    #[napi(ts_args_type = "tier: string")]
    pub fn require_subscription(&self, env: Env, tier: Unknown<'_>) -> napi::Result<()> {
        now(&env, || Ok(self.0.require_subscription(&text(tier, "tier")?)?))
    }

    /// Whether the user's application role is `role` or a higher one. A role in an organization
    /// never counts.
    #[napi(ts_args_type = "role: string")]
    pub fn has_role(&self, env: Env, role: Unknown<'_>) -> napi::Result<bool> {
        now(&env, || Ok(self.0.has_role(&text(role, "role")?)))
    }

    /// Returns when the user's application role is `role` or a higher one.
    ///
    /// @throws {CasierError} `role-required`; `config-invalid` when the policy has no such role.
    #[napi(ts_args_type = "role: string")]
    pub fn require_role(&self, env: Env, role: Unknown<'_>) -> napi::Result<()> {
        now(&env, || Ok(self.0.require_role(&text(role, "role")?)?))
    }

    /// Whether the user's tier includes `feature`, or the token grants it.
    #[napi(ts_args_type = "feature: string")]
    pub fn has_feature(&self, env: Env, feature: Unknown<'_>) -> napi::Result<bool> {
        now(&env, || Ok(self.0.has_feature(&text(feature, "feature")?)))
    }

    /// Returns when the user's tier includes `feature`, or the token grants it.
    ///
    /// @throws {CasierError} `feature-required`.
    #[napi(ts_args_type = "feature: string")]
    pub fn require_feature(&self, env: Env, feature: Unknown<'_>) -> napi::Result<()> {
        now(&env, || Ok(self.0.require_feature(&text(feature, "feature")?)?))
    }

    /// Whether the token names `plan`: `pro`, or `u:pro` and `o:pro` for one of the user or of the
    /// active organization.
    #[napi(ts_args_type = "plan: string")]
    pub fn has_plan(&self, env: Env, plan: Unknown<'_>) -> napi::Result<bool> {
        now(&env, || Ok(self.0.has_plan(&text(plan, "plan")?)))
    }

    /// Returns when the token names `plan`.
    ///
    /// @throws {CasierError} `plan-required`.
    #[napi(ts_args_type = "plan: string")]
    pub fn require_plan(&self, env: Env, plan: Unknown<'_>) -> napi::Result<()> {
        now(&env, || Ok(self.0.require_plan(&text(plan, "plan")?)?))
    }

    /// Whether the user has `permission` in the active organization: `org:teams:manage` or
    /// `teams:manage`.
    #[napi(ts_args_type = "permission: string")]
    pub fn has_permission(&self, env: Env, permission: Unknown<'_>) -> napi::Result<bool> {
        now(&env, || Ok(self.0.has_permission(&text(permission, "permission")?)))
    }

    /// Returns when the user has `permission` in the active organization.
    ///
    /// @throws {CasierError} `permission-required`.
    #[napi(ts_args_type = "permission: string")]
    pub fn require_permission(&self, env: Env, permission: Unknown<'_>) -> napi::Result<()> {
        now(&env, || Ok(self.0.require_permission(&text(permission, "permission")?)?))
    }

    /// Whether the token alone grants all that is asked for, as Clerk's `has()` tells it. `role` is
    /// a role in the active organization here.
    ///
    /// @throws {CasierError} `invalid-request` when there is no such reverification.
    #[napi(ts_args_type = "requirement: Requirement")]
    pub fn has(&self, env: Env, requirement: Unknown<'_>) -> napi::Result<bool> {
        now(&env, || Ok(self.0.has(&self::requirement(requirement)?)))
    }

    /// Returns when the token alone grants all that is asked for.
    ///
    /// @throws {CasierError} The first that is lacking: `role-required`, `permission-required`,
    /// `feature-required`, `plan-required`, `reverification-required`; `invalid-request` when
    /// nothing is asked for, there is no such reverification, or it is after 0 minutes.
    #[napi(ts_args_type = "requirement: Requirement")]
    pub fn require(&self, env: Env, requirement: Unknown<'_>) -> napi::Result<()> {
        now(&env, || Ok(self.0.require(&self::requirement(requirement)?)?))
    }

    /// Whether a record that the application keeps belongs to this user.
    ///
    /// @param ownerId The `User.userId` that the record holds.
    #[napi(ts_args_type = "ownerId: string")]
    pub fn owns(&self, env: Env, owner_id: Unknown<'_>) -> napi::Result<bool> {
        now(&env, || Ok(self.0.owns(&text(owner_id, "ownerId")?)))
    }

    /// Returns when a record that the application keeps belongs to this user.
    ///
    /// @throws {CasierError} `not-owner`.
    #[napi(ts_args_type = "ownerId: string")]
    pub fn require_owner(&self, env: Env, owner_id: Unknown<'_>) -> napi::Result<()> {
        now(&env, || Ok(self.0.require_owner(&text(owner_id, "ownerId")?)?))
    }

    /// The user's files, with the limits of their tier.
    ///
    /// @throws {CasierError} `config-invalid` when no bucket is configured.
    #[napi]
    pub fn files(&self, env: Env) -> napi::Result<UserStorage> {
        now(&env, || Ok(UserStorage(self.0.files()?)))
    }
}
