"""What lets others reach the store: links, uploads and forms that are signed beforehand, keys for a
while, links and cookies for a CDN."""

import base64
import hashlib
import json
import subprocess
import urllib.error
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import LocalStack

import casier

TEXT = "# Été\n".encode()
DOMAIN = "cdn.example.com"


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(casier.CasierError) as raised:
        call()
    return raised.value.code


def status_of(call: Callable[[], object]) -> int:
    """What the store answers to a request that it refuses."""
    with pytest.raises(urllib.error.HTTPError) as raised:
        call()
    raised.value.close()
    return raised.value.code


def send(stack: LocalStack, upload: casier.PresignedUpload, data: bytes, **headers: str) -> None:
    stack.fetch(upload.url, method=upload.method, data=data, headers=upload.headers | headers)


def post(stack: LocalStack, form: casier.PresignedPost, data: bytes, **fields: str) -> None:
    """Sends a form as a browser does."""
    boundary = "a8b3f1"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (form.fields | fields).items()
    ]
    head = "".join(parts) + (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="file"; filename="mine.md"\r\n'
        "Content-Type: text/plain\r\n\r\n"
    )
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    stack.fetch(form.url, method="POST", data=body, headers={"Content-Type": kind})


def test_many_links(files: casier.UserStorage, stack: LocalStack) -> None:
    keys = [files.upload_file_object(TEXT, f"É {n}.md", "blog").key for n in range(3)]
    links = files.presigned_urls(keys, 60, "a.md")
    assert [stack.fetch(link.url) for link in links] == [TEXT] * 3
    assert {link.expires_in for link in links} == {60}
    assert all("a.md" in link.url for link in links)
    assert files.presigned_urls([]) == []
    assert len(files.presigned_urls([keys[0]] * 2000)) == 2000

    assert code_of(lambda: files.presigned_urls([*keys, "user_other/a.md"])) == "not-owner"
    assert code_of(lambda: files.presigned_urls([*keys, keys[0] + "/../a"])) == "invalid-key"
    assert code_of(lambda: files.presigned_urls(keys, 604801)) == "invalid-request"
    assert code_of(lambda: files.presigned_urls(["\ud800"])) == "invalid-request"
    with pytest.raises(TypeError, match="sequence of strings"):
        files.presigned_urls(keys[0])


def test_links_are_handed_out_again(files: casier.UserStorage) -> None:
    key = f"{files.scope.prefix}blogs/a.md"
    first = files.presigned_url(key, 600, reuse=True)
    again = files.presigned_url(key, 600, reuse=True)
    assert (again.url, again.expires_at) == (first.url, first.expires_at)
    assert again.expires_in <= first.expires_in
    assert files.presigned_urls([key], 600, reuse=True)[0].expires_at == first.expires_at
    assert files.presigned_url(key, 600).expires_at != first.expires_at
    assert files.presigned_url(key, 601, reuse=True).expires_at != first.expires_at


def test_links_with_keys_of_the_chain(
    stack: LocalStack, files: casier.UserStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = files.upload_file_object(TEXT, "a.md", "blog")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, stack.environment[name])
    app = casier.Casier(**stack.settings(access_key_id=None, secret_access_key=None))
    same = app.storage_for(files.scope.user_id)
    assert stack.fetch(same.presigned_url(stored.key).url) == TEXT


def test_an_upload_by_put(files: casier.UserStorage, stack: LocalStack) -> None:
    upload = files.presigned_upload(
        "Été.md", "blog", len(TEXT), metadata={"place": "Évreux"}, expires_in=60
    )
    assert upload.key == f"{files.scope.prefix}blogs/Été.md"
    assert (upload.method, upload.expires_in) == ("PUT", 60)
    assert upload.headers["content-length"] == str(len(TEXT))
    assert timedelta(0) < upload.expires_at - datetime.now(UTC) <= timedelta(seconds=60)

    longer = {"content-length": str(len(TEXT) + 1)}
    assert status_of(lambda: send(stack, upload, TEXT + b"x", **longer)) == 403
    assert status_of(lambda: send(stack, upload, TEXT, **{"content-type": "text/html"})) == 403
    assert status_of(lambda: send(stack, upload, TEXT, **{"x-amz-acl": "private"})) == 403
    assert not files.exists(upload.key)
    send(stack, upload, TEXT)
    stored = files.metadata(upload.key)
    assert (stored.size, stored.metadata) == (len(TEXT), {"place": "Évreux"})
    assert (stored.content_type or "").startswith("text/markdown")


def test_what_an_upload_by_put_promises(files: casier.UserStorage, stack: LocalStack) -> None:
    digest = hashlib.sha256(TEXT).digest()
    upload = files.presigned_upload("a.md", "blog", len(TEXT), sha256=digest)
    assert upload.headers["x-amz-checksum-sha256"] == base64.b64encode(digest).decode()
    assert status_of(lambda: send(stack, upload, TEXT.upper())) == 400
    assert not files.exists(upload.key)
    send(stack, upload, TEXT)
    new = files.presigned_upload("a.md", "blog", len(TEXT), overwrite=False)
    assert status_of(lambda: send(stack, new, TEXT)) == 412
    hidden = files.presigned_upload("a.md", "blog", 1, unguessable=True, storage_class="STANDARD")
    assert hidden.key != upload.key
    assert hidden.headers["x-amz-storage-class"] == "STANDARD"

    with pytest.raises(ValueError, match="32 bytes"):
        files.presigned_upload("a.md", "blog", 1, sha256=digest[1:])
    with pytest.raises(TypeError):
        files.presigned_upload("a.md", "blog", 1, sha256=digest.hex())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not negative"):
        files.presigned_upload("a.md", "blog", -1)


def test_an_upload_by_form(files: casier.UserStorage, stack: LocalStack) -> None:
    form = files.presigned_post("Été.md", "blog", (1, 10), metadata={"place": "Évreux"})
    assert form.key == f"{files.scope.prefix}blogs/Été.md"
    assert form.fields["key"] == form.key
    assert form.expires_in == 900
    assert form.expires_at > datetime.now(UTC)

    refused: list[Callable[[], None]] = [
        lambda: post(stack, form, b"12345678901"),
        lambda: post(stack, form, b""),
        lambda: post(stack, form, TEXT, key="user_other/a.md"),
        lambda: post(stack, form, TEXT, **{"Content-Type": "text/html"}),
        lambda: post(stack, form, TEXT, **{"x-amz-acl": "private"}),
    ]
    for call in refused:
        assert status_of(call) in (400, 403)
    assert not files.exists(form.key)
    post(stack, form, TEXT)
    stored = files.metadata(form.key)
    assert (stored.size, stored.metadata) == (len(TEXT), {"place": "Évreux"})
    assert code_of(lambda: files.presigned_post("a.md", "blog", (10, 1))) == "invalid-request"
    with pytest.raises(ValueError, match="not negative"):
        files.presigned_post("a.md", "blog", (-1, 1))


def test_what_is_not_signed(files: casier.UserStorage) -> None:
    cases: list[tuple[tuple[str, str, int], dict[str, Any], str]] = [
        (("a.md", "no such kind", 1), {}, "invalid-kind"),
        (("..", "blog", 1), {}, "invalid-filename"),
        (("a.mp4", "image", 1), {}, "type-not-allowed"),
        (("a.md", "blog", 10**30), {}, "file-too-large"),
        (("a.md", "blog", 1), {"metadata": {"a": "b" * 3000}}, "metadata-too-large"),
        (("a.md", "blog", 1), {"metadata": {"A B": "c"}}, "invalid-request"),
        (("a.md", "blog", 1), {"expires_in": 901}, "invalid-request"),
        (("a.md", "blog", 1), {"expires_in": 0}, "invalid-request"),
    ]
    for (name, kind, size), options, code in cases:
        assert code_of(lambda: files.presigned_upload(name, kind, size, **options)) == code
        assert code_of(lambda: files.presigned_post(name, kind, (0, size), **options)) == code


def test_what_the_tier_stores_is_reserved(stack: LocalStack, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("version = 1\n[tier.free]\nstored_bytes = 100\n")
    app = casier.Casier(**stack.settings(policy=policy))
    files = app.authenticate(stack.mint("user_quota_of_links")).files()
    files.presigned_upload("a.md", "blog", 60)
    refused: list[Callable[[], object]] = [
        lambda: files.presigned_upload("b.md", "blog", 60),
        lambda: files.presigned_post("b.md", "blog", (0, 60)),
        lambda: files.begin_upload("b.md", "blog", 60),
    ]
    for call in refused:
        with pytest.raises(casier.AccessDenied, match="quota-exceeded"):
            call()
    files.presigned_post("b.md", "blog", (0, 40))


def granted(stack: LocalStack, keys: casier.TemporaryCredentials) -> casier.Casier:
    """Another program, which has these keys and no others."""
    return casier.Casier(
        **stack.settings(
            endpoint_url=keys.endpoint,
            bucket=keys.bucket,
            region=keys.region,
            access_key_id=keys.access_key_id,
            secret_access_key=keys.secret_access_key,
            session_token=keys.session_token,
        )
    )


def test_keys_for_a_while(stack: LocalStack, ada: casier.Session) -> None:
    app = casier.Casier(**stack.settings(grant_role_arn=stack.environment["S3_GRANT_ROLE_ARN"]))
    files = app.storage_for(ada.user.user_id)
    stored = files.upload_file_object(TEXT, "a.md", "blog")
    other = app.storage_for(ada.user.user_id + "0").upload_file_object(TEXT, "a.md", "blog")

    keys = files.temporary_credentials()
    assert (keys.bucket, keys.prefix, keys.path_style) == (files.bucket, files.scope.prefix, True)
    assert timedelta(minutes=59) < keys.expires_at - datetime.now(UTC) < timedelta(minutes=61)
    reader = granted(stack, keys)
    there = reader.storage_for(ada.user.user_id)
    assert there.read(stored.key) == TEXT
    assert [file.key for file in there.list().items] == [stored.key]
    elsewhere = reader.storage_for(ada.user.user_id + "0")
    for call in [
        lambda: there.upload_file_object(TEXT, "b.md", "blog"),
        lambda: there.delete(stored.key),
        lambda: elsewhere.read(other.key),
        lambda: elsewhere.list(),
    ]:
        assert code_of(call) == "storage-denied"

    writer = granted(stack, files.temporary_credentials("read-write", 900))
    there = writer.storage_for(ada.user.user_id)
    assert there.read(there.upload_file_object(TEXT, "b.md", "blog").key) == TEXT
    there.delete(stored.key)
    elsewhere = writer.storage_for(ada.user.user_id + "0")
    assert code_of(lambda: elsewhere.upload_file_object(TEXT, "b.md", "blog")) == "storage-denied"
    assert not files.exists(stored.key)
    link = there.presigned_url(there.list().items[0].key)
    assert stack.fetch(link.url) == TEXT


def test_keys_that_are_not_given(stack: LocalStack, files: casier.UserStorage) -> None:
    for seconds in (899, 43201, -1):
        code = code_of(lambda: files.temporary_credentials(expires_in=seconds))
        assert code == "invalid-request"
    every: Any = "everything"
    assert code_of(lambda: files.temporary_credentials(every)) == "invalid-request"
    with pytest.raises(TypeError):
        files.temporary_credentials(5)  # type: ignore[arg-type]
    with pytest.raises(casier.ConfigError, match="S3_GRANT_ROLE_ARN"):
        files.temporary_credentials()


@pytest.fixture(scope="module")
def cdn(stack: LocalStack) -> casier.UserStorage:
    """Files that a distribution serves."""
    command = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    pem = subprocess.run(command, capture_output=True, check=True, text=True, timeout=20).stdout
    settings = stack.settings(
        cloudfront_domain=DOMAIN,
        cloudfront_key_pair_id="K2JCJMDEHXQW5F",
        cloudfront_private_key=pem,
    )
    return casier.Casier(**settings).storage_for("cdn")


def test_links_for_a_cdn(cdn: casier.UserStorage, files: casier.UserStorage) -> None:
    link = cdn.cdn_url("user_cdn/blogs/Été 1.md", 300)
    assert link.url.startswith(f"https://{DOMAIN}/user_cdn/blogs/%C3%89t%C3%A9%201.md?")
    assert link.expires_in == 300
    query = parse_qs(urlsplit(link.url).query)
    assert query["Expires"] == [str(int(link.expires_at.timestamp()))]
    assert query["Key-Pair-Id"] == ["K2JCJMDEHXQW5F"]

    start = datetime.now(UTC) + timedelta(minutes=1)
    later = cdn.cdn_url("user_cdn/a.md", 300, starts_at=start, ip_range="192.0.2.0/24")
    condition = policy_in(parse_qs(urlsplit(later.url).query)["Policy"][0])["Condition"]
    assert condition["DateGreaterThan"] == {"AWS:EpochTime": int(start.timestamp())}
    assert condition["IpAddress"] == {"AWS:SourceIp": "192.0.2.0/24"}

    assert code_of(lambda: cdn.cdn_url("user_other/a.md")) == "not-owner"
    assert code_of(lambda: cdn.cdn_url("user_cdn/../a.md")) == "invalid-key"
    assert code_of(lambda: cdn.cdn_url("user_cdn/a.md", ip_range="::1")) == "invalid-request"
    assert code_of(lambda: cdn.cdn_url("user_cdn/a.md", 60, starts_at=start)) == "invalid-request"
    assert code_of(lambda: cdn.cdn_url("user_cdn/a.md", 0)) == "invalid-request"
    with pytest.raises(TypeError, match="aware"):
        cdn.cdn_url("user_cdn/a.md", starts_at=start.replace(tzinfo=None))
    with pytest.raises(casier.ConfigError, match="CLOUDFRONT_DOMAIN"):
        files.cdn_url(f"{files.scope.prefix}a.md")


def test_cookies_for_a_cdn(cdn: casier.UserStorage, files: casier.UserStorage) -> None:
    answer = cdn.cdn_cookies(600)
    assert (answer.domain, answer.path, answer.expires_in) == (DOMAIN, "/user_cdn/", 600)
    assert timedelta(0) < answer.expires_at - datetime.now(UTC) <= timedelta(seconds=600)
    names = {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}
    assert set(answer.cookies) == names | {"CloudFront-Hash-Algorithm"}
    policy = policy_in(answer.cookies["CloudFront-Policy"])
    assert policy["Resource"] == f"https://{DOMAIN}/user_cdn/*"
    headers = answer.set_cookie_headers("example.com")
    assert len(headers) == 4
    assert all("; Domain=example.com; Path=/user_cdn/; Secure; HttpOnly" in h for h in headers)
    assert code_of(lambda: answer.set_cookie_headers("example.org")) == "invalid-request"
    assert answer.cookies["CloudFront-Signature"] not in repr(answer)
    assert code_of(lambda: cdn.cdn_cookies(604801)) == "invalid-request"
    with pytest.raises(casier.ConfigError, match="CLOUDFRONT_DOMAIN"):
        files.cdn_cookies()


def policy_in(encoded: str) -> dict[str, Any]:
    """The statement of a policy in CloudFront's Base64."""
    text = base64.b64decode(encoded.translate(str.maketrans("-_~", "+=/")))
    statement: dict[str, Any] = json.loads(text)["Statement"][0]
    return statement
