//! Users whose tokens say too little, completed through Clerk's backend API.

mod cache;
mod directory;
mod profile;

use std::fmt;

use reqwest::Url;

pub(crate) use directory::UserDirectory;

/// Looks users up in Clerk's backend API when their tokens carry neither e-mail nor public metadata
/// (`GET /v1/users/{id}`, <https://clerk.com/docs/reference/backend-api/tag/users>). What is found is
/// kept for 60 seconds, and for an hour where Clerk cannot be reached; what is not found leaves the
/// user as the token says, with the lowest tier and role.
#[derive(Clone)]
#[non_exhaustive]
pub struct UserLookup {
    /// Where the API is, without its `/v1`: an https URL, or http on loopback. Defaults to
    /// `https://api.clerk.com`.
    pub api_url: String,
    /// Clerk's secret key, sent to that server alone.
    pub secret_key: String,
}

impl UserLookup {
    /// Clerk's own API, with this secret key.
    pub fn new(secret_key: impl Into<String>) -> Self {
        Self { api_url: "https://api.clerk.com".to_owned(), secret_key: secret_key.into() }
    }
}

impl fmt::Debug for UserLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Url::parse(&self.api_url).ok();
        f.debug_struct("UserLookup")
            .field("host", &host.as_ref().and_then(Url::host_str))
            .finish_non_exhaustive()
    }
}
