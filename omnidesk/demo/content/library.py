"""Reads the written content: situations from TOML, articles from Markdown with a TOML head.

In a TOML text a single line break is only there to keep lines short; a blank line starts a
paragraph. `{name}` is filled from the ticket, `{a|b}` is a choice between wordings.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from omnidesk.demo.content.desk import NORDWERK

FOLDER = Path(__file__).parent
_ARTICLE = re.compile(r"\A\+\+\+\n(?P<head>.*?)\n\+\+\+\n(?P<body>.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation tickets are written from; texts are templates.

    An `answer` replies to `ask` where there is one, else it closes the conversation. In a surge
    every problem is told once.
    """

    key: str
    category: str
    language: str
    urgency: str
    impact: str
    organizations: tuple[str, ...]
    subjects: tuple[str, ...]
    problems: tuple[str, ...]
    ask: tuple[str, ...]
    answer: tuple[str, ...]
    note: tuple[str, ...]
    hold: tuple[str, ...]
    fix: tuple[str, ...]
    reopen: tuple[str, ...]
    article: str | None
    tags: tuple[str, ...]
    attachment: str
    source: str  # "" = by chance
    surge: bool
    paired: bool  # lists as long as `problems` belong together by place
    who: tuple[str, ...]  # parts of job titles this happens to; empty = anybody
    slots: dict[str, tuple[str, ...]]

    @property
    def by_machine(self) -> bool:
        """Whether a monitoring system reports it: no greetings, no small talk."""
        return self.source == "monitoring"

    def pick(self, texts: Sequence[str], variant: int, rng: Random) -> str:
        """The text that belongs to problem `variant`, or any where they are not paired."""
        if self.paired and len(texts) == len(self.problems):
            return texts[variant]
        return rng.choice(texts)


@dataclass(frozen=True, slots=True)
class WrittenArticle:
    """An article as written; its age is counted back from the day of the first load."""

    key: str
    organization: str
    language: str
    title: str
    body: str
    category: str
    author_email: str
    age_days: int


def unwrap(text: str) -> str:
    """Join wrapped lines; keep paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def _texts(row: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(unwrap(text) for text in row.get(name, ()))


def _scenario(row: dict[str, Any], *, category: str, surge: bool) -> Scenario:
    return Scenario(
        key=row["key"],
        category=category,
        language=row["language"],
        urgency=row["urgency"],
        impact=row["impact"],
        organizations=tuple(row.get("orgs", (NORDWERK,))),
        subjects=_texts(row, "subjects"),
        problems=_texts(row, "problems"),
        ask=_texts(row, "ask"),
        answer=_texts(row, "answer"),
        note=_texts(row, "note"),
        hold=_texts(row, "hold"),
        fix=_texts(row, "fix"),
        reopen=_texts(row, "reopen"),
        article=row.get("article"),
        tags=tuple(row.get("tags", ())),
        attachment=row.get("attachment", ""),
        source=row.get("source", ""),
        surge=surge,
        paired=bool(row.get("paired", surge)),
        who=tuple(row.get("who", ())),
        slots={name: tuple(values) for name, values in row.get("slots", {}).items()},
    )


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All situations, in the order of their files and places in them."""
    found: list[Scenario] = []
    for path in sorted((FOLDER / "scenarios").glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        surge = bool(data.get("surge", False))
        found += [
            _scenario(row, category=data["category"], surge=surge) for row in data["scenario"]
        ]
    return tuple(found)


@cache
def articles() -> tuple[WrittenArticle, ...]:
    """All articles, by key."""
    found: list[WrittenArticle] = []
    for path in sorted((FOLDER / "articles").glob("*.md")):
        match = _ARTICLE.match(path.read_text(encoding="utf-8"))
        if match is None:
            raise ValueError(f"{path.name} has no head between +++ lines.")
        head = tomllib.loads(match["head"])
        found.append(
            WrittenArticle(
                key=path.stem,
                organization=head.get("organization", NORDWERK),
                language=head["language"],
                title=head["title"],
                body=match["body"].strip() + "\n",
                category=head["category"],
                author_email=head["author"],
                age_days=head["age_days"],
            )
        )
    return tuple(found)
