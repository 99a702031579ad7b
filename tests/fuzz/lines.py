"""Prints the line coverage of what the targets are for: lines.py LLVM_COV_JSON CORE_SRC"""

import json
import pathlib
import sys

ROOMS = "json.rs", "token/", "access/"


def main(report, sources):
    files = json.loads(pathlib.Path(report).read_text())["data"][0]["files"]
    all_covered = all_lines = 0
    for file in sorted(files, key=lambda file: file["filename"]):
        name = pathlib.Path(file["filename"])
        if not name.is_relative_to(sources):
            continue
        name = str(name.relative_to(sources))
        lines = file["summary"]["lines"]
        if name.startswith(ROOMS) and lines["count"]:
            all_covered += lines["covered"]
            all_lines += lines["count"]
            print(f'{lines["percent"]:5.1f} %  {lines["covered"]:4} of {lines["count"]:4}  {name}')
    print(f"{100 * all_covered / all_lines:5.1f} %  {all_covered:4} of {all_lines:4}  together")


if __name__ == "__main__":
    main(*sys.argv[1:])
