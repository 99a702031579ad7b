"""The program that holds a web application for a test: it starts, serves and ends it whole."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# An application of two processes, as gunicorn and npm are: what is started starts the server.
SERVER = """
import http.server, os, pathlib, sys
pathlib.Path("server.pid").write_text(str(os.getpid()))
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"no page")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


@pytest.fixture
def web(tmp_path):
    """Starts `web.py` for a command that runs in the test's folder."""
    started = []

    def start(*command):
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, ROOT / "tests/servers/web.py", "shop", "--folder", tmp_path, "--"]
            + list(command),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        with process:
            process.wait(30)


def start_server(web, tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    process = web("sh", "-c", f"{sys.executable} server.py {{port}} & wait")
    lines = [process.stdout.readline() for _ in range(3)]
    assert lines[0].startswith("# shop, process ") and lines[2] == "# ready\n"
    name, _, url = lines[1].strip().partition("=")
    assert name == "SHOP_URL"
    return process, url, int((tmp_path / "server.pid").read_text())


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_it_prints_where_the_application_answers_and_ends_it_with_standard_input(web, tmp_path):
    process, url, server = start_server(web, tmp_path)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        opener.open(url, timeout=10)
    process.stdin.close()
    assert process.wait(30) == 0
    assert not alive(server)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_application_too(web, tmp_path, number):
    process, _, server = start_server(web, tmp_path)
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert not alive(server)


def test_an_application_that_dies_early_is_one_line_and_leaves_nothing(web, tmp_path):
    process = web("sh", "-c", "sleep 600 & echo $! >left.pid; echo because >&2; exit 7")
    assert process.wait(30) == 1
    out, err = process.stdout.read(), process.stderr.read()
    assert out == "" and err == "because\nshop: it ended by itself, with status 7\n"
    assert not alive(int((tmp_path / "left.pid").read_text()))


def test_an_application_that_dies_later_is_one_line_too(web, tmp_path):
    process, _, server = start_server(web, tmp_path)
    os.kill(server, signal.SIGKILL)
    assert process.wait(30) == 1
    assert process.stderr.read().splitlines()[-1] == "shop: it ended by itself, with status 0"
