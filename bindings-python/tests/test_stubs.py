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


def check(folder: Path, *arguments: str | Path) -> None:
    """Runs a module of mypy, whose cache goes into `folder`."""
    ended = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"MYPYPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.timeout(120)
def test_the_stub_fits_the_module(tmp_path: Path) -> None:
    check(tmp_path, "mypy.stubtest", "--concise", "casier")


@pytest.mark.timeout(120)
def test_package_examples_and_tests_are_typed(tmp_path: Path) -> None:
    folders = ["bindings-python/tests", "tests/conformance/python", "examples"]
    check(tmp_path, "mypy", "--strict", "-p", "casier")
    check(tmp_path, "mypy", "--strict", *(ROOT / folder for folder in folders))


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
