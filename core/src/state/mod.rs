//! What several requests, and later several processes, must share.
