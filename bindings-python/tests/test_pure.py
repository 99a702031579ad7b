"""The parts that need no network: policy, scope, token verifier, users."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import LocalStack

import casier


def code_of(error: casier.CasierError | None) -> str | None:
    return error.code if error else None


def test_policy_decides() -> None:
    policy = casier.Policy.builtin()
    assert policy.tiers == ["free", "basic", "pro", "premium", "enterprise"]
    assert policy.roles == ["user", "manager", "admin"]
    assert "book" in policy.kinds
    pro = casier.User("user_1", subscription="pro", role="manager")
    assert policy.decide(pro, casier.Action.subscription("basic")).allowed
    assert policy.decide(pro, casier.Action.role("user")).allowed
    assert policy.decide(pro, casier.Action.feature("books")).allowed
    refused = policy.decide(pro, casier.Action.feature("videos"))
    assert not refused.allowed
    assert code_of(refused.error) == "feature-required"
    with pytest.raises(casier.AccessDenied, match="feature-required"):
        refused.require()
    policy.decide(pro, casier.Action.subscription("basic")).require()
    granted = casier.User("user_1", features=["u:videos"])
    assert policy.decide(granted, casier.Action.feature("videos")).allowed


def test_policy_takes_facts_and_the_time() -> None:
    policy, free = casier.Policy.builtin(), casier.User("user_1")
    upload = casier.Action.upload("image", "a.png", "image/png", 1024)
    assert policy.decide(free, upload).content_type == "image/png"
    full = casier.Facts(stored_bytes=1 << 30)
    assert code_of(policy.decide(free, upload, full).error) == "quota-exceeded"
    now = datetime(2025, 10, 22, 10, 30, tzinfo=UTC)
    link = policy.decide(free, casier.Action.link(86400), now=now)
    assert link.link_seconds == 3600
    assert link.link_expires_at == now + timedelta(hours=1)
    with pytest.raises(TypeError, match="aware"):
        policy.decide(free, casier.Action.link(1), now=datetime(2025, 10, 22))


def test_policy_files() -> None:
    policy = casier.Policy.from_toml('version = 1\ntiers = ["guest", "member"]\n')
    assert policy.tiers == ["guest", "member"]
    with pytest.raises(casier.ConfigError, match="shop.toml"):
        casier.Policy.from_toml("version = 2", "shop.toml")
    with pytest.raises(casier.ConfigError):
        casier.Policy.load("/nowhere/policy.toml")


def test_scope() -> None:
    scope = casier.Scope("auth0|5f7c")
    assert scope.user_id == "auth0|5f7c"
    assert scope.prefix == "user_auth0.7C5f7c/"
    key = scope.key("book", "Mon livre.pdf")
    assert key == "user_auth0.7C5f7c/books/Mon livre.pdf"
    parsed = scope.parse(key)
    assert (parsed.kind, parsed.filename) == ("book", "Mon livre.pdf")
    assert scope.unguessable_key("book", "a.pdf") != scope.unguessable_key("book", "a.pdf")
    for bad, code in [
        ("user_1/books/a.pdf", "not-owner"),
        (f"{scope.prefix}../user_1/books/a.pdf", "invalid-key"),
        (f"{scope.prefix}%2e%2e/a.pdf", "invalid-key"),
        ("", "invalid-key"),
    ]:
        with pytest.raises(casier.CasierError) as raised:
            scope.parse(bad)
        assert raised.value.code == code
    with pytest.raises(casier.InvalidInput, match="invalid-user-id"):
        casier.Scope("")


def test_verifier(stack: LocalStack) -> None:
    verifier = casier.TokenVerifier(stack.issuer, jwks=stack.jwks())
    token = stack.mint("user_7", tier="pro", role="admin", email="ada@example.com")
    verified = verifier.verify(token)
    assert verified.user.user_id == "user_7"
    assert (verified.user.subscription, verified.user.role) == ("pro", "admin")
    assert verified.user.session_id == verified.session_id
    assert verified.claims["sub"] == "user_7"
    assert verified.expires_at.tzinfo is UTC
    assert verified.issued_at is not None
    assert verified.expires_at - verified.issued_at == timedelta(seconds=60)
    assert verified.key_id is not None

    later = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(casier.AuthenticationError, match="token-expired"):
        verifier.verify(token, now=later)
    with pytest.raises(casier.AuthenticationError, match="token-invalid-signature"):
        verifier.verify(stack.mint("user_7", fault="tampered-signature"))
    with pytest.raises(casier.InvalidInput, match="source"):
        verifier.verify(token, source="query")


def test_a_known_token_is_judged_by_its_dates_anew(stack: LocalStack) -> None:
    token = stack.mint("user_7")
    for cached in [True, False]:
        verifier = casier.TokenVerifier(stack.issuer, jwks=stack.jwks(), token_cache=cached)
        assert verifier.verify(token).user.user_id == "user_7"
        assert verifier.verify(token).user.user_id == "user_7"
        with pytest.raises(casier.AuthenticationError, match="token-expired"):
            verifier.verify(token, now=datetime.now(UTC) + timedelta(hours=1))
        assert verifier.verify(token).user.user_id == "user_7"
        last = "B" if token.endswith("A") else "A"
        for other in [token[:-1], token + "A", token[:-1] + last, token + "é", ""]:
            with pytest.raises(casier.AuthenticationError):
                verifier.verify(other)
        with pytest.raises(casier.InvalidInput, match="invalid-request"):
            verifier.verify(token + "\ud800")


def test_verifier_settings(stack: LocalStack) -> None:
    jwks = stack.jwks()
    jwk = json.dumps(json.loads(jwks)["keys"][0])
    token = stack.mint("user_7", azp="https://app.example.com")
    parties = ["https://app.example.com"]
    verifier = casier.TokenVerifier(stack.issuer, jwk=jwk, authorized_parties=parties)
    assert verifier.verify(token, source="cookie").user.user_id == "user_7"
    other = casier.TokenVerifier(stack.issuer, jwk=jwk, authorized_parties=["https://b.example"])
    with pytest.raises(casier.AuthenticationError, match="token-invalid-authorized-parties"):
        other.verify(token)
    with pytest.raises(casier.ConfigError, match="exactly one"):
        casier.TokenVerifier(stack.issuer)
    with pytest.raises(casier.ConfigError, match="exactly one"):
        casier.TokenVerifier(stack.issuer, jwk=jwk, jwks=jwks)
    with pytest.raises(TypeError, match="sequence of strings"):
        casier.TokenVerifier(stack.issuer, jwk=jwk, audience="shop")
    with pytest.raises(casier.ConfigError):
        casier.TokenVerifier(stack.issuer, jwk=jwk, algorithms=["none"])
    with pytest.raises(casier.ConfigError, match="0 to 300"):
        casier.TokenVerifier(stack.issuer, jwk=jwk, clock_skew=-1)


def test_a_verifier_for_another_provider(stack: LocalStack) -> None:
    token = stack.mint(
        "user_7", claims={"aud": "shop", "app_metadata": {"tier": "pro"}, "mail": "ada@example.com"}
    )
    verifier = casier.TokenVerifier(
        stack.issuer, jwks=stack.jwks(), provider="oidc", audience=["shop"],
        mapping={"subscription": ["app_metadata", "tier"], "email": "mail"},
    )
    user = verifier.verify(token).user
    assert (user.subscription, user.email) == ("pro", "ada@example.com")
    settings: dict[str, Any] = {"jwks": stack.jwks(), "audience": ["shop"]}
    wrongs: list[dict[str, Any]] = [
        {"provider": "okta"}, {"mapping": {"tier": "tier"}}, {"mapping": {"role": []}}
    ]
    for wrong in wrongs:
        with pytest.raises(casier.ConfigError, match="config-invalid"):
            casier.TokenVerifier(stack.issuer, **settings | wrong)
    mappings: list[Any] = [{"role": 3}, {"role": [3]}, {3: "role"}, ["role"]]
    for mapping in mappings:
        with pytest.raises(TypeError):
            casier.TokenVerifier(stack.issuer, **settings, mapping=mapping)


def test_users_answer_both_ways(stack: LocalStack) -> None:
    organization = {"id": "org_1", "slug": "team", "role": "admin"}
    token = stack.mint(
        "user_7", tier="basic", email="ada@example.com", organization=organization,
        claims={"public_metadata": {"subscription": "basic", "seats": [1, 2.5, None, True]}},
    )
    user = casier.TokenVerifier(stack.issuer, jwks=stack.jwks()).verify(token).user
    assert user.email == user["email"] == user.get("email") == "ada@example.com"
    assert user.metadata["seats"] == [1, 2.5, None, True]
    assert user.organization is not None
    assert (user.organization.id, user.organization.slug) == ("org_1", "team")
    assert "email" in user
    assert "password" not in user
    assert user.get("password", "none") == "none"
    with pytest.raises(KeyError):
        user["password"]
    everything = dict(user)
    assert everything["subscription"] == "basic"
    public = {name for name in dir(user) if not name.startswith("_")} - {"get", "keys"}
    assert set(everything) == public


def test_times_far_away_are_told_as_the_nearest() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    free, link = casier.User("user_1"), casier.Action.link(60)
    terms = casier.Policy.builtin().decide(free, link, now=last)
    assert terms.link_expires_at == last.replace(microsecond=0)
    with pytest.raises(ValueError, match="negative"):
        casier.Policy.builtin().decide(free, link, now=datetime(1969, 7, 20, tzinfo=UTC))
