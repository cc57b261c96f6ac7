"""Review of a change: what stands out by itself, and a model's remarks where one may be asked."""

from dataclasses import asdict
from typing import Any

from ai.engine.jobbing import review, review_message
from ai.engine.redact import redact
from ai.engine.review import findings, read_diff
from ai.jobs.base import JobKind, JobRefused, Work, why_not


class PrReview(JobKind):
    """Files with their size, findings, and a summary."""

    def run(self, work: Work) -> dict[str, Any]:
        """See `JobKind.run`."""
        files = read_diff(work.data["diff"])
        if not files:
            raise JobRefused("This is no unified diff.")
        found = findings(files)
        work.progress(0.3)
        hidden = redact(f"{work.data['title']}\n{work.data['diff']}")
        title, _seam, diff = hidden.text.partition("\n")
        message = review_message(title, diff)
        paths = {file.path for file in files}
        answer, reason = work.ask(message, hidden, lambda model: review(model, message, paths))
        added, removed = sum(f.added for f in files), sum(f.removed for f in files)
        return {
            "summary": answer.summary if answer else f"{len(files)} files, +{added} −{removed}",
            "files": [{"path": f.path, "added": f.added, "removed": f.removed} for f in files],
            "findings": [asdict(one) for one in found],
            "remarks": list(answer.remarks) if answer else [],
            "model": answer.usage.model if answer else "rules",
            "note": "" if answer else why_not(reason),
        }
