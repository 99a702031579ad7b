"""Who is signed in where this code runs, and the `Casier` that this process uses.

A web framework's part sets both; what works in its requests, such as `casier.storage`, reads them
without knowing the framework.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from casier._casier import Casier, Session

_session: ContextVar[Session | None] = ContextVar("casier_session", default=None)
_session_lookups: list[Callable[[], Session | None]] = []
_casier: Casier | None = None


def verified_session() -> Session | None:
    """The session of the request that this code serves, once it has been verified; else None."""
    found = _session.get()
    for lookup in _session_lookups:
        found = found or lookup()
    return found


def add_session_lookup(lookup: Callable[[], Session | None]) -> None:
    """Also looks here, where a framework takes up a request again after its end."""
    _session_lookups.append(lookup)


def replace_session(session: Session | None) -> Session | None:
    """Makes this the current session, and gives the one before it, to be put back at the end."""
    before = _session.get()
    _session.set(session)
    return before


def is_current(session: Session | None) -> bool:
    """Whether this is what was made current here last."""
    return _session.get() is session


def process_casier() -> Casier:
    """The `Casier` of this process: the one that was shared last, else one from the environment,
    built at first use."""
    return _casier or _share_first(Casier.from_env())


def share_casier(casier: Casier) -> None:
    """Makes this the `Casier` of the process."""
    global _casier
    _casier = casier


def _share_first(built: Casier) -> Casier:
    """Another thread may have shared one while this was built: that one stays."""
    global _casier
    _casier = _casier or built
    return _casier
