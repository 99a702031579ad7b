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
    lines += [line(row, is_first=index == 0) for index, row in enumerate(outcome["rows"])]
    return "\n".join(lines) + "\n"


def line(row: dict[str, Any], is_first: bool) -> str:
    per_second = 1e9 / row["nanoseconds"]
    against = "1" if is_first else f"{ratio(row['ratio'])} ({ratio(row['low'])} to {ratio(row['high'])})"
    cells = [row["name"], duration(row["nanoseconds"]), f"{round(per_second, -2):,.0f}", against]
    return f"| {' | '.join(cells)} | {judged(row, per_second)} |"


def judged(row: dict[str, Any], per_second: float) -> str:
    wanted = row.get("wanted") or {}
    if "ratio" in wanted:
        met, text = row["ratio"] >= wanted["ratio"], f"{wanted['ratio']} times the first"
    elif "per_second" in wanted:
        met, text = per_second >= wanted["per_second"], f"{wanted['per_second']:,.0f} a second"
    else:
        return ""
    return f"{text}: {'met' if met else '**missed**'}"


def ratio(value: float) -> str:
    return f"{value:.2f}" if value < 20 else f"{value:.0f}"


def duration(nanoseconds: float) -> str:
    return f"{nanoseconds:.0f} ns" if nanoseconds < 1000 else f"{nanoseconds / 1000:.1f} µs"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
