"""What `make bench` measures in Python: bench.py FOLDER RESULTS."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import links
import peers
import rounds
import storage
from casier import TokenVerifier

ISSUER = "https://clerk.example.com"


def main(folder: Path, results: Path) -> None:
    tokens = (folder / "rs256.tokens").read_bytes().split()
    pem = (folder / "rs256.pem").read_text()
    outcomes = [
        distinct(tokens[: 80 * rounds.BATCH], pem),
        repeated(tokens[: 8 * rounds.BATCH], pem),
        two_threads(tokens, pem),
        *links.outcomes(),
        *storage.outcomes(),
    ]
    for outcome in outcomes:
        print(rounds.text(outcome))
    results.write_text(json.dumps(outcomes, indent=2))


def verifier(pem: str, has_cache: bool = True) -> TokenVerifier:
    return TokenVerifier(ISSUER, pem=pem, token_cache=has_cache)


def distinct(tokens: list[bytes], pem: str) -> dict[str, Any]:
    """Tokens of which each comes once."""
    contestants: dict[str, rounds.Verify] = {
        f"PyJWT {version('PyJWT')}, key parsed once": peers.pyjwt(pem, ISSUER),
        "Casier, cache off": verifier(pem, has_cache=False).verify,
        "Casier": verifier(pem).verify,
        f"joserfc {version('joserfc')}, key parsed once": peers.joserfc(pem, ISSUER),
        f"python-jose {version('python-jose')}, key parsed once": peers.python_jose(pem, ISSUER),
        f"clerk-backend-api {version('clerk-backend-api')}, `jwt_key`": peers.clerk(pem),
    }
    outcome = rounds.contest("RS256, a personal session", contestants, rounds.batches(tokens))
    return rounds.want(outcome, "Casier", ratio=3.5)


def repeated(tokens: list[bytes], pem: str) -> dict[str, Any]:
    """About 1,000 tokens that come again and again."""
    contestants: dict[str, rounds.Verify] = {
        f"PyJWT {version('PyJWT')}, key parsed once": peers.pyjwt(pem, ISSUER),
        "Casier": verifier(pem).verify,
    }
    again = rounds.batches(tokens) * 10
    outcome = rounds.contest("RS256, tokens that come again", contestants, again)
    return rounds.want(outcome, "Casier", per_second=1_000_000)


def two_threads(tokens: list[bytes], pem: str) -> dict[str, Any]:
    """Tokens of which each comes once, in one thread and in two."""
    share = 1024
    again = [tokens[at : at + 3 * share] for at in range(0, len(tokens) - 3 * share, share)] * 2

    def run(count: int, batch: list[bytes]) -> float:
        start = 0 if count == 1 else share
        shares = [batch[start + n * share :][:share] for n in range(count)]
        return rounds.threaded(verifier(pem).verify, shares)

    outcome = rounds.compare(
        "RS256, two threads",
        {"Casier, one thread": lambda b: run(1, b), "Casier, two threads": lambda b: run(2, b)},
        again,
    )
    return rounds.want(outcome, "Casier, two threads", ratio=1.8)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
