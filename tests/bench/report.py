"""Prints what was measured as tables, and writes them into the page: report.py RESULTS PAGE."""

import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

BEGIN = "<!-- begin: written by make bench -->"
END = "<!-- end: written by make bench -->"
LANGUAGES = {"rust": "Rust", "python": "Python", "node": "Node"}


def main(results: Path, page: Path) -> None:
    parts = [f"{circumstances()}\n"]
    for name, language in LANGUAGES.items():
        outcomes = json.loads((results / f"{name}.json").read_text())
        parts += [f"### {language}\n", *(table(outcome) for outcome in outcomes)]
    text = "\n".join(parts)
    print(text)
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


def circumstances() -> str:
    today = datetime.datetime.now(datetime.UTC).date()
    commit = said("git", "rev-parse", "--short", "HEAD")
    if said("git", "status", "--porcelain", "--untracked-files=no"):
        commit += " and uncommitted changes"
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{today}, commit {commit}: {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.release()}; {said('rustc', '-V')}, "
        f"Python {platform.python_version()}, Node {said('node', '-v').removeprefix('v')}; "
        f"{'real-time priority, ' if os.environ['PRIORITY'] else ''}load average {load} at the end."
    )


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def table(outcome: dict[str, Any]) -> str:
    lines = [
        f"| {outcome['title']} | one takes | a second | speed against the first | wanted |",
        "|---|--:|--:|--:|---|",
    ]
    size = outcome.get("bytes")
    lines += [line(row, size, is_first=index == 0) for index, row in enumerate(outcome["rows"])]
    return "\n".join(lines) + "\n"


def line(row: dict[str, Any], size: int | None, is_first: bool) -> str:
    """`size` is that of the file that each moves, if they do."""
    per_second = 1e9 / row["nanoseconds"]
    pace = f"{per_second * size / 1e6:,.0f} MB" if size else f"{rounded(per_second):,}"
    against = "1" if is_first else f"{ratio(row['ratio'])} ({ratio(row['low'])} to {ratio(row['high'])})"
    cells = [row["name"], duration(row["nanoseconds"]), pace, against]
    return f"| {' | '.join(cells)} | {judged(row, per_second)} |"


def judged(row: dict[str, Any], per_second: float) -> str:
    wanted = row.get("wanted") or {}
    targets = []
    if "ratio" in wanted:
        targets.append((row["ratio"] >= wanted["ratio"], f"{wanted['ratio']} times the first"))
    for other, share in wanted.get("others", {}).items():
        reached = row["others"][other]
        text = f"{share} times {other}, is {ratio(reached)}"
        targets.append((reached >= share, text))
    if "per_second" in wanted:
        text = f"{wanted['per_second']:,.0f} a second"
        targets.append((per_second >= wanted["per_second"], text))
    return "; ".join(f"{text}: {'met' if met else '**missed**'}" for met, text in targets)


def ratio(value: float) -> str:
    return f"{value:.2f}" if value < 20 else f"{value:.0f}"


def rounded(per_second: float) -> int:
    """To the hundred as far as that says enough, else to three digits."""
    return int(round(per_second, -2 if per_second >= 10_000 else 2 - len(str(int(per_second)))))


def duration(nanoseconds: float) -> str:
    for size, unit in ((1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:,.1f} {unit}"
    return f"{nanoseconds:.0f} ns"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
