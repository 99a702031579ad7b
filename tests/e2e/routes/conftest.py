"""Two running applications, their users and their bucket."""

import contextlib
import http.client
import itertools
import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from bucket import objects, uploads
from table import CONTENTS, PLANS, Call, Route, call, plan

import casier

NEEDED = ("FLASK_URL", "NEXT_URL", "CASIER_LOCAL_MINT_URL", "S3_ENDPOINT_URL")
NUMBERS = itertools.count(1)


def pytest_sessionstart() -> None:
    missing = [name for name in NEEDED if name not in os.environ]
    if missing:
        pytest.exit(f"not set: {', '.join(missing)} (scripts/test.sh starts the servers)", 1)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: dict[str, Any]


class Person(NamedTuple):
    """A user whom no other test knows, with one file."""

    user_id: str
    key: str
    files: casier.UserStorage

    def token(self, **fields: object) -> str:
        """A token of the local issuer, shaped by the further fields of the mint request."""
        return mint(self.user_id, **fields)

    def bearer(self, **fields: object) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(**fields)}"}


@pytest.fixture(scope="session")
def app() -> casier.Casier:
    """The same configuration as the applications', for the tests' own looks into the storage."""
    return casier.Casier.from_env()


@pytest.fixture
def person(app: casier.Casier) -> Callable[[], Person]:
    def make() -> Person:
        user_id = f"user_e2e{os.getpid()}n{next(NUMBERS)}"
        files = app.storage_for(user_id)
        stored = files.upload_file_object(f"# {user_id}\n".encode(), "été.md", "document")
        return Person(user_id, stored.key, files)

    return make


@pytest.fixture
def ada(person: Callable[[], Person]) -> Person:
    return person()


@pytest.fixture
def ben(person: Callable[[], Person]) -> Person:
    return person()


@contextlib.contextmanager
def nothing_changes() -> Iterator[None]:
    """What happens inside must leave every object of the bucket and every upload as it was."""
    before = objects(), uploads()
    yield
    assert (objects(), uploads()) == before


def send(route: Route, call: Call, headers: dict[str, str]) -> Answer:
    """What the application answers, which must be JSON."""
    address = urlsplit(os.environ[f"{route.app}_URL"]).netloc
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request(call.method, call.target, call.body, call.headers | headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, json.loads(answer.read()))
    finally:
        connection.close()


def ready(route: Route, person: Person, *more: str) -> Call:
    """A call of this person that succeeds: an upload that it needs is begun, and sent where the
    call completes it."""
    if route.takes != "upload":
        return call(route, person.key, *more)
    upload_id = begun(route, person)
    if route.path.endswith("/complete"):
        put(address(route, person, upload_id), CONTENTS)
    return call(route, person.key, upload_id=upload_id)


def begun(route: Route, person: Person) -> str:
    """The id of an upload that this person has begun at the route's application."""
    [begin] = [it for it in PLANS if it.app == route.app]
    answer = send(begin, plan(begin, filename="new.md"), person.bearer())
    assert answer.status == 201, answer.body
    upload_id: str = answer.body["data"]["upload_id"]
    return upload_id


def address(route: Route, person: Person, upload_id: str) -> str:
    """Where the only part of an upload is sent to."""
    [begin] = [it for it in PLANS if it.app == route.app]
    sign = begin._replace(path=begin.path + "/{id}/parts", takes="upload")
    answer = send(sign, call(sign, "", upload_id=upload_id), person.bearer())
    assert answer.status == 200, answer.body
    url: str = answer.body["data"]["parts"][0]["url"]
    return url


def put(url: str, data: bytes) -> None:
    fetch(urllib.request.Request(url, data, method="PUT"))


def refused(answer: Answer, code: str, status: int) -> dict[str, Any]:
    """The error of an answer that must be this refusal, in the form that all refusals have."""
    assert answer.body["success"] is False, answer.body
    error: dict[str, Any] = answer.body["error"]
    assert (error["code"], answer.status) == (code, status), answer.body
    assert error["message"] and answer.body["timestamp"]
    assert answer.headers["X-Request-Id"]
    assert (status == 401) == ("WWW-Authenticate" in answer.headers)
    return error


def mint(user_id: str, **fields: object) -> str:
    request = urllib.request.Request(
        os.environ["CASIER_LOCAL_MINT_URL"],
        data=json.dumps({"user_id": user_id, **fields}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['CASIER_LOCAL_MINT_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    token: str = json.loads(fetch(request))["token"]
    return token


def fetch(request: str | urllib.request.Request) -> bytes:
    """The body behind a link, followed as any plain HTTP client does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body
