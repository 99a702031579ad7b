"""What a user may do by their token alone, and tokens that are refused before they expire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import LocalStack

import casier
from casier import Action, Organization, Reverification, User

MEMBER = User(
    "user_1",
    plans=["u:pro"],
    features=["o:reports"],
    organization=Organization(
        "org_1", slug="team", role="org:admin", permissions=["org:teams:manage"]
    ),
    factor_verification_age=(5, -1),
)

GRANTED: list[dict[str, Any]] = [
    {"role": "admin"},
    {"role": "org:admin", "permission": "teams:manage"},
    {"feature": "reports", "plan": "pro"},
    {"plan": "u:pro", "reverification": "strict"},
    {"reverification": Reverification("first_factor", 6)},
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"role": "owner"}, "role-required"),
    ({"role": "admin", "permission": "teams:delete"}, "permission-required"),
    ({"feature": "u:reports"}, "feature-required"),
    ({"plan": "o:pro"}, "plan-required"),
    ({"plan": "pro", "reverification": Reverification("multi_factor", 5)}, "reverification-required"),
    ({"plan": ""}, "plan-required"),
    ({}, "invalid-request"),
    ({"plan": None}, "invalid-request"),
    ({"reverification": Reverification("first_factor", 0)}, "invalid-request"),
]


@pytest.mark.parametrize("wanted", GRANTED)
def test_the_policy_grants_what_a_token_grants(wanted: dict[str, Any]) -> None:
    casier.Policy.builtin().decide(MEMBER, Action.has(**wanted)).require()


@pytest.mark.parametrize(("wanted", "code"), REFUSED)
def test_the_policy_refuses_the_rest(wanted: dict[str, Any], code: str) -> None:
    decision = casier.Policy.builtin().decide(MEMBER, Action.has(**wanted))
    assert decision.error is not None
    assert decision.error.code == code


def test_plans_and_permissions() -> None:
    def decide(action: Action) -> casier.Decision:
        return casier.Policy.builtin().decide(MEMBER, action)

    assert decide(Action.plan("pro")).allowed
    assert decide(Action.permission("org:teams:manage")).allowed
    refused = decide(Action.permission("org:teams:delete")).error
    assert refused is not None
    assert refused.details.required == "org:teams:delete"
    assert refused.details.actual is not None
    assert repr(Action.plan("pro")) == "Action.plan('pro')"
    assert repr(Action.has(plan="pro", reverification="strict")) == (
        "<Action has: plan pro, second_factor within 10 minutes>"
    )


def test_reverification() -> None:
    strict = Reverification("second_factor", 10)
    assert (strict.level, strict.after_minutes) == ("second_factor", 10)
    assert strict == Reverification("second_factor", 10) != Reverification("second_factor", 11)
    assert repr(strict) == "Reverification('second_factor', 10)"
    for name in ["", "Strict", "second"]:
        with pytest.raises(casier.InvalidInput, match="invalid-request"):
            Reverification(name, 10)
        with pytest.raises(casier.InvalidInput, match="invalid-request"):
            Action.has(reverification=name)
    with pytest.raises(TypeError, match="strict"):
        Action.has(reverification=10)  # type: ignore[arg-type]


def test_a_session_tells_what_its_token_grants(stack: LocalStack, app: casier.Casier) -> None:
    claims = {"pla": "u:pro", "fea": "u:reports", "fva": [5, -1], "v": 2}
    session = app.authenticate(stack.mint("user_1", claims=claims))
    assert session.user.factor_verification_age == (5, -1)
    assert session.user["factor_verification_age"] == (5, -1)
    assert session.has_plan("pro")
    assert session.has(plan="u:pro", feature="reports", reverification="strict")
    assert not session.has()
    assert not session.has(plan="pro", permission="teams:manage")
    assert not session.has_permission("teams:manage")
    session.require_plan("pro")
    session.require(plan="pro", reverification=Reverification("second_factor", 6))
    for wanted, code in [
        ({"plan": "max"}, "plan-required"),
        ({"role": "admin"}, "role-required"),
        ({"permission": "teams:manage"}, "permission-required"),
        ({"feature": "books"}, "feature-required"),
    ]:
        with pytest.raises(casier.AccessDenied) as raised:
            session.require(**wanted)
        details = raised.value.details
        assert raised.value.code == code
        assert details.required in wanted.values()
        assert details.actual is not None
    with pytest.raises(casier.AccessDenied, match="permission-required"):
        session.require_permission("teams:manage")
    with pytest.raises(casier.InvalidInput, match="invalid-request"):
        session.require()
    with pytest.raises(TypeError):
        session.require("admin")  # type: ignore[call-arg]


def test_a_token_without_ages_of_factors(stack: LocalStack, app: casier.Casier) -> None:
    session = app.authenticate(stack.mint("user_1", claims={"fva": None}))
    assert session.user.factor_verification_age is None
    assert not session.has(reverification="lax")


def refused(app: casier.Casier, token: str) -> str:
    with pytest.raises(casier.AuthenticationError) as raised:
        app.authenticate(token)
    return raised.value.code


def test_a_session_is_revoked(stack: LocalStack) -> None:
    app = casier.Casier(**stack.settings())
    token, other = stack.mint("user_1"), stack.mint("user_1")
    session_id = app.authenticate(token).user.session_id
    assert session_id is not None
    assert app.authenticate(other).user.session_id != session_id
    app.revoke(session_id)
    assert refused(app, token) == "session-revoked"
    with pytest.raises(casier.AuthenticationError, match="session-revoked"):
        app.authenticate_request("GET", {"Authorization": f"Bearer {token}"})
    app.authenticate(other)
    with pytest.raises(casier.InvalidInput, match="invalid-request"):
        app.revoke("")


def test_a_user_is_revoked(stack: LocalStack) -> None:
    app = casier.Casier(**stack.settings())
    token, other = stack.mint("user_1"), stack.mint("user_10")
    app.authenticate(token)
    app.revoke_user("user_1", datetime.now(UTC) - timedelta(minutes=1))
    app.authenticate(token)
    app.revoke_user("user_1")
    assert refused(app, token) == "session-revoked"
    app.authenticate(other)
    with pytest.raises(casier.InvalidInput, match="invalid-request"):
        app.revoke_user("user_1", datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(casier.InvalidInput, match="invalid-user-id"):
        app.revoke_user("")
    with pytest.raises(TypeError, match="aware"):
        app.revoke_user("user_1", datetime(2025, 10, 22))
