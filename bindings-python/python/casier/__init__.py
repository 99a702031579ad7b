"""Storage and auth for products that sign their users in with Clerk or any OpenID Connect provider
and keep their files in S3."""

from casier.errors import (
    AccessDenied,
    AuthenticationError,
    CasierError,
    ConfigError,
    Conflict,
    Details,
    InvalidInput,
    NotFound,
    StorageError,
    Unavailable,
)

__all__ = [
    "AccessDenied",
    "AuthenticationError",
    "CasierError",
    "ConfigError",
    "Conflict",
    "Details",
    "InvalidInput",
    "NotFound",
    "StorageError",
    "Unavailable",
]
