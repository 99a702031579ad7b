"""The bodies of requests to the mounted routes: their limits, and where files are kept meanwhile."""

import errno
import io
from pathlib import Path
from typing import IO, Any

import pytest
from conftest import LocalStack
from flask import Flask, Request
from flask.testing import FlaskClient
from routes import S3, TEXT, code, keys
from werkzeug.test import TestResponse

import casier
from casier import _casier
from casier.flask import body


class Endless(io.RawIOBase):
    """A body without an end, which counts what is read of it."""

    def __init__(self, start: bytes = b"") -> None:
        self.start = start
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = len(buffer)
        piece = self.start[:count].ljust(count, b" ")
        self.start = self.start[count:]
        buffer[:] = piece
        self.taken += count
        return count


BOUNDARY = "multipart/form-data; boundary=b"
FORM_START = (
    b"--b\r\nContent-Disposition: form-data; name=content_type\r\n\r\nblog\r\n--b\r\n"
    b"Content-Disposition: form-data; name=file; filename=a.md\r\n\r\n"
)


@pytest.mark.parametrize(
    ("path", "content_type", "start", "status", "expected"),
    [
        (S3 + "/upload", BOUNDARY, FORM_START, 413, "file-too-large"),
        (S3 + "/presigned-url", "application/json", b'{"s3_key": "', 400, "invalid-request"),
    ],
)
@pytest.mark.parametrize("own_limit", [None, 1 << 20])
@pytest.mark.parametrize("length", [None, 1 << 50])
def test_bodies_are_read_up_to_their_limit(
    web: Flask,
    client: FlaskClient,
    stack: LocalStack,
    path: str,
    content_type: str,
    start: bytes,
    status: int,
    expected: str,
    length: int | None,
    own_limit: int | None,
) -> None:
    web.config["MAX_CONTENT_LENGTH"] = own_limit
    # The free tier's largest file is a video of 100 MiB.
    limit = 100 << 20 if own_limit is None and path.endswith("upload") else 1 << 20
    room = 1 << 17

    def post(headers: dict[str, str]) -> tuple[int, str, int]:
        endless = Endless(start)
        environ: dict[str, Any] = {
            "wsgi.input": endless, "wsgi.input_terminated": True, "CONTENT_TYPE": content_type
        }
        if length is not None:
            environ["CONTENT_LENGTH"] = str(length)
        answer = client.post(path, headers=headers, environ_overrides=environ)
        return answer.status_code, code(answer), endless.taken

    refused_status, refused, taken = post(stack.bearer("user_ada", fault="expired"))
    assert (refused_status, refused, taken) == (401, "token-expired", 0)
    status_told, told, taken = post(stack.bearer("user_ada"))
    assert (status_told, told) == (status, expected)
    assert taken == 0 if length else 0 < taken <= limit + room
    assert keys(web.extensions["casier"].storage_for("user_ada")) == []


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'{"s3_key": 1}'),
        ("application/json", b'{"s3_key": "a", "s3_key": "b"}'),
        (BOUNDARY, b""),
        (BOUNDARY, b"--c\r\n"),
        (BOUNDARY, FORM_START),
        (BOUNDARY, FORM_START.replace(b"; filename=a.md", b"; filename=") + b"\r\n--b--\r\n"),
        ("multipart/form-data", FORM_START),
        ("application/x-www-form-urlencoded", b"file=a"),
        ("text/plain", b"\xff"),
        ("", b""),
    ],
)
def test_bodies_that_cannot_be_read(
    client: FlaskClient,
    bearer: dict[str, str],
    files: casier.UserStorage,
    content_type: str,
    sent: bytes,
) -> None:
    for path in ["/upload", "/presigned-url"]:
        answer = client.post(S3 + path, headers=bearer, data=sent, content_type=content_type)
        assert (answer.status_code, code(answer)) == (400, "invalid-request"), path
    assert keys(files) == []


class InMemory(Request):
    """A request of an app that keeps its forms' files in memory."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return io.BytesIO()


@pytest.mark.parametrize("request_class", [Request, InMemory])
@pytest.mark.parametrize("size", [0, 1, 500 * 1024, 500 * 1024 + 1, 3 << 20])
def test_small_files_go_by_memory_and_large_ones_by_disk(
    web: Flask,
    client: FlaskClient,
    bearer: dict[str, str],
    files: casier.UserStorage,
    monkeypatch: pytest.MonkeyPatch,
    request_class: type[Request],
    size: int,
) -> None:
    paths = []

    class File:
        in_memory = staticmethod(_casier.HttpFile.in_memory)

        @staticmethod
        def on_disk(filename: str, content_type: str | None, path: str) -> _casier.HttpFile:
            paths.append(Path(path))
            assert Path(path).stat().st_size == size
            return _casier.HttpFile.on_disk(filename, content_type, path)

    monkeypatch.setattr(body, "HttpFile", File)
    web.request_class = request_class
    text = (TEXT * (size // len(TEXT) + 1))[:size]
    form = {"file": (io.BytesIO(text), "a.md"), "content_type": "blog"}
    answer = client.post(S3 + "/upload", headers=bearer, data=form)
    assert answer.status_code == 201, answer.text
    assert files.read(f"{files.scope.prefix}blogs/a.md") == text
    assert len(paths) == (size > 500 * 1024 and request_class is Request)


def test_a_body_that_breaks_off_and_a_disk_that_is_full(
    web: Flask,
    client: FlaskClient,
    bearer: dict[str, str],
    files: casier.UserStorage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def post(failure: OSError) -> TestResponse:
        class Failing(Request):
            def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
                raise failure

        web.request_class = Failing
        form = {"file": (io.BytesIO(TEXT), "a.md"), "content_type": "blog"}
        return client.post(S3 + "/upload", headers=bearer, data=form)

    for failure in [OSError("a chunk has no size"), ConnectionResetError(errno.ECONNRESET, "x")]:
        answer = post(failure)
        assert (answer.status_code, code(answer)) == (400, "invalid-request")
    answer = post(OSError(errno.ENOSPC, "hush"))
    assert (answer.status_code, code(answer)) == (500, "io-failed")
    assert "hush" not in answer.text
    assert "hush" in caplog.text
    short = FORM_START + b"--b"
    web.request_class = Request
    environ = {"CONTENT_LENGTH": str(len(short) + 10)}
    answer = client.post(
        S3 + "/upload", headers=bearer, data=short, content_type=BOUNDARY, environ_overrides=environ
    )
    assert (answer.status_code, code(answer)) == (400, "invalid-request")
    assert keys(files) == []


def test_a_form_of_many_parts_is_not_kept(
    web: Flask, client: FlaskClient, bearer: dict[str, str], files: casier.UserStorage
) -> None:
    kept = []

    class Counting(Request):
        def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
            kept.append(io.BytesIO())
            return kept[-1]

    web.request_class = Counting
    part = b"--b\r\nContent-Disposition: form-data; name=other; filename=a.md\r\n\r\nx\r\n"
    sent = 900 * part + FORM_START + b"\r\n--b--\r\n"
    answer = client.post(S3 + "/upload", headers=bearer, data=sent, content_type=BOUNDARY)
    assert (answer.status_code, answer.is_json) == (413, True)
    assert len(kept) <= 16
    web.config["MAX_FORM_PARTS"] = 1
    sent = FORM_START + b"\r\n--b--\r\n"
    answer = client.post(S3 + "/upload", headers=bearer, data=sent, content_type=BOUNDARY)
    assert answer.status_code == 413
    assert keys(files) == []
