"""A locker for each user: one page, Casier's file routes, and a report for the tier `pro`.

Run it with `gunicorn app:app` from this folder, in the environment of a running `casier-local` or
of a real Clerk instance and bucket.
"""

import json
import os
import urllib.request

from flask import Flask, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from casier.flask import (
    create_s3_api,
    create_secure_api,
    get_current_user,
    require_subscription,
    success_response,
)
from casier.storage import get_storage_service

app = Flask(__name__)
app.register_blueprint(create_secure_api())
app.register_blueprint(create_s3_api())

KINDS = ["document", "image", "book", "blog", "video", "audio", "file"]
LOCAL_USERS = {"ada": ("user_ada", "pro"), "ben": ("user_ben", "free")}


@app.get("/")
def index() -> str:
    return render_template(
        "index.html", user=get_current_user(), kinds=KINDS, local=LOCAL_USERS if is_local() else {}
    )


@app.get("/reports")
@require_subscription("pro")
def reports() -> Response:
    user = get_current_user()
    assert user is not None  # the decorator sees to it
    files = get_storage_service().list_user_files(user.user_id)
    total = sum(file["size"] for file in files)
    return success_response(
        {"files": len(files), "bytes": total}, f"Your report: {len(files)} files, {total} bytes"
    )


# In production Clerk signs users in, in the browser, and sets the cookie.


@app.post("/sign-in")
def sign_in() -> Response:
    refuse_outside_local()
    name = request.form.get("user", "")
    if name not in LOCAL_USERS:
        abort(400)
    user_id, tier = LOCAL_USERS[name]
    answer = redirect("/", 303)
    answer.set_cookie("__session", mint(user_id, tier), max_age=3600, httponly=True, samesite="Lax")
    return answer


@app.post("/sign-out")
def sign_out() -> Response:
    refuse_outside_local()
    answer = redirect("/", 303)
    answer.delete_cookie("__session", httponly=True, samesite="Lax")
    return answer


def is_local() -> bool:
    return os.environ.get("CASIER_LOCAL") == "1"


def refuse_outside_local() -> None:
    """Before anything of the body is read. Another site must not sign anybody in or out."""
    if not is_local():
        abort(404)
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)


def mint(user_id: str, tier: str) -> str:
    """A session token of the local issuer, for an hour."""
    order = urllib.request.Request(
        os.environ["CASIER_LOCAL_MINT_URL"],
        data=json.dumps({"user_id": user_id, "tier": tier, "ttl": 3600}).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["CASIER_LOCAL_MINT_TOKEN"],
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(order, timeout=10) as answer:
        return str(json.load(answer)["token"])
