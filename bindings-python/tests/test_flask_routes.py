"""The mounted routes: what they do, and whom they refuse."""

import base64
import io
import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import LocalStack
from flask import Flask, Response, request
from flask.testing import FlaskClient
from routes import S3, SECURE, TEXT, code, data, keys
from werkzeug.test import TestResponse

import casier
from casier.flask import FlaskCasier, create_s3_api, create_secure_api, get_current_user

# Method and path of every route, a key in its place.
WITH_KEY = {
    "download": ("GET", SECURE + "/files/download/{key}"),
    "delete": ("DELETE", SECURE + "/files/delete/{key}"),
    "delete-many": ("POST", SECURE + "/files/delete-many"),
    "links": ("POST", SECURE + "/files/links"),
    "s3 upload": ("POST", S3 + "/upload"),
    "s3 presigned-url": ("POST", S3 + "/presigned-url"),
    "s3 delete": ("DELETE", S3 + "/delete"),
}
ROUTES = WITH_KEY | {"list": ("GET", SECURE + "/files/list"), "s3 list": ("GET", S3 + "/list")}


@pytest.fixture
def key(files: casier.UserStorage) -> str:
    return files.upload_file_object(TEXT, "Été à Paris.md", "blog").key


def send(client: FlaskClient, route: str, key: str, headers: Any) -> TestResponse:
    method, path = ROUTES[route]
    path = path.replace("{key}", urllib.parse.quote(key))
    if route == "s3 upload":
        form = {"s3_key": key, "file": (io.BytesIO(TEXT), "upload.md", "text/markdown")}
        return client.open(path, method=method, headers=headers, data=form)
    many = route in ("delete-many", "links")
    sent = None if method == "GET" else {"s3_keys": [key]} if many else {"s3_key": key}
    return client.open(path, method=method, headers=headers, json=sent)


def test_the_secure_routes(
    client: FlaskClient,
    stack: LocalStack,
    bearer: dict[str, str],
    files: casier.UserStorage,
    key: str,
) -> None:
    [listed] = data(client.get(SECURE + "/files/list?with_metadata=true", headers=bearer))
    assert (listed["s3_key"], listed["size"]) == (key, len(TEXT))
    assert (listed["content_type"], listed["filename"]) == ("blog", "Été à Paris.md")
    assert data(client.get(SECURE + "/files/list?content_type=image", headers=bearer)) == []

    answer = send(client, "download", key, bearer | {"X-Request-Id": "id-1"})
    link = data(answer)
    assert link["filename"] == "Été à Paris.md"
    assert stack.fetch(link["download_url"]) == TEXT
    assert answer.headers["X-Request-Id"] == "id-1"
    [link] = data(send(client, "links", key, bearer))
    assert stack.fetch(link["download_url"]) == TEXT

    head = client.head(SECURE + "/files/list", headers=bearer)
    assert (head.status_code, head.data) == (200, b"")
    assert data(send(client, "delete", key, bearer)) == {"s3_key": key}
    assert data(send(client, "delete", key, bearer)) == {"s3_key": key}
    many = [files.upload_file_object(TEXT, f"{n}.md", "blog").key for n in range(2)]
    answer = client.post(SECURE + "/files/delete-many", headers=bearer, json={"s3_keys": many})
    assert data(answer) == [{"s3_key": key, "success": True} for key in many]
    assert keys(files) == []


def test_uploads_in_parts(
    client: FlaskClient, bearer: dict[str, str], files: casier.UserStorage
) -> None:
    uploads = SECURE + "/uploads"
    wanted = {"filename": "a.md", "content_type": "blog", "size": len(TEXT)}
    begun = data(client.post(uploads, headers=bearer, json=wanted), 201)
    upload = f"{uploads}/{begun['upload_id']}"
    answer = client.post(upload + "/parts", headers=bearer, json={"part_numbers": [1]})
    [part] = data(answer)["parts"]
    put = urllib.request.Request(part["url"], TEXT, part["headers"], method="PUT")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(put, timeout=30) as sent:
        assert sent.status == 200
    state = data(client.get(upload, headers=bearer))
    assert (state["parts"], state["sent"]) == ([1], len(TEXT))
    assert keys(files) == []
    stored = data(client.post(upload + "/complete", headers=bearer))
    assert keys(files) == [stored["s3_key"]] == [begun["s3_key"]]
    assert code(client.get(upload, headers=bearer)) == "upload-not-found"

    given_up = data(client.post(uploads, headers=bearer, json=wanted), 201)["upload_id"]
    data(client.delete(f"{uploads}/{given_up}", headers=bearer))
    assert code(client.get(f"{uploads}/{given_up}", headers=bearer)) == "upload-not-found"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/uploads", "method-not-allowed"),
        ("PUT", "/uploads/u1.x", "method-not-allowed"),
        ("POST", "/uploads/u1.x", "method-not-allowed"),
        ("GET", "/uploads/u1.x/parts", "method-not-allowed"),
        ("POST", "/uploads/", "route-not-found"),
        ("POST", "/uploads//parts", "route-not-found"),
        ("POST", "/uploads/u1.x/y/parts", "route-not-found"),
        ("POST", "/uploads/u1.x%2Fparts%2Fparts", "route-not-found"),
        ("POST", "/uploads/u1.x/parts/", "route-not-found"),
        ("GET", "/uploads/u1.x", "upload-not-found"),
        ("DELETE", "/uploads/%7Bkey%7D", "upload-not-found"),
        ("POST", "/uploads/a%0Ab/complete", "upload-not-found"),
    ],
)
def test_the_paths_of_uploads_are_to_the_byte(
    client: FlaskClient, bearer: dict[str, str], method: str, path: str, expected: str
) -> None:
    assert code(client.open(SECURE + path, method=method, headers=bearer)) == expected


def test_the_s3_routes(
    client: FlaskClient, stack: LocalStack, bearer: dict[str, str], files: casier.UserStorage
) -> None:
    form = {"file": (io.BytesIO(TEXT), "a b.md", "text/markdown"), "content_type": "blog"}
    answer = client.post(S3 + "/upload", headers=bearer, data=form)
    assert answer.status_code == 201
    assert answer.json is not None
    key = f"{files.scope.prefix}blogs/a b.md"
    assert (answer.json["s3_key"], answer.json["bucket"]) == (key, files.bucket)
    assert stack.fetch(answer.json["url"]) == TEXT

    answer = client.post(
        S3 + "/presigned-url", headers=bearer, json={"s3_key": key, "expires_in": 60}
    )
    assert answer.json is not None
    assert set(answer.json) == {"url", "expires_in"}
    assert stack.fetch(answer.json["url"]) == TEXT

    answer = client.get(S3 + "/list?content_type=blog", headers=bearer)
    assert answer.json is not None
    assert [file["s3_key"] for file in answer.json["files"]] == [key]
    assert send(client, "s3 delete", key, bearer).json == {"success": True}
    assert keys(files) == []


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_enters_without_a_good_token(
    client: FlaskClient,
    stack: LocalStack,
    ada: casier.Session,
    files: casier.UserStorage,
    key: str,
    route: str,
) -> None:
    user_id = ada.user.user_id
    for headers, status, expected in [
        ({}, 401, "token-missing"),
        ({"Authorization": "Bearer a.b.c"}, 401, "token-invalid"),
        (stack.bearer(user_id, fault="tampered-payload"), 401, "token-invalid-signature"),
        (stack.bearer(user_id, fault="expired"), 401, "token-expired"),
        (stack.bearer(user_id, fault="alg-none"), 401, "token-invalid-algorithm"),
        (stack.bearer(user_id, fault="other-issuer"), 401, "token-invalid-issuer"),
    ]:
        answer = send(client, route, key, headers)
        assert (answer.status_code, code(answer)) == (status, expected)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert keys(files) == [key]
    assert files.read(key) == TEXT


@pytest.mark.parametrize("route", WITH_KEY)
@pytest.mark.parametrize(
    ("foreign", "status", "expected"),
    [
        ("user_user_other/blogs/a.md", 403, "not-owner"),
        ("org_1/blogs/a.md", 403, "not-owner"),
        ("{prefix}blogs/../../user_user_other/blogs/a.md", 400, "invalid-key"),
        ("{prefix}blogs//a.md", 400, "invalid-key"),
        ("{prefix}blogs/%2e%2e/a.md", 400, "invalid-key"),
        ("{prefix}blogs\\a.md", 400, "invalid-key"),
        ("/{prefix}blogs/a.md", 400, "invalid-key"),
        ("//{prefix}blogs/a.md", 400, "invalid-key"),
        ("{prefix}blogs/a\nb.md", 400, "invalid-key"),
        ("", 400, "invalid-key"),
    ],
)
def test_keys_that_are_refused(
    client: FlaskClient,
    bearer: dict[str, str],
    files: casier.UserStorage,
    key: str,
    route: str,
    foreign: str,
    status: int,
    expected: str,
) -> None:
    if (route, foreign) == ("s3 upload", ""):
        expected = "invalid-request"  # as forms send what is not filled in
    answer = send(client, route, foreign.replace("{prefix}", files.scope.prefix), bearer)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert keys(files) == [key]


def test_one_foreign_key_among_many(
    client: FlaskClient, bearer: dict[str, str], files: casier.UserStorage, key: str
) -> None:
    sent = {"s3_keys": [key, "user_user_other/blogs/a.md"]}
    for path in ["/files/delete-many", "/files/links"]:
        answer = client.post(SECURE + path, headers=bearer, json=sent)
        assert (answer.status_code, code(answer)) == (403, "not-owner")
    assert keys(files) == [key]


@pytest.mark.parametrize("route", ROUTES)
def test_a_cookie_from_another_site(
    client: FlaskClient,
    stack: LocalStack,
    ada: casier.Session,
    files: casier.UserStorage,
    key: str,
    route: str,
) -> None:
    cookie = {"Cookie": "__session=" + stack.mint(ada.user.user_id, tier="pro")}
    for origin in [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
        {"Origin": "null"},
        {},
    ]:
        answer = send(client, route, key, cookie | origin)
        if ROUTES[route][0] == "GET":
            assert answer.status_code == 200
        else:
            assert (answer.status_code, code(answer)) == (403, "cross-site-request")
    assert files.read(key) == TEXT
    own_site = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert send(client, route, key, cookie | own_site).status_code in (200, 201)


def test_limits_of_the_tier(
    client: FlaskClient, stack: LocalStack, files: casier.UserStorage, ada: casier.Session
) -> None:
    free = stack.bearer(ada.user.user_id)
    key = f"{files.scope.prefix}blogs/a.md"
    sent = {"s3_key": key, "expires_in": 86400}
    for headers, life in [(free, 3600), (stack.bearer(ada.user.user_id, tier="pro"), 86400)]:
        answer = client.post(S3 + "/presigned-url", headers=headers, json=sent)
        assert answer.json is not None
        assert answer.json["expires_in"] == life

    image = b"\x89PNG\r\n\x1a\n" + bytes(10 << 20)
    form = {"file": (io.BytesIO(image), "a.png", "image/png"), "content_type": "image"}
    answer = client.post(S3 + "/upload", headers=free, data=form)
    assert (answer.status_code, code(answer)) == (413, "file-too-large")
    assert keys(files) == []


def test_a_part_without_a_content_type(
    client: FlaskClient, bearer: dict[str, str], files: casier.UserStorage
) -> None:
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    )
    form = "multipart/form-data; boundary=b"
    key = f"{files.scope.prefix}images/a.png"
    for declared in ("", "\r\nContent-Type: text/plain"):
        head = f'--b\r\nContent-Disposition: form-data; name="s3_key"\r\n\r\n{key}\r\n--b\r\n'
        head += f'Content-Disposition: form-data; name="file"; filename="a.png"{declared}\r\n\r\n'
        sent = head.encode() + png + b"\r\n--b--\r\n"
        answer = client.post(S3 + "/upload", headers=bearer, data=sent, content_type=form)
        assert answer.status_code == 201, answer.text
        assert files.metadata(key).content_type == "image/png"
        files.delete(key)


def test_another_users_list(
    web: Flask, client: FlaskClient, stack: LocalStack, caplog: pytest.LogCaptureFixture
) -> None:
    web.register_blueprint(create_s3_api(name="open", url_prefix="/open", admin_may_list=True))
    caplog.set_level("INFO", "casier")
    for path, role, status in [
        (S3, "admin", 403), ("/open", "admin", 200), ("/open", "manager", 403)
    ]:
        headers = stack.bearer("user_chief", role=role)
        answer = client.get(path + "/list?user_id=user_ada", headers=headers)
        assert answer.status_code == status
        (told,) = [record for record in caplog.records if record.name == "casier.audit"]
        verdict = "allowed" if status == 200 else "refused"
        assert told.getMessage().startswith(f"list-user is {verdict}")
        assert 'user_id="user_chief"' in told.getMessage()
        caplog.clear()
    own = client.get(S3 + "/list?user_id=user_ada", headers=stack.bearer("user_ada"))
    assert own.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("GET", "", 404, "route-not-found"),
        ("GET", "/", 404, "route-not-found"),
        ("GET", "/nothing", 404, "route-not-found"),
        ("GET", "/files/list/", 404, "route-not-found"),
        ("GET", "/files//list", 404, "route-not-found"),
        ("GET", "//files/list", 404, "route-not-found"),
        ("GET", "/files/./list", 404, "route-not-found"),
        ("GET", "/files%2Flist%00", 404, "route-not-found"),
        ("GET", "/a%0Ab", 404, "route-not-found"),
        ("POST", "/files/list", 405, "method-not-allowed"),
        ("TRACE", "/files/list", 405, "method-not-allowed"),
        ("GET", "/files/delete/a", 405, "method-not-allowed"),
    ],
)
def test_what_is_no_route(
    client: FlaskClient, bearer: dict[str, str], method: str, path: str, status: int, expected: str
) -> None:
    answer = client.open(SECURE + path, method=method, headers=bearer)
    assert (answer.status_code, code(answer)) == (status, expected)
    if status == 405:
        assert answer.headers["Allow"] == ("DELETE" if "delete" in path else "GET, HEAD")


def test_a_path_that_is_not_utf_8(client: FlaskClient, bearer: dict[str, str]) -> None:
    environ = {"PATH_INFO": SECURE + "/files/download/\xff"}
    answer = client.get("/", headers=bearer, environ_overrides=environ)
    assert (answer.status_code, code(answer)) == (400, "invalid-request")


def test_what_the_app_itself_does_goes_on(
    web: Flask, bearer: dict[str, str], ada: casier.Session
) -> None:
    seen: list[object] = []
    user_id = ada.user.user_id

    @web.before_request
    def reads_the_form() -> None:
        seen.append(len(request.files))

    @web.after_request
    def cors(response: Response) -> Response:
        user = get_current_user()
        seen.append(user and user.user_id)
        response.headers["Access-Control-Allow-Origin"] = "https://app.example.com"
        return response

    @web.errorhandler(404)
    def not_found(_: Exception) -> tuple[str, int]:
        return "the app's own", 404

    web.register_blueprint(create_s3_api(name="mine", url_prefix="/v1/files"))
    client = web.test_client(use_cookies=False)
    form = {"file": (io.BytesIO(TEXT), "a.md"), "content_type": "blog"}
    answer = client.post("/v1/files/upload", headers=bearer, data=form)
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert seen == [1, user_id]
    assert client.get("/elsewhere").text == "the app's own"
    assert code(client.get("/v1/files/elsewhere")) == "route-not-found"
    preflight = client.options("/v1/files/upload", headers={"Origin": "https://app.example.com"})
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["Allow"]
    with web.test_request_context():
        assert web.url_for("mine.upload_file") == "/v1/files/upload"


def test_routes_have_names(web: Flask, client: FlaskClient) -> None:
    with web.test_request_context():
        path = web.url_for("secure_api.download_file", key="user_1/blogs/a b.md")
        assert path == SECURE + "/files/download/user_1/blogs/a%20b.md"
        assert web.url_for("s3_api.list_files", content_type="a") == S3 + "/list?content_type=a"


def test_the_script_for_pages(web: Flask, client: FlaskClient) -> None:
    with web.test_request_context():
        path = web.url_for("secure_api.uploads_script")
    assert path == SECURE + "/uploads.js"
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert "uploadFile" in answer.text
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert code(client.post(path)) == "route-not-found"


def test_where_a_server_mounts_the_app(client: FlaskClient, bearer: dict[str, str]) -> None:
    environ = {"SCRIPT_NAME": "/below"}
    answer = client.get(SECURE + "/files/list", headers=bearer, environ_overrides=environ)
    assert data(answer) == []


@pytest.fixture
def broken(stack: LocalStack) -> Iterator[FlaskClient]:
    """An app whose store refuses its credentials."""
    broken = Flask("broken")
    broken.config.update(stack.environment, AWS_SECRET_ACCESS_KEY="hush-hush")
    FlaskCasier(broken)
    broken.register_blueprint(create_secure_api())
    yield broken.test_client(use_cookies=False)


def test_a_store_that_refuses_us(
    broken: FlaskClient, bearer: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = broken.get(SECURE + "/files/list", headers=bearer | {"X-Request-Id": "id-9"})
    assert (answer.status_code, code(answer)) == (502, "storage-denied")
    assert answer.headers["X-Request-Id"] == "id-9"
    assert "hush" not in answer.text + caplog.text
    assert "id-9" in caplog.text


def test_answers_are_json_of_the_contract(
    client: FlaskClient, bearer: dict[str, str], key: str
) -> None:
    answer = client.get(SECURE + "/files/list", headers=bearer)
    envelope = json.loads(answer.data)
    assert set(envelope) == {"success", "message", "data", "timestamp", "metadata"}
    assert envelope["metadata"]["next_cursor"] is None
