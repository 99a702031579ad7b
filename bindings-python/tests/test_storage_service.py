"""The class that stands in for code over boto3."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import LocalStack
from flask import Flask

import casier
from casier._current import process_casier, replace_session, share_casier
from casier.storage import FileDict, S3StorageService, get_storage_service

TEXT = b"# Notes\n"
MEMBERS = set(FileDict.__annotations__)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(casier.CasierError) as raised:
        call()
    return raised.value.code


@pytest.fixture
def service(app: casier.Casier) -> S3StorageService:
    return S3StorageService(app)


@pytest.fixture
def user_id(ada: casier.Session) -> str:
    return ada.user.user_id


def test_there_and_back(
    service: S3StorageService, stack: LocalStack, user_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(TEXT)
    stored = service.upload_file(user_id, str(path), "blog", {"place": "Évreux"})
    assert set(stored) == MEMBERS
    key = f"{casier.Scope(user_id).prefix}blogs/a.md"
    assert (stored["s3_key"], stored["bucket"], stored["filename"]) == (
        key, "casier-local", "a.md"
    )
    assert (stored["size"], stored["content_type"]) == (len(TEXT), "blog")

    found = service.get_file_metadata(user_id, key)
    assert set(found) == MEMBERS
    assert found["metadata"] == {"place": "Évreux"}
    assert str(found["mime_type"]).startswith("text/markdown")
    assert found["etag"] == stored["etag"]
    assert str(found["last_modified"]).endswith("Z")

    url = service.get_presigned_url(user_id, key)
    assert "X-Amz-Expires=3600" in url
    assert stack.fetch(url) == TEXT
    assert "X-Amz-Expires=604800" in service.get_presigned_url(user_id, key, expiration=604800)
    assert service.delete_file(user_id, key) is True
    assert service.delete_file(user_id, key) is True
    assert code_of(lambda: service.get_file_metadata(user_id, key)) == "file-not-found"


@pytest.mark.parametrize("data", [TEXT, io.BytesIO(TEXT)])
def test_objects(service: S3StorageService, user_id: str, data: bytes) -> None:
    stored = service.upload_file_object(user_id, data, "a.md", "blog", metadata={"a": "b"})
    assert set(stored) == MEMBERS
    assert stored["metadata"] == {"a": "b"}
    assert service.list_user_files(user_id)[0]["size"] == len(TEXT)
    assert code_of(lambda: service.upload_file_object(user_id, b"", "a.md", "x y")) == (
        "invalid-kind"
    )


def test_lists_go_on_beyond_a_page(
    service: S3StorageService, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        service.upload_file_object(user_id, TEXT, f"{number}.md", "blog")
    service.upload_file_object(user_id, TEXT, "a.txt", "document")
    monkeypatch.setattr("casier.storage._PAGE_FILES", 2)

    def names(**arguments: object) -> list[str]:
        listed = service.list_user_files(user_id, **arguments)  # type: ignore[arg-type]
        assert all(set(file) == MEMBERS for file in listed)
        return [file["filename"] for file in listed]

    everything = ["0.md", "1.md", "2.md", "3.md", "4.md", "a.txt"]
    assert names() == everything
    assert names(max_keys=3) == everything[:3]
    assert names(max_keys=0) == []
    assert names(content_type="document") == ["a.txt"]
    assert code_of(lambda: service.list_user_files(user_id, "No Kind")) == "invalid-kind"


def test_in_a_request_only_the_users_own(
    service: S3StorageService, ada: casier.Session, user_id: str
) -> None:
    other = user_id + "_other"
    own = service.upload_file_object(user_id, TEXT, "own.md", "blog")["s3_key"]
    theirs = service.upload_file_object(other, TEXT, "theirs.md", "blog")["s3_key"]
    before = replace_session(ada)
    try:
        assert service.get_file_metadata(user_id, own)["s3_key"] == own
        # The tier's limit holds: `pro` may have links for a day.
        assert "X-Amz-Expires=86400" in service.get_presigned_url(user_id, own, 604800)
        calls: list[Callable[[], object]] = [
            lambda: service.upload_file(other, __file__, "document"),
            lambda: service.upload_file_object(other, TEXT, "a.md", "blog"),
            lambda: service.list_user_files(other),
            lambda: service.get_presigned_url(other, theirs),
            lambda: service.delete_file(other, theirs),
            lambda: service.get_file_metadata(other, theirs),
            lambda: service.get_file_metadata(user_id, theirs),
            lambda: service.get_file_metadata(user_id, theirs, trusted=True),
        ]
        assert [code_of(call) for call in calls] == ["not-owner"] * len(calls)
        listed = service.list_user_files(other, trusted=True)
        assert [file["s3_key"] for file in listed] == [theirs]
        assert "X-Amz-Expires=604800" in service.get_presigned_url(
            other, theirs, 604800, trusted=True
        )
    finally:
        replace_session(before)
    assert service.delete_file(other, theirs)


def test_one_for_the_process(
    web: Flask, app: casier.Casier, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = get_storage_service()
    assert service is get_storage_service()
    # That of the app that was set up.
    assert service.list_user_files(user_id) == []
    monkeypatch.setattr("casier._current._casier", None)
    assert code_of(lambda: service.list_user_files(user_id)) == "config-invalid"
    share_casier(app)
    assert service.list_user_files(user_id) == []


def test_what_was_shared_while_the_first_was_built_stays(
    app: casier.Casier, monkeypatch: pytest.MonkeyPatch, stack: LocalStack
) -> None:
    class Slow:
        @staticmethod
        def from_env() -> casier.Casier:
            share_casier(app)
            return casier.Casier(**stack.settings())

    monkeypatch.setattr("casier._current._casier", None)
    monkeypatch.setattr("casier._current.Casier", Slow)
    assert process_casier() is app
    assert process_casier() is app


def test_bad_ids(service: S3StorageService) -> None:
    assert code_of(lambda: service.list_user_files("")) == "invalid-user-id"
    assert code_of(lambda: service.list_user_files("a" * 300)) == "invalid-user-id"
