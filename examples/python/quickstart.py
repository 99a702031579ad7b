"""From a token to a file: two users, two tiers, three files, and everybody else refused.

Needs the environment of a running `casier-local` (as `make demo` gives it), for its tokens; the
files may go to any S3.
"""

import json
import os
import struct
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path

import casier

HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> None:
    if "CASIER_LOCAL_MINT_URL" not in os.environ:
        sys.exit("CASIER_LOCAL_MINT_URL is not set: start casier-local and take its environment")
    app = casier.Casier.from_env()
    run = os.getpid()

    print("\nWho is this?")
    token = mint(f"user_ada{run}", version=2, email="ada@example.com", tier="pro", role="manager")
    ada = app.authenticate(token)
    why = "signed by the issuer's key; the tier stands in public_metadata"
    expect("Ada's token, Clerk's version 2", who(ada), "tier pro, role manager", why)
    ben = app.authenticate(mint(f"user_ben{run}", version=1, email="ben@example.com"))
    why = "a token that names no tier and no role has the lowest"
    expect("Ben's token, Clerk's version 1", who(ben), "tier free, role user", why)

    with tempfile.TemporaryDirectory(prefix="casier-quickstart-") as folder:
        play(ada, ben, Path(folder))

    print("\nTokens that must not pass")
    for fault, code in [
        ("expired", "token-expired"),
        ("tampered-payload", "token-invalid-signature"),
        ("tampered-signature", "token-invalid-signature"),
        ("other-issuer", "token-invalid-issuer"),
        ("alg-none", "token-invalid-algorithm"),
    ]:
        token = mint("user_eve", tier="enterprise", fault=fault)
        refused(f"a token: {fault}", lambda: app.authenticate(token), code)
    print("\nThe story ended as it should.")


def play(ada: casier.Session, ben: casier.Session, folder: Path) -> None:
    files, bens = ada.files(), ben.files()
    png_bytes = png()
    on_disk = folder / "Été à Paris.png"
    on_disk.write_bytes(png_bytes)
    prefix = files.scope.prefix

    print("\nAda's files go in and come back")
    picture = files.upload_file(on_disk, "image", metadata={"place": "Paris, été 2025"})
    wanted = f"{prefix}images/Été à Paris.png"
    expect("upload a PNG from disk", picture.key, wanted, "the key begins with her scope")
    for name, kind, data in [
        ("rapport d'août.pdf", "document", pdf("Rapport")),
        ("mes notes.md", "blog", markdown()),
    ]:
        stored = files.upload_file_object(data, name, kind)
        expect("upload from memory", stored.key, f"{prefix}{kind}s/{name}", "accents and spaces stay")
    expect("Ada lists her files", len(files.list().items), "3", "what she uploaded")
    expect("Ben lists his", len(bens.list().items), "0", "a scope shows its own files alone")

    link = files.presigned_url(picture.key)
    with HTTP.open(link.url, timeout=30) as answer:
        content_type, body = answer.headers["content-type"], answer.read()
    expect("a plain HTTP client follows her link", content_type, "image/png", "signed in")
    expect("the bytes are those on disk", body == png_bytes, "true", "compared one by one")
    stored = files.metadata(picture.key)
    expect("metadata: the size", stored.size, str(len(png_bytes)), "as on disk")
    place = stored.metadata["place"]
    expect("metadata: the place", place, "Paris, été 2025", "as Ada wrote it")
    copy = folder / "copy.png"
    files.download(picture.key, copy)
    same = copy.read_bytes() == png_bytes
    expect("a download holds the same bytes", same, "true", "compared one by one")

    print("\nEverybody else is refused")
    refused("Ben reads Ada's picture", lambda: bens.read(picture.key), "not-owner")
    refused("Ben asks for a link to it", lambda: bens.presigned_url(picture.key), "not-owner")
    refused("Ben deletes it", lambda: bens.delete(picture.key), "not-owner")
    around = f"{bens.scope.prefix}../{picture.key}"
    refused("Ben goes around by `..`", lambda: bens.read(around), "invalid-key")
    pro, books = lambda: ben.require_subscription("pro"), lambda: ben.require_feature("books")
    refused("Ben does what needs `pro`", pro, "subscription-required")
    refused("Ben uses the feature `books`", books, "feature-required")
    expect("Ada has `books`", ada.has_feature("books"), "true", "her tier includes it")

    link = files.presigned_url(picture.key, expires_in=1)
    time.sleep(2.5)
    status = status_of(link.url)
    # AWS and the local S3 say 403; Garage takes an expired link for a malformed request, 400.
    answer = "refused" if status in (400, 403) else "let through"
    why = f"it has expired, so S3 answers {status}"
    expect("a link of 1 s, followed after 2.5 s", answer, "refused", why)

    print("\nDeleted is gone")
    for file in files.list().items:
        files.delete(file.key)
    refused("the picture again", lambda: files.metadata(picture.key), "file-not-found")
    expect("Ada lists her files", len(files.list().items), "0", "all are deleted")


def who(session: casier.Session) -> str:
    return f"tier {session.user.subscription}, role {session.user.role}"


def expect(asked: str, got: object, wanted: str, why: str) -> None:
    """Says what was asked, what came back and why; anything but `wanted` ends the story."""
    shown = str(got).lower() if isinstance(got, bool) else str(got)
    if shown != wanted:
        sys.exit(f"{asked}: expected {wanted}, got {shown}")
    print(f"  ok  {asked}: {shown} ({why})")


def refused(asked: str, call: Callable[[], object], code: str) -> None:
    """Says how the call was refused and why; success, or another code, ends the story."""
    try:
        call()
    except casier.CasierError as error:
        if error.code != code:
            sys.exit(f"{asked}: expected {code}, got {error}")
        print(f"  ok  {asked}: {error.code} ({error.message})")
    else:
        sys.exit(f"{asked}: expected {code}, but it was allowed")


def mint(user_id: str, **fields: object) -> str:
    """A token of the local issuer, shaped by the further fields of the mint request."""
    request = urllib.request.Request(
        os.environ["CASIER_LOCAL_MINT_URL"],
        data=json.dumps({"user_id": user_id, **fields}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['CASIER_LOCAL_MINT_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with HTTP.open(request, timeout=30) as answer:
        token: str = json.load(answer)["token"]
        return token


def status_of(url: str) -> int:
    try:
        with HTTP.open(url, timeout=30) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def png() -> bytes:
    """A picture of 64 by 64 pixels, a colour gradient."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    side = 64
    rows = b"".join(
        b"\0" + b"".join(bytes((x * 4, y * 4, 160)) for x in range(side)) for y in range(side)
    )
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def pdf(line: str) -> bytes:
    """A PDF of one page that says `line`."""
    content = f"BT /F1 18 Tf 72 720 Td ({line}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    file = "%PDF-1.4\n"
    offsets = []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(file))
        file += f"{number} 0 obj\n{text}\nendobj\n"
    table = len(file)
    file += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    file += "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    file += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    return file.encode()


def markdown() -> bytes:
    """A text with accents."""
    return "# Une journée à Évreux\n\nLe café était fermé ; nous avons mangé une crêpe.\n".encode()


if __name__ == "__main__":
    main()
