"""The example app, as its page uses it."""

import importlib
import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, LocalStack
from flask import Flask
from flask.testing import FlaskClient

SAME_SITE = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def client(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("casier._current._casier", None)
    monkeypatch.syspath_prepend(ROOT / "examples/flask")
    module = importlib.import_module("app")
    monkeypatch.delitem(sys.modules, "app")
    app: Flask = module.app
    with app.test_client() as client:
        yield client


def test_the_page(client: FlaskClient) -> None:
    assert "signed out" in client.get("/").text
    answer = client.post("/sign-in", data={"user": "ada"})
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__session=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    page = client.get("/").text
    assert "user_ada" in page
    assert "pro" in page
    assert '"casier/uploads": "/api/secure/uploads.js"' in page

    form = {"file": (io.BytesIO(b"# Notes\n"), "a.md"), "content_type": "blog"}
    answer = client.post("/api/s3/upload", headers=SAME_SITE, data=form)
    assert answer.status_code == 201
    assert answer.json is not None
    key = answer.json["s3_key"]
    answer = client.get("/reports")
    assert answer.json is not None
    assert answer.json["data"] == {"files": 1, "bytes": 8}
    path = f"/api/secure/files/delete/{key}"
    assert client.delete(path, headers=SAME_SITE).status_code == 200

    client.post("/sign-out")
    assert "signed out" in client.get("/").text
    client.post("/sign-in", data={"user": "ben"})
    assert client.get("/reports").status_code == 403


def test_local_users_are_for_local_work_alone(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.post("/sign-in", data={"user": "eve"}).status_code == 400
    for site in ["cross-site", "same-site", "none"]:
        for path in ["/sign-in", "/sign-out"]:
            headers = {"Sec-Fetch-Site": site}
            answer = client.post(path, data={"user": "ada"}, headers=headers)
            assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
    monkeypatch.delenv("CASIER_LOCAL")
    assert client.post("/sign-in", data={"user": "ada"}).status_code == 404
    assert client.post("/sign-out").status_code == 404


def test_the_guide(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `docs/flask.md` shows as the end of a migration runs."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("casier._current._casier", None)
    guide = (ROOT / "docs/flask.md").read_text()
    _, _, rest = guide.partition("```python\n# After\n")
    code, _, _ = rest.partition("```")
    names: dict[str, Any] = {"__name__": "guide"}
    exec(code, names)
    client = names["app"].test_client()
    ada = stack.bearer("user_guide", tier="pro")

    png = b"\x89PNG\r\n\x1a\n" + bytes(16)
    answer = client.post("/avatar", headers=ada, data={"file": (io.BytesIO(png), "me.png")})
    assert answer.status_code == 201, answer.text
    assert answer.json["data"] == {"s3_key": "user_user_guide/images/me.png"}
    answer = client.post("/avatar", headers=ada)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "no-picture")

    stored = names["storage"].upload_file_object("user_guide", b"A\n", "a.txt", "document")
    assert stored["s3_key"] == "user_user_guide/documents/a.txt"
    [link] = client.get("/reports", headers=ada).json["data"]
    assert stack.fetch(link) == b"A\n"
    answer = client.get("/reports", headers=stack.bearer("user_guide"))
    assert answer.json["error"]["code"] == "subscription-required"
