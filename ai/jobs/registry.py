"""Which kinds of task there are: what each is asked with, and where it is done.

An app above adds its own by `register` in its `ready()`. The class is loaded by the worker alone.
"""

from dataclasses import dataclass

from ai.jobs import inputs
from omnidesk.core.api.serializers import StrictSerializer


@dataclass(frozen=True, slots=True)
class Kind:
    """`path` is the dotted path of a `ai.jobs.base.JobKind`."""

    key: str
    input: type[StrictSerializer]
    path: str


_kinds: dict[str, Kind] = {}


def register(key: str, asked: type[StrictSerializer], path: str) -> None:
    """Add a kind; refuses a second one of the same name."""
    if key in _kinds:
        message = f"Two kinds of task are called “{key}”."
        raise ValueError(message)
    _kinds[key] = Kind(key, asked, path)


def kind_of(key: str) -> Kind | None:
    """The kind of this name."""
    return _kinds.get(key)


def keys() -> list[str]:
    """All names, in order."""
    return sorted(_kinds)


register("pr_review", inputs.PrReviewInput, "ai.jobs.kinds.pr_review.PrReview")
register("doc_analysis", inputs.DocAnalysisInput, "ai.jobs.kinds.doc_analysis.DocAnalysis")
register("paper_writing", inputs.PaperInput, "ai.jobs.kinds.paper_writing.PaperWriting")
register("snowflake_query", inputs.SnowflakeInput, "ai.jobs.kinds.snowflake_query.SnowflakeQuery")
register("custom", inputs.CustomInput, "ai.jobs.kinds.custom.Custom")
