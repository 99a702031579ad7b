"""Every route of both applications, over real HTTP: what is refused, and that it works."""

from collections.abc import Callable

import pytest
from bucket import objects
from conftest import Person, fetch, nothing_changes, refused, send
from table import (
    CHANGING,
    GATED,
    MOUNTED,
    NAMING_A_USER,
    ROUTES,
    UPLOADS,
    WITH_KEYS,
    Route,
    call,
    upload,
)

from casier import _casier

every_route = pytest.mark.parametrize("route", ROUTES, ids=str)
every_changing_route = pytest.mark.parametrize("route", CHANGING, ids=str)
every_route_with_keys = pytest.mark.parametrize("route", WITH_KEYS, ids=str)
every_upload = pytest.mark.parametrize("route", UPLOADS, ids=str)
every_gated_route = pytest.mark.parametrize("route", GATED, ids=str)


@pytest.mark.parametrize("routes", MOUNTED)
def test_the_table_has_every_route_of_the_core(routes: str) -> None:
    mounted = {(route.method, route.path) for route in ROUTES if route.routes == routes}
    cores = {(method, MOUNTED[routes] + path) for _, method, path in _casier.http_routes(routes)}
    assert mounted == cores


@every_route
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("expired", "token-expired"),
        ("tampered-payload", "token-invalid-signature"),
        ("other-key", "token-invalid-signature"),
        ("other-issuer", "token-invalid-issuer"),
        ("alg-none", "token-invalid-algorithm"),
    ],
)
def test_a_bad_token_is_refused(route: Route, ada: Person, fault: str, code: str) -> None:
    token = ada.token(tier="enterprise", role="admin", fault=fault)
    with nothing_changes():
        answer = send(route, call(route, ada.key), {"Authorization": f"Bearer {token}"})
    refused(answer, code, 401)
    assert token.split(".")[1] not in str(answer.body)


@every_route
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token-missing"),
        ({"Authorization": "Basic YWRhOmFkYQ=="}, "token-missing"),
        ({"Authorization": "Bearer no.token"}, "token-invalid"),
        ({"Cookie": "__session=no.token.either", "Sec-Fetch-Site": "same-origin"}, "token-invalid"),
    ],
)
def test_no_token_is_refused(
    route: Route, ada: Person, headers: dict[str, str], code: str
) -> None:
    with nothing_changes():
        refused(send(route, call(route, ada.key), headers), code, 401)


@every_changing_route
@pytest.mark.parametrize(
    "origin",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_cookie_changes_nothing_from_another_site(
    route: Route, ada: Person, origin: dict[str, str]
) -> None:
    cookie = {"Cookie": f"__session={ada.token(tier='pro')}"}
    with nothing_changes():
        refused(send(route, call(route, ada.key), cookie | origin), "cross-site-request", 403)


@pytest.mark.parametrize("route", [it for it in ROUTES if it not in CHANGING], ids=str)
def test_a_cookie_may_read_from_another_site(route: Route, ada: Person) -> None:
    """A link from elsewhere leads in; a script there cannot read the answer."""
    cookie = {"Cookie": f"__session={ada.token(tier='pro')}"}
    with nothing_changes():
        answer = send(route, call(route, ada.key), cookie | {"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200, answer.body
    assert "Access-Control-Allow-Origin" not in answer.headers


@every_route
def test_a_cookie_from_the_site_itself_is_let_in(route: Route, ada: Person) -> None:
    headers = {"Cookie": f"__session={ada.token(tier='pro')}", "Sec-Fetch-Site": "same-origin"}
    answer = send(route, call(route, ada.key), headers)
    assert answer.status in (200, 201), answer.body


@every_route_with_keys
def test_another_s_file_is_refused(route: Route, ada: Person, ben: Person) -> None:
    missing = f"{ada.files.scope.prefix}documents/not there.md"
    for theirs in (ada.key, missing, "org_acme/documents/plan.md", ".casier/state"):
        with nothing_changes():
            answer = send(route, call(route, theirs, ben.key), ben.bearer(tier="enterprise"))
        refused(answer, "not-owner", 403)


@every_route_with_keys
def test_a_bad_key_is_refused(route: Route, ada: Person, ben: Person) -> None:
    prefix = ben.files.scope.prefix
    for key in (
        f"{prefix}../{ada.key}",
        f"{prefix}documents/../../{ada.key}",
        f"{prefix}documents/%2e%2e/%2e%2e/{ada.key}",
        f"{prefix}documents//été.md",
        f"{prefix}documents/..\\été.md",
        f"{prefix}documents/a\nb.md",
        prefix,
    ):
        with nothing_changes():
            answer = send(route, call(route, key, ben.key), ben.bearer())
        refused(answer, "invalid-key", 400)


@every_upload
def test_an_upload_too_large_for_the_tier_is_refused(route: Route, ada: Person) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(10 * 1024 * 1024)
    big = upload(route, "big.png", picture, content_type="image")
    with nothing_changes():
        error = refused(send(route, big, ada.bearer(tier="free")), "file-too-large", 413)
    assert error["details"]["limit"] == 10 * 1024 * 1024
    answer = send(route, big, ada.bearer(tier="basic"))
    assert answer.status == 201, answer.body


@every_upload
@pytest.mark.parametrize(
    ("filename", "fields", "code", "status"),
    [
        ("run.exe", {"content_type": "file"}, "invalid-filename", 400),
        ("song.mp3", {"content_type": "document"}, "type-not-allowed", 415),
        ("fake.png", {"content_type": "image"}, "content-mismatch", 415),
        ("a.md", {"content_type": "no-such-kind"}, "invalid-kind", 400),
        ("..", {"content_type": "document"}, "invalid-filename", 400),
        ("a.md", {}, "invalid-request", 400),
    ],
)
def test_a_wrong_upload_is_refused(
    route: Route, ada: Person, filename: str, fields: dict[str, str], code: str, status: int
) -> None:
    with nothing_changes():
        answer = send(route, upload(route, filename, b"MZ a text", **fields), ada.bearer())
    refused(answer, code, status)


@every_upload
def test_an_upload_to_another_s_key_is_refused(route: Route, ada: Person, ben: Person) -> None:
    for key, code, status in (
        (ada.key, "not-owner", 403),
        (f"{ben.files.scope.prefix}../{ada.key}", "invalid-key", 400),
    ):
        with nothing_changes():
            answer = send(route, upload(route, "a.md", b"mine now", s3_key=key), ben.bearer())
        refused(answer, code, status)


@every_gated_route
def test_a_gated_route_asks_for_its_tier(route: Route, ada: Person) -> None:
    error = refused(
        send(route, call(route, ""), ada.bearer(tier="basic")), "subscription-required", 403
    )
    assert (error["details"]["required"], error["details"]["actual"]) == ("pro", "basic")
    answer = send(route, call(route, ""), ada.bearer(tier="pro"))
    assert answer.status == 200 and answer.body["success"] is True


@pytest.mark.parametrize("who", [{}, {"role": "admin", "tier": "enterprise"}])
def test_a_list_shows_nobody_else_s_files(ada: Person, ben: Person, who: dict[str, str]) -> None:
    for route in [route for route in ROUTES if route.path.endswith("/list")]:
        answer = send(route, call(route, ""), ben.bearer(**who))
        assert answer.status == 200 and ada.user_id not in str(answer.body), answer.body
        assert "été.md" in str(answer.body)
        if route.routes in NAMING_A_USER:
            named = call(route, "")._replace(target=f"{route.path}?user_id={ada.user_id}")
            refused(send(route, named, ben.bearer(**who)), "not-owner", 403)


@pytest.mark.parametrize("mount", ["FLASK /api/secure", "FLASK /api/s3", "NEXT /api/files"])
def test_a_route_that_is_not_there_says_so(mount: str, ada: Person) -> None:
    app, prefix = mount.split()
    nowhere = Route(app, "", "GET", f"{prefix}/no-such-route", "nothing")
    refused(send(nowhere, call(nowhere, ""), ada.bearer()), "route-not-found", 404)


@every_route
def test_it_works(route: Route, person: Callable[[], Person]) -> None:
    """Once by the route's own answer, and once by what then stands in the bucket."""
    ada = person()
    second = ada.files.upload_file_object(b"second", "second.md", "document").key
    before = objects()
    answer = send(route, call(route, ada.key, second), ada.bearer(tier="pro"))
    assert answer.status == (201 if route.takes == "file" else 200), answer.body
    assert answer.headers["X-Request-Id"]
    data = answer.body if route.routes in ("", "s3") else answer.body["data"]
    now = objects()

    action = route.path.removesuffix("/{key}").rpartition("/")[2]
    if action == "list":
        files = data if route.routes == "secure" else data["files"]
        assert {file["s3_key"]: file["size"] for file in files} == {
            ada.key: len(f"# {ada.user_id}\n"),
            second: len(b"second"),
        }
    elif action in ("download", "presigned-url"):
        link = data["download_url" if action == "download" else "url"]
        assert fetch(link) == f"# {ada.user_id}\n".encode()
        assert 0 < data["expires_in"] <= 3600
    elif action == "upload":
        assert data["s3_key"] == ada.key
        assert ada.files.read(ada.key) == b"# A day\n"
    elif action == "delete":
        assert before.keys() - now.keys() == {ada.key}
    elif action == "delete-many":
        assert before.keys() - now.keys() == {ada.key, second}
    elif action == "links":
        links = {link["s3_key"]: fetch(link["download_url"]) for link in data}
        assert links == {second: b"second", ada.key: f"# {ada.user_id}\n".encode()}
    else:
        assert route in GATED, f"{route}: say what it must do"
    if action not in ("upload", "delete", "delete-many"):
        assert now == before


def test_the_end_of_a_link_follows_the_tier(ada: Person) -> None:
    for route in [route for route in ROUTES if route.path.endswith("/presigned-url")]:
        long = call(route, ada.key)
        body = f'{{"s3_key": "{ada.key}", "expires_in": 86400}}'.encode()
        for tier, seconds in (("free", 3600), ("pro", 86400)):
            answer = send(route, long._replace(body=body), ada.bearer(tier=tier))
            data = answer.body if route.routes == "s3" else answer.body["data"]
            assert data["expires_in"] == seconds
