//! The credential of a signature: `KEY/DATE/REGION/SERVICE/aws4_request`.

use super::Rules;
use super::refusal::Refusal;
use crate::sts::Key;

/// A credential of Signature Version 4.
#[derive(Debug, PartialEq)]
pub(super) struct Credential<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Credential<'a> {
    /// Splits a credential, from its end, since only the key's form is free.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut pieces = text.rsplitn(5, '/');
        let (terminal, service, region) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let (date, access_key_id) = (pieces.next()?, pieces.next()?);
        (terminal == "aws4_request").then_some(Self { access_key_id, date, region, service })
    }

    /// Compares the credential with what the server knows, with the service that the request is
    /// meant for and with its date, and tells whose key it is.
    pub(super) fn judge(
        &self,
        rules: &Rules,
        service: &str,
        amz_date: &str,
        malformed: fn(String) -> Refusal,
    ) -> Result<Key, Refusal> {
        if self.region != rules.region {
            let message =
                format!("the region '{}' is wrong; expecting '{}'", self.region, rules.region);
            return Err(malformed(message).with("Region", &rules.region));
        }
        if self.service != service {
            return Err(malformed(format!(
                "incorrect service \"{}\". This endpoint belongs to \"{service}\".",
                self.service
            )));
        }
        if amz_date.get(..8) != Some(self.date) {
            return Err(malformed(format!(
                "Invalid credential date \"{}\". This date is not the same as X-Amz-Date: \"{}\".",
                self.date,
                amz_date.get(..8).unwrap_or_default()
            )));
        }
        rules.keys.find(self.access_key_id).ok_or_else(|| Refusal::unknown_key(self.access_key_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces() {
        let credential = Credential::parse("AK/20130524/eu-west-3/s3/aws4_request").unwrap();
        assert_eq!(credential.access_key_id, "AK");
        assert_eq!((credential.date, credential.region), ("20130524", "eu-west-3"));
        let odd = Credential::parse("A/K/20130524/eu-west-3/s3/aws4_request").unwrap();
        assert_eq!(odd.access_key_id, "A/K");
        for bad in
            ["", "AK", "AK/20130524/r/s3", "AK/20130524/r/s3/aws4", "20130524/r/s3/aws4_request"]
        {
            assert_eq!(Credential::parse(bad), None, "{bad}");
        }
    }
}
