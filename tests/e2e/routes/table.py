"""The table of routes: every route of the two applications, and what a call to it is made of."""

import json
from typing import NamedTuple
from urllib.parse import quote

BOUNDARY = "----a-boundary-of-these-tests"


class Route(NamedTuple):
    app: str
    """Which application, by the variable that names its address: `FLASK` or `NEXT`."""
    routes: str
    """The core's set that it belongs to; empty for a route of the application's own."""
    method: str
    path: str
    """`{key}` stands for a key, `{id}` for an upload's id."""
    takes: str
    """What it needs beside a token: nothing, one key (in its path or its body), several, a file,
    what a file is to be (`plan`), an upload."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ROUTES = [
    Route("FLASK", "secure", "GET", "/api/secure/files/list", "nothing"),
    Route("FLASK", "secure", "GET", "/api/secure/files/download/{key}", "key"),
    Route("FLASK", "secure", "DELETE", "/api/secure/files/delete/{key}", "key"),
    Route("FLASK", "secure", "POST", "/api/secure/files/delete-many", "keys"),
    Route("FLASK", "secure", "POST", "/api/secure/files/links", "keys"),
    Route("FLASK", "secure", "POST", "/api/secure/uploads", "plan"),
    Route("FLASK", "secure", "POST", "/api/secure/uploads/{id}/parts", "upload"),
    Route("FLASK", "secure", "GET", "/api/secure/uploads/{id}", "upload"),
    Route("FLASK", "secure", "POST", "/api/secure/uploads/{id}/complete", "upload"),
    Route("FLASK", "secure", "DELETE", "/api/secure/uploads/{id}", "upload"),
    Route("FLASK", "s3", "POST", "/api/s3/upload", "file"),
    Route("FLASK", "s3", "POST", "/api/s3/presigned-url", "key"),
    Route("FLASK", "s3", "DELETE", "/api/s3/delete", "key"),
    Route("FLASK", "s3", "GET", "/api/s3/list", "nothing"),
    Route("FLASK", "", "GET", "/reports", "nothing"),
    Route("NEXT", "files", "POST", "/api/files/presigned-url", "key"),
    Route("NEXT", "files", "GET", "/api/files/list", "nothing"),
    Route("NEXT", "files", "DELETE", "/api/files/delete", "key"),
    Route("NEXT", "files", "POST", "/api/files/upload", "file"),
    Route("NEXT", "files", "POST", "/api/files/delete-many", "keys"),
    Route("NEXT", "files", "POST", "/api/files/uploads", "plan"),
    Route("NEXT", "files", "POST", "/api/files/uploads/{id}/parts", "upload"),
    Route("NEXT", "files", "GET", "/api/files/uploads/{id}", "upload"),
    Route("NEXT", "files", "POST", "/api/files/uploads/{id}/complete", "upload"),
    Route("NEXT", "files", "DELETE", "/api/files/uploads/{id}", "upload"),
    Route("NEXT", "", "GET", "/api/report", "nothing"),
]

MOUNTED = {"secure": "/api/secure", "s3": "/api/s3", "files": "/api/files"}

# The sets whose list takes a `user_id`.
NAMING_A_USER = ("s3", "files")

CHANGING = [route for route in ROUTES if route.method != "GET"]
WITH_KEYS = [route for route in ROUTES if route.takes in ("key", "keys")]
UPLOADS = [route for route in ROUTES if route.takes == "file"]
PLANS = [route for route in ROUTES if route.takes == "plan"]
OF_UPLOADS = [route for route in ROUTES if route.takes == "upload"]
CONTENTS = b"# A day\n"

GATED = [route for route in ROUTES if not route.routes]


class Call(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None


def call(route: Route, key: str, *more: str, upload_id: str = "u1.none") -> Call:
    """A call to the route about this key, and more keys where it takes several, or this upload."""
    if route.takes == "file":
        return upload(route, key.rpartition("/")[2], CONTENTS, content_type="document")
    if route.takes == "plan":
        return plan(route, filename=key.rpartition("/")[2])
    if route.takes == "upload":
        path = route.path.replace("{id}", upload_id)
        return sent(route, path, {"part_numbers": [1]} if path.endswith("/parts") else None)
    if "{key}" in route.path:
        return Call(route.method, route.path.replace("{key}", quote(key)), {}, None)
    if route.takes == "nothing":
        return Call(route.method, route.path, {}, None)
    return sent(
        route, route.path, {"s3_key": key} if route.takes == "key" else {"s3_keys": [*more, key]}
    )


def plan(route: Route, **members: object) -> Call:
    """A call that begins an upload of a document, with these members in place of others."""
    body = {"filename": "a.md", "content_type": "document", "size": len(CONTENTS)} | members
    return sent(route, route.path, body)


def sent(route: Route, path: str, body: object) -> Call:
    """A call with a JSON body, if it has one."""
    if body is None:
        return Call(route.method, path, {}, None)
    headers = {"Content-Type": "application/json"}
    return Call(route.method, path, headers, json.dumps(body).encode())


def upload(route: Route, filename: str, data: bytes, **fields: str) -> Call:
    """A call that sends a file as an HTML form does."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts.append(f'name="file"; filename="{filename}"\r\n\r\n'.encode() + data)
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode() + part + b"\r\n"
        for part in parts
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return Call(route.method, route.path, headers, body + f"--{BOUNDARY}--\r\n".encode())
