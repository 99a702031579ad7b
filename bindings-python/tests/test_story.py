"""The story of `examples/`: told in Python, and the same in Rust, line for line."""

import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT, LocalStack, program

STORY = ROOT / "examples" / "python" / "quickstart.py"


def told(command: list[str | Path], environment: dict[str, str]) -> list[str]:
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=50
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return re.sub(r"(ada|ben)\d+", r"\1", ended.stdout).splitlines()


def test_both_tell_the_same_story(stack: LocalStack) -> None:
    environment = stack.child_environment()
    in_python = told([sys.executable, STORY], environment)
    in_rust = told([program().parent / "examples" / "quickstart"], environment)
    assert in_python[-1] == "The story ended as it should."
    assert in_python == in_rust


def test_it_says_what_it_misses() -> None:
    ended = subprocess.run(
        [sys.executable, STORY], env={}, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("CASIER_LOCAL_MINT_URL is not set")
    assert ended.stderr.count("\n") == 1
