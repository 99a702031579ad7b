"""The contest: everybody in turn on the same tokens, in many short rounds."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

BATCH = 128
"""Tokens in one round."""

Verify = Callable[[str], object]
Batch = list[bytes]


def batches(tokens: Batch) -> list[Batch]:
    return [tokens[at : at + BATCH] for at in range(0, len(tokens) - BATCH + 1, BATCH)]


def contest(title: str, contestants: dict[str, Verify], rounds: Sequence[Batch]) -> dict[str, Any]:
    """Verifies each batch with everybody, in one thread."""

    def turn(verify: Verify) -> Callable[[Batch], float]:
        return lambda batch: timed(verify, batch)

    return compare(title, {name: turn(verify) for name, verify in contestants.items()}, rounds)


def compare(
    title: str, turns: dict[str, Callable[[Batch], float]], rounds: Sequence[Batch]
) -> dict[str, Any]:
    """Gives the median time of one verification and, against the first contestant, the median and
    the quartiles of the ratio of speeds, round by round; against the others the median alone.
    Whoever begins a round is the last in the next one."""
    names = list(turns)
    measured: list[dict[str, float]] = []
    for number, batch in enumerate(rounds):
        first = number % len(names)
        measured.append({name: turns[name](batch) for name in names[first:] + names[:first]})

    def ratios(name: str, other: str) -> list[float]:
        return [one[other] / one[name] for one in measured]

    def row(name: str) -> dict[str, Any]:
        low, ratio, high = statistics.quantiles(ratios(name, names[0]), n=4)
        return {
            "name": name,
            "nanoseconds": statistics.median(one[name] for one in measured),
            "ratio": ratio,
            "low": low,
            "high": high,
            "others": {other: statistics.median(ratios(name, other)) for other in names[1:]},
        }

    return {"title": title, "rows": [row(name) for name in names]}


def want(
    outcome: dict[str, Any], name: str, others: dict[str, float] | None = None, **wanted: float
) -> dict[str, Any]:
    """Says what one contestant should reach: a `ratio` to the first, or to `others`, or so many
    `per_second`."""
    for row in outcome["rows"]:
        if row["name"] == name:
            row["wanted"] = wanted | ({"others": others} if others else {})
    return outcome


def timed(verify: Verify, batch: Batch) -> float:
    """Nanoseconds of this thread for each token, on strings that nobody has seen, since Python
    keeps the hash of a string with it."""
    tokens = [token.decode() for token in batch]
    started = time.thread_time_ns()
    for token in tokens:
        verify(token)
    return (time.thread_time_ns() - started) / len(tokens)


def threaded(verify: Verify, shares: list[Batch]) -> float:
    """Nanoseconds by the clock for each token, with one thread for each share."""
    together = threading.Barrier(len(shares) + 1)

    def work(share: Batch) -> None:
        tokens = [token.decode() for token in share]
        together.wait()
        for token in tokens:
            verify(token)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    together.wait()
    started = time.perf_counter_ns()
    for thread in threads:
        thread.join()
    return (time.perf_counter_ns() - started) / sum(map(len, shares))


def text(outcome: dict[str, Any]) -> str:
    lines = [outcome["title"]]
    for row in outcome["rows"]:
        ratio = f"{row['ratio']:7.3f} ({row['low']:.3f} to {row['high']:.3f})"
        lines.append(f"  {row['nanoseconds']:>9.0f} ns  {ratio}  {row['name']}")
    return "\n".join(lines) + "\n"
