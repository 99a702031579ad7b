"""One user's files through two applications: what goes in by Flask comes out by Next.js, and back.

Needs the environment of a running `casier-local`, and of the two applications that run on it
(`FLASK_URL`, `NEXT_URL`), as `make demo` gives it. With a program as its argument (`list` and `read
KEY` are its commands, `CASIER_TOKEN` its user), the same files are read in Swift as well.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))
BOUNDARY = "a-boundary-that-no-file-here-holds"


def main() -> None:
    for name in ("CASIER_LOCAL_MINT_URL", "FLASK_URL", "NEXT_URL"):
        if name not in os.environ:
            sys.exit(f"{name} is not set: `make demo` starts what this story needs")
    swift = sys.argv[1:]
    run = os.getpid()
    ada = mint(f"user_ada{run}", tier="pro")
    ben = mint(f"user_ben{run}")
    notes = "# Une journée à Évreux\n\nLe café était fermé.\n".encode()
    table = "ville,jours\nÉvreux,1\n".encode()

    print("\nIn by Flask")
    key = upload("FLASK", "/api/s3/upload", ada, "mes notes.md", notes)["s3_key"]
    expect("Ada uploads her notes", key, f"user_user_ada{run}/documents/mes notes.md")
    print("\nOut by Next.js")
    expect("her list", listed_by_next(ada), {key: len(notes)})
    expect("the bytes behind its link", follow(link_of_next(ada, key)), notes)
    if swift:
        print("\nOut by Swift")
        expect("her list has the notes", key in run_swift(swift, ada, "list").decode(), True)
        expect("the bytes", run_swift(swift, ada, "read", key), notes)

    print("\nIn by Next.js, out by Flask")
    second = upload("NEXT", "/api/files/upload", ada, "jours.csv", table)["data"]["s3_key"]
    expect("Ada uploads a table", second, f"user_user_ada{run}/documents/jours.csv")
    expect("her list", listed_by_flask(ada), {key: len(notes), second: len(table)})
    expect("the bytes behind its link", follow(link_of_flask(ada, second)), table)
    if swift:
        expect("the bytes in Swift", run_swift(swift, ada, "read", second), table)

    print("\nBen sees none of it")
    expect("his list by Flask", listed_by_flask(ben), {})
    expect("his list by Next.js", listed_by_next(ben), {})
    for app, call in (("Flask", link_of_flask), ("Next.js", link_of_next)):
        expect(f"a link to her notes by {app}", refusal(call, ben, key), "not-owner 403")
    for app, delete in (("Flask", delete_by_flask), ("Next.js", delete_by_next)):
        expect(f"deleting them by {app}", refusal(delete, ben, key), "not-owner 403")
    if swift:
        expect("his list in Swift", run_swift(swift, ben, "list"), b"")
        failed = run_swift(swift, ben, "read", key, status=1).decode()
        expect("her notes in Swift are not-owner", "not-owner" in failed, True)

    print("\nDeleted by one is gone for the other")
    delete_by_next(ada, key)
    expect("her list by Flask", listed_by_flask(ada), {second: len(table)})
    delete_by_flask(ada, second)
    expect("her list by Next.js", listed_by_next(ada), {})
    print("\nThe same files, through " + ("Flask, Next.js and Swift." if swift else "Flask and Next.js."))


def listed_by_flask(token: str) -> dict[str, int]:
    return sizes(ask("FLASK", "GET", "/api/secure/files/list", token)["data"])


def listed_by_next(token: str) -> dict[str, int]:
    return sizes(ask("NEXT", "GET", "/api/files/list", token)["data"]["files"])


def link_of_flask(token: str, key: str) -> str:
    answer = ask("FLASK", "GET", f"/api/secure/files/download/{quote(key)}", token)
    url: str = answer["data"]["download_url"]
    return url


def link_of_next(token: str, key: str) -> str:
    answer = ask("NEXT", "POST", "/api/files/presigned-url", token, {"s3_key": key})
    url: str = answer["data"]["url"]
    return url


def delete_by_flask(token: str, key: str) -> object:
    return ask("FLASK", "DELETE", f"/api/secure/files/delete/{quote(key)}", token)


def delete_by_next(token: str, key: str) -> object:
    return ask("NEXT", "DELETE", "/api/files/delete", token, {"s3_key": key})


def sizes(files: list[dict[str, Any]]) -> dict[str, int]:
    return {file["s3_key"]: file["size"] for file in files}


def refusal(call: Any, token: str, key: str) -> str:
    """Code and status of a call that must be refused."""
    try:
        call(token, key)
    except urllib.error.HTTPError as error:
        with error:
            return f"{json.load(error)['error']['code']} {error.code}"
    return "it was allowed"


def upload(app: str, path: str, token: str, filename: str, data: bytes) -> dict[str, Any]:
    """Sends a file as an HTML form does."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content_type"\r\n\r\ndocument\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    )
    body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    return send(app, "POST", path, token, body, f"multipart/form-data; boundary={BOUNDARY}")


def ask(app: str, method: str, path: str, token: str, body: object = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    return send(app, method, path, token, data, "application/json" if data else None)


def send(
    app: str, method: str, path: str, token: str, body: bytes | None, content_type: str | None
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    if content_type:
        headers["Content-Type"] = content_type
    url = os.environ[f"{app}_URL"] + path
    request = urllib.request.Request(url, body, headers, method=method)
    with HTTP.open(request, timeout=60) as answer:
        answered: dict[str, Any] = json.load(answer)
        return answered


def follow(link: str) -> bytes:
    """What a browser gets behind a link: it has no token, only the link."""
    with HTTP.open(link, timeout=60) as answer:
        body: bytes = answer.read()
        return body


def run_swift(swift: list[str], token: str, *command: str, status: int = 0) -> bytes:
    """What the Swift program prints, and why where it must fail."""
    ended = subprocess.run(
        [*swift, *command],
        env=os.environ | {"CASIER_TOKEN": token},
        capture_output=True,
        timeout=60,
    )
    if ended.returncode != status:
        sys.exit(f"{Path(swift[0]).name} {command[0]}: status {ended.returncode}: {ended.stderr.decode()}")
    return ended.stderr if status else ended.stdout


def mint(user_id: str, **fields: object) -> str:
    """A token of the local issuer; in production Clerk gives it to the browser or the telephone."""
    request = urllib.request.Request(
        os.environ["CASIER_LOCAL_MINT_URL"],
        data=json.dumps({"user_id": user_id, **fields}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['CASIER_LOCAL_MINT_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with HTTP.open(request, timeout=60) as answer:
        token: str = json.load(answer)["token"]
        return token


def expect(asked: str, got: object, wanted: object) -> None:
    """Says what was asked and what came back; anything but `wanted` ends the story."""
    if got != wanted:
        sys.exit(f"{asked}: expected {wanted!r}, got {got!r}")
    print(f"  ok  {asked}: {shown(got)}")


def shown(value: object) -> str:
    match value:
        case bytes():
            return f"{len(value)} bytes, the same" if value else "nothing"
        case dict():
            names = ", ".join(f"{key} ({size} bytes)" for key, size in value.items())
            return names or "nothing"
        case bool():
            return "yes" if value else "no"
    return str(value)


if __name__ == "__main__":
    main()
