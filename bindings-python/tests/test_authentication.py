"""From a token or a request to a session."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pytest
from conftest import LocalStack

import casier

Headers = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]


def test_a_session(stack: LocalStack, app: casier.Casier) -> None:
    session = app.authenticate(stack.mint("user_1", tier="pro", role="manager"))
    assert session.user.user_id == "user_1"
    assert session.claims["iss"] == stack.issuer
    assert session.expires_at > datetime.now(UTC)
    assert session.has_subscription("basic")
    assert not session.has_subscription("enterprise")
    assert not session.has_subscription("no-such-tier")
    assert session.has_role("user")
    assert session.has_feature("books")
    session.require_subscription("pro")
    session.require_role("manager")
    session.require_feature("blog")
    assert session.owns("user_1")
    assert not session.owns("user_10")
    session.require_owner("user_1")
    for require, name, code in [
        (session.require_subscription, "enterprise", "subscription-required"),
        (session.require_subscription, "no-such-tier", "config-invalid"),
        (session.require_role, "admin", "role-required"),
        (session.require_feature, "videos", "feature-required"),
        (session.require_owner, "user_10", "not-owner"),
    ]:
        with pytest.raises(casier.CasierError) as raised:
            require(name)
        assert raised.value.code == code


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("expired", "token-expired"),
        ("not-yet-valid", "token-not-active-yet"),
        ("issued-in-the-future", "token-iat-in-the-future"),
        ("other-key", "token-invalid-signature"),
        ("tampered-payload", "token-invalid-signature"),
        ("tampered-signature", "token-invalid-signature"),
        ("other-issuer", "token-invalid-issuer"),
        ("unknown-kid", "jwk-kid-mismatch"),
        ("alg-none", "token-invalid-algorithm"),
        ("alg-hs256-public-key", "token-invalid-algorithm"),
        ("pending-session", "session-pending"),
        ("missing-sub", "token-invalid"),
    ],
)
def test_bad_tokens(stack: LocalStack, app: casier.Casier, fault: str, code: str) -> None:
    token = stack.mint("user_1", fault=fault)
    with pytest.raises(casier.AuthenticationError) as raised:
        app.authenticate(token)
    assert (raised.value.code, raised.value.status) == (code, 401)
    assert token not in str(raised.value)


@pytest.mark.parametrize("garbage", ["", "x", "a.b.c", "é" * 9, "x" * 100_000])
def test_garbage(app: casier.Casier, garbage: str) -> None:
    with pytest.raises(casier.AuthenticationError) as raised:
        app.authenticate(garbage)
    assert raised.value.status == 401


def test_requests(stack: LocalStack, app: casier.Casier) -> None:
    token = stack.mint("user_1")
    cookies = [(b"host", b"app.example.com"), (b"cookie", f"a=b; __session={token}".encode())]
    accepted: list[Headers] = [
        {"Authorization": f"Bearer {token}"},
        {"authorization": token},
        [("X-Clerk-Auth-Token", token), ("Accept", "*/*")],
        iter([("x-clerk-auth-token", token)]),
        cookies,
    ]
    for headers in accepted:
        assert app.authenticate_request("GET", headers).user.user_id == "user_1"
    refused: list[tuple[str, Headers, str]] = [
        ("GET", {}, "token-missing"),
        ("POST", cookies, "cross-site-request"),
        ("GET", [("Authorization", token), ("Authorization", token)], "token-invalid"),
    ]
    for method, headers, code in refused:
        with pytest.raises(casier.CasierError) as raised:
            app.authenticate_request(method, headers)
        assert raised.value.code == code
    with pytest.raises(TypeError):
        app.authenticate_request("GET", [("Authorization", 3)])  # type: ignore[list-item]
    with pytest.raises((TypeError, ValueError)):
        app.authenticate_request("GET", [("Authorization",)])  # type: ignore[list-item]


def test_keys_that_cannot_be_fetched(stack: LocalStack) -> None:
    settings = stack.settings(jwks_url="http://127.0.0.1:9/jwks.json")
    with pytest.raises(casier.Unavailable) as raised:
        casier.Casier(**settings).authenticate(stack.mint("user_1"))
    error = raised.value
    assert (error.code, error.status, error.retryable) == ("jwk-remote-failed-to-load", 503, True)
