"""The core's file routes as blueprints. All that they do happens in the core; here a request is
taken apart, and its answer sent."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPMethod
from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from casier.errors import CasierError, InvalidInput
from casier.flask.body import read_body
from casier.flask.responses import answer_error, headers_with_id, send
from casier.flask.sign_in import current_casier, remember
from casier.http import HttpApi, http_routes


def create_secure_api(
    *, name: str = "secure_api", url_prefix: str = "/api/secure"
) -> Blueprint:
    """The routes of a user's files, as a blueprint; and the script that uploads from a page, at
    `url_for("secure_api.uploads_script")`.

    Args:
        name: The blueprint's name, before each endpoint's.
        url_prefix: Where the routes are.
    """
    blueprint = _blueprint("secure", name, url_prefix)
    blueprint.add_url_rule("/uploads.js", "uploads_script", _uploads_script)
    return blueprint


def create_s3_api(
    *, name: str = "s3_api", url_prefix: str = "/api/s3", admin_may_list: bool = False
) -> Blueprint:
    """The routes of older clients, which answer without an envelope, as a blueprint.

    Args:
        name: The blueprint's name, before each endpoint's.
        url_prefix: Where the routes are.
        admin_may_list: Whether `GET /list` lets the highest role name another `user_id`. Each use
            is logged.
    """
    return _blueprint("s3", name, url_prefix, admin_may_list)


def _blueprint(routes: str, name: str, url_prefix: str, admin_may_list: bool = False) -> Blueprint:
    def view_of(path: str) -> Callable[..., Response]:
        def view(**taken: str) -> Response:
            try:
                api = HttpApi(current_casier(), routes, admin_may_list=admin_may_list)
                return _answer(api, _filled(path, {"key": ""} | taken))
            except CasierError as error:
                return answer_error(error)

        return view

    blueprint = Blueprint(name, __name__, url_prefix=url_prefix)
    blueprint.record(_add_converter)
    for endpoint, method, path in http_routes(routes):
        rule = path.replace("{key}", "<casier_rest:key>").replace("{id}", "<id>")
        blueprint.add_url_rule(rule, endpoint, view_of(path), methods=[method])
    # Below the prefix, what is no route is refused in the same form.
    other = view_of("/{key}")
    for rule in ["", "/<casier_rest:key>"]:
        blueprint.add_url_rule(rule, "no_route", other, methods=_METHODS)
    return blueprint


def _filled(path: str, taken: dict[str, str]) -> str:
    """The path that was asked for: a route takes one part of it at most."""
    for name, value in taken.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _uploads_script() -> Response:
    return send_from_directory(Path(__file__).parent, "uploads.js", mimetype="text/javascript")


# Flask itself answers OPTIONS.
_METHODS = [method for method in HTTPMethod if method is not HTTPMethod.OPTIONS]


def _answer(api: HttpApi, path: str) -> Response:
    try:
        request.environ["PATH_INFO"].encode("latin-1").decode()
    except UnicodeDecodeError:
        raise InvalidInput("invalid-request", "the path is not UTF-8") from None
    query = request.query_string.decode("latin-1")
    address = request.remote_addr
    call = api.begin(request.method, path, query, headers_with_id(), address=address)
    if call.session:
        remember(call.session)
    return send(call.answer(read_body(call)))


class _Rest(BaseConverter):
    """The rest of the path as it stands: unlike `path`, it may be empty and begin with a slash, so
    that no address is turned into another by a redirect."""

    regex = "(?s:.*)"
    part_isolating = False


def _add_converter(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["casier_rest"] = _Rest
