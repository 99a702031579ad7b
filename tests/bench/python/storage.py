"""The contests of storage, by the clock and in one thread: small calls, and a large file from disk
and to disk."""

import base64
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rounds
import stores
from stores import Files, Transfers

BATCH = 16
"""Calls in one turn: some milliseconds."""

SMALL = 4096
LARGE = 256 * 1024 * 1024

USERS = {"ten": 10, "thousand": 1000}
"""Users who have so many files each."""

Call = Callable[[Files, str], object]
Outcome = dict[str, Any]


def outcomes() -> list[Outcome]:
    casier = stores.OfCasier()
    obstore, boto3 = stores.OfObstore(), stores.OfBoto3()
    for user, count in USERS.items():
        files = casier.casier.storage_for(user)
        for number in range(count):
            files.upload_file_object(b"a file", f"file-{number:04}.txt", stores.KIND)
    return [
        *small_calls([obstore, casier, boto3, stores.Wire()]),
        *large_file([obstore, casier, boto3, stores.OfCrt()]),
    ]


def small_calls(contestants: Sequence[Files]) -> list[Outcome]:
    body = text_of(SMALL)
    calls: list[tuple[str, int, bool, Call]] = [
        ("put 4 KB", 150, True, lambda files, name: files.put(name, body)),
        ("get 4 KB", 150, False, lambda files, name: files.get(name)),
        ("head", 150, True, lambda files, name: files.head(name)),
        ("list 10", 150, True, lambda files, _: files.list("ten")),
        ("list 1,000", 40, True, lambda files, _: files.list("thousand")),
    ]
    all_of_them = []
    for title, count, is_wanted, call in calls:
        turns = {files.name: turn(files, call) for files in contestants}
        outcome = rounds.compare(title, turns, [name(number) for number in range(count)])
        if is_wanted:
            rounds.want(outcome, stores.OfCasier.name, {stores.OfBoto3.name: 3}, ratio=0.9)
        all_of_them.append(outcome)
    return all_of_them


def turn(files: Files, call: Call) -> Callable[[str], float]:
    call(files, name(0))

    def run(name: str) -> float:
        started = time.perf_counter_ns()
        for _ in range(BATCH):
            call(files, name)
        return (time.perf_counter_ns() - started) / BATCH

    return run


def large_file(contestants: Sequence[Transfers]) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.write_bytes(text_of(LARGE))
        up = {files.name: upload(files, source) for files in contestants}
        down = {files.name: download(files, target) for files in contestants}
        outcomes = [
            rounds.compare("256 MB up, from disk", up, [name(0)] * 12),
            rounds.compare("256 MB down, to disk", down, [name(0)] * 12),
        ]
    for outcome in outcomes:
        outcome["bytes"] = LARGE
        rounds.want(outcome, stores.OfCasier.name, {stores.OfBoto3.name: 1}, ratio=1)
    return outcomes


def upload(files: Transfers, source: Path) -> Callable[[str], float]:
    return lambda name: timed(lambda: files.upload(source, name))


def download(files: Transfers, target: Path) -> Callable[[str], float]:
    def run(name: str) -> float:
        took = timed(lambda: files.download(name, target))
        assert target.stat().st_size == LARGE
        target.unlink()
        return took

    return run


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - started


def name(number: int) -> str:
    return f"file-{number}.txt"


def text_of(size: int) -> bytes:
    """Text that nothing can compress."""
    return base64.b64encode(os.urandom(size * 3 // 4))
