//! A user's files: scope and keys, and the S3 operations inside them.
