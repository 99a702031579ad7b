"""What must never be shown is shown by no repr, no str, no error and no log record."""

import traceback

import pytest
from conftest import LocalStack

import casier


def test_nothing_shows_a_secret(stack: LocalStack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token = stack.mint("user_1", tier="pro", email="ada@example.com")
    secret_key = stack.environment["AWS_SECRET_ACCESS_KEY"]
    role = stack.environment["S3_GRANT_ROLE_ARN"]
    app = casier.Casier(**stack.settings(session_token=None, grant_role_arn=role))
    session = app.authenticate(token)
    files = session.files()
    stored = files.upload_file_object(b"# a\n", "a.md", "blog")
    link = files.presigned_url(stored.key)
    upload = files.presigned_upload("a.md", "blog", 1)
    form = files.presigned_post("a.md", "blog", (0, 1))
    begun = files.begin_upload("b.md", "blog", 1)
    part = files.part_urls(begun.upload_id, [1])[0]
    files.abort_upload(begun.upload_id)
    keys = files.temporary_credentials()
    signatures = [signature_of(url) for url in (link.url, upload.url, part.url)]
    signatures.append(form.fields["x-amz-signature"])
    signatures += [form.fields["policy"], begun.upload_id, keys.access_key_id]
    signatures += [keys.secret_access_key, keys.session_token]

    verified = casier.TokenVerifier(stack.issuer, jwks=stack.jwks()).verify(token)
    shown = [f"{thing!r} {thing}" for thing in (
        app, session, session.user, verified, files, files.scope, stored, files.list(), link,
        upload, form, begun, part, keys,
    )]
    bad = stack.mint("user_1", fault="tampered-signature")
    for call in (
        lambda: app.authenticate(bad),
        lambda: app.authenticate(token + "x"),
        lambda: casier.Casier(**stack.settings(secret_access_key="")),
        lambda: casier.Casier(**stack.settings(secret_key="sk_test_abc", jwks_url="nowhere")),
        lambda: files.read("user_2/a.md"),
    ):
        with pytest.raises(casier.CasierError) as raised:
            call()
        shown += traceback.format_exception_only(raised.value)
        shown += [repr(raised.value), repr(raised.value.details)]
    shown += [record.getMessage() for record in caplog.records]
    text = "\n".join(shown)
    for secret in (token, bad, token.split(".")[2], secret_key, *signatures, "sk_test_abc"):
        assert secret not in text
    assert "ada@example.com" not in text


def signature_of(url: str) -> str:
    signature = url.partition("X-Amz-Signature=")[2]
    assert len(signature) == 64
    return signature
