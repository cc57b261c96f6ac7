"""Errors as RFC 9457 `application/problem+json`, whoever raised them.

`type` is `urn:omnidesk:problem:<kind>`; clients branch on the kind, people read `detail`.
"""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.request import Request

from omnidesk.core.errors import BadInput

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:omnidesk:problem:"
Errors = dict[str, list[str]]

# kind -> title; the kind of an HTTP status that has none of its own is its row in `_OF_STATUS`.
TITLES: dict[str, Any] = {
    "invalid": gettext_lazy("Some values cannot be used"),
    "malformed": gettext_lazy("The request cannot be read"),
    "not-authenticated": gettext_lazy("Sign in first"),
    "invalid-token": gettext_lazy("The token is not valid"),
    "forbidden": gettext_lazy("Not allowed"),
    "not-found": gettext_lazy("Not found"),
    "method-not-allowed": gettext_lazy("This method is not offered here"),
    "not-acceptable": gettext_lazy("This format is not offered"),
    "conflict": gettext_lazy("Another request is in the way"),
    "changed-meanwhile": gettext_lazy("Changed in the meantime"),
    "too-large": gettext_lazy("Too large"),
    "unsupported-media-type": gettext_lazy("This kind of content is not accepted"),
    "rate-limited": gettext_lazy("Too many requests"),
    "server-error": gettext_lazy("Something failed on our side"),
    "unavailable": gettext_lazy("Not available at the moment"),
}
_OF_STATUS = {
    400: "invalid",
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    412: "changed-meanwhile",
    413: "too-large",
    415: "unsupported-media-type",
    429: "rate-limited",
    500: "server-error",
    503: "unavailable",
}


class Problem(exceptions.APIException):
    """An error with its own kind: raise it from any endpoint."""

    def __init__(
        self,
        kind: str,
        status: int,
        detail: str,
        *,
        title: str = "",
        errors: Errors | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, kind)
        self.kind = kind
        self.status_code = status
        self.text = str(detail)
        self.title = title
        self.errors = errors or {}
        self.headers = dict(headers or {})


def problem_response(request: HttpRequest | Request, problem: Problem) -> HttpResponse:
    """The answer that tells the caller of `problem`, with the correlation id of the request."""
    kind = problem.kind
    body = {
        "type": f"{TYPE_PREFIX}{kind}",
        "title": problem.title or str(TITLES.get(kind) or HTTPStatus(problem.status_code).phrase),
        "status": problem.status_code,
        "detail": problem.text,
        "errors": problem.errors,
        "correlation_id": getattr(request, "correlation_id", ""),
    }
    response = JsonResponse(
        body,
        status=problem.status_code,
        content_type=CONTENT_TYPE,
        headers=problem.headers,
        json_dumps_params={"ensure_ascii": False},
    )
    response["Content-Length"] = str(len(response.content))
    response["Cache-Control"] = "no-store"
    return response


def problem_of_status(status: int) -> Problem:
    """What can be said where only the status of an error is known."""
    details = {
        400: _("The request cannot be read."),
        403: _("You are not allowed to do this."),
        404: _("There is nothing at this address."),
        413: _("The request is larger than this server accepts."),
        500: _("The error has been recorded. Name the correlation id when you report it."),
        503: _("Try again in a moment."),
    }
    kind = _OF_STATUS.get(status, "invalid" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "")
    return Problem(
        kind or "server-error", status, details.get(status, HTTPStatus(status).description)
    )


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler; None lets an unexpected error become a 500."""
    problem = describe(error)
    return None if problem is None else problem_response(context["request"], problem)


def describe(error: Exception) -> Problem | None:
    """`error` as a problem, or None where it is not the caller's doing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, BadInput):
        return invalid({error.field or "body": [str(error)]})
    if isinstance(error, exceptions.ValidationError):
        return invalid(dict(flatten(error.detail)))
    if isinstance(error, DjangoValidationError):
        named = error.message_dict if hasattr(error, "error_dict") else {"body": error.messages}
        return invalid({name: list(messages) for name, messages in named.items()})
    if isinstance(error, Http404):
        return Problem("not-found", 404, str(error) or _("There is nothing at this address."))
    if isinstance(error, PermissionDenied):
        return Problem("forbidden", 403, str(error) or _("You are not allowed to do this."))
    if isinstance(error, RequestDataTooBig):
        return too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
    if isinstance(error, (SuspiciousOperation, UnreadablePostError)):
        return Problem("malformed", 400, _("The request cannot be read."))
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return None


def too_large(limit: int) -> Problem:
    """413, naming the limit (bytes) in MB."""
    return Problem(
        "too-large",
        413,
        _("The request is larger than %(limit)d MB, which is the most this address accepts.")
        % {"limit": limit // 2**20},
    )


def invalid(errors: Errors) -> Problem:
    """Values the caller can correct: field -> list of messages."""
    first = next(iter(errors.items()), None)
    detail = _("%(field)s: %(message)s") % {"field": first[0], "message": first[1][0]} if (
        first and first[1]
    ) else _("Some values cannot be used.")  # fmt: skip
    return Problem("invalid", 400, detail, errors=errors)


def _of_framework(error: exceptions.APIException) -> Problem:
    kind = _OF_STATUS.get(error.status_code, "invalid")
    if isinstance(error, exceptions.ParseError):
        kind = "malformed"
    elif isinstance(error, exceptions.AuthenticationFailed):
        kind = "invalid-token"
    headers: dict[str, str] = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    detail = str(error.detail)
    if isinstance(error, exceptions.Throttled):
        seconds = int(getattr(error, "wait", None) or 1)
        headers["Retry-After"] = str(seconds)
        detail = _("You sent too many requests. Try again in %(seconds)d s.") % {"seconds": seconds}
    return Problem(kind, error.status_code, detail, headers=headers)


def flatten(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """REST framework's nested errors as `field.0.name` -> messages."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "body" if name == "non_field_errors" else str(name)
            yield from flatten(inner, f"{path}.{own}" if path else own)
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        texts = [str(item) for item in detail if isinstance(item, str)]
        if texts:
            yield path or "body", texts
        for position, item in enumerate(detail):
            if not isinstance(item, str):
                yield from flatten(item, f"{path}.{position}" if path else str(position))
    else:
        yield path or "body", [str(detail)]
