"""The stub file says what the extension module is: names, signatures, types and docstrings."""

import ast
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import casier._casier

ROOT = Path(__file__).resolve().parents[2]
STUB = Path(casier.__file__).with_name("_casier.pyi")


def check(*arguments: str | Path) -> None:
    ended = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=110,
        cwd=ROOT / "bindings-python", env={**os.environ, "MYPYPATH": "tests"},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.timeout(120)
def test_the_stub_fits_the_module() -> None:
    check("-m", "mypy.stubtest", "--concise", "casier")


@pytest.mark.timeout(120)
def test_examples_and_tests_are_typed() -> None:
    sources = [ROOT / "examples/python", ROOT / "bindings-python/tests"]
    check("-m", "mypy", "--strict", *sources, ROOT / "tests/conformance/python")


def docstrings(tree: ast.AST, path: str = "") -> Iterator[tuple[str, str | None]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = f"{path}.{node.name}"
            yield name, ast.get_docstring(node)
            yield from docstrings(node, name)


def test_the_docstrings_are_the_same() -> None:
    told = dict(docstrings(ast.parse(STUB.read_text())))
    assert len(told) > 100
    for name, docstring in told.items():
        parts = name.strip(".").split(".")
        if parts[-1].startswith("__"):
            continue
        thing: object = casier._casier
        for part in parts:
            thing = inspect.getattr_static(thing, part)
        thing = thing.__func__ if isinstance(thing, staticmethod) else thing
        assert docstring, f"{name} has no docstring"
        assert docstring == inspect.getdoc(thing), f"generate the stub again: {name}"
