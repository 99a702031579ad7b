"""Threads, forks and signals. Each story runs in a process of its own, under a time limit."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import LocalStack

import casier

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def run(stack: LocalStack, story: str, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", story, *arguments],
        env=stack.child_environment(),
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@LINUX
def test_no_thread_before_the_first_wait(stack: LocalStack) -> None:
    story = """
import os, sys
def threads():
    return len(os.listdir("/proc/self/task"))
before = threads()
import casier
assert threads() == before
app = casier.Casier.from_env()
files = app.storage_for("user_1")
scope = files.scope
assert threads() == before
session = app.authenticate(sys.argv[1])
assert threads() > before
"""
    run(stack, story, stack.mint("user_1"))


def test_flask_is_only_imported_with_its_own_part(stack: LocalStack) -> None:
    story = """
import sys
import casier
import casier.storage
assert "flask" not in sys.modules
service = casier.storage.get_storage_service()
print(service.list_user_files("user_1"))
assert "flask" not in sys.modules
import casier.flask
assert "flask" in sys.modules
"""
    assert run(stack, story) == "[]\n"


@pytest.fixture
def issuer_in_python(stack: LocalStack) -> Iterator[str]:
    """Keys served by a thread of this very process: it can only answer while the GIL is free."""
    keys = stack.jwks().encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
        server.shutdown()
        serving.join()


def test_the_gil_is_free_while_a_call_waits(stack: LocalStack, issuer_in_python: str) -> None:
    app = casier.Casier(**stack.settings(jwks_url=issuer_in_python))
    assert app.authenticate(stack.mint("user_1")).user.user_id == "user_1"


def test_threads_share_one_casier(app: casier.Casier) -> None:
    def work(number: int) -> list[str]:
        files = app.storage_for(f"user_thread_{number}")
        for round_ in range(10):
            data = f"# {number} {round_}\n".encode()
            stored = files.upload_file_object(data, f"{round_}.md", "blog")
            assert files.read(stored.key) == data
        return [file.key for file in files.list().items]

    with ThreadPoolExecutor(8) as pool:
        listed = list(pool.map(work, range(8)))
    for number, keys in enumerate(listed):
        prefix = casier.Scope(f"user_thread_{number}").prefix
        assert keys == [f"{prefix}blogs/{round_}.md" for round_ in range(10)]


FORK = """
import os, signal, sys, threading, time
import casier
from casier._casier import HttpApi, HttpBody

app = casier.Casier.from_env()
session = app.authenticate(sys.argv[1])
files = session.files()
api = HttpApi(app, "secure")
stored = files.upload_file_object(b"# before the fork\\n", "before.md", "blog")

def use_everything(name):
    assert app.authenticate(sys.argv[1]).user.user_id == session.user.user_id
    assert session.require_subscription("pro") is None
    assert files.read(stored.key) == b"# before the fork\\n"
    later = session.files().upload_file_object(name.encode(), f"{name}.md", "blog")
    assert app.storage_for(session.user.user_id).read(later.key) == name.encode()
    call = api.begin("GET", "/files/list", "", {"Authorization": "Bearer " + sys.argv[1]})
    assert call.answer(HttpBody.none()).status == 200
    fresh = casier.Casier.from_env()
    assert fresh.authenticate(sys.argv[1]).files().exists(later.key)

def in_child(story):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        status = 1
        try:
            story()
            status = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"

def child():
    use_everything("child")
    in_child(lambda: use_everything("grandchild"))

in_child(child)
use_everything("parent")
in_child(lambda: None)

# Forks while other threads are in the middle of calls.
ended = threading.Event()
def keep_busy():
    while not ended.is_set():
        files.list()
threads = [threading.Thread(target=keep_busy) for _ in range(4)]
for thread in threads:
    thread.start()
try:
    for number in range(8):
        in_child(lambda: use_everything(f"busy-{number}"))
finally:
    ended.set()
    for thread in threads:
        thread.join()
use_everything("end")
print(len(files.list().items))
"""


# Attack 102.
def test_forks(stack: LocalStack) -> None:
    token = stack.mint("user_fork", tier="pro", ttl=600)
    assert run(stack, FORK, token) == "13\n"


VERIFIER = """
import os, signal, sys, threading
import casier

issuer, jwks, tokens = sys.argv[1], sys.argv[2], sys.argv[3:]
verifier = casier.TokenVerifier(issuer, jwks=jwks)

def verify_all():
    for token in tokens:
        assert verifier.verify(token).user.user_id == "user_fork"

# A verifier is thrown away after a few tokens, so that there is always one to write into.
ended = threading.Event()
def keep_busy():
    global verifier
    while not ended.is_set():
        verifier = casier.TokenVerifier(issuer, jwks=jwks)
        verify_all()

threads = [threading.Thread(target=keep_busy) for _ in range(3)]
for thread in threads:
    thread.start()
try:
    for number in range(50):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            verify_all()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
finally:
    ended.set()
    for thread in threads:
        thread.join()
verify_all()
print("done")
"""


# Attack 102.
def test_a_verifier_outlives_forks(stack: LocalStack) -> None:
    # With an e-mail nothing is logged: a fork may leave Python's own stderr locked.
    tokens = [stack.mint("user_fork", email="ada@example.com", ttl=600) for _ in range(8)]
    assert run(stack, VERIFIER, stack.issuer, stack.jwks(), *tokens) == "done\n"


def test_ctrl_c_ends_a_wait(stack: LocalStack) -> None:
    story = """
import signal
import sys
import casier
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
files = casier.Casier.from_env().storage_for("user_1")
print("waiting", flush=True)
try:
    files.list()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(3)
"""
    # A store that takes connections and never answers; the deadline would be 30 s.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        waiting = subprocess.Popen(
            [sys.executable, "-c", story],
            env=stack.child_environment() | {"S3_ENDPOINT_URL": endpoint},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert waiting.stdout is not None
            assert waiting.stdout.readline() == "waiting\n"
            silent.settimeout(10)
            connection, _ = silent.accept()
            with connection:
                waiting.send_signal(signal.SIGINT)
                told, _ = waiting.communicate(timeout=10)
        finally:
            waiting.kill()
            waiting.wait()
    assert (waiting.returncode, told) == (3, "interrupted\n")


def test_a_thread_keeps_its_wait_to_the_deadline(stack: LocalStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = stack.settings(endpoint_url=endpoint, deadline_seconds=1)
        with pytest.raises(casier.Unavailable) as raised:
            casier.Casier(**settings).storage_for("user_1").list()
    assert raised.value.code == "timeout"
