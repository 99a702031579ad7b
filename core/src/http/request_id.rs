//! The id under which a request is answered and logged.

use crate::observe::is_request_id;
use crate::random::random_name;

/// The id of a request: the incoming one when it is 1 to 64 of `A-Z a-z 0-9 . _ -`, else a new one
/// of 32 hexadecimal digits. Nothing else may go into a header and a log.
pub fn request_id(incoming: Option<&str>) -> String {
    match incoming.filter(|id| is_request_id(id)) {
        Some(id) => id.to_owned(),
        // Without random numbers the call itself fails, and says so.
        None => random_name().unwrap_or_else(|_| "none".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ids_are_kept_and_others_replaced() {
        for id in ["a", "7f1c.A_b-2", &"x".repeat(64)] {
            assert_eq!(request_id(Some(id)), id);
        }
        let others = ["", " a", "a b", "a\r\nSet-Cookie: x=1", "é", "a,b", "a;b", &"x".repeat(65)];
        for id in others.into_iter().map(Some).chain([None]) {
            let new = request_id(id);
            assert!(new.len() == 32 && new.bytes().all(|b| b.is_ascii_hexdigit()), "{id:?}");
            assert_ne!(new, request_id(id));
        }
    }
}
