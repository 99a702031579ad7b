"""Decorators that open a view to some users alone.

They stack in any order, under `@app.route` and with views of both kinds, `def` and `async def`. The
request's token is verified once. What is refused, and every `CasierError` that the view raises,
becomes the enveloped answer of its code.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, overload

from flask import current_app

from casier._casier import Action, Reverification, Session
from casier.errors import CasierError
from casier.flask.responses import answer_error
from casier.flask.sign_in import signed_in

View = Callable[..., Any]
Decorator = Callable[[View], View]


@overload
def require_auth(view: View) -> View: ...
@overload
def require_auth(view: None = None) -> Decorator: ...
def require_auth(view: View | None = None) -> View | Decorator:
    """Opens a view to everybody who is signed in: `@require_auth` or `@require_auth()`."""
    decorate = _requires(lambda _: None)
    return decorate(view) if view else decorate


def require_subscription(tier: str) -> Decorator:
    """Opens a view to users of this tier or a higher one; others get `subscription-required`."""
    return _requires(Session.require_subscription, tier)


def require_role(role: str) -> Decorator:
    """Opens a view to users of this application role or a higher one; others get `role-required`.
    A role in an organization never counts."""
    return _requires(Session.require_role, role)


def require_feature(feature: str) -> Decorator:
    """Opens a view to users whose tier includes the feature or whose token grants it; others get
    `feature-required`."""
    return _requires(Session.require_feature, feature)


def require_plan(plan: str) -> Decorator:
    """Opens a view to users whose token names the plan: `pro`, or `u:pro` and `o:pro` for one of
    the user or of the active organization; others get `plan-required`."""
    return _requires(Session.require_plan, plan)


def require_permission(permission: str) -> Decorator:
    """Opens a view to users who have the permission in the active organization:
    `org:teams:manage` or `teams:manage`; others get `permission-required`."""
    return _requires(Session.require_permission, permission)


def require(
    *,
    role: str | None = None,
    permission: str | None = None,
    feature: str | None = None,
    plan: str | None = None,
    reverification: Reverification | str | None = None,
) -> Decorator:
    """Opens a view to users whose token alone grants all that is asked for, as Clerk's `has()`
    tells it; others get the code of the first that is lacking.

    Args:
        role: A role in the active organization; for application roles there is `require_role`.
        permission: A permission in the active organization.
        feature: A feature that the token grants; what the tier includes does not count.
        plan: A plan that the token names.
        reverification: How recently the user must have proved who they are: `strict_mfa`,
            `strict`, `moderate`, `lax`, or a `Reverification`.

    Raises:
        TypeError: Nothing is asked for.
        InvalidInput: There is no reverification of that name.
    """
    wanted: dict[str, Any] = {
        "role": role,
        "permission": permission,
        "feature": feature,
        "plan": plan,
        "reverification": reverification,
    }
    if all(value is None for value in wanted.values()):
        raise TypeError("require() asks for nothing; give it a role, a permission, …")
    Action.has(**wanted)  # what makes no sense is told at the start, not by every request
    return _requires(lambda session: session.require(**wanted))


def _requires(check: Callable[..., None], *wanted: str) -> Decorator:
    for name in wanted:
        if not isinstance(name, str):
            raise TypeError(f"expected a name in parentheses, such as ('pro'), got {name!r}")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                check(signed_in(), *wanted)
                return current_app.ensure_sync(view)(*args, **kwargs)
            except CasierError as error:
                return answer_error(error)

        return guarded

    return decorate
