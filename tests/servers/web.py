#!/usr/bin/env python3
"""Runs one web application for a test, on loopback and a free port.

    web.py NAME [--folder FOLDER] -- COMMAND...

`{port}` in the command is the port to listen on; NAME gives the variable that is printed. Once the
application answers HTTP, prints `NAME_URL=http://127.0.0.1:…` and the line `# ready`. It runs until
standard input reaches its end, or until a signal; then the application is ended with all that it
started. Whatever the application prints goes to standard error. An application that ends by itself
is one line there, and status 1.
"""

import argparse
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

STARTING_SECONDS = 60
ENDING_SECONDS = 10
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="begins the variable that is printed")
    parser.add_argument("--folder", default=".", help="where the command runs")
    parser.add_argument("command", nargs="+", help="with {port} where the port belongs")
    arguments = parser.parse_args()

    for number in SIGNALS:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in arguments.command]
    # A session of its own: Ctrl-C reaches this program alone, which then ends the group.
    app = subprocess.Popen(
        command,
        cwd=arguments.folder,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        serve(app, arguments.name, port)
    finally:
        end(app)


def serve(app: "subprocess.Popen[bytes]", name: str, port: int) -> None:
    ended = os.pidfd_open(app.pid)
    started = time.monotonic()
    ready = False
    while True:
        readable, _, _ = select.select([0, ended], [], [], None if ready else 0.1)
        if ended in readable:
            sys.exit(f"{name}: it ended by itself, with status {app.wait()}")
        if 0 in readable and not os.read(0, 4096):
            return
        if ready:
            continue
        if answers(port):
            ready = True
            print(f"# {name}, process {app.pid}\n{name.upper()}_URL=http://127.0.0.1:{port}")
            print("# ready", flush=True)
        elif time.monotonic() > started + STARTING_SECONDS:
            sys.exit(f"{name}: no answer after {STARTING_SECONDS} s")


def free_port() -> int:
    """Below the range from which the kernel hands out ports of its own, so that no client's
    connection takes the port between this look and the application's start."""
    while True:
        port = 20000 + int.from_bytes(os.urandom(2)) % 10000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTING_SECONDS)
    try:
        connection.request("GET", "/")
        connection.getresponse()
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def end(app: "subprocess.Popen[bytes]") -> None:
    """Ends the application's process group: asks first, then insists."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if members(app.pid):
            os.killpg(app.pid, number)
        deadline = time.monotonic() + ENDING_SECONDS
        while members(app.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
    app.wait()


def members(group: int) -> bool:
    """Whether the group has a live process; a zombie counts as gone."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state not in "ZX":
            return True
    return False


if __name__ == "__main__":
    main()
