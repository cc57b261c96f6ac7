"""Template tags of the AI's panel: bands and levels in words, citations, quoted evidence."""

import re
from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from ai.automatic_words import change_words
from ai.automatic_words import reason_words as reason_words_of
from ai.models import AutomaticAnswer, AutonomyChange, Suggestion

register = template.Library()

_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_CODE = re.compile(r"`([^`\n]{1,200})`")
_MARK = re.compile(r"\s?\[(\d{1,2})\]")


@register.filter
def band_words(band: str) -> str:
    """A band in words."""
    return str(dict(Suggestion.Band.choices).get(band, _("Not sure")))


@register.filter
def considered_words(band: str) -> str:
    """A band in words for a value that was not proposed."""
    if band == Suggestion.Band.UNSURE:
        return _("Unlikely")
    return band_words(band)


@register.filter
def level_words(level: str) -> str:
    """How near a similar ticket is, in words."""
    names = {
        "near_identical": _("Near-identical"),
        "close": pgettext("similarity", "Close"),
        "related": _("Related"),
    }
    return names.get(level, "")


@register.filter
def reason_words(evidence: dict[str, Any]) -> str:
    """One piece of evidence that is no quotation, in words."""
    kind, text = evidence.get("kind"), str(evidence.get("text", ""))
    if kind == "neighbours":
        return ngettext(
            "%(agree)d of %(of)d nearest ticket agrees",
            "%(agree)d of %(of)d nearest tickets agree",
            int(evidence.get("of", 0)),
        ) % {"agree": evidence.get("agree", 0), "of": evidence.get("of", 0)}
    if kind == "category":
        return _("The team of “%(name)s”") % {"name": text}
    if kind == "description":
        return _("Fits the description of the category")
    if kind == "shared":
        return _("The model that organizations share says so; this one has little history")
    if kind == "rule":
        return _("Affected: %(text)s") % {"text": text}
    if kind == "disagreement":
        words = {"model": evidence.get("model", ""), "value": evidence.get("value", "")}
        said = _("Disagrees: %(model)s says “%(value)s”") % words
        return f"{said}: {text}" if text else said
    if kind == "history":
        return _("Tickets with “%(text)s” were decided like this") % {"text": text}
    return text


@register.filter
def share(confidence: float) -> int:
    """Width of a gauge, 0-100. The number itself is never written."""
    return max(2, min(100, round(confidence * 100)))


@register.filter
def cited(text: str, citations: list[dict[str, Any]]) -> SafeString:
    """The draft with its [1] marks as small numbers that name their source."""
    titles = {int(c.get("number", 0)): str(c.get("title", "")) for c in citations}

    def mark(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return str(
            format_html(
                ' <span class="citation" title="{}">{}</span>', titles.get(number, ""), number
            )
        )

    # Escaped first: what is put in is our own mark-up around escaped words.
    return _emphasised(_MARK.sub(mark, str(escape(text))))


def _emphasised(escaped: str) -> SafeString:
    html = _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<strong>\1</strong>", escaped))
    return mark_safe(html)  # noqa: S308


@register.filter
def quoted_words(text: str) -> SafeString:
    """A quoted sentence with its bold and code marks as what they mean."""
    return _emphasised(str(escape(text)))


@register.filter
def without_marks(text: str) -> str:
    """The draft as it goes to the requester."""
    return _MARK.sub("", text)


@register.filter
def no_draft_words(code: str) -> str:
    """Why there is no draft."""
    names = {
        "no_sources": _("nothing here answers it yet"),
        "too_far": _("what was found is about something else"),
        "no_sentences": _("what was found does not answer it"),
        "too_thin": _("what was found fits too loosely"),
        "other_language": _("what was found is in another language"),
        "settled": _("the ticket is settled"),
    }
    return names.get(code, _("nothing here answers it yet"))


@register.filter
def not_sent_words(code: str) -> str:
    """Why an automatic answer was not sent."""
    return reason_words_of(code)


@register.filter
def share_words(value: float) -> str:
    """A share that was counted, in whole percent."""
    return f"{round(float(value or 0) * 100)}\N{NO-BREAK SPACE}%"


@register.filter
def why_changed(change: AutonomyChange) -> str:
    """Why a category rose or fell."""
    return change_words(change.reason, change.words)


@register.filter
def outcome_words(outcome: str) -> str:
    """What became of an automatic answer."""
    return str(dict(AutomaticAnswer.Outcome.choices).get(outcome, ""))


@register.filter
def place_words(place: str) -> str:
    """Where in a document: "page:3" becomes "Page 3"."""
    kind, _sep, where = place.partition(":")
    if kind == "page":
        return _("Page %(number)s") % {"number": where}
    if kind == "slide":
        return _("Slide %(number)s") % {"number": where}
    if kind == "sheet":
        return _("Sheet “%(name)s”") % {"name": where}
    return ""


@register.filter
def operation_words(operation: str) -> str:
    """What a model outside was asked for."""
    names = {
        "triage": _("Sorting"),
        "draft": _("Draft"),
        "chat": _("Question"),
        "summary": _("Summary"),
        "translation": _("Translation"),
        "rewrite": _("Rewriting"),
        "knowledge": _("Article"),
        "task": _("Task"),
        "tool": _("Another system's tool"),
    }
    return names.get(operation, operation)


@register.filter
def unknown_words(code: str) -> str:
    """Why the assistant has no answer."""
    if code == "other_language":
        return _("What was found is in another language. Ask a person.")
    return _("I do not know. Nothing here answers this.")


@register.filter
def unwritten_words(reason: str) -> str:
    """Why a model outside wrote nothing."""
    names = {
        "no_service": _("No model is set up here. An administrator can connect one."),
        "policy": _("The AI policy of this organization lets nothing out."),
        "budget": _("Today's budget for models is spent."),
        "empty": _("Write something first."),
        "long": _("This text is too long for it."),
        "away": _("AI is not reachable. Everything else works."),
    }
    return names.get(reason, _("The model gave no usable answer."))


@register.filter
def who_words(who: str) -> str:
    """Who wrote a quoted sentence."""
    names = {"requester": _("Requester"), "desk": _("Desk"), "note": _("Internal note")}
    return names.get(who, "")


@register.filter
def mood_words(mood: str) -> str:
    """How the requester seems to feel; "" where nothing tells."""
    names = {
        "thankful": _("thankful"),
        "worried": _("worried"),
        "impatient": _("impatient"),
        "angry": _("angry"),
    }
    return names.get(mood, "")


@register.filter
def step_words(step: str) -> str:
    """What comes next on a ticket."""
    names = {
        "answer": _("the requester waits for an answer"),
        "wait_answer": _("the requester was asked and has not answered"),
        "wait": _("the desk wrote last; nothing is open"),
        "settled": _("nothing, it is solved"),
    }
    return names.get(step, "")
