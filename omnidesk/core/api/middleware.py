"""What must hold below /api/ and at /mcp whatever answers: slashes, problems, limit headers."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase

from omnidesk.core.api.problems import problem_of_status, problem_response

GetResponse = Callable[[HttpRequest], HttpResponseBase]
BELOW = ("/api/", "/mcp/")


def api_middleware(get_response: GetResponse) -> GetResponse:
    """Let a path without its trailing slash work in place, and every error be a problem.

    A redirect would lose a POST body. Only `path_info` changes: signatures over the address
    that the caller used still verify.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path = request.path_info if request.path_info.endswith("/") else f"{request.path_info}/"
        if not path.startswith(BELOW):
            return get_response(request)
        request.path_info = path
        response = get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if response.status_code >= HTTPStatus.BAD_REQUEST and is_page:
            # Django's own error pages: unknown addresses, bad hosts, crashes.
            response = problem_response(request, problem_of_status(response.status_code))
        for name, value in getattr(request, "limit_headers", {}).items():
            response[name] = value
        return response

    return middleware
