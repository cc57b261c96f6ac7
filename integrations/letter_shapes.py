"""A letter as a text message, and as what a webhook is told. The mail is in `letters.py`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from integrations.actions.hooks import facts_of, queue_notice
from integrations.base import OutboundMessage
from integrations.hooks import WebhookEndpoint
from tickets.models import Letter, LetterLine
from tickets.notice_selectors import told
from tickets.notices import Kind

# A text message names this many happenings; the list has the others.
MOST_NAMED: Final = 3
SUBJECT: Final = 50  # characters of a subject that it repeats
_LANGUAGES: Final = {code for code, _name in settings.LANGUAGES}


def language_of(letter: Letter) -> str:
    """The person's language, the organization's, or ours."""
    language = letter.user.language or letter.organization.language
    return language if language in _LANGUAGES else settings.LANGUAGE_CODE


def write_text(letter: Letter, lines: Sequence[LetterLine], phone: str) -> OutboundMessage:
    """One short message, whatever happened: what, on which ticket, and a link. No message texts."""
    base = settings.BASE_URL.rstrip("/")
    with translation.override(language_of(letter)):
        words = [_line(row) for row in lines[:MOST_NAMED]]
        more = len(lines) - MOST_NAMED
        if more > 0:
            rest = ngettext("and %(counter)s more", "and %(counter)s more", more)
            words.append(rest % {"counter": more})
    single = len({row.ticket_id for row in lines}) == 1
    link = _path(letter, lines[0]) if single else reverse("portal:notifications")
    return OutboundMessage(
        idempotency_key=f"letter-{letter.organization_id}-{letter.pk}",
        recipient=phone,
        text="\n".join([*words, base + link]),
        auto=True,
        ticket_number=str(lines[0].ticket.number) if single else "",
    )


def _line(row: LetterLine) -> str:
    subject = row.ticket.subject
    short = subject if len(subject) <= SUBJECT else f"{subject[: SUBJECT - 3].rstrip()}..."
    return f"{told(row)}. #{row.ticket.number} {short}"


def _path(letter: Letter, row: LetterLine) -> str:
    if row.kind == Kind.APPROVAL:
        return reverse("portal:approvals")
    works = row.organization_id in letter.user.staffed_organization_ids()
    return reverse("desk:ticket" if works else "portal:ticket", args=[row.ticket.number])


def tell_endpoints(letter: Letter, lines: Sequence[LetterLine]) -> int:
    """Queue a call for every endpoint that passes notices on; returns how many.

    The caller settles the letter in the same transaction, so that it happens once.
    """
    rows = WebhookEndpoint.objects.filter(organization_id=letter.organization_id, is_active=True)
    queued = 0
    for endpoint in [one for one in rows if one.hears_notices]:
        wanted = [row for row in lines if _wants(endpoint, row)]
        if wanted:
            queue_notice(endpoint, letter.pk, _data(letter, wanted))
            queued += 1
    return queued


def _wants(endpoint: WebhookEndpoint, row: LetterLine) -> bool:
    ticket = row.ticket
    return (not endpoint.only_sources or ticket.source in endpoint.only_sources) and (
        not endpoint.only_priorities or ticket.priority in endpoint.only_priorities
    )


def _data(letter: Letter, lines: Sequence[LetterLine]) -> Mapping[str, Any]:
    """Who is told what; never what people wrote."""
    base = settings.BASE_URL.rstrip("/")
    with translation.override(language_of(letter)):
        return {
            "person": {"email": letter.user.email, "name": letter.user.display_name},
            "notices": [
                {
                    "kind": row.kind,
                    "text": told(row),
                    "at": row.at.isoformat(),
                    "url": base + _path(letter, row),
                    "ticket": facts_of(row.ticket),
                }
                for row in lines
            ],
        }
