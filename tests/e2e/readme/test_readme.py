"""The code of the README does what its comments say."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()


def code(section: str, language: str) -> str:
    text = re.search(rf"^## {re.escape(section)}\n(.*?)^## ", README, re.DOTALL | re.MULTILINE)
    assert text, f"the README has no section {section}"
    (block,) = re.findall(rf"```{language}\n(.*?)```", text[1], re.DOTALL)
    return str(block)


def run(command: list[str], **more: str) -> list[str]:
    """The lines that a program prints on the local stack, in the folder of the npm package."""
    ended = subprocess.run(
        command,
        cwd=ROOT / "bindings-node",
        env=os.environ | more,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def check(printed: list[str], block: str, comment: str) -> None:
    said = re.findall(rf"^ *(?:print|console\.log)\(.*\);?\s+{comment} (.*)$", block, re.MULTILINE)
    assert len(said) == len(printed) >= 3
    for line, expected in zip(printed, said, strict=True):
        assert line == expected or expected.startswith("a link") and line.startswith("http://")


def mint(user_id: str, tier: str) -> str:
    request = urllib.request.Request(
        os.environ["CASIER_LOCAL_MINT_URL"],
        data=json.dumps({"user_id": user_id, "tier": tier}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['CASIER_LOCAL_MINT_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return str(json.load(answer)["token"])


def test_python() -> None:
    block = code("Python", "python")
    check(run([sys.executable, "-c", block]), block, "#")


def test_node() -> None:
    block = code("Node", "js")
    program = f"const token = process.env.TOKEN;\n{block}"
    command = ["node", "--input-type=module", "--eval", program]
    check(run(command, TOKEN=mint("user_ada", "pro")), block, "//")


def test_flask() -> None:
    ask = """
import os
client = app.test_client()
for token in (None, os.environ["FREE"], os.environ["PRO"]):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = client.get("/reports", headers=headers)
    print(answer.status_code, answer.json.get("data") or answer.json["error"]["code"])
"""
    printed = run(
        [sys.executable, "-c", code("Flask", "python") + ask],
        FREE=mint("user_ben", "free"),
        PRO=mint("user_ada", "pro"),
    )
    assert printed == [
        "401 token-missing",
        "403 subscription-required",
        "200 {'for': 'user_ada'}",
    ]
