"""The core's routes, as `casier.flask` and other frameworks call them."""

import json

import pytest
from conftest import LocalStack

import casier
from casier import _casier
from casier.http import HttpAnswer, HttpApi, HttpBody, HttpFile


def body(answer: HttpAnswer) -> dict[str, object]:
    told: dict[str, object] = json.loads(answer.body)
    return told


def test_a_call_takes_two_steps(app: casier.Casier, stack: LocalStack) -> None:
    api = HttpApi(app, "s3")
    headers = stack.bearer("user_http") | {"X-Request-Id": "id-1"}
    call = api.begin("POST", "/upload", "", headers)
    assert (call.wanted, call.request_id) == ("form", "id-1")
    assert call.limit > 100 << 20
    assert call.session is not None
    assert call.session.user.user_id == "user_http"
    file = HttpFile.in_memory("a.md", None, b"# Notes\n")
    answer = call.answer(HttpBody.form([("content_type", "blog")], file))
    assert answer.status == 201, answer.body
    assert dict(answer.headers)["X-Request-Id"] == "id-1"
    key = body(answer)["s3_key"]

    call = api.begin("DELETE", "/delete", "", headers.items())
    assert (call.wanted, call.limit) == ("json", 1 << 20)
    assert call.answer(HttpBody.json(json.dumps({"s3_key": key}).encode())).status == 200
    with pytest.raises(RuntimeError, match="answered"):
        call.answer(HttpBody.none())
    with pytest.raises(RuntimeError, match="answered"):
        print(call.session)


def test_who_is_refused_is_asked_for_nothing(app: casier.Casier) -> None:
    call = HttpApi(app, "secure").begin("POST", "/files/links", "", {})
    assert (call.wanted, call.limit, call.session) == ("nothing", 0, None)
    answer = call.answer(HttpBody.too_large())
    assert (answer.status, body(answer)["success"]) == (401, False)


@pytest.mark.parametrize(
    ("given", "status"), [(HttpBody.too_large(), 413), (HttpBody.unreadable(), 400)]
)
def test_bodies_that_were_not_read(
    app: casier.Casier, stack: LocalStack, given: HttpBody, status: int
) -> None:
    call = HttpApi(app, "files").begin("POST", "/upload", "", stack.bearer("user_http"))
    assert call.answer(given).status == status


def test_sets_of_routes(app: casier.Casier) -> None:
    for name in ["secure", "s3", "files"]:
        routes = _casier.http_routes(name)
        assert len({route for route, *_ in routes}) == len(routes) > 3
    with pytest.raises(casier.ConfigError):
        _casier.http_routes("other")
    with pytest.raises(casier.ConfigError):
        HttpApi(app, "other")
    with pytest.raises(casier.InvalidInput, match="not Unicode"):
        HttpApi(app, "s3").begin("GET", "/\udcff", "", {})


def test_errors_keep_their_facts_on_the_way_back() -> None:
    details = casier.Details("pro", "free", 1, 2, 0.5)
    answer = _casier.error_answer(casier.Unavailable("rate-limited", "wait", details), "id-1")
    assert answer.status == 429
    assert body(answer)["error"] == {
        "code": "rate-limited",
        "message": "wait",
        "details": {"required": "pro", "actual": "free", "limit": 1, "used": 2, "retry_after": 1},
    }
    with pytest.raises(AttributeError):
        _casier.error_answer(ValueError("no code"), "id-1")  # type: ignore[arg-type]


def test_answers_of_the_application() -> None:
    with pytest.raises(ValueError, match="no JSON"):
        _casier.success_answer("", "{", "id-1")
    answer = _casier.failure_answer(402, "card", "declined", "id-1", details="[1]")
    assert body(answer)["error"] == {"code": "card", "message": "declined", "details": [1]}
