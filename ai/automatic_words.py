"""What an automatic answer says around its quotations, its links, and its states in words."""

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ai.engine.frames import frame_for
from ai.manners import manner_of
from ai.models import AutomaticAnswer, Level
from tickets.models import Article

SALT = "ai.automatic"
LINK_LASTS = 30 * 24 * 3600
_LANGUAGES = dict(settings.LANGUAGES)


def answer_text(answer: AutomaticAnswer) -> str:
    """The whole message as Markdown, in the answer's language.

    No name and nothing else about anybody: whoever reads it learns what the portal shows.
    """
    manner = manner_of(answer.organization_id)
    with translation.override(known(answer.language)):
        frame = frame_for(answer.language, manner)
        return "\n\n".join(
            [
                "*" + _("This answer was put together automatically, without a person.") + "*",
                frame.greeting_unnamed,
                answer.text,
                "\n".join(_source_lines(answer)),
                _ask_whether_it_helped(informal=manner.informal)
                # In angle brackets a mail's address can be clicked.
                % {"link": f"<{link_of(answer)}>"},
                frame.regards,
            ]
        )


def _ask_whether_it_helped(*, informal: bool) -> str:
    if informal:
        return pgettext(
            "informal address",
            "Did it help? Tell us here: %(link)s\n\nIf it did not, answer this message or "
            "choose “A person, please” on that page. A person takes over at once, and "
            "nothing more is answered automatically on this request.",
        )
    return _(
        "Did it help? Tell us here: %(link)s\n\nIf it did not, answer this message or "
        "choose “A person, please” on that page. A person takes over at once, and "
        "nothing more is answered automatically on this request."
    )


def _source_lines(answer: AutomaticAnswer) -> list[str]:
    ids = [one["id"] for one in answer.sources]
    slugs = dict(Article.objects.filter(pk__in=ids).values_list("pk", "slug"))
    base = settings.BASE_URL.rstrip("/")
    return [
        f"[{one['number']}] {one['title']}: "
         f"<{base}{reverse('portal:kb_article', args=[slugs[one['id']]])}>"
        for one in answer.sources
        if one["id"] in slugs
    ]  # fmt: skip


def link_of(answer: AutomaticAnswer) -> str:
    """The page about one answer, which needs no sign-in: the link is the key."""
    path = reverse("assistant:automatic", args=[sign_answer(answer)])
    return settings.BASE_URL.rstrip("/") + path


def sign_answer(answer: AutomaticAnswer) -> str:
    """What stands in the link."""
    return signing.dumps([answer.organization_id, answer.pk], salt=SALT)


def read_answer(token: str) -> tuple[int, int] | None:
    """(organization, answer) of a link, or None where it was not ours or is too old."""
    try:
        organization_id, pk = signing.loads(token, salt=SALT, max_age=LINK_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(organization_id), int(pk)


def known(language: str) -> str:
    """A language that the product speaks."""
    return language if language in _LANGUAGES else settings.LANGUAGE_CODE


def reason_words(code: str) -> str:
    """Why an answer was not sent, or what there was instead of one."""
    names = {
        "switch": _("automatic answers are stopped for the whole installation"),
        "level": _("the category may not send by itself"),
        "category": _("the ticket was sorted into another category"),
        "unsure": _("the category is not sure enough"),
        "confidence": _("the answer is not sure enough"),
        "settled": _("the ticket is settled or gone"),
        "source": _("it did not come by mail or from the portal"),
        "late": _("it came too late to help"),
        "urgent": _("the ticket is critical"),
        "talk": _("somebody wrote meanwhile"),
        "incident": _("the ticket belongs to an incident"),
        "often": _("its requester got three automatic answers within a day"),
        "changed": _("an article that it quotes was changed or withdrawn"),
        "machine": _("the mail came from a machine"),
        "too_many": _("its requester got too many automatic answers within an hour"),
        "person": _("the requester asked for a person"),
        "agent": _("somebody of the desk stopped it"),
        "fell": _("the category fell to a lower level"),
        "code": _("the code was wrong five times"),
        "expired": _("nobody typed in the code"),
        "no_sources": _("no article answers it"),
        "too_far": _("no article is near enough"),
        "no_sentences": _("no sentence of the articles answers it"),
        "too_thin": _("the articles hardly answer it"),
        "other_language": _("the articles are in another language"),
    }
    return names.get(code, "")


def change_words(reason: str, words: str = "") -> str:
    """Why a category's level changed."""
    names = {
        "evidence": _("approved on the evidence"),
        "reopened": _("too many of its tickets came back"),
        "rejected": _("too many of its answers were rejected or a person was asked for"),
    }
    return words or names.get(reason, "")


def fall_words(category: str, level: str, reason: str) -> str:
    """What the leads are told when a category falls by itself."""
    labels = {str(value): str(label) for value, label in Level.choices}
    return _("Automatic answers for “%(category)s” fell to “%(level)s”: %(reason)s") % {
        "category": category,
        "level": labels.get(level, level),
        "reason": change_words(reason),
    }
