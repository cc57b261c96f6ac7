"""What speaks against an automatic answer: asked when it is written and again when it leaves."""

from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.conf import settings

from ai.models import AutomaticAnswer, AutomaticSwitch, Autonomy, Level, SurgeMember
from ai.reading import VERY_LIKELY
from omnidesk.accounts.models import Membership
from omnidesk.core.clock import now
from tickets.automatic import add_stopper, automatic_doubt
from tickets.choices import MessageKind, Source, Urgency
from tickets.models import Article, Message, Ticket

State = AutomaticAnswer.State
# As long as a person may take back what they sent, at most (`User.undo_seconds`).
HOLD_SECONDS: Final = 30
# An answer that comes late is worse than none: by then somebody reads the ticket.
NEW_FOR: Final = timedelta(hours=1)
CODE_LASTS: Final = timedelta(hours=24)
PROOF_LASTS: Final = timedelta(days=90)
MOST_A_DAY: Final = 3  # to one requester
# Whoever writes by these reads a mail and can open a link.
SOURCES: Final = (Source.PORTAL.value, Source.EMAIL.value)


@add_stopper
def is_stopped() -> bool:
    """Whether nothing may be answered automatically in this installation. Queries: 1 or none."""
    if not settings.AI_AUTOMATIC:
        return True
    return AutomaticSwitch.objects.filter(stopped_at__isnull=False).exists()


def why_not(answer: AutomaticAnswer, ticket: Ticket, autonomy: Autonomy | None) -> str:
    """The code of the first reason against sending `answer` now, or "". Queries: up to 9."""
    if is_stopped():
        return "switch"
    if autonomy is None or autonomy.level != Level.SEND:
        return "level"
    if ticket.category_id not in {None, answer.category_id}:
        return "category"
    if ticket.category_id is None and answer.category_confidence < VERY_LIKELY:
        return "unsure"
    if answer.confidence < autonomy.floor:
        return "confidence"
    return _about_ticket(answer, ticket) or _about_sources(answer) or automatic_doubt(ticket)


def _about_ticket(answer: AutomaticAnswer, ticket: Ticket) -> str:
    if ticket.is_settled or ticket.deleted_at is not None or ticket.merged_into_id is not None:
        return "settled"
    if ticket.source not in SOURCES:
        return "source"
    waited = answer.state == State.ASKED
    if now() - ticket.created_at > (CODE_LASTS + NEW_FOR if waited else NEW_FOR):
        return "late"
    if ticket.urgency == Urgency.CRITICAL:
        return "urgent"
    talk = Message.objects.filter(ticket=ticket, kind=MessageKind.PUBLIC, is_opening=False)
    if talk.exists():
        return "talk"
    if SurgeMember.objects.filter(ticket=ticket, is_linked=True).exists():
        return "incident"
    return "often" if _answered_lately(answer, ticket) >= MOST_A_DAY else ""


def _answered_lately(answer: AutomaticAnswer, ticket: Ticket) -> int:
    lately = AutomaticAnswer.objects.filter(
        organization_id=ticket.organization_id,
        ticket__requester_id=ticket.requester_id,
        created_at__gt=now() - timedelta(days=1),
        state__in=[State.HELD, State.ASKED, State.SENT],
    )
    return lately.exclude(pk=answer.pk).count()


def _about_sources(answer: AutomaticAnswer) -> str:
    """Each line must stand, word for word, in an article that the portal shows at this moment."""
    ids = [int(one["id"]) for one in answer.sources if one.get("kind") == "article"]
    rows = Article.objects.filter(
        organization_id=answer.organization_id,
        pk__in=ids,
        state=Article.State.PUBLISHED,
        is_public=True,
    )
    bodies = [_flat(body) for body in rows.values_list("body", flat=True)]
    if len(bodies) != len(answer.sources):
        return "changed"
    return (
        ""
        if all(any(line in body for body in bodies) for line in quotes(answer.text))
        else ("changed")
    )


def quotes(text: str) -> list[str]:
    """The quoted sentences of an answer, without their numbers and marks."""
    found = []
    for line in text.splitlines():
        words = line.split()
        while words and words[-1].startswith("[") and words[-1].endswith("]"):
            words.pop()
        if words and words[0].rstrip(".").isdigit():
            words.pop(0)
        if words:
            found.append(" ".join(words))
    return found


def _flat(text: str) -> str:
    return " ".join(text.split())


def is_verified(ticket: Ticket) -> bool:
    """Whether the mailbox is known to be its requester's: a confirmed account, or a code lately."""
    person, home = ticket.requester, ticket.organization_id
    if not person.is_active:
        return False
    confirmed = EmailAddress.objects.filter(user=person, email=person.email, verified=True)
    member = Membership.objects.filter(user=person, organization_id=home)
    if confirmed.exists() and member.exists():
        return True
    proofs = AutomaticAnswer.objects.filter(
        organization_id=home,
        ticket__requester=person,
        verified_at__gt=now() - PROOF_LASTS,
    )
    return proofs.exists()
