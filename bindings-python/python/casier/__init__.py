"""Storage and auth for products that sign their users in with Clerk or any OpenID Connect provider
and keep their files in S3.

    app = casier.Casier.from_env()
    session = app.authenticate_request(request.method, request.headers)
    session.require_subscription("pro")
    for file in session.files().list().items:
        print(file.filename, file.size)

Importing the package starts no thread and opens no connection.
"""

from casier._casier import (
    Action,
    AuditEvent,
    Casier,
    Decision,
    Deletion,
    Facts,
    Link,
    Organization,
    Page,
    ParsedKey,
    Policy,
    Reverification,
    Scope,
    Session,
    StoredFile,
    TokenVerifier,
    User,
    UserStorage,
    VerifiedToken,
    __version__,
)
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
    "Action",
    "AuditEvent",
    "AuthenticationError",
    "Casier",
    "CasierError",
    "ConfigError",
    "Conflict",
    "Decision",
    "Deletion",
    "Details",
    "Facts",
    "InvalidInput",
    "Link",
    "NotFound",
    "Organization",
    "Page",
    "ParsedKey",
    "Policy",
    "Reverification",
    "Scope",
    "Session",
    "StorageError",
    "StoredFile",
    "TokenVerifier",
    "Unavailable",
    "User",
    "UserStorage",
    "VerifiedToken",
    "__version__",
]
