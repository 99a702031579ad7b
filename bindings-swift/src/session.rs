//! The verified user of one request.

use std::sync::Arc;

use crate::access::Requirement;
use crate::convert::Time;
use crate::error::Result;
use crate::storage::UserStorage;
use crate::token::User;

#[derive(uniffi::Object)]
pub(crate) struct Session(pub(crate) casier::Session);

#[uniffi::export]
impl Session {
    fn user(&self) -> Result<Arc<User>> {
        Ok(Arc::new(User(self.0.user().clone())))
    }

    fn expires_at(&self) -> Result<Time> {
        Ok(Time(self.0.expires_at()))
    }

    fn has_subscription(&self, tier: &str) -> Result<bool> {
        Ok(self.0.has_subscription(tier))
    }

    fn require_subscription(&self, tier: &str) -> Result<()> {
        Ok(self.0.require_subscription(tier)?)
    }

    fn has_role(&self, role: &str) -> Result<bool> {
        Ok(self.0.has_role(role))
    }

    fn require_role(&self, role: &str) -> Result<()> {
        Ok(self.0.require_role(role)?)
    }

    fn has_feature(&self, feature: &str) -> Result<bool> {
        Ok(self.0.has_feature(feature))
    }

    fn require_feature(&self, feature: &str) -> Result<()> {
        Ok(self.0.require_feature(feature)?)
    }

    fn has_plan(&self, plan: &str) -> Result<bool> {
        Ok(self.0.has_plan(plan))
    }

    fn require_plan(&self, plan: &str) -> Result<()> {
        Ok(self.0.require_plan(plan)?)
    }

    fn has_permission(&self, permission: &str) -> Result<bool> {
        Ok(self.0.has_permission(permission))
    }

    fn require_permission(&self, permission: &str) -> Result<()> {
        Ok(self.0.require_permission(permission)?)
    }

    fn has(&self, wanted: Requirement) -> Result<bool> {
        Ok(self.0.has(&wanted.try_into()?))
    }

    fn require(&self, wanted: Requirement) -> Result<()> {
        Ok(self.0.require(&wanted.try_into()?)?)
    }

    fn owns(&self, owner_id: &str) -> Result<bool> {
        Ok(self.0.owns(owner_id))
    }

    fn require_owner(&self, owner_id: &str) -> Result<()> {
        Ok(self.0.require_owner(owner_id)?)
    }

    fn files(&self) -> Result<Arc<UserStorage>> {
        Ok(Arc::new(UserStorage(self.0.files()?)))
    }
}
