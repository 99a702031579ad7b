"""The public members of each type, as each language's own sources declare them.

Every reader gives `{type: {member}}` in snake case. The sources are formatted, so that a member
stands one step further in than the type that has it. Constructors are left out: each language
builds its objects in its own way.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CONSTRUCTORS = {"new", "init", "constructor"}

Surface = dict[str, set[str]]


def rust() -> Surface:
    return read(
        (ROOT / "core/src").rglob("*.rs"),
        types=r"(?:pub (?:struct|enum)|impl) (\w+)(?:<.*>)? \{$",
        members=r"    (?:pub (?:const |async )*(?:fn )?(\w+)(?:<.*>)?[(:]|([A-Z]\w*)(?:,$|\(| \{))",
    )


def python() -> Surface:
    package = ROOT / "bindings-python/python/casier"
    surface: Surface = defaultdict(set)
    for file in [package / "_casier.pyi", *package.glob("*.py")]:
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                names = (name for statement in node.body for name in declared(statement))
                surface[node.name] |= {name for name in names if not name.startswith("_")}
    return surface


def declared(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def node() -> Surface:
    package = ROOT / "bindings-node"
    return read(
        [package / "native.d.ts", *(package / "entry").glob("*.ts")],
        types=r"(?:export )?(?:declare )?(?:class|interface) (\w+)[^{]*\{$",
        members=r"  (?!private )(?:static |readonly |get |async )*(\w+)\??(?:<.*>)?[(:]",
    )


def swift() -> Surface:
    return read(
        (ROOT / "bindings-swift/Sources/Casier").rglob("*.swift"),
        types=r"(?:public )?(?:final )?(?:struct|class|enum|actor|extension) (\w+)[^{]*\{$",
        members=r"    (?:public (?:static )?(?:func|let|var)|(?:indirect )?case) (\w+)",
    )


def read(files: Iterable[Path], types: str, members: str) -> Surface:
    """What lies one step inside each type. `types` and `members` are patterns of lines, of which
    a group is the name."""
    surface: Surface = defaultdict(set)
    for file in files:
        inside: list[tuple[str, str]] = []
        for line in file.read_text().splitlines():
            while inside and line.startswith(inside[-1][0] + "}"):
                inside.pop()
            if inside and (found := re.match(inside[-1][0] + members, line)):
                surface[inside[-1][1]] |= {snake(name) for name in found.groups() if name}
            if found := re.match(f"( *){types}", line):
                inside.append((found[1], found[2]))
                surface[found[2]]
    return {name: found - CONSTRUCTORS for name, found in surface.items()}


def snake(name: str) -> str:
    """`presignedURL`, `presignedUrl` and `presigned_url` are one name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
