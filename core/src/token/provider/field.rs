//! The fields of a user that a token's claims fill.

use std::fmt;
use std::str::FromStr;

use crate::token::issuer::invalid;
use crate::{Error, Result};

/// Writes the enum and its names from one list.
macro_rules! fields {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $name:literal;)+) => {
        /// A field of [`User`](crate::token::User) that a [`ClaimsMapping`](super::ClaimsMapping)
        /// can fill.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum MappedField {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl MappedField {
            /// All fields.
            pub const ALL: &'static [MappedField] = &[$(MappedField::$variant),+];

            /// The name in settings, for example `organization_id`.
            pub const fn as_str(self) -> &'static str {
                match self { $(MappedField::$variant => $name,)+ }
            }
        }
    };
}

fields! {
    /// The e-mail address: a text.
    Email = "email";
    /// Whether it is verified: `true`, and nothing else.
    EmailVerified = "email_verified";
    /// The first name: a text.
    FirstName = "first_name";
    /// The last name: a text.
    LastName = "last_name";
    /// The whole name: a text.
    FullName = "full_name";
    /// The user name: a text.
    Username = "username";
    /// The address of the picture: a text.
    ImageUrl = "image_url";
    /// The phone number: a text.
    PhoneNumber = "phone_number";
    /// Whether it is verified: `true`, and nothing else.
    PhoneVerified = "phone_verified";
    /// The tier: a text, or a list of texts of which the highest tier of the policy counts.
    Subscription = "subscription";
    /// The application role: a text, or a list of texts of which the highest role of the policy
    /// counts.
    Role = "role";
    /// What only the server writes about the user: an object. Its `subscription` and `role` count
    /// where these two have no claim of their own.
    Metadata = "metadata";
    /// The issuer's session: a text.
    SessionId = "session_id";
    /// The active organization: a text.
    OrganizationId = "organization_id";
    /// Its readable name: a text.
    OrganizationSlug = "organization_slug";
    /// The user's role in it, never an application role: a text, which becomes `org:name`.
    OrganizationRole = "organization_role";
    /// The user's permissions in it: a list of texts, which become `org:name`.
    Permissions = "permissions";
    /// The user's features: a list of texts, without scope.
    Features = "features";
    /// The user's plans: a list of texts, without scope.
    Plans = "plans";
}

impl MappedField {
    /// Whether the field decides what the user may do, and not only who they are.
    pub(crate) fn grants(self) -> bool {
        matches!(
            self,
            Self::Subscription
                | Self::Role
                | Self::Metadata
                | Self::OrganizationId
                | Self::OrganizationSlug
                | Self::OrganizationRole
                | Self::Permissions
                | Self::Features
                | Self::Plans
        )
    }

    /// Whether the field says something about an organization, and so needs its id.
    pub(crate) fn needs_organization(self) -> bool {
        matches!(self, Self::OrganizationSlug | Self::OrganizationRole | Self::Permissions)
    }
}

impl fmt::Display for MappedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MappedField {
    type Err = Error;

    /// Reads the name in settings; anything else is `config-invalid`.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|field| field.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|field| field.as_str()).collect();
            invalid(format!("{name:?} cannot be mapped; what can is {}", known.join(", ")))
        })
    }
}
