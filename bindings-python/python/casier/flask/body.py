"""The body of a request, read as far as a route wants it."""

from __future__ import annotations

import io
import os

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from casier.errors import CasierError
from casier.http import MAX_FORM_PARTS, HttpBody, HttpCall, HttpFile

# Werkzeug keeps a longer file of a form on disk.
_MEMORY_BYTES = 500 * 1024


def read_body(call: HttpCall) -> HttpBody:
    """Reads what the call wants, up to its limit and to the app's own `MAX_CONTENT_LENGTH`."""
    if call.wanted == "nothing":
        return HttpBody.none()
    own_limit = request.max_content_length
    request.max_content_length = min(call.limit, call.limit if own_limit is None else own_limit)
    try:
        return HttpBody.json(request.get_data()) if call.wanted == "json" else _form()
    except RequestEntityTooLarge:
        return HttpBody.too_large()
    except HTTPException:
        return HttpBody.unreadable()
    except OSError as error:
        # A server's own errors about what a client sends have no number; a full disk has one.
        if error.errno is None or isinstance(error, ConnectionError):
            return HttpBody.unreadable()
        raise CasierError("io-failed", f"the body cannot be kept: {error.strerror}") from error


def _form() -> HttpBody:
    if request.mimetype != "multipart/form-data":
        return HttpBody.unreadable()
    request.max_form_parts = min(MAX_FORM_PARTS, request.max_form_parts or MAX_FORM_PARTS)
    file = request.files.get("file")
    fields = list(request.form.items(multi=True))
    return HttpBody.form(fields, None if file is None else _file(file))


def _file(upload: FileStorage) -> HttpFile:
    """A large file goes on by the path of its open temporary file, not through memory."""
    name, content_type, stream = upload.filename or "", upload.content_type, upload.stream
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size > _MEMORY_BYTES:
        try:
            return HttpFile.on_disk(name, content_type, f"/dev/fd/{stream.fileno()}")
        except io.UnsupportedOperation:
            pass  # an app may have its forms' files kept in memory
    return HttpFile.in_memory(name, content_type, stream)
