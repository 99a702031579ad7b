"""Decorators that ask the token alone, and what the audit is told of an app's requests."""

from typing import Any

import pytest
from conftest import LocalStack
from flask import Flask, Response
from flask.testing import FlaskClient

import casier
from casier import AuditEvent, Reverification
from casier.flask import (
    FlaskCasier,
    create_secure_api,
    current_session,
    require,
    require_permission,
    require_plan,
    require_subscription,
    success_response,
)

ORGANIZATION = {"id": "org_1", "slg": "team", "rol": "admin", "per": "manage", "fpm": "1"}
GRANTED = {"v": 2, "pla": "u:pro", "fea": "o:teams", "o": ORGANIZATION, "fva": [5, -1]}


def view() -> Response:
    return success_response(None, "open")


def add_views(web: Flask) -> None:
    for path, decorator in {
        "/plan": require_plan("pro"),
        "/permission": require_permission("teams:manage"),
        "/role": require(role="org:admin"),
        "/all": require(permission="teams:manage", plan="u:pro", reverification="strict"),
        "/fresh": require(reverification=Reverification("first_factor", 6)),
        "/tier": require_subscription("pro"),
    }.items():
        web.add_url_rule(path, path, decorator(view))


@pytest.mark.parametrize("path", ["/plan", "/permission", "/role", "/all", "/fresh"])
def test_who_may_enter(web: Flask, stack: LocalStack, path: str) -> None:
    add_views(web)
    client = web.test_client()
    answer = client.get(path, headers=stack.bearer("user_1", claims=GRANTED))
    assert answer.status_code == 200, answer.text
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    ("path", "change", "code", "required"),
    [
        ("/plan", {"pla": "u:free"}, "plan-required", "pro"),
        ("/permission", {"o": ORGANIZATION | {"fpm": "0"}}, "permission-required", "teams:manage"),
        ("/role", {"o": ORGANIZATION | {"rol": "member"}}, "role-required", "org:admin"),
        ("/all", {"pla": "u:free"}, "plan-required", "u:pro"),
        ("/all", {"fva": [10, -1]}, "reverification-required", "second_factor within 10 minutes"),
        ("/fresh", {"fva": None}, "reverification-required", "first_factor within 6 minutes"),
    ],
)
def test_too_little(
    web: Flask, stack: LocalStack, path: str, change: dict[str, Any], code: str, required: str
) -> None:
    add_views(web)
    headers = stack.bearer("user_1", tier="enterprise", role="admin", claims=GRANTED | change)
    answer = web.test_client().get(path, headers=headers)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["code"]) == (403, code)
    details = answer.json["error"]["details"]
    assert details["required"] == required
    assert details["actual"]


def test_what_makes_no_sense_is_told_at_the_start() -> None:
    with pytest.raises(TypeError, match="asks for nothing"):
        require()
    with pytest.raises(TypeError, match="asks for nothing"):
        require(plan=None)
    with pytest.raises(TypeError):
        require(view)  # type: ignore[call-arg, arg-type]
    with pytest.raises(casier.InvalidInput, match="strct"):
        require(reverification="strct")
    with pytest.raises(TypeError, match="in parentheses"):
        require_plan(view)  # type: ignore[arg-type]


@pytest.fixture
def events() -> list[AuditEvent]:
    return []


@pytest.fixture
def client(
    stack: LocalStack, events: list[AuditEvent], monkeypatch: pytest.MonkeyPatch
) -> FlaskClient:
    """Of an app whose decisions are told."""
    monkeypatch.setattr("casier._current._casier", None)
    web = Flask("web")
    web.config.update(stack.environment)
    FlaskCasier(web, on_audit=events.append)
    add_views(web)
    web.add_url_rule("/me", "/me", lambda: {"known": current_session() is not None})
    web.register_blueprint(create_secure_api())
    return web.test_client(use_cookies=False)


def test_the_audit_knows_the_request(
    client: FlaskClient, stack: LocalStack, events: list[AuditEvent]
) -> None:
    headers = stack.bearer("user_1", tier="basic") | {"User-Agent": "an app"}
    answer = client.get("/tier", headers=headers | {"X-Request-Id": "req-7"})
    assert answer.status_code == 403
    assert [(e.action, e.allowed, e.code) for e in events] == [
        ("authenticate", True, None),
        ("subscription", False, "subscription-required"),
    ]
    for event in events:
        assert (event.user_id, event.request_id) == ("user_1", "req-7")
        assert (event.address, event.user_agent) == ("127.0.0.1", "an app")

    events.clear()
    answer = client.get("/tier", headers=headers)
    assert {event.request_id for event in events} == {answer.headers["X-Request-Id"]}


def test_the_audit_knows_the_requests_of_the_routes(
    client: FlaskClient, stack: LocalStack, events: list[AuditEvent]
) -> None:
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    answer = client.get(
        "/api/secure/files/list", headers=stack.bearer("user_1"), environ_overrides=elsewhere
    )
    assert answer.status_code == 200
    assert events[0].action == "authenticate"
    assert events[0].target is not None
    for event in events:
        assert (event.address, event.request_id) == ("192.0.2.9", answer.headers["X-Request-Id"])


def test_who_is_not_signed_in_is_told_of_too(
    client: FlaskClient, stack: LocalStack, events: list[AuditEvent]
) -> None:
    assert client.get("/me").json == {"known": False}
    forged = stack.bearer("user_1", fault="tampered-payload")
    assert client.get("/plan", headers=forged).status_code == 401
    assert [(e.action, e.code, e.user_id) for e in events] == [
        ("authenticate", "token-missing", None),
        ("authenticate", "token-invalid-signature", None),
    ]
