"""Every route of both applications, over real HTTP: what is refused, and that it works."""

from collections.abc import Callable

import pytest
from bucket import objects, uploads
from conftest import Person, address, begun, fetch, nothing_changes, put, ready, refused, send
from table import (
    CHANGING,
    CONTENTS,
    GATED,
    MOUNTED,
    NAMING_A_USER,
    OF_UPLOADS,
    PLANS,
    ROUTES,
    UPLOADS,
    WITH_KEYS,
    Route,
    call,
    plan,
    upload,
)

from casier import _casier

every_route = pytest.mark.parametrize("route", ROUTES, ids=str)
every_changing_route = pytest.mark.parametrize("route", CHANGING, ids=str)
every_route_with_keys = pytest.mark.parametrize("route", WITH_KEYS, ids=str)
every_upload = pytest.mark.parametrize("route", UPLOADS, ids=str)
every_plan = pytest.mark.parametrize("route", PLANS, ids=str)
every_route_of_uploads = pytest.mark.parametrize("route", OF_UPLOADS, ids=str)
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
    looking = ready(route, ada)
    with nothing_changes():
        answer = send(route, looking, cookie | {"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200, answer.body
    assert "Access-Control-Allow-Origin" not in answer.headers


@every_route
def test_a_cookie_from_the_site_itself_is_let_in(route: Route, ada: Person) -> None:
    headers = {"Cookie": f"__session={ada.token(tier='pro')}", "Sec-Fetch-Site": "same-origin"}
    answer = send(route, ready(route, ada), headers)
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


@every_plan
@pytest.mark.parametrize(
    ("members", "code", "status"),
    [
        ({"filename": "run.exe", "content_type": "file"}, "invalid-filename", 400),
        ({"filename": ".."}, "invalid-filename", 400),
        ({"filename": None}, "invalid-request", 400),
        ({"filename": "song.mp3"}, "type-not-allowed", 415),
        ({"mime_type": "text/html"}, "type-not-allowed", 415),
        ({"content_type": "no-such-kind"}, "invalid-kind", 400),
        ({"size": 25 * 1024 * 1024 + 1}, "file-too-large", 413),
        ({"size": -1}, "invalid-request", 400),
        ({"size": 2**53 + 1}, "invalid-request", 400),
        ({"size": "8"}, "invalid-request", 400),
        ({"metadata": {"a": 1}}, "invalid-request", 400),
        ({"overwrite": "no"}, "invalid-request", 400),
        ({"s3_key": "user_x/documents/a.md"}, "invalid-request", 400),
        ({"filename": "été.md", "overwrite": False}, "file-exists", 409),
    ],
)
def test_a_wrong_upload_is_not_begun(
    route: Route, ada: Person, members: dict[str, object], code: str, status: int
) -> None:
    with nothing_changes():
        answer = send(route, plan(route, **members), ada.bearer(tier="free"))
    refused(answer, code, status)


@every_route_of_uploads
def test_another_s_upload_is_not_found(route: Route, ada: Person, ben: Person) -> None:
    adas = begun(route, ada)
    put(address(route, ada, adas), CONTENTS)
    forged = adas[:-9] + ("A" if adas[-9] != "A" else "B") + adas[-8:]
    for upload_id in (adas, forged, "u1.none", "x%00y"):
        with nothing_changes():
            answer = send(route, call(route, "", upload_id=upload_id), ben.bearer())
        refused(answer, "upload-not-found", 404)


@pytest.mark.parametrize("begin", PLANS, ids=str)
def test_an_upload_that_is_not_what_it_claims_leaves_nothing(begin: Route, ada: Person) -> None:
    [complete] = [it for it in OF_UPLOADS if it.app == begin.app and it.path.endswith("/complete")]
    answer = send(begin, plan(begin, filename="a.png", content_type="image"), ada.bearer())
    upload_id = answer.body["data"]["upload_id"]
    completing = call(complete, "", upload_id=upload_id)
    with nothing_changes():
        refused(send(complete, completing, ada.bearer()), "upload-incomplete", 409)
    put(address(begin, ada, upload_id), CONTENTS)
    before = objects()
    refused(send(complete, completing, ada.bearer()), "content-mismatch", 415)
    assert objects() == before
    assert not [key for key, _ in uploads() if key.startswith(ada.files.scope.prefix)]


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
    calling = ready(route, ada, second)
    before, begun_before = objects(), uploads()
    answer = send(route, calling, ada.bearer(tier="pro"))
    assert answer.status == (201 if route.takes in ("file", "plan") else 200), answer.body
    assert answer.headers["X-Request-Id"]
    data = answer.body if route.routes in ("", "s3") else answer.body["data"]
    now = objects()

    begun_now = uploads()
    new_key = f"{ada.files.scope.prefix}documents/new.md"
    action = route.path.removesuffix("/{key}").rpartition("/")[2]
    if action == "{id}":
        action = {"GET": "state", "DELETE": "abort"}[route.method]
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
    elif action == "uploads":
        assert (data["s3_key"], data["part_count"]) == (ada.key, 1)
        assert [key for key, _ in begun_now - begun_before] != []
    elif action == "parts":
        [part] = data["parts"]
        assert (part["part_number"], part["size"]) == (1, len(CONTENTS))
        put(part["url"], CONTENTS)
    elif action == "state":
        assert (data["s3_key"], data["parts"]) == (new_key, [])
    elif action == "complete":
        assert (data["s3_key"], data["size"]) == (new_key, len(CONTENTS))
        assert ada.files.read(new_key) == CONTENTS
        assert now.keys() - before.keys() == {new_key}
    elif action == "abort":
        assert {key for key, _ in begun_before - begun_now} == {new_key}
    else:
        assert route in GATED, f"{route}: say what it must do"
    if action not in ("upload", "delete", "delete-many", "complete"):
        assert now == before
    if action not in ("uploads", "complete", "abort"):
        assert begun_now == begun_before


def test_the_end_of_a_link_follows_the_tier(ada: Person) -> None:
    for route in [route for route in ROUTES if route.path.endswith("/presigned-url")]:
        long = call(route, ada.key)
        body = f'{{"s3_key": "{ada.key}", "expires_in": 86400}}'.encode()
        for tier, seconds in (("free", 3600), ("pro", 86400)):
            answer = send(route, long._replace(body=body), ada.bearer(tier=tier))
            data = answer.body if route.routes == "s3" else answer.body["data"]
            assert data["expires_in"] == seconds
