"""A task in somebody's own words: by a model outside, or out of what the organization knows."""

from typing import Any

from ai.asking import audience_in
from ai.engine.jobbing import custom, custom_message
from ai.engine.redact import GUARDED, redact
from ai.jobs.base import JobKind, JobRefused, Work, why_not
from ai.pipeline.answering import SEAM, Asked, answer, without_names

KINDS = ("article", "document", "response")


class Custom(JobKind):
    """The model's text; without one, what is known about the question, with citations."""

    def run(self, work: Work) -> dict[str, Any]:
        """See `JobKind.run`."""
        whole = redact(f"{work.data['prompt']}{SEAM}{work.data['text']}")
        hidden = without_names(whole, (work.user.name,))
        task, _seam, text = hidden.text.partition(SEAM)
        message = custom_message(task, text)
        done, reason = work.ask(message, hidden, lambda model: custom(model, message))
        if done is not None:
            back = hidden.restore(done.text, hide=GUARDED)
            return {"text": back, "citations": [], "model": done.usage.model, "note": ""}
        if work.data["text"]:
            raise JobRefused(why_not(reason))
        found = answer(
            work.runtime,
            Asked(
                organization_id=work.organization_id,
                audience=audience_in(work.user, work.organization_id),
                text=work.data["prompt"],
                kinds=KINDS,
                language=work.user.language,
                names=(work.user.name,),
                purpose="task",
            ),
        )
        if not found["answerable"]:
            raise JobRefused(why_not(reason))
        return {
            "text": found["text"],
            "citations": found["citations"],
            "model": found["model"],
            "note": why_not(reason),
        }
