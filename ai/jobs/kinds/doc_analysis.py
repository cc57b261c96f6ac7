"""What a text or a document says: its points, its questions, and whose data stand in it."""

from collections.abc import Sequence
from typing import Any

from ai.access import readable_documents
from ai.engine import language
from ai.engine import writing as engine
from ai.engine.redact import GUARDED, redact
from ai.engine.sentences import split_units
from ai.engine.summary import DESK, telling
from ai.jobs.base import JobKind, JobRefused, Work, why_not
from ai.models import Document, DocumentPassage
from ai.pipeline.writing import NAMES
from omnidesk.core.tenancy import organization_scope

MOST_TEXT = 200_000
MOST_POINTS = 8
MOST_QUESTIONS = 10


class DocAnalysis(JobKind):
    """Points in the text's own words, or a model's."""

    def run(self, work: Work) -> dict[str, Any]:
        """See `JobKind.run`."""
        title, text = _text_of(work)
        code, _sure = language.detect(text[:4_000], "en")
        hidden = redact(text)
        work.progress(0.3)
        sentences = [unit.text for unit in split_units(hidden.text)]
        message = engine.summary_message([(DESK, hidden.text)], NAMES.get(code, code))
        answer, reason = work.ask(message, hidden, lambda model: engine.summarize(model, message))
        points: Sequence[str]
        if answer:
            points = [hidden.restore(line, hide=GUARDED) for line in answer.points]
        else:
            best = telling(hidden.text, MOST_POINTS)
            points = [hidden.restore(line, hide=GUARDED) for line in best]
        questions = [one for one in sentences if one.rstrip().endswith("?")][:MOST_QUESTIONS]
        return {
            "title": title,
            "language": code,
            "words": len(text.split()),
            "points": list(points),
            "questions": [hidden.restore(one, hide=GUARDED) for one in questions],
            "personal_data": {kind.lower(): n for kind, n in hidden.counts().items()},
            "model": answer.usage.model if answer else "extractive",
            "note": "" if answer else why_not(reason),
        }


def _text_of(work: Work) -> tuple[str, str]:
    if "text" in work.data:
        return "", work.data["text"]
    with organization_scope(work.organization_id):
        # What the person may read now, not what they could when they asked.
        own = readable_documents(work.user).filter(organization_id=work.organization_id)
        row = own.filter(pk=work.data["document"]).first()
        if row is None:
            raise JobRefused("There is no such document here.")
        if row.state != Document.State.READY:
            raise JobRefused("The document has not been read, or cannot be.")
        passages = DocumentPassage.objects.filter(document=row).order_by("number")
        text = "\n\n".join(passages.values_list("text", flat=True))
    return row.title, text[:MOST_TEXT]
