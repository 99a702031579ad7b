"""The local stack, run as a child process for the tests of this folder."""

from __future__ import annotations

import json
import os
import select
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import casier
from casier.flask import FlaskCasier, create_s3_api, create_secure_api

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 30.0


class LocalStack:
    """A running `casier-local`, and what it printed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def mint(self, user_id: str, **fields: object) -> str:
        """A token of the local issuer."""
        answer = self.fetch(
            self.environment["CASIER_LOCAL_MINT_URL"],
            data=json.dumps({"user_id": user_id, **fields}).encode(),
            headers={
                "Authorization": f"Bearer {self.environment['CASIER_LOCAL_MINT_TOKEN']}",
                "Content-Type": "application/json",
            },
        )
        token: str = json.loads(answer)["token"]
        return token

    def bearer(self, user_id: str, **fields: object) -> dict[str, str]:
        """The header of a request by this user."""
        return {"Authorization": "Bearer " + self.mint(user_id, **fields)}

    def jwks(self) -> str:
        """The issuer's public keys."""
        return self.fetch(f"{self.issuer}/.well-known/jwks.json").decode()

    def inject(self, fault: str, **rule: object) -> None:
        """Makes the store behave as `docs/local.md` says of this fault."""
        self.faults("POST", {"fault": fault, **rule})

    def faults(self, method: str, rule: dict[str, object] | None = None) -> Any:
        """Sets, tells of or clears the faults of the store."""
        answer = self.fetch(
            self.environment["CASIER_LOCAL_FAULTS_URL"],
            method=method,
            data=None if rule is None else json.dumps(rule).encode(),
            headers={
                "Authorization": f"Bearer {self.environment['CASIER_LOCAL_MINT_TOKEN']}",
                "Content-Type": "application/json",
            },
        )
        return json.loads(answer) if answer else None

    @property
    def issuer(self) -> str:
        return self.environment["CLERK_ISSUER"]

    def settings(self, **more: Any) -> dict[str, Any]:
        """The same configuration as the environment's, as settings in code."""
        return {
            "local": True,
            "issuer": self.issuer,
            "endpoint_url": self.environment["S3_ENDPOINT_URL"],
            "bucket": self.environment["S3_BUCKET_NAME"],
            "access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
            "secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
            "region": self.environment["AWS_REGION"],
        } | more

    def child_environment(self) -> dict[str, str]:
        """For a child process: this environment, and nothing else that Casier reads."""
        return {"PATH": os.environ["PATH"], **self.environment}

    def fetch(self, url: str, **request: Any) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, **request), timeout=10) as answer:
            body: bytes = answer.read()
            return body


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    pipe = subprocess.PIPE
    command = [str(program()), "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield LocalStack(read_environment(process))
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)
        finally:
            process.kill()


@pytest.fixture(scope="session")
def app(stack: LocalStack) -> casier.Casier:
    return casier.Casier(**stack.settings())


@pytest.fixture
def ada(stack: LocalStack, app: casier.Casier, request: pytest.FixtureRequest) -> casier.Session:
    """A signed-in user of tier pro, another one for each test."""
    user_id = f"user_ada_{abs(hash(request.node.nodeid)):x}"
    return app.authenticate(stack.mint(user_id, tier="pro", role="manager"))


@pytest.fixture
def files(ada: casier.Session) -> casier.UserStorage:
    return ada.files()


@pytest.fixture
def trusted(app: casier.Casier, request: pytest.FixtureRequest) -> casier.UserStorage:
    """Files without the limits of a tier, another user's for each test."""
    return app.storage_for(f"user_bob_{abs(hash(request.node.nodeid)):x}")


@pytest.fixture
def faulty(stack: LocalStack) -> Iterator[LocalStack]:
    """The stack, to inject faults into; they end with the test."""
    stack.faults("DELETE")
    yield stack
    stack.faults("DELETE")


@pytest.fixture
def web(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A Flask app with the local stack's settings."""
    monkeypatch.setattr("casier._current._casier", None)
    web = Flask("web")
    web.config.update(stack.environment)
    FlaskCasier(web)
    return web


def program() -> Path:
    """Where `casier-local` is: `CASIER_LOCAL_BIN` says, else where cargo puts it."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = Path(os.environ.get("CASIER_LOCAL_BIN", target / "debug" / "casier-local"))
    if not path.exists():
        pytest.fail(f"{path} is missing: cargo build -p casier-local, or set CASIER_LOCAL_BIN")
    return path


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    web.register_blueprint(create_secure_api())
    web.register_blueprint(create_s3_api())
    return web.test_client(use_cookies=False)


@pytest.fixture
def bearer(ada: casier.Session, stack: LocalStack) -> dict[str, str]:
    return stack.bearer(ada.user.user_id, tier="pro", role="manager")


def read_environment(process: subprocess.Popen[str]) -> dict[str, str]:
    """The `KEY=value` lines that the program prints before `# ready`."""
    environment: dict[str, str] = {}
    stdout = process.stdout
    assert stdout is not None
    readable, _, _ = select.select([stdout], [], [], START_LIMIT)
    if not readable:
        process.kill()
        pytest.fail(f"casier-local printed nothing within {START_LIMIT:.0f} s")
    for line in stdout:
        text = line.strip()
        if text == "# ready":
            return environment
        if not text.startswith("#"):
            name, _, value = text.partition("=")
            environment[name] = value
    pytest.fail(f"casier-local ended with status {process.wait()} before it was ready")
