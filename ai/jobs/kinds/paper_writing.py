"""A paper out of what the organization knows: section by section, each sentence with its source."""

from typing import Any

from django.utils.translation import gettext as _

from ai.asking import audience_in
from ai.jobs.base import JobKind, Work
from ai.jobs.tools import ask_for_task
from ai.pipeline.answering import Asked, answer
from ai.toolwords import Told

KINDS = ("article", "document", "response")


class PaperWriting(JobKind):
    """Sections with citations; where nothing is known, it says so instead of filling the page."""

    def run(self, work: Work) -> dict[str, Any]:
        """See `JobKind.run`."""
        topic = work.data["topic"]
        tools = ask_for_task(work, topic, "\n".join(work.data.get("sections") or ()))
        headings = work.data.get("sections") or [topic]
        sections, missing, models = [], [], set()
        for number, heading in enumerate(headings, 1):
            found = answer(work.runtime, self._asked(work, topic, heading, tools.told))
            work.progress(number / len(headings))
            if not found["answerable"]:
                missing.append(heading)
                continue
            models.add(found["model"])
            sections.append(
                {"heading": heading, "text": found["text"], "citations": found["citations"]}
            )
        return {
            "title": topic,
            "sections": sections,
            "missing": missing,
            "model": ", ".join(sorted(models)),
            "note": "" if sections else _("Nothing here says anything about it."),
            **tools.as_json(),
        }

    def _asked(self, work: Work, topic: str, heading: str, told: tuple[Told, ...]) -> Asked:
        text = heading if heading == topic else f"{topic}: {heading}"
        return Asked(
            organization_id=work.organization_id,
            audience=audience_in(work.user, work.organization_id),
            text=text,
            kinds=KINDS,
            language=work.data["language"],
            names=(work.user.name,),
            purpose="task",
            told=told,
        )
