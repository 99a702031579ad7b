"""The example app under gunicorn: two workers, forked before and after Casier was used."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, LocalStack

CLIENTS = 4
ROUNDS = 5
# The kernel chooses the worker, so the second one may be late.
MAX_ROUNDS = 200

SERVED = """
import os
from app import app

@app.get("/pid")
def pid():
    return {"pid": os.getpid()}

# In the parent, where gunicorn preloads the app: keys and connections from before the fork.
if token := os.environ.get("USE_BEFORE_THE_FORK"):
    headers = {"Authorization": "Bearer " + token}
    for path in ["/api/secure/files/list", "/reports"]:
        answer = app.test_client().get(path, headers=headers)
        assert answer.status_code == 200, answer.text
"""


class Server:
    """A running gunicorn."""

    def __init__(self, stack: LocalStack, port: int) -> None:
        self.stack = stack
        self.port = port

    def ask(self, method: str, path: str, **request: Any) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        return json.loads(self.stack.fetch(url, method=method, **request))

    def tell(self, head: str, *more: str) -> bytes:
        """Sends the head of a request and gives the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            lines = [head, "Host: 127.0.0.1", "Connection: close", *more, "", ""]
            connection.sendall("\r\n".join(lines).encode())
            with connection.makefile("rb") as answer:
                return answer.read()


@contextmanager
def serve(stack: LocalStack, folder: Path, *options: str, **more: str) -> Iterator[Server]:
    """Serves on a socket of our own until the end of the block; nothing of it is left then."""
    (folder / "served.py").write_text(SERVED)
    log = folder / "log"
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening, log.open("wb") as output:
        bind = f"fd://{listening.fileno()}"
        gunicorn = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", bind]
        master = subprocess.Popen(
            [*gunicorn, "--workers", "2", *options, "served:app"],
            cwd=folder,
            env=stack.child_environment() | {"PYTHONPATH": str(ROOT / "examples/flask")} | more,
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield Server(stack, listening.getsockname()[1])
            master.terminate()
            assert master.wait(20) == 0, log.read_text()
            with pytest.raises(ProcessLookupError):
                os.killpg(master.pid, 0)
            assert "Traceback" not in log.read_text(), log.read_text()
            assert "[ERROR]" not in log.read_text(), log.read_text()
        finally:
            if master.poll() is None:
                os.killpg(master.pid, signal.SIGKILL)
                master.wait()


def form(**fields: str) -> dict[str, Any]:
    """The body and type of a form with a file."""
    part = "--b\r\nContent-Disposition: form-data; name="
    parts = [f'{part}"{name}"\r\n\r\n{value}' for name, value in fields.items()]
    file = part + '"file"; filename="a.md"\r\n\r\n# Notes\n'
    body = "\r\n".join([*parts, file, "--b--", ""]).encode()
    return {"data": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


def story(server: Server, token: str, seen: set[int]) -> None:
    """What one client does until both workers have been seen: upload, list, read, delete."""
    bearer = {"Authorization": f"Bearer {token}"}
    rounds = 0
    while rounds < ROUNDS or len(seen) < 2 and rounds < MAX_ROUNDS:
        rounds += 1
        upload = form(content_type="blog")
        upload["headers"] |= bearer
        key = server.ask("POST", "/api/s3/upload", **upload)["s3_key"]
        listed = server.ask("GET", "/api/secure/files/list", headers=bearer)["data"]
        assert [file["s3_key"] for file in listed] == [key]
        path = "/api/secure/files/download/" + urllib.parse.quote(key)
        link = server.ask("GET", path, headers=bearer)["data"]["download_url"]
        assert server.stack.fetch(link) == b"# Notes\n"
        assert server.ask("GET", "/reports", headers=bearer)["data"] == {"files": 1, "bytes": 8}
        path = "/api/secure/files/delete/" + urllib.parse.quote(key)
        server.ask("DELETE", path, headers=bearer)
        seen.add(server.ask("GET", "/pid")["pid"])


# Attack 103.
@pytest.mark.parametrize("is_preloaded", [False, True])
@pytest.mark.parametrize("threads", [1, 4])
def test_two_workers(stack: LocalStack, tmp_path: Path, is_preloaded: bool, threads: int) -> None:
    options, more = ["--threads", str(threads)], {}
    if is_preloaded:
        options.append("--preload")
        more["USE_BEFORE_THE_FORK"] = stack.mint("user_parent", tier="pro", ttl=600)
    seen: set[int] = set()
    run = f"{os.getpid()}_{is_preloaded}_{threads}"
    with serve(stack, tmp_path, *options, **more) as server, ThreadPoolExecutor(CLIENTS) as pool:
        stories = [
            pool.submit(story, server, stack.mint(f"user_{run}_{n}", tier="pro", ttl=600), seen)
            for n in range(CLIENTS)
        ]
        for each in stories:
            each.result()
    assert len(seen) == 2


def test_what_arrives_over_the_wire(stack: LocalStack, tmp_path: Path) -> None:
    good = stack.mint("user_wire", ttl=600)
    bearer, endless = f"Authorization: Bearer {good}", "Content-Length: 1099511627776"
    with serve(stack, tmp_path) as server:
        answer = server.tell("GET /api/secure/files/list HTTP/1.1", bearer)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"X-Request-Id: " in answer
        answer = server.tell("GET /api/secure/files/list HTTP/1.1", bearer, bearer)
        assert answer.startswith(b"HTTP/1.1 401 ")
        basic = "Authorization: Basic dXNlcjpwYXNz"
        answer = server.tell("GET /api/secure/files/list HTTP/1.1", basic, bearer)
        assert answer.startswith(b"HTTP/1.1 401 ")
        # Answered although nothing of the body has come.
        answer = server.tell("POST /api/s3/upload HTTP/1.1", endless)
        assert b'"token-missing"' in answer
        kind = "Content-Type: multipart/form-data; boundary=b"
        answer = server.tell("POST /api/s3/upload HTTP/1.1", bearer, kind, endless)
        assert b'"file-too-large"' in answer
        answer = server.tell("DELETE /api/s3/delete HTTP/1.1", bearer, endless)
        assert b'"invalid-request"' in answer
