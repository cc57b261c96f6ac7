"""A task in somebody's own words: by a model outside, or out of what the organization knows."""

from typing import Any

from ai.asking import audience_in
from ai.engine.jobbing import custom, custom_message
from ai.engine.redact import GUARDED, redact, without_names
from ai.jobs.base import JobKind, JobRefused, Work, why_not
from ai.jobs.tools import ask_for_task
from ai.pipeline.answering import SEAM, Asked, answer
from ai.toolwords import Consulted

KINDS = ("article", "document", "response")


class Custom(JobKind):
    """The model's text; without one, what is known about the question, with citations."""

    def run(self, work: Work) -> dict[str, Any]:
        """See `JobKind.run`."""
        prompt, given = work.data["prompt"], work.data["text"]
        tools = ask_for_task(work, prompt, given)
        whole = redact(SEAM.join([prompt, tools.material, given]))
        hidden = without_names(whole, (work.user.name,))
        task, told, text = hidden.text.split(SEAM, 2)
        message = custom_message(task, text, told)
        done, reason = work.ask(message, hidden, lambda model: custom(model, message))
        if done is not None:
            back = hidden.restore(done.text, hide=GUARDED)
            found = {"text": back, "citations": [], "model": done.usage.model, "note": ""}
            return {**found, **tools.as_json()}
        if given:
            raise JobRefused(why_not(reason))
        return {**_quoted(work, tools, reason), **tools.as_json()}


def _quoted(work: Work, tools: Consulted, reason: str) -> dict[str, Any]:
    """What is known about the question. Raises `JobRefused` where nothing is."""
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
            told=tools.told,
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
