"""The settings that `Casier(**settings)` takes, for type checkers.

The documentation's table of settings says what each means; `tests/test_settings.py` holds this list
to the core's.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TypedDict

Names = str | Sequence[str]
"""One entry, several separated by commas, or a sequence."""


class Settings(TypedDict, total=False):
    """Every setting, by its name in code. None leaves it out."""

    issuer: str | None
    publishable_key: str | None
    provider: str | None
    jwks_url: str | None
    jwt_key: str | None
    secret_key: str | None
    user_lookup: bool | None
    clerk_api_url: str | None
    authorized_parties: Names | None
    allow_missing_azp: bool | None
    audience: Names | None
    algorithms: Names | None
    clock_skew: int | None
    public_metadata_claim: str | None
    clerk_webhook_secret: Names | None
    access_key_id: str | None
    secret_access_key: str | None
    session_token: str | None
    region: str | None
    bucket: str | None
    endpoint_url: str | None
    public_endpoint_url: str | None
    addressing_style: str | None
    use_ssl: bool | None
    link_seconds: int | None
    deadline_seconds: int | None
    server_side_encryption: str | None
    kms_key_id: str | None
    storage_class: str | None
    grant_role_arn: str | None
    sts_endpoint_url: str | None
    cloudfront_domain: str | None
    cloudfront_key_pair_id: str | None
    cloudfront_private_key: str | None
    policy: str | PathLike[str] | None
    allowed_origins: Names | None
    token_cache: bool | None
    local: bool | None
    redis_url: str | None
    secret: Names | None
    webhook_url: str | None
    webhook_secret: Names | None
    config: str | PathLike[str] | None
