"""What every page view shares: who may come in, how htmx is answered, how a toast is told."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from omnidesk.accounts.requests import DeskRequest

P = ParamSpec("P")
PageView = Callable[Concatenate[DeskRequest, P], HttpResponseBase]
AnyView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def person_page(view: "PageView[P]") -> "AnyView[P]":
    """A page for anybody who is signed in."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(cast("DeskRequest", request), *args, **kwargs)

    return cast("AnyView[P]", login_required(wrapped))


def desk_page(view: "PageView[P]") -> "AnyView[P]":
    """A page for agents: requesters who follow a link here land in the portal."""

    @wraps(view)
    def wrapped(request: DeskRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_agent:
            return view(request, *args, **kwargs)
        if request.method != "GET":
            raise PermissionDenied
        return redirect("portal:home")

    return person_page(cast("PageView[P]", wrapped))


def part_wanted(request: DeskRequest) -> str:
    """Id of the element that htmx will fill, or "" for a whole page."""
    if not request.htmx or request.htmx.history_restore_request:
        return ""
    return request.htmx.target or "part"


def with_events(response: HttpResponse, **events: dict[str, Any]) -> HttpResponse:
    """Have the page raise browser events once the answer is in place.

    On the body: the form that asked may be gone by then, where the live channel was faster.
    """
    heard = {name: {**detail, "target": "body"} for name, detail in events.items()}
    response["HX-Trigger"] = json.dumps(heard)
    return response


def told(
    request: DeskRequest, response: HttpResponse, text: str, undo: str = "", event: str = ""
) -> HttpResponse:
    """Show `text` as a toast: now through htmx, on the next page without script.

    `event` is raised in the browser beside it.
    """
    if not request.htmx:
        messages.success(request, text)
        return response
    extra: dict[str, dict[str, Any]] = {event: {}} if event else {}
    return with_events(response, toast={"text": text, "undo": undo}, **extra)


def back(request: DeskRequest, fallback: str) -> HttpResponse:
    """Redirect to the page the form names in `next`, if it is ours, else to `fallback`."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if target and safe else fallback)
