"""Uploads whose parts a client sends straight to the store."""

import urllib.error
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from conftest import LocalStack

import casier

TEXT = "# Été\n".encode()
LARGE = TEXT * (3 << 20)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(casier.CasierError) as raised:
        call()
    return raised.value.code


def send(stack: LocalStack, part: casier.PartUrl, data: bytes) -> None:
    stack.fetch(part.url, method="PUT", data=data, headers=part.headers)


def send_all(
    stack: LocalStack, files: casier.UserStorage, begun: casier.BegunUpload, data: bytes
) -> None:
    numbers = range(1, begun.part_count + 1)
    for part in files.part_urls(begun.upload_id, numbers):
        start = (part.part_number - 1) * begun.part_size
        send(stack, part, data[start : start + part.size])


def nothing_is_left(files: casier.UserStorage) -> bool:
    receipt = files.delete_all()
    return (receipt.files, receipt.uploads, receipt.failed) == (0, 0, [])


def test_an_upload_in_parts(files: casier.UserStorage, stack: LocalStack) -> None:
    begun = files.begin_upload(
        "Été.md", "blog", len(LARGE), metadata={"place": "Évreux"}, tags={"a": "b"}
    )
    assert begun.key == f"{files.scope.prefix}blogs/Été.md"
    assert begun.part_count == -(-len(LARGE) // begun.part_size) > 1
    assert begun.expires_at - datetime.now(UTC) > timedelta(hours=23)
    first, last = files.part_urls(begun.upload_id, [1, begun.part_count])
    assert (first.part_number, first.size) == (1, begun.part_size)
    assert last.size == len(LARGE) - (begun.part_count - 1) * begun.part_size
    assert last.headers == {"content-length": str(last.size)}
    assert timedelta(0) < last.expires_at - datetime.now(UTC) <= timedelta(minutes=15)

    send(stack, last, LARGE[-last.size :])
    assert files.upload_state(begun.upload_id).parts == [begun.part_count]
    with pytest.raises(casier.Conflict) as missing:
        files.complete_upload(begun.upload_id)
    assert missing.value.code == "upload-incomplete"
    details = missing.value.details
    assert (details.limit, details.used) == (len(LARGE), last.size)
    assert not files.exists(begun.key)

    send_all(stack, files, begun, LARGE)
    stored = files.complete_upload(begun.upload_id)
    assert (stored.key, stored.size) == (begun.key, len(LARGE))
    assert files.complete_upload(begun.upload_id).etag == stored.etag
    assert files.read(stored.key) == LARGE
    assert files.metadata(stored.key).metadata == {"place": "Évreux"}
    assert files.tags(stored.key) == {"a": "b"}
    with pytest.raises(urllib.error.HTTPError) as over:
        send(stack, first, LARGE[: first.size])
    over.value.close()
    assert files.metadata(stored.key).etag == stored.etag


def test_what_is_replaced_stays_until_then(files: casier.UserStorage, stack: LocalStack) -> None:
    kept = files.upload_file_object(b"%PDF-1.4\n", "a.pdf", "document")
    for data, code in [(b"no pdf at all", "content-mismatch"), (b"%PDF-1.5\n", None)]:
        begun = files.begin_upload("a.pdf", "document", len(data))
        send_all(stack, files, begun, data)
        assert files.read(kept.key) == b"%PDF-1.4\n"
        if code:
            assert code_of(lambda: files.complete_upload(begun.upload_id)) == code
        else:
            files.complete_upload(begun.upload_id)
    assert files.read(kept.key) == b"%PDF-1.5\n"
    files.delete(kept.key)
    assert nothing_is_left(files)


def test_uploads_that_are_not_begun(files: casier.UserStorage) -> None:
    files.upload_file_object(TEXT, "a.md", "blog")
    for call, code in [
        (lambda: files.begin_upload("a.md", "blog", 1, overwrite=False), "file-exists"),
        (lambda: files.begin_upload("a.md", "no such kind", 1), "invalid-kind"),
        (lambda: files.begin_upload("..", "blog", 1), "invalid-filename"),
        (lambda: files.begin_upload("a.mp4", "image", 1), "type-not-allowed"),
        (lambda: files.begin_upload("a.md", "blog", 10**30), "file-too-large"),
        (lambda: files.begin_upload("a.md", "blog", 1, metadata={"A": "b"}), "invalid-request"),
    ]:
        assert code_of(call) == code
    with pytest.raises(ValueError, match="not negative"):
        files.begin_upload("a.md", "blog", -1)
    files.delete_many([file.key for file in files.list().items])
    assert nothing_is_left(files)


def test_numbers_of_parts(files: casier.UserStorage) -> None:
    begun = files.begin_upload("a.md", "blog", len(TEXT), unguessable=True)
    assert begun.key.endswith(".md")
    assert not begun.key.endswith("/a.md")
    bad: list[list[int]] = [[], [0], [2], [1, 1], [-1], [10**30], [1] * 1001]
    for numbers in bad:
        code = code_of(lambda: files.part_urls(begun.upload_id, numbers))
        assert code == "invalid-request"
    with pytest.raises(TypeError):
        files.part_urls(begun.upload_id, "1")  # type: ignore[arg-type]
    files.abort_upload(begun.upload_id)
    assert code_of(lambda: files.complete_upload(begun.upload_id)) == "upload-not-found"
    assert nothing_is_left(files)


def test_nobody_elses(
    app: casier.Casier, files: casier.UserStorage, stack: LocalStack
) -> None:
    begun = files.begin_upload("a.md", "blog", len(TEXT))
    other = app.storage_for(files.scope.user_id + "0")
    for upload_id in (begun.upload_id, begun.upload_id + "x", "u1.forged", ""):
        strange = other if upload_id == begun.upload_id else files
        assert code_of(lambda: strange.part_urls(upload_id, [1])) == "upload-not-found"
        assert code_of(lambda: strange.complete_upload(upload_id)) == "upload-not-found"
        assert code_of(lambda: strange.abort_upload(upload_id)) == "upload-not-found"
    # The same user in another session, on another device.
    same = app.storage_for(files.scope.user_id)
    send_all(stack, same, begun, TEXT)
    assert same.complete_upload(begun.upload_id).key == begun.key
    assert list(other.list_all()) == []


def test_reprs_show_nothing_secret(files: casier.UserStorage) -> None:
    begun = files.begin_upload("a.md", "blog", len(TEXT))
    part = files.part_urls(begun.upload_id, [1])[0]
    assert repr(begun) == f"BegunUpload(key={begun.key!r}, part_count=1)"
    assert repr(part) == f"PartUrl(part_number=1, size={len(TEXT)})"
    files.abort_upload(begun.upload_id)
