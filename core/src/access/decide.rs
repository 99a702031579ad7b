//! `Policy::decide`: the one place where a user's wish meets the policy.

use std::time::{Duration, SystemTime};

use super::action::{Action, Facts};
use super::decision::{Decision, Terms};
use super::policy::Policy;
use super::size::format_size;
use super::tier::Tier;
use crate::token::User;
use crate::{Error, ErrorKind, Result};

impl Policy {
    /// Whether `user` may do `action`, and on what terms. Pure: `now` is the time of the call, by
    /// which a link's end is told.
    ///
    /// A tier, role or feature that the policy does not have is a mistake of the application and is
    /// refused for everybody with `config-invalid`. A user whose tier or role the policy does not
    /// have counts as having the lowest. A link is shortened to the tier's longest, never refused
    /// for its length.
    pub fn decide(&self, user: &User, action: &Action, facts: &Facts, now: SystemTime) -> Decision {
        match action {
            Action::Subscription(tier) => self.require_tier(user, tier),
            Action::Role(role) => self.require_role(user, role),
            Action::Feature(feature) => self.require_feature(user, feature),
            Action::Upload { kind, filename, content_type, size } => {
                self.admit(user, kind, filename, content_type, *size, facts)
            }
            Action::Link { seconds } => self.shorten(user, *seconds, now),
        }
        .into()
    }

    /// The tier that the user has in this policy: the lowest when the policy does not know it.
    pub fn tier_of(&self, user: &User) -> &Tier {
        self.tier(&user.subscription).unwrap_or(self.lowest_tier())
    }

    /// The role that the user has in this policy: the lowest when the policy does not know it. An
    /// organization role never counts.
    pub fn role_of(&self, user: &User) -> String {
        let known = self.role_rank(&user.role).is_some();
        if known { user.role.clone() } else { self.lowest_role().to_owned() }
    }

    /// Whether the user's tier has the feature, or the token grants it (`fea`): a bare name
    /// whatever the scope, `u:name` to the user, `o:name` to the active organization. A name with a
    /// scope asks the token alone.
    pub fn has_feature(&self, user: &User, feature: &str) -> bool {
        self.tier_of(user).has_feature(feature) || is_granted(&user.features, feature)
    }

    fn require_tier(&self, user: &User, required: &str) -> Result<Terms> {
        let needed = self.tier_rank(required).ok_or_else(|| self.unknown("tier", required))?;
        let tier = self.tier_of(user).name();
        if self.tier_rank(tier).is_some_and(|rank| rank >= needed) {
            return Ok(Terms::default());
        }
        Err(Error::new(
            ErrorKind::SubscriptionRequired,
            format!("this needs the tier `{required}` or higher; the user has `{tier}`"),
        )
        .with_required(required)
        .with_actual(tier))
    }

    fn require_role(&self, user: &User, required: &str) -> Result<Terms> {
        let needed = self.role_rank(required).ok_or_else(|| self.unknown("role", required))?;
        let role = self.role_of(user);
        if self.role_rank(&role).is_some_and(|rank| rank >= needed) {
            return Ok(Terms::default());
        }
        Err(Error::new(
            ErrorKind::RoleRequired,
            format!("this needs the role `{required}` or higher; the user has `{role}`"),
        )
        .with_required(required)
        .with_actual(role))
    }

    fn require_feature(&self, user: &User, feature: &str) -> Result<Terms> {
        if self.has_feature(user, feature) {
            return Ok(Terms::default());
        }
        let actual = self.tier_of(user).name();
        if feature.contains(':') {
            return Err(Error::new(
                ErrorKind::FeatureRequired,
                format!("the token does not grant the feature `{}`", feature.escape_debug()),
            )
            .with_required(feature)
            .with_actual(actual));
        }
        let lowest = self
            .tiers()
            .iter()
            .find(|tier| tier.has_feature(feature))
            .ok_or_else(|| self.unknown("feature", feature))?
            .name();
        Err(Error::new(
            ErrorKind::FeatureRequired,
            format!("the feature `{feature}` needs the tier `{lowest}` or higher; the user has `{actual}`"),
        )
        .with_required(lowest)
        .with_actual(actual))
    }

    fn admit(
        &self,
        user: &User,
        kind: &str,
        filename: &str,
        content_type: &str,
        size: u64,
        facts: &Facts,
    ) -> Result<Terms> {
        let content_type = self.check_type(kind, filename, content_type)?;
        let tier = self.tier_of(user);
        if let Some(limit) = tier.max_bytes(kind).filter(|limit| size > *limit) {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                format!(
                    "the tier `{}` takes files of kind `{kind}` up to {}; this one has {size} bytes",
                    tier.name(),
                    format_size(limit)
                ),
            )
            .with_limit(limit, size));
        }
        let stored = facts.stored_bytes.saturating_add(size);
        if let Some(limit) = tier.stored_bytes().filter(|limit| stored > *limit) {
            return Err(Error::new(
                ErrorKind::QuotaExceeded,
                format!(
                    "the tier `{}` stores up to {}; with this file of {size} bytes it would be \
                     {stored} bytes",
                    tier.name(),
                    format_size(limit)
                ),
            )
            .with_limit(limit, facts.stored_bytes));
        }
        Ok(Terms { content_type: Some(content_type), ..Terms::default() })
    }

    fn shorten(&self, user: &User, seconds: u64, now: SystemTime) -> Result<Terms> {
        if seconds == 0 {
            return Err(Error::new(ErrorKind::InvalidRequest, "a link lives at least 1 second"));
        }
        let seconds = seconds.min(self.tier_of(user).link_seconds());
        Ok(Terms {
            link_seconds: Some(seconds),
            link_expires_at: now.checked_add(Duration::from_secs(seconds)),
            ..Terms::default()
        })
    }

    /// What the application asked for is not in the policy: nobody has it.
    fn unknown(&self, what: &str, name: &str) -> Error {
        let name = name.escape_debug();
        let known: Vec<&str> = match what {
            "tier" => self.tiers().iter().map(Tier::name).collect(),
            "role" => self.roles().iter().map(String::as_str).collect(),
            _ => self
                .tiers()
                .last()
                .into_iter()
                .flat_map(|t| &t.features)
                .map(String::as_str)
                .collect(),
        };
        Error::new(
            ErrorKind::ConfigInvalid,
            format!("the policy has no {what} `{name}`; it has {}", known.join(", ")),
        )
    }
}

/// Whether the token's features (`u:books`, `o:books`, `uo:books`) hold this one. The long names of
/// the scopes are Clerk's (<https://clerk.com/docs/guides/sessions/session-tokens>).
fn is_granted(features: &[String], feature: &str) -> bool {
    let (scope, wanted) = match feature.split_once(':') {
        Some(("u" | "user", name)) => (Some('u'), name),
        Some(("o" | "org" | "organization", name)) => (Some('o'), name),
        Some(_) => return false,
        None => (None, feature),
    };
    !wanted.is_empty()
        && features.iter().filter_map(|entry| entry.split_once(':')).any(|(scopes, name)| {
            name == wanted && scope.is_none_or(|scope| scopes.contains(scope))
        })
}
