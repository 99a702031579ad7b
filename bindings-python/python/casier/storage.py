"""Files by user id: the interface that code over boto3 tends to have.

    storage = get_storage_service()
    stored = storage.upload_file("user_ada", "report.pdf", "document")
    url = storage.get_presigned_url("user_ada", stored["s3_key"], expiration=600)

Here `content_type` means the kind of file (`document`, `image`, …), and `mime_type` its content
type.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, TypedDict

from casier._casier import Casier, StoredFile, UserStorage
from casier._current import verified_session, process_casier

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, SupportsRead

__all__ = ["FileDict", "S3StorageService", "get_storage_service"]

_PAGE_FILES = 1000


class FileDict(TypedDict):
    """A stored file."""

    s3_key: str
    """The full S3 key."""
    bucket: str
    """The bucket."""
    filename: str
    """The last part of the key."""
    size: int
    """The size in bytes."""
    content_type: str | None
    """The kind; None when the key lies in no folder of a kind."""
    mime_type: str | None
    """The content type; None in a listing."""
    etag: str | None
    """The entity tag, without its quotes. Not always an MD5."""
    last_modified: str | None
    """When the file was stored, in UTC, as ISO 8601; None after an upload."""
    metadata: dict[str, str]
    """The user metadata; empty in a listing."""


class S3StorageService:
    """The files of any user, by user id.

    In a request that `casier.flask` has signed in, only that user's own files, with the limits of
    their tier: another id is `not-owner`, unless the call says `trusted=True`. Everywhere else, as
    in a background job, the calling code is trusted, and no limits of a tier apply.

    Every method raises `CasierError`. It may be shared by threads, and used before and after a
    fork.
    """

    def __init__(self, casier: Casier | None = None) -> None:
        """Uses this `Casier`. Defaults to that of the process: of the Flask app that was set up
        with `FlaskCasier`, else from the environment. A signed-in user's own files are always those
        of the `Casier` that has signed them in."""
        self._casier = casier

    def upload_file(
        self,
        user_id: str,
        file_path: str | PathLike[str],
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        *,
        trusted: bool = False,
    ) -> FileDict:
        """Uploads a file from disk, in pieces; memory stays bounded whatever its size.

        Args:
            user_id: Whose file it becomes.
            file_path: The file to upload. The last part of its path, cleaned, is the name.
            content_type: The kind of file, for example `image`.
            metadata: User metadata, 2 KB together.
            trusted: Whether the id may be another than the signed-in user's.
        """
        files = self._files(user_id, trusted)
        stored = files.upload_file(file_path, content_type, metadata=metadata)
        return _describe(files.bucket, stored)

    def upload_file_object(
        self,
        user_id: str,
        file_object: ReadableBuffer | SupportsRead[bytes],
        filename: str,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        *,
        trusted: bool = False,
    ) -> FileDict:
        """Uploads bytes, or what is left of an open file, such as one of `request.files`, which is
        sent while it is read.

        Args:
            user_id: Whose file it becomes.
            file_object: Bytes, any buffer of bytes, or a file opened in binary mode.
            filename: The name to store it under. It is cleaned: the answer tells the name.
            content_type: The kind of file, for example `image`.
            metadata: User metadata, 2 KB together.
            trusted: Whether the id may be another than the signed-in user's.
        """
        files = self._files(user_id, trusted)
        stored = files.upload_file_object(file_object, filename, content_type, metadata=metadata)
        return _describe(files.bucket, stored)

    def list_user_files(
        self,
        user_id: str,
        content_type: str | None = None,
        max_keys: int = _PAGE_FILES,
        *,
        trusted: bool = False,
    ) -> list[FileDict]:
        """Lists files in the order of their keys.

        Args:
            user_id: Whose files.
            content_type: Only files of this kind. Defaults to all.
            max_keys: The most files to list; any number, 1000 for each call to the store.
            trusted: Whether the id may be another than the signed-in user's.
        """
        files = self._files(user_id, trusted)
        found: list[FileDict] = []
        bucket, cursor = files.bucket, None
        while len(found) < max_keys:
            limit = min(max_keys - len(found), _PAGE_FILES)
            page = files.list(content_type, limit=limit, cursor=cursor)
            found += [_describe(bucket, stored) for stored in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        return found

    def get_presigned_url(
        self, user_id: str, file_key: str, expiration: int = 3600, *, trusted: bool = False
    ) -> str:
        """A link to read a file; the store is not asked, not even whether there is such a file.

        Args:
            user_id: Whose file.
            file_key: Its full key.
            expiration: How long the link should live, in seconds, 1 to 604800. One that the user's
                tier does not allow is shortened.
            trusted: Whether the id may be another than the signed-in user's.
        """
        return self._files(user_id, trusted).presigned_url(file_key, expiration).url

    def delete_file(self, user_id: str, file_key: str, *, trusted: bool = False) -> bool:
        """Deletes a file, and is then always True: deleting what is not there succeeds.

        Args:
            user_id: Whose file.
            file_key: Its full key.
            trusted: Whether the id may be another than the signed-in user's.
        """
        self._files(user_id, trusted).delete(file_key)
        return True

    def get_file_metadata(
        self, user_id: str, file_key: str, *, trusted: bool = False
    ) -> FileDict:
        """What is known of a file. One that is not there raises `NotFound`.

        Args:
            user_id: Whose file.
            file_key: Its full key.
            trusted: Whether the id may be another than the signed-in user's.
        """
        files = self._files(user_id, trusted)
        return _describe(files.bucket, files.metadata(file_key))

    def _files(self, user_id: str, trusted: bool) -> UserStorage:
        session = verified_session()
        if session is None or trusted:
            return (self._casier or process_casier()).storage_for(user_id)
        session.require_owner(user_id)
        return session.files()


def _describe(bucket: str, stored: StoredFile) -> FileDict:
    modified = stored.last_modified
    return {
        "s3_key": stored.key,
        "bucket": bucket,
        "filename": stored.filename,
        "size": stored.size,
        "content_type": stored.kind,
        "mime_type": stored.content_type,
        "etag": stored.etag,
        "last_modified": modified.strftime("%Y-%m-%dT%H:%M:%SZ") if modified else None,
        "metadata": stored.metadata,
    }


# Nothing is configured before its first use.
_service = S3StorageService()


def get_storage_service() -> S3StorageService:
    """The one `S3StorageService` of this process."""
    return _service
