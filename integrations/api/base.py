"""What every address that other systems call has in common: raw bytes in, a quick answer out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.actions.receipts import Arrival, Verdict, keep, key_of, write_verdict
from integrations.models import Channel, Receipt, ReceiptState
from integrations.tasks import nudge_taking
from omnidesk.core.api.limits import SlidingWindow
from omnidesk.core.api.problems import Problem, problem_response, too_large
from omnidesk.core.api.views import ApiView
from omnidesk.core.tenancy import all_organization_ids, replace_scope

MAX_BODY: Final = 2**20
PAUSED_RETRY: Final = 300  # seconds


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose signature is right; `problem` says in words why it cannot be used.

    `stamped` says where the signed time stands, in the "id" that the call is known by, in its
    "uid", or nowhere (""): the same call with the same time was not made by its sender, for whoever
    tries again signs anew.
    """

    arrival: Arrival
    problem: str = ""
    stamped: str = ""

    def is_replayed(self, known: Receipt) -> bool:
        """Whether the very same call led to this receipt."""
        if known.key != key_of(self.arrival.external_id):
            return False
        same_time = known.remote_uid == self.arrival.remote_uid
        return self.stamped == "id" or (self.stamped == "uid" and same_time)


Judge = Callable[[HttpRequest | Request, Channel, bytes], Call]


class WebhookLimit(SlidingWindow):
    """Calls of other systems, per address."""

    name = "webhooks"
    by_address = True


class AnyAnswer(BaseContentNegotiation):
    """Callers get what we answer, whatever they say they accept."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Nothing parses for us: signatures are over the raw bytes."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The first."""
        return renderers[0], renderers[0].media_type


class Webhook(ApiView):
    """An address below /api/v1/webhooks/. The channel's own signature is the way in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (WebhookLimit,)
    content_negotiation_class = AnyAnswer
    keeps_answers = False
    # What is refused was not kept yet, and what is kept in quarantine stays there.
    undoes_refusals = False
    kinds: ClassVar[tuple[str, ...]] = ()

    def channel(self, name: str) -> Channel:
        """The channel by short name or number, paused ones too. Raises Http404.

        The rest of the request sees its organization. Queries: 4.
        """
        wanted = Q(slug=name.lower())
        if name.isdigit() and len(name) < 19:
            wanted |= Q(pk=int(name))
        # Changes of the request's scope, no scopes inside it: each would cost four statements.
        replace_scope(all_organization_ids())
        rows = Channel.objects.select_related("organization").filter(wanted, kind__in=self.kinds)
        found = rows.order_by("pk").first()
        replace_scope([found.organization_id] if found else [])
        if found is None:
            raise Http404
        return found


def raw_body(request: Request) -> bytes:
    """The bytes as they came. Raises 413 above 1 MB."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or int(announced) > MAX_BODY:
        raise too_large(MAX_BODY)
    body: bytes = request._request.body
    if len(body) > MAX_BODY:
        raise too_large(MAX_BODY)
    return body


def refuse_paused(channel: Channel) -> None:
    """Only after the signature was checked: a paused channel asks the caller to come again."""
    if not channel.is_active or not channel.organization.is_active:
        raise Problem(
            "unavailable",
            503,
            _("This channel is paused."),
            headers={"Retry-After": str(PAUSED_RETRY)},
        )


def keep_call(request: Request, channel: Channel, call: Call) -> HttpResponse:
    """Keep a call for a worker; a repeated one does nothing, a replayed one is refused."""
    kept = call.arrival
    receipt = keep(
        channel, kept.external_id, kept.raw, remote_uid=kept.remote_uid, sender=kept.sender,
        subject=kept.subject, waiting=not call.problem,
    )  # fmt: skip
    if receipt.was_known and call.is_replayed(receipt):
        raise not_signed()
    if call.problem:
        if not receipt.was_known:
            write_verdict(receipt, Verdict(ReceiptState.QUARANTINED, call.problem))
        return refused_but_kept(request, call.problem)
    if receipt.was_known:
        return Response({"state": "known", "receipt": receipt.pk}, status=200)
    nudge_taking(receipt)
    return Response({"state": "queued", "receipt": receipt.pk}, status=202)


def not_signed(status: int = 401) -> Problem:
    """One neutral answer for every failure of a signature."""
    words = _("The signature is missing, wrong, too old or used before.")
    return Problem("bad-signature", status, words)


NOT_SIGNED: Final = OpenApiResponse(
    description="The signature is missing, wrong, too old or used before."
)


def refused_but_kept(request: Request, words: str) -> HttpResponse:
    """A 400 that does not undo what was written: the call stays in quarantine.

    Returned, never raised: an exception would roll the view's savepoint back.
    """
    return problem_response(request, Problem("invalid", 400, words, errors={"body": [words]}))
