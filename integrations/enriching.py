"""Context for requests of other helpdesks: gather, note on the ticket, write back, once each.

waiting -> noted -> returning -> done | failed. Gathering and calling hold no transaction. The
note carries a mark: a process that died while `returning` looks for it before writing again.
"""

from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.channels import note_failure
from integrations.base import TransportError
from integrations.channels.servicedesk_plus.federated import can_ask, connected
from integrations.federation.kinds import in_step
from integrations.federation.port import Surprise
from integrations.models import Channel, RemoteRequest
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line, render_markdown
from omnidesk.core.vault import UnreadableSecret
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.choices import ActorKind
from tickets.context import Asked, Finding, as_markdown, gather

logger = structlog.get_logger(__name__)
Stage = RemoteRequest.Stage
RUNNING: Final = (Stage.WAITING, Stage.NOTED, Stage.RETURNING)
MAX_TRIES: Final = 8
FIRST_WAIT: Final = 30  # seconds; doubles at every try
LONGEST_WAIT: Final = 1800
STALE_CLAIM: Final = timedelta(minutes=6)


def enrich(organization_id: int, request_id: int) -> str:
    """Bring one request's enrichment to its end; returns its stage, '' where it was not due."""
    row = _claim(organization_id, request_id)
    if row is None:
        return ""
    with translation.override(row.channel.organization.language):
        if row.stage == Stage.WAITING:
            _note(row, gather(_asked(row)))
        try:
            _write_back(row)
        except TransportError as problem:
            _later(row, problem)
        except Surprise as problem:
            _later(row, TransportError(str(problem), permanent=True))
    return str(row.stage)


def _claim(organization_id: int, request_id: int) -> RemoteRequest | None:
    moment = now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=moment - STALE_CLAIM)
    with organization_scope(organization_id):
        claimed = RemoteRequest.objects.filter(
            free,
            pk=request_id,
            stage__in=RUNNING,
            next_try_at__lte=moment,
            channel__in=Channel.objects.working(),
        ).update(claimed_at=moment)
        if not claimed:
            return None
        rows = RemoteRequest.objects.select_related(
            "channel__organization", "ticket__requester", "note"
        )
        row = rows.get(pk=request_id)
        row.attempts += 1
        row.save(update_fields=["attempts"])
    return row


def _asked(row: RemoteRequest) -> Asked:
    ticket, channel = row.ticket, row.channel
    try:
        token = channel.secret("lookup_token")
    except UnreadableSecret:
        token = ""
    return Asked(
        organization_id=row.organization_id,
        ticket_id=ticket.pk,
        requester_id=ticket.requester_id,
        subject=ticket.subject,
        text=ticket.description,
        email=ticket.requester.email,
        language=channel.organization.language,
        options={"lookup_url": channel.settings.get("lookup_url", ""), "lookup_token": token},
        names=(ticket.requester.name,),
    )


def _note(row: RemoteRequest, findings: list[Finding]) -> None:
    text = as_markdown(findings, _("Context, gathered automatically"))
    with organization_scope(row.organization_id):
        actor = Actor.machine(ActorKind.CHANNEL, row.channel.name)
        row.note = add_note(ticket=row.ticket, actor=actor, text=text)
        row.findings = [
            {
                "key": one.key, "label": one.label, "outcome": one.outcome.value,
                "seconds": round(one.seconds, 3), "words": one.words,
                "lines": [[line.text, line.link, line.detail] for line in one.lines],
            }
            for one in findings
        ]  # fmt: skip
        row.stage = Stage.NOTED
        row.save(update_fields=["note", "findings", "stage"])


def _write_back(row: RemoteRequest) -> None:
    if in_step(row.channel):  # the note travels as every note of the ticket
        _settle(row, Stage.DONE)
        return
    if not can_ask(row.channel) or row.note is None:
        _settle(row, Stage.DONE)
        return
    with connected(row.channel) as desk:
        mark = f"omnidesk-context-{row.pk}"
        if row.stage == Stage.RETURNING and any(
            mark in one for one in desk.note_texts(row.remote_id)
        ):
            _settle(row, Stage.DONE)
            return
        _settle(row, Stage.RETURNING)
        html = f"{render_markdown(row.note.text)}<p><small>{mark}</small></p>"
        desk.add_note(row.remote_id, html, public=False)
    _settle(row, Stage.DONE)


def _settle(row: RemoteRequest, stage: "RemoteRequest.Stage", error: str = "") -> None:
    row.stage, row.error = stage, one_line(error, 300)
    with organization_scope(row.organization_id):
        fields = ["stage", "error"]
        if stage in {Stage.DONE, Stage.FAILED}:
            row.claimed_at = None
            fields.append("claimed_at")
        row.save(update_fields=fields)


def _later(row: RemoteRequest, problem: TransportError) -> None:
    with organization_scope(row.organization_id):
        note_failure(row.channel, problem)
    if problem.permanent or row.attempts >= MAX_TRIES:
        _settle(row, Stage.FAILED, problem.message)
        return
    wait = min(FIRST_WAIT * 2 ** (row.attempts - 1), LONGEST_WAIT)
    with organization_scope(row.organization_id):
        row.claimed_at = None
        row.error = one_line(problem.message, 300)
        row.next_try_at = now() + timedelta(seconds=max(wait, problem.retry_after))
        row.save(update_fields=["claimed_at", "error", "next_try_at"])


def due() -> list[tuple[int, int]]:
    """(organization, request) of what is to be enriched and whose time has come."""
    moment = now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=moment - STALE_CLAIM)
    with system_scope(), transaction.atomic():
        rows = RemoteRequest.objects.filter(
            free,
            stage__in=RUNNING,
            next_try_at__lte=moment,
            channel__in=Channel.objects.working(),
        )
        return list(rows.order_by("next_try_at").values_list("organization_id", "pk")[:200])
