"""The Flask extension, for apps that keep their settings in `app.config`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Flask

from casier._casier import AuditEvent, Casier
from casier._casier import settings as table
from casier._current import share_casier
from casier.errors import CasierError
from casier.flask.responses import answer_error
from casier.settings import Settings


class FlaskCasier:
    """Sets an app up: `FlaskCasier(app)`, or `init_app(app)` later.

    Settings are taken from `app.config`, under the names of their environment variables, and from
    the environment where they are not there. A `CasierError` that any view raises becomes the
    enveloped answer of its code.

    The app's `Casier` is `app.extensions["casier"]`; `casier.storage` uses that of the app that was
    set up last.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        on_audit: Callable[[AuditEvent], object] | None = None,
    ) -> None:
        """Sets `app` up, if it is given.

        Args:
            app: The app.
            on_audit: Called with each decision, as `Casier(…)` has it.

        Raises:
            ConfigError: The first setting that is missing or wrong, by name.
        """
        self._on_audit = on_audit
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Sets an app up.

        Raises:
            ConfigError: The first setting that is missing or wrong, by name.
        """
        given: dict[str, Any] = {
            name: app.config[variable]
            for name, variables, *_ in table()
            for variable in variables
            if app.config.get(variable) is not None
        }
        casier = Casier.from_env(on_audit=self._on_audit, **cast(Settings, given))
        app.extensions["casier"] = casier
        share_casier(casier)
        app.register_error_handler(CasierError, answer_error)
