"""Every decision reaches the application's callable, once, before the call that decided returns."""

import os
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from conftest import LocalStack
from test_processes import run

import casier
from casier import AuditEvent



@pytest.fixture
def audited(stack: LocalStack) -> tuple[casier.Casier, list[AuditEvent]]:
    events: list[AuditEvent] = []
    return casier.Casier(on_audit=events.append, **stack.settings()), events


def test_a_sign_in(stack: LocalStack, audited: tuple[casier.Casier, list[AuditEvent]]) -> None:
    app, events = audited
    token = stack.mint("user_1", tier="pro")
    headers = {
        "Authorization": f"Bearer {token}",
        "X-Request-Id": "req-1",
        "User-Agent": "a browser",
    }
    session = app.authenticate_request("GET", headers, address="192.0.2.7")
    (event,) = events
    assert (event.action, event.allowed, event.code) == ("authenticate", True, None)
    assert (event.user_id, event.issuer) == ("user_1", stack.issuer)
    assert event.session_id == session.user.session_id
    assert event.key_id is not None
    assert (event.request_id, event.address) == ("req-1", "192.0.2.7")
    assert event.user_agent == "a browser"
    assert timedelta(0) <= datetime.now(UTC) - event.time < timedelta(minutes=1)
    assert (event.organization_id, event.actor, event.required) == (None, None, None)
    assert (event.actual, event.target) == (None, None)
    with pytest.raises(AttributeError):
        event.allowed = False  # type: ignore[misc]
    assert repr(event) == (
        "AuditEvent(action='authenticate', allowed=True, code=None, user_id='user_1')"
    )

    session.has_subscription("enterprise")
    with pytest.raises(casier.AccessDenied):
        session.require(plan="max")
    told = [(e.action, e.allowed, e.code, e.required, e.request_id) for e in events[1:]]
    assert told == [
        ("subscription", False, "subscription-required", "enterprise", "req-1"),
        ("has", False, "plan-required", "max", "req-1"),
    ]
    assert events[1].actual == "pro"
    assert all(part not in repr([dict(e) for e in events]) for part in token.split("."))
    assert set(dict(event)) == {name for name in dir(event) if name[0] != "_"} - {"keys"}
    with pytest.raises(KeyError):
        event["token"]


def test_every_call_that_decides_tells(
    stack: LocalStack, audited: tuple[casier.Casier, list[AuditEvent]]
) -> None:
    app, events = audited
    token = stack.mint("user_audit", tier="pro")

    def told() -> list[tuple[str, bool]]:
        new = [(event.action, event.allowed) for event in events]
        events.clear()
        return new

    session = app.authenticate(token)
    app.authenticate(token)  # known by now
    assert told() == [("authenticate", True)] * 2
    with pytest.raises(casier.AuthenticationError):
        app.authenticate("x")
    assert told() == [("authenticate", False)]
    session.owns("user_2")
    session.has_role("admin")
    session.has_feature("books")
    session.has_permission("teams:manage")
    session.has_plan("pro")
    assert [action for action, _ in told()] == ["owner", "role", "feature", "permission", "plan"]
    files = session.files()
    assert told() == []
    stored = files.upload_file_object(b"# audit\n", "a.md", "blog")
    files.presigned_url(stored.key)
    assert told() == [("upload", True), ("link", True)]
    with pytest.raises(casier.AccessDenied):
        files.read("user_other/blogs/a.md")
    assert told() == [("key", False)]
    app.revoke("sess_1")
    app.revoke_user("user_2")
    assert told() == [("revoke", True), ("revoke-user", True)]


def test_a_refusal_is_in_the_log_at_once(
    stack: LocalStack, app: casier.Casier, caplog: pytest.LogCaptureFixture
) -> None:
    session = app.authenticate(stack.mint("user_1"))
    caplog.set_level("INFO", "casier.audit")
    caplog.clear()
    assert session.has_role("user")
    assert not session.has_role("admin")
    (told,) = caplog.records
    assert (told.name, told.levelname) == ("casier.audit", "INFO")
    assert told.getMessage().startswith("role is refused")


def test_what_a_listener_raises_stays_out_of_the_call(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: caught.append(raised.exc_value))

    def fail(event: AuditEvent) -> None:
        raise RuntimeError(event.action)

    app = casier.Casier(on_audit=fail, **stack.settings())
    session = app.authenticate(stack.mint("user_1"))
    assert session.has_role("user")
    assert [str(error) for error in caught] == ["authenticate", "role"]


def test_what_a_listener_asks_is_told_to_nobody(stack: LocalStack) -> None:
    events: list[AuditEvent] = []

    def ask(event: AuditEvent) -> None:
        events.append(event)
        session.has_subscription("pro")
        session.has_role("admin")

    app = casier.Casier(on_audit=ask, **stack.settings())
    session = casier.Casier(**stack.settings()).authenticate(stack.mint("user_1"))
    session = app.authenticate(stack.mint("user_1"))
    session.has_plan("pro")
    assert [event.action for event in events] == ["authenticate", "plan"]


def test_a_listener_is_a_callable(stack: LocalStack) -> None:
    with pytest.raises(TypeError, match="on_audit"):
        casier.Casier(on_audit="print", **stack.settings())  # type: ignore[arg-type]


def test_nothing_is_lost_or_told_twice_among_threads(stack: LocalStack) -> None:
    owners: list[str | None] = []
    app = casier.Casier(
        on_audit=lambda event: owners.append(event.target), **stack.settings()
    )
    session = app.authenticate(stack.mint("user_1"))
    owners.clear()

    def work(number: int) -> None:
        for count in range(500):
            session.owns(f"{number}-{count}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {f"{number}-{count}" for number in range(4) for count in range(500)}
    assert len(owners) == len(expected)
    assert set(owners) == expected


FORK = """
import os, signal, sys, threading
import casier

told = []
app = casier.Casier.from_env(on_audit=lambda event: told.append((os.getpid(), event.target)))
session = app.authenticate(sys.argv[1])

ended = threading.Event()
def keep_busy():
    while not ended.is_set():
        session.owns("busy")
threads = [threading.Thread(target=keep_busy) for _ in range(3)]
for thread in threads:
    thread.start()
try:
    for number in range(20):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            told.clear()
            session.owns("child")
            app.authenticate(sys.argv[1])
            expected = [(os.getpid(), "child"), (os.getpid(), None)]
            os._exit(0 if told == expected else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
finally:
    ended.set()
    for thread in threads:
        thread.join()
assert {process for process, _ in told} == {os.getpid()}
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_each_process_tells_its_own(stack: LocalStack) -> None:
    assert run(stack, FORK, stack.mint("user_1", ttl=600)) == "done\n"
