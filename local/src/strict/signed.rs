//! The list of signed headers, against the headers that came.

use http::Version;
use http::request::Parts;

use super::refusal::Refusal;

/// Refuses when `host` or an `x-amz-*` header is not signed, or a signed header did not come.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
pub(super) fn judge(request: &Parts, list: &str) -> Result<Signed, Refusal> {
    let signed: Vec<&str> = list.split(';').collect();
    let names = request.headers.keys().map(|name| name.as_str());
    let mut unsigned: Vec<&str> =
        names.filter(|name| name.starts_with("x-amz-") && !signed.contains(name)).collect();
    if !signed.contains(&"host") {
        unsigned.push("host");
    }
    if !unsigned.is_empty() {
        unsigned.sort_unstable();
        return Err(Refusal::unsigned(&unsigned));
    }
    // HTTP/2 names the host in the URI.
    let elsewhere = |name: &str| name == "host" && request.version == Version::HTTP_2;
    if signed.iter().any(|name| !request.headers.contains_key(*name) && !elsewhere(name)) {
        return Err(Refusal::signature_mismatch());
    }
    Ok(Signed(signed.into_iter().map(str::to_owned).collect()))
}

/// The names of the headers that a request signed.
#[derive(Debug)]
pub(super) struct Signed(Vec<String>);

impl Signed {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|signed| signed == name)
    }
}
