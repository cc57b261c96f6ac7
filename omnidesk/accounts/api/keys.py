"""users/me/keys/: personal API keys."""

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.api.serializers import KeyInput, KeySerializer, NewKeySerializer
from omnidesk.accounts.keys import create_key
from omnidesk.accounts.models import ApiKey
from omnidesk.core.api.pagination import Ordering, Page
from omnidesk.core.api.schema import page_of
from omnidesk.core.api.serializers import PageQuery
from omnidesk.core.api.views import ApiView

ORDERINGS = {"created_at": Ordering("created_at")}


class KeysView(ApiView):
    """GET, POST users/me/keys/."""

    # The answer holds the key itself, which nobody keeps.
    keeps_answers = False

    @extend_schema(
        operation_id="keys_list",
        tags=["accounts"],
        parameters=[PageQuery],
        responses={200: page_of(KeySerializer)},
    )
    def get(self, request: Request) -> Response:
        """The caller's keys."""
        PageQuery.read(request)
        keys = ApiKey.objects.filter(user_id=caller(request).pk)
        return Page(request, keys, ORDERINGS, "-created_at").response(KeySerializer)

    @extend_schema(
        operation_id="keys_create",
        tags=["accounts"],
        request=KeyInput,
        responses={201: NewKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a key; the answer shows it for the only time."""
        row, secret = create_key(user=caller(request), **self.read(KeyInput))
        shown = {**KeySerializer(row).data, "key": secret}
        return Response(shown, status=201, headers={"Cache-Control": "no-store"})


class KeyView(ApiView):
    """DELETE users/me/keys/{id}/."""

    @extend_schema(operation_id="keys_delete", tags=["accounts"], responses={204: None})
    def delete(self, request: Request, key_id: int) -> Response:
        """Delete a key: it stops at once."""
        deleted, _rows = ApiKey.objects.filter(user_id=caller(request).pk, pk=key_id).delete()
        if not deleted:
            raise Http404(_("You have no such key."))
        return Response(status=204)
