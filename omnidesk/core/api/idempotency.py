"""`Idempotency-Key`: a retried POST gets the first answer and does nothing twice.

The answer is written in the transaction of the change itself, so both exist or neither. An
advisory lock lets one of two simultaneous requests with the same key wait for the other.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpResponseBase, QueryDict
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.core.api.problems import Problem, invalid
from omnidesk.core.models import IdempotencyKey

HEADER = "Idempotency-Key"
SANE_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
WAIT_SECONDS = 10.0
KEPT_HEADERS = ("Location", "ETag")


def answer_once(request: Request, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """`answer()`, or what it answered when the same person sent the same key before.

    Only successes are kept: after an error the caller may correct the request and try again.
    Raises 422 when the key was used for another request, 409 when the first one still runs.
    """
    key = request.headers.get(HEADER, "")
    if not key or not request.user.is_authenticated:
        return answer()
    if not SANE_KEY.match(key):
        raise invalid({HEADER: [_("1 to 200 visible ASCII characters.")]})
    fingerprint = _fingerprint(request)
    _take_turn(f"{request.user.pk}:{key}")
    first = IdempotencyKey.objects.filter(user_id=request.user.pk, key=key).first()
    if first is not None:
        return _repeat(first, fingerprint)
    response = answer()
    if isinstance(response, Response) and response.status_code < 300:
        IdempotencyKey.objects.create(
            user_id=request.user.pk,
            key=key,
            fingerprint=fingerprint,
            status_code=response.status_code,
            body=_plain(response.data),
            headers={name: response[name] for name in KEPT_HEADERS if name in response},
        )
    return response


def _repeat(first: IdempotencyKey, fingerprint: str) -> Response:
    if first.fingerprint != fingerprint:
        raise Problem(
            "idempotency-key-reused",
            422,
            _("This Idempotency-Key was used for another request. Send a new one."),
            title=_("The key was used before"),
        )
    headers = {**first.headers, "Idempotent-Replayed": "true"}
    return Response(first.body, status=first.status_code, headers=headers)


def _take_turn(name: str) -> None:
    """Hold the key until the transaction ends; 409 when another request holds it too long."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
            if cursor.fetchone()[0]:
                return
        if time.monotonic() >= deadline:
            raise Problem(
                "conflict",
                409,
                _("The first request with this Idempotency-Key is still being worked on."),
                headers={"Retry-After": "1"},
            )
        time.sleep(0.05)


def _fingerprint(request: Request) -> str:
    """Method, path and body. Parts of a form count by content: their boundary is random."""
    digest = hashlib.sha256(f"{request.method} {request.path_info}\n".encode())
    data = request.data
    if isinstance(data, QueryDict):
        for name in sorted(data):
            for value in data.getlist(name):
                digest.update(f"{name}=".encode() + _bytes(value) + b"\n")
    else:
        digest.update(json.dumps(data, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _bytes(value: Any) -> bytes:
    if not isinstance(value, UploadedFile):
        return str(value).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(str(value.name).encode("utf-8", "surrogatepass"))
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return digest.digest()


def _plain(data: Any) -> Any:
    return None if data is None else json.loads(JSONRenderer().render(data))
