"""Other organizations' history, as far as they lend it: their words in common, under our names.

Both sides say so themselves, in their AI policy, and nobody does by default. An example is only
borrowed where its category or team is called what one of ours is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ai.db import release
from ai.engine.common import FEWEST_HOUSES, in_common, reduced, words_of
from ai.examples import Example, load_examples
from ai.lending import lenders, may_borrow
from ai.models import TrainedModel
from ai.pipeline.case import Option, options_of
from omnidesk.core.tenancy import organization_scope

# Urgency is learned from people's own choices alone, and has rules where there are none.
KINDS = (TrainedModel.Kind.CATEGORY.value, TrainedModel.Kind.TEAM.value)
# Of all lenders together: a text takes some 5 ms, and every borrower learns each night.
MOST_EXAMPLES = 3_000


@dataclass(frozen=True, slots=True)
class Loan:
    """One lender's tickets: `texts` as they were written, `common` what is left of them, `labels`
    our own. The written ones only judge; they are never learned from."""

    texts: list[str]
    common: list[str]
    labels: list[str]


def borrow(organization_id: int, kind: str, known: Sequence[Option]) -> list[Loan]:
    """What others lend for a kind; empty where fewer than two lend something of ours."""
    if kind not in KINDS or not known or not may_borrow(organization_id):
        return []
    ours = {_plain(option.name): option.label for option in known}
    others = lenders(organization_id)
    rows = [_examples(other, kind, ours, MOST_EXAMPLES // len(others)) for other in others]
    rows = [found for found in rows if found]
    if len(rows) < FEWEST_HOUSES:
        return []
    words = [[words_of(example.text) for example, _label in found] for found in rows]
    common = in_common(words)
    return [
        Loan(
            [example.text for example, _label in found],
            [reduced(one, common) for one in said],
            [label for _example, label in found],
        )
        for found, said in zip(rows, words, strict=True)
    ]


def _examples(
    organization_id: int, kind: str, ours: dict[str, str], most: int
) -> list[tuple[Example, str]]:
    """A lender's newest examples whose value is called like one of ours, with our label."""
    with organization_scope(organization_id):
        options = options_of(organization_id)
        theirs = options.categories if kind == TrainedModel.Kind.CATEGORY else options.teams
        labels = {option.label: ours.get(_plain(option.name), "") for option in theirs}
        found = load_examples(organization_id, kind, most=most)
    release()
    pairs = [(example, labels.get(example.label, "")) for example in found]
    return [(example, label) for example, label in pairs if label]


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
