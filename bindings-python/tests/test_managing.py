"""Listing, copying, moving, deleting and counting."""

from collections.abc import Callable

import pytest
from conftest import LocalStack

import casier

TEXT = b"# Hello\n"


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(casier.CasierError) as raised:
        call()
    return raised.value.code


@pytest.fixture
def some(trusted: casier.UserStorage) -> casier.UserStorage:
    """Five articles and a document."""
    for number in range(5):
        metadata = {"number": str(number)}
        trusted.upload_file_object(TEXT, f"Été {number}.md", "blog", metadata=metadata)
    trusted.upload_file_object(b"%PDF-1.4\n", "a.pdf", "document")
    return trusted


def test_everything_is_listed(some: casier.UserStorage) -> None:
    assert [file.filename for file in some.list_all("blog", limit=2)] == [
        f"Été {number}.md" for number in range(5)
    ]
    listing = some.list_all(with_metadata=True)
    assert [file.metadata.get("number") for file in listing] == ["0", "1", "2", "3", "4", None]
    assert listing.skipped == 0
    assert list(listing) == []
    assert code_of(lambda: next(some.list_all("no such kind"))) == "invalid-kind"
    first = some.list(limit=1)
    assert len(list(some.list_all(cursor=first.next_cursor))) == 5


def test_names_are_searched(some: casier.UserStorage) -> None:
    for wanted, found in [("e\u0301TE\u0301", 5), ("3.md", 1), ("pdf", 1), ("zzz", 0)]:
        assert len(list(some.list_all(search=wanted))) == found, wanted
        assert len(some.list(search=wanted).items) == found


def test_the_newest(some: casier.UserStorage) -> None:
    assert len(some.newest(3)) == 3
    assert {file.kind for file in some.newest(1000, "document")} == {"document"}
    for count in (0, 1001, -1):
        assert code_of(lambda: some.newest(count)) == "invalid-request"


def test_copies(some: casier.UserStorage) -> None:
    source = next(some.list_all("blog")).key
    copy = some.copy(source, filename="Copie.md")
    assert (copy.filename, copy.kind) == ("Copie.md", "blog")
    assert some.read(copy.key) == TEXT
    assert some.metadata(copy.key).metadata == {"number": "0"}
    other = some.copy(source, kind="document", metadata={"a": "b"}, unguessable=True)
    assert some.metadata(other.key).metadata == {"a": "b"}
    assert code_of(lambda: some.copy(source, filename="Copie.md", overwrite=False)) in (
        "file-exists",
        "storage-unsupported",
    )
    assert code_of(lambda: some.copy(source, filename="a.png", kind="image")) == "content-mismatch"
    assert code_of(lambda: some.copy(source + "x", filename="b.md")) == "file-not-found"
    assert code_of(lambda: some.copy(source, filename="..")) == "invalid-filename"


def test_moves(some: casier.UserStorage) -> None:
    source = next(some.list_all("blog")).key
    moved = some.move(source, kind="document")
    assert some.read(moved.key) == TEXT
    assert not some.exists(source)
    renamed = some.rename(moved.key, "Nouveau nom.md")
    assert renamed.filename == "Nouveau nom.md"
    assert not some.exists(moved.key)
    assert code_of(lambda: some.rename(source, "b.md")) == "file-not-found"
    assert some.usage().files == 6


def test_more_than_one_request_of_keys(some: casier.UserStorage) -> None:
    there = [file.key for file in some.list_all()]
    keys = there + [f"{some.scope.prefix}files/{number}.txt" for number in range(1500)]
    deletions = some.delete_many(keys)
    assert [deletion.key for deletion in deletions] == keys
    assert all(deletion.error is None for deletion in deletions)
    assert list(some.list_all()) == []


def test_usage_and_an_empty_scope(some: casier.UserStorage, app: casier.Casier) -> None:
    usage = some.usage()
    assert (usage.files, usage.bytes) == (6, 5 * len(TEXT) + 9)
    assert {kind: (it.files, it.bytes) for kind, it in usage.by_kind.items()} == {
        "blog": (5, 5 * len(TEXT)),
        "document": (1, 9),
    }
    neighbour = app.storage_for(some.scope.user_id + "0")
    kept = neighbour.upload_file_object(TEXT, "kept.md", "blog").key
    receipt = some.delete_all()
    assert (receipt.files, receipt.bytes, receipt.failed) == (6, usage.bytes, [])
    assert (receipt.versions, receipt.delete_markers, receipt.uploads) == (0, 0, 0)
    assert some.usage().files == 0
    assert neighbour.read(kept) == TEXT
    assert repr(receipt).startswith("Receipt(files=6")


def test_tags(trusted: casier.UserStorage) -> None:
    key = trusted.upload_file_object(TEXT, "a.md", "blog", tags={"état": "brouillon"}).key
    assert trusted.tags(key) == {"état": "brouillon"}
    trusted.set_tags(key, {"a": "b", "c": ""})
    assert trusted.tags(key) == {"a": "b", "c": ""}
    trusted.set_tags(key, {})
    assert trusted.tags(key) == {}
    many = {str(number): "" for number in range(11)}
    assert code_of(lambda: trusted.set_tags(key, many)) == "invalid-request"
    assert code_of(lambda: trusted.tags(key + "x")) == "file-not-found"


def test_a_storage_class(trusted: casier.UserStorage) -> None:
    stored = trusted.upload_file_object(TEXT, "a.md", "blog", storage_class="GLACIER")
    assert trusted.metadata(stored.key).storage_class == "GLACIER"
    assert code_of(lambda: trusted.read(stored.key)) == "file-archived"


def test_partial_failures(some: casier.UserStorage, faulty: LocalStack) -> None:
    keys = [file.key for file in some.list_all()]
    faulty.inject("unavailable", operation="DeleteObjects", key_containing="")
    with pytest.raises(casier.CasierError):
        for deletion in some.delete_many(keys):
            if deletion.error is not None:
                raise deletion.error
    faulty.faults("DELETE")
    assert some.usage().files == 6


def test_nobody_elses(app: casier.Casier, trusted: casier.UserStorage) -> None:
    key = trusted.upload_file_object(TEXT, "a.md", "blog").key
    other = app.storage_for(trusted.scope.user_id + "0")
    for call in [
        lambda: other.copy(key, filename="b.md"),
        lambda: other.move(key, filename="b.md"),
        lambda: other.rename(key, "b.md"),
        lambda: other.tags(key),
        lambda: other.set_tags(key, {}),
        lambda: other.stream(key),
        lambda: other.delete_many([key]),
    ]:
        assert code_of(call) == "not-owner"
    assert list(other.list_all()) == []
    assert trusted.read(key) == TEXT
