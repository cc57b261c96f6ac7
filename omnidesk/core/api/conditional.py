"""ETags: 304 for what the caller has already, 412 before a lost update.

The tag is `"<version>-<hash of the body>"`. Reading compares the whole tag. Writing compares
the version alone where the object has one: a renamed category changes the body, but nobody's
edit of this object would be lost by it.
"""

import hashlib
from collections.abc import Callable

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.core.api.problems import Problem


def etag(content: bytes, version: int | None = None) -> str:
    """The quoted tag of a rendered body."""
    digest = hashlib.sha256(content).hexdigest()[:20]
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def etag_of(data: object) -> str:
    """The tag that a GET answering `data` would carry."""
    return etag(JSONRenderer().render(data))


def conditionally(
    request: Request, version: int | None
) -> Callable[[HttpResponseBase], HttpResponse | None]:
    """A post-render callback: add the tag, answer 304 where the caller has this body."""

    def finish(response: HttpResponseBase) -> HttpResponse | None:
        if not isinstance(response, Response):
            return None
        tag = etag(response.content, version)
        response["ETag"] = tag
        response.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["Authorization", "Cookie"])
        if request.method in {"GET", "HEAD"} and tag in _tags(request, "If-None-Match"):
            unchanged = HttpResponse(status=304)
            for name in ("ETag", "Cache-Control", "Vary"):
                unchanged[name] = response[name]
            return unchanged
        return None

    return finish


def check_unchanged(request: Request, *, version: int | None = None, tag: str = "") -> None:
    """Raise 412 when `If-Match` names another state than the object's `version` or `tag`.

    Proxies that compress weaken tags (`W/`); the version inside still tells the truth.
    """
    given = _tags(request, "If-Match")
    if not given or "*" in given:
        return
    if version is not None:
        current = str(version)
        matches = any(t.strip('"').partition("-")[0] == current for t in given)
    else:
        matches = tag in given
    if not matches:
        raise Problem(
            "changed-meanwhile",
            412,
            _("Somebody changed this after you read it. Read it again, then send your change."),
        )


def _tags(request: Request, header: str) -> list[str]:
    parts = [part.strip().removeprefix("W/") for part in request.headers.get(header, "").split(",")]
    return [part for part in parts if part]
