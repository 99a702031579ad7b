"""Writes the first inputs of each fuzz target: seeds.py CORPUS_FOLDER [PUBLISHED_VECTORS]

They are made from the conformance vectors and, where their folder is given, from the published ones.
"""

import base64
import hashlib
import json
import pathlib
import sys

OWN = pathlib.Path(__file__).parent.parent / "conformance/vectors/tokens.json"
NOW = 1_760_000_000
ISSUER = "https://clerk.example.com"
SEPARATOR = b"\0"
SET, KEY, PEM = b"\0", b"\1", b"\2"


def main(corpus, published=None):
    seeds = {"token": set(), "claims": set(), "jwks": set(), "request": set(requests())}
    for case in json.loads(OWN.read_text())["cases"]:
        add_case(seeds, case["input"])
    if published:
        add_published(seeds, pathlib.Path(published))
    for target, inputs in seeds.items():
        folder = pathlib.Path(corpus, target)
        folder.mkdir(parents=True, exist_ok=True)
        for content in inputs:
            (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)
        print(f"{target}: {len(inputs)} inputs to begin with")


def add_case(seeds, case):
    issuer, token = case["issuer"], case.get("token")
    for form, name in (SET, "jwks"), (KEY, "jwk"):
        if name in issuer:
            seeds["jwks"].add(form + compact(issuer[name]))
    if "pem" in issuer:
        seeds["jwks"].add(PEM + issuer["pem"].encode())
    if token is None:
        return
    add_token(seeds, token)
    header, payload = map(decoded, (token.split(".") + ["", ""])[:2])
    if header and payload:
        options = 2 * rules_like(issuer) + (case.get("source") == "cookie")
        later = max(-128, min(127, case["now"] - NOW))
        seeds["claims"].add(claims_input(with_quick_key(header), payload, options, later))


def add_published(seeds, folder):
    def cases(name):
        return json.loads((folder / name).read_text())["cases"]

    for name in "wycheproof_jws", "rfc_examples", "clerk_fixtures", "wycheproof_jwk":
        for case in cases(f"tokens/{name}.json"):
            if isinstance(case["input"].get("token"), str):
                add_token(seeds, case["input"]["token"])
            for form, kind in (SET, "jwks"), (KEY, "jwk"):
                if isinstance(case["input"].get(kind), dict):
                    seeds["jwks"].add(form + compact(case["input"][kind]))
    for case in cases("jwks/jwks_cases.json"):
        document = case["input"].get("jwks_body", case["input"].get("jwks"))
        text = document.encode() if isinstance(document, str) else compact(document)
        seeds["jwks"].add(SET + text)
    for case in cases("authz/clerk_claims_to_permissions.json"):
        claims = case["input"]["claims"] | {"iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 60}
        seeds["claims"].add(claims_input(compact(quick_header()), compact(claims)))


def add_token(seeds, token):
    seeds["token"].add(token.encode())
    seeds["request"].add(request("Authorization: Bearer " + token))
    seeds["request"].add(request("Cookie: __session=" + token, "Origin: https://app.test"))


def claims_input(header, payload, options=0, later=0):
    return bytes([options, later & 0xFF]) + header + SEPARATOR + payload


def rules_like(issuer):
    """The number of the target's rules that come closest."""
    if "namespace" in issuer:
        return 3
    if "public_metadata_claim" in issuer or "token_types" in issuer:
        return 4
    if "allow_missing_azp" in issuer or "audience" in issuer:
        return 2
    return 1 if "authorized_parties" in issuer else 5 if "jwk" in issuer else 0


def with_quick_key(header):
    """RSA signatures take longest to make, so the header names another key where it can."""
    try:
        members = json.loads(header)
        if members["alg"] == "RS256" and len(header) < 200:
            return compact(members | quick_header())
    except (KeyError, TypeError, ValueError):
        pass
    return header


def quick_header():
    return {"alg": "EdDSA", "kid": "ins_test_ed25519", "typ": "JWT"}


def requests():
    token = "eyJhbGciOiJFZERTQSJ9.e30.AA"
    plain, suffixed = f"__session={token}", f"__session_sfx={token}"
    for options in range(16):
        yield request(f"X-Clerk-Auth-Token: {token}", options=options)
        yield request(f"Authorization: {token}", options=options)
        yield request(f"Authorization: Bearer {token}", "authorization: Basic x", options=options)
        yield request(f"Authorization: Basic x, Bearer {token}", options=options)
        yield request(f"Cookie: {plain}; {suffixed}; __client_uat=1; __client_uat_sfx=0", options=options)
        for origin in "https://listed.example.com", "capacitor://localhost", "https://app.test:443", "null":
            headers = f'Cookie: a=b; __session="{token.replace(".", "%2E")}"', f"Origin: {origin}"
            yield request(*headers, "Host: app.test", method="POST", options=options)
            yield request(*headers, "Sec-Fetch-Site: same-origin", method="DELETE", options=options)
            yield request(*headers, "Sec-Fetch-Site: same-site", method="PUT", options=options)


def request(*headers, method="GET", options=0):
    return bytes([options]) + "\n".join([method, *headers]).encode()


def decoded(part):
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


if __name__ == "__main__":
    main(*sys.argv[1:])
