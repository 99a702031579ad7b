"""The contest of links to read, by the clock and in one thread. Nobody asks the store, and all have
keys that do not end. Casier and boto3 sign the answer's content type and disposition in; obstore has
no way to."""

import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import boto3
import obstore
import rounds
import stores
from botocore.config import Config

BATCH = 100
"""Links in one turn, as for a page of files."""

ROUNDS = 150
EXPIRES_IN = 3600

Signs = Callable[[Sequence[str]], object]


def outcomes() -> list[dict[str, Any]]:
    casier, obstore_, boto3_ = stores.OfCasier.name, stores.OfObstore.name, stores.OfBoto3.name
    many = f"{casier}, `presigned_urls` of {BATCH}"
    contestants = {
        obstore_: of_obstore(),
        casier: of_casier(),
        boto3_: of_boto3(),
        f"{obstore_}, {BATCH} at once": of_obstore(is_at_once=True),
        many: of_casier(is_at_once=True),
    }
    turns = {name: turn(signs) for name, signs in contestants.items()}
    outcome = rounds.compare("presigned GET", turns, [names(number) for number in range(ROUNDS)])
    for name in (casier, many):
        rounds.want(outcome, name, {boto3_: 50}, ratio=3)
    return [outcome]


def of_casier(is_at_once: bool = False) -> Signs:
    files = stores.OfCasier().files
    if is_at_once:
        return lambda keys: files.presigned_urls(keys, EXPIRES_IN)
    return lambda keys: [files.presigned_url(key, EXPIRES_IN) for key in keys]


def of_obstore(is_at_once: bool = False) -> Signs:
    store, life = stores.OfObstore().store, timedelta(seconds=EXPIRES_IN)
    if is_at_once:
        return lambda keys: obstore.sign(store, "GET", keys, life)
    return lambda keys: [obstore.sign(store, "GET", key, life) for key in keys]


def of_boto3() -> Signs:
    # Left to itself, it signs links as S3 did before 2014.
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT_URL"], config=config)
    bucket = os.environ["S3_BUCKET_NAME"]

    def link(key: str) -> str:
        what = {
            "Bucket": bucket,
            "Key": key,
            "ResponseContentType": stores.TYPE,
            "ResponseContentDisposition": stores.disposition(key.rpartition("/")[2]),
        }
        return client.generate_presigned_url("get_object", what, ExpiresIn=EXPIRES_IN)

    return lambda keys: [link(key) for key in keys]


def turn(signs: Signs) -> Callable[[Sequence[str]], float]:
    def run(batch: Sequence[str]) -> float:
        keys = [stores.key(name) for name in batch]
        started = time.perf_counter_ns()
        signs(keys)
        return (time.perf_counter_ns() - started) / len(keys)

    run(names(0))
    return run


def names(number: int) -> list[str]:
    """Names that no other round has."""
    return [f"file-{number}-{at}.txt" for at in range(BATCH)]
