"""Configuration by name and from the environment."""

import typing
from pathlib import Path
from typing import Any

import pytest
from conftest import LocalStack

import casier
from casier._casier import settings
from casier.settings import Settings

ISSUER = "https://clerk.example.com"
SECRET = "do-not-show-this-value"


def test_the_typed_settings_are_those_of_the_core() -> None:
    assert set(typing.get_type_hints(Settings)) == {name for name, *_ in settings()}


def build(values: dict[str, Any]) -> casier.Casier:
    return casier.Casier(**values)


@pytest.mark.parametrize("name", [name for name, *_ in settings()])
@pytest.mark.parametrize("value", ["", " "])
def test_empty_values_are_named(name: str, value: str) -> None:
    with pytest.raises(casier.ConfigError, match=name):
        build({"issuer": ISSUER, "bucket": "files", name: value})


@pytest.mark.parametrize("name", [name for name, *_ in settings() if name != "policy"])
def test_wrong_values_are_not_shown(name: str) -> None:
    try:
        build({"issuer": ISSUER, "bucket": "files", name: f"\n{SECRET}\0"})
    except casier.ConfigError as error:
        assert SECRET not in str(error)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(casier.ConfigError, match="buckett"):
        build({"issuer": ISSUER, "buckett": "files"})
    with pytest.raises(TypeError, match="audience"):
        build({"issuer": ISSUER, "audience": 3.5})
    with pytest.raises(TypeError, match="audience"):
        build({"issuer": ISSUER, "audience": [3]})


def test_the_environment_is_read_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLERK_ISSUER", ISSUER)
    with pytest.raises(casier.ConfigError, match="CLERK_ISSUER"):
        casier.Casier()
    casier.Casier.from_env()
    monkeypatch.setenv("PRESIGNED_URL_EXPIRATION", "0")
    with pytest.raises(casier.ConfigError, match="PRESIGNED_URL_EXPIRATION"):
        casier.Casier.from_env()
    casier.Casier.from_env(link_seconds=60)
    with pytest.raises(casier.ConfigError, match="link_secondss"):
        casier.Casier.from_env(link_secondss=60)  # type: ignore[call-arg]


def test_values_of_every_form(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\ntiers = ["guest", "member"]\n')
    casier.Casier(
        issuer=ISSUER,
        bucket="files",
        policy=policy,
        link_seconds=60,
        use_ssl=False,
        local=False,
        region=None,
        authorized_parties=["https://a.example.com", "https://b.example.com"],
        algorithms="RS256,ES256",
    )
    with pytest.raises(casier.ConfigError, match="authorized_parties"):
        casier.Casier(issuer=ISSUER, authorized_parties=["https://a.example.com", ""])


def test_files_need_a_bucket() -> None:
    app = casier.Casier(issuer=ISSUER)
    with pytest.raises(casier.ConfigError, match="S3_BUCKET_NAME"):
        app.storage_for("user_1")


def test_warnings_reach_logging(stack: LocalStack, caplog: pytest.LogCaptureFixture) -> None:
    casier.Casier(**stack.settings())
    records = [record for record in caplog.records if record.name.startswith("casier")]
    assert any("CASIER_LOCAL" in record.getMessage() for record in records)
    assert {record.levelname for record in records} == {"WARNING"}
