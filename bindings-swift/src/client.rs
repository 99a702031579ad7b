//! The entry: one `Casier` for a process.

use std::collections::HashMap;
use std::sync::Arc;

use casier::config::ConfigBuilder;
use casier::token::RequestHead;
use casier::{Config, Setting};

use crate::answers::SweptUploads;
use crate::cancel::Cancellation;
use crate::convert::Time;
use crate::error::Result;
use crate::observe::{self, AuditListener};
use crate::session::Session;
use crate::storage::UserStorage;

#[derive(uniffi::Object)]
pub(crate) struct Casier(casier::Casier);

#[uniffi::export]
impl Casier {
    #[uniffi::constructor]
    fn new(
        settings: HashMap<String, String>,
        audit: Option<Box<dyn AuditListener>>,
    ) -> Result<Self> {
        build(Config::builder(), settings, audit)
    }

    /// `settings` come before the environment.
    #[uniffi::constructor]
    fn from_env(
        settings: HashMap<String, String>,
        audit: Option<Box<dyn AuditListener>>,
    ) -> Result<Self> {
        build(Config::builder().environment()?, settings, audit)
    }

    async fn authenticate(
        &self,
        token: String,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Session>> {
        let casier = self.0.clone();
        let call = async move { casier.authenticate(&token).await };
        Ok(Arc::new(Session(cancellation.run_here(call).await?)))
    }

    async fn authenticate_request(
        &self,
        method: String,
        headers: Vec<Header>,
        address: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Session>> {
        let headers = headers.into_iter().map(|header| (header.name, header.value)).collect();
        let mut request = RequestHead::new(method, headers);
        request.address = address;
        let casier = self.0.clone();
        let call = async move { casier.authenticate_request(&request).await };
        Ok(Arc::new(Session(cancellation.run_here(call).await?)))
    }

    fn storage_for(&self, user_id: &str) -> Result<Arc<UserStorage>> {
        Ok(Arc::new(UserStorage(self.0.storage_for(user_id)?)))
    }

    async fn revoke(&self, session_id: String, cancellation: Arc<Cancellation>) -> Result<()> {
        let casier = self.0.clone();
        cancellation.run_here(async move { casier.revoke(&session_id).await }).await
    }

    async fn revoke_user(
        &self,
        user_id: String,
        at: Time,
        cancellation: Arc<Cancellation>,
    ) -> Result<()> {
        let casier = self.0.clone();
        cancellation.run_here(async move { casier.revoke_user(&user_id, at.0).await }).await
    }

    async fn sweep_uploads(&self, cancellation: Arc<Cancellation>) -> Result<SweptUploads> {
        let casier = self.0.clone();
        Ok(cancellation.run(async move { casier.sweep_uploads().await }).await?.into())
    }
}

fn build(
    mut builder: ConfigBuilder,
    settings: HashMap<String, String>,
    audit: Option<Box<dyn AuditListener>>,
) -> Result<Casier> {
    for (name, value) in settings {
        builder = builder.set_named(&name, value)?;
    }
    if let Some(listener) = audit {
        builder = builder.audit(observe::hook(listener));
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
