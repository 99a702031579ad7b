"""What must never be shown is shown by no repr, no str, no error and no log record."""

import traceback

import pytest
from conftest import LocalStack

import casier


def test_nothing_shows_a_secret(stack: LocalStack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token = stack.mint("user_1", tier="pro", email="ada@example.com")
    secret_key = stack.environment["AWS_SECRET_ACCESS_KEY"]
    app = casier.Casier(**stack.settings(session_token=None))
    session = app.authenticate(token)
    files = session.files()
    stored = files.upload_file_object(b"# a\n", "a.md", "blog")
    link = files.presigned_url(stored.key)
    signature = link.url.partition("X-Amz-Signature=")[2][:32]
    assert len(signature) == 32

    verified = casier.TokenVerifier(stack.issuer, jwks=stack.jwks()).verify(token)
    shown = [f"{thing!r} {thing}" for thing in (
        app, session, session.user, verified, files, files.scope, stored, files.list(), link,
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
    for secret in (token, bad, token.split(".")[2], secret_key, signature, "sk_test_abc"):
        assert secret not in text
    assert "ada@example.com" not in text
