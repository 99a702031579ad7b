"""Files in, and the same bytes out."""

import io
import os
import sys
import urllib.error
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import LocalStack

import casier

TEXT = "# Été\n".encode()


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(casier.CasierError) as raised:
        call()
    return raised.value.code


def test_there_and_back(files: casier.UserStorage, tmp_path: Path) -> None:
    source = tmp_path / "Été à Paris.md"
    source.write_bytes(TEXT)
    stored = files.upload_file(source, "blog", metadata={"place": "Évreux"})
    assert stored.key == f"{files.scope.prefix}blogs/Été à Paris.md"
    assert (stored.filename, stored.kind, stored.size) == ("Été à Paris.md", "blog", len(TEXT))
    assert files.read(stored.key) == TEXT
    assert files.exists(stored.key)

    found = files.metadata(stored.key)
    assert found.metadata == {"place": "Évreux"}
    assert found.content_type is not None
    assert found.content_type.startswith("text/markdown")
    assert found.last_modified is not None
    assert abs(found.last_modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert found.etag == stored.etag

    copy = tmp_path / "copy.md"
    assert files.download(stored.key, copy).key == stored.key
    assert copy.read_bytes() == TEXT

    files.delete(stored.key)
    files.delete(stored.key)
    assert not files.exists(stored.key)
    assert code_of(lambda: files.metadata(stored.key)) == "file-not-found"
    missing = tmp_path / "missing.md"
    assert code_of(lambda: files.download(stored.key, missing)) == "file-not-found"
    assert not missing.exists()


def test_many_are_deleted_at_once(files: casier.UserStorage) -> None:
    keys = [files.upload_file_object(TEXT, f"{n}.md", "blog").key for n in range(3)]
    missing = f"{files.scope.prefix}blogs/missing.md"
    deletions = files.delete_many([*keys[:2], missing])
    assert [(deletion.key, deletion.error) for deletion in deletions] == [
        (key, None) for key in [*keys[:2], missing]
    ]
    assert repr(deletions[0]) == f"Deletion(key={keys[0]!r}, error=None)"

    assert code_of(lambda: files.delete_many([keys[2], "user_other/blogs/a.md"])) == "not-owner"
    assert code_of(lambda: files.delete_many([keys[2], keys[2] + "/../a"])) == "invalid-key"
    with pytest.raises(TypeError, match="sequence of strings"):
        files.delete_many(keys[2])
    assert files.exists(keys[2])
    assert files.bucket == "casier-local"


@pytest.mark.parametrize(
    "data", [TEXT, bytearray(TEXT), memoryview(TEXT), memoryview(TEXT)[::1], io.BytesIO(TEXT), b""]
)
def test_what_is_in_memory(files: casier.UserStorage, data: bytes) -> None:
    stored = files.upload_file_object(data, "notes.md", "blog")
    assert files.read(stored.key) == (TEXT if data != b"" else b"")


def test_strided_views_are_read_in_order(files: casier.UserStorage) -> None:
    stored = files.upload_file_object(memoryview(b"a-b-c-")[::2], "notes.md", "blog")
    assert files.read(stored.key) == b"abc"


@pytest.mark.parametrize("data", ["text", io.StringIO("text"), 5, None, {}])
def test_what_is_not_bytes(files: casier.UserStorage, data: bytes) -> None:
    with pytest.raises(TypeError, match="bytes"):
        files.upload_file_object(data, "notes.md", "blog")
    assert files.list().items == []


def test_uploads_say_what_they_want(files: casier.UserStorage, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(TEXT)
    stored = files.upload_file(tmp_path / "a.md", "blog", filename="b.md")
    assert stored.filename == "b.md"
    with pytest.raises(casier.Conflict, match="file-exists"):
        files.upload_file_object(TEXT, "b.md", "blog", overwrite=False)
    hidden = files.upload_file_object(TEXT, "b.md", "blog", unguessable=True)
    assert hidden.filename not in ("b.md", "")
    assert hidden.filename.endswith(".md")
    plain = files.upload_file_object(TEXT, "c.txt", "document", content_type="text/plain")
    assert (files.metadata(plain.key).content_type or "").startswith("text/plain")
    for call, code in [
        (lambda: files.upload_file_object(TEXT, "a.md", "no such kind"), "invalid-kind"),
        (lambda: files.upload_file_object(TEXT, "..", "blog"), "invalid-filename"),
        (lambda: files.upload_file_object(TEXT, "a.png", "image"), "content-mismatch"),
        (lambda: files.upload_file_object(TEXT, "a.mp4", "image"), "type-not-allowed"),
        (
            lambda: files.upload_file_object(TEXT, "a.md", "blog", metadata={"A B": "c"}),
            "invalid-request",
        ),
        (
            lambda: files.upload_file_object(TEXT, "a.md", "blog", metadata={"a": "b" * 3000}),
            "metadata-too-large",
        ),
        (lambda: files.upload_file(tmp_path / "nothing.md", "blog"), "io-failed"),
    ]:
        assert code_of(call) == code


def test_text_that_is_not_unicode(app: casier.Casier, files: casier.UserStorage) -> None:
    bad = "\ud800"
    for call in [
        lambda: files.read(bad),
        lambda: files.list(cursor=bad),
        lambda: files.upload_file_object(TEXT, bad, "blog"),
        lambda: files.upload_file_object(TEXT, "a.md", "blog", metadata={"a": bad}),
        lambda: app.storage_for(bad),
        lambda: app.authenticate(bad),
        lambda: app.authenticate_request("GET", {"Authorization": bad}),
        lambda: casier.Scope("user_1").parse(bad),
    ]:
        assert code_of(call) == "invalid-request"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse the name")
def test_a_name_on_disk_that_is_no_text(files: casier.UserStorage, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md"))
    path.write_bytes(TEXT)
    assert code_of(lambda: files.upload_file(path, "blog")) == "invalid-filename"
    assert files.upload_file(path, "blog", filename="café.md").filename == "café.md"


def test_pages(files: casier.UserStorage) -> None:
    for number in range(5):
        files.upload_file_object(TEXT, f"{number}.md", "blog", metadata={"number": str(number)})
    files.upload_file_object(b"%PDF-1.4\n", "a.pdf", "document")
    assert len(files.list().items) == 6
    names: list[str] = []
    cursor = None
    while True:
        page = files.list("blog", limit=2, cursor=cursor, with_metadata=True)
        assert len(page.items) <= 2
        assert page.skipped == 0
        names += [file.metadata["number"] for file in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert names == ["0", "1", "2", "3", "4"]
    for limit in (0, -1, 1001, 10**30):
        assert code_of(lambda: files.list(limit=limit)) == "invalid-request"
    assert code_of(lambda: files.list(cursor="nonsense")) == "invalid-cursor"
    assert code_of(lambda: files.list("no such kind")) == "invalid-kind"


def test_reads_are_bounded(files: casier.UserStorage) -> None:
    stored = files.upload_file_object(TEXT, "a.md", "blog")
    assert files.read(stored.key, limit=len(TEXT)) == TEXT
    assert code_of(lambda: files.read(stored.key, limit=len(TEXT) - 1)) == "file-too-large"


def test_links(files: casier.UserStorage, stack: LocalStack) -> None:
    stored = files.upload_file_object(b"%PDF-1.4\n", "a.pdf", "document")
    link = files.presigned_url(stored.key, 60, "Rapport d'août.pdf")
    assert link.expires_in == 60
    assert timedelta(0) < link.expires_at - datetime.now(UTC) <= timedelta(seconds=60)
    assert stack.fetch(link.url) == b"%PDF-1.4\n"
    tampered = link.url.replace("a.pdf", "b.pdf")
    with pytest.raises(urllib.error.HTTPError) as raised:
        stack.fetch(tampered)
    raised.value.close()
    assert raised.value.code == 403
    assert files.presigned_url(stored.key, 7 * 86400).expires_in == 86400
    for seconds in (0, -1, 604801, 10**30):
        assert code_of(lambda: files.presigned_url(stored.key, seconds)) == "invalid-request"


def test_nobody_elses(app: casier.Casier, files: casier.UserStorage, tmp_path: Path) -> None:
    stored = files.upload_file_object(TEXT, "a.md", "blog")
    other = app.storage_for(files.scope.user_id + "0")
    for call in [
        lambda: other.read(stored.key),
        lambda: other.metadata(stored.key),
        lambda: other.exists(stored.key),
        lambda: other.delete(stored.key),
        lambda: other.download(stored.key, tmp_path / "stolen"),
        lambda: other.presigned_url(stored.key),
    ]:
        assert code_of(call) == "not-owner"
    assert not (tmp_path / "stolen").exists()
    assert other.list().items == []
    assert files.exists(stored.key)


def test_trusted_code_reaches_the_same_files(
    app: casier.Casier, files: casier.UserStorage
) -> None:
    stored = files.upload_file_object(TEXT, "a.md", "blog")
    trusted = app.storage_for(files.scope.user_id)
    assert trusted.read(stored.key) == TEXT
    assert trusted.list().items == files.list().items
    with pytest.raises(casier.InvalidInput, match="invalid-user-id"):
        app.storage_for("")


def test_a_store_that_refuses_us_or_is_not_there(stack: LocalStack) -> None:
    denied = casier.Casier(**stack.settings(secret_access_key="wrong")).storage_for("user_1")
    with pytest.raises(casier.StorageError) as refused:
        denied.list()
    assert (refused.value.code, refused.value.retryable) == ("storage-denied", False)
    assert "wrong" not in str(refused.value)
    gone = casier.Casier(**stack.settings(endpoint_url="http://127.0.0.1:9")).storage_for("user_1")
    with pytest.raises(casier.Unavailable) as raised:
        gone.list()
    assert (raised.value.code, raised.value.retryable) == ("storage-unavailable", True)
