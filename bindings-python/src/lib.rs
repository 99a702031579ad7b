//! The extension module `casier._casier`: converts, calls the core, maps its errors. Behaviour
//! lives in the core.

mod access;
mod answers;
mod audit;
mod client;
mod contents;
mod convert;
mod error;
mod file;
mod http;
mod links;
mod log;
mod runtime;
mod scope;
mod session;
mod storage;
mod token;
mod transfer;

use pyo3::prelude::*;

/// The compiled part of the package `casier`; import from there.
#[pymodule]
mod _casier {
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
    #[pymodule_export]
    const MAX_FORM_PARTS: u32 = casier::http::MAX_FORM_PARTS;
    #[pymodule_export]
    const MAX_FORM_TEXT_BYTES: u32 = casier::http::MAX_FORM_TEXT_BYTES;
    #[pymodule_export]
    use crate::access::{Action, Decision, Facts, Policy, Reverification};
    #[pymodule_export]
    use crate::answers::{BegunUpload, KindUsage, Receipt, SweptUploads, UploadState, Usage};
    #[pymodule_export]
    use crate::audit::AuditEvent;
    #[pymodule_export]
    use crate::client::{Casier, settings};
    #[pymodule_export]
    use crate::error::catalogue;
    #[pymodule_export]
    use crate::file::{Deletion, Page, StoredFile};
    #[pymodule_export]
    use crate::http::{
        HttpAnswer, HttpApi, HttpBody, HttpCall, HttpFile, error_answer, extract_token,
        failure_answer, http_routes, request_id, success_answer,
    };
    #[pymodule_export]
    use crate::links::{
        CdnCookies, Link, PartUrl, PresignedPost, PresignedUpload, TemporaryCredentials,
    };
    #[pymodule_export]
    use crate::scope::{ParsedKey, Scope};
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::storage::{FileList, FileStream, UserStorage};
    #[pymodule_export]
    use crate::token::{Organization, TokenVerifier, User, VerifiedToken};
    #[pymodule_export]
    use crate::transfer::{ByteRange, Cancellation};

    #[pymodule_init]
    fn init() {
        casier::log::collect();
    }
}
