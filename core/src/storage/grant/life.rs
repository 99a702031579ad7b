//! How long temporary credentials may live.

use super::MIN_GRANT_SECONDS;
use crate::access::Decider;
use crate::{Error, ErrorKind, Result};

/// As much of `asked` as a link of the caller's tier may live: both hand files to whoever holds
/// them. STS gives no shorter life than its least, so that a tier whose links live less has none.
pub(super) fn allowed(decider: &Decider, asked: u64) -> Result<u64> {
    let Some(longest) = decider.link_seconds() else { return Ok(asked) };
    if longest >= MIN_GRANT_SECONDS {
        return Ok(asked.min(longest));
    }
    let tiers = decider.policy.tiers();
    let enough = tiers.iter().find(|tier| tier.link_seconds() >= MIN_GRANT_SECONDS);
    let why =
        "temporary credentials live 900 seconds at least, longer than links of the user's tier";
    let error =
        Error::new(ErrorKind::SubscriptionRequired, why).with_limit(longest, MIN_GRANT_SECONDS);
    Err(match enough {
        Some(tier) => error.with_required(tier.name()),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::access::{Caller, Policy};
    use crate::token::User;

    fn of(policy: &str, tier: &str, asked: u64) -> Result<u64> {
        let mut user = User::new("1");
        user.subscription = tier.to_owned();
        let policy =
            Arc::new(Policy::from_toml(&format!("version = 1\n{policy}"), "test").unwrap());
        let caller = Caller::User(Arc::new(user));
        allowed(&Decider { policy, hook: None, caller }, asked)
    }

    #[test]
    fn a_tier_shortens_them_and_the_server_has_no_tier() {
        assert_eq!(of("", "free", 900).unwrap(), 900);
        assert_eq!(of("", "free", 43_200).unwrap(), 3600);
        assert_eq!(of("", "basic", 43_200).unwrap(), 21_600);
        assert_eq!(of("", "enterprise", 43_200).unwrap(), 43_200);
        let policy = Arc::new(Policy::builtin());
        let server = Decider { policy, hook: None, caller: Caller::Server };
        assert_eq!(allowed(&server, 43_200).unwrap(), 43_200);
    }

    #[test]
    fn a_tier_of_short_links_has_none() {
        let short = "[tier.free]\nlink_seconds = 899\n";
        let error = of(short, "free", 900).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SubscriptionRequired);
        assert_eq!(error.details().required.as_deref(), Some("basic"));
        assert_eq!((error.details().limit, error.details().used), (Some(899), Some(900)));
        assert_eq!(of("[tier.free]\nlink_seconds = 900\n", "free", 3600).unwrap(), 900);
    }
}
