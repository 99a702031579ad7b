//! The token of a request: its sources, Clerk's cookies, and requests from other sites.

mod cookie;
mod cross_site;
mod extract;

pub use extract::{RequestHead, RequestRules, RequestToken, extract_token};
