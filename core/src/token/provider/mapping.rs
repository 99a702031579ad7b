//! Which claims fill the user, where that is not what the provider's preset says.

use std::collections::BTreeMap;

use super::{MappedField, Provider};
use crate::token::issuer::invalid;
use crate::{Error, Result};

/// How many names a path may have; claims do not nest deeper than this in practice.
const MAX_PATH: usize = 8;

/// The standard claims about a person (OpenID Connect Core §5.1): at most providers, users write
/// them on their profile page.
const PROFILE_CLAIMS: [&str; 19] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
];

/// What Clerk says of the active organization. By default every user may found one, and chooses its
/// slug and has its highest role then: <https://clerk.com/docs/guides/organizations/overview>.
const CLERK_ORGANIZATION_CLAIMS: [&str; 5] =
    ["o", "org_id", "org_slug", "org_role", "org_permissions"];

/// Where the claims stand that fill a user, for the fields where that is not what the issuer's
/// [`Provider`] says. A field that is mapped is read from that path alone.
///
/// A path is a list of names from outside in, and one name for a claim at the top: names hold dots,
/// colons and slashes, so that there is no separator. Paths through claims that users write
/// themselves (`user_metadata`, `unsafe_metadata`; for rights also the standard claims of OpenID
/// Connect, what the provider says of the person, Cognito's `custom:` attributes, and for rights
/// outside of an organization what Clerk says of one) are `config-invalid`.
///
/// ```
/// use casier::token::{ClaimsMapping, MappedField};
///
/// let mapping = ClaimsMapping::new()
///     .with(MappedField::Role, ["resource_access", "files", "roles"])
///     .with(MappedField::Subscription, ["https://app.example.com/tier"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsMapping(BTreeMap<MappedField, Vec<String>>);

impl ClaimsMapping {
    /// A mapping of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the field from the claim at this path.
    #[must_use]
    pub fn with<I>(mut self, field: MappedField, path: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.0.insert(field, path.into_iter().map(Into::into).collect());
        self
    }

    pub(crate) fn path(&self, field: MappedField) -> Option<&[String]> {
        self.0.get(&field).map(Vec::as_slice)
    }

    /// Refuses paths that lead nowhere or to what users write themselves.
    pub(crate) fn check(&self, provider: Provider) -> Result<()> {
        for (&field, path) in &self.0 {
            if path.is_empty() || path.len() > MAX_PATH || path.iter().any(String::is_empty) {
                return Err(invalid(format!(
                    "the path that `{field}` is mapped to must be 1 to {MAX_PATH} names"
                )));
            }
            if is_written_by_users(provider, field, path) {
                return Err(invalid(format!(
                    "`{field}` is mapped to what users write themselves; take a claim that only \
                     your server writes"
                )));
            }
            let has_organization = self.0.contains_key(&MappedField::OrganizationId)
                || provider.preset().fills(MappedField::OrganizationId);
            if field.needs_organization() && !has_organization {
                return Err(invalid(format!(
                    "`{field}` is mapped, and needs `organization_id` to be"
                )));
            }
        }
        Ok(())
    }
}

/// The form in which other languages and files give a mapping: paths by the field's name.
impl TryFrom<BTreeMap<String, Vec<String>>> for ClaimsMapping {
    type Error = Error;

    fn try_from(paths: BTreeMap<String, Vec<String>>) -> Result<Self> {
        let named = paths.into_iter().map(|(name, path)| Ok((name.parse()?, path)));
        named.collect::<Result<_>>().map(Self)
    }
}

/// Whether a claim of this name holds what users write themselves, at Clerk, Supabase or Auth0.
fn is_user_metadata(claim: &str) -> bool {
    let name: String = claim.chars().filter(char::is_ascii_alphanumeric).collect();
    ["unsafemetadata", "usermetadata"].iter().any(|own| name.to_ascii_lowercase().contains(own))
}

/// Whether users decide what stands at this path, or, for a field that grants something, may.
pub(crate) fn is_written_by_users(provider: Provider, field: MappedField, path: &[String]) -> bool {
    let first = path.first().map_or("", String::as_str);
    path.iter().any(|name| is_user_metadata(name))
        || field.grants()
            && (PROFILE_CLAIMS.contains(&first)
                || is_attribute(provider, first)
                || is_identity(provider, path)
                || is_founders_own(provider, field, first))
}

/// Cognito lets app clients write attributes, the `custom:` ones included, in the user's name:
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>.
fn is_attribute(provider: Provider, claim: &str) -> bool {
    provider == Provider::Cognito && claim.starts_with("custom:")
}

/// Whether the provider says there who the user is: a name, an address, a picture.
fn is_identity(provider: Provider, path: &[String]) -> bool {
    let identity = MappedField::ALL.iter().copied().filter(|field| !field.grants());
    let mut paths = identity.flat_map(|field| provider.preset().paths(field));
    paths.any(|own| own.iter().copied().eq(path.iter().map(String::as_str)))
}

/// Whether whoever founds an organization has what stands there, and `field` grants more than that.
fn is_founders_own(provider: Provider, field: MappedField, claim: &str) -> bool {
    let is_within = field == MappedField::OrganizationId || field.needs_organization();
    provider == Provider::Clerk && !is_within && CLERK_ORGANIZATION_CLAIMS.contains(&claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(provider: Provider, field: MappedField, path: &[&str]) -> Result<()> {
        ClaimsMapping::new()
            .with(MappedField::OrganizationId, ["tenant"])
            .with(field, path.iter().copied())
            .check(provider)
    }

    /// Attack 52.
    #[test]
    fn what_users_write_cannot_be_mapped() {
        use MappedField::{FullName, Metadata, Permissions, Role, Subscription};
        for (field, path) in [
            (Subscription, &["user_metadata", "tier"][..]),
            (Role, &["unsafeMetadata", "role"]),
            (Metadata, &["https://app.example/user_metadata"]),
            (FullName, &["user_metadata", "full_name"]),
            (Role, &["claims", "unsafe_metadata"]),
            (Role, &["nickname"]),
            (Permissions, &["profile"]),
            (Metadata, &["address"]),
        ] {
            for provider in Provider::ALL {
                let error = check(*provider, field, path).unwrap_err();
                assert_eq!(error.code(), "config-invalid", "{provider} {field} {path:?}");
            }
        }
        for path in ["https://app.example/user_metadata.role", "user_metadata_role"] {
            assert!(check(Provider::Auth0, Role, &[path]).is_err(), "{path}");
        }
        for (provider, path) in [
            (Provider::Clerk, "username"),
            (Provider::Clerk, "first_name"),
            (Provider::Cognito, "cognito:username"),
            (Provider::Cognito, "custom:role"),
            (Provider::Supabase, "phone"),
        ] {
            assert!(check(provider, Role, &[path]).is_err(), "{provider} {path}");
        }
        assert!(check(Provider::OpenId, Role, &["custom:role"]).is_ok());
        assert!(check(Provider::Cognito, FullName, &["custom:display"]).is_ok());
        assert!(check(Provider::OpenId, FullName, &["nickname"]).is_ok());
        assert!(check(Provider::Keycloak, Role, &["resource_access", "a.b", "roles"]).is_ok());
    }

    #[test]
    fn whoever_founds_an_organization_gets_no_application_role() {
        use MappedField::{Features, OrganizationRole, Permissions, Plans, Role, Subscription};
        for field in [Role, Subscription, Features, Plans, MappedField::Metadata] {
            for path in [&["o", "rol"][..], &["org_role"], &["org_permissions"], &["o"]] {
                assert!(check(Provider::Clerk, field, path).is_err(), "{field} {path:?}");
            }
        }
        assert!(check(Provider::Clerk, OrganizationRole, &["o", "rol"]).is_ok());
        assert!(check(Provider::Clerk, Permissions, &["org_permissions"]).is_ok());
        assert!(check(Provider::Auth0, Features, &["permissions"]).is_ok());
    }

    #[test]
    fn a_path_has_one_to_eight_names() {
        for path in [&[][..], &[""], &["a", ""], &["a"; 9]] {
            assert!(check(Provider::OpenId, MappedField::Role, path).is_err(), "{path:?}");
        }
        assert!(check(Provider::OpenId, MappedField::Role, &["a"; 8]).is_ok());
    }

    #[test]
    fn permissions_belong_to_an_organization() {
        let mapping = ClaimsMapping::new().with(MappedField::Permissions, ["permissions"]);
        assert!(mapping.check(Provider::Auth0).is_ok());
        for provider in [Provider::Clerk, Provider::OpenId, Provider::Keycloak] {
            assert!(mapping.check(provider).is_err(), "{provider}");
        }
    }

    #[test]
    fn plain_values_are_taken_by_name() {
        let plain = |name: &str| BTreeMap::from([(name.to_owned(), vec!["claim".to_owned()])]);
        for field in MappedField::ALL {
            let mapping = ClaimsMapping::try_from(plain(field.as_str())).unwrap();
            assert_eq!(mapping.path(*field), Some(&["claim".to_owned()][..]));
        }
        for name in ["user_id", "sub", "Role", "actor", ""] {
            assert!(ClaimsMapping::try_from(plain(name)).is_err(), "{name}");
        }
    }
}
