"""What we write on the far side. Every step that makes something is recorded before the call.

No transaction is open while the far side is spoken to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.federation.agreeing import Rules, Todo
from integrations.federation.ours import values_of
from integrations.federation.port import Connector, Draft, OutItem, Person, RemoteTrouble, What
from integrations.federation.text import new_marker
from integrations.links import ExternalItem, ExternalLink, ItemState, LinkState
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line, render_markdown
from tickets.choices import MessageKind
from tickets.models import Attachment, Message, Ticket

logger = structlog.get_logger(__name__)
# The two clocks may differ, and a server may be slow to show what it made.
CLOCKS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Far:
    """One channel's far side with its rules, for the length of one run."""

    remote: Connector
    rules: Rules
    share_notes: bool
    # Old tickets that were taken in through this: the search and the figures are told once.
    old: list[int] = field(default_factory=list)


def make_ticket(link: ExternalLink, far: Far) -> str:
    """Make our ticket over there, once; returns its id there.

    An earlier try that may have succeeded is looked for first, by the marker in its text.
    """
    with organization_scope(link.organization_id):
        keep_claim(link)
        before = link.making_since
        if not link.marker:
            link.marker = new_marker()
        link.making_since = before or now()
        link.save(update_fields=["marker", "making_since"])
        draft = None if link.ticket is None else _draft(link, link.ticket, far)
    if draft is None:
        raise RemoteTrouble(_("This link has no ticket on either side."), permanent=True)
    found = far.remote.find(link.marker, before - CLOCKS) if before else ""
    made = found or far.remote.create(draft)
    with organization_scope(link.organization_id):
        ours = values_of(Ticket.objects.select_related("status", "type").get(external_links=link))
        # Only what is still as it was sent: later changes of ours are yet to be written.
        base = {
            name: [ours[name], raw]
            for name, raw in draft.fields.items()
            if far.rules.maps[name].to_theirs(ours[name]) == raw
        }
        # The list may have found it before us: see `gave_way`.
        ExternalLink.objects.filter(channel=link.channel, remote_id=made, ticket=None).delete()
        ExternalLink.objects.filter(pk=link.pk).update(remote_id=made, base=base)
    link.remote_id = made
    return made


def _draft(link: ExternalLink, ticket: Ticket, far: Far) -> Draft:
    opening = ticket.messages.filter(is_opening=True).first()
    text = opening.text if opening else ticket.description
    html = (opening.html if opening else "") or render_markdown(text)
    fields = {}
    for name, value in values_of(ticket).items():
        table = far.rules.maps.get(name)
        raw = table.to_write(value) if table else None
        if raw is not None:
            fields[name] = raw
    email = ticket.requester.email
    person = Person(
        name=ticket.requester.display_name, email="" if email.endswith(".invalid") else email
    )
    return Draft(
        subject=ticket.subject, text=text, html=html, requester=person, marker=link.marker,
        fields=fields,
    )  # fmt: skip


def hand_over(link: ExternalLink, todo: Todo, far: Far) -> None:
    """Write what `todo` says and every message and file that is not over there yet."""
    solved_by = far.remote.abilities.solved_by_solution
    status = todo.to_them.get("status")
    with organization_scope(link.organization_id):
        messages = list(unsent_messages(link, far))
        files = list(_unsent_files(link)) if far.remote.abilities.files else []
    solution = _hand_over_messages(
        link, far, messages, last_is_solution=bool(status and solved_by and status[1] == solved_by)
    )
    if solution and status and far.remote.abilities.solution_sets_status:
        _agreed(link, {"status": todo.to_them.pop("status")})
    for file in files:
        _send(link, far, What.DOCUMENT, partial(_file, file), attachment=file)
    if todo.to_them:
        with organization_scope(link.organization_id):
            keep_claim(link)
        far.remote.write(link.remote_id, {name: raw for name, (_o, raw) in todo.to_them.items()})
        _agreed(link, todo.to_them)


def keep_claim(link: ExternalLink) -> None:
    """Renew our claim before something is made over there. Raises where it was taken away."""
    rows = ExternalLink.objects.filter(pk=link.pk, claimed_by=link.claimed_by)
    if not rows.update(claimed_at=now()):
        raise RemoteTrouble(_("Another process has taken this ticket over."))


def _agreed(link: ExternalLink, written: dict[str, tuple[str, str]]) -> None:
    with organization_scope(link.organization_id):
        row = ExternalLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
        row.base |= {name: list(pair) for name, pair in written.items()}
        row.save(update_fields=["base"])


def unsent_messages(link: ExternalLink, far: Far) -> QuerySet[Message]:
    """Messages of ours that are not over there; with those whose handing over broke off."""
    kinds = [MessageKind.PUBLIC.value]
    if far.share_notes and far.remote.abilities.private_notes:
        kinds.append(MessageKind.INTERNAL.value)
    settled = link.items.exclude(state=ItemState.SENDING).filter(message__isnull=False)
    return (
        Message.objects.filter(ticket__external_links=link, kind__in=kinds, is_opening=False)
        .exclude(pk__in=settled.values("message"))
        .select_related("author", "ticket__requester")
        .order_by("created_at", "pk")
    )


def _unsent_files(link: ExternalLink) -> QuerySet[Attachment]:
    settled = link.items.exclude(state=ItemState.SENDING).filter(attachment__isnull=False)
    return (
        Attachment.objects.filter(ticket__external_links=link, is_internal=False, draft=None)
        .exclude(pk__in=settled.values("attachment"))
        .exclude(message__kind=MessageKind.INTERNAL)
        .order_by("pk")
    )


def _hand_over_messages(
    link: ExternalLink, far: Far, messages: Sequence[Message], *, last_is_solution: bool
) -> bool:
    """Returns whether the last public answer went as the solution."""
    answers = [one for one in messages if one.kind == MessageKind.PUBLIC and not one.from_requester]
    solution = answers[-1].pk if last_is_solution and answers else None
    sent = False
    for message in messages:
        what = What.SOLUTION if message.pk == solution else What.MESSAGE
        done = _send(link, far, what, partial(_said, message, what), message=message)
        sent = sent or (done and what is What.SOLUTION)
    return sent


def _said(message: Message, what: What, marker: str) -> OutItem:
    html = message.html or render_markdown(message.text)
    text = message.text
    if message.from_requester or message.source != "agent" or message.author_id is None:
        name = message.author.display_name if message.author else _("The desk")
        if message.from_requester or message.author:
            text = f"{name}:\n\n{text}"
            html = f"<p><strong>{_escaped(name)}:</strong></p>{html}"
    return OutItem(
        what=what, marker=marker, text=text, html=html, public=message.kind == MessageKind.PUBLIC
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _file(file: Attachment, marker: str) -> OutItem:
    with file.file.open("rb") as opened:
        content = opened.read()
    return OutItem(
        what=What.DOCUMENT, marker=marker, file_name=file.name, content_type=file.content_type,
        content=content,
    )  # fmt: skip


def _send(
    link: ExternalLink, far: Far, what: What, build: Callable[[str], OutItem], *,
    message: Message | None = None, attachment: Attachment | None = None,
) -> bool:  # fmt: skip
    """Record, call, record. Returns whether it is over there now.

    A row that was left behind by a crash keeps its marker: `take_over` has just looked for it
    over there and did not find it. What is refused for good is kept as failed and shown.
    """
    with organization_scope(link.organization_id):
        keep_claim(link)
        row, _created = ExternalItem.objects.get_or_create(
            link=link,
            message=message,
            attachment=attachment,
            defaults={
                "organization_id": link.organization_id,
                "what": what.value,
                "state": ItemState.SENDING,
                "marker": new_marker(),
            },
        )
    try:
        remote_id = far.remote.add(link.remote_id, build(row.marker))
    except RemoteTrouble as problem:
        if not problem.permanent or problem.everywhere:
            raise
        _fail(link, row, problem.message)
        return False
    except OSError as problem:
        _fail(link, row, f"{row.what}: {problem.strerror or problem}")
        return False
    with organization_scope(link.organization_id):
        ExternalItem.objects.filter(pk=row.pk).update(
            remote_id=remote_id[:200], state=ItemState.DONE, error="", what=what.value
        )
    return True


def _fail(link: ExternalLink, row: ExternalItem, words: str) -> None:
    logger.warning("federation_item_refused", link=link.pk, item=row.pk, problem=words)
    with organization_scope(link.organization_id):
        error = one_line(words, 300)
        ExternalItem.objects.filter(pk=row.pk).update(state=ItemState.FAILED, error=error)
        ExternalLink.objects.filter(pk=link.pk).exclude(state=LinkState.CONFLICT).update(
            state=LinkState.BEHIND, error=error
        )
