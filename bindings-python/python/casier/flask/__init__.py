"""Casier in Flask: decorators, response helpers and file routes.

    from casier.flask import create_secure_api, get_current_user, require_subscription

    app.register_blueprint(create_secure_api())

    @app.get("/reports")
    @require_subscription("pro")
    def reports():
        return success_response(reports_of(get_current_user().user_id), "Your reports")

Everything configures itself from the environment at first use; `FlaskCasier(app)` takes the
settings from `app.config` before it. Needs Flask: `pip install casier[flask]`.
"""

from casier.flask.decorators import (
    require,
    require_auth,
    require_feature,
    require_permission,
    require_plan,
    require_role,
    require_subscription,
)
from casier.flask.extension import FlaskCasier
from casier.flask.responses import (
    created_response,
    error_response,
    no_content_response,
    paginated_response,
    success_response,
)
from casier.flask.routes import create_s3_api, create_secure_api
from casier.flask.sign_in import (
    current_session,
    extract_token_from_header,
    get_current_user,
    verify_clerk_token,
)

__all__ = [
    "FlaskCasier",
    "create_s3_api",
    "create_secure_api",
    "created_response",
    "current_session",
    "error_response",
    "extract_token_from_header",
    "get_current_user",
    "no_content_response",
    "paginated_response",
    "require",
    "require_auth",
    "require_feature",
    "require_permission",
    "require_plan",
    "require_role",
    "require_subscription",
    "success_response",
    "verify_clerk_token",
]
