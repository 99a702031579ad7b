"""The Python code of the README does what its comments say."""

from __future__ import annotations

import re
import subprocess
import sys

from conftest import ROOT, LocalStack


def test_the_readme_runs_and_prints_what_it_says(stack: LocalStack) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=stack.child_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 0, run.stderr

    printed = run.stdout.splitlines()
    said = re.findall(r"^ *print\(.*\)\s+# (.*)$", code, re.MULTILINE)
    assert len(said) == len(printed) >= 5
    for line, comment in zip(printed, said, strict=True):
        assert line == comment or comment.startswith("a link") and line.startswith("http://")
