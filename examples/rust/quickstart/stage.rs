//! What the story is played on: the local stack's issuer, and whatever S3 the environment names.

use casier::Casier;
use casier_local::LocalStack;
use serde_json::{Value, json};

use crate::Outcome;

/// Mints tokens for the story, over HTTP as an application's tests would.
pub(crate) struct Stage {
    pub(crate) casier: Casier,
    pub(crate) http: reqwest::Client,
    mint_url: String,
    mint_bearer: String,
    /// Kept so that the servers stop with the story, when the story started them.
    _stack: Option<LocalStack>,
}

impl Stage {
    /// Uses the local stack that the environment describes, or starts one.
    pub(crate) async fn set() -> Outcome<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        if let Ok(mint_url) = std::env::var("CASIER_LOCAL_MINT_URL") {
            let mint_bearer = std::env::var("CASIER_LOCAL_MINT_TOKEN")?;
            let casier = Casier::from_env()?;
            return Ok(Self { casier, http, mint_url, mint_bearer, _stack: None });
        }
        let stack = LocalStack::start().await?;
        let (mint_url, mint_bearer) =
            (stack.issuer().mint_url(), stack.issuer().mint_bearer().to_owned());
        let variables = stack.env().into_iter().map(|(key, value)| (key.into(), value.into()));
        let casier = Casier::builder().variables(variables.collect::<Vec<_>>())?.build()?;
        Ok(Self { casier, http, mint_url, mint_bearer, _stack: Some(stack) })
    }

    /// A token for `user`, shaped by the further fields of the mint request.
    pub(crate) async fn mint(&self, user: &str, fields: Value) -> Outcome<String> {
        let mut request = fields;
        request["user_id"] = json!(user);
        let answer = self
            .http
            .post(&self.mint_url)
            .bearer_auth(&self.mint_bearer)
            .header("content-type", "application/json")
            .body(request.to_string())
            .send()
            .await?
            .error_for_status()?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        Ok(answer["token"].as_str().ok_or("the issuer gave no token")?.to_owned())
    }
}
