//! The entry: one `Casier` for a process.

use std::collections::HashMap;
use std::sync::Arc;

use casier::config::ConfigBuilder;
use casier::token::RequestHead;
use casier::{Config, Setting};

use crate::cancel::Cancellation;
use crate::error::Result;
use crate::session::Session;
use crate::storage::UserStorage;

#[derive(uniffi::Object)]
pub(crate) struct Casier(casier::Casier);

#[uniffi::export]
impl Casier {
    #[uniffi::constructor]
    fn new(settings: HashMap<String, String>) -> Result<Self> {
        build(Config::builder(), settings)
    }

    /// `settings` come before the environment.
    #[uniffi::constructor]
    fn from_env(settings: HashMap<String, String>) -> Result<Self> {
        build(Config::builder().environment()?, settings)
    }

    async fn authenticate(
        &self,
        token: String,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Session>> {
        let casier = self.0.clone();
        let session = cancellation.run(async move { casier.authenticate(&token).await }).await?;
        Ok(Arc::new(Session(session)))
    }

    async fn authenticate_request(
        &self,
        method: String,
        headers: Vec<Header>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Session>> {
        let headers = headers.into_iter().map(|header| (header.name, header.value)).collect();
        let request = RequestHead::new(method, headers);
        let casier = self.0.clone();
        let call = async move { casier.authenticate_request(&request).await };
        let session = cancellation.run(call).await?;
        Ok(Arc::new(Session(session)))
    }

    fn storage_for(&self, user_id: &str) -> Result<Arc<UserStorage>> {
        Ok(Arc::new(UserStorage(self.0.storage_for(user_id)?)))
    }
}

fn build(mut builder: ConfigBuilder, settings: HashMap<String, String>) -> Result<Casier> {
    for (name, value) in settings {
        builder = builder.set_named(&name, value)?;
    }
    Ok(Casier(casier::Casier::new(builder.build()?)?))
}

/// A header of a request. A request may have several of one name.
#[derive(uniffi::Record)]
pub(crate) struct Header {
    name: String,
    value: String,
}

/// The names of all settings.
#[uniffi::export]
fn setting_names() -> Result<Vec<String>> {
    Ok(Setting::ALL.iter().map(|setting| setting.name().to_owned()).collect())
}
