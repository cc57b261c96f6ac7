"""Correlation ids, counts, database scope and time zone for every request."""

import re
import time
import uuid
import zoneinfo
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from omnidesk.core import tally
from omnidesk.core.tenancy import organization_scope, replace_scope

GetResponse = Callable[[HttpRequest], HttpResponseBase]
SANE_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
# Probes and static answers need neither a person nor a transaction.
WITHOUT_SCOPE = ("/static/", "/health/")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def correlation_middleware(get_response: GetResponse) -> GetResponse:
    """Take the caller's sane `X-Correlation-ID` or make one; log with it; answer with it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        offered = request.headers.get("X-Correlation-ID", "")
        correlation_id = offered if SANE_ID.match(offered) else uuid.uuid4().hex
        request.correlation_id = correlation_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        response = get_response(request)
        response["X-Correlation-ID"] = correlation_id
        return response

    return middleware


def tally_middleware(get_response: GetResponse) -> GetResponse:
    """Count requests and how long they took, by the pattern of their address."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - began
        method = request.method if request.method in METHODS else "other"
        match = request.resolver_match
        # Never the address itself: strangers could make up as many as they like.
        endpoint = f"/{match.route}" if match else ""
        tally.count(tally.HTTP_REQUESTS, str(method), endpoint, str(response.status_code))
        tally.observe(tally.HTTP_SECONDS, seconds, str(method), endpoint)
        return response

    return middleware


def scope_middleware(get_response: GetResponse) -> GetResponse:
    """Open the database scope of the signed-in person's organizations around the request.

    One transaction per request: an answer of 500 or above undoes what the view wrote, so a
    failed request leaves nothing half done.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(WITHOUT_SCOPE):
            return get_response(request)
        user = request.user
        with organization_scope((), user_id=user.pk):
            if user.is_authenticated:
                replace_scope(user.visible_organization_ids())
                structlog.contextvars.bind_contextvars(user_id=user.pk)
            response = get_response(request)
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                connection.set_rollback(True)
        return response

    return middleware


def person_middleware(get_response: GetResponse) -> GetResponse:
    """Show times in the person's zone and pages in their language."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if not user.is_authenticated:
            return get_response(request)
        language = user.language if "omnidesk_language" not in request.COOKIES else ""
        with timezone.override(_zone(user.timezone)):
            if not language:
                return get_response(request)
            with translation.override(language):
                request.LANGUAGE_CODE = translation.get_language() or language
                return get_response(request)

    return middleware


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
