"""What a call raises.

Every failure is a `CasierError` with a stable `code`. The subclasses group the codes by what an
application does about them:

    try:
        session.require_feature("books")
        text = session.files().read(key)
    except casier.NotFound:
        ...
    except casier.AccessDenied as error:
        log.info("%s: needs %s", error.code, error.details.required)
"""

from __future__ import annotations

from dataclasses import dataclass

from casier._casier import catalogue


@dataclass(frozen=True, slots=True)
class Details:
    """The facts that some codes carry, under the same names in every language. A fact that does
    not apply is None."""

    required: str | None = None
    """What the call needed: a tier, a role, a feature, a content type."""
    actual: str | None = None
    """What the caller has instead."""
    limit: int | None = None
    """The limit that was met, in the unit that it is about: bytes, seconds, files or requests."""
    used: int | None = None
    """How much was used or asked for, in the same unit."""
    retry_after: float | None = None
    """Seconds to wait before another try."""


class CasierError(Exception):
    """Any failure of Casier.

    `str(error)` is the code and the message. Neither ever holds a token, a secret or a signed
    link. Errors compare by identity and can be pickled.
    """

    code: str
    """The stable kebab-case code, for example `token-expired`."""
    message: str
    """What was wrong, for people."""
    details: Details
    """The facts that belong to the code, under the same names in every language."""

    def __init__(self, code: str, message: str, details: Details | None = None) -> None:
        """Makes an error of one code of the catalogue; any other code is a `ValueError`."""
        if code not in _CATALOGUE:
            raise ValueError(f"there is no error code {code!r}")
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = details or Details()

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return _CATALOGUE[self.code][0]

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later with nothing changed."""
        return _CATALOGUE[self.code][1]

    def __reduce__(self) -> tuple[type[CasierError], tuple[str, str, Details]]:
        return type(self), (self.code, self.message, self.details)


class AuthenticationError(CasierError):
    """Nobody is signed in: the token is missing, malformed, expired or not to be trusted (401)."""


class AccessDenied(CasierError):
    """The user is known, and may not do this (403)."""


class InvalidInput(CasierError):
    """A key, a filename, a file or another argument cannot be accepted (400, 405, 413 to 416)."""


class NotFound(CasierError):
    """There is no such thing (404)."""


class Conflict(CasierError):
    """What is stored stands in the way (409, 412)."""


class Unavailable(CasierError):
    """Something that Casier needs does not answer, or asks to wait (429, 503, 504)."""


class StorageError(CasierError):
    """The store refuses our own credentials, or cannot do what was asked (501, 502)."""


class ConfigError(CasierError):
    """A setting is missing or wrong; the message names it (`config-invalid`)."""


_CATALOGUE = {
    code: (status, retryable, category) for code, status, retryable, category, _ in catalogue()
}

_BY_CATEGORY: dict[str, type[CasierError]] = {
    "authentication": AuthenticationError,
    "access-denied": AccessDenied,
    "invalid-input": InvalidInput,
    "not-found": NotFound,
    "conflict": Conflict,
    "unavailable": Unavailable,
    "storage": StorageError,
    "config": ConfigError,
    "other": CasierError,
}


def error_class(code: str) -> type[CasierError]:
    """The class that a code of the catalogue is raised as."""
    return _BY_CATEGORY[_CATALOGUE[code][2]]
