"""The base of every endpoint."""

from contextlib import nullcontext
from typing import Any, TypeVar

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from omnidesk.core.api.conditional import conditionally
from omnidesk.core.api.idempotency import answer_once
from omnidesk.core.api.serializers import StrictSerializer

S = TypeVar("S", bound=StrictSerializer)


class ApiView(APIView):
    """REST framework's view with our manners: limits before permissions, all or nothing,
    idempotent POSTs and ETags."""

    # Answers that hold a secret (a new key, tokens) must not be kept for a retry.
    keeps_answers = True
    # Off where nothing is written before the last moment that can refuse: saves two statements.
    undoes_refusals = True
    # Set by an endpoint that answers one object with a version: part of its ETag.
    version: int | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """REST framework's dispatch, with a savepoint around every write.

        A refused request leaves nothing behind, although the request's own transaction commits.
        """
        self.args, self.kwargs = args, kwargs
        wrapped = self.initialize_request(request, *args, **kwargs)
        self.request = wrapped
        self.headers = self.default_response_headers
        try:
            self.initial(wrapped, *args, **kwargs)
            response: Any = self._answer(wrapped)
        except Exception as error:  # noqa: BLE001  # intended: the handler re-raises what it must
            response = self.handle_exception(error)
        self.response = self.finalize_response(wrapped, response, *args, **kwargs)
        return self.response

    def _answer(self, request: Request) -> HttpResponseBase:
        method = (request.method or "").lower()
        known = method in self.http_method_names
        handler = getattr(self, method, self.http_method_not_allowed) if known else (
            self.http_method_not_allowed
        )  # fmt: skip
        guarded = self.undoes_refusals and request.method not in SAFE_METHODS
        with transaction.atomic() if guarded else nullcontext():
            if request.method == "POST" and self.keeps_answers:
                return answer_once(request, lambda: handler(request, *self.args, **self.kwargs))
            result: HttpResponseBase = handler(request, *self.args, **self.kwargs)
            return result

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Negotiate, authenticate, count, then check permissions.

        Limits come before permissions, so that refused requests count as well; bad tokens
        count against the sender's address.
        """
        self.format_kwarg = self.get_format_suffix(**kwargs)
        chosen = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = chosen
        try:
            self.perform_authentication(request)
        except APIException:
            self.check_throttles(request)
            raise
        self.check_throttles(request)
        self.check_permissions(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the ETag to successful answers that show an object or a list."""
        final = super().finalize_response(request, response, *args, **kwargs)
        shows = isinstance(final, Response) and final.status_code in {200, 201}
        if isinstance(final, Response) and shows and final.data is not None:
            final.add_post_render_callback(conditionally(request, self.version))
        return final

    def read(self, serializer: type[S], **options: Any) -> dict[str, Any]:
        """The body, validated by `serializer`; raises `ValidationError`."""
        filled = serializer(data=self.request.data, context={"request": self.request}, **options)
        filled.is_valid(raise_exception=True)
        return dict(filled.validated_data)
