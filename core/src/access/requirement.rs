//! What [`Action::Has`](super::Action::Has) asks of a token, in Clerk's terms.

use std::fmt;
use std::str::FromStr;

use super::shown;
use crate::{Error, ErrorKind, Result};

/// What a signed-in user must have, as the token alone tells it: every part that is set, at least
/// one. The meaning is that of `has()` in Clerk's backend SDKs
/// (<https://clerk.com/docs/references/backend/types/auth-object>).
///
/// An empty name is never granted. The default asks for nothing, which is refused as a mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// The role in the active **organization**, never an application role: `org:admin` or, which
    /// is the same, `admin`. Defaults to any, even none.
    pub role: Option<String>,
    /// A permission in the active organization: `org:teams:manage` or `teams:manage`. Defaults to
    /// none.
    pub permission: Option<String>,
    /// A feature that the token grants: `books` to the user or to the active organization,
    /// `u:books` or `user:books` to the user, `o:books`, `org:books` or `organization:books` to the
    /// organization. What the tier includes does not count. Defaults to none.
    pub feature: Option<String>,
    /// A plan that the token names, with scopes like those of features. Defaults to none.
    pub plan: Option<String>,
    /// How recently the user must have proved who they are. Defaults to any time.
    pub reverification: Option<Reverification>,
}

/// How recently a user must have proved who they are, and with which factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reverification {
    /// Which factors count.
    pub level: ReverificationLevel,
    /// From how many minutes on a proof is too old. 0 is refused as a mistake.
    pub after_minutes: u32,
}

/// Which of the factors that the user has set up must be recent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReverificationLevel {
    /// The first, such as a password.
    FirstFactor,
    /// The second; for a user who has none, the first.
    SecondFactor,
    /// Both; for a user who has no second, the first.
    MultiFactor,
}

impl Requirement {
    /// Adds a role in the active organization.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Adds a permission in the active organization.
    #[must_use]
    pub fn with_permission(mut self, permission: impl Into<String>) -> Self {
        self.permission = Some(permission.into());
        self
    }

    /// Adds a feature that the token grants.
    #[must_use]
    pub fn with_feature(mut self, feature: impl Into<String>) -> Self {
        self.feature = Some(feature.into());
        self
    }

    /// Adds a plan that the token names.
    #[must_use]
    pub fn with_plan(mut self, plan: impl Into<String>) -> Self {
        self.plan = Some(plan.into());
        self
    }

    /// Adds how recently the user must have proved who they are.
    #[must_use]
    pub fn with_reverification(mut self, reverification: Reverification) -> Self {
        self.reverification = Some(reverification);
        self
    }
}

/// What was asked for, for people and for the log: `permission org:teams:manage, plan pro`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            ("role", &self.role),
            ("permission", &self.permission),
            ("feature", &self.feature),
            ("plan", &self.plan),
        ];
        let names = names
            .into_iter()
            .filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {}", shown(name))));
        let age = self.reverification.map(|wanted| wanted.to_string());
        f.write_str(&names.chain(age).collect::<Vec<_>>().join(", "))
    }
}

impl Reverification {
    /// These factors, proved less than `after_minutes` minutes ago.
    pub fn new(level: ReverificationLevel, after_minutes: u32) -> Self {
        Self { level, after_minutes }
    }

    /// Both factors within 10 minutes.
    pub fn strict_mfa() -> Self {
        Self::new(ReverificationLevel::MultiFactor, 10)
    }

    /// The second factor within 10 minutes.
    pub fn strict() -> Self {
        Self::new(ReverificationLevel::SecondFactor, 10)
    }

    /// The second factor within 60 minutes.
    pub fn moderate() -> Self {
        Self::new(ReverificationLevel::SecondFactor, 60)
    }

    /// The second factor within 1,440 minutes, a day.
    pub fn lax() -> Self {
        Self::new(ReverificationLevel::SecondFactor, 1_440)
    }
}

/// `second_factor within 10 minutes`.
impl fmt::Display for Reverification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} within {} minutes", self.level.name(), self.after_minutes)
    }
}

/// Reads Clerk's names: `strict_mfa`, `strict`, `moderate`, `lax`. Any other is `invalid-request`.
impl FromStr for Reverification {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "strict_mfa" => Ok(Self::strict_mfa()),
            "strict" => Ok(Self::strict()),
            "moderate" => Ok(Self::moderate()),
            "lax" => Ok(Self::lax()),
            _ => Err(Error::new(
                ErrorKind::InvalidRequest,
                format!(
                    "there is no reverification `{}`; there are strict_mfa, strict, moderate, lax",
                    shown(name)
                ),
            )),
        }
    }
}

impl ReverificationLevel {
    /// Clerk's name: `first_factor`, `second_factor`, `multi_factor`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstFactor => "first_factor",
            Self::SecondFactor => "second_factor",
            Self::MultiFactor => "multi_factor",
        }
    }
}

/// Reads [`ReverificationLevel::name`]. Any other is `invalid-request`.
impl FromStr for ReverificationLevel {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let levels = [Self::FirstFactor, Self::SecondFactor, Self::MultiFactor];
        levels.into_iter().find(|level| level.name() == name).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidRequest,
                format!(
                    "there is no level `{}`; there are first_factor, second_factor, multi_factor",
                    shown(name)
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_clerk() {
        let presets = [
            ("strict_mfa", Reverification::strict_mfa(), "multi_factor within 10 minutes"),
            ("strict", Reverification::strict(), "second_factor within 10 minutes"),
            ("moderate", Reverification::moderate(), "second_factor within 60 minutes"),
            ("lax", Reverification::lax(), "second_factor within 1440 minutes"),
        ];
        for (name, preset, told) in presets {
            assert_eq!(name.parse::<Reverification>().unwrap(), preset);
            assert_eq!(preset.to_string(), told);
            assert_eq!(preset.level.name().parse::<ReverificationLevel>().unwrap(), preset.level);
        }
        for name in ["", "Strict", "strict ", "strict-mfa", "first_factor"] {
            assert_eq!(name.parse::<Reverification>().unwrap_err().code(), "invalid-request");
        }
        for name in ["", "second", "strict", "FIRST_FACTOR"] {
            assert_eq!(name.parse::<ReverificationLevel>().unwrap_err().code(), "invalid-request");
        }
    }

    #[test]
    fn a_requirement_tells_what_it_asks() {
        assert_eq!(Requirement::default().to_string(), "");
        let all = Requirement::default()
            .with_role("admin")
            .with_permission("org:teams:manage\n")
            .with_feature("books")
            .with_plan("u:pro")
            .with_reverification(Reverification::strict());
        assert_eq!(
            all.to_string(),
            "role admin, permission org:teams:manage\\n, feature books, plan u:pro, second_factor \
             within 10 minutes"
        );
    }
}
