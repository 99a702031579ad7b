"""What the tests of the mounted routes share."""

from typing import Any

from werkzeug.test import TestResponse

import casier

SECURE, S3 = "/api/secure", "/api/s3"
TEXT = b"# Notes\n"


def code(answer: TestResponse) -> str:
    assert answer.content_type == "application/json", answer.text
    assert answer.headers["X-Request-Id"]
    assert answer.json is not None
    assert answer.json["success"] is False
    told: str = answer.json["error"]["code"]
    return told


def data(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert answer.json["success"] is True
    return answer.json["data"]


def keys(files: casier.UserStorage) -> list[str]:
    return [file.key for file in files.list().items]
