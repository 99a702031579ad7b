"""Runs every shared vector through the Python package; see the README beside this folder.

A kind, a field or a code that is not known is a failure, and none is left out.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import casier
from casier._casier import catalogue

VECTORS = Path(__file__).parents[1] / "vectors"
CODES = {code for code, *_ in catalogue()}

Json = dict[str, Any]


class Fields:
    """The members of an object, each taken once; one that is left over is unknown."""

    def __init__(self, members: Json) -> None:
        self.members = dict(members)

    def take(self, name: str, default: Any = None) -> Any:
        return self.members.pop(name, default)

    def require(self, name: str) -> Any:
        return self.members.pop(name)

    def end(self) -> None:
        assert not self.members, f"unknown fields: {sorted(self.members)}"


def run_tokens(given: Json) -> Json:
    verified = verify(given)
    return {
        "user": user_fields(verified.user),
        "issued_at": seconds(verified.issued_at),
        "not_before": seconds(verified.not_before),
        "expires_at": seconds(verified.expires_at),
        "key_id": verified.key_id,
        "session_id": verified.session_id,
    }


def run_has(given: Json) -> Json:
    fields = Fields(given)
    wanted = dict(fields.require("requirement"))
    if isinstance(wanted.get("reverification"), dict):
        wanted["reverification"] = casier.Reverification(**wanted["reverification"])
    now = datetime.fromtimestamp(given["now"], UTC)
    action = casier.Action.has(**wanted)
    casier.Policy.builtin().decide(verify(fields.members).user, action, None, now).require()
    return {}


def verify(given: Json) -> casier.VerifiedToken:
    fields, issuer = Fields(given), Fields(given["issuer"])
    repeated = Fields(fields.take("token_repeated", {}))
    prefix, text, suffix = (repeated.take(part, "") for part in ("prefix", "text", "suffix"))
    token = prefix + text * repeated.take("times", 0) + suffix or fields.require("token")
    repeated.end()
    now = datetime.fromtimestamp(fields.require("now"), UTC)
    source, policy = fields.require("source"), fields.take("policy")
    fields.require("issuer")
    fields.end()

    keys: Json = {form: json.dumps(issuer.take(form)) for form in ("jwks", "jwk") if form in given["issuer"]}
    keys |= {"pem": issuer.take("pem")} if "pem" in given["issuer"] else {}
    keys |= {"jwks": written_out(issuer.take("jwks_text"))} if "jwks_text" in given["issuer"] else {}
    names = (
        "audience authorized_parties allow_missing_azp algorithms clock_skew namespace "
        "public_metadata_claim token_types provider mapping"
    ).split()
    options = {name: issuer.take(name) for name in names if name in given["issuer"]}
    name = issuer.require("issuer")
    issuer.end()
    try:
        if policy is not None:
            options["policy"] = casier.Policy.from_toml(policy, "the case")
        return casier.TokenVerifier(name, **keys, **options).verify(token, now, source)
    except casier.CasierError as error:
        parts = [part for part in token.split(".") if len(part) >= 16]
        assert not any(part in f"{error!r} {error}" for part in parts), "the error shows the token"
        raise


def user_fields(user: casier.User) -> Json:
    members: Json = dict(user)
    if (active := user.organization) is not None:
        names = ("id", "slug", "role", "permissions")
        members["organization"] = {name: getattr(active, name) for name in names}
    if (ages := user.factor_verification_age) is not None:
        members["factor_verification_age"] = list(ages)
    return members


def run_keys(given: Json) -> Json:
    fields = Fields(given)
    user_id, call = fields.require("user_id"), fields.require("call")
    fields.end()
    ((name, arguments),) = call.items()
    texts = {argument: written_out(text) for argument, text in arguments.items()}
    scope = casier.Scope(written_out(user_id))
    match name:
        case "prefix":
            assert not texts
            return {"prefix": scope.prefix}
        case "key":
            return {"key": scope.key(**texts)}
        case "parse":
            parsed = scope.parse(**texts)
            return {"kind": parsed.kind, "filename": parsed.filename}
    raise AssertionError(f"unknown call: {name}")


def written_out(text: str | list[str | list[Any]]) -> str:
    """A text, or the parts of one, `[part, times]` where a part is repeated."""
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in text)


def run_tiers(given: Json) -> Json:
    fields = Fields(given)
    user = casier.User("user_1", **fields.take("user", {}))
    ((name, value),) = fields.require("action").items()
    match name:
        case "subscription" | "role" | "feature":
            action = getattr(casier.Action, name)(value)
        case "upload" | "link":
            action = getattr(casier.Action, name)(**value)
        case _:
            raise AssertionError(f"unknown action: {name}")
    facts = casier.Facts(**fields.take("facts", {}))
    now = datetime.fromtimestamp(fields.take("now", 0), UTC)
    text = fields.take("policy")
    fields.end()
    policy = casier.Policy.builtin() if text is None else casier.Policy.from_toml(text, "the case")
    decision = policy.decide(user, action, facts, now)
    decision.require()
    return {
        "link_seconds": decision.link_seconds,
        "link_expires_at": seconds(decision.link_expires_at),
        "content_type": decision.content_type,
    }


RUNNERS: dict[str, Callable[[Json], Json]] = {
    "has": run_has,
    "keys": run_keys,
    "tiers": run_tiers,
    "tokens": run_tokens,
}


def seconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp())


def covers(found: Json, wanted: Json, path: str) -> None:
    """Each member of `wanted` came out, and equal; of a user, too, some may stay unnamed."""
    for name, value in wanted.items():
        assert name in found, f"nothing comes out at {path}.{name}"
        if name == "user":
            covers(found[name], value, f"{path}.user")
        else:
            same = found[name] == value and type(found[name]) is type(value)
            assert same, f"{path}.{name}: expected {value!r}, got {found[name]!r}"


def hold(case: Json, run: Callable[[Json], Json]) -> None:
    fields, expected = Fields(case), Fields(case["expected"])
    given, wanted, code = fields.require("input"), expected.take("ok"), expected.take("error")
    details = expected.take("details", {})
    fields.require("name")
    fields.require("expected")
    fields.end()
    expected.end()
    assert (wanted is None) != (code is None), "exactly one of `ok` and `error`"
    assert code is None or code in CODES, f"the catalogue has no code {code}"
    try:
        found = run(given)
    except casier.CasierError as error:
        assert error.code == code, f"expected {code or 'success'}, got {error}"
        named = {name: getattr(error.details, name) for name in details}
        covers(named, details, "details")
    else:
        assert wanted is not None, f"expected {code}, got {found}"
        covers(found, wanted, "ok")


def run_files(folder: Path, what: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Runs every file of a folder; the kinds that were there."""
    counts: dict[str, int] = {}
    failures = []
    for path in sorted(folder.glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        run = RUNNERS.get(file["kind"])
        assert run is not None, f"{path.name}: no runner for the kind {file['kind']!r}"
        names = [case["name"] for case in file["cases"]]
        assert len(set(names)) == len(names), f"{path.name}: a name stands twice"
        for case in file["cases"]:
            try:
                hold(case, run)
            except Exception as failure:
                reason = str(failure).partition("\n")[0]
                failures.append(f"{file['kind']}: {case['name']}: {type(failure).__name__}: {reason}")
            counts[file["kind"]] = counts.get(file["kind"], 0) + 1
    with capsys.disabled():
        print("\n" + "\n".join(f"{what} vectors: {kind}: {n} ran" for kind, n in counts.items()))
    assert not failures, f"{len(failures)} fail:\n" + "\n".join(failures)
    return set(counts)


def test_shared_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = run_files(VECTORS, "shared", capsys)
    assert kinds == set(RUNNERS), "each kind has vectors"


@pytest.mark.skipif("CASIER_PUBLISHED" not in os.environ, reason="CASIER_PUBLISHED is not set")
def test_published_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_files(Path(os.environ["CASIER_PUBLISHED"]), "published", capsys)


def test_every_code_is_mapped() -> None:
    for code in CODES:
        error = casier.errors.error_class(code)(code, "why")
        assert isinstance(error, casier.CasierError)
        assert isinstance(error.status, int)
        assert isinstance(error.retryable, bool)
