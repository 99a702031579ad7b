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
    ByteRange,
    Cancellation,
    Casier,
    Decision,
    Deletion,
    Facts,
    FileList,
    FileStream,
    KindUsage,
    Link,
    Organization,
    Page,
    ParsedKey,
    Policy,
    Receipt,
    Reverification,
    Scope,
    Session,
    StoredFile,
    SweptUploads,
    TokenVerifier,
    UploadState,
    Usage,
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
    "ByteRange",
    "Cancellation",
    "Casier",
    "CasierError",
    "ConfigError",
    "Conflict",
    "Decision",
    "Deletion",
    "Details",
    "Facts",
    "FileList",
    "FileStream",
    "InvalidInput",
    "KindUsage",
    "Link",
    "NotFound",
    "Organization",
    "Page",
    "ParsedKey",
    "Policy",
    "Receipt",
    "Reverification",
    "Scope",
    "Session",
    "StorageError",
    "StoredFile",
    "SweptUploads",
    "TokenVerifier",
    "Unavailable",
    "UploadState",
    "Usage",
    "User",
    "UserStorage",
    "VerifiedToken",
    "__version__",
]
