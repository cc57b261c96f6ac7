"""The text of a proposed article: masked, out of the tickets' own words or by a model outside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import translation
from django.utils.translation import gettext as _

from ai import gateway
from ai.engine import knowledge as engine
from ai.engine.contradict import Conflict, apply, find_conflicts
from ai.engine.knowledge import Solved
from ai.engine.knowledge_writing import Source, backed, knowledge_message, write_article
from ai.engine.redact import Redacted, redact, without_names
from ai.pipeline.answering import SEAM
from ai.pipeline.writing import NAMES
from ai.runtime import Runtime

PURPOSE = "knowledge"


@dataclass(frozen=True, slots=True)
class Masked:
    """Rows without personal data; `article` is the present text without it, for a model alone."""

    rows: tuple[Solved, ...]
    hidden: Redacted
    article: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Text:
    """A proposed text; `source` is "extractive" or the model that wrote it."""

    title: str
    body: str
    quotes: dict[int, str]
    source: str = "extractive"


def mask(
    rows: Sequence[Solved], names: Sequence[str], article: tuple[str, str] = ("", "")
) -> Masked | None:
    """Mask all texts together, so that equal values get equal tokens; None: the seams broke."""
    parts = [part for row in rows for part in (row.subject, row.question, row.answer)]
    hidden = without_names(redact(SEAM.join([*article, *parts])), names)
    texts = hidden.text.split(SEAM)
    if len(texts) != len(parts) + 2:
        return None
    found = [
        replace(row, subject=texts[at], question=texts[at + 1], answer=texts[at + 2])
        for at, row in zip(range(2, len(texts), 3), rows, strict=True)
    ]
    return Masked(tuple(found), hidden, (texts[0], texts[1]))


def new_article(runtime: Runtime, organization_id: int, masked: Masked) -> Text | None:
    """A text for what no article answers; None where the answers hold too little."""
    rows = masked.rows
    if not any(engine.has_substance(row.answer) for row in rows):
        return None
    language = rows[0].language or "en"
    with translation.override(language):
        headings = (_("Problem"), _("Solution"))
    own = engine.compose(rows, runtime.batcher, headings=headings)
    return _by_model(runtime, organization_id, masked, language) or Text(
        own.title, own.body, own.quotes
    )


def completed_article(
    runtime: Runtime, organization_id: int, masked: Masked, *, title: str, body: str
) -> Text | None:
    """An article that did not help, with what did; None where the tickets say nothing more."""
    language = masked.rows[0].language or "en"
    with translation.override(language):
        heading = _("If that does not help")
    own = engine.addition(body, masked.rows, runtime.batcher, heading=heading)
    if own is None:
        return None
    written = _by_model(runtime, organization_id, masked, language)
    return written or Text(title, own.body, own.quotes)


def corrected_article(
    runtime: Runtime, organization_id: int, masked: Masked, *, title: str, body: str
) -> Text | None:
    """An article whose sentences several solved tickets contradict, with what they say."""
    told = [(row.ticket_id, row.answer) for row in masked.rows]
    found = find_conflicts(body, told, runtime.batcher)
    changed = apply(body, found)
    if changed == body:
        return None
    quotes = _quotes(found)
    cited = replace(masked, rows=tuple(row for row in masked.rows if row.ticket_id in quotes))
    language = masked.rows[0].language or "en"
    written = _by_model(runtime, organization_id, cited, language)
    return replace(written, quotes=quotes) if written else Text(title, changed, quotes)


def _quotes(conflicts: Sequence[Conflict]) -> dict[int, str]:
    found: dict[int, str] = {}
    for conflict in conflicts:
        for ticket_id, text in zip(conflict.tickets, conflict.quotes, strict=True):
            found[ticket_id] = f"{found.get(ticket_id, '')} {text}".strip()
    return found


def _by_model(runtime: Runtime, organization_id: int, masked: Masked, language: str) -> Text | None:
    """The text by a model outside, where one is set up, may be asked and keeps to the sources."""
    title, body = masked.article
    sources = [Source(row.ticket_id, row.subject, row.question, row.answer) for row in masked.rows]
    message = knowledge_message(sources, NAMES.get(language, language), title=title, body=body)
    question = gateway.Question(
        organization_id=organization_id,
        purpose=PURPOSE,
        sent=message,
        masked_values=len(masked.hidden.mapping),
        ticket_id=sources[0].ticket_id,
    )
    written = gateway.ask(question, lambda model: write_article(model, message))
    if written is None or not written.body:
        return None
    kept = backed(written.body, sources, runtime.batcher, article=body)
    if not engine.has_substance(kept):
        return None
    public = _of_the_article(masked)
    quotes = {row.ticket_id: engine.first_words(row) for row in masked.rows}
    return Text(public.restore(written.title), public.restore(kept), quotes, written.usage.model)


def _of_the_article(masked: Masked) -> Redacted:
    """What the article says to its readers already comes back; what tickets say stays masked."""
    told = "\n".join(masked.article)
    return Redacted(told, {k: v for k, v in masked.hidden.mapping.items() if k in told})
