"""What stands in the bucket, seen past the SDK: a list request signed by hand (SigV4)."""

import datetime
import hashlib
import hmac
import http.client
import os
import xml.etree.ElementTree
from urllib.parse import quote, urlsplit

XMLNS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def objects() -> dict[str, str]:
    """Key and ETag of every object in the bucket."""
    endpoint = urlsplit(os.environ["S3_ENDPOINT_URL"])
    found: dict[str, str] = {}
    after = ""
    while True:
        query = {"list-type": "2", "start-after": after}
        root = xml.etree.ElementTree.fromstring(get(endpoint.netloc, query))
        page = {text(entry, "Key"): text(entry, "ETag") for entry in root.iter(f"{XMLNS}Contents")}
        found |= page
        if text(root, "IsTruncated") != "true":
            return found
        after = max(page, key=str.encode)


def uploads() -> set[tuple[str, str]]:
    """Key and id of every upload that is begun."""
    endpoint = urlsplit(os.environ["S3_ENDPOINT_URL"])
    root = xml.etree.ElementTree.fromstring(get(endpoint.netloc, {"uploads": ""}))
    assert text(root, "IsTruncated") == "false"
    return {(text(it, "Key"), text(it, "UploadId")) for it in root.iter(f"{XMLNS}Upload")}


def text(element: xml.etree.ElementTree.Element, name: str) -> str:
    value = element.findtext(f"{XMLNS}{name}")
    assert value is not None, f"the list has no {name}"
    return value


def get(host: str, query: dict[str, str]) -> bytes:
    path = "/" + quote(os.environ["S3_BUCKET_NAME"])
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    nothing = hashlib.sha256(b"").hexdigest()
    headers = {"host": host, "x-amz-content-sha256": nothing, "x-amz-date": now}
    search = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(query.items()))
    names = ";".join(headers)
    lines = [f"{name}:{value}" for name, value in headers.items()]
    request = "\n".join(["GET", path, search, *lines, "", names, nothing])

    region = os.environ["AWS_REGION"]
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for part in [*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashed}"]:
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
    )
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request("GET", f"{path}?{search}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body
    finally:
        connection.close()
