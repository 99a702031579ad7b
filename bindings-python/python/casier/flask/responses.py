"""Answers in the one form that all of Casier's routes have.

    {"success": true, "message": …, "data": …, "timestamp": …, "metadata"?: …}
    {"success": false, "error": {"code": …, "message": …, "details"?: …}, "timestamp": …}

Data is anything that `flask.jsonify` takes. Each answer tells the request's id as `X-Request-Id`.
"""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request

from casier import http
from casier.errors import CasierError

_REQUEST_ID = "casier.request_id"


def success_response(
    data: Any, message: str, status_code: int = 200, metadata: Any | None = None
) -> Response:
    """The answer of a request that has succeeded.

    Args:
        data: What was asked for.
        message: A sentence for people.
        status_code: The status.
        metadata: What belongs to it without being part of it, such as a cursor.
    """
    more = None if metadata is None else _json(metadata)
    return send(
        http.success_answer(
            message, _json(data), request_id(), status=status_code, metadata=more
        )
    )


def created_response(data: Any, message: str, resource_id: Any | None = None) -> Response:
    """The answer (201) of a request that has made something.

    Args:
        data: What was made.
        message: A sentence for people.
        resource_id: Its id, told as `resource_id` in the metadata.
    """
    metadata = None if resource_id is None else {"resource_id": resource_id}
    return success_response(data, message, 201, metadata)


def paginated_response(data: Any, page: int, page_size: int, total_count: int) -> Response:
    """The answer with one page of many. Its metadata are `page`, `page_size`, `total_count` and
    `total_pages`.

    Args:
        data: The entries of the page.
        page: The number of the page, from 1.
        page_size: How many entries a full page has.
        total_count: How many entries there are on all pages.
    """
    total_pages = -(-total_count // max(page_size, 1))
    metadata = {
        "page": page,
        "page_size": page_size,
        "total_count": total_count,
        "total_pages": total_pages,
    }
    return success_response(data, f"Page {page} of {total_pages}", metadata=metadata)


def no_content_response() -> Response:
    """The answer (204) of a request that has succeeded and has nothing to tell."""
    answer = current_app.response_class(status=204, headers={"X-Request-Id": request_id()})
    del answer.headers["Content-Type"]
    return answer


def error_response(
    message: str, error_code: str, status_code: int = 400, details: Any | None = None
) -> Response:
    """The answer to a request that the application refuses for reasons of its own.

    Args:
        message: A sentence for people, told as it stands whatever the status.
        error_code: A code of the application's own.
        status_code: The status.
        details: The facts that belong to it.
    """
    more = None if details is None else _json(details)
    return send(
        http.failure_answer(status_code, error_code, message, request_id(), details=more)
    )


def answer_error(error: CasierError) -> Response:
    """The answer to a request that has failed with one of Casier's codes."""
    return send(http.error_answer(error, request_id()))


def send(answer: http.HttpAnswer) -> Response:
    """An answer of the core, as the app's own kind of response."""
    return current_app.response_class(answer.body, answer.status, answer.headers)


def request_id() -> str:
    """The id of this request: the incoming `X-Request-Id` when it can be kept, else a new one."""
    known: str | None = request.environ.get(_REQUEST_ID)
    if known is None:
        known = http.request_id(request.headers.get("X-Request-Id"))
        request.environ[_REQUEST_ID] = known
    return known


def headers_with_id() -> list[tuple[str, str]]:
    """This request's headers, with the id that its answer tells."""
    others = [header for header in request.headers if header[0].lower() != "x-request-id"]
    return [*others, ("X-Request-Id", request_id())]


def _json(data: Any) -> str:
    return current_app.json.dumps(data)
