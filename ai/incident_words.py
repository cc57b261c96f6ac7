"""What an incident is called and says: proposed to the desk, asked of requesters, heard in answers.

Put together here, from the tickets themselves; no model writes to many people at once.
"""

import re
from collections.abc import Sequence

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ai.models import Surge, SurgeMember
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.models import Ticket

SALT = "ai.incident"
LINK_LASTS = 14 * 24 * 3600
_LANGUAGES = dict(settings.LANGUAGES)
# The first word of an answer to the question, in the four languages.
_YES = {"yes", "yep", "yeah", "correct", "ja", "jawohl", "genau", "stimmt"}
_YES |= {"oui", "exact", "exactement", "si", "sí", "correcto"}
_NO = {"no", "nope", "nein", "falsch", "non"}
_FIRST = re.compile(r"[^\W\d_]+")
_SHORT_ANSWER = 12  # words; a longer one is read by a person


def proposed_text(surge: Surge, members: Sequence[SurgeMember]) -> str:
    """The incident's description as it is proposed to the desk, in the reader's language."""
    people = len({member.person_id for member in members})
    since = _clock(surge)
    head = ngettext(
        "%(people)d person reports the same, since %(since)s:",
        "%(people)d people report the same, since %(since)s:",
        people,
    ) % {"people": people, "since": since}
    lines = [head, ""]
    lines += [
        f"- {one_line(member.ticket.subject, 160)} ({member.ticket.number})"
        for member in members[:8]
    ]
    more = len(members) - 8
    if more > 0:
        lines.append("- " + ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    if surge.words:
        lines += ["", _("Shared words: %(words)s") % {"words": ", ".join(surge.words)}]
    return "\n".join(lines)


def proposed_update(surge: Surge) -> str:
    """The first update as it is proposed, in the language most of the tickets are in."""
    with translation.override(_known(surge.language)):
        return _(
            "Several people have reported this problem: “%(title)s”. We are working on it and "
            "will write to you here as soon as there is news."
        ) % {"title": one_line(surge.title, 160)}


def question_text(member: SurgeMember, surge: Surge, parent: Ticket) -> str:
    """The one mail to an affected person, in the language of their ticket, with both links."""
    with translation.override(_known(member.ticket.language or surge.language)):
        return _(
            "Several people have reported the same since %(since)s: “%(title)s”. We are working "
            "on it as incident %(number)d and will tell you here what is new.\n\n"
            "Is this your problem as well? Answer with yes or no, or choose here: %(link)s"
        ) % {
            "since": _clock(surge),
            "title": _plain(parent.subject),
            "number": parent.number,
            "link": settings.BASE_URL + reverse("assistant:affected", args=[sign_member(member)]),
        }


def sign_member(member: SurgeMember) -> str:
    """What stands in the mail's link."""
    return signing.dumps([member.organization_id, member.pk], salt=SALT)


def read_member(token: str) -> tuple[int, int] | None:
    """(organization, member) of a link, or None where it was not ours or is too old."""
    try:
        organization_id, pk = signing.loads(token, salt=SALT, max_age=LINK_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(organization_id), int(pk)


def heard(text: str) -> bool | None:
    """Whether a written answer says yes or no; None where a person has to read it."""
    words = _FIRST.findall(text.lower())
    if not words or len(words) > _SHORT_ANSWER:
        return None
    if words[0] in _YES:
        return True
    return False if words[0] in _NO else None


def _clock(surge: Surge) -> str:
    local = timezone.localtime(surge.first_at)
    today = local.date() == timezone.localtime(now()).date()
    return date_format(local, "TIME_FORMAT" if today else "SHORT_DATETIME_FORMAT")


def _known(language: str) -> str:
    return language if language in _LANGUAGES else settings.LANGUAGE_CODE


def _plain(text: str) -> str:
    """A subject that somebody wrote is shown, never obeyed: no Markdown of its own."""
    return re.sub(r"[\[\]<>`*_#|\\]+", " ", one_line(text, 160))
