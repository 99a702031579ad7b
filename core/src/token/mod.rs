//! From a request to a verified user.
