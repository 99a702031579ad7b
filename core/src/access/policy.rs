//! The policy: tiers, roles and kinds as plain data.

use std::path::Path;

use super::content_type;
use super::kind::Kind;
use super::policy_file;
use super::tier::{Tier, spread_features};
use crate::storage::check_kind;
use crate::{Error, ErrorKind, Result};

/// The built-in roles, lowest first.
pub(super) const BUILTIN_ROLES: [&str; 3] = ["user", "manager", "admin"];

/// The order of tiers and roles, what each tier may have, and what each kind of file takes.
///
/// Plain data: it is built once, from the built-in table or from a policy file, and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    tiers: Vec<Tier>,
    roles: Vec<String>,
    kinds: Vec<Kind>,
    organization_plans: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self::builtin()
    }
}

impl Policy {
    /// The policy that holds where no policy file says otherwise: tiers `free`, `basic`, `pro`,
    /// `premium`, `enterprise`; roles `user`, `manager`, `admin`; kinds `book`, `blog`, `image`,
    /// `video`, `audio`, `document`, `file`.
    pub fn builtin() -> Self {
        let roles = BUILTIN_ROLES.map(String::from).to_vec();
        Self::new(Tier::builtin(), roles, Kind::builtin(), false)
    }

    /// The policy that the text of a policy file gives; `origin` is the file's name for messages.
    /// What the file leaves out is as `docs/policy.md` says.
    ///
    /// # Errors
    /// `config-invalid`, with the file and the key, for anything that is not a policy.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self> {
        policy_file::parse(text, origin)
    }

    /// Reads the policy file at `path`, of 1 MiB at most.
    ///
    /// # Errors
    /// `config-invalid`, with the file and the key, when it cannot be read or is not a policy.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        policy_file::load(path.as_ref())
    }

    /// `tiers` is not empty; each has the features that it adds to the one below.
    pub(super) fn new(
        mut tiers: Vec<Tier>,
        roles: Vec<String>,
        kinds: Vec<Kind>,
        organization_plans: bool,
    ) -> Self {
        spread_features(&mut tiers);
        Self { tiers, roles, kinds, organization_plans }
    }

    /// The tiers, lowest first; never empty.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The roles, lowest first; never empty.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// The kinds of files.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Whether a plan of the user's active organization (`o:`) counts as the user's tier. Off
    /// unless the policy file says so.
    pub fn organization_plans(&self) -> bool {
        self.organization_plans
    }

    /// The tier of this name.
    pub fn tier(&self, name: &str) -> Option<&Tier> {
        self.tiers.iter().find(|tier| tier.name() == name)
    }

    /// The place of a tier, 0 for the lowest.
    pub fn tier_rank(&self, name: &str) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.name() == name)
    }

    /// The place of a role, 0 for the lowest.
    pub fn role_rank(&self, name: &str) -> Option<usize> {
        self.roles.iter().position(|role| role == name)
    }

    /// The tier of everybody who is not known to have a higher one.
    pub fn lowest_tier(&self) -> &Tier {
        &self.tiers[0]
    }

    /// The role of everybody who is not known to have a higher one.
    pub(super) fn lowest_role(&self) -> &str {
        &self.roles[0]
    }

    /// The role above all others; none when the policy has only one, which everybody has.
    pub fn highest_role(&self) -> Option<&str> {
        self.roles[1..].last().map(String::as_str)
    }

    /// The tier that a claim names; the lowest when there is none, or no such tier.
    pub(crate) fn resolve_tier(&self, claim: Option<&str>) -> String {
        let known = claim.filter(|name| self.tier_rank(name).is_some());
        known.unwrap_or(self.lowest_tier().name()).to_owned()
    }

    /// The role that a claim names; the lowest when there is none, or no such role.
    pub(crate) fn resolve_role(&self, claim: Option<&str>) -> String {
        let known = claim.filter(|name| self.role_rank(name).is_some());
        known.unwrap_or(self.lowest_role()).to_owned()
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// `invalid-kind` when the name is malformed or the policy does not have it.
    pub fn kind(&self, name: &str) -> Result<&Kind> {
        check_kind(name)?;
        self.kinds.iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let known: Vec<&str> = self.kinds.iter().map(Kind::name).collect();
            Error::new(ErrorKind::InvalidKind, format!("there is no kind `{name}`"))
                .with_required(known.join(", "))
                .with_actual(name)
        })
    }

    /// Checks that a file of this name (one segment, as it will be stored) and content type may be
    /// stored as `kind`, whoever asks, and gives the content type to store: without parameters, in
    /// lower case, under its usual name.
    ///
    /// The type must be one of the kind's and the extension one of the kind's; where Casier knows
    /// both, they must fit each other (`a.png` is no `image/jpeg`), except that
    /// `application/octet-stream` fits everything.
    ///
    /// # Errors
    /// `invalid-kind`; `type-not-allowed`; `invalid-filename` when the name holds separators,
    /// control characters or the like, raw or percent-encoded.
    pub fn check_type(&self, kind: &str, filename: &str, content_type: &str) -> Result<String> {
        content_type::check(self.kind(kind)?, filename, content_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_resolve_to_what_the_policy_has() {
        let policy = Policy::builtin();
        assert_eq!(policy.resolve_tier(Some("pro")), "pro");
        assert_eq!(policy.resolve_role(Some("manager")), "manager");
        for claim in ["Pro", " pro", "", "pro,basic"] {
            assert_eq!(policy.resolve_tier(Some(claim)), "free", "{claim}");
            assert_eq!(policy.resolve_role(Some(claim)), "user", "{claim}");
        }
        assert_eq!(policy.resolve_tier(None), "free");
        assert_eq!(policy.resolve_role(None), "user");
    }

    #[test]
    fn a_role_that_everybody_has_is_above_nobody() {
        assert_eq!(Policy::builtin().highest_role(), Some("admin"));
        let policy = Policy::from_toml("version = 1\nroles = ['user']", "p.toml").unwrap();
        assert_eq!(policy.highest_role(), None);
    }

    #[test]
    fn kinds_are_known_or_refused() {
        let policy = Policy::builtin();
        let names: Vec<&str> = policy.kinds().iter().map(Kind::name).collect();
        assert_eq!(names, ["book", "blog", "image", "video", "audio", "document", "file"]);
        for name in ["", "Image", "images", "im age", "../x", "a".repeat(33).as_str()] {
            assert_eq!(policy.kind(name).unwrap_err().code(), "invalid-kind", "{name}");
        }
    }
}
