//! What is known of a request beside its token.

use crate::token::RequestHead;

/// The longest id of a request that is kept.
const MAX_REQUEST_ID_BYTES: usize = 64;

/// The request that a decision belongs to, as the log is to tell it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestContext {
    pub(crate) request_id: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
    /// The name of Casier's own route.
    pub(crate) route: Option<&'static str>,
}

impl RequestContext {
    /// What the head of the request tells. An id that is repeated or not plain is none.
    pub(crate) fn of(head: &RequestHead) -> Self {
        let text = |name| head.single(name).ok().flatten().map(str::to_owned);
        Self {
            request_id: text("X-Request-Id").filter(|id| is_request_id(id)),
            address: head.address.clone(),
            user_agent: text("User-Agent"),
            route: None,
        }
    }
}

/// Whether an id may go into a header and a log: 1 to 64 of `A-Z a-z 0-9 . _ -`.
pub(crate) fn is_request_id(id: &str) -> bool {
    (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
