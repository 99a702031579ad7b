"""One name for one thing: a type that the languages share has the same members in each."""

import pytest
import surfaces

SURFACES = {
    "Rust": surfaces.rust(),
    "Python": surfaces.python(),
    "Node": surfaces.node(),
    "Swift": surfaces.swift(),
}
ALL = frozenset(SURFACES)
BINDINGS = ALL - {"Rust"}

# Each type, and the languages that have it.
SHARED = {
    "Action": ALL,
    "AuditEvent": ALL,
    "BegunUpload": ALL,
    # An object literal in Node.
    "ByteRange": ALL - {"Node"},
    "Casier": ALL,
    "CasierError": ALL,
    "CdnCookies": ALL,
    "Decision": ALL,
    "Details": ALL,
    "Facts": ALL,
    "FileList": ALL,
    "FileStream": ALL,
    "KindUsage": ALL,
    "Link": ALL,
    "Organization": ALL,
    "Page": ALL,
    "ParsedKey": ALL,
    "PartUrl": ALL,
    "Policy": ALL,
    "PresignedPost": ALL,
    "PresignedUpload": ALL,
    "Receipt": ALL,
    "Scope": ALL,
    "Session": ALL,
    # The core's table of settings is held against each binding by that binding's own tests.
    "Settings": BINDINGS,
    "StoredFile": ALL,
    "SweptUploads": ALL,
    "TemporaryCredentials": ALL,
    "TokenVerifier": ALL,
    "UploadState": ALL,
    "Usage": ALL,
    "User": ALL,
    "UserStorage": ALL,
    "VerifiedToken": ALL,
}

# What a type is called where a language has another word for it.
CALLED = {("Rust", "CasierError"): "Error"}

# The languages' own ways, in any type.
IDIOMS = {"Swift": {"description", "error_description"}}

# What only some languages have, and why. An exception that is none any more fails as well.
EXCEPTIONS = [
    ("AuditEvent", "keys", "Python", "an event answers as a dict does, too"),
    (
        "Casier",
        "authenticate_cached",
        "Rust",
        "for the bindings, which give up a lock before they wait",
    ),
    ("Casier", "builder config", "Rust", "a builder; elsewhere the constructor takes the settings"),
    ("CasierError", "is_retryable kind", "Rust", "questions begin with `is_`; the code as an enum"),
    ("CasierError", "retryable", "Python Node Swift", "`is_retryable` in Rust"),
    (
        "CasierError",
        "with_actual with_details with_limit with_required with_retry_after with_source",
        "Rust",
        "how errors are made, which only the core does",
    ),
    ("CasierError", "message", "Rust Python Swift", "in Node, Error itself has it"),
    ("CasierError", "category", "Node", "a group of codes is a class in Python, a case in Swift"),
    (
        "CasierError",
        "access_denied authentication config conflict failure invalid_input not_found other storage"
        " unavailable",
        "Swift",
        "the groups of codes are the cases of an enum, and what they carry",
    ),
    ("Decision", "into_result is_allowed refused", "Rust", "an enum in Rust, whose cases carry these"),
    (
        "Decision",
        "content_type error link_expires_at link_seconds require",
        "Python Node Swift",
        "an enum in Rust",
    ),
    ("Facts", "with_stored_bytes", "Rust", "a builder"),
    ("FileList", "next", "Rust Node", "`__next__` in Python; Swift has it in the iterator"),
    ("FileList", "close return", "Node", "how loops end iterators there; elsewhere it is let go"),
    ("FileList", "make_async_iterator", "Swift", "how loops begin there"),
    ("FileStream", "next", "Rust Node", "as of `FileList`"),
    ("FileStream", "close", "Python Node", "in Rust and Swift it is let go"),
    ("FileStream", "return", "Node", "how loops end iterators there"),
    ("FileStream", "make_async_iterator", "Swift", "how loops begin there"),
    (
        "Policy",
        "check_type highest_role kind largest_upload lowest_tier organization_plans role_rank tier"
        " tier_rank",
        "Rust",
        "what the core itself asks the policy; the bindings give its decisions",
    ),
    ("Session", "with_casier", "Rust", "how Python's sessions outlive a fork"),
    ("TokenVerifier", "verify_cached", "Rust", "as `Casier.authenticate_cached`"),
    ("User", "get keys", "Python", "a user answers as a dict does, too"),
    ("UserStorage", "move", "Python Node Swift", "`move_to` in Rust, of which `move` is a keyword"),
    ("UserStorage", "move_to", "Rust", "`move` in the other languages"),
    (
        "UserStorage",
        "cdn_cookies_at cdn_url_at presigned_url_at",
        "Rust",
        "for a time that is given; the other languages sign for the present",
    ),
]


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_type_has_the_same_members_in_each_language(name: str) -> None:
    having: dict[str, set[str]] = {}
    for language in SHARED[name]:
        found = SURFACES[language].get(CALLED.get((language, name), name), set())
        assert found, f"{language} has no {name}"
        for member in found - IDIOMS.get(language, set()):
            having.setdefault(member, set()).add(language)

    partial = {member: found for member, found in having.items() if found != SHARED[name]}
    excepted = {
        member: set(languages.split())
        for of, members, languages, _ in EXCEPTIONS
        if of == name
        for member in members.split()
    }
    wrong = [
        f"{name}.{member} is in {', '.join(sorted(found))} alone"
        for member, found in sorted(partial.items())
        if excepted.get(member) != found
    ]
    assert not wrong, "\n".join(wrong)
    stale = [f"{name}.{member}" for member in excepted if member not in partial]
    assert not stale, f"no exceptions any more: {', '.join(stale)}"
