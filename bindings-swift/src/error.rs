//! Failures, in the form that crosses to Swift.

use casier::{Category as CoreCategory, Error, ErrorKind};

pub(crate) type Result<T> = std::result::Result<T, CasierError>;

/// The one error of every export.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub(crate) enum CasierError {
    #[error("{}: {}", failure.code, failure.message)]
    Failed { failure: Box<Failure> },
}

#[derive(Debug, uniffi::Record)]
pub(crate) struct Failure {
    pub(crate) category: Category,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
    pub(crate) retryable: bool,
    pub(crate) required: Option<String>,
    pub(crate) actual: Option<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) used: Option<u64>,
    /// Seconds.
    pub(crate) retry_after: Option<f64>,
}

#[derive(Debug, uniffi::Enum)]
pub(crate) enum Category {
    Authentication,
    AccessDenied,
    InvalidInput,
    NotFound,
    Conflict,
    Unavailable,
    Storage,
    Config,
    Other,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let details = error.details();
        Self {
            category: error.kind().category().into(),
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            status: error.status(),
            retryable: error.is_retryable(),
            required: details.required.clone(),
            actual: details.actual.clone(),
            limit: details.limit,
            used: details.used,
            retry_after: details.retry_after.map(|wait| wait.as_secs_f64()),
        }
    }
}

impl From<Error> for CasierError {
    fn from(error: Error) -> Self {
        Self::Failed { failure: Box::new(error.into()) }
    }
}

impl From<CoreCategory> for Category {
    fn from(category: CoreCategory) -> Self {
        match category {
            CoreCategory::Authentication => Self::Authentication,
            CoreCategory::AccessDenied => Self::AccessDenied,
            CoreCategory::InvalidInput => Self::InvalidInput,
            CoreCategory::NotFound => Self::NotFound,
            CoreCategory::Conflict => Self::Conflict,
            CoreCategory::Unavailable => Self::Unavailable,
            CoreCategory::Storage => Self::Storage,
            CoreCategory::Config => Self::Config,
            _ => Self::Other,
        }
    }
}

/// Every kind of failure, its meaning as the message.
#[uniffi::export]
fn catalogue() -> Result<Vec<Failure>> {
    let failure = |kind: &ErrorKind| Error::new(*kind, kind.meaning()).into();
    Ok(ErrorKind::ALL.iter().map(failure).collect())
}
