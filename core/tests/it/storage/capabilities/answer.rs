//! Answers of the store in the words of the table.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

pub(super) const YES: &str = "yes";
pub(super) const IGNORED: &str = "ignored";

/// How a refusal reads: `` `412 PreconditionFailed` ``.
pub(super) fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String
where
    SdkError<E>: RequestId,
{
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    match error.code() {
        Some(code) => format!("`{status} {code}`"),
        None => format!("`{status}`"),
    }
}

/// `yes` when the call succeeded, else how it was refused.
pub(super) fn taken<T, E: ProvideErrorMetadata>(answer: &Result<T, SdkError<E>>) -> String
where
    SdkError<E>: RequestId,
{
    match answer {
        Ok(_) => YES.to_owned(),
        Err(error) => format!("no: {}", refusal(error)),
    }
}

/// For a condition that does not hold: `yes` when the call was refused for it.
pub(super) fn honoured<T, E: ProvideErrorMetadata>(answer: &Result<T, SdkError<E>>) -> String
where
    SdkError<E>: RequestId,
{
    match answer {
        Ok(_) => IGNORED.to_owned(),
        Err(error) => {
            let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
            match status {
                304 | 409 | 412 => YES.to_owned(),
                _ => format!("no: {}", refusal(error)),
            }
        }
    }
}

/// Several findings that share a row: what most of them say once, the others by their names.
pub(super) fn together(findings: &[(&str, String)]) -> String {
    let of = |finding: &String| -> Vec<&str> {
        findings.iter().filter(|(_, it)| it == finding).map(|(name, _)| *name).collect()
    };
    let mut kinds: Vec<&String> = findings.iter().map(|(_, finding)| finding).collect();
    kinds.sort();
    kinds.dedup();
    if let [only] = kinds[..] {
        return only.clone();
    }
    let parts: Vec<String> =
        kinds.into_iter().map(|finding| format!("{}: {finding}", of(finding).join(", "))).collect();
    parts.join("; ")
}
