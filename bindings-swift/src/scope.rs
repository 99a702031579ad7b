//! A user's place in the bucket, as strings.

use casier::storage;

use crate::error::Result;

#[derive(uniffi::Object)]
pub(crate) struct Scope(pub(crate) storage::Scope);

#[uniffi::export]
impl Scope {
    #[uniffi::constructor]
    fn new(user_id: String) -> Result<Self> {
        Ok(Self(storage::Scope::new(user_id)?))
    }

    fn user_id(&self) -> Result<String> {
        Ok(self.0.user_id().to_owned())
    }

    fn prefix(&self) -> Result<String> {
        Ok(self.0.prefix().to_owned())
    }

    fn key(&self, kind: &str, filename: &str) -> Result<String> {
        Ok(self.0.key(kind, filename)?)
    }

    fn unguessable_key(&self, kind: &str, filename: &str) -> Result<String> {
        Ok(self.0.unguessable_key(kind, filename)?)
    }

    fn parse(&self, key: &str) -> Result<ParsedKey> {
        let parsed = self.0.parse(key)?;
        Ok(ParsedKey { kind: parsed.kind, filename: parsed.filename })
    }
}

#[derive(uniffi::Record)]
pub(crate) struct ParsedKey {
    kind: Option<String>,
    filename: String,
}
