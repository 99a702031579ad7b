"""Those whom Casier is compared with, each given its key in the form that it is fastest with."""

import jwt
from clerk_backend_api.security import verify_token
from clerk_backend_api.security.types import VerifyTokenOptions
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jose import jwt as jose_jwt
from jose.backends import RSAKey as JoseKey
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from rounds import Verify


def pyjwt(pem: str, issuer: str) -> Verify:
    key = load_pem_public_key(pem.encode())
    return lambda token: jwt.decode(token, key, algorithms=["RS256"], issuer=issuer)


def joserfc(pem: str, issuer: str) -> Verify:
    key = RSAKey.import_key(pem)
    # Clerk's header has a name, `cat`, that joserfc does not know and would refuse.
    registry = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    rules = joserfc_jwt.JWTClaimsRegistry(
        leeway=5, iss={"essential": True, "value": issuer}, exp={"essential": True}
    )

    def verify(token: str) -> object:
        decoded = joserfc_jwt.decode(token, key, registry=registry)
        rules.validate(decoded.claims)
        return decoded

    return verify


def python_jose(pem: str, issuer: str) -> Verify:
    key = JoseKey(pem, "RS256")
    return lambda token: jose_jwt.decode(token, key, algorithms=["RS256"], issuer=issuer)


def clerk(pem: str) -> Verify:
    options = VerifyTokenOptions(jwt_key=pem)
    return lambda token: verify_token(token, options)
