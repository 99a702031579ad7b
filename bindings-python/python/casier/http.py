"""The file routes, for another web framework than Flask.

    api = HttpApi(app, "secure")
    call = api.begin(method, path, query, headers)
    answer = call.answer(body)          # of call.wanted, at most call.limit bytes

The documentation's page on the routes tells what is left to the framework.
"""

from casier._casier import (
    MAX_FORM_PARTS,
    MAX_FORM_TEXT_BYTES,
    HttpAnswer,
    HttpApi,
    HttpBody,
    HttpCall,
    HttpFile,
    error_answer,
    failure_answer,
    http_routes,
    request_id,
    success_answer,
)

__all__ = [
    "MAX_FORM_PARTS",
    "MAX_FORM_TEXT_BYTES",
    "HttpAnswer",
    "HttpApi",
    "HttpBody",
    "HttpCall",
    "HttpFile",
    "error_answer",
    "failure_answer",
    "http_routes",
    "request_id",
    "success_answer",
]
