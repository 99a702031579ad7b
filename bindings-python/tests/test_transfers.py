"""Bytes that move: streams, progress, ranges, what is given up and gone on with."""

import contextvars
import io
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import LocalStack

import casier

MIB = 1024 * 1024
PART = 8 * MIB
LARGE = bytes(range(256)) * (20 * MIB // 256)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(casier.CasierError) as raised:
        call()
    return raised.value.code


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def nothing_is_left(files: casier.UserStorage) -> bool:
    """Neither files nor uploads, finished or not."""
    receipt = files.delete_all()
    return (receipt.files, receipt.versions, receipt.uploads, receipt.failed) == (0, 0, 0, [])


@pytest.mark.parametrize("size", [0, 1, MIB, PART, 16 * MIB + 1, 20 * MIB])
def test_files_and_iterables_are_streamed(trusted: casier.UserStorage, size: int) -> None:
    data = LARGE[:size]
    for source, declared in [
        (io.BytesIO(b"skip" + data), None),
        (pieces(data, 700_000), None),
        (pieces(data, 700_000), size),
    ]:
        if isinstance(source, io.BytesIO):
            source.seek(4)
        stored = trusted.upload_file_object(source, "a.bin", "file", size=declared)
        assert stored.size == size
        assert trusted.read(stored.key) == data


def test_a_file_that_cannot_seek(trusted: casier.UserStorage) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as pipe, os.fdopen(writing, "wb") as end:

        def write() -> None:
            end.write(LARGE)
            end.close()

        writer = threading.Thread(target=write)
        writer.start()
        stored = trusted.upload_file_object(pipe, "a.bin", "file")
        writer.join()
    assert trusted.read(stored.key) == LARGE


def test_a_source_runs_in_the_context_of_the_caller(trusted: casier.UserStorage) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")
    who.set("ada")

    def source() -> Iterator[bytes]:
        yield who.get().encode()

    stored = trusted.upload_file_object(source(), "a.txt", "file")
    assert trusted.read(stored.key) == b"ada"


def test_what_a_source_raises_comes_through(trusted: casier.UserStorage) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("the disk is gone")

    def ends_early() -> Iterator[bytes]:
        yield LARGE[:PART]
        yield LARGE[:PART]
        raise LookupError("no more")

    with pytest.raises(OSError, match="the disk is gone"):
        trusted.upload_file_object(Broken(), "a.bin", "file")
    with pytest.raises(LookupError, match="no more"):
        trusted.upload_file_object(ends_early(), "a.bin", "file")
    with pytest.raises(TypeError, match="bytes"):
        trusted.upload_file_object(iter(["text"]), "a.bin", "file")  # type: ignore[arg-type]
    assert nothing_is_left(trusted)


def test_a_stream_of_another_size(
    trusted: casier.UserStorage, files: casier.UserStorage
) -> None:
    for data, declared, code in [
        (LARGE[:10], 11, "upload-incomplete"),
        (LARGE[:10], 9, "invalid-request"),
        (LARGE, len(LARGE) + 1, "upload-incomplete"),
        (LARGE, len(LARGE) - 1, "invalid-request"),
    ]:
        source = pieces(data, MIB)
        call = trusted.upload_file_object
        assert code_of(lambda: call(source, "a.bin", "file", size=declared)) == code
    # The tier of this user takes 100 MiB, whatever the stream says of its length.
    endless = iter(lambda: LARGE, None)
    assert code_of(lambda: files.upload_file_object(endless, "a.bin", "file")) == "file-too-large"
    assert nothing_is_left(trusted)
    assert nothing_is_left(files)


def test_progress(trusted: casier.UserStorage, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(LARGE)
    told: list[tuple[int, int | None]] = []

    def on_progress(moved: int, total: int | None) -> None:
        told.append((moved, total))

    def check(total: int | None) -> None:
        moved = [moved for moved, _ in told]
        assert moved == sorted(moved)
        assert moved[-1] == len(LARGE)
        assert told[-1][1] in (total, len(LARGE))
        told.clear()

    stored = trusted.upload_file(tmp_path / "a.bin", "file", on_progress=on_progress)
    check(len(LARGE))
    trusted.upload_file_object(pieces(LARGE, MIB), "b.bin", "file", on_progress=on_progress)
    check(None)
    assert trusted.read(stored.key, on_progress=on_progress) == LARGE
    check(len(LARGE))
    trusted.download(stored.key, tmp_path / "b.bin", on_progress=on_progress)
    check(len(LARGE))
    assert b"".join(trusted.stream(stored.key, on_progress=on_progress)) == LARGE
    check(len(LARGE))


def test_a_listener_that_raises_stops_nothing(
    trusted: casier.UserStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraisable: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda event: unraisable.append(event.exc_value))
    with pytest.raises(TypeError, match="callable"):
        trusted.upload_file_object(b"x", "a.txt", "file", on_progress=5)  # type: ignore[arg-type]

    def on_progress(moved: int, total: int | None) -> None:
        raise ValueError(moved)

    stored = trusted.upload_file_object(b"x", "a.txt", "file", on_progress=on_progress)
    assert trusted.read(stored.key) == b"x"
    assert unraisable
    assert all(isinstance(value, ValueError) for value in unraisable)


def test_uploads_are_given_up(trusted: casier.UserStorage, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(LARGE)
    cancellation = casier.Cancellation()

    def on_progress(moved: int, total: int | None) -> None:
        cancellation.cancel()

    call = trusted.upload_file
    given = {"on_progress": on_progress, "cancellation": cancellation}
    assert code_of(lambda: call(tmp_path / "a.bin", "file", **given)) == "cancelled"  # type: ignore[arg-type]
    late = casier.Cancellation()
    late.cancel()
    assert code_of(lambda: trusted.read("user_x/files/a", cancellation=late)) == "cancelled"
    assert trusted.list().items == []
    assert trusted.sweep_uploads().live == 0


def test_deadlines(trusted: casier.UserStorage, faulty: LocalStack) -> None:
    stored = trusted.upload_file_object(b"x", "a.txt", "file")
    faulty.inject("stall", key_containing=trusted.scope.prefix)
    for deadline in (0, 0.2, timedelta(milliseconds=200)):
        assert code_of(lambda: trusted.read(stored.key, deadline=deadline)) == "timeout"
    with pytest.raises(ValueError, match="deadline"):
        trusted.read(stored.key, deadline=float("nan"))


def test_an_upload_goes_on_after_a_failure(
    trusted: casier.UserStorage, faulty: LocalStack, tmp_path: Path
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(LARGE)
    begun: list[str] = []
    prefix = trusted.scope.prefix
    faulty.inject("unavailable", operation="UploadPart", key_containing=prefix, skip=2)
    upload = lambda: trusted.upload_file(path, "file", on_begin=begun.append)  # noqa: E731
    assert code_of(upload) == "storage-unavailable"
    faulty.faults("DELETE")

    [upload_id] = begun
    state = trusted.upload_state(upload_id)
    assert (state.filename, state.kind, state.size) == ("a.bin", "file", len(LARGE))
    assert (state.part_size, state.part_count) == (PART, 3)
    # The failure ends the parts that are still on their way, however far they have come.
    assert len(state.parts) <= 2
    assert state.sent < state.size
    assert state.expires_at > datetime.now(UTC)
    assert trusted.sweep_uploads().live == 1

    stored = trusted.resume_upload(upload_id, path)
    assert trusted.read(stored.key) == LARGE
    sent_anew = faulty.faults("GET")["requests"]["UploadPart"]
    assert 1 <= sent_anew <= state.part_count - len(state.parts)
    trusted.abort_upload(upload_id)
    assert trusted.exists(stored.key)
    assert code_of(lambda: trusted.upload_state("u1.forged")) == "upload-not-found"


def test_an_upload_is_aborted(
    app: casier.Casier, trusted: casier.UserStorage, faulty: LocalStack, tmp_path: Path
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(LARGE)
    begun: list[str] = []
    faulty.inject("unavailable", operation="CompleteMultipartUpload")
    upload = lambda: trusted.upload_file(path, "file", on_begin=begun.append)  # noqa: E731
    assert code_of(upload) == "storage-unavailable"
    other = app.storage_for(trusted.scope.user_id + "0")
    assert code_of(lambda: other.abort_upload(begun[0])) == "upload-not-found"
    trusted.abort_upload(begun[0])
    assert code_of(lambda: trusted.resume_upload(begun[0], path)) == "upload-not-found"
    assert app.sweep_uploads().aborted == 0
    assert nothing_is_left(trusted)


def test_ranges(trusted: casier.UserStorage) -> None:
    key = trusted.upload_file_object(b"0123456789", "a.txt", "file").key
    for wanted, expected in [
        (casier.ByteRange(0), b"0123456789"),
        (casier.ByteRange(7), b"789"),
        (casier.ByteRange(2, 3), b"234"),
        (casier.ByteRange(8, 100), b"89"),
        (casier.ByteRange.last(2), b"89"),
    ]:
        assert trusted.read(key, range=wanted) == expected
        with trusted.stream(key, range=wanted) as stream:
            assert stream.file.size == 10
            assert list(stream.range) == [int(chr(digit)) for digit in expected]
            assert b"".join(stream) == expected
    for beyond in (casier.ByteRange(10), casier.ByteRange(0, 0), casier.ByteRange.last(0)):
        assert code_of(lambda: trusted.read(key, range=beyond)) == "range-invalid"
    assert casier.ByteRange(1, 2) == casier.ByteRange(1, 2) != casier.ByteRange(1)
    shown = [casier.ByteRange(1, 2), casier.ByteRange(1), casier.ByteRange.last(2)]
    assert repr(shown) == "[ByteRange(1, 2), ByteRange(1), ByteRange.last(2)]"


def test_numbers_of_bytes_are_not_negative(trusted: casier.UserStorage) -> None:
    calls: list[Callable[[], object]] = [
        lambda: casier.ByteRange(-1),
        lambda: casier.ByteRange(0, -1),
        lambda: casier.ByteRange.last(-1),
        lambda: trusted.upload_file_object(iter([b"x"]), "a.txt", "file", size=-1),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="negative"):
            call()


def test_conditions(trusted: casier.UserStorage, tmp_path: Path) -> None:
    stored = trusted.upload_file_object(b"x", "a.txt", "file")
    etag = trusted.metadata(stored.key).etag
    assert etag is not None
    now = datetime.now(UTC)
    for holds in [{"if_match": etag}, {"if_none_match": "0" * 32}]:
        assert trusted.read(stored.key, **holds) == b"x"  # type: ignore[arg-type]
    for fails in [
        {"if_match": "0" * 32},
        {"if_none_match": etag},
        {"if_unmodified_since": now - timedelta(hours=1)},
    ]:
        for call in [
            lambda: trusted.read(stored.key, **fails),  # type: ignore[arg-type]
            lambda: trusted.stream(stored.key, **fails),  # type: ignore[arg-type]
            lambda: trusted.download(stored.key, tmp_path / "a", **fails),  # type: ignore[arg-type]
        ]:
            assert code_of(call) == "precondition-failed", fails
    assert not (tmp_path / "a").exists()


def test_streams(trusted: casier.UserStorage) -> None:
    key = trusted.upload_file_object(LARGE, "a.bin", "file").key
    stream = trusted.stream(key)
    assert stream.file.size == len(LARGE)
    assert stream.range == range(len(LARGE))
    first = next(stream)
    assert LARGE.startswith(first)
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        next(stream)
    with trusted.stream(key) as stream:
        assert b"".join(stream) == LARGE
    assert list(stream) == []
    assert code_of(lambda: trusted.stream(key + "x")) == "file-not-found"


def test_a_stream_that_breaks_off_is_taken_up(
    trusted: casier.UserStorage, faulty: LocalStack
) -> None:
    key = trusted.upload_file_object(LARGE, "a.bin", "file").key
    faulty.inject("cut-answer", operation="GetObject", after_bytes=PART, times=1)
    with trusted.stream(key) as stream:
        assert b"".join(stream) == LARGE


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_stream_belongs_to_its_process(trusted: casier.UserStorage) -> None:
    key = trusted.upload_file_object(LARGE, "a.bin", "file").key
    stream, listing = trusted.stream(key), trusted.list_all()
    next(stream)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for iterator in (stream, listing):
                try:
                    next(iterator)
                except RuntimeError as error:
                    status = 0 if "process" in str(error) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(b"".join(stream)) < len(LARGE)
