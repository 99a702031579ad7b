"""The exceptions, and the catalogue behind them."""

import pickle

import pytest

import casier
from casier import errors
from casier._casier import catalogue


def test_every_code_has_a_class() -> None:
    codes = [code for code, *_ in catalogue()]
    assert len(codes) > 50
    for code in codes:
        error = errors.error_class(code)(code, "why")
        assert isinstance(error, casier.CasierError)
        assert error.code == code


@pytest.mark.parametrize(
    ("code", "kind", "status", "retryable"),
    [
        ("token-expired", casier.AuthenticationError, 401, False),
        ("not-owner", casier.AccessDenied, 403, False),
        ("invalid-key", casier.InvalidInput, 400, False),
        ("file-too-large", casier.InvalidInput, 413, False),
        ("file-not-found", casier.NotFound, 404, False),
        ("file-exists", casier.Conflict, 409, False),
        ("rate-limited", casier.Unavailable, 429, True),
        ("storage-unavailable", casier.Unavailable, 503, True),
        ("timeout", casier.Unavailable, 504, True),
        ("storage-denied", casier.StorageError, 502, False),
        ("config-invalid", casier.ConfigError, 500, False),
        ("internal", casier.CasierError, 500, False),
    ],
)
def test_families(code: str, kind: type, status: int, retryable: bool) -> None:
    assert errors.error_class(code) is kind
    error = errors.error_class(code)(code, "why")
    assert (error.status, error.retryable) == (status, retryable)
    assert str(error) == f"{code}: why"


def test_statuses_are_those_of_the_core() -> None:
    for code, status, retryable, _, meaning in catalogue():
        error = errors.error_class(code)(code, meaning)
        assert (error.status, error.retryable) == (status, retryable)


def test_details_come_from_the_core() -> None:
    decision = casier.Policy.builtin().decide(
        casier.User("user_1", subscription="free"), casier.Action.subscription("pro")
    )
    assert decision.error is not None
    assert decision.error.details == casier.Details(required="pro", actual="free")

    too_large = casier.Action.upload("image", "a.png", "image/png", 1 << 40)
    error = casier.Policy.builtin().decide(casier.User("user_1"), too_large).error
    assert error is not None
    assert (error.code, error.details.limit) == ("file-too-large", 10 << 20)


def test_errors_can_be_pickled() -> None:
    error = casier.AccessDenied("not-owner", "why", casier.Details(required="pro", limit=3))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is casier.AccessDenied
    assert (copy.code, copy.message, copy.details) == (error.code, error.message, error.details)


def test_unknown_codes_are_refused() -> None:
    with pytest.raises(ValueError, match="no-such-code"):
        casier.CasierError("no-such-code", "why")
