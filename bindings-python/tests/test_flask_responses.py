"""The response helpers, member by member."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask, Response

import casier
from casier.flask import (
    created_response,
    error_response,
    no_content_response,
    paginated_response,
    success_response,
)
from casier.flask.responses import answer_error

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def told(
    web: Flask, answer: Callable[[], Response], request_id: str | None = None
) -> tuple[Response, Any]:
    """An answer, and its body without the time."""
    headers = {} if request_id is None else {"X-Request-Id": request_id}
    with web.test_request_context(headers=headers):
        response = answer()
    body = response.get_json()
    assert TIMESTAMP.fullmatch(body.pop("timestamp"))
    assert response.content_type == "application/json"
    return response, body


def test_success(web: Flask) -> None:
    response, body = told(web, lambda: success_response({"a": 1}, "Done."))
    assert response.status_code == 200
    assert body == {"success": True, "message": "Done.", "data": {"a": 1}}

    response, body = told(web, lambda: success_response([], "Later.", 202, {"next": None}))
    assert response.status_code == 202
    assert body == {"success": True, "message": "Later.", "data": [], "metadata": {"next": None}}

    response, body = told(web, lambda: success_response(None, "Été", metadata={}))
    assert body == {"success": True, "message": "Été", "data": None, "metadata": {}}


def test_what_jsonify_takes_is_taken(web: Flask) -> None:
    data = {"day": date(2025, 10, 22), "price": Decimal("1.50"), "big": 2**63}
    _, body = told(web, lambda: success_response(data, "Done."))
    assert body["data"] == {"day": "Wed, 22 Oct 2025 00:00:00 GMT", "price": "1.50", "big": 2**63}
    for kind, wrong in [(TypeError, object()), (ValueError, float("nan"))]:
        with web.test_request_context(), pytest.raises(kind):
            success_response(wrong, "Done.")


def test_created(web: Flask) -> None:
    response, body = told(web, lambda: created_response({"a": 1}, "Made.", "book_1"))
    assert response.status_code == 201
    metadata = {"resource_id": "book_1"}
    assert body == {"success": True, "message": "Made.", "data": {"a": 1}, "metadata": metadata}
    _, body = told(web, lambda: created_response({}, "Made."))
    assert body == {"success": True, "message": "Made.", "data": {}}


@pytest.mark.parametrize(
    ("total", "pages"), [(0, 0), (1, 1), (10, 1), (11, 2), (101, 11)]
)
def test_pages(web: Flask, total: int, pages: int) -> None:
    response, body = told(web, lambda: paginated_response([1], 1, 10, total))
    assert response.status_code == 200
    assert body == {
        "success": True,
        "message": f"Page 1 of {pages}",
        "data": [1],
        "metadata": {"page": 1, "page_size": 10, "total_count": total, "total_pages": pages},
    }


def test_no_content(web: Flask) -> None:
    with web.test_request_context(headers={"X-Request-Id": "id-1"}):
        response = no_content_response()
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["X-Request-Id"] == "id-1"
    assert "Content-Type" not in response.headers


def test_errors_of_the_application(web: Flask) -> None:
    response, body = told(web, lambda: error_response("No more.", "too-many-books"))
    assert response.status_code == 400
    assert body == {"success": False, "error": {"code": "too-many-books", "message": "No more."}}
    response, body = told(web, lambda: error_response("Oh.", "down", 503, {"since": 3}))
    assert response.status_code == 503
    error = {"code": "down", "message": "Oh.", "details": {"since": 3}}
    assert body == {"success": False, "error": error}


def test_errors_of_casier(web: Flask) -> None:
    details = casier.Details(required="pro", actual="free")
    error = casier.AccessDenied("subscription-required", "why", details)
    response, body = told(web, lambda: answer_error(error))
    assert response.status_code == 403
    shown = {"required": "pro", "actual": "free"}
    expected = {"code": "subscription-required", "message": "why", "details": shown}
    assert body == {"success": False, "error": expected}

    late = casier.Unavailable("rate-limited", "slow down", casier.Details(retry_after=1.5))
    response, body = told(web, lambda: answer_error(late))
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2")
    assert body["error"]["details"] == {"retry_after": 2}


def test_faults_of_the_server_are_told_to_the_log_alone(
    web: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    fault = casier.ConfigError("config-invalid", "S3_BUCKET_NAME of 10.0.0.1 is hush")
    response, _ = told(web, lambda: answer_error(fault), "id-7")
    assert response.status_code == 500
    assert "hush" not in response.get_data(as_text=True)
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("casier")]
    assert any("hush" in line and "id-7" in line for line in logged), logged


def test_request_ids(web: Flask) -> None:
    def answer() -> Response:
        first = success_response(None, "")
        assert first.headers["X-Request-Id"] == success_response(None, "").headers["X-Request-Id"]
        return first

    assert told(web, answer, "a.B_1-2")[0].headers["X-Request-Id"] == "a.B_1-2"
    for unfit in ["", "a b", "a,b", "é", "x" * 65]:
        made = told(web, answer, unfit)[0].headers["X-Request-Id"]
        assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert told(web, answer)[0].headers["X-Request-Id"] != made
