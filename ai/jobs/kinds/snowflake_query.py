"""SQL for a question, or a check of SQL. Nothing is run: no warehouse is connected to this desk."""

from typing import Any

from ai.engine.jobbing import query, query_message
from ai.engine.redact import redact
from ai.engine.sqlcheck import problems_of
from ai.jobs.base import JobKind, JobRefused, Work, why_not


class SnowflakeQuery(JobKind):
    """A statement that only reads, and what speaks against it."""

    def run(self, work: Work) -> dict[str, Any]:
        """See `JobKind.run`."""
        tables = work.data.get("tables") or []
        names = [one["name"] for one in tables]
        if "sql" in work.data:
            sql, explanation, model = work.data["sql"], "", "rules"
        else:
            sql, explanation, model = self._written(work, tables)
        problems = problems_of(sql, names)
        if problems and model != "rules":
            raise JobRefused(f"The model's statement was refused. {' '.join(problems)}")
        return {
            "sql": sql,
            "explanation": explanation,
            "problems": problems,
            "executed": False,
            "model": model,
        }

    def _written(self, work: Work, tables: list[dict[str, Any]]) -> tuple[str, str, str]:
        hidden = redact(work.data["question"])
        listed = "\n".join(
            f"{one['name']}({', '.join(one.get('columns') or [])})" for one in tables
        )
        message = query_message(hidden.text, listed)
        answer, reason = work.ask(message, hidden, lambda model: query(model, message))
        if answer is None:
            raise JobRefused(why_not(reason))
        if not answer.sql:
            raise JobRefused(answer.explanation or "The tables cannot answer this.")
        # A masked value inside a statement would find nothing.
        return hidden.restore(answer.sql), answer.explanation, answer.usage.model
