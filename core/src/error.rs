//! The one error type, and the catalogue of everything that can go wrong.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The result of a Casier call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed: a stable kind, a message for people, and the facts that belong to the kind.
///
/// The message never holds a token, a secret or the query string of a signed link. Cheap to clone.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    details: Details,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The facts that some kinds carry, the same fields in every language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Details {
    /// What the call needed: a tier, a role, a feature, a content type.
    pub required: Option<String>,
    /// What the caller has instead.
    pub actual: Option<String>,
    /// The limit that was met, in the unit that it is about: bytes, seconds, files or requests.
    pub limit: Option<u64>,
    /// How much was used or asked for, in the same unit.
    pub used: Option<u64>,
    /// How long to wait before another try.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// An error of `kind`; `message` says what was wrong and, where it helps, what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            details: Details::default(),
            source: None,
        }))
    }

    /// Adds what the call needed.
    #[must_use]
    pub fn with_required(mut self, required: impl Into<String>) -> Self {
        self.0.details.required = Some(required.into());
        self
    }

    /// Adds what the caller has instead.
    #[must_use]
    pub fn with_actual(mut self, actual: impl Into<String>) -> Self {
        self.0.details.actual = Some(actual.into());
        self
    }

    /// Adds the limit that was met and how much of it was used or asked for.
    #[must_use]
    pub fn with_limit(mut self, limit: u64, used: u64) -> Self {
        self.0.details.limit = Some(limit);
        self.0.details.used = Some(used);
        self
    }

    /// [`with_limit`](Self::with_limit), for what is counted in memory.
    pub(crate) fn with_count(self, limit: usize, used: usize) -> Self {
        let to_u64 = |count| u64::try_from(count).unwrap_or(u64::MAX);
        self.with_limit(to_u64(limit), to_u64(used))
    }

    /// Adds how long to wait before another try.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.details.retry_after = Some(wait);
        self
    }

    /// Puts these facts in the place of all others, as a language does that hands an error back.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.0.details = details;
        self
    }

    /// Adds the error below this one. Its text must not hold a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable kebab-case code, for example `token-expired`.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The HTTP status that goes with the code.
    pub fn status(&self) -> u16 {
        self.0.kind.status()
    }

    /// Whether the same call may succeed later with nothing changed.
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// What was wrong, for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The facts that belong to the kind.
    pub fn details(&self) -> &Details {
        &self.0.details
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown.field("code", &self.code()).field("message", &self.0.message);
        if self.0.details != Details::default() {
            shown.field("details", &self.0.details);
        }
        if let Some(source) = &self.0.source {
            shown.field("source", source);
        }
        shown.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// What an application does about a kind of failure: other languages make a class or a case of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Category {
    /// Nobody is signed in: the token is missing, malformed, expired or not to be trusted.
    Authentication,
    /// The user is known, and may not do this.
    AccessDenied,
    /// A key, a filename, a file or another argument cannot be accepted.
    InvalidInput,
    /// There is no such thing.
    NotFound,
    /// What is stored stands in the way.
    Conflict,
    /// Something that Casier needs does not answer, or asks to wait.
    Unavailable,
    /// The store refuses our own credentials, or cannot do what was asked.
    Storage,
    /// A setting is missing or wrong.
    Config,
    /// The caller gave up, a local file failed, or a fault in Casier.
    Other,
}

impl Category {
    /// The name in kebab-case: `access-denied`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::AccessDenied => "access-denied",
            Self::InvalidInput => "invalid-input",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::Storage => "storage",
            Self::Config => "config",
            Self::Other => "other",
        }
    }
}

impl ErrorKind {
    /// What an application does about it.
    pub const fn category(self) -> Category {
        match (self, self.status()) {
            (Self::ConfigInvalid, _) => Category::Config,
            (_, 401) => Category::Authentication,
            (_, 403) => Category::AccessDenied,
            (_, 404) => Category::NotFound,
            (_, 409 | 412) => Category::Conflict,
            (_, 400 | 405 | 413 | 415 | 416) => Category::InvalidInput,
            (_, 429 | 503 | 504) => Category::Unavailable,
            (_, 501 | 502) => Category::Storage,
            _ => Category::Other,
        }
    }
}

/// What the operating system said about a local file, in words that hold no path and no number.
pub(crate) fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        kind => kind.to_string(),
    }
}

/// Writes the enum and its tables from one list, so that no kind can lack a code or a status.
macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:literal, $retry:literal;)+) => {
        /// Every kind of failure. Codes and statuses are stable; new kinds may be added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorKind {
            /// All kinds, in the order of the catalogue.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name),+];

            /// The stable kebab-case code.
            pub const fn code(self) -> &'static str {
                match self { $(ErrorKind::$name => $code,)+ }
            }

            /// The kind of a code; none when no kind has it.
            pub fn from_code(code: &str) -> Option<ErrorKind> {
                Self::ALL.iter().copied().find(|kind| kind.code() == code)
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(ErrorKind::$name => $status,)+ }
            }

            /// Whether the same call may succeed later with nothing changed.
            pub const fn is_retryable(self) -> bool {
                match self { $(ErrorKind::$name => $retry,)+ }
            }

            /// What the kind means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(ErrorKind::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

catalogue! {
    /// The request carries no token.
    TokenMissing = "token-missing", 401, false;
    /// The token is not a well-formed signed JWT, or a claim is missing or of the wrong type.
    TokenInvalid = "token-invalid", 401, false;
    /// The token's algorithm is not allowed, or does not fit the key.
    TokenInvalidAlgorithm = "token-invalid-algorithm", 401, false;
    /// The signature does not match.
    TokenInvalidSignature = "token-invalid-signature", 401, false;
    /// The token has expired.
    TokenExpired = "token-expired", 401, false;
    /// The token is not valid yet.
    TokenNotActiveYet = "token-not-active-yet", 401, false;
    /// The token says that it was issued in the future.
    TokenIatInTheFuture = "token-iat-in-the-future", 401, false;
    /// The token comes from an issuer that is not configured.
    TokenInvalidIssuer = "token-invalid-issuer", 401, false;
    /// The token is meant for another audience.
    TokenInvalidAudience = "token-invalid-audience", 401, false;
    /// The token was made for a party (`azp`) that is not authorized.
    TokenInvalidAuthorizedParties = "token-invalid-authorized-parties", 401, false;
    /// The token is genuine but not a session token.
    TokenTypeMismatch = "token-type-mismatch", 401, false;
    /// The session still has a task to finish and counts as signed out.
    SessionPending = "session-pending", 401, false;
    /// The session or the user has been revoked.
    SessionRevoked = "session-revoked", 401, false;
    /// The issuer has no key of the token's key id.
    JwkKidMismatch = "jwk-kid-mismatch", 401, false;
    /// A webhook's signature does not match.
    WebhookSignatureInvalid = "webhook-signature-invalid", 401, false;
    /// The issuer's keys cannot be fetched right now.
    JwkRemoteFailedToLoad = "jwk-remote-failed-to-load", 503, true;
    /// The issuer's answer is not a usable key set.
    JwkRemoteInvalid = "jwk-remote-invalid", 503, true;
    /// The user's subscription tier is too low.
    SubscriptionRequired = "subscription-required", 403, false;
    /// The user's application role is too low.
    RoleRequired = "role-required", 403, false;
    /// The user has not been granted the feature.
    FeatureRequired = "feature-required", 403, false;
    /// The user lacks the organization permission.
    PermissionRequired = "permission-required", 403, false;
    /// The user lacks the plan.
    PlanRequired = "plan-required", 403, false;
    /// The user has to sign in again for this.
    ReverificationRequired = "reverification-required", 403, false;
    /// What was asked for belongs to somebody else.
    NotOwner = "not-owner", 403, false;
    /// A request signed in by cookie comes from another site.
    CrossSiteRequest = "cross-site-request", 403, false;
    /// The user's storage or monthly allowance is used up.
    QuotaExceeded = "quota-exceeded", 403, false;
    /// The key is not one that can be read.
    InvalidKey = "invalid-key", 400, false;
    /// The filename cannot be stored.
    InvalidFilename = "invalid-filename", 400, false;
    /// The user id cannot name a scope.
    InvalidUserId = "invalid-user-id", 400, false;
    /// The kind of file is malformed or not configured.
    InvalidKind = "invalid-kind", 400, false;
    /// The cursor was not made by this listing.
    InvalidCursor = "invalid-cursor", 400, false;
    /// An argument is missing or out of range.
    InvalidRequest = "invalid-request", 400, false;
    /// The user metadata is larger than S3 takes.
    MetadataTooLarge = "metadata-too-large", 400, false;
    /// The bytes do not match their checksum.
    ChecksumMismatch = "checksum-mismatch", 400, false;
    /// There is no such file.
    FileNotFound = "file-not-found", 404, false;
    /// There is no such upload.
    UploadNotFound = "upload-not-found", 404, false;
    /// There is no such job.
    JobNotFound = "job-not-found", 404, false;
    /// There is no such route.
    RouteNotFound = "route-not-found", 404, false;
    /// The route does not take this method.
    MethodNotAllowed = "method-not-allowed", 405, false;
    /// A file of that key exists and was not to be replaced.
    FileExists = "file-exists", 409, false;
    /// The file must be restored from its archive first.
    FileArchived = "file-archived", 409, false;
    /// The upload lacks parts.
    UploadIncomplete = "upload-incomplete", 409, false;
    /// Another change came in between.
    Conflict = "conflict", 409, true;
    /// The file is not the version that was asked for.
    PreconditionFailed = "precondition-failed", 412, false;
    /// The file is larger than the tier allows.
    FileTooLarge = "file-too-large", 413, false;
    /// Files of this type may not be stored as this kind.
    TypeNotAllowed = "type-not-allowed", 415, false;
    /// The file's bytes are not of the type that it claims.
    ContentMismatch = "content-mismatch", 415, false;
    /// The range lies outside the file.
    RangeInvalid = "range-invalid", 416, false;
    /// Too many requests.
    RateLimited = "rate-limited", 429, true;
    /// The caller gave up.
    Cancelled = "cancelled", 499, false;
    /// The configuration is missing something or is wrong.
    ConfigInvalid = "config-invalid", 500, false;
    /// A local file could not be read or written.
    IoFailed = "io-failed", 500, false;
    /// A fault in Casier itself.
    Internal = "internal", 500, false;
    /// The store cannot do what was asked.
    StorageUnsupported = "storage-unsupported", 501, false;
    /// The store refused our own credentials.
    StorageDenied = "storage-denied", 502, false;
    /// The store cannot be reached, or fails.
    StorageUnavailable = "storage-unavailable", 503, true;
    /// The store failed too often just now and is being left alone.
    CircuitOpen = "circuit-open", 503, true;
    /// The shared state cannot be reached.
    StateUnavailable = "state-unavailable", 503, true;
    /// The call did not finish in time.
    Timeout = "timeout", 504, true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_kebab_case() {
        let mut codes: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        for code in &codes {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn an_error_is_made_again_from_its_parts() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(*kind));
        }
        assert_eq!(ErrorKind::from_code("no-such-code"), None);
        let error = Error::new(ErrorKind::FileTooLarge, "why").with_limit(1, 2).with_actual("x");
        let again =
            Error::new(ErrorKind::FileTooLarge, "why").with_details(error.details().clone());
        assert_eq!(again.details(), error.details());
    }

    #[test]
    fn a_log_line_shows_what_applies_and_stays_one_line() {
        let error = Error::new(ErrorKind::ConfigInvalid, "no\nbucket");
        assert_eq!(
            format!("{error:?}"),
            r#"Error { code: "config-invalid", message: "no\nbucket" }"#
        );
        let error = error.with_required("a bucket").with_source(std::io::Error::other("below"));
        let shown = format!("{error:?}");
        assert!(
            shown.contains(r#"required: Some("a bucket")"#) && shown.contains("below"),
            "{shown}"
        );
    }

    #[test]
    fn only_passing_faults_are_retryable() {
        for kind in ErrorKind::ALL {
            let may_pass = matches!(kind.status(), 409 | 429 | 503 | 504);
            assert!(!kind.is_retryable() || may_pass, "{kind:?}");
        }
        assert!(ErrorKind::Timeout.is_retryable());
        assert!(!ErrorKind::TokenExpired.is_retryable());
    }

    #[test]
    fn few_kinds_are_left_to_the_last_category() {
        let rest = ErrorKind::ALL.iter().filter(|kind| kind.category() == Category::Other);
        let rest: Vec<_> = rest.collect();
        assert_eq!(rest, [&ErrorKind::Cancelled, &ErrorKind::IoFailed, &ErrorKind::Internal]);
    }

    #[test]
    fn what_the_system_says_is_said_plainly() {
        let reason = |kind: std::io::ErrorKind| io_reason(&kind.into());
        assert_eq!(reason(std::io::ErrorKind::NotFound), "there is no such file or folder");
        assert_eq!(reason(std::io::ErrorKind::PermissionDenied), "permission denied");
    }

    #[test]
    fn display_gives_code_and_message() {
        let error = Error::new(ErrorKind::NotOwner, "the key belongs to another user");
        assert_eq!(error.to_string(), "not-owner: the key belongs to another user");
    }
}
