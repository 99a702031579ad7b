"""Decorators, and who is signed in."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from conftest import LocalStack
from flask import Flask, Response, copy_current_request_context, request, stream_with_context
from flask.testing import FlaskClient
from flask.views import MethodView
from werkzeug.test import TestResponse

import casier
from casier._current import verified_session
from casier.flask import (
    FlaskCasier,
    create_secure_api,
    current_session,
    extract_token_from_header,
    get_current_user,
    require_auth,
    require_feature,
    require_role,
    require_subscription,
    success_response,
    verify_clerk_token,
)
from casier.storage import get_storage_service

GUARDED = ["/bare", "/called", "/tier", "/role", "/feature", "/stacked", "/async", "/class"]


def who() -> Response:
    user = get_current_user()
    assert user is not None
    return success_response({"user_id": user.user_id, "email": user["email"]}, request.path)


async def who_later() -> Response:
    await asyncio.sleep(0)
    return who()


class Who(MethodView):
    decorators = [require_auth]

    def get(self) -> Response:
        return who()

    post = get


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    methods = ["GET", "POST"]

    def add(path: str, view: Any) -> None:
        web.add_url_rule(path, path, view, methods=methods)

    add("/bare", require_auth(who))
    add("/called", require_auth()(who))
    add("/tier", require_subscription("pro")(who))
    add("/role", require_role("manager")(who))
    add("/feature", require_feature("books")(who))
    stacked = require_role("user")(require_auth(require_feature("books")(who)))
    add("/stacked", require_subscription("pro")(stacked))
    add("/async", require_auth(require_subscription("pro")(who_later)))
    add("/class", Who.as_view("who"))
    return web.test_client(use_cookies=False)


def code(answer: TestResponse) -> str:
    assert answer.json is not None
    assert answer.json["success"] is False
    assert answer.headers["X-Request-Id"]
    told: str = answer.json["error"]["code"]
    return told


@pytest.mark.parametrize("path", GUARDED)
def test_who_may_enter(client: FlaskClient, stack: LocalStack, path: str) -> None:
    fields = {"tier": "pro", "role": "manager", "email": "ada@example.com"}
    ada = stack.bearer("user_ada", **fields)
    answer = client.get(path, headers=ada)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["data"] == {"user_id": "user_ada", "email": "ada@example.com"}
    assert verified_session() is None

    cookie = {"Cookie": "__session=" + stack.mint("user_ada", **fields)}
    assert client.get(path, headers=cookie).status_code == 200
    same = cookie | {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post(path, headers=same).status_code == 200
    own = {"X-Clerk-Auth-Token": stack.mint("user_ada", **fields)}
    assert client.post(path, headers=own).status_code == 200


@pytest.mark.parametrize("path", GUARDED)
def test_who_may_not(client: FlaskClient, stack: LocalStack, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, code(answer)) == (401, "token-missing")
    assert answer.headers["WWW-Authenticate"] == "Bearer"

    bad = client.get(path, headers={"Authorization": "Bearer a.b.c"})
    assert (bad.status_code, code(bad)) == (401, "token-invalid")
    forged = client.get(path, headers=stack.bearer("user_ada", fault="tampered-payload"))
    assert (forged.status_code, code(forged)) == (401, "token-invalid-signature")
    expired = client.get(path, headers=stack.bearer("user_ada", fault="expired"))
    assert (expired.status_code, code(expired)) == (401, "token-expired")

    cookie = {"Cookie": "__session=" + stack.mint("user_ada", tier="enterprise", role="admin")}
    for origin in [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {},
    ]:
        answer = client.post(path, headers=cookie | origin)
        assert (answer.status_code, code(answer)) == (403, "cross-site-request"), origin
    assert verified_session() is None


@pytest.mark.parametrize(
    ("path", "fields", "expected", "details"),
    [
        ("/tier", {"tier": "basic"}, "subscription-required", ("pro", "basic")),
        ("/tier", {}, "subscription-required", ("pro", "free")),
        ("/tier", {"tier": "PRO"}, "subscription-required", ("pro", "free")),
        ("/role", {"tier": "enterprise"}, "role-required", ("manager", "user")),
        ("/feature", {"tier": "basic"}, "feature-required", ("books", "basic")),
        ("/stacked", {"tier": "basic"}, "subscription-required", ("pro", "basic")),
        ("/async", {}, "subscription-required", ("pro", "free")),
    ],
)
def test_too_little(
    client: FlaskClient,
    stack: LocalStack,
    path: str,
    fields: dict[str, str],
    expected: str,
    details: tuple[str, str],
) -> None:
    answer = client.get(path, headers=stack.bearer("user_ben", **fields))
    assert (answer.status_code, code(answer)) == (403, expected)
    assert answer.json is not None
    told = answer.json["error"]["details"]
    assert (told["required"], told["actual"]) == details


def test_repeated_headers_are_refused(client: FlaskClient, stack: LocalStack) -> None:
    good, cookie = stack.mint("user_ada"), stack.mint("user_ben")
    for first, second in [
        (f"Bearer {good}", f"Bearer {good}"),
        ("Basic dXNlcjpwYXNz", f"Bearer {good}"),
        (good, f"Bearer {good}"),
        (f"Bearer {good}", "Basic dXNlcjpwYXNz"),
    ]:
        headers = [
            ("Authorization", first), ("Authorization", second), ("Cookie", f"__session={cookie}")
        ]
        answer = client.get("/bare", headers=headers)
        assert (answer.status_code, code(answer)) == (401, "token-invalid")
    own = [("X-Clerk-Auth-Token", good), ("X-Clerk-Auth-Token", good)]
    assert client.get("/bare", headers=own).status_code == 401
    cookies = [("Cookie", f"__session={good}"), ("Cookie", f"__session={cookie}")]
    assert client.get("/bare", headers=cookies).status_code == 401


def test_one_verification_for_each_request(
    client: FlaskClient, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []

    class Counting:
        def __init__(self, inner: casier.Casier) -> None:
            self.inner = inner

        def authenticate_request(
            self, method: str, headers: Any, *, address: str | None
        ) -> casier.Session:
            verified.append(method)
            return self.inner.authenticate_request(method, headers, address=address)

    extensions = client.application.extensions
    monkeypatch.setitem(extensions, "casier", Counting(extensions["casier"]))
    for path in ["/stacked", "/async"]:
        headers = stack.bearer("user_ada", tier="pro", role="manager")
        assert client.get(path, headers=headers).status_code == 200
    assert len(verified) == 2


def test_names_are_given_in_parentheses() -> None:
    for decorator in [require_subscription, require_role, require_feature]:
        with pytest.raises(TypeError, match="in parentheses"):
            decorator(who)  # type: ignore[arg-type]


def test_an_unknown_tier_opens_nothing(web: Flask, stack: LocalStack) -> None:
    web.add_url_rule("/gold", view_func=require_subscription("gold")(who))
    headers = stack.bearer("user_ada", tier="enterprise")
    answer = web.test_client(use_cookies=False).get("/gold", headers=headers)
    assert (answer.status_code, code(answer)) == (500, "config-invalid")
    assert "gold" not in answer.text


def test_what_a_view_raises(web: Flask, stack: LocalStack) -> None:
    @web.errorhandler(ZeroDivisionError)
    def divided(_: ZeroDivisionError) -> tuple[str, int]:
        return "divided", 418

    @web.get("/casier/<code>")
    @require_auth
    def raises_casier(code: str) -> str:
        raise casier.errors.error_class(code)(code, "hush")

    @web.get("/undecorated")
    def undecorated() -> str:
        raise casier.NotFound("job-not-found", "there is no such job")

    @web.get("/other")
    @require_auth
    def raises_other() -> str:
        return str(1 / 0)

    client, ada = web.test_client(use_cookies=False), stack.bearer("user_ada")
    for path, status, expected in [
        ("/casier/file-not-found", 404, "file-not-found"),
        ("/casier/storage-denied", 502, "storage-denied"),
        ("/undecorated", 404, "job-not-found"),
    ]:
        answer = client.get(path, headers=ada | {"X-Request-Id": "id-1"})
        assert (answer.status_code, code(answer)) == (status, expected)
        assert answer.headers["X-Request-Id"] == "id-1"
        assert status < 500 or "hush" not in answer.text
    answer = client.get("/other", headers=ada)
    assert (answer.status_code, answer.text) == (418, "divided")


def test_a_page_that_is_open_to_all_knows_its_user(web: Flask, stack: LocalStack) -> None:
    @web.route("/", methods=["GET", "POST"])
    def page() -> str:
        before = verified_session()
        user = get_current_user()
        assert before is None
        return user.user_id if user else "signed out"

    client = web.test_client(use_cookies=False)
    assert client.get("/").text == "signed out"
    assert client.get("/", headers=stack.bearer("user_ada")).text == "user_ada"
    assert client.get("/", headers=stack.bearer("user_ada", fault="expired")).text == "signed out"
    cookie = {"Cookie": "__session=" + stack.mint("user_ada")}
    assert client.get("/", headers=cookie).text == "user_ada"
    assert client.post("/", headers=cookie).text == "signed out"
    assert verified_session() is None


def test_a_page_may_ask_for_the_session_itself(web: Flask, stack: LocalStack) -> None:
    @web.get("/")
    def page() -> str:
        session = current_session()
        assert session is verified_session()
        if session is None:
            return "signed out"
        user = get_current_user()
        assert user is not None and session.user.user_id == user.user_id
        return f"{session.files().scope.prefix} {session.has_subscription('pro')}"

    client = web.test_client(use_cookies=False)
    assert client.get("/").text == "signed out"
    ada = stack.bearer("user_ada", tier="pro")
    assert client.get("/", headers=ada).text == "user_user_ada/ True"
    ben = stack.bearer("user_ben")
    assert client.get("/", headers=ben).text == "user_user_ben/ False"


def test_a_users_session_ends_with_the_request(web: Flask, stack: LocalStack) -> None:
    service, ends = get_storage_service(), []

    def is_trusted() -> bool:
        try:
            service.list_user_files("user_somebody_else")
        except casier.AccessDenied:
            return False
        return True

    @web.get("/stream")
    @require_auth
    def stream() -> Response:
        def lines() -> Iterator[str]:
            yield str(is_trusted())

        return Response(stream_with_context(lines()))

    @web.get("/nested")
    @require_auth
    def nested() -> str:
        with web.app_context():
            inside = is_trusted()
        inner = web.test_client(use_cookies=False).get("/stream", headers=stack.bearer("user_ben"))
        return f"{inside} {inner.text} {is_trusted()}"

    @web.get("/fails")
    @require_auth
    def fails() -> str:
        raise LookupError

    @web.before_request
    def twice() -> None:
        get_current_user()

    @web.teardown_request
    def at_the_end(_: BaseException | None) -> None:
        ends.append(is_trusted())

    web.register_blueprint(create_secure_api())
    client, ada = web.test_client(use_cookies=False), stack.bearer("user_ada")
    for path, text in [("/stream", "False"), ("/nested", "False False False")]:
        assert client.get(path, headers=ada).text == text
        assert verified_session() is None
    with pytest.raises(LookupError):
        web.testing = True
        client.get("/fails", headers=ada)
    assert verified_session() is None
    assert client.get("/api/secure/files/list", headers=ada).status_code == 200
    assert verified_session() is None
    assert ends
    assert not any(ends)
    assert is_trusted()


def test_a_thread_that_takes_the_request_along_ends_nothing_but_itself(
    web: Flask, stack: LocalStack
) -> None:
    seen = []

    @web.get("/")
    @require_auth
    def starts_a_thread() -> str:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(copy_current_request_context(lambda: seen.append(verified_session())))
        seen.append(verified_session())
        return "done"

    answer = web.test_client(use_cookies=False).get("/", headers=stack.bearer("user_ada"))
    assert answer.text == "done"
    assert [session.user.user_id for session in seen if session] == ["user_ada", "user_ada"]
    assert verified_session() is None


def test_a_thread_of_a_request_inside_another_is_nobodys_afterwards(
    web: Flask, stack: LocalStack
) -> None:
    client = web.test_client(use_cookies=False)

    with ThreadPoolExecutor(1) as pool:

        @web.get("/inner")
        @require_auth
        def inner() -> str:
            pool.submit(copy_current_request_context(get_current_user)).result()
            return "inner"

        @web.get("/outer")
        @require_auth
        def outer() -> str:
            return client.get("/inner", headers=stack.bearer("user_ben")).text

        assert client.get("/outer", headers=stack.bearer("user_ada")).text == "inner"
        assert pool.submit(verified_session).result() is None


def test_the_next_request_is_nobodys_where_the_end_of_one_failed(
    web: Flask, stack: LocalStack
) -> None:
    seen = []

    @web.get("/signed-in")
    @require_auth
    def signed_in() -> str:
        return "ada"

    @web.get("/open")
    def open_to_all() -> str:
        seen.append(verified_session())
        return "nobody"

    @web.teardown_request
    def fails(_: BaseException | None) -> None:
        raise LookupError

    client = web.test_client(use_cookies=False)

    def in_one_worker() -> None:
        for path, headers in [("/signed-in", stack.bearer("user_ada")), ("/open", {})]:
            with pytest.raises(LookupError):
                client.get(path, headers=headers)

    copy_context().run(in_one_worker)
    assert seen == [None]


def test_pyjwt_style(web: Flask, stack: LocalStack) -> None:
    @web.get("/")
    def page() -> dict[str, Any]:
        token = extract_token_from_header()
        return verify_clerk_token(token) if token else {}

    client = web.test_client(use_cookies=False)
    answer = client.get("/", headers=stack.bearer("user_ada", email="ada@example.com"))
    assert answer.json is not None
    assert answer.json["sub"] == "user_ada"
    assert answer.json["iss"] == stack.issuer
    assert client.get("/").json == {}
    assert client.get("/", headers={"Cookie": "__session=" + stack.mint("user_ada")}).json == {}
    assert client.get("/", headers={"Authorization": "Basic dXNlcjpwYXNz"}).json == {}
    twice = [("Authorization", "Bearer a.b.c"), ("Authorization", "Bearer a.b.c")]
    assert client.get("/", headers=twice).status_code == 401
    answer = client.get("/", headers=stack.bearer("user_ada", fault="tampered-signature"))
    assert (answer.status_code, code(answer)) == (401, "token-invalid-signature")
    with web.app_context():
        assert verify_clerk_token(stack.mint("user_7"))["sub"] == "user_7"
        with pytest.raises(casier.AuthenticationError, match="token-expired"):
            verify_clerk_token(stack.mint("user_7", fault="expired"))


def test_settings_come_from_the_app_and_beneath_it_from_the_environment(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("casier._current._casier", None)
    bare = Flask("bare")
    bare.add_url_rule("/", view_func=require_auth(who))
    assert bare.test_client().get("/", headers=stack.bearer("user_1")).status_code == 200

    extension, configured = FlaskCasier(), Flask("configured")
    configured.config.from_mapping(CLERK_ISSUER="https://other.example.com", CASIER_LOCAL=False)
    extension.init_app(configured)
    configured.add_url_rule("/", view_func=require_auth(who))
    answer = configured.test_client().get("/", headers=stack.bearer("user_1"))
    assert (answer.status_code, code(answer)) == (401, "token-invalid-issuer")
    assert bare.test_client().get("/", headers=stack.bearer("user_1")).status_code == 401

    wrong = Flask("wrong")
    wrong.config["PRESIGNED_URL_EXPIRATION"] = 0
    with pytest.raises(casier.ConfigError, match="link_seconds"):
        FlaskCasier(wrong)


def test_without_any_settings_requests_fail_and_say_why_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("casier._current._casier", None)
    bare = Flask("bare")
    bare.add_url_rule("/", view_func=require_auth(who))
    bare.register_blueprint(create_secure_api())
    for path in ["/", "/api/secure/files/list"]:
        answer = bare.test_client().get(path)
        assert (answer.status_code, code(answer)) == (500, "config-invalid")
        assert "CLERK_ISSUER" not in answer.text
        assert "CLERK_ISSUER" in caplog.text
        caplog.clear()
