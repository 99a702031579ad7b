"""Who is signed in with a request."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, request_started, request_tearing_down

from casier._casier import Casier, Session, User, extract_token
from casier._current import add_session_lookup, is_current, process_casier, replace_session
from casier.errors import AccessDenied, AuthenticationError, CasierError, InvalidInput
from casier.flask.responses import headers_with_id

# In the WSGI environment, which one request has for itself whatever contexts are pushed in it.
_SESSION = "casier.session"
_BEFORE = "casier.session_before"


def get_current_user() -> User | None:
    """Who is signed in with this request; None when nobody is.

    In a view under one of the decorators it is never None. Elsewhere the request's token is
    verified at the first call. `user.email` and `user["email"]` both answer.

    Raises:
        Unavailable: The issuer's keys cannot be fetched (`jwk-remote-…`).
    """
    session = current_session()
    return session.user if session else None


def current_session() -> Session | None:
    """The session that this request is signed in as, with `user`, `files()`, `has_subscription(…)`
    and their like; None when nobody is signed in.

    In a view under one of the decorators it is never None. Elsewhere the request's token is
    verified at the first call.

    Raises:
        Unavailable: The issuer's keys cannot be fetched (`jwk-remote-…`).
    """
    try:
        return signed_in()
    except (AuthenticationError, AccessDenied, InvalidInput):
        return None


def verify_clerk_token(token: str) -> dict[str, Any]:
    """Verifies a session token that came in a header, and gives its claims, `sub` among them.

    Args:
        token: The token, without `Bearer`.

    Raises:
        AuthenticationError: The token must not be trusted; `code` says why.
        InvalidInput: Its `sub` cannot name a user (`invalid-user-id`).
        Unavailable: The issuer's keys cannot be fetched (`jwk-remote-…`).
    """
    return current_casier().authenticate(token).claims


def extract_token_from_header() -> str | None:
    """The token of this request's `Authorization` or `X-Clerk-Auth-Token` header, not verified;
    None when there is none. Cookies are not looked at: a token from there is only safe together
    with the check where the request comes from, which `require_auth` makes.

    Raises:
        AuthenticationError: A header is repeated, or its token longer than 16 KiB or not ASCII
            (`token-invalid`).
    """
    headers = [header for header in request.headers if header[0] != "Cookie"]
    try:
        return extract_token(request.method, headers)
    except CasierError as error:
        if error.code == "token-missing":
            return None
        raise


def signed_in() -> Session:
    """The session of this request, verified once."""
    session = _known()
    if session is None:
        session = current_casier().authenticate_request(
            request.method, headers_with_id(), address=request.remote_addr
        )
        remember(session)
    return session


def remember(session: Session) -> None:
    """Makes this the session of the request, until the request ends."""
    request.environ.setdefault(_BEFORE, replace_session(session))
    request.environ[_SESSION] = session


def current_casier() -> Casier:
    """The `Casier` of the current app, else of the process."""
    found: Casier | None = current_app.extensions.get("casier") if current_app else None
    return found or process_casier()


def _known() -> Session | None:
    """The session of this request, if it has been verified."""
    return request.environ.get(_SESSION) if request else None


# A streamed answer takes its request up again when that has already ended once.
add_session_lookup(_known)


@request_started.connect
def _begin(*_: object, **__: object) -> None:
    """A worker serves many requests in one context, and where the end of one failed, its session
    is still there."""
    request.environ.setdefault(_BEFORE, replace_session(None))


@request_tearing_down.connect
def _forget(*_: object, **__: object) -> None:
    """What this request set must not outlive it. A request may run inside another, as a test
    client's does, so what was set before comes back. Threads that took the request along end it,
    too, each in its own context."""
    environ = request.environ
    if _BEFORE in environ and is_current(environ.get(_SESSION)):
        replace_session(environ[_BEFORE])
