"""Clients of S3 that are compared, each with one connection pool, its own defaults, and the same
headers on what it stores."""

import http.client
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3
import obstore
from botocore.config import Config
from botocore.session import Session
from casier import Casier
from obstore.store import S3Store
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

USER = "bench"
KIND = "book"
TYPE = "text/plain"
METADATA = {"project": "casier"}


class Files(Protocol):
    """The small calls, with files of one kind; all but those of a listing are of one user."""

    name: str

    def put(self, name: str, body: bytes) -> object: ...
    def get(self, name: str) -> bytes: ...
    def head(self, name: str) -> object: ...
    def list(self, user: str) -> object: ...


class Transfers(Protocol):
    """A file from disk and to disk."""

    name: str

    def upload(self, path: Path, name: str) -> object: ...
    def download(self, name: str, path: Path) -> object: ...


def key(name: str, user: str = USER) -> str:
    return f"user_{user}/{KIND}s/{name}"


def disposition(name: str) -> str:
    """What Casier stores with such a file, and so everybody."""
    return f'inline; filename="{name}"'


class OfCasier:
    name = "Casier"

    def __init__(self) -> None:
        self.casier = Casier.from_env()
        self.files = self.casier.storage_for(USER)

    def put(self, name: str, body: bytes) -> object:
        return self.files.upload_file_object(body, name, KIND, metadata=METADATA)

    def get(self, name: str) -> bytes:
        return self.files.read(key(name))

    def head(self, name: str) -> int:
        return self.files.metadata(key(name)).size

    def list(self, user: str) -> list[str]:
        page = self.casier.storage_for(user).list(KIND)
        return [file.key for file in page.items]

    def upload(self, path: Path, name: str) -> object:
        return self.files.upload_file(path, KIND, filename=name, metadata=METADATA)

    def download(self, name: str, path: Path) -> object:
        return self.files.download(key(name), path)


class OfBoto3:
    name = f"boto3 {version('boto3')}"

    def __init__(self) -> None:
        self.client = boto3.client(
            "s3",
            endpoint_url=os.environ["S3_ENDPOINT_URL"],
            config=Config(s3={"addressing_style": "path"}),
        )
        self.bucket = os.environ["S3_BUCKET_NAME"]

    def headers(self, name: str) -> dict[str, Any]:
        return {
            "ContentType": TYPE,
            "ContentDisposition": disposition(name),
            "Metadata": METADATA,
        }

    def put(self, name: str, body: bytes) -> object:
        return self.client.put_object(
            Bucket=self.bucket, Key=key(name), Body=body, **self.headers(name)
        )

    def get(self, name: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=key(name))["Body"].read()

    def head(self, name: str) -> int:
        return self.client.head_object(Bucket=self.bucket, Key=key(name))["ContentLength"]

    def list(self, user: str) -> list[str]:
        page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=key("", user))
        return [file["Key"] for file in page["Contents"]]

    def upload(self, path: Path, name: str) -> object:
        return self.client.upload_file(
            str(path), self.bucket, key(name), ExtraArgs=self.headers(name)
        )

    def download(self, name: str, path: Path) -> object:
        return self.client.download_file(self.bucket, key(name), str(path))


class OfCrt(OfBoto3):
    """The AWS Common Runtime as the AWS CLI uses it, for large files: boto3 itself takes it to
    AWS's own endpoints only."""

    name = f"s3transfer {version('s3transfer')}, awscrt {version('awscrt')}"

    def __init__(self) -> None:
        super().__init__()
        session = Session()
        region, endpoint = os.environ["AWS_REGION"], os.environ["S3_ENDPOINT_URL"]
        config = Config(s3={"addressing_style": "path"})
        options = {"region_name": region, "endpoint_url": endpoint, "config": config}
        credentials = BotocoreCRTCredentialsWrapper(session.get_credentials())
        self.manager = CRTTransferManager(
            create_s3_crt_client(
                region, credentials.to_crt_credentials_provider(), use_ssl=False
            ),
            BotocoreCRTRequestSerializer(session, options),
        )

    def upload(self, path: Path, name: str) -> object:
        headers = self.headers(name)
        return self.manager.upload(str(path), self.bucket, key(name), headers).result()

    def download(self, name: str, path: Path) -> object:
        return self.manager.download(self.bucket, key(name), str(path)).result()


class OfObstore:
    name = f"obstore {version('obstore')}"

    def __init__(self) -> None:
        self.store = S3Store(
            os.environ["S3_BUCKET_NAME"],
            endpoint=os.environ["S3_ENDPOINT_URL"],
            region=os.environ["AWS_REGION"],
            client_options={"allow_http": True},
        )

    def headers(self, name: str) -> dict[str, str]:
        return {"Content-Type": TYPE, "Content-Disposition": disposition(name), **METADATA}

    def put(self, name: str, body: bytes) -> object:
        return obstore.put(self.store, key(name), body, attributes=self.headers(name))

    def get(self, name: str) -> bytes:
        return obstore.get(self.store, key(name)).bytes().to_bytes()

    def head(self, name: str) -> int:
        return obstore.head(self.store, key(name))["size"]

    def list(self, user: str) -> list[str]:
        return [file["path"] for file in obstore.list(self.store, key("", user)).collect()]

    def upload(self, path: Path, name: str) -> object:
        return obstore.put(self.store, key(name), path, attributes=self.headers(name))

    def download(self, name: str, path: Path) -> object:
        # It has no call for this; its documentation's way.
        with path.open("wb") as file:
            for chunk in obstore.get(self.store, key(name)).stream():
                file.write(chunk)
        return None


class Wire:
    """Not a client but what none can do without: links signed beforehand, sent and read by the
    standard library's HTTP on one connection."""

    name = "the wire alone"

    def __init__(self) -> None:
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
        self.signer = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT_URL"], config=config)
        endpoint = urlsplit(os.environ["S3_ENDPOINT_URL"])
        assert endpoint.hostname
        self.connection = http.client.HTTPConnection(endpoint.hostname, endpoint.port)
        self.links: dict[tuple[str, str], str] = {}

    def put(self, name: str, body: bytes) -> object:
        link = self.link("put_object", Key=key(name))
        return self.send("PUT", link, body)

    def get(self, name: str) -> bytes:
        return self.send("GET", self.link("get_object", Key=key(name)))

    def head(self, name: str) -> object:
        return self.send("HEAD", self.link("head_object", Key=key(name)))

    def list(self, user: str) -> object:
        return self.send("GET", self.link("list_objects_v2", Prefix=key("", user)))

    def send(self, method: str, link: str, body: bytes | None = None) -> bytes:
        self.connection.request(method, link, body)
        answer = self.connection.getresponse()
        assert answer.status == 200
        return answer.read()

    def link(self, call: str, **what: str) -> str:
        known = (call, *what.values())
        if known not in self.links:
            what["Bucket"] = os.environ["S3_BUCKET_NAME"]
            url = self.signer.generate_presigned_url(call, what)
            self.links[known] = url.removeprefix(os.environ["S3_ENDPOINT_URL"])
        return self.links[known]

